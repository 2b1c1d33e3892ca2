// From the pointer to the focus: which step of which sequence is under it, in each kind of view.
import { byId } from "../core/dom.mjs";
import { whenReady } from "../core/page.mjs";
import { plot, trace } from "../core/plots.mjs";
import * as steps from "../core/steps.mjs";
import { select } from "../core/stores.mjs";
import * as focus from "../state/focus.mjs";
import { cloud } from "./cloud.mjs";
import * as highlight from "./highlight.mjs";
import * as tooltip from "./tooltip.mjs";

const CLICK = 4; // CSS pixels that the pointer may move during a click
const DOUBLE = 320; // ms between the clicks of a double click
const NEAR_SEGMENT = 5; // CSS pixels
const ON_SEGMENT = 2.5; // CSS pixels: not only near it
let press = null;
let lastClick = { time: 0, x: 0, y: 0 };

// Position within the plot area of a figure, in pixels of its axes; null outside.
function within(figure, event) {
  const drawn = plot(figure);
  const axes = drawn?._fullLayout;
  if (!axes?.xaxis || !axes.yaxis) return null;
  const { left, top } = drawn.getBoundingClientRect();
  const x = event.clientX - left - axes.xaxis._offset;
  const y = event.clientY - top - axes.yaxis._offset;
  const inside = x >= 0 && y >= 0 && x <= axes.xaxis._length && y <= axes.yaxis._length;
  return inside ? { x, y, ...axes } : null;
}

function stepUnder(figure, event) {
  const sequence = steps.index();
  const at = sequence === null ? null : within(figure, event);
  if (!at) return null;
  const step = Math.round(at.xaxis.p2l(at.x));
  if (step < 0 || step >= steps.count()) return null;
  const detail = (DETAILS[figure] ?? (() => undefined))(step, at, figure);
  const from = figure === "distances" && step > 0;
  return { sequence, step, ...(from && { from }), ...(detail && { detail }) };
}

// What only one view knows of a step: the EP of the class in this row, the value of the unit in this row.
const DETAILS = {
  "ep-heatmap": (step, { y, yaxis }) => {
    const k = Math.round(yaxis.p2l(y));
    if (steps.meta().language) return undefined; // the tooltip has all of it
    const shares = steps.ep(step);
    const { className } = tooltip;
    return k >= 0 && k < shares.length ? ["EP of", [...className(k), ` ${shares[k].toFixed(3)}`]] : undefined;
  },
  "unit-activity": (step, { y, yaxis }, figure) => {
    const units = trace(plot(figure), "units");
    const row = Math.round(yaxis.p2l(y));
    const value = units?.z?.[row]?.[step];
    return value === undefined ? undefined : [`unit ${units.customdata[row]}`, value.toFixed(3)];
  },
};

function inCloud(event) {
  const at = within("projection", event);
  if (!at || !cloud) return null;
  const state = cloud.stateUnder(event);
  if (state && !state.at) return state; // of the selected sequence
  return segmentUnder(at, state ? ON_SEGMENT : NEAR_SEGMENT) ?? state; // it is drawn above all other states
}

// The segment of the trajectory within reach of the pointer.
function segmentUnder({ x, y, xaxis, yaxis }, reach) {
  const sequence = steps.index();
  const line = sequence === null ? null : trace(plot("projection"), "steps");
  if (!line) return null;
  let found = 0;
  let nearest = reach;
  let [x0, y0] = [0, 0];
  for (let step = 0; step < line.x.length; step++) {
    const [x1, y1] = [xaxis.d2p(line.x[step]), yaxis.d2p(line.y[step])];
    if (step > 0) {
      const [dx, dy] = [x1 - x0, y1 - y0];
      const along = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy || 1);
      const share = Math.min(1, Math.max(0, along));
      const away = Math.hypot(x0 + share * dx - x, y0 + share * dy - y);
      if (away < nearest) [found, nearest] = [step, away];
    }
    [x0, y0] = [x1, y1];
  }
  return found ? { sequence, step: found, from: true } : null;
}

function inText(event) {
  const token = event.target.closest?.("[data-step]");
  const sequence = steps.index();
  return token && sequence !== null ? { sequence, step: Number(token.dataset.step) } : null;
}

function under(view, event) {
  if (view === "projection") return inCloud(event);
  return view === "token-strip" ? inText(event) : stepUnder(view, event);
}

function moved(view, event) {
  if (event.buttons) return leave(); // something is being dragged
  const found = under(view, event);
  if (view === "projection") plot(view).classList.toggle("on-state", found !== null);
  if (!found) return leave();
  focus.point(found);
  tooltip.show(found, event);
  if (view !== "token-strip" && !found.at) highlight.reveal();
}

function leave() {
  focus.point(null);
  tooltip.hide();
}

function clicked(view, event) {
  const { time, x, y } = lastClick;
  lastClick = { time: event.timeStamp, x: event.clientX, y: event.clientY };
  const apart = Math.hypot(event.clientX - x, event.clientY - y);
  if (event.timeStamp - time < DOUBLE && apart < 2 * CLICK) {
    if (view !== "projection") focus.pin(null); // a double click resets the zoom and pins nothing
    return;
  }
  const found = under(view, event);
  if (!found) return;
  const { sequence, step } = found;
  const pinned = focus.pinned();
  const again = pinned?.sequence === sequence && pinned.step === step && sequence === steps.index();
  focus.pin(again ? null : found);
  if (view !== "projection" || (sequence === steps.index() && !again)) return;
  select(sequence, { step }); // another sequence, or the same state again: lets go of its sequence
}

function watch(view, element) {
  element.addEventListener("pointermove", (event) => moved(view, event));
  element.addEventListener("pointerleave", leave);
  element.addEventListener(
    "pointerdown",
    ({ button, clientX, clientY }) => {
      press = button === 0 ? { view, x: clientX, y: clientY } : null;
    },
    true,
  );
}

// Plotly covers the page while the button is down, so the release is seen by the window only.
function released(event) {
  const { view, x, y } = press ?? {};
  press = null;
  if (!view || Math.hypot(event.clientX - x, event.clientY - y) > CLICK) return;
  const mode = view === "projection" ? plot(view)._fullLayout.dragmode : "pan";
  if (view !== "token-strip" || !String(getSelection())) if (mode) clicked(view, event);
}

export function start() {
  addEventListener("pointerup", released, true);
  whenReady(() => {
    for (const frame of document.querySelectorAll("[data-frame]")) {
      const view = frame.dataset.frame;
      if (!["class-overview", "confusion-matrix"].includes(view)) watch(view, frame);
    }
    watch("token-strip", byId("token-strip"));
  });
}
