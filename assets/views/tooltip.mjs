// The tooltip: one for all views that show steps, in one layout.  Everything in it is text, never markup.
import { byId, make } from "../core/dom.mjs";
import { ask } from "../core/server.mjs";
import * as steps from "../core/steps.mjs";
import * as focus from "../state/focus.mjs";
import * as options from "../state/options.mjs";
import * as rows from "../table/rows.mjs";

const GAP = 14; // CSS pixels between pointer and tooltip
const DWELL = 90; // ms on a state before its word is asked for
const said = new Map(); // address of a state -> what the server said of it
let box = null;
let timer = 0;

export function percent(share) {
  if (share > 0 && share < 0.01) return "< 1 %";
  if (share > 0.99 && share < 1) return "> 99 %";
  return `${(100 * share).toFixed(0)} %`;
}

const words = (...children) => make("strong", { class: "tip-words", dir: "auto" }, ...children);
const where = (text) => make("div", { class: "tip-where" }, text);

// A number; of one that is between both ends the share of the end that it is nearer to says where.
const number = (value) => (value === null || value === undefined ? "none" : Number(value.toPrecision(4)).toLocaleString("en"));

export function className(k, share) {
  const { numbers } = steps.meta();
  if (numbers) return [number(numbers.low + (k === 1 ? share : 1 - share) * (numbers.high - numbers.low))];
  const { classes } = steps.meta();
  const made = make("span", { class: "class-name" }, k < 0 ? "no label" : (classes[k] ?? ""));
  made.style.setProperty("--class", k < 0 ? "var(--class-unknown)" : `var(--class-${k})`);
  return share === undefined ? [made] : [made, ` ${percent(share)}`];
}

export const line = (label, ...children) =>
  make("div", { class: "tip-line" }, make("span", { class: "tip-label" }, label), ...children);

function answerLine(label, answer, why) {
  if (why) return [line(label, "no expected prediction"), where(why)];
  return answer ? [line(label, ...className(answer.winner, answer.share))] : [];
}

// Of a language model: what came next, and the most probable ones.
function nextLines({ came, top = [] } = {}) {
  const share = (p) => (p > 0 && p < 0.001 ? p.toExponential(1) : percent(p));
  const word = (text) => make("bdi", {}, text);
  const lines = came
    ? [line("next", word(came.token), ` · rank ${came.rank.toLocaleString("en")} · ${share(came.probability)}`)]
    : [line("next", "not known")];
  return [...lines, ...top.slice(0, 5).map(([text, p], k) => line(`${k + 1}.`, word(text), ` ${share(p)}`))];
}

const ownAnswer = (label, step) => answerLine(label, steps.answer(step), steps.whyNoEp(step));

function foundAnswer(label, { predicted, confidence }) {
  const { gap } = steps.meta();
  return answerLine(label, { winner: predicted, share: confidence }, predicted === null && (gap || "—"));
}

// Whether the projection was fitted to a state or the state placed into it; nothing where it was to all.
function placeLine(isFitted, { from }) {
  return isFitted === undefined || from ? [] : [line("projection", isFitted ? "fitted" : "placed")];
}

// What the column that colours the states holds; nothing where that is not known here.
function columnLine(row, found) {
  const { "state-colour": colour, "colour-column": chosen } = options.current();
  const columns = colour === "column" ? (steps.meta().columns ?? []) : [];
  const at = columns.findIndex(({ name }) => name === (chosen || columns[0].name));
  if (at < 0) return [];
  const cell = row ? row[`kept-${at}`] : found?.kept?.[columns[at].name];
  return cell === undefined ? [] : [line(columns[at].name, cell === null ? "missing" : String(cell))];
}

function content(shown) {
  const { sequence, step } = shown;
  const own = sequence === steps.index();
  const found = own ? null : said.get(address(shown.row));
  const word = own ? steps.token(step) : (found?.token ?? "…");
  const { unit, labels, numbers, language } = steps.meta();
  const ofSequence = () => (own ? steps.meta().label : (rows.facts(sequence)?.label ?? found?.label));
  const label = language ? undefined : unit === "step" ? (own ? labels[step] : found?.label) : ofSequence();
  const lines = [];
  const cut = (text) => (text.length > 160 ? `${text.slice(0, 160)}…` : text);
  if (shown.from) {
    lines.push(words(cut(steps.token(step - 1)), " → ", cut(word)));
    lines.push(where(`sequence ${sequence} · step ${step - 1} → ${step}`));
    lines.push(line("distance", (steps.distance(step) ?? 0).toFixed(2)));
    if (!language) lines.push(...ownAnswer("from", step - 1), ...ownAnswer("to", step));
  } else {
    lines.push(words(cut(word)));
    const side = own ? steps.side(step) : found?.side;
    lines.push(where(`sequence ${sequence} · step ${step}${side ? ` · ${side}` : ""}`));
    const called = numbers ? "answer" : "classified";
    if (own && !language) lines.push(...ownAnswer(called, step));
    else if (found && !language) lines.push(...foundAnswer(called, found));
  }
  if (language && (own || found)) lines.push(...nextLines(own ? steps.expected(step) : found));
  const truth = own ? numbers?.truth : found?.truth;
  if (numbers && truth !== undefined) lines.push(line("label", number(truth)));
  else if (label !== undefined && !numbers) lines.push(line("class", ...className(label)));
  lines.push(...columnLine(own ? rows.facts(sequence) : null, found));
  lines.push(...placeLine(own ? steps.isFitted(step) : found?.fitted, shown));
  if (shown.detail) lines.push(line(shown.detail[0], ...[shown.detail[1]].flat()));
  return lines;
}

function move({ clientX, clientY }) {
  const { offsetWidth: width, offsetHeight: height } = box;
  const right = clientX + GAP + width <= innerWidth - 4;
  const left = right ? clientX + GAP : Math.max(4, clientX - GAP - width);
  const top = Math.min(Math.max(4, clientY + GAP), innerHeight - height - 4);
  box.style.transform = `translate(${left}px, ${top}px)`;
}

function put(parts, event) {
  if (!box) {
    box = make("div", { id: "tooltip", hidden: true, role: "tooltip" });
    byId("page").append(box); // where the colours of the classes are
  }
  box.replaceChildren(...parts);
  box.hidden = false;
  move(event);
}

export function show(shown, event) {
  put(content(shown), event);
  clearTimeout(timer);
  const key = address(shown.row);
  if (shown.row !== undefined && shown.sequence !== steps.index() && !said.has(key)) {
    timer = setTimeout(() => look(key, shown, event), DWELL);
  }
}

// A row is another state in another edition of the run.
function address(row) {
  const { run, edition, layer, projection, fitted } = steps.meta();
  const query = new URLSearchParams(fitted ? { edition, layer, projection } : { edition });
  return `state/${encodeURIComponent(run)}/${row}?${query}`;
}

// The word of a state that is not of the selected sequence: the only thing that the page does not hold.
async function look(key, shown, event) {
  try {
    const answer = await ask(key);
    if (!answer.ok) return;
    if (said.size > 5000) said.clear();
    said.set(key, await answer.json());
  } catch {
    return; // the server is away: the tooltip stays without the word
  }
  if (!box.hidden && focus.shown()?.row === shown.row) show(shown, event);
}

// A tooltip of lines made by `line`, for views that show no steps.
export const say = (title, lines, event) => put([words(title), ...lines], event);

export function hide() {
  clearTimeout(timer);
  if (box) box.hidden = true;
}
