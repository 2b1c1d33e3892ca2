// Tooltips of the two figures of classes: how many sequences, of which class, classified as what.
(() => {
  const count = (n) => `${n.toLocaleString("en")} sequence${n === 1 ? "" : "s"}`;

  function lines([actual, predicted, number], share) {
    const { line, className } = hsvis.tooltip;
    const found = [line("class", ...className(actual))];
    if (predicted !== null) found.push(line("classified", ...className(predicted)));
    if (share !== undefined) found.push(line("share", `${hsvis.tooltip.percent(share)} of the class`));
    return [count(number), [...found, line("click", "keeps these sequences")]];
  }

  function show({ points, event }) {
    const [{ customdata, z }] = points;
    if (customdata) hsvis.tooltip.say(...lines(customdata, z), event);
  }

  hsvis.whenReady(() => {
    for (const view of ["class-overview", "confusion-matrix"]) {
      const figure = hsvis.plot(view);
      figure.on("plotly_hover", show);
      figure.on("plotly_unhover", hsvis.tooltip.hide);
      figure.addEventListener("pointerleave", hsvis.tooltip.hide);
    }
  });
})();
