/**
 * The email in its frame: as wide as asked, scaled down where the window is narrower, as long as its content, so that the
 * stage scrolls and no scroll bar takes from the width. A newer one loads behind the one that is seen, and takes its place.
 */

import { byId } from "./dom.js";

const PATIENCE = 150; // ms for images, once the words are there
const MARGIN = 28; // CSS pixels around the paper

/** What of a whole-page view on a telephone: the window is the width. */
const slim = window.matchMedia("(max-width: 560px)");

/** @typedef {ReturnType<typeof createFrame>} Frame */

/**
 * @param {object} options
 * @param {(scale: number, width: number) => void} options.laidOut told how much the paper is scaled, and its width
 * @param {(event: KeyboardEvent) => void} options.pressed told of keys that are pressed in the email
 */
export function createFrame({ laidOut, pressed }) {
  const stage = byId("stage");
  const paper = byId("paper");
  let width = 0;
  let height = 0;
  /** @type {HTMLIFrameElement | null} */
  let seen = null;
  let turned = false;
  /** @type {HTMLIFrameElement | null} */
  let coming = null;
  const content = new ResizeObserver(() => lay());

  function room() {
    return stage.clientWidth - (slim.matches ? 0 : 2 * MARGIN);
  }

  /** Give paper and frames their sizes. */
  function lay() {
    const shownWidth = slim.matches ? room() : width;
    const scale = Math.min(1, room() / shownWidth);
    if (!(scale > 0)) return;
    for (const frame of [seen, coming]) {
      if (!frame) continue;
      frame.style.width = `${shownWidth}px`;
      frame.style.transform = scale < 1 ? `scale(${scale})` : "";
    }
    const least = (stage.clientHeight - (slim.matches ? 0 : 2 * MARGIN)) / scale;
    if (seen) height = Math.max(measure(seen, height), Math.floor(least));
    paper.style.width = `${shownWidth * scale}px`;
    paper.style.height = `${height * scale}px`;
    if (seen) seen.style.height = `${height}px`;
    laidOut(scale, shownWidth);
  }

  /** @param {HTMLIFrameElement} frame */
  function swap(frame) {
    content.disconnect();
    seen?.remove();
    seen = frame;
    coming = null;
    frame.classList.remove("coming");
    const inside = frame.contentDocument;
    if (inside) {
      content.observe(inside.documentElement);
      inside.addEventListener("keydown", pressed);
    }
    lay();
    if (turned) stage.scrollTop = 0;
    turned = false;
  }

  new ResizeObserver(() => lay()).observe(stage);

  return {
    /**
     * Load an address behind what is seen, and show it when it is there.
     *
     * @param {string} address
     * @param {"light" | "dark"} scheme what the email may take for the browser's own
     */
    async show(address, scheme) {
      coming?.remove();
      const frame = document.createElement("iframe");
      coming = frame;
      frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
      frame.title = "The email";
      frame.className = `coming ${scheme}`;
      frame.src = address;
      paper.append(frame);
      lay();
      await loaded(frame);
      if (coming === frame && frame.contentDocument?.contentType === "text/html") swap(frame);
    },
    /** @param {number} pixels */
    resize(pixels) {
      width = pixels;
      lay();
    },
    /** The next email is another one, and is seen from its beginning. */
    turn() {
      turned = true;
    },
    /** There is nothing to be seen. */
    clear() {
      coming?.remove();
      seen?.remove();
      seen = coming = null;
      content.disconnect();
    },
    lay,
  };
}

/**
 * Return how long the content of a frame is.
 *
 * @param {HTMLIFrameElement} frame
 * @param {number} before what it was, should it not tell
 */
function measure(frame, before) {
  const root = frame.contentDocument?.documentElement;
  if (!root) return before;
  frame.style.height = "0"; // else a page that became shorter would still fill the frame
  const bar = root.scrollWidth > root.clientWidth ? 16 : 0; // of what is too wide for this width
  return root.scrollHeight + bar;
}

/**
 * Wait until a frame has its words, and for a moment longer for its images: one far away must not hold up the words.
 *
 * @param {HTMLIFrameElement} frame
 * @returns {Promise<void>}
 */
function loaded(frame) {
  return new Promise((resolve) => {
    let parsed = 0;
    const asking = window.setInterval(() => {
      const inside = frame.contentDocument;
      if (!frame.isConnected) finish();
      if (!inside || inside.URL === "about:blank" || inside.readyState === "loading") return;
      parsed ||= performance.now();
      if (performance.now() - parsed > PATIENCE) finish();
    }, 16);
    function finish() {
      window.clearInterval(asking);
      resolve();
    }
    frame.addEventListener("load", finish, { once: true });
  });
}
