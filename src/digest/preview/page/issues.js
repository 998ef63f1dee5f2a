/** The list of issues. */

/** @import {Entry, Newsletter} from "./shapes.js" */
/** @import {Store} from "./store.js" */

import { writeAddress } from "./address.js";
import { byId, element } from "./dom.js";

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/**
 * Return a date, or a time, as one reads it; in the newsletter's own time zone, so nothing is converted.
 *
 * @param {string | null} written
 */
export function readableDate(written) {
  const found = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?/.exec(written ?? "");
  if (!found) return written ?? "";
  const day = DAY.format(new Date(`${found[1]}T00:00:00Z`));
  return found[2] ? `${day}, ${found[2]}` : day;
}

/** @param {Entry} entry */
export function nameOf(entry) {
  return entry.subject || entry.title || entry.slug;
}

/**
 * @param {Entry} entry
 * @returns {string}
 */
function stateOf(entry) {
  if (entry.fault) return "broken";
  return entry.sent ? "sent" : entry.status;
}

/** @param {Store} store */
export function mountIssues(store) {
  const list = byId("issue-list");
  const filter = /** @type {HTMLInputElement} */ (byId("filter"));
  const picker = /** @type {HTMLSelectElement} */ (byId("issue-select"));
  /** @type {Entry[]} */
  let entries = [];

  function shown() {
    const words = filter.value.trim().toLowerCase().split(/\s+/);
    return entries.filter((entry) => {
      const text = [nameOf(entry), entry.title, entry.slug, stateOf(entry)].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  function draw() {
    const focused = document.activeElement?.closest("[data-slug]")?.getAttribute("data-slug");
    const found = shown();
    list.replaceChildren(...found.map(item));
    if (!found.length) list.append(element("li", { class: "none faint" }, entries.length ? "No issue matches." : "No issue yet."));
    picker.replaceChildren(...entries.map((entry) => element("option", { value: entry.slug }, nameOf(entry))));
    picker.value = store.view.issue;
    if (focused) focus(focused);
  }

  /** @param {Entry} entry */
  function item(entry) {
    const current = entry.slug === store.view.issue;
    const state = stateOf(entry);
    const number = entry.number === null || entry.number === "" ? "" : `No. ${entry.number}`;
    const when = readableDate(entry.sent || !entry.send_at ? entry.date : entry.send_at);
    const link = element(
      "a",
      { href: writeAddress({ ...store.view, issue: entry.slug }), "data-slug": entry.slug, "aria-current": current ? "page" : null },
      element("span", { class: "issue-name", dir: "auto" }, nameOf(entry)),
      element("span", { class: "issue-facts" }, element("span", { class: `state ${state}` }, state), [number, when].filter(Boolean).join(" · ")),
    );
    return element("li", {}, link);
  }

  /** @param {string} slug */
  function focus(slug) {
    const link = list.querySelector(`[data-slug="${CSS.escape(slug)}"]`);
    if (link instanceof HTMLElement) link.focus();
  }

  /** @param {number} step */
  function move(step) {
    const found = shown();
    const at = found.findIndex((entry) => entry.slug === store.view.issue);
    const next = found[at < 0 ? 0 : at + step];
    if (next) store.set({ issue: next.slug });
  }

  list.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("[data-slug]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab or window, as with any link
    event.preventDefault();
    store.set({ issue: link.getAttribute("data-slug") ?? "" });
  });
  list.addEventListener("keydown", (event) => {
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(steps[event.key]);
    focus(store.view.issue);
  });
  filter.addEventListener("input", draw);
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      const first = list.querySelector("a");
      if (event.key === "Enter") first?.click();
      first?.focus();
    }
    if (event.key === "Escape") {
      filter.value = "";
      draw();
      filter.blur();
    }
  });
  picker.addEventListener("change", () => store.set({ issue: picker.value }));

  return {
    /** @param {Newsletter} newsletter */
    show(newsletter) {
      entries = newsletter.issues;
      draw();
    },
    draw,
    move,
  };
}
