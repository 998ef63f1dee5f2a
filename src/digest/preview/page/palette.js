/** The command palette: everything one can do or go to, found by a few letters. */

/** @import {Option} from "./options.js" */

import { byId, settle } from "./dom.js";
import { mountOptions } from "./options.js";

const LISTED = 12;

/**
 * Tell how well letters match a text, in their order and with anything between.
 *
 * @param {string} letters
 * @param {string} text
 * @returns {number} more is better; below zero: not at all
 */
export function likeness(letters, text) {
  const wanted = letters.toLowerCase().replace(/\s+/g, "");
  const given = text.toLowerCase();
  let score = given.includes(letters.toLowerCase().trim()) ? 20 : 0;
  let at = -1;
  for (const letter of wanted) {
    const found = given.indexOf(letter, at + 1);
    if (found < 0) return -1;
    const begins = found === 0 || /[^\p{L}\p{N}]/u.test(given[found - 1]);
    score += begins ? 4 : found === at + 1 ? 3 : 0;
    at = found;
  }
  return score - given.length / 200;
}

/**
 * Return those that match, the best first.
 *
 * @param {string} letters
 * @param {Option[]} options
 */
export function rank(letters, options) {
  if (!letters.trim()) return options;
  return options
    .map((option) => ({ option, score: likeness(letters, `${option.name} ${option.note ?? ""}`) }))
    .filter(({ score }) => score >= 0)
    .sort((one, other) => other.score - one.score)
    .map(({ option }) => option);
}

/**
 * @param {object} sources
 * @param {() => Option[]} sources.commands
 * @param {() => Option[]} sources.issues
 * @param {(letters: string) => Promise<Option[]>} sources.readers
 */
export function mountPalette({ commands, issues, readers }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("palette"));
  const field = /** @type {HTMLInputElement} */ (byId("palette-input"));
  const list = byId("palette-options");
  const options = mountOptions(field, list, { chosen: () => dialog.close() });
  let asked = 0;

  /** @param {Option[]} people */
  function offer(people) {
    const letters = field.value;
    const limit = letters.trim() ? LISTED : Infinity;
    const found = [...grouped("Commands", rank(letters, commands())), ...grouped("Issues", rank(letters, issues()))];
    const best = letters.trim() ? rank(letters, found).slice(0, limit) : found;
    const sorted = ["Commands", "Issues"].flatMap((group) => best.filter((option) => option.group === group));
    options.offer([...sorted, ...grouped("Readers", people)]);
    field.setAttribute("aria-expanded", "true");
    byId("palette-none").hidden = Boolean(sorted.length + people.length);
  }

  const search = settle(100, async () => {
    const ask = ++asked;
    const letters = field.value.trim();
    const people = letters ? await readers(letters) : [];
    if (ask === asked && dialog.open && people.length) offer(people);
  });
  field.addEventListener("input", () => {
    offer([]);
    search();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });

  return function open() {
    if (dialog.open) return dialog.close();
    field.value = "";
    offer([]);
    dialog.showModal();
    field.focus();
  };
}

/** @param {string} group @param {Option[]} options */
function grouped(group, options) {
  return options.map((option) => ({ ...option, group }));
}
