// The views of the selected sequence: what needs no answer from the server.
(() => {
  // Moves the line where jumps begin, and says where it is.
  function showThreshold(threshold) {
    const figure = document.querySelector("#distances .js-plotly-plot");
    const shapes = (figure && figure.layout && figure.layout.shapes) || [];
    const line = shapes.findIndex((shape) => shape.name === "threshold");
    if (line >= 0) {
      const change = { y0: threshold, y1: threshold, "label.text": threshold.toFixed(2) };
      const entries = Object.entries(change).map(([key, value]) => [`shapes[${line}].${key}`, value]);
      Plotly.relayout(figure, Object.fromEntries(entries));
    }
    return threshold.toFixed(2);
  }

  // A long text that was cut off before its first step would hide what the model read.
  function readFromStart() {
    const strip = document.getElementById("token-strip");
    requestAnimationFrame(() => {
      const first = strip && strip.querySelector("[data-step]");
      if (!first) return;
      const above = first.getBoundingClientRect().top - strip.getBoundingClientRect().top + strip.scrollTop;
      strip.scrollTop = above - 1.5 * first.getBoundingClientRect().height;
    });
  }

  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, { showThreshold, readFromStart });
})();
