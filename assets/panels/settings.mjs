// The panel of display options: their numbers, their names for screen readers, the way back to the defaults.
import { byId } from "../core/dom.mjs";
import { setControl } from "../core/controls.mjs";
import { whenReady } from "../core/page.mjs";
import { subscribe } from "../core/stores.mjs";
import * as options from "../state/options.mjs";

function showNumbers() {
  const current = options.current();
  for (const number of document.querySelectorAll("[data-value-of]")) {
    const value = current[number.dataset.valueOf];
    if (value !== undefined) number.textContent = value.toFixed(2);
  }
}

// Which column colours the states is asked where one does.
function showColumn() {
  document.querySelector(".column-choice").hidden = options.current()["state-colour"] !== "column";
}

// Dash's groups and sliders take no labels: those of the panel become theirs.
function nameControls() {
  for (const label of document.querySelectorAll(".setting > label[for]")) {
    byId(label.htmlFor)?.setAttribute("aria-label", label.textContent);
  }
  byId("colour-column")?.setAttribute("aria-label", "Column that colours the states");
  for (const slider of document.querySelectorAll(".slider[aria-label]")) {
    slider.querySelector("[role=slider]")?.setAttribute("aria-label", slider.getAttribute("aria-label"));
  }
}

export function start() {
  subscribe("options", showNumbers);
  subscribe("options", showColumn);
  whenReady(() => {
    nameControls();
    // the sliders come after the rest of the page
    new MutationObserver(nameControls).observe(byId("settings"), { childList: true, subtree: true });
    byId("reset-options").addEventListener("click", () => {
      options.set({});
      setControl("palette-select", { value: "hsvis" }); // in the panel, but in the `view` store
    });
  });
}
