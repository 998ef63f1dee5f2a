/** Puts the parts of the page together: the view decides what is asked, answers decide what is shown. */

/** @import {Issue, Kind, Newsletter, Scheme, Severity} from "./shapes.js" */

import { frameAddress, KINDS, readAddress, SCHEMES, WIDTHS, writeAddress } from "./address.js";
import { fetchIssue, fetchNewsletter, findReaders, Refusal } from "./api.js";
import { bindCommands, modK } from "./commands.js";
import { byId, counted, element, prose, settle } from "./dom.js";
import { mountDrawers } from "./drawers.js";
import { showFaults } from "./faults.js";
import { mountFindings } from "./findings.js";
import { createFrame } from "./frame.js";
import { showEnvelope } from "./inbox.js";
import { mountIssues, nameOf } from "./issues.js";
import { listen } from "./live.js";
import { mountPalette } from "./palette.js";
import { openPlace } from "./places.js";
import { mountReader } from "./reader.js";
import { remarkOn, showSheet, textOf } from "./sheet.js";
import { showSize } from "./size.js";
import { createStore, readsAlike } from "./store.js";
import { announce, copy, tell } from "./telling.js";
import { mountTrial } from "./trial.js";
import { mountWidth } from "./width.js";

const NO_ISSUE = "Begin an issue with `digest new`, or put one into `issues/`: it will be shown here.";

const store = createStore(readAddress(location.search));
const tools = /** @type {HTMLFormElement} */ (byId("tools"));
/** @type {Newsletter | null} */
let newsletter = null;
/** @type {Issue | null} */
let issue = null;
let asked = 0;

const issues = mountIssues(store);
const reader = mountReader(store);
const drawers = mountDrawers();
const openTrial = mountTrial(store);
const findings = mountFindings(showCounts);
const showWidth = mountWidth(store);
const frame = createFrame({ laidOut: showWidth, pressed: (event) => press(event) });
const openPalette = mountPalette({ commands: listCommands, issues: listIssues, readers: listReaders });

/** Show the email anew; what it may take for the browser's own scheme follows what is asked for. @param {number} [revision] */
async function showFrame(revision = issue?.revision) {
  const { view } = store;
  if (view.issue) await frame.show(frameAddress(view, revision), view.scheme === "dark" ? "dark" : "light");
}

/** Ask for the issue anew, in all its forms. @param {number} [revision] */
async function refresh(revision) {
  const { view } = store;
  const ask = ++asked;
  if (!view.issue) return;
  const framed = showFrame(revision);
  if (revision && view.view === "email") await framed; // after a save the pixels first: two answers at once take longer
  if (ask !== asked) return;
  try {
    const answer = await fetchIssue(view);
    if (ask !== asked) return;
    issue = answer;
  } catch (problem) {
    if (ask !== asked || !(problem instanceof Refusal)) return; // a server that has gone is told of elsewhere
    issue = { slug: view.issue, path: "", revision: 0, faults: [problem.fault], edition: null };
  }
  if (!issue.edition) frame.clear();
  show();
  await framed; // the email first: the rules keep the server busy
  if (ask !== asked) return;
  if (issue.faults.length) findings.clear(issue.faults.length); // which are told of above the email
  else findings.run(view);
}

/** Show what is known; of an issue that was just chosen, what was there before, until more is known. */
function show() {
  const { view } = store;
  const edition = issue?.edition ?? null;
  const asEmail = view.view === "email";
  byId("paper").hidden = !edition || !asEmail;
  byId("sheet").hidden = !edition || asEmail;
  byId("nothing").hidden = Boolean(edition) || !newsletter || Boolean(view.issue && !issue);
  byId("nothing").replaceChildren(element("p", {}, ...prose(view.issue ? "There is nothing to show." : NO_ISSUE)));
  document.body.dataset.view = view.view;
  showFaults([...(newsletter?.faults ?? []), ...(issue?.faults ?? [])], Boolean(edition));
  if (!newsletter) return;
  showEnvelope(edition, newsletter.language);
  if (edition && !asEmail) showSheet(view.view, edition, newsletter);
  byId("remark").textContent = remarkOn(view);
  byId("stage").setAttribute("aria-label", asEmail ? "The email" : remarkOn(view));
  showSize(edition, newsletter.limit);
  reader.showFields(newsletter, edition);
  reader.name();
  byId("path").textContent = issue?.path ?? "";
  byId("words").textContent = edition ? `${counted(edition.words, "word")}, ${edition.minutes} min` : "";
  byId("fingerprint").textContent = edition?.fingerprint.slice(0, 12) ?? "";
  byId("alone").hidden = !edition;
  /** @type {HTMLAnchorElement} */ (byId("alone")).href = frameAddress(view);
  if (asEmail) frame.lay();
  showTitle();
}

