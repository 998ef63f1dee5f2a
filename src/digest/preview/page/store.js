/** Holds the view, and tells who listens when it changes. */

/** @import {View} from "./shapes.js" */

/**
 * @callback Listener
 * @param {View} view
 * @param {View} before
 * @returns {void}
 */

/** @typedef {ReturnType<typeof createStore>} Store */

/** @param {View} first */
export function createStore(first) {
  let view = first;
  /** @type {Listener[]} */
  const listeners = [];
  return {
    /** @returns {View} */
    get view() {
      return view;
    },
    /** @param {Partial<View>} change */
    set(change) {
      const before = view;
      view = { ...view, ...change };
      if (differs(view, before)) for (const listener of listeners) listener(view, before);
    },
    /** @param {Listener} listener */
    listen(listener) {
      listeners.push(listener);
    },
  };
}

/**
 * @param {View} one
 * @param {View} other
 */
function differs(one, other) {
  return JSON.stringify(one) !== JSON.stringify(other);
}

/**
 * Tell whether two views are of the same words: the same issue, filled for the same reader.
 *
 * @param {View} one
 * @param {View} other
 */
export function readsAlike(one, other) {
  const { issue, reader, fields } = other;
  return !differs(one, { ...one, issue, reader, fields });
}
