/** What is broken: the place, the sentence and the way out, above the last good view. */

/** @import {Fault} from "./shapes.js" */

import { byId, element, icon, prose } from "./dom.js";
import { openPlace, placeOf } from "./places.js";

const SHOWN = 3;

/**
 * @param {Fault[]} faults
 * @param {boolean} stale whether an older edition is shown below
 */
export function showFaults(faults, stale) {
  const box = byId("faults");
  const words = JSON.stringify([faults, stale]);
  if (box.dataset.words === words) return; // it was read out already
  box.dataset.words = words;
  box.hidden = !faults.length;
  box.replaceChildren(...faults.slice(0, SHOWN).map(draw));
  const more = faults.length - SHOWN;
  const notes = [more > 0 ? `And ${more} more.` : "", stale ? "Below is the last good state. It is shown anew as soon as this is mended." : ""];
  if (faults.length) box.append(element("p", { class: "faint" }, notes.filter(Boolean).join(" ")));
}

/** @param {Fault} fault */
function draw(fault) {
  const place = placeOf(fault);
  return element(
    "div",
    { class: "fault" },
    icon("error"),
    element("p", {}, element("b", {}, ...prose(fault.sentence)), fault.hint ? element("span", { class: "hint" }, ...prose(fault.hint)) : ""),
    place ? element("button", { type: "button", class: "quiet mono", title: "Open in the editor", onclick: () => openPlace(fault) }, place) : "",
  );
}
