// Words in the projection: at jumps, changes of confidence and changes of the winning class.
// Of the selected sequence they are found here; of all sequences, for the visible range, by the server.
// Words are placed strongest first, where they cover no other: after an event to the right of its state, before
// it to the left.
import { byId, makeSvg, typeScale } from "../core/dom.mjs";
import { notice, onPlotted, whenReady } from "../core/page.mjs";
import { onPlot, plot, projectionLayer } from "../core/plots.mjs";
import { ask, cloudPath } from "../core/server.mjs";
import * as steps from "../core/steps.mjs";
import { subscribe } from "../core/stores.mjs";
import * as filter from "../state/filter.mjs";
import * as options from "../state/options.mjs";
import { selectedSequence } from "../state/selection.mjs";

const PAUSE = 140; // ms of rest before the words of all sequences are asked for
const GAP = 9; // CSS pixels between a state and its word
const HEIGHT = 14; // in ordinary type
const TYPE = 11.5; // CSS pixels, in ordinary type
const MARGIN = 2; // between words
const LONGEST = 22; // characters
const KINDS = ["jump-words", "change-words", "flip-words"];

let candidates = []; // {x, y, token, side, strength, sequence, step}, strongest first
let placed = []; // what of them is on the page: {…, left, top, text, anchor}
let timer = 0;
let frame = 0;
let key = "";
let pen = null; // measures the words
let asked = new AbortController();

const enabled = (chosen) => KINDS.some((kind) => chosen[kind]?.length);

// Of the selected sequence: each step that an enabled kind picks, with the strength of the event.
function ownWords(chosen) {
  const ofClass = chosen["change-class"];
  const found = [];
  for (let step = 1; step < steps.count(); step++) {
    const [earlier, later] = [steps.ep(step - 1), steps.ep(step)];
    const known = later.length > 0 && earlier.length > 0;
    const changes = known ? later.map((share, k) => Math.abs(share - earlier[k])) : [];
    const largest = Math.max(0, ...changes);
    const change = ofClass === "any" ? largest : (changes[Number(ofClass)] ?? 0);
    const flipped = known && steps.answer(step).winner !== steps.answer(step - 1).winner;
    const jump = steps.distance(step);
    const events = [
      ["jump-words", jump >= chosen["distance-threshold"], jump],
      ["change-words", known && change >= chosen["change-threshold"], change],
      ["flip-words", flipped, largest],
    ];
    for (const [side, at] of [["after", step], ["before", step - 1]]) {
      const strengths = events.filter(([kind, holds]) => holds && chosen[kind].includes(side));
      if (!strengths.length) continue;
      const strength = Math.max(...strengths.map((event) => event[2]));
      const [x, y] = steps.point(at);
      found.push({ x, y, token: steps.token(at), side, strength, sequence: steps.index(), step: at });
    }
  }
  return found.sort((one, other) => other.strength - one.strength);
}

