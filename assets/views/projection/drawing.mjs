// How the cloud is drawn: as dots or by cells.  The server decides where that is left to it, and says so with each
// image; here it is said in the head, beside what the colours mean, and the other way is one click away.
import { setControl } from "../../core/controls.mjs";
import { byId, make } from "../../core/dom.mjs";
import { whenReady } from "../../core/page.mjs";

const SHORT = 5; // characters of a tick that has room at the ends of a scale
const OPTION = "state-drawing";

const NOTES = { ep: "mean by cell; pale: few states", class: "share by cell; pale: few states" };
const UNTOLD = "The server does not say what the colours mean";

let told = null; // {drawn, auto, tells, states, shown, scale, groups} of the image on the page

// What the answer with an image says of how it is drawn; null where nothing.
export const read = (answer) => JSON.parse(answer.headers.get("X-Drawn"));

export const now = () => told;
export const drawn = () => told?.drawn ?? "dots";

const number = (count) => count.toLocaleString("en");

function bar({ colours, ticks }) {
  const ramp = make("div", { class: "scale-colours" });
  ramp.style.background = `linear-gradient(90deg, ${colours.join(", ")})`;
  const marks = ticks.map(([place, text]) => {
    const mark = make("span", {}, text);
    mark.style.left = `${100 * place}%`;
    if (text.length > SHORT && place === 0) mark.style.transform = "translateX(-1em)"; // it would be cut off
    if (text.length > SHORT && place === 1) mark.style.transform = "translateX(calc(1.6em - 100%))";
    return mark;
  });
  return make("div", { class: "scale-bar" }, ramp, make("div", { class: "scale-ticks" }, ...marks));
}

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

// The colours of categories, each with the sequences that have it.
function groupList(groups) {
  const items = groups.map(({ label, colour, sequences }) => {
    const name = make("span", { class: "class-name", dir: "auto", title: `${label}: ${number(sequences)} sequence${sequences === 1 ? "" : "s"}` }, label);
    name.style.setProperty("--class", colour);
    return make("span", { class: "scale-group" }, name, make("span", { class: "number" }, number(sequences)));
  });
  return make("div", { class: "scale-groups" }, ...items);
}

// What the colours of an image mean, as parts of a line: for the legend of a picture.
export function legendText(how, answers, classes) {
  if (!how) return [UNTOLD];
  if (how.scale) return [scaleText(how.scale)];
  if (how.groups) return how.groups.map(({ label, colour, sequences }) => `<span style="color:${colour}">●</span> ${escape(label)} (${number(sequences)})`);
  return [...(how.tells === "answers" ? answers : classes), ...(NOTES[how.drawn] ? [NOTES[how.drawn]] : [])];
}

function scaleText(scale) {
  const middle = scale.colours[(scale.colours.length - 1) / 2];
  const colourAt = (place) => (place === 0.5 ? middle : scale.colours[Math.round(place * (scale.colours.length - 1))]);
  const ticks = scale.ticks.map(([place, text]) => `<span style="color:${colourAt(place)}">■</span> ${text}`);
  return `${ticks.join("   ")}   ${escape(scale.label)}`;
}

// Says how the image that is now on the page is drawn; of null, that nobody knows.
export function tell(how) {
  told = how;
  const isCells = drawn() !== "dots";
  Object.assign(byId("legend").dataset, { tells: how?.tells ?? "", drawn: drawn(), note: NOTES[drawn()] ?? "" });
  const button = byId("draw-cells");
  button.setAttribute("aria-pressed", String(isCells));
  button.title = isCells
    ? `${number(how.shown)} states ${how.shown === how.states ? "" : "kept and "}in sight, by cells of a few pixels. Click: a dot for each`
    : "Cells of a few pixels in place of dots: how many states there are";
  const named = (text) => make("span", { class: "scale-label", title: how && isCells ? button.title : text }, text);
  const scale = how?.scale ? [bar(how.scale), named(how.scale.label)] : how?.groups ? [groupList(how.groups)] : [];
  byId("scale").replaceChildren(...(how ? scale : [named(UNTOLD)]));
}

// Back to what is automatic, where that is the other way.
function toggle() {
  if (!told) return;
  const isCells = (how) => how !== "dots";
  const other = isCells(told.drawn) ? "dots" : "density";
  setControl(OPTION, { value: isCells(told.auto) === isCells(told.drawn) ? other : "auto" });
}

export function start() {
  whenReady(() => byId("draw-cells").addEventListener("click", toggle));
}
