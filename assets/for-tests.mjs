// What browser tests and benchmarks ask of the page, by `window.hsvis`, and the event that they wait for.  No script
// uses it.
import { onPlotted } from "./core/page.mjs";
import { isRead } from "./core/permalink.mjs";
import { onPlot, plot } from "./core/plots.mjs";
import * as steps from "./core/steps.mjs";
import { edition } from "./core/stores.mjs";
import * as filter from "./state/filter.mjs";
import { pinned, shown } from "./state/focus.mjs";
import * as options from "./state/options.mjs";
import { isApplied } from "./state/passing.mjs";
import { selectedSequence } from "./state/selection.mjs";
import { total } from "./table/rows.mjs";
import { cloud } from "./views/cloud.mjs";
import * as words from "./views/words.mjs";

export function start() {
  window.hsvis = {
    get cloud() {
      return cloud;
    },
    edition,
    filter: { current: filter.current, isApplied, replace: filter.replace, set: filter.set },
    focus: { pinned, shown },
    onPlot,
    options: { current: options.current },
    permalink: { isRead },
    plot,
    rows: { total },
    selectedSequence,
    steps,
    words: { isSettled: words.isSettled },
  };
  onPlotted((view) => document.dispatchEvent(new CustomEvent("hsvis:plotted", { detail: view })));
}
