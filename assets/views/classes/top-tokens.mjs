// Of a language model: the words in the columns of what was expected next.
//
// Words stand in the cells where these are wide enough; else at the step in focus, on a flag.
import { make } from "../../core/dom.mjs";
import { onPlotted } from "../../core/page.mjs";
import { overlay, plot, trace } from "../../core/plots.mjs";
import * as steps from "../../core/steps.mjs";
import * as focus from "../../state/focus.mjs";

const LEAST = 30; // CSS pixels of a column from which on words stand in it
const FLAG = 104; // of the flag of a step in narrower columns
const LOWEST = 9; // of a row in which a word can be read

function layer() {
  const above = overlay("ep-heatmap");
  let found = above.querySelector(".top-tokens");
  if (!found) {
    found = make("div", { class: "top-tokens" });
    above.append(found);
  }
  return found;
}

// The words of one step, a row each, between two pixels.
function column(step, [left, width], { yaxis, xaxis }, name) {
  const { top, came } = steps.expected(step);
  const height = Math.abs(yaxis.d2p(1) - yaxis.d2p(0));
  if (height < LOWEST) return [];
  const rows = top.map(([word], k) => [word, yaxis.d2p(k), came && k === came.rank - 1]);
  if (came) rows.push([came.token, yaxis.d2p(yaxis.range[0] - 0.5), true]);
  return rows.map(([word, y, isNext]) => {
    const cell = make("span", { class: `top-token${name}${isNext ? " next" : ""}`, dir: "auto" }, word);
    cell.style.left = `${xaxis._offset + left}px`;
    cell.style.top = `${yaxis._offset + y - height / 2}px`;
    cell.style.width = `${width}px`;
    cell.style.height = cell.style.lineHeight = `${height}px`;
    return cell;
  });
}

export function draw() {
  const figure = plot("ep-heatmap");
  const above = layer();
  if (!trace(figure, "top") || steps.index() === null) return above.replaceChildren();
  const layout = figure._fullLayout;
  const { xaxis } = layout;
  const width = xaxis.d2p(1) - xaxis.d2p(0);
  if (width >= LEAST) {
    const [low, high] = xaxis.range;
    const first = Math.max(0, Math.ceil(low - 0.5));
    const last = Math.min(steps.count() - 1, Math.floor(high + 0.5));
    const shown = [];
    for (let step = first; step <= last; step++) {
      const [from, to] = [Math.max(0, xaxis.d2p(step - 0.5)), Math.min(xaxis._length, xaxis.d2p(step + 0.5))];
      if (to - from > LEAST / 2) shown.push(...column(step, [from, to - from], layout, ""));
    }
    return above.replaceChildren(...shown);
  }
  const shown = focus.shown();
  if (!focus.isOwn(shown)) return above.replaceChildren();
  const at = xaxis.d2p(shown.step + 0.5);
  const left = at + FLAG <= xaxis._length ? at : xaxis.d2p(shown.step - 0.5) - FLAG;
  above.replaceChildren(...column(shown.step, [Math.max(0, left), FLAG], layout, " flag"));
}

export function start() {
  focus.onFocus(draw);
  onPlotted((view) => {
    if (["projection", "ep-heatmap"].includes(view)) draw();
  });
}
