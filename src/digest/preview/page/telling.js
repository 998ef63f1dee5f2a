/** Tells what happened, to eyes and to screen readers; and puts texts in the clipboard. */

import { byId } from "./dom.js";

const SHOWN = 5000; // ms
let timer = 0;

/**
 * Show a sentence for a while; it is read out, too.
 *
 * @param {string} sentence
 */
export function tell(sentence) {
  const toast = byId("toast");
  toast.textContent = sentence;
  toast.classList.add("shown");
  clearTimeout(timer);
  timer = window.setTimeout(() => toast.classList.remove("shown"), SHOWN);
}

/**
 * Read a sentence out, and show nothing.
 *
 * @param {string} sentence
 */
export function announce(sentence) {
  byId("announcer").textContent = sentence;
}

/**
 * Put a text in the clipboard. Browsers offer that only at addresses they deem safe, and a preview in the house's
 * network is none of these; there, the old way may still do it.
 *
 * @param {string} text
 * @returns {Promise<boolean>} whether it is there
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelecting(text);
  }
}

/** @param {string} text */
function copyBySelecting(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  const focused = document.activeElement;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
