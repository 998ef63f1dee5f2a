/** What keys and the palette do. */

import { byId, element } from "./dom.js";

/**
 * @typedef {object} Command
 * @property {string} id
 * @property {string} name
 * @property {string} keys as shown: "t", or "j" or "Ctrl K"
 * @property {() => void} act
 */

const APPLE = /mac|iphone|ipad/i.test(navigator.platform);
const REMEMBERED = "digest.single-keys";

/**
 * Bind the keys, and the buttons that name a command.
 *
 * @param {Command[]} commands
 * @returns {(event: KeyboardEvent) => void} what is to be told of keys pressed elsewhere
 */
export function bindCommands(commands) {
  const named = new Map(commands.map((command) => [command.id, command]));
  const single = /** @type {HTMLInputElement} */ (byId("single-keys"));
  single.checked = localStorage.getItem(REMEMBERED) !== "off";
  single.addEventListener("change", () => localStorage.setItem(REMEMBERED, single.checked ? "on" : "off"));

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (event.key.toLowerCase() === "k" && (APPLE ? event.metaKey : event.ctrlKey) && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (!document.querySelector("dialog[open]:not(#palette)")) named.get("palette")?.act();
      return;
    }
    if (!single.checked || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event)) return;
    const command = commands.find(({ keys }) => keys === event.key);
    if (!command) return;
    event.preventDefault();
    command.act();
  }

  document.addEventListener("keydown", press);
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-command]");
    if (button) named.get(button.getAttribute("data-command") ?? "")?.act();
  });
  for (const hint of document.querySelectorAll(".mod-k")) hint.textContent = modK();
  showKeys(commands);
  return press;
}

/** @returns {string} how the palette is called here */
export function modK() {
  return APPLE ? "⌘K" : "Ctrl K";
}

/** @param {KeyboardEvent} event */
function isTyping(event) {
  if (document.querySelector("dialog[open]")) return true;
  const at = event.target;
  if (at instanceof HTMLInputElement) return !["radio", "checkbox"].includes(at.type);
  return at instanceof HTMLSelectElement || at instanceof HTMLTextAreaElement;
}

/** @param {Command[]} commands */
function showKeys(commands) {
  const rows = commands.filter(({ keys }) => keys);
  byId("keys").replaceChildren(...rows.map(({ name, keys }) => element("div", {}, element("dt", {}, element("kbd", {}, keys)), element("dd", {}, name))));
}
