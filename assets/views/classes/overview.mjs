// The two figures of classes: their tooltips, their numbers, and clicks that keep what they are about.
import { setControl } from "../../core/controls.mjs";
import { byId } from "../../core/dom.mjs";
import { onPlotted, whenReady } from "../../core/page.mjs";
import { plot } from "../../core/plots.mjs";
import { meta } from "../../core/steps.mjs";
import { select, subscribe } from "../../core/stores.mjs";
import * as filter from "../../state/filter.mjs";
import * as options from "../../state/options.mjs";
import * as matrix from "./matrix.mjs";
import * as tooltip from "../tooltip.mjs";

const FIGURES = ["class-overview", "confusion-matrix"];

const count = (n) => `${n.toLocaleString("en")} ${meta().unit}${n === 1 ? "" : "s"}`;

// How many sequences, of which class, classified as what.
function lines([actual, predicted, number, share]) {
  const { line, className } = tooltip;
  const found = [line("class", ...className(actual))];
  if (predicted !== null) found.push(line("classified", ...className(predicted)));
  if (share !== undefined) found.push(line("share", `${tooltip.percent(share)} of the class`));
  return [count(number), [...found, line("click", meta().unit === "step" ? "keeps sequences with such steps" : "keeps these sequences")]];
}

// A sequence of a run of numbers: its label and its answer.
function numberLines([sequence, label, answer]) {
  const { line } = tooltip;
  const written = (value) => Number(value.toPrecision(4)).toLocaleString("en");
  const far = written(Math.abs(answer - label));
  return [`sequence ${sequence}`, [line("label", written(label)), line("answer", written(answer)), line("error", far), line("click", "selects it")]];
}

function show({ points, event }) {
  const [{ customdata }] = points;
  if (customdata && meta().numbers) tooltip.say(...numberLines(customdata), event);
  else if (customdata) tooltip.say(...lines(customdata), event);
}

// A click on a part of a bar or a cell of the matrix keeps its sequences; a second click lets them go.
function clicked(click) {
  const data = click.points?.[0]?.customdata;
  if (data && meta().numbers) select(data[0], { keep: true });
  else if (data) keep(data);
}

function keep([actual, predicted]) {
  const { actual: before, predicted: as } = filter.current();
  const same = before === actual && (as ?? null) === predicted;
  filter.set(same ? { actual: null, predicted: null } : { actual, predicted });
}

// Counts, or shares of the actual class.
function showMatrix() {
  const figure = plot("confusion-matrix");
  const trace = figure?.data?.[0];
  if (!trace?.customdata) return;
  const { width, height } = figure._fullLayout;
  const kind = options.current()["matrix-numbers"] === "shares" ? "shares" : "counts";
  const wanted = matrix.ofFigure(figure, kind, [width, height]);
  const now = { text: [trace.text], texttemplate: trace.texttemplate, "textfont.size": trace.textfont?.size };
  const isNew = ([name, value]) => JSON.stringify(value) !== JSON.stringify(now[name]);
  if (Object.entries(wanted).some(isNew)) Plotly.restyle(figure, wanted);
}

const pairOf = (button) => [button.dataset.actual, button.dataset.predicted].map(Number);

// The list of the most confused pairs: what is kept is pressed.
function showPairs() {
  const { actual, predicted } = filter.current();
  for (const button of byId("confused").querySelectorAll("button[data-actual]")) {
    const [a, k] = pairOf(button);
    button.setAttribute("aria-pressed", String(a === actual && k === predicted));
  }
}

export function start() {
  subscribe("options", showMatrix);
  onPlotted((view) => view === "confusion-matrix" && showMatrix());
  subscribe("filter", showPairs);
  whenReady(() => {
    for (const figure of FIGURES.map(plot)) {
      figure.on("plotly_hover", show);
      figure.on("plotly_unhover", tooltip.hide);
      figure.addEventListener("pointerleave", tooltip.hide);
      figure.on("plotly_click", clicked);
    }
    const pairs = byId("confused");
    pairs.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button?.dataset.class) setControl("class-select", { value: button.dataset.class });
      else if (button) keep(pairOf(button));
    });
    new MutationObserver(showPairs).observe(pairs, { childList: true });
  });
}
