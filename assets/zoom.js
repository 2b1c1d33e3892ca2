// The views of steps zoom together: each shows the same range of steps.
(() => {
  const FIGURES = ["ep-heatmap", "distances", "confidence", "unit-activity"];
  let following = false; // while the others are moved, they are not to move the first

  function rangeOf(change, figure) {
    if ("xaxis.range[0]" in change || "xaxis.range" in change || "xaxis.autorange" in change) {
      return [...figure._fullLayout.xaxis.range];
    }
    return null;
  }

  async function follow(view, change) {
    const range = following ? null : rangeOf(change, hsvis.plot(view));
    if (!range) return;
    following = true;
    const others = FIGURES.filter((one) => one !== view).map((one) => hsvis.plot(one));
    await Promise.all(others.map((figure) => Plotly.relayout(figure, { "xaxis.range": range })));
    following = false;
  }

  // Double click: all steps.
  function reset() {
    const count = hsvis.steps.count();
    if (count) Plotly.relayout(hsvis.plot(FIGURES[0]), { "xaxis.range": [-0.5, count - 0.5] });
  }

  hsvis.whenReady(() => {
    for (const view of FIGURES) {
      hsvis.plot(view).on("plotly_relayout", (change) => follow(view, change));
      hsvis.plot(view).on("plotly_doubleclick", reset);
    }
  });
})();
