/** Places in the newsletter's files: how they are written, and the editor that opens them. */

/** @import {Finding} from "./shapes.js" */
/** @typedef {Pick<Finding, "path" | "line" | "column">} Place */

import { openEditor, Refusal } from "./api.js";
import { copy, tell } from "./telling.js";

/** @param {Place} place */
export function placeOf({ path, line, column }) {
  return [path, line, line && column].filter(Boolean).join(":");
}

/**
 * Open a place in the editor; where none can be, put the place in the clipboard.
 *
 * @param {Place} place
 */
export async function openPlace(place) {
  if (!place.path) return;
  try {
    const { editor } = await openEditor({ path: place.path, line: place.line || 1, column: place.column || 1 });
    tell(`Opened in ${editor}`);
  } catch (refusal) {
    const words = placeOf(place);
    const copied = (await copy(words)) ? `Copied ${words}` : words;
    tell(`${copied}: ${refusal instanceof Refusal ? refusal.words : "the preview is not there"}`);
  }
}
