/** Who reads: the example or a subscriber, and fields to try out. */

/** @import {Edition, Newsletter, Reader} from "./shapes.js" */
/** @import {Store} from "./store.js" */

import { fetchReader, findReaders } from "./api.js";
import { byId, counted, element, settle } from "./dom.js";
import { mountOptions } from "./options.js";

const EXAMPLE = "The example reader";
const LISTED = 20;

/** @param {Reader} reader */
export function nameReader(reader) {
  return reader.name ? `${reader.name} <${reader.email}>` : reader.email;
}

/** @param {Store} store */
export function mountReader(store) {
  const field = /** @type {HTMLInputElement} */ (byId("reader"));
  const reset = byId("reader-reset");
  const options = mountOptions(field, byId("reader-options"), { chosen: () => field.blur() });
  let name = EXAMPLE;
  let asked = 0;

  /** @param {Reader | null} reader */
  function choose(reader) {
    name = reader ? nameReader(reader) : EXAMPLE;
    field.value = name;
    store.set({ reader: reader ? String(reader.id) : "", fields: {} });
  }

  async function search() {
    const words = field.value === name ? "" : field.value.trim();
    const ask = ++asked;
    const { readers, total } = await findReaders(words, LISTED).catch(() => ({ readers: [], total: 0 }));
    if (ask !== asked || document.activeElement !== field) return;
    const example = { name: EXAMPLE, note: words ? "" : counted(total, "subscriber"), choose: () => choose(null) };
    const found = readers.map((reader) => ({ name: reader.email, note: reader.name, choose: () => choose(reader) }));
    options.offer(words && found.length ? found : [example, ...found]);
  }

  field.addEventListener("focus", () => {
    field.select();
    options.expect();
    search();
  });
  const searchSoon = settle(120, search);
  field.addEventListener("input", () => {
    asked += 1; // what is on its way answers an older question
    options.expect();
    searchSoon();
  });
  field.addEventListener("blur", () => {
    asked += 1;
    field.value = name;
    options.close();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") field.blur();
  });
  reset.addEventListener("click", () => {
    choose(null);
    field.focus();
  });

  return {
    /** Say who reads, as the view has it. */
    async name() {
      const { reader, fields } = store.view;
      reset.hidden = !reader && !Object.keys(fields).length;
      if (!reader) name = EXAMPLE;
      else if (name === EXAMPLE || field.dataset.reader !== reader) {
        name = await fetchReader(reader).then(nameReader, () => `Reader ${reader}`);
      }
      field.dataset.reader = reader;
      if (document.activeElement !== field) field.value = name;
    },
    choose,
    showFields: mountFields(store),
  };
}

/** @param {Store} store */
function mountFields(store) {
  const box = byId("fields");
  /** Values in typing, which the view does not have yet. @type {Record<string, string>} */
  let typed = {};
  const apply = settle(90, () => {
    const fields = { ...store.view.fields, ...typed };
    typed = {};
    store.set({ fields });
  });

  /** @param {string} name @param {string} fallback */
  function draw(name, fallback) {
    const input = /** @type {HTMLInputElement} */ (element("input", { type: "text", name, placeholder: fallback || "empty", autocomplete: "off", spellcheck: "false" }));
    input.addEventListener("input", () => {
      typed[name] = input.value;
      apply();
    });
    return element("label", { class: "field" }, element("span", {}, name), input);
  }

  /**
   * Show what the reader's fields are; one that is being edited stays as it is.
   *
   * @param {Newsletter} newsletter
   * @param {Edition | null} edition
   */
  return function showFields(newsletter, edition) {
    const names = ["name", ...Object.keys(newsletter.fields)];
    if (names.join() !== [...box.querySelectorAll("input")].map((input) => input.name).join()) {
      box.replaceChildren(...names.map((name) => draw(name, newsletter.fields[name])));
    }
    for (const input of box.querySelectorAll("input")) {
      const value = store.view.fields[input.name] ?? edition?.fields[input.name] ?? "";
      if (!(input.name in typed) && document.activeElement !== input) input.value = value;
      input.classList.toggle("tried", input.name in store.view.fields);
    }
  };
}
