// Numbers in place of words: how the steps of a series are drawn in the strip.  (In the table: table/cells.js.)
import { make, makeSvg } from "../core/dom.mjs";

const ink = (share) => `color-mix(in srgb, var(--ink) ${Math.round((100 * share) / 255)}%, var(--paper))`;

// Cells side by side, as one background: an element for each value would be too many.
function image(cells, direction) {
  const made = make("span", { class: "cells" });
  const end = (k) => `${((100 * k) / cells.length).toFixed(3)}%`;
  const stops = cells.map((share, k) => `${ink(share)} ${end(k)} ${end(k + 1)}`);
  made.style.background = `linear-gradient(${direction}, ${stops.join(", ")})`;
  return made;
}

// A piece of each line, from the step before to this one.
function lines(cells, before) {
  const made = makeSvg("svg", { class: "cells", viewBox: "0 -8 1 271", preserveAspectRatio: "none" });
  cells.forEach((share, k) => {
    const ends = { x1: 0, y1: 255 - (before ?? cells)[k], x2: 1, y2: 255 - share };
    made.append(makeSvg("line", { ...ends, class: `line-${k % 8}` }));
  });
  return made;
}

// The colour of a step; in its place a list of one text says why there is no expected prediction.
export function colourStep(made, colour) {
  if (typeof colour === "string") return made.style.setProperty("--ep", colour);
  made.classList.add("without-ep");
  made.title = [made.title, `no expected prediction: ${colour[0]}`].filter(Boolean).join(" · ");
}

// One step; `before`: the values of the step before, for lines.
export function step([kind, label, colour, cells], at, before) {
  const made = make("span", { class: "token step", "data-step": at, title: label });
  colourStep(made, colour);
  const name = make("span", { class: "label" }, label);
  const drawn = kind === "lines" ? lines(cells, before) : image(cells, kind === "rows" ? "to right" : "to bottom");
  made.append(name, drawn);
  return made;
}
