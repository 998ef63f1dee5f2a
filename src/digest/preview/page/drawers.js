/** Where the window is too narrow for all three columns, the outer ones are drawers. */

import { byId } from "./dom.js";

const NAMES = ["issues", "inspector"];

export function mountDrawers() {
  /** @param {string} open name of the drawer; empty for none */
  function set(open) {
    const before = document.body.dataset.drawer;
    document.body.dataset.drawer = open;
    byId("shade").hidden = !open;
    for (const name of NAMES) byId(`show-${name}`).setAttribute("aria-expanded", String(name === open));
    if (open) focusIn(byId(open));
    else if (before && byId(before).contains(document.activeElement)) byId(`show-${before}`).focus();
  }

  for (const name of NAMES) {
    byId(`show-${name}`).addEventListener("click", () => set(document.body.dataset.drawer === name ? "" : name));
  }
  for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => set(""));
  byId("shade").addEventListener("click", () => set(""));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) set("");
  });

  return {
    close: () => set(""),
    /**
     * Make sure that an element of a drawer is seen, and go there.
     *
     * @param {string} name
     * @param {string} id
     */
    reveal(name, id) {
      if (isDrawer(byId(name))) set(name);
      byId(id).focus();
    },
  };
}

/** @param {HTMLElement} aside */
function isDrawer(aside) {
  return getComputedStyle(aside).position === "fixed";
}

/** @param {HTMLElement} aside */
function focusIn(aside) {
  const first = aside.querySelector("[data-close]");
  if (first instanceof HTMLElement) first.focus();
}
