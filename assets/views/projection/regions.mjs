// Regions of the cloud: drawn as a box or a lasso, they become a part of the filter, and have their outlines.
import { makeSvg } from "../../core/dom.mjs";
import { onPlotted, whenReady } from "../../core/page.mjs";
import { plot, projectionLayer } from "../../core/plots.mjs";
import { subscribe } from "../../core/stores.mjs";
import * as filter from "../../state/filter.mjs";
import { cloud } from "../cloud.mjs";

const LARGEST = 100; // points: an address must hold several regions

// The outlines, above the cloud.
function show() {
  const group = projectionLayer("regions");
  const axes = plot("projection")?._fullLayout;
  if (!axes?.xaxis) return;
  const { xaxis, yaxis } = axes;
  const outlines = (filter.current().regions ?? []).map((region) => {
    const corners = region.map(([x, y]) => [xaxis.d2p(x) + xaxis._offset, yaxis.d2p(y) + yaxis._offset]);
    return makeSvg("polygon", { points: corners.map((corner) => corner.join(",")).join(" ") });
  });
  group.replaceChildren(...outlines);
}

// The corners of a box, {range: {x, y}}, or of a lasso, {lassoPoints: {x, y}}; null for neither.
function cornersOf(selected) {
  if (selected?.range) {
    const [[x0, x1], [y0, y1]] = [selected.range.x, selected.range.y];
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }
  if (!selected?.lassoPoints) return null;
  const { x, y } = selected.lassoPoints;
  const every = Math.ceil(x.length / LARGEST);
  return x.map((one, k) => [one, y[k]]).filter((one, k) => k % every === 0);
}

function drawn(selected) {
  const corners = cornersOf(selected);
  if (!corners || corners.length < 3) return;
  Plotly.relayout(plot("projection"), { selections: [] });
  cloud.drag("pan");
  filter.addRegion(corners.map((corner) => corner.map((one) => Number(Number(one).toPrecision(6)))));
}

export function start() {
  subscribe("filter", show);
  onPlotted((view) => view === "projection" && show());
  whenReady(() => plot("projection").on("plotly_selected", drawn));
}
