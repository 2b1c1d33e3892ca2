// A thin moving line above what is not there yet, only where it takes longer than a moment.
import { byId } from "../core/dom.mjs";
import { onPlotted, whenReady } from "../core/page.mjs";
import { index } from "../core/steps.mjs";
import { subscribe } from "../core/stores.mjs";
import { selectedSequence } from "../state/selection.mjs";
import { cloud } from "./cloud.mjs";

const MOMENT = 300; // ms
const LOOK = 60; // ms between looks, while something is waited for

// Shows the line above an element from a moment after `start` until `holds()`.
function waiter(element, holds) {
  let timer = 0;
  const look = (began) => {
    clearTimeout(timer);
    const done = holds();
    element().classList.toggle("waiting", !done && performance.now() - began >= MOMENT);
    if (!done) timer = setTimeout(look, LOOK, began);
  };
  return () => look(performance.now());
}

export function start() {
  whenReady(() => {
    const details = waiter(
      () => byId("details"),
      () => index() === selectedSequence(),
    );
    const states = waiter(
      () => document.querySelector('[data-frame="projection"]'),
      () => cloud.isSettled(),
    );
    subscribe("selection", details);
    for (const store of ["options", "filter", "view"]) subscribe(store, states);
    onPlotted((view) => view === "projection" && states());
    states();
  });
}
