// The views of steps zoom together: each shows the same range of steps.
import { onPlotted, whenReady } from "../core/page.mjs";
import { plot } from "../core/plots.mjs";
import { count } from "../core/steps.mjs";

const FIGURES = ["ep-heatmap", "distances", "confidence", "unit-activity"];
let following = false; // while the others are moved, they are not to move the first
let zoomed = null; // {range, of}: the steps that all show, and the `uirevision` of the sequence
const layouts = new Map(); // view -> the layout seen last

function rangeOf(change, figure) {
  if ("xaxis.range[0]" in change || "xaxis.range" in change || "xaxis.autorange" in change) {
    return [...figure._fullLayout.xaxis.range];
  }
  return null;
}

async function follow(view, change) {
  const range = following ? null : rangeOf(change, plot(view));
  if (!range) return;
  following = true;
  zoomed = { range, of: plot(view).layout.uirevision };
  const others = FIGURES.filter((one) => one !== view).map((one) => plot(one));
  await Promise.all(others.map((figure) => Plotly.relayout(figure, { "xaxis.range": range })));
  following = false;
}

// A new figure of the same sequence, as in another theme or order of units, shows the same steps as before.
function rejoin(view) {
  const { layout, _fullLayout } = plot(view);
  if (layout === layouts.get(view)) return;
  layouts.set(view, layout);
  if (zoomed?.of !== layout.uirevision) zoomed = null; // another sequence
  else if (zoomed?.range.some((end, k) => end !== _fullLayout.xaxis.range[k])) {
    Plotly.relayout(plot(view), { "xaxis.range": [...zoomed.range] });
  }
}

// Double click: all steps.
function reset() {
  if (count()) Plotly.relayout(plot(FIGURES[0]), { "xaxis.range": [-0.5, count() - 0.5] });
}

export function start() {
  whenReady(() => {
    for (const view of FIGURES) {
      plot(view).on("plotly_relayout", (change) => follow(view, change));
      plot(view).on("plotly_doubleclick", reset);
    }
    onPlotted((view) => FIGURES.includes(view) && rejoin(view));
  });
}
