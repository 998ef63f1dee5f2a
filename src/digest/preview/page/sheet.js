/** What is shown as text: the text part, the source, the headers, the whole message. */

/** @import {Edition, Kind, Newsletter, View} from "./shapes.js" */

import { byId, element } from "./dom.js";
import { drawInbox } from "./inbox.js";

/** @type {[string, RegExp][]} */
const COLOURED = [
  ["tag", /(?<=<\/?)[a-z][\w:-]*|(?<=<)!doctype/gi],
  ["string", /"[^"]*"/g],
  ["comment", /<!--.*?-->/g],
];

/**
 * Return what "Copy" copies.
 *
 * @param {Kind} kind
 * @param {Edition} edition
 * @returns {string}
 */
export function textOf(kind, edition) {
  const headers = edition.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  return { email: edition.html, text: edition.text, source: edition.html, headers, raw: edition.raw, inbox: edition.subject }[kind];
}

/**
 * Say what is looked at: a part of the message, or the email as certain mail programs show it.
 *
 * @param {Pick<View, "view" | "scheme">} view
 */
export function remarkOn({ view, scheme }) {
  /** @type {Record<string, string>} */
  const remarks = {
    light: "",
    dark: "Apple Mail, Thunderbird",
    inverted: "Gmail iOS, Outlook Windows",
    partial: "Gmail Android, Outlook.com",
    text: "The text part, for readers and programs that show no HTML",
    source: "The HTML as it is sent",
    headers: "The header fields of the message",
    raw: "The message as it goes over the wire; tokens are not real",
    inbox: "As it lies in an inbox, before it is opened",
  };
  return remarks[view === "email" ? scheme : view];
}

/**
 * Show an edition in another way than as email.
 *
 * @param {Kind} kind
 * @param {Edition} edition
 * @param {Newsletter} newsletter
 */
export function showSheet(kind, edition, newsletter) {
  const sheet = byId("sheet");
  const drawn = drawSheet(kind, edition, newsletter);
  sheet.className = `sheet of-${kind}`;
  sheet.replaceChildren(drawn);
  colour(kind === "source" ? drawn : null);
}

/**
 * @param {Kind} kind
 * @param {Edition} edition
 * @param {Newsletter} newsletter
 */
function drawSheet(kind, edition, newsletter) {
  if (kind === "inbox") return drawInbox(edition, newsletter);
  if (kind === "headers") return drawHeaders(edition.headers);
  if (kind === "text") return element("pre", { class: "plain", lang: newsletter.language, dir: "auto" }, edition.text);
  return drawLines(textOf(kind, edition));
}

/** @param {[string, string][]} headers */
function drawHeaders(headers) {
  const rows = headers.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return element("dl", { class: "headers" }, ...rows);
}

/** @param {string} text */
function drawLines(text) {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  return element("pre", { class: "numbered" }, ...lines.map((line) => element("span", {}, `${line}\n`)));
}

/**
 * Colour HTML where the browser can do so without new elements; elsewhere it is black on white.
 *
 * @param {HTMLElement | null} source
 */
function colour(source) {
  if (!("highlights" in CSS)) return;
  for (const [name, pattern] of COLOURED) {
    const ranges = source ? [...source.children].flatMap((line) => rangesOf(pattern, /** @type {Text} */ (line.firstChild))) : [];
    CSS.highlights.set(`source-${name}`, new Highlight(...ranges));
  }
}

/**
 * @param {RegExp} pattern
 * @param {Text} text
 */
function rangesOf(pattern, text) {
  return [...text.data.matchAll(pattern)].map((found) => {
    const range = new Range();
    range.setStart(text, found.index);
    range.setEnd(text, found.index + found[0].length);
    return range;
  });
}