/** @type {Record<Severity, number> | null} */
let counts = null;

/** @param {Record<Severity, number> | null} now */
function showCounts(now) {
  const before = counts;
  counts = now;
  const tally = document.querySelector("#show-inspector .tally");
  if (tally) {
    tally.textContent = counts ? String(counts.error + counts.warning || "") : "";
    tally.className = `tally ${counts?.error ? "error" : "warning"}`;
  }
  showTitle();
  if (counts && JSON.stringify(before) !== JSON.stringify(counts)) announce(sayCounts(counts) || "All clear");
}

/** @param {Record<Severity, number>} of */
function sayCounts(of) {
  const said = [of.error ? counted(of.error, "error") : "", of.warning ? counted(of.warning, "warning") : ""];
  return said.filter(Boolean).join(", ");
}

function showTitle() {
  const words = [counts ? sayCounts(counts) : "", issue?.edition?.subject ?? store.view.issue, newsletter?.name ?? "digest preview"];
  document.title = words.filter(Boolean).join(" · ");
}

/** Set the controls as the view has it. */
function showControls() {
  const { view } = store;
  for (const control of tools.querySelectorAll("input")) {
    if (control.type === "radio" && control.name === "view") control.checked = control.value === view.view;
    if (control.type === "radio" && control.name === "scheme") control.checked = control.value === view.scheme;
    if (control.name === "images") control.checked = view.images;
  }
}

async function fetchAll() {
  newsletter = await fetchNewsletter();
  const { issue: wanted } = store.view;
  if (!newsletter.issues.some(({ slug }) => slug === wanted)) {
    if (wanted) tell(`There is no issue “${wanted}” here`);
    store.set({ issue: newsletter.issues[0]?.slug ?? "" });
  }
  byId("newsletter").textContent = newsletter.name;
  byId("test").hidden = !newsletter.can_test;
  byId("reader-combo").hidden = !newsletter.can_choose_reader;
  issues.show(newsletter);
  show();
}
const fetchAllSoon = settle(150, () => void fetchAll().catch(() => {}));

store.listen((view, before) => {
  const address = writeAddress(view);
  const moved = view.issue !== before.issue || view.view !== before.view;
  if (address !== location.pathname + location.search) history[moved && before.issue ? "pushState" : "replaceState"](null, "", address);
});
store.listen((view, before) => {
  showControls();
  frame.resize(view.width);
  if (view.issue !== before.issue) {
    frame.turn();
    findings.clear();
    drawers.close();
    issues.draw();
  }
  if (!readsAlike(view, before)) refresh();
  else if (view.scheme !== before.scheme || view.images !== before.images) showFrame();
  show();
});
window.addEventListener("popstate", () => store.set(readAddress(location.search)));

tools.addEventListener("submit", (event) => event.preventDefault());
tools.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  if (target.name === "view") store.set({ view: /** @type {Kind} */ (target.value) });
  if (target.name === "scheme") store.set({ scheme: /** @type {Scheme} */ (target.value) });
  if (target.name === "width") store.set({ width: WIDTHS[target.value] });
  if (target.name === "images") store.set({ images: target.checked });
});

