// The focus as it is seen, in all views at once: columns, rings, outlines.  No request, no new figure: what is
// shown lies in a layer above each figure.
import { byId, make, makeSvg } from "../core/dom.mjs";
import { onPlotted } from "../core/page.mjs";
import { onPlot, overlay, plot, projectionLayer } from "../core/plots.mjs";
import * as steps from "../core/steps.mjs";
import * as focus from "../state/focus.mjs";
import * as tooltip from "./tooltip.mjs";

const STEP_FIGURES = ["ep-heatmap", "distances", "confidence", "unit-activity"];
const LEAST_COLUMN = 3; // CSS pixels

let marked = []; // elements that carry a class for the focus
let marks = null; // of the projection: {segment, before, ring}
const columns = new Map(); // figure -> [column of the step before, column of the step]

function columnsOf(figure) {
  if (!columns.has(figure)) {
    const made = ["before", "now"].map((which) => make("div", { class: `column ${which}`, hidden: true }));
    overlay(figure).prepend(...made);
    columns.set(figure, made);
  }
  return columns.get(figure);
}

function marksOf() {
  if (marks) return marks;
  const shape = (tag, name, more) => makeSvg(tag, { class: name, style: "display: none", ...more });
  marks = {
    segment: shape("line", "focus-segment", {}),
    before: shape("circle", "focus-ring before", { r: 7 }),
    ring: shape("circle", "focus-ring", { r: 8 }),
  };
  projectionLayer("focus").append(...Object.values(marks));
  return marks;
}

function place(column, figure, step) {
  const { xaxis, yaxis } = plot(figure)._fullLayout;
  const left = Math.max(0, xaxis.d2p(step - 0.5));
  const right = Math.min(xaxis._length, xaxis.d2p(step + 0.5));
  column.hidden = !(right > left);
  if (column.hidden) return;
  const width = Math.max(right - left, LEAST_COLUMN);
  column.style.transform = `translate(${xaxis._offset + (left + right - width) / 2}px, ${yaxis._offset}px)`;
  column.style.width = `${width}px`;
  column.style.height = `${yaxis._length}px`;
}

function showInFigure(figure, shown) {
  const [before, now] = columnsOf(figure);
  const ready = shown && plot(figure)?._fullLayout?.xaxis;
  if (!ready) {
    before.hidden = now.hidden = true;
    return;
  }
  place(now, figure, shown.step);
  if (shown.from) place(before, figure, shown.step - 1);
  else before.hidden = true;
}

function ring(circle, point) {
  circle.style.display = point ? "" : "none";
  if (!point) return;
  circle.setAttribute("cx", point[0]);
  circle.setAttribute("cy", point[1]);
}

function showInProjection(shown, own) {
  const { segment, before, ring: now } = marksOf();
  const end = shown && onPlot(own ? steps.point(shown.step) : shown.at);
  const start = shown?.from && own ? onPlot(steps.point(shown.step - 1)) : null;
  ring(now, end);
  ring(before, start);
  segment.style.display = start && end ? "" : "none";
  if (start && end) {
    ["x1", "y1"].forEach((name, k) => segment.setAttribute(name, start[k]));
    ["x2", "y2"].forEach((name, k) => segment.setAttribute(name, end[k]));
  }
}

function mark(element, name) {
  if (!element) return;
  element.classList.add(name);
  marked.push([element, name]);
}

function showInText(shown, own) {
  for (const [element, name] of marked) element.classList.remove(name);
  marked = [];
  if (!shown) return;
  if (own) {
    mark(steps.element(shown.step), "focus");
    if (shown.from) mark(steps.element(shown.step - 1), "focus-before");
  }
  mark(document.querySelector(`#sequence-table .ag-row[row-id="${shown.sequence}"]`), "focus");
}

export function draw() {
  const shown = focus.shown();
  const own = focus.isOwn(shown);
  for (const figure of STEP_FIGURES) showInFigure(figure, own ? shown : null);
  showInProjection(shown, own);
  showInText(shown, own);
  if (focus.isStale()) tooltip.hide();
}

// The token of the focus, brought into sight.
export function reveal() {
  const shown = focus.shown();
  const token = shown && steps.element(shown.step);
  const strip = byId("token-strip");
  if (!token) return;
  const [inner, outer] = [token.getBoundingClientRect(), strip.getBoundingClientRect()];
  if (inner.top < outer.top) strip.scrollTop -= outer.top - inner.top + 4;
  else if (inner.bottom > outer.bottom) strip.scrollTop += inner.bottom - outer.bottom + 4;
  if (inner.left < outer.left) strip.scrollLeft -= outer.left - inner.left + 4;
  else if (inner.right > outer.right) strip.scrollLeft += inner.right - outer.right + 4;
}

export function start() {
  focus.onFocus(draw);
  onPlotted(draw); // a figure is new, zoomed or resized
}
