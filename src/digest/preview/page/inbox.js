/** The issue as it lies in an inbox, before it is opened. */

/** @import {Cut, Edition, Newsletter} from "./shapes.js" */

import { byId, counted, element } from "./dom.js";

const NO_PREHEADER = "No preheader: lists show the first words of the email";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Cut a text as a mail program does, and say how much was lost.
 *
 * @param {string} text
 * @param {number} limit characters, as a reader counts them
 * @returns {{kept: string, lost: number}}
 */
export function cutAt(text, limit) {
  const characters = [...graphemes.segment(text)].map((part) => part.segment);
  if (characters.length <= limit) return { kept: text, lost: 0 };
  return { kept: `${characters.slice(0, limit).join("").trimEnd()}…`, lost: characters.length - limit };
}

/** @param {string} header "Name <address>" */
function readAddress(header) {
  const found = /^\s*"?(.*?)"?\s*<([^>]*)>\s*$/.exec(header);
  return found ? { name: found[1] || found[2], address: found[2] } : { name: header, address: "" };
}

/** @param {string} name */
function initial(name) {
  return [...graphemes.segment(name.trim())][0]?.segment.toUpperCase() ?? "?";
}

/**
 * Show sender, reader, subject and preheader above the email.
 *
 * @param {Edition | null} edition
 * @param {string} language
 */
export function showEnvelope(edition, language) {
  const envelope = byId("envelope");
  envelope.hidden = !edition;
  if (!edition) return;
  const from = readAddress(edition.from);
  byId("avatar").textContent = initial(from.name);
  byId("from").textContent = from.name;
  byId("from-address").textContent = from.address;
  byId("to").textContent = edition.to;
  byId("subject").textContent = edition.subject || "No subject";
  byId("preheader").textContent = edition.preheader || NO_PREHEADER;
  for (const id of ["subject", "preheader"]) byId(id).lang = language;
}

/**
 * Return a row for each mail program, cut as it cuts.
 *
 * @param {Edition} edition
 * @param {Newsletter} newsletter
 * @returns {HTMLElement}
 */
export function drawInbox(edition, newsletter) {
  const from = readAddress(edition.from);
  const rows = newsletter.cuts.map((cut) => drawRow(cut, edition, from.name, newsletter.language));
  const note = element("p", { class: "faint" }, "Where each program cuts depends on the window and the letters; these are its usual widths.");
  return element("div", { class: "inbox" }, element("ul", { class: "inbox-rows" }, ...rows), note);
}

/**
 * @param {Cut} cut
 * @param {Edition} edition
 * @param {string} sender
 * @param {string} lang
 */
function drawRow(cut, edition, sender, lang) {
  const subject = cutAt(edition.subject, cut.subject);
  const preheader = cutAt(edition.preheader, cut.preheader);
  const narrow = cut.subject < 50;
  const lost = Object.entries({ subject, preheader }).filter(([, part]) => part.lost);
  const verdict = lost.map(([name, part]) => `${name} cut by ${counted(part.lost, "character")}`).join(", ") || "shown whole";
  return element(
    "li",
    {},
    element("p", { class: "inbox-client" }, element("b", {}, cut.client), element("span", { class: lost.length ? "cut-off" : "faint" }, verdict)),
    element(
      "div",
      { class: `inbox-row ${narrow ? "narrow" : "wide"}` },
      element("span", { class: "avatar", "aria-hidden": "true" }, initial(sender)),
      element("b", { class: "inbox-from" }, sender),
      element("span", { class: "inbox-lines", lang }, element("b", { dir: "auto" }, subject.kept || "No subject"), element("span", { class: "faint", dir: "auto" }, preheader.kept || NO_PREHEADER)),
    ),
  );
}
