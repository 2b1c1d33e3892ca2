// The line in `distances` where jumps begin: it follows the option, and can be dragged.
import { setControl } from "../core/controls.mjs";
import { make } from "../core/dom.mjs";
import { onPlotted, whenReady } from "../core/page.mjs";
import { overlay, plot } from "../core/plots.mjs";
import { index } from "../core/steps.mjs";
import { subscribe } from "../core/stores.mjs";
import * as options from "../state/options.mjs";

const OPTION = "distance-threshold";
const isLine = (shape) => shape.name === "threshold";

function show() {
  const figure = plot("distances");
  const threshold = options.current()[OPTION];
  const shapes = figure?.layout?.shapes ?? [];
  const line = shapes.findIndex(isLine);
  if (line < 0 || threshold === undefined || shapes[line].y0 === threshold) return;
  Plotly.relayout(figure, { [`shapes[${line}].y0`]: threshold, [`shapes[${line}].y1`]: threshold });
}

function place(handle) {
  const axes = plot("distances")._fullLayout;
  handle.hidden = !(index() !== null && axes?.shapes?.some(isLine));
  if (handle.hidden) return;
  const { xaxis, yaxis } = axes;
  const top = yaxis._offset + yaxis.d2p(options.current()[OPTION]);
  handle.style.transform = `translate(${xaxis._offset}px, ${top}px)`;
  handle.style.width = `${xaxis._length}px`;
}

function drag({ clientY }) {
  const figure = plot("distances");
  const { yaxis } = figure._fullLayout;
  const y = yaxis.p2l(clientY - figure.getBoundingClientRect().top - yaxis._offset);
  setControl(OPTION, { value: Math.round(100 * Math.min(1, Math.max(0, y))) / 100 });
}

function makeHandle() {
  const handle = make("div", { class: "threshold-handle", title: "Drag: where jumps begin", hidden: true });
  overlay("distances").append(handle);
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    event.stopPropagation();
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => handle.hasPointerCapture(event.pointerId) && drag(event));
  onPlotted((view) => view === "distances" && place(handle));
}

export function start() {
  subscribe("options", show);
  onPlotted((view) => view === "distances" && show());
  whenReady(makeHandle);
}