/** @returns {import("./commands.js").Command[]} */
function commandsOfThePage() {
  const widths = Object.values(WIDTHS);
  const names = ["Email", "Text part", "HTML source", "Headers", "Raw message", "Inbox"];
  return [
    { id: "palette", name: "Commands, issues, readers", keys: modK(), act: showPalette },
    { id: "next", name: "Next issue", keys: "j", act: () => issues.move(1) },
    { id: "previous", name: "Previous issue", keys: "k", act: () => issues.move(-1) },
    { id: "filter", name: "Filter issues", keys: "/", act: () => drawers.reveal("issues", "filter") },
    ...KINDS.map((kind, at) => ({ id: kind, name: `Show: ${names[at]}`, keys: String(at + 1), act: () => store.set({ view: kind }) })),
    { id: "width", name: "Width: phone, tablet, desktop", keys: "w", act: () => store.set({ width: after(widths, store.view.width) }) },
    { id: "scheme", name: "Colours: light, dark, inverted, partial", keys: "d", act: () => store.set({ scheme: after(SCHEMES, store.view.scheme) }) },
    { id: "images", name: "Images on or off", keys: "i", act: () => store.set({ images: !store.view.images }) },
    { id: "reader", name: "Choose a reader", keys: "r", act: () => drawers.reveal("inspector", "reader") },
    { id: "test", name: "Send a test to yourself", keys: "t", act: test },
    { id: "edit", name: "Open the issue in the editor", keys: "e", act: () => void openPlace({ path: issue?.path ?? "", line: 1, column: 1 }) },
    { id: "alone", name: "Open the email in a tab", keys: "o", act: () => byId("alone").click() },
    { id: "copy", name: "Copy what is shown", keys: "c", act: copyShown },
    { id: "help", name: "Keyboard shortcuts", keys: "?", act: () => /** @type {HTMLDialogElement} */ (byId("help")).showModal() },
  ];
}
const press = bindCommands(commandsOfThePage());

/**
 * @template Thing
 * @param {Thing[]} things
 * @param {Thing} thing
 */
function after(things, thing) {
  return things[(things.indexOf(thing) + 1) % things.length];
}

function showPalette() {
  drawers.close();
  openPalette();
}

function test() {
  if (!newsletter?.can_test || !issue?.edition) return tell("There is nothing to send yet");
  const { reader, fields } = store.view;
  const filled = reader || Object.keys(fields).length ? "filled as you chose here" : "filled for whoever has that address";
  openTrial(`“${issue.edition.subject}”, marked [Test], leaves through ${newsletter.provider}, ${filled}.`);
}

async function copyShown() {
  if (!issue?.edition) return;
  const done = await copy(textOf(store.view.view, issue.edition));
  tell(done ? "Copied" : "The browser does not let us copy here");
}

/** @returns {import("./options.js").Option[]} */
function listCommands() {
  return commandsOfThePage().filter(({ id }) => id !== "palette").map(({ name, keys, act }) => ({ name, keys, choose: act }));
}

/** @returns {import("./options.js").Option[]} */
function listIssues() {
  return (newsletter?.issues ?? []).map((entry) => ({ name: nameOf(entry), note: entry.slug, choose: () => store.set({ issue: entry.slug }) }));
}

/**
 * @param {string} letters
 * @returns {Promise<import("./options.js").Option[]>}
 */
async function listReaders(letters) {
  if (!newsletter?.can_choose_reader) return [];
  const { readers } = await findReaders(letters, 5).catch(() => ({ readers: [] }));
  return readers.map((found) => ({ name: found.email, note: found.name, choose: () => reader.choose(found) }));
}

listen({
  issue(slug, revision) {
    if (slug === store.view.issue) refresh(revision);
    fetchAllSoon();
  },
  newsletter() {
    fetchAllSoon();
    if (store.view.reader) refresh(); // whose values may be others now
  },
  back() {
    fetchAllSoon();
    refresh();
  },
});
if (store.view.issue) history.replaceState(null, "", writeAddress(store.view)); // spelled as we do, so that going back finds it
showControls();
frame.resize(store.view.width);
refresh();
fetchAll().catch(() => tell("Waiting for digest preview"));
