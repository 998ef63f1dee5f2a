/** The view as it stands in the page's address, and in what the server is asked. Pure. */

/** @import {Kind, Scheme, View} from "./shapes.js" */

/** @type {Kind[]} */
export const KINDS = ["email", "text", "source", "headers", "raw", "inbox"];
/** @type {Scheme[]} */
export const SCHEMES = ["light", "dark", "inverted", "partial"];
/** @type {Record<string, number>} */
export const WIDTHS = { phone: 375, tablet: 768, desktop: 1024 };
export const NARROWEST = 240;
export const WIDEST = 1600;

/**
 * Read the view from the part of an address after the question mark; what makes no sense there counts for nothing.
 *
 * @param {string} search
 * @returns {View}
 */
export function readAddress(search) {
  const given = new URLSearchParams(search);
  const kind = /** @type {Kind} */ (given.get("view"));
  const scheme = /** @type {Scheme} */ (given.get("scheme"));
  return {
    issue: given.get("issue") ?? "",
    view: KINDS.includes(kind) ? kind : "email",
    width: readWidth(given.get("width") ?? ""),
    scheme: SCHEMES.includes(scheme) ? scheme : "light",
    images: given.get("images") !== "off",
    reader: given.get("reader") ?? "",
    fields: readFields(given),
  };
}

/**
 * @param {string} word "phone", or a number of pixels
 * @returns {number}
 */
export function readWidth(word) {
  const pixels = WIDTHS[word] ?? Math.round(Number(word));
  return pixels ? Math.min(WIDEST, Math.max(NARROWEST, pixels)) : WIDTHS.desktop;
}

/**
 * @param {number} width
 * @returns {string} its name, where it has one, else the number
 */
export function nameWidth(width) {
  return Object.keys(WIDTHS).find((name) => WIDTHS[name] === width) ?? String(width);
}

/** @param {URLSearchParams} given */
function readFields(given) {
  const named = [...given].filter(([name]) => name.startsWith("field."));
  return Object.fromEntries(named.map(([name, value]) => [name.slice("field.".length), value]));
}

/**
 * Return the address of a view; what is as by default is left out.
 *
 * @param {View} view
 * @returns {string}
 */
export function writeAddress(view) {
  const said = new URLSearchParams({ issue: view.issue });
  if (view.view !== "email") said.set("view", view.view);
  if (view.width !== WIDTHS.desktop) said.set("width", nameWidth(view.width));
  if (view.scheme !== "light") said.set("scheme", view.scheme);
  if (!view.images) said.set("images", "off");
  for (const [name, value] of askReader(view)) said.set(name, value);
  return `/?${said}`;
}

/**
 * Return who reads, in the words of the server.
 *
 * @param {View} view
 * @returns {URLSearchParams}
 */
export function askReader(view) {
  const asked = new URLSearchParams();
  if (view.reader) asked.set("reader", view.reader);
  for (const [name, value] of Object.entries(view.fields)) asked.set(`field.${name}`, value);
  return asked;
}

/**
 * Return where the email of a view is, for a frame or a tab of its own.
 *
 * @param {View} view
 * @param {number} [revision] so that no cache answers with an older one
 * @returns {string}
 */
export function frameAddress(view, revision) {
  const asked = askReader(view);
  asked.set("scheme", view.scheme);
  asked.set("images", view.images ? "on" : "off");
  if (revision !== undefined) asked.set("revision", String(revision));
  return `/frame/${encodeURIComponent(view.issue)}?${asked}`;
}
