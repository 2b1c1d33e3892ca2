// The two figures of classes: their tooltips, their numbers, and clicks that keep what they are about.
import { onPlotted, whenReady } from "../core/page.mjs";
import { plot } from "../core/plots.mjs";
import { subscribe } from "../core/stores.mjs";
import * as filter from "../state/filter.mjs";
import * as options from "../state/options.mjs";
import * as tooltip from "./tooltip.mjs";

const FIGURES = ["class-overview", "confusion-matrix"];

const count = (n) => `${n.toLocaleString("en")} sequence${n === 1 ? "" : "s"}`;

// How many sequences, of which class, classified as what.
function lines([actual, predicted, number], share) {
  const { line, className } = tooltip;
  const found = [line("class", ...className(actual))];
  if (predicted !== null) found.push(line("classified", ...className(predicted)));
  if (share !== undefined) found.push(line("share", `${tooltip.percent(share)} of the class`));
  return [count(number), [...found, line("click", "keeps these sequences")]];
}

function show({ points, event }) {
  const [{ customdata, z }] = points;
  if (customdata) tooltip.say(...lines(customdata, z), event);
}

// A click on a part of a bar or a cell of the matrix keeps its sequences; a second click lets them go.
function clicked(click) {
  const data = click.points?.[0]?.customdata;
  if (!data) return;
  const [actual, predicted] = data;
  const { actual: before, predicted: as } = filter.current();
  const same = before === actual && (as ?? null) === predicted;
  filter.set(same ? { actual: null, predicted: null } : { actual, predicted });
}

// Counts, or shares of the actual class.
function showMatrix() {
  const figure = plot("confusion-matrix");
  const trace = figure?.data?.[0];
  if (!trace?.text) return; // more classes than numbers have room for
  const template = options.current()["matrix-numbers"] === "shares" ? "%{z:.0%}" : "%{text}";
  if (trace.texttemplate !== template) Plotly.restyle(figure, { texttemplate: template });
}

export function start() {
  subscribe("options", showMatrix);
  onPlotted((view) => view === "confusion-matrix" && showMatrix());
  whenReady(() => {
    for (const figure of FIGURES.map(plot)) {
      figure.on("plotly_hover", show);
      figure.on("plotly_unhover", tooltip.hide);
      figure.addEventListener("pointerleave", tooltip.hide);
      figure.on("plotly_click", clicked);
    }
  });
}
