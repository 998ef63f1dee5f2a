/** A test, sent to oneself. */

/** @import {Store} from "./store.js" */

import { Refusal, sendTest } from "./api.js";
import { byId, capital } from "./dom.js";
import { tell } from "./telling.js";

const REMEMBERED = "digest.test-address";

/**
 * @param {Store} store
 * @returns {(words: string) => void} opens the dialog, which says these words
 */
export function mountTrial(store) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("test-dialog"));
  const form = /** @type {HTMLFormElement} */ (byId("test-form"));
  const field = /** @type {HTMLInputElement} */ (byId("test-to"));
  const fault = byId("test-fault");
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));

  /** @param {string} words */
  function complain(words) {
    fault.hidden = !words;
    fault.textContent = words;
  }

  async function send() {
    button.disabled = true;
    complain("");
    try {
      const { sentence } = await sendTest(store.view, field.value);
      localStorage.setItem(REMEMBERED, field.value);
      dialog.close();
      tell(capital(sentence));
    } catch (problem) {
      complain(problem instanceof Refusal ? problem.words : "the preview is not there.");
    } finally {
      button.disabled = false;
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  form.querySelector("[data-dismiss]")?.addEventListener("click", () => dialog.close());

  return (words) => {
    field.value ||= localStorage.getItem(REMEMBERED) ?? "";
    byId("test-words").textContent = words;
    complain("");
    dialog.showModal();
    field.select();
  };
}
