/** Listens to what changes on disk. */

import { byId } from "./dom.js";

const AGAIN = 1000; // ms until we ask a server that has gone

/**
 * @param {object} told
 * @param {(slug: string, revision: number) => void} told.issue an issue reads differently
 * @param {() => void} told.newsletter the list, the settings or the readers changed
 * @param {() => void} told.back the server is there again, and anything may have changed
 */
export function listen({ issue, newsletter, back }) {
  let lost = false;

  function connect() {
    const source = new EventSource("/api/events");
    source.addEventListener("open", () => {
      say(true);
      if (lost) back();
      lost = false;
    });
    source.addEventListener("issue", (event) => {
      const { slug, revision } = JSON.parse(event.data);
      issue(slug, revision);
    });
    source.addEventListener("newsletter", newsletter);
    source.addEventListener("error", () => {
      source.close();
      lost = true;
      say(false);
      window.setTimeout(connect, AGAIN);
    });
    window.addEventListener("pagehide", () => source.close(), { once: true }); // else leaving would look like a loss
  }
  connect();
}

/** @param {boolean} there */
function say(there) {
  document.body.classList.toggle("alone", !there);
  const words = there ? "Live" : "Waiting for digest preview";
  if (byId("live-words").textContent !== words) byId("live-words").textContent = words;
}
