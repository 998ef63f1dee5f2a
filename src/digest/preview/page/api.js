/** Asks the server. */

/** @import {Fault, Finding, Issue, Newsletter, Reader, View} from "./shapes.js" */

import { askReader } from "./address.js";

/** What the server would not do, in its own words. */
export class Refusal extends Error {
  /** @param {Fault} fault */
  constructor(fault) {
    super(fault.sentence);
    this.fault = fault;
  }

  /** The sentence and the way out, to be shown. */
  get words() {
    return [`${this.message}.`, this.fault.hint].filter(Boolean).join(" ");
  }
}

/**
 * @param {string} address
 * @param {RequestInit} [how]
 * @returns {Promise<Response>}
 */
async function ask(address, how) {
  const response = await fetch(address, how);
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  const sentence = `the preview answered ${response.status}`;
  throw new Refusal({ path: "", line: 0, column: 0, hint: "", sentence, ...answer.fault });
}

/**
 * @param {string} address
 * @param {object} body
 */
function post(address, body) {
  return ask(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** @returns {Promise<Newsletter>} */
export async function fetchNewsletter() {
  return (await ask("/api/newsletter")).json();
}

/**
 * @param {View} view
 * @returns {Promise<Issue>}
 */
export async function fetchIssue(view) {
  return (await ask(`/api/issues/${encodeURIComponent(view.issue)}?${askReader(view)}`)).json();
}

/**
 * @param {string} words a part of an address or a name; nothing for the first readers
 * @param {number} limit
 * @returns {Promise<{readers: Reader[], total: number}>}
 */
export async function findReaders(words, limit) {
  return (await ask(`/api/readers?${new URLSearchParams({ q: words, limit: String(limit) })}`)).json();
}

/**
 * @param {string} id
 * @returns {Promise<Reader>}
 */
export async function fetchReader(id) {
  return (await ask(`/api/readers/${encodeURIComponent(id)}`)).json();
}

/**
 * @param {View} view
 * @param {string} to
 * @returns {Promise<{sentence: string}>}
 */
export async function sendTest(view, to) {
  return (await post(`/api/issues/${encodeURIComponent(view.issue)}/test?${askReader(view)}`, { to })).json();
}

/**
 * @param {{path: string, line: number, column: number}} place
 * @returns {Promise<{editor: string}>}
 */
export async function openEditor(place) {
  return (await post("/api/open", place)).json();
}

/**
 * Yield what the rules find, while they find it; at the end, how many rules there were.
 *
 * @param {View} view
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Finding | {done: true, rules: number, seconds: number}>}
 */
export async function* streamFindings(view, signal) {
  const address = `/api/issues/${encodeURIComponent(view.issue)}/findings?${askReader(view)}`;
  const response = await ask(address, { signal });
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const line of lines) if (line.trim()) yield JSON.parse(line);
    if (done) return;
  }
}
