// The display options: gathered from their controls into one store, and what they change without the server.
(() => {
  const KEY = "hsvis-options";

  const defaults = () => dash_clientside.hsvisDefaults ?? {};

  // Values that differ from the defaults.
  function changed(options) {
    const entries = Object.entries(options ?? {});
    return Object.fromEntries(
      entries.filter(([id, value]) => JSON.stringify(value) !== JSON.stringify(defaults()[id])),
    );
  }

  let current = {};

  // A clientside callback: one argument a control, in the order of the table of options.
  function options(...values) {
    const inputs = dash_clientside.callback_context.inputs_list.flat();
    current = Object.fromEntries(inputs.map(({ id }, k) => [id, values[k]]));
    showNumbers();
    if (window.hsvis.permalink?.isRead()) remember();
    return current;
  }

  function remember() {
    try {
      localStorage.setItem(KEY, JSON.stringify(changed(current)));
    } catch {
      // storage is switched off: the options last as long as the page
    }
  }

  function remembered() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? {};
    } catch {
      return {};
    }
  }

  // Sets the controls: to what is given, and to the defaults for the rest.
  function setOptions(given) {
    for (const [id, value] of Object.entries(defaults())) {
      const wanted = id in given ? given[id] : value;
      if (JSON.stringify(wanted) !== JSON.stringify(current[id])) dash_clientside.set_props(id, { value: wanted });
    }
  }

  function showNumbers() {
    for (const number of document.querySelectorAll("[data-value-of]")) {
      const value = current[number.dataset.valueOf];
      if (value !== undefined) number.textContent = value.toFixed(2);
    }
    showThreshold();
    showMatrix();
  }

  // Moves the line where jumps begin.
  function showThreshold() {
    const figure = window.hsvis.plot?.("distances");
    const threshold = current["distance-threshold"];
    const shapes = figure?.layout?.shapes ?? [];
    const line = shapes.findIndex((shape) => shape.name === "threshold");
    if (line < 0 || threshold === undefined || shapes[line].y0 === threshold) return;
    Plotly.relayout(figure, { [`shapes[${line}].y0`]: threshold, [`shapes[${line}].y1`]: threshold });
  }

  // Counts, or shares of the actual class.
  function showMatrix() {
    const figure = window.hsvis.plot?.("confusion-matrix");
    const trace = figure?.data?.[0];
    if (!trace?.text) return; // more classes than numbers have room for
    const template = current["matrix-numbers"] === "shares" ? "%{z:.0%}" : "%{text}";
    if (trace.texttemplate !== template) Plotly.restyle(figure, { texttemplate: template });
  }

  document.addEventListener("hsvis:plotted", ({ detail }) => {
    if (detail === "distances") showThreshold();
    if (detail === "confusion-matrix") showMatrix();
  });

  // The line in `distances` can be dragged.
  function makeHandle() {
    const layer = document.querySelector('[data-overlay="distances"]');
    const handle = document.createElement("div");
    handle.className = "threshold-handle";
    handle.title = "Drag: where jumps begin";
    handle.hidden = true;
    layer.append(handle);
    const place = () => {
      const axes = window.hsvis.plot("distances")._fullLayout;
      const shown = window.hsvis.steps.index() !== null && axes?.shapes?.some((one) => one.name === "threshold");
      handle.hidden = !shown;
      if (!shown) return;
      const { xaxis, yaxis } = axes;
      handle.style.transform = `translate(${xaxis._offset}px, ${yaxis._offset + yaxis.d2p(current["distance-threshold"])}px)`;
      handle.style.width = `${xaxis._length}px`;
    };
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const figure = window.hsvis.plot("distances");
      const { yaxis } = figure._fullLayout;
      const y = yaxis.p2l(event.clientY - figure.getBoundingClientRect().top - yaxis._offset);
      const value = Math.round(100 * Math.min(1, Math.max(0, y))) / 100;
      dash_clientside.set_props("distance-threshold", { value });
    });
    document.addEventListener("hsvis:plotted", ({ detail }) => detail === "distances" && place());
  }

  // Dash's groups and sliders take no labels: those of the panel become theirs.
  function nameControls() {
    for (const label of document.querySelectorAll(".setting > label[for]")) {
      document.getElementById(label.htmlFor)?.setAttribute("aria-label", label.textContent);
    }
    for (const slider of document.querySelectorAll(".slider[aria-label]")) {
      slider.querySelector("[role=slider]")?.setAttribute("aria-label", slider.getAttribute("aria-label"));
    }
  }

  window.hsvis.whenReady(() => {
    makeHandle();
    nameControls();
    // the sliders come after the rest of the page
    const settings = document.getElementById("settings");
    new MutationObserver(nameControls).observe(settings, { childList: true, subtree: true });
    document.getElementById("reset-options").addEventListener("click", () => {
      setOptions({});
      dash_clientside.set_props("palette-select", { value: "hsvis" }); // in the panel, but in the `view` store
    });
  });

  window.hsvis = Object.assign(window.hsvis || {}, {
    options: { current: () => current, changed: () => changed(current), set: setOptions, remembered, remember },
  });
  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, {
    options,
    defaults: (data) => {
      dash_clientside.hsvisDefaults = data;
    },
  });
})();
