// The panel of similar states: those nearest to the pinned step in the original space, of other sequences.
import { byId, make } from "../core/dom.mjs";
import { bindKeys, onEscape } from "../core/keys.mjs";
import { onPlotted, whenReady } from "../core/page.mjs";
import { ask, messageOf, pathOf } from "../core/server.mjs";
import * as steps from "../core/steps.mjs";
import { select } from "../core/stores.mjs";
import * as focus from "../state/focus.mjs";
import * as highlight from "../views/highlight.mjs";
import * as tooltip from "../views/tooltip.mjs";
import { onOpening, tellOpening } from "./one-at-a-time.mjs";

const PAUSE = 100; // ms of rest before the server is asked: a held arrow key passes over steps

let asked; // address of what the panel shows or waits for
let waiting = null; // AbortController of the question under way
let timer = 0;
let clicked = null; // the state that a click is on its way to

const panel = () => byId("neighbours");
const isOpen = () => !panel().hidden;

const say = (...parts) => byId("neighbours-of").replaceChildren(...parts);
const list = (...lines) => {
  focus.point(null); // the line that the pointer was on is gone
  byId("neighbour-list").replaceChildren(...lines);
};

// Where the neighbours of the pinned step are asked for; null where none is, undefined while it is on its way.
function address() {
  const pinned = focus.pinned();
  if (!pinned) return null;
  if (pinned.sequence !== steps.index()) return undefined;
  const row = steps.row(pinned.step);
  const { cloud, edition } = steps.meta();
  const [run, layer, projection] = cloud.split("/");
  return `neighbours/${pathOf(run, layer, row)}?${new URLSearchParams({ projection, edition })}`;
}

function follow() {
  if (!isOpen()) return;
  const next = address();
  if (next === undefined || next === asked) return;
  waiting?.abort();
  clearTimeout(timer);
  asked = next;
  panel().setAttribute("aria-busy", String(next !== null));
  if (next) timer = setTimeout(load, PAUSE, next);
  else {
    list();
    say("Click a word or a state, or go there by ← and →: the states most like it appear here.");
  }
}

async function load(from) {
  const { sequence, step } = focus.pinned() ?? {};
  waiting = new AbortController();
  try {
    const answer = await ask(from, { signal: waiting.signal });
    if (from !== asked) return;
    if (!answer.ok) throw new Error((await answer.text()).trim());
    const found = await answer.json();
    if (from === asked) draw(sequence, step, found);
  } catch (error) {
    if (from !== asked) return;
    list();
    say(messageOf(error));
  }
  if (from === asked) panel().setAttribute("aria-busy", "false");
}

function draw(sequence, step, found) {
  const word = make("strong", { dir: "auto" }, steps.token(step));
  const rest = ` (sequence ${sequence}, step ${step}): the nearest state of each sequence, by distance between all hidden units`;
  say("Most like ", word, found.length ? rest : ": there is no other sequence.");
  list(...found.map(line));
}

function context({ before, token, after, starts, ends }) {
  const words = make("span", { class: "neighbour-words", dir: "auto" });
  if (before.length) words.append(`${starts ? "" : "… "}${before.join(" ")} `);
  words.append(make("strong", {}, token));
  if (after.length) words.append(` ${after.join(" ")}${ends ? "" : " …"}`);
  return words;
}

function classWords({ label, predicted, confidence }) {
  const { className } = tooltip;
  return [
    ...(steps.meta().numbers ? [] : [make("span", {}, "class ", ...className(label))]),
    make("span", {}, "EP ", ...(predicted === null ? ["none"] : className(predicted, confidence))),
  ];
}

// Of a language model: what came next, and what was expected most.
function nextWords({ came, top: [[first, share]] }) {
  const next = came ? [make("bdi", {}, came.token), ` · rank ${came.rank.toLocaleString("en")}`] : ["not known"];
  return [make("span", {}, "next ", ...next), make("span", {}, "expected ", make("bdi", {}, first), ` ${tooltip.percent(share)}`)];
}

function line(state) {
  const { distance, share } = state;
  const far = make("span", { class: "neighbour-distance" }, distance.toFixed(distance < 10 ? 3 : 1));
  if (share !== null) far.title = `${(100 * share).toFixed(1)} % of the largest distance between two steps of this run`;
  const facts = make(
    "span",
    { class: "neighbour-facts" },
    ...(state.top ? nextWords(state) : classWords(state)),
    make("span", {}, `sequence ${state.sequence}, step ${state.step}`),
  );
  const { sequence, step, row, x, y } = state;
  const ring = () => focus.point({ sequence, step, row, at: [x, y] });
  const leave = () => focus.point(null);
  const follows = { pointerenter: ring, pointerleave: leave, focus: ring, blur: leave, click: () => go(sequence, step) };
  return make("li", {}, make("button", { type: "button", class: "neighbour", ...follows }, context(state), far, facts));
}

// Selects the sequence of a state and pins its step.
function go(sequence, step) {
  clicked = { sequence, step };
  focus.point(null);
  focus.pin({ sequence, step });
  select(sequence, { step, keep: true });
}

function arrived() {
  if (clicked?.sequence !== steps.index()) return;
  clicked = null;
  setTimeout(highlight.reveal, PAUSE); // the text is scrolled to its start first
}

function show(open) {
  if (open) tellOpening("neighbours");
  panel().hidden = !open;
  byId("show-neighbours").setAttribute("aria-expanded", String(open));
  if (open) follow();
  else {
    waiting?.abort();
    clearTimeout(timer);
    asked = undefined; // asked again when it is opened again
    focus.point(null);
  }
}

// Whether there was something to close.
function close() {
  const was = isOpen();
  if (was) show(false);
  return was;
}

export function start() {
  focus.onPin(follow);
  onPlotted((view) => {
    if (view !== "projection") return;
    follow();
    arrived();
  });
  onOpening((panel) => panel !== "neighbours" && close());
  onEscape(close);
  bindKeys({ s: () => show(!isOpen()) });
  whenReady(() => {
    byId("show-neighbours").addEventListener("click", () => show(!isOpen()));
    byId("close-neighbours").addEventListener("click", () => {
      close();
      byId("show-neighbours").focus();
    });
  });
}
