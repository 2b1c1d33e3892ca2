// The figures on the page as Plotly holds them, and the layer above the projection.
import { makeSvg } from "./dom.mjs";

export const plot = (id) => document.querySelector(`#${id} .js-plotly-plot`);
export const trace = (figure, name) => figure?._fullData?.find((one) => one.name === name);
export const overlay = (figure) => document.querySelector(`[data-overlay="${figure}"]`);

// Where a state is in the layer of the projection, in CSS pixels; null outside the plot.
export function onPlot(place) {
  const layout = place && plot("projection")?._fullLayout;
  if (!layout?.xaxis) return null;
  const { xaxis, yaxis } = layout;
  const [left, top] = [xaxis.d2p(place[0]), yaxis.d2p(place[1])];
  const inside = left >= 0 && top >= 0 && left <= xaxis._length && top <= yaxis._length;
  return inside ? [left + xaxis._offset, top + yaxis._offset] : null;
}

// A group of its own in the layer above the projection.
export function projectionLayer(name) {
  const above = overlay("projection");
  let svg = above.querySelector("svg");
  if (!svg) {
    svg = makeSvg("svg", {});
    above.append(svg);
  }
  let group = svg.querySelector(`g.${name}`);
  if (!group) {
    group = makeSvg("g", { class: name });
    svg.append(group);
  }
  return group;
}
