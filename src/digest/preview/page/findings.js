/** What the rules say, as they say it. */

/** @import {Finding, Severity, View} from "./shapes.js" */

import { streamFindings } from "./api.js";
import { byId, capital, counted, element, icon, prose } from "./dom.js";
import { openPlace, placeOf } from "./places.js";

/** @type {Severity[]} */
const SEVERITIES = ["error", "warning", "note"];
const BREATH = 200; // ms in which the old findings stay, so that nothing flickers while one types

/** @param {(counts: Record<Severity, number> | null) => void} concluded told when all is known; null while it is not */
export function mountFindings(concluded) {
  const list = byId("finding-list");
  /** @type {Set<Severity>} */
  const hidden = new Set();
  /** @type {Finding[]} */
  let findings = [];
  let running = new AbortController();

  function draw() {
    const focused = document.activeElement?.closest("[data-key]")?.getAttribute("data-key");
    const ordered = SEVERITIES.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
    list.replaceChildren(...ordered.filter(({ severity }) => !hidden.has(severity)).map(drawFinding));
    byId("severities").replaceChildren(...SEVERITIES.map(drawFilter));
    const again = focused && list.querySelector(`[data-key="${CSS.escape(focused)}"]`);
    if (again instanceof HTMLElement) again.focus();
  }

  /** @param {Severity} severity */
  function count(severity) {
    return findings.filter((finding) => finding.severity === severity).length;
  }

  /** @param {Severity} severity */
  function drawFilter(severity) {
    const toggle = () => {
      if (!hidden.delete(severity)) hidden.add(severity);
      draw();
      byId("severities").querySelector(`.${severity}`)?.closest("button")?.focus();
    };
    const number = count(severity);
    return element(
      "button",
      { type: "button", class: "severity", "aria-pressed": String(!hidden.has(severity)), disabled: !number, onclick: toggle },
      icon(severity),
      counted(number, severity),
    );
  }

  /** @param {number} rules @param {number} seconds */
  function conclude(rules, seconds) {
    const words = `${rules} rules in ${Math.max(1, Math.round(seconds * 1000)).toLocaleString("en")} ms`;
    const clear = !findings.length;
    byId("clear").hidden = !clear;
    byId("severities").hidden = clear;
    byId("clear-words").textContent = words;
    byId("findings-words").textContent = clear ? "" : words;
    concluded({ error: count("error"), warning: count("warning"), note: count("note") });
  }

  /** @param {View} view */
  async function run(view) {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    const begun = performance.now();
    byId("findings-for").hidden = Boolean(view.reader || Object.keys(view.fields).length);
    /** @type {Finding[]} */
    const found = [];
    let drawn = 0;
    byId("findings-words").textContent = "Checking…";
    for await (const line of streamFindings(view, signal)) {
      if (signal.aborted) return;
      if (!("done" in line)) found.push(line);
      const now = performance.now();
      const late = now - begun > BREATH && now - drawn > 50;
      if (!("done" in line) && !late) continue;
      findings = found;
      drawn = now;
      byId("clear").hidden = true;
      draw();
      if ("done" in line) conclude(line.rules, line.seconds);
    }
  }

  return {
    /**
     * Run the rules on what is looked at now.
     *
     * @param {View} view
     */
    async run(view) {
      try {
        await run(view);
      } catch (problem) {
        if (problem instanceof DOMException && problem.name === "AbortError") return;
        byId("findings-words").textContent = problem instanceof Error ? problem.message : "";
      }
    },
    /**
     * Forget them: they are of another issue, or the rules cannot be asked.
     *
     * @param {number} [errors] how many faults stand in the way, and are told of elsewhere
     */
    clear(errors) {
      running.abort();
      findings = [];
      byId("clear").hidden = true;
      byId("severities").hidden = true;
      byId("findings-for").hidden = true;
      byId("findings-words").textContent = errors ? "not checked while it is broken" : "";
      concluded(errors ? { error: errors, warning: 0, note: 0 } : null);
      draw();
    },
  };
}

/** @param {Finding} finding */
function drawFinding(finding) {
  const place = placeOf(finding);
  const words = [
    icon(finding.severity),
    element(
      "span",
      { class: "finding-words" },
      element("span", { class: "finding-sentence" }, element("span", { class: "unseen" }, `${finding.severity}: `), ...prose(capital(finding.sentence))),
      element("span", { class: "finding-fix" }, ...prose(finding.fix)),
      element("span", { class: "finding-place" }, element("code", {}, finding.rule), place ? element("span", { class: "mono" }, place.slice(place.lastIndexOf("/") + 1)) : ""),
    ),
  ];
  if (!place) return element("li", {}, element("div", { class: "finding" }, ...words));
  const key = [finding.rule, place, finding.sentence].join(" ");
  const open = () => openPlace(finding);
  return element("li", {}, element("button", { type: "button", class: "finding", "data-key": key, title: `Open ${place}`, onclick: open }, ...words));
}
