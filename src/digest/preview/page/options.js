/** A field with a list of options below it, after the combobox pattern of the ARIA practices. */

import { element } from "./dom.js";

/**
 * @typedef {object} Option
 * @property {string} name
 * @property {string} [note]
 * @property {string} [keys]
 * @property {string} [group]
 * @property {() => void} choose
 */

/**
 * @param {HTMLInputElement} field
 * @param {HTMLElement} list
 * @param {object} [how]
 * @param {() => void} [how.chosen] told after an option was chosen
 */
export function mountOptions(field, list, { chosen = () => {} } = {}) {
  /** @type {Option[]} */
  let options = [];
  let active = 0;
  /** Whether other options are on their way; and whether the first of them was chosen already, by a quick hand. */
  let expecting = false;
  let hurried = false;

  /** @param {number} index */
  function activate(index) {
    active = (index + options.length) % (options.length || 1);
    for (const [at, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(at === active));
    const item = list.children[active];
    if (item) field.setAttribute("aria-activedescendant", item.id);
    else field.removeAttribute("aria-activedescendant");
    item?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} index */
  function choose(index) {
    const option = options[index];
    if (!option) return;
    chosen();
    option.choose();
  }

  /** @param {Option} option @param {number} index */
  function draw(option, index) {
    const begins = option.group !== options[index - 1]?.group ? option.group : undefined;
    return element(
      "li",
      { role: "option", id: `${list.id}-${index}`, "aria-selected": "false", "data-group": begins, onclick: () => choose(index) },
      element("span", { class: "option-name", dir: "auto" }, option.name),
      element("span", { class: "option-note", dir: "auto" }, option.note ?? ""),
      option.keys ? element("kbd", {}, option.keys) : "",
    );
  }

  /** @type {Record<string, () => unknown>} */
  const keys = {
    ArrowDown: () => activate(active + 1),
    ArrowUp: () => activate(active - 1),
    Enter: () => (expecting ? (hurried = true) : choose(active)),
  };
  field.addEventListener("keydown", (event) => {
    if ((list.hidden && !expecting) || !(event.key in keys) || event.isComposing) return;
    event.preventDefault();
    keys[event.key]();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus

  return {
    /** Say that other options are on their way: Enter waits for them. */
    expect() {
      expecting = true;
      hurried = false;
    },
    /** @param {Option[]} offered */
    offer(offered) {
      expecting = false;
      options = offered;
      list.replaceChildren(...options.map(draw));
      list.hidden = !options.length;
      field.setAttribute("aria-expanded", String(!list.hidden));
      activate(0);
      if (hurried) choose(0);
      hurried = false;
    },
    close() {
      expecting = hurried = false;
      list.hidden = true;
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
    },
  };
}