// Of all sequences, the strongest of the visible range.
async function allWords(chosen, layout) {
  const { xaxis, yaxis } = layout;
  const [x0, x1] = xaxis.range;
  const [y0, y1] = yaxis.range;
  const { cloud, edition } = steps.meta();
  const query = new URLSearchParams({ x0, x1, y0, y1, edition });
  query.set("jump", chosen["distance-threshold"]);
  query.set("change", chosen["change-threshold"]);
  if (chosen["change-class"] !== "any") query.set("class", chosen["change-class"]);
  for (const kind of KINDS) {
    for (const side of chosen[kind]) query.set(`${kind.split("-")[0]}_${side}`, 1);
  }
  const parts = filter.current();
  if (Object.keys(parts).length) query.set("filter", JSON.stringify(parts));
  asked.abort();
  asked = new AbortController();
  const answer = await ask(`words/${cloudPath(cloud)}?${query}`, { signal: asked.signal });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

const shorten = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

// Where a word may stand beside its state, the best place first: [dx, dy] of its near end, from the state.
function places(side, scale) {
  const out = side === "after" ? 1 : -1;
  return [[0, 0], [0, -11], [0, 11], [-3, -18], [-3, 18], [4, -25], [4, 25]].map(([dx, dy]) => [
    out * (GAP + dx),
    dy * scale,
  ]);
}

function place(words, layout) {
  const { xaxis, yaxis } = layout;
  const boxes = [];
  const found = [];
  const [scale, height] = [typeScale(), HEIGHT * typeScale()];
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `600 ${TYPE * scale}px ${getComputedStyle(document.body).fontFamily}`;
  const [right, bottom] = [xaxis._offset + xaxis._length, yaxis._offset + yaxis._length];
  const named = new Set(); // a state has one word, though it may be after one event and before another
  for (const word of words) {
    const at = onPlot([word.x, word.y]);
    const state = `${word.sequence} ${word.step}`;
    if (!at || named.has(state)) continue;
    const text = shorten(word.token);
    const width = pen.measureText(text).width;
    for (const [dx, dy] of places(word.side, scale)) {
      const beside = word.side === "after" ? at[0] + dx : at[0] + dx - width;
      const inside = Math.max(xaxis._offset + MARGIN, Math.min(beside, right - width - MARGIN));
      const left = Math.abs(dy) > height ? inside : beside; // above or below its state it may move into the plot
      const top = at[1] + dy - height / 2;
      const box = [left - MARGIN, top - MARGIN, left + width + MARGIN, top + height + MARGIN];
      if (box[0] < xaxis._offset || box[1] < yaxis._offset || box[2] > right || box[3] > bottom) continue;
      if (boxes.some((one) => one[0] < box[2] && box[0] < one[2] && one[1] < box[3] && box[1] < one[3])) continue;
      boxes.push(box);
      named.add(state);
      found.push({ ...word, text, left, top, width, height, at });
      break;
    }
  }
  return found;
}

function draw() {
  const group = projectionLayer("words");
  const layout = plot("projection")?._fullLayout;
  placed = layout?.xaxis ? place(candidates, layout) : [];
  const texts = placed.map(({ text, left, top, height, side, step, sequence, token }) => {
    const what = { "data-step": step, "data-sequence": sequence, "data-token": token };
    return makeSvg("text", { class: `word ${side}`, x: left, y: top + 0.79 * height, ...what }, text);
  });
  group.replaceChildren(...texts);
}

// All that decides which words are shown; "" while the views do not show the selected sequence yet.
function wanted() {
  const { xaxis, yaxis } = plot("projection")._fullLayout;
  const [sequence, { cloud }] = [selectedSequence(), steps.meta()];
  const isShown = sequence === steps.index() && steps.element(steps.count() - 1);
  if (sequence !== null && !isShown) return "";
  return JSON.stringify([sequence, cloud, xaxis.range, yaxis.range, options.current(), filter.current()]);
}

// Looks at what is on the page, and finds the words that belong to it.
function follow() {
  const chosen = options.current();
  const figure = plot("projection");
  if (!figure?._fullLayout?.xaxis || !chosen["flip-words"]) return;
  clearTimeout(timer);
  if (!enabled(chosen)) {
    asked.abort();
    key = "";
    if (candidates.length) {
      candidates = [];
      draw();
    }
    return;
  }
  if (selectedSequence() !== null) {
    asked.abort();
    key = wanted();
    candidates = key ? ownWords(chosen) : [];
    draw();
    return;
  }
  const next = wanted();
  if (next === key) {
    asked.abort(); // of a range that was left again
    draw(); // the same words at other places
    return;
  }
  if (candidates.some((word) => word.sequence === steps.index())) candidates = [];
  draw();
  timer = setTimeout(() => load(next, chosen, figure._fullLayout), PAUSE);
}

async function load(next, chosen, layout) {
  try {
    const found = await allWords(chosen, layout);
    key = next;
    candidates = found;
    draw();
  } catch (error) {
    if (error.name !== "AbortError") notice(`The words could not be found: ${error.message}`);
  }
}

function soon() {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(follow);
}

// What of the words is on the page: {x, y, text, side, left, top, width, height, at, …}.
export const onPage = () => placed;

// Whether the words on the page are those that belong there.
export const isSettled = () => !enabled(options.current()) || (key !== "" && key === wanted());

export function start() {
  onPlotted((view) => ["projection", "ep-heatmap", "distances"].includes(view) && soon());
  for (const store of ["options", "filter", "view", "selection"]) subscribe(store, soon);
  // the text may come after the figures
  whenReady(() => new MutationObserver(soon).observe(byId("token-strip"), { childList: true }));
}
