// How the cloud is drawn: as dots or by cells.  The server decides where that is left to it, and says so with each
// image; here it is said in the head, beside what the colours mean, and the other way is one click away.
import { setControl } from "../../core/controls.mjs";
import { byId, make } from "../../core/dom.mjs";
import { whenReady } from "../../core/page.mjs";

const OPTION = "state-drawing";

let told = null; // {drawn, auto, states, shown, scale} of the image on the page

export const drawn = () => told?.drawn ?? "dots";

const number = (count) => count.toLocaleString("en");

function bar({ colours, ticks }) {
  const ramp = make("div", { class: "scale-colours" });
  ramp.style.background = `linear-gradient(90deg, ${colours.join(", ")})`;
  const marks = ticks.map(([place, text]) => {
    const mark = make("span", {}, text);
    mark.style.left = `${100 * place}%`;
    return mark;
  });
  return make("div", { class: "scale-bar" }, ramp, make("div", { class: "scale-ticks" }, ...marks));
}

// What the colours mean, as text: for the legend of a picture.
export function scaleText() {
  const scale = told?.scale;
  if (!scale) return null;
  const middle = scale.colours[(scale.colours.length - 1) / 2];
  const colourAt = (place) => (place === 0.5 ? middle : scale.colours[Math.round(place * (scale.colours.length - 1))]);
  const ticks = scale.ticks.map(([place, text]) => `<span style="color:${colourAt(place)}">■</span> ${text}`);
  return `${ticks.join("   ")}   ${scale.label}`;
}

// Says how the image that is now on the page is drawn.
export function tell(how) {
  told = how;
  const isCells = how.drawn !== "dots";
  byId("legend").dataset.drawn = how.drawn;
  const button = byId("draw-cells");
  button.setAttribute("aria-pressed", String(isCells));
  button.title = isCells
    ? `${number(how.shown)} states ${how.shown === how.states ? "" : "kept and "}in sight, by cells of a few pixels. Click: a dot for each`
    : "Cells of a few pixels in place of dots: how many states there are";
  const label = how.scale && make("span", { class: "scale-label", title: button.title }, how.scale.label);
  byId("scale").replaceChildren(...(how.scale ? [bar(how.scale), label] : []));
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
