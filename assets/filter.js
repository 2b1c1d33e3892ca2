// Which sequences are emphasised: the parts of the filter, their chips, and what passes in the table.
// The server decides which sequences match: over all states and whole texts, not what is drawn.
(() => {
  const LARGEST_REGION = 100; // points: an address must hold several regions
  const MOST_REGIONS = 8;

  let current = {}; // {actual, predicted, correct, search, regions}: what is set of it
  let applied = current; // what the server has answered to
  let passing = null; // how many sequences pass; null = all
  let asked = new AbortController();
  let drawnOn = null; // the cloud whose coordinates the regions have

  // The one writer of the `filter` store.
  function filter(change, search, run) {
    const triggers = dash_clientside.callback_context.triggered.map((one) => one.prop_id);
    const other = triggers.includes("run-select.value"); // classes, texts and states are others
    if (other && search) dash_clientside.set_props("search", { value: "" });
    if (other) current = {};
    else if (triggers.includes("filter-change.data") && change) current = merged(change);
    const words = other ? "" : (search ?? "").trim().slice(0, 200);
    current = { ...current };
    delete current.search;
    if (words) current.search = words;
    apply();
    showChips();
    return current;
  }

  function merged(change) {
    const { all, at, ...parts } = change;
    const next = all ? parts : { ...current, ...parts };
    return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null));
  }

  // Sets parts of the filter; null removes one.
  function setFilter(change) {
    const words = change.all ? (change.search ?? "") : change.search;
    if (words !== undefined) dash_clientside.set_props("search", { value: words ?? "" });
    const { search, ...rest } = change;
    if (rest.regions) drawnOn = hsvis.steps.meta().cloud;
    dash_clientside.set_props("filter-change", { data: { ...rest, at: Date.now() } });
  }

  // Puts another filter in place of the whole one.
  const replace = (filter) => setFilter({ search: "", ...filter, all: true });

  const isClass = (one, least) => Number.isInteger(one) && one >= least && one < hsvis.steps.meta().classes.length;
  const isEnd = (one) => Number.isFinite(one) && Math.abs(one) <= 1e30;
  const isPlace = (one) => Array.isArray(one) && one.length === 2 && one.every(isEnd);
  const isRegion = (one) => Array.isArray(one) && one.length >= 3 && one.length <= 500 && one.every(isPlace);
  const MAKES_SENSE = new Map([
    ["actual", (one) => isClass(one, -1)],
    ["predicted", (one) => isClass(one, 0)],
    ["correct", (one) => typeof one === "boolean"],
    ["search", (one) => typeof one === "string" && one.trim() !== ""],
    ["regions", (all) => Array.isArray(all) && all.length > 0 && all.length <= MOST_REGIONS && all.every(isRegion)],
  ]);

  // The parts of a filter that this run can apply, of one that comes from elsewhere.
  const sensible = (filter) =>
    Object.fromEntries(Object.entries(filter).filter(([part, value]) => MAKES_SENSE.get(part)?.(value)));

  async function apply() {
    asked.abort();
    asked = new AbortController();
    const filter = current;
    const { cloud, edition } = hsvis.steps.meta();
    if (!Object.keys(filter).length) return pass(filter, null);
    const path = cloud.split("/").map(encodeURIComponent).join("/");
    const query = new URLSearchParams({ filter: JSON.stringify(filter), edition });
    try {
      const answer = await hsvis.ask(`sequences/${path}?${query}`, { signal: asked.signal });
      if (!answer.ok) throw new Error(await answer.text());
      const { count, sequences } = await answer.json(); // of a large run no `sequences`
      if (filter === current) pass(filter, count, sequences);
    } catch (error) {
      if (error.name === "AbortError") return;
      applied = filter;
      hsvis.notice(`The filter could not be applied: ${error.message}`);
    }
  }

  function pass(filter, count, sequences = null) {
    [applied, passing] = [filter, count];
    hsvis.rows.filterBy(filter, sequences);
    showChips();
  }

  // What each part of the filter is called, and what removes it.
  function parts(filter) {
    const { classes } = hsvis.steps.meta();
    const name = (k) => (k < 0 ? "no label" : classes[k]);
    const { actual, predicted, correct, search, regions } = filter;
    const found = [];
    if (actual !== undefined) found.push([`class ${name(actual)}`, { actual: null }]);
    if (predicted !== undefined) found.push([`classified ${name(predicted)}`, { predicted: null }]);
    if (correct !== undefined) found.push([correct ? "correct" : "misclassified", { correct: null }]);
    if (search) found.push([`“${search}”`, { search: null }]);
    (regions ?? []).forEach((region, at) => {
      const left = regions.filter((one, k) => k !== at);
      found.push([`region ${at + 1}`, { regions: left.length ? left : null }]);
    });
    return found;
  }

  function chip(text, remove) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "chip";
    made.title = "Remove this filter";
    const label = document.createElement("span");
    label.textContent = text;
    label.dir = "auto";
    const cross = document.createElement("span");
    cross.textContent = "×";
    cross.setAttribute("aria-hidden", "true");
    made.append(label, cross);
    made.addEventListener("click", remove);
    return made;
  }

  // Filters that were set in the heads of the table's columns act on the table alone.
  function columnChip() {
    const model = dash_ag_grid.getApi("sequence-table")?.getFilterModel() ?? {};
    const names = Object.keys(model);
    if (!names.length) return [];
    return [chip(`columns: ${names.join(", ")}`, () => dash_ag_grid.getApi("sequence-table").setFilterModel(null))];
  }

  function showChips() {
    const box = document.getElementById("chips");
    if (!box) return;
    const found = parts(current);
    let columns = [];
    try {
      columns = columnChip();
    } catch {
      // the table is not there yet
    }
    const chips = [...found.map(([text, change]) => chip(text, () => setFilter(change))), ...columns];
    if (chips.length > 1) {
      const clear = chip("clear all", () => {
        setFilter({ all: true });
        dash_ag_grid.getApi("sequence-table").setFilterModel(null);
      });
      clear.classList.add("clear");
      chips.push(clear);
    }
    if (found.length && passing !== null) {
      const number = document.createElement("span");
      number.className = "chip-count";
      number.textContent = `${passing.toLocaleString("en")} ${passing === 1 ? "sequence" : "sequences"}`;
      chips.unshift(number);
    }
    box.replaceChildren(...chips);
    showRegions();
  }

  // The outlines of the regions, above the cloud.
  function showRegions() {
    const group = hsvis.projectionLayer("regions");
    const axes = hsvis.plot("projection")?._fullLayout;
    if (!axes?.xaxis) return;
    const { xaxis, yaxis } = axes;
    const outlines = (current.regions ?? []).map((region) => {
      const outline = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
      const corners = region.map(([x, y]) => [xaxis.d2p(x) + xaxis._offset, yaxis.d2p(y) + yaxis._offset]);
      outline.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
      return outline;
    });
    group.replaceChildren(...outlines);
  }

  // A click on a part of a bar or a cell of the matrix keeps its sequences; a second click lets them go.
  function clicked(click) {
    const data = click.points?.[0]?.customdata;
    if (!data) return;
    const [actual, predicted] = data;
    const same = current.actual === actual && (current.predicted ?? null) === predicted;
    setFilter(same ? { actual: null, predicted: null } : { actual, predicted });
  }

  // A box or a lasso: {range: {x, y}} or {lassoPoints: {x, y}}.
  function drawn(selected) {
    const figure = hsvis.plot("projection");
    let region = null;
    if (selected?.range) {
      const [[x0, x1], [y0, y1]] = [selected.range.x, selected.range.y];
      region = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
    } else if (selected?.lassoPoints) {
      const { x, y } = selected.lassoPoints;
      const every = Math.ceil(x.length / LARGEST_REGION);
      region = x.map((one, k) => [one, y[k]]).filter((one, k) => k % every === 0);
    }
    if (!region || region.length < 3) return;
    Plotly.relayout(figure, { selections: [] });
    hsvis.cloud.drag("pan");
    const regions = [...(current.regions ?? []), region.map((point) => point.map((one) => Number(Number(one).toPrecision(6))))].slice(-MOST_REGIONS);
    setFilter({ regions });
  }

  hsvis.whenReady(() => {
    for (const figure of ["class-overview", "confusion-matrix"]) hsvis.plot(figure).on("plotly_click", clicked);
    hsvis.plot("projection").on("plotly_selected", drawn);
    document.addEventListener("hsvis:plotted", ({ detail }) => {
      if (detail !== "projection") return;
      if (current.regions && drawnOn !== hsvis.steps.meta().cloud) setFilter({ regions: null });
      else showRegions();
    });
    document.addEventListener("hsvis:rows", showChips);
  });

  window.hsvis = Object.assign(window.hsvis || {}, { filter: { current: () => current, isApplied: () => applied === current, set: setFilter, replace, sensible, describe: (filter) => parts(filter).map(([text]) => text) } });
  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, { filter });
})();
