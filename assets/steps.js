// The steps of the selected sequence, read from the figures that show them: nothing is kept twice.
(() => {
  const plot = (id) => document.querySelector(`#${id} .js-plotly-plot`);
  const trace = (figure, name) => figure?._fullData?.find((one) => one.name === name);

  // What is shown as a whole: {run, cloud, theme, palette, classes, sequence, label, first}.
  const meta = () => plot("projection")?.layout?.meta ?? { sequence: null, classes: [] };

  const index = () => meta().sequence ?? null;

  function count() {
    return index() === null ? 0 : (trace(plot("projection"), "steps")?.x?.length ?? 0);
  }

  // (C,) EPs after a step; empty where the heatmap does not show it (yet).
  function ep(step) {
    const traces = plot("ep-heatmap")?._fullData ?? [];
    const shares = traces.slice(0, -1).map((one) => one.z?.[0]?.[step]);
    return shares.some((share) => share === undefined) ? [] : shares;
  }

  // The winning class after a step and its EP.
  function answer(step) {
    const shares = ep(step);
    const winner = shares.indexOf(Math.max(...shares));
    return winner < 0 ? null : { winner, share: shares[winner] };
  }

  // Distance to the state before, divided by the run's largest; null at step 0.
  function distance(step) {
    return step < 1 ? null : (trace(plot("distances"), "distance")?.y?.[step - 1] ?? null);
  }

  function point(step) {
    const steps = trace(plot("projection"), "steps");
    return steps && step < steps.x.length ? [steps.x[step], steps.y[step]] : null;
  }

  // The row of a step in the step tables.
  const row = (step) => meta().first + step;

  const element = (step) => document.querySelector(`#token-strip [data-step="${step}"]`);
  const token = (step) => element(step)?.textContent ?? "";

  window.hsvis = Object.assign(window.hsvis || {}, {
    plot,
    trace,
    steps: { meta, index, count, row, ep, answer, distance, point, element, token },
  });
})();
