// Figures as pictures, drawn again at the size of a publication, in the theme of the page.
import { byId } from "../../core/dom.mjs";
import { plot } from "../../core/plots.mjs";
import * as steps from "../../core/steps.mjs";
import * as options from "../../state/options.mjs";
import { cloud } from "../../views/cloud.mjs";
import * as drawing from "../../views/projection/drawing.mjs";
import * as matrix from "../../views/classes/matrix.mjs";
import * as words from "../../views/words.mjs";

const SCALE = 3; // PNG pixels per pixel of the picture: about 300 per inch
const SIZES = {
  projection: [900, 900],
  "class-overview": [520, 320],
  "confusion-matrix": [460, 400],
  "ep-heatmap": [900, 240],
  distances: [900, 240],
  confidence: [900, 280],
  "unit-activity": [900, 420],
};
export const OF_SEQUENCE = ["ep-heatmap", "distances", "confidence", "unit-activity"];

const RINGS = "○ start (grey) and end (black) of the sequence";

const ground = () => getComputedStyle(document.documentElement).getPropertyValue("--surface").trim();
const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();

const dataUrl = (blob) =>
  new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = failed;
    reader.readAsDataURL(blob);
  });

// A copy of what a figure shows, for Plotly to draw at another size.
function copy(view) {
  const { data, layout } = plot(view);
  const { meta, uirevision, ...rest } = structuredClone({ ...layout, images: [], meta: undefined });
  return {
    data: structuredClone(data),
    layout: { ...rest, paper_bgcolor: ground(), plot_bgcolor: ground(), autosize: false },
  };
}

async function figureOf(view, [width, height]) {
  const figure = copy(view);
  Object.assign(figure.layout, { width, height });
  if (view === "projection") await fillProjection(figure, width, height);
  else titleOf(figure, view);
  if (OF_SEQUENCE.includes(view)) showSteps(figure);
  if (view === "confusion-matrix") fitNumbers(figure, [width, height]);
  return figure;
}

// A picture has more room for numbers than the page.
function fitNumbers(figure, size) {
  const { text, texttemplate, "textfont.size": type } = matrix.ofFigure(figure, options.current()["matrix-numbers"], size);
  const [trace] = figure.data;
  Object.assign(trace, { texttemplate, text: text?.[0] ?? trace.text, textfont: { size: type ?? 1 } });
}

// On the page only the lowest view names its steps.
function showSteps({ layout }) {
  if (layout.xaxis.showticklabels) return;
  layout.xaxis = { ...layout.xaxis, showticklabels: true, title: { text: "step", standoff: 2 } };
  layout.margin.b = 32;
}

function titleOf({ layout }, view) {
  const { sequence } = steps.meta();
  const name = document.querySelector(`.${view}-box h3`)?.textContent ?? view;
  const text = OF_SEQUENCE.includes(view) && sequence !== null ? `${name}, sequence ${sequence}` : name;
  layout.title = { text, x: 0.01, xanchor: "left", font: { size: 14, color: ink() } };
  layout.margin = { ...layout.margin, t: (layout.margin?.t ?? 8) + 30 };
}

// The cloud at the size of the picture, the words as they stand, the legend beneath.
async function fillProjection({ data, layout }, width, height) {
  const { xaxis, yaxis } = plot("projection")._fullLayout;
  const legend = 18 + 16 * linesOf(drawing.now()).length;
  const box = [width, height - legend];
  const [x, y] = fitted(xaxis.range, yaxis.range, box);
  const { image: states, told } = await cloud.picture({ x0: x[0], x1: x[1], y0: y[0], y1: y[1] }, box, SCALE);
  const dimmed = steps.index() !== null;
  Object.assign(layout.xaxis, { range: x, autorange: false });
  Object.assign(layout.yaxis, { range: y, autorange: false });
  layout.margin = { l: 0, r: 0, t: 0, b: legend, autoexpand: false };
  const place = { xref: "x", yref: "y", x: x[0], y: y[1], sizex: x[1] - x[0], sizey: y[1] - y[0] };
  const image = { source: await dataUrl(states), sizing: "stretch", layer: "below", opacity: dimmed ? 0.3 : 1, ...place };
  layout.images = [image];
  layout.annotations = [...wordsOf(), ...legendOf(told)];
  return data;
}

