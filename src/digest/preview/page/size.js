/** The size of the HTML against Gmail's clip. */

/** @import {Edition} from "./shapes.js" */

import { byId, element } from "./dom.js";

const NEAR = 0.9; // of the limit; from here on it is said

/** @param {number} bytes */
function kilobytes(bytes) {
  return (bytes / 1000).toFixed(1);
}

/**
 * @param {Edition | null} edition
 * @param {number} limit bytes
 */
export function showSize(edition, limit) {
  const gauge = byId("size");
  byId("size-panel").hidden = !edition;
  const bytes = edition?.sizes.encoded ?? 0;
  const state = bytes >= limit ? "over" : bytes >= NEAR * limit ? "near" : "fine";
  const share = Math.min(1, bytes / limit);
  gauge.className = `gauge ${state}`;
  gauge.setAttribute("aria-valuemax", String(limit));
  gauge.setAttribute("aria-valuenow", String(Math.min(bytes, limit)));
  gauge.setAttribute("aria-valuetext", `${bytes.toLocaleString("en")} of ${limit.toLocaleString("en")} bytes`);
  const bar = gauge.querySelector("i");
  if (bar) bar.style.width = `${share * 100}%`;
  byId("size-words").textContent = edition ? `${kilobytes(bytes)} of ${kilobytes(limit)} KB` : "";
  byId("size-note").textContent = edition ? noteOn(state, limit - bytes) : "";
  byId("sizes").replaceChildren(...(edition ? details(edition) : []));
}

/**
 * @param {string} state
 * @param {number} left bytes
 */
function noteOn(state, left) {
  const bytes = Math.abs(left).toLocaleString("en");
  if (state === "over") return `Gmail clips it: ${bytes} bytes too many.`;
  if (state === "near") return `${bytes} bytes until Gmail clips it. Real links are longer or shorter than these.`;
  return `${bytes} bytes until Gmail clips it.`;
}

/** @param {Edition} edition */
function details({ sizes }) {
  /** @type {[string, number][]} */
  const rows = [["HTML, encoded", sizes.encoded], ["HTML", sizes.html], ["Text", sizes.text], ["Message", sizes.message]];
  return rows.map(([name, bytes]) => element("div", {}, element("dt", {}, name), element("dd", {}, bytes.toLocaleString("en"))));
}
