// What is shown: run, layer, projection and theme, gathered in the `view` store.
(() => {
  const KEY = "hsvis-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function toggleTheme() {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, root.dataset.theme);
    } catch {
      // storage is switched off: the choice lasts as long as the page
    }
  }

  function wasChosen() {
    try {
      return localStorage.getItem(KEY) !== null;
    } catch {
      return false;
    }
  }

  system.addEventListener("change", () => {
    if (wasChosen()) return;
    root.dataset.theme = system.matches ? "dark" : "light";
    dash_clientside.set_props("system-theme", { data: root.dataset.theme });
  });

  function view(run, layer, projection, palette, theme, system, editions) {
    const triggers = dash_clientside.callback_context.triggered.map((one) => one.prop_id);
    if (triggers.includes("theme-toggle.n_clicks")) toggleTheme();
    return { run, edition: editions[run], layer, projection, theme: root.dataset.theme, palette };
  }

  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, { view });
})();
