// The views of the selected sequence: what needs no answer from the server.
(() => {
  // Moves the line where jumps begin, and says where it is.
  function showThreshold(threshold) {
    const figure = document.querySelector("#distances .js-plotly-plot");
    if (figure && figure.layout && (figure.layout.shapes || []).length) {
      Plotly.relayout(figure, { "shapes[0].y0": threshold, "shapes[0].y1": threshold });
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
      strip.scrollTop = above - 2 * first.getBoundingClientRect().height;
    });
  }

  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, { showThreshold, readFromStart });
})();
