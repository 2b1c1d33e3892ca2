// Runs in the head, before anything is painted: the theme that was chosen, else the one the system asks for.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  let chosen = null;
  try {
    chosen = localStorage.getItem("hsvis-theme");
  } catch {
    // storage is switched off: the system decides
  }
  document.documentElement.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : dark;
})();
