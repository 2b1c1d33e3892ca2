// What is shown: run, layer, projection, palette, theme and scale of type, gathered in the `view` store.
import { typeScale } from "../core/dom.mjs";
import { recall, remember } from "../core/remembered.mjs";
import { get, ofClass, setSystemTheme, setTypeScale } from "../core/stores.mjs";

const KEY = "hsvis-theme"; // early.js reads it, too

const root = () => document.documentElement;

function toggleTheme() {
  root().dataset.theme = root().dataset.theme === "dark" ? "light" : "dark";
  remember(KEY, root().dataset.theme);
}

// Dash's callback that gathers the store.
export function view(run, layer, projection, palette, theme, system, type, shown, editions) {
  const triggers = dash_clientside.callback_context.triggered.map((one) => one.prop_id);
  if (triggers.includes("theme-toggle.n_clicks")) toggleTheme();
  return { run, edition: ofClass(editions[run], shown), layer, projection, theme: root().dataset.theme, palette, scale: typeScale() };
}

// The type grows with the window.
function resized() {
  const view = get("view");
  if (view && view.scale !== typeScale()) setTypeScale(typeScale());
}

export function start() {
  addEventListener("resize", resized);
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", () => {
    if (recall(KEY) !== null) return; // it was chosen
    root().dataset.theme = system.matches ? "dark" : "light";
    setSystemTheme(root().dataset.theme);
  });
}
