/** Builds the page's elements. Words are always set as text: what is shown comes from anywhere. */

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | null | undefined | EventListener>} [attributes] `on...` listens
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice("on".length), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("class", `icon ${name}`);
  drawing.append(use);
  return drawing;
}

/**
 * Return an element that index.html has.
 *
 * @template {HTMLElement} [Found=HTMLElement]
 * @param {string} id
 * @returns {Found}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {Found} */ (found);
}

/**
 * Return a function that waits until its calls pause, then does the last of them.
 *
 * @template {unknown[]} Given
 * @param {number} pause milliseconds
 * @param {(...given: Given) => void} act
 * @returns {(...given: Given) => void}
 */
export function settle(pause, act) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => act(...given), pause);
  };
}

/**
 * @param {number} count
 * @param {string} noun in the singular
 * @returns {string}
 */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** @param {string} sentence */
export function capital(sentence) {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/**
 * Return a sentence in which what stands between backticks is code.
 *
 * @param {string} words
 */
export function prose(words) {
  return words.split(/`([^`]+)`/).map((part, at) => (at % 2 ? element("code", {}, part) : part));
}
