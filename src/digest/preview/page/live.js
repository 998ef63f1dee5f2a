/**
 * Listens to what changes on disk, while it is looked at: a browser keeps six connections to a server, and tabs in the
 * background that held one each would leave none for the seventh.
 */

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
  /** @type {EventSource | undefined} */
  let source;

  function connect() {
    source?.close();
    if (document.hidden) return;
    source = new EventSource("/api/events");
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
      source?.close();
      lost = true;
      say(false);
      window.setTimeout(connect, AGAIN);
    });
  }
  connect();
  document.addEventListener("visibilitychange", () => {
    lost = true; // whatever happens meanwhile
    connect();
  });
  window.addEventListener("pagehide", () => source?.close()); // else leaving would look like a loss
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    lost = true; // the browser kept the page, and shows it again
    connect();
  });
}

/** @param {boolean} there */
function say(there) {
  document.body.classList.toggle("alone", !there);
  const words = there ? "Live" : "Waiting for digest preview";
  if (byId("live-words").textContent !== words) byId("live-words").textContent = words;
}
