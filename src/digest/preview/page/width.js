/** The free width: a handle to drag or to move by keys, and a number. */

/** @import {Store} from "./store.js" */

import { nameWidth, NARROWEST, readWidth, WIDEST } from "./address.js";
import { byId } from "./dom.js";

const STEP = 10; // CSS pixels by an arrow key
const LEAP = 100;

/** @param {Store} store */
export function mountWidth(store) {
  const handle = byId("handle");
  const pixels = /** @type {HTMLInputElement} */ (byId("pixels"));
  let scale = 1;

  /** @param {number} width */
  function set(width) {
    store.set({ width: Math.min(WIDEST, Math.max(NARROWEST, Math.round(width))) });
  }

  handle.addEventListener("pointerdown", (event) => {
    const from = { x: event.clientX, width: store.view.width };
    handle.setPointerCapture(event.pointerId);
    /** @param {PointerEvent} moved */
    const drag = (moved) => set(from.width + (2 * (moved.clientX - from.x)) / scale); // the paper stands in the middle
    handle.addEventListener("pointermove", drag);
    handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", drag), { once: true });
    event.preventDefault();
    handle.focus();
  });
  handle.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? LEAP : STEP;
    const { width } = store.view;
    /** @type {Record<string, number>} */
    const to = { ArrowLeft: width - step, ArrowRight: width + step, Home: NARROWEST, End: WIDEST };
    if (!(event.key in to)) return;
    event.preventDefault();
    event.stopPropagation();
    set(to[event.key]);
  });
  pixels.addEventListener("change", () => set(readWidth(pixels.value)));

  /** @param {number} now how much the paper is scaled */
  return function show(now) {
    scale = now;
    const { width } = store.view;
    handle.setAttribute("aria-valuenow", String(width));
    handle.setAttribute("aria-valuetext", `${width} pixels`);
    if (document.activeElement !== pixels || Number(pixels.value) !== width) pixels.value = String(width);
    byId("zoom").textContent = scale < 1 ? `${Math.round(scale * 100)} %` : "";
    for (const radio of document.querySelectorAll("input[name=width]")) {
      if (radio instanceof HTMLInputElement) radio.checked = radio.value === nameWidth(width);
    }
  };
}