// The visible range, widened to the shape of a picture so that nothing is stretched more than on the page.
function fitted(xrange, yrange, [width, height]) {
  const { xaxis, yaxis } = plot("projection")._fullLayout;
  const wide = (xrange[1] - xrange[0]) / xaxis._length;
  const high = (yrange[1] - yrange[0]) / yaxis._length;
  const zoom = Math.max(xaxis._length / width, yaxis._length / height);
  const around = ([low, high_], span) => [(low + high_ - span) / 2, (low + high_ + span) / 2];
  return [around(xrange, wide * zoom * width), around(yrange, high * zoom * height)];
}

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function wordsOf() {
  const style = getComputedStyle(document.documentElement);
  return words.onPage().map(({ x, y, text, side, left, width, top, height, at }) => ({
    x,
    y,
    text: escape(text),
    showarrow: false,
    xanchor: side === "after" ? "left" : "right",
    xshift: side === "after" ? left - at[0] : left + width - at[0],
    yshift: at[1] - (top + height / 2),
    bgcolor: `${ground()}b3`, // 70 % opaque
    font: { size: 11.5, weight: 600, color: style.getPropertyValue(side === "after" ? "--word-after" : "--word-before") },
  }));
}

const GAP = "     ";
const MOST_LETTERS = 130; // of a line of the legend

const lettersOf = (entry) => entry.replace(/<[^>]*>/g, "").length + GAP.length;

// Entries in as many lines as they need.
function wrapped(entries) {
  const lines = [];
  let room = 0;
  for (const entry of entries) {
    if (lettersOf(entry) > room) {
      lines.push([]);
      room = MOST_LETTERS;
    }
    lines.at(-1).push(entry);
    room -= lettersOf(entry);
  }
  return lines.map((line) => line.join(GAP));
}

// What the colours of the states mean, and beneath those of the selected sequence: the lines of the legend.
function linesOf(told) {
  const { classes } = steps.meta();
  const page = getComputedStyle(byId("page"));
  const mark = (colour, name) => `<span style="color:${page.getPropertyValue(colour)}">●</span> ${escape(name)}`;
  const colours = { right: "--right", unknown: "--class-unknown" };
  const answers = [...document.querySelectorAll("#legend .answer")].map((one) =>
    mark(colours[one.classList[1]] ?? "--wrong", one.textContent),
  );
  const marks = classes.map((name, k) => mark(`--class-${k}`, name));
  const ofStates = drawing.legendText(told, answers, marks);
  const isSelected = steps.index() !== null;
  const ofSequence = isSelected ? [...(told?.tells === "classes" ? [] : marks), RINGS] : [];
  const lines = told?.tells === "classes" ? [[...ofStates, ...ofSequence]] : [ofStates, ofSequence];
  const filled = lines.filter((one) => one.length);
  return told?.groups ? filled.flatMap(wrapped) : filled.map((one) => one.join(GAP));
}

function legendOf(told) {
  const text = linesOf(told).join("<br>");
  const at = { xref: "paper", yref: "paper", x: 0.01, y: 0, xanchor: "left", yanchor: "top", yshift: -6 };
  return [{ text, showarrow: false, align: "left", font: { size: 12, color: ink() }, ...at }];
}

export async function picture(view, format) {
  const size = SIZES[view];
  const figure = await figureOf(view, size);
  const options = { format, width: size[0], height: size[1], scale: format === "png" ? SCALE : 1 };
  return Plotly.toImage(figure, options);
}
