// The cloud of all states under the projection: an image of the visible range, and a grid that tells which
// state is where in it.  The server decides the figure's traces; the range and the image belong to this file.
import { byId } from "../core/dom.mjs";
import { bindKeys } from "../core/keys.mjs";
import { notice, whenReady } from "../core/page.mjs";
import { plot } from "../core/plots.mjs";
import { ask, cloudPath, messageOf } from "../core/server.mjs";
import { get, subscribe } from "../core/stores.mjs";
import * as cells from "./projection/cells.mjs";
import * as drawing from "./projection/drawing.mjs";

const PAUSE = 60; // ms without a new range or size before the cloud is asked for again
const COLOURS = ["theme", "palette", "colour", "column", "marks", "draw"];
const REACH = 6; // CSS pixels around the pointer in which a click finds a state

// How the cloud is drawn, beyond its theme, as options and filter say: the query of its addresses.
function lookOf() {
  const [options, filter] = [get("options"), get("filter")];
  const query = {};
  if (!options) return query;
  if (options["state-colour"] !== "ep") query.colour = options["state-colour"];
  if (query.colour === "column" && options["colour-column"]) query.column = options["colour-column"];
  if (options["state-drawing"] !== "auto") query.draw = options["state-drawing"];
  if (options["state-size"] !== 1) query.size = options["state-size"];
  if (options.fade.length) query.fade = options.fade.join(",");
  if (options.marks.length) query.marks = options.marks.join(",");
  if (filter && Object.keys(filter).length) query.filter = JSON.stringify(filter);
  return query;
}

// What is chosen, as the `meta.cloud` of its figure names it; null until it is known.
function chosen() {
  const view = get("view");
  return view ? `${view.run}/${view.layer}/${view.projection}` : null;
}

class Cloud {
  constructor(figure) {
    this.figure = figure; // the element that Plotly draws into
    this.shown = null; // meta.cloud of what is on the page
    this.edition = null; // and its meta.edition: the rows of a grid are those of one edition
    this.key = null; // the view that was asked for last
    this.grid = null; // {rows: Uint32Array, starts: Uint32Array, mesh, width, height, x0, x1, y0, y1, ratio}
    this.source = null; // address of the image on the page
    this.timer = 0;
    this.request = new AbortController();
    this.presses = []; // where the mouse button went down
    figure.on("plotly_afterplot", () => this.follow());
    figure.addEventListener("mousedown", (press) => this.press(press), true);
    figure.on("plotly_doubleclick", () => this.reset());
    this.follow();
  }

  // Each plot, zoom, resize and new figure ends here; what is on the page decides what has to be fetched.
  follow() {
    const { meta } = this.figure.layout;
    if (!meta || meta.theme !== document.documentElement.dataset.theme) return; // its successor is on the way
    if ((chosen() ?? meta.cloud) !== meta.cloud) return; // so it is for another run, layer or projection
    if (this.shown !== meta.cloud || this.edition !== meta.edition) {
      const first = this.shown === null;
      this.shown = meta.cloud;
      this.edition = meta.edition;
      this.grid = null;
      if (!first) {
        this.showAll({ images: [] });
        return;
      }
    }
    const view = this.view(meta);
    const key = JSON.stringify(view);
    if (key === this.key || !(view.width > 0 && view.height > 0)) return;
    const fresh = this.source === null;
    this.key = key;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(view, key), fresh ? 0 : PAUSE);
  }

  // Whether image and grid of the visible range stand.
  isSettled() {
    const { meta } = this.figure.layout;
    const { grid, key } = this;
    return grid !== null && key === grid.key && key === JSON.stringify(this.view(meta));
  }

  view(meta) {
    const { xaxis, yaxis } = this.figure._fullLayout;
    const [x0, x1] = xaxis.range;
    const [y0, y1] = yaxis.range;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [xaxis._length, yaxis._length].map((side) => Math.round(side * ratio));
    const { cloud, edition, theme, palette, columns } = meta;
    const query = lookOf();
    if (query.colour === "column" && !columns?.some(({ name }) => name === (query.column ?? name))) {
      delete query.colour; // of another run: its choice is on the way
      delete query.column;
    }
    return { cloud, edition, theme, palette, x0, x1, y0, y1, width, height, ratio, query };
  }

  showAll(change = {}) {
    const [x0, x1, y0, y1] = this.figure.layout.meta.bounds;
    Plotly.relayout(this.figure, { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1], ...change });
  }

  // What dragging does: "pan", "select" (a box) or "lasso".
  drag(mode) {
    Plotly.relayout(this.figure, { dragmode: mode });
    for (const tool of document.querySelectorAll(".tool[data-mode]")) {
      tool.setAttribute("aria-pressed", String(tool.dataset.mode === mode));
    }
  }

  press({ clientX, clientY }) {
    this.presses = [...this.presses.slice(-1), [clientX, clientY]];
  }

  // Plotly takes any two quick clicks for a double click, wherever they are.
  reset() {
    const [one, other] = this.presses;
    this.presses = [];
    if (other && Math.hypot(one[0] - other[0], one[1] - other[1]) < REACH) this.showAll();
  }

  // The image first; the grid once the image stands.  An answer to an older question is dropped.
  async load(view, key) {
    this.request.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    try {
      const image = await this.fetch("cloud", "png", view, signal);
      const source = URL.createObjectURL(await image.blob());
      const ready = new Image();
      ready.src = source;
      await ready.decode();
      if (key !== this.key) {
        URL.revokeObjectURL(source);
        return;
      }
      await this.lay(source, view);
      if (key !== this.key) return; // a newer image says how it is drawn
      drawing.tell(drawing.read(image));
      const withCells = drawing.drawn() !== "dots";
      const grid = await this.fetch("pick", "bin", view, signal, withCells && { cells: 1 });
      const content = new Uint32Array(await grid.arrayBuffer());
      const [mesh, numbers] = withCells ? cells.read(grid.headers.get("X-Cells"), content) : [null, content];
      const [width, height] = grid.headers.get("X-Grid-Size").split("x").map(Number);
      const [rows, starts] = [numbers.subarray(0, width * height), numbers.subarray(width * height)];
      for (let at = 2; at < starts.length; at++) starts[at] += starts[at - 2]; // each came as its distance
      if (key === this.key) this.grid = { ...view, key, rows, starts, width, height, mesh };
    } catch (error) {
      if (error.name === "AbortError") return;
      if (key === this.key) this.key = null; // the next plot asks again
      console.error("The cloud of states could not be loaded.", error);
      notice(`The image of the states could not be loaded: ${messageOf(error)} Zoom or reload the page.`);
    }
  }

  // The image of a range at another size, for an export, and how it is drawn.
  async picture(range, [width, height], ratio) {
    const view = { ...this.view(this.figure.layout.meta), ...range, ratio };
    view.query.draw = drawing.drawn(); // as on the page, though the range may be wider
    const sharp = { ...view, width: Math.round(width * ratio), height: Math.round(height * ratio) };
    const image = await this.fetch("cloud", "png", sharp);
    return { image: await image.blob(), told: drawing.read(image) };
  }

  async fetch(kind, ending, view, signal, more) {
    const { cloud, edition, theme, palette, x0, x1, y0, y1, width, height, ratio } = view;
    const query = new URLSearchParams({ x0, x1, y0, y1, w: width, h: height, ratio, theme, palette, edition });
    for (const [name, value] of Object.entries(view.query)) query.set(name, value);
    if (kind === "pick") {
      for (const name of COLOURS) query.delete(name); // the same states, whatever their colour
    }
    for (const [name, value] of Object.entries(more || {})) query.set(name, value);
    const answer = await ask(`${kind}/${cloudPath(cloud)}.${ending}?${query}`, { signal });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer;
  }

  async lay(source, { x0, x1, y0, y1 }) {
    const before = this.source;
    this.source = source;
    const place = { xref: "x", yref: "y", x: x0, y: y1, sizex: x1 - x0, sizey: y1 - y0 };
    const image = { name: "cloud", source, sizing: "stretch", layer: "below", ...place };
    await Plotly.relayout(this.figure, { images: [image] });
    if (before) URL.revokeObjectURL(before);
  }

  // The state under the pointer, as a focus; null for none.
  stateUnder({ clientX, clientY }) {
    const { left, top } = this.figure.getBoundingClientRect();
    const { xaxis, yaxis } = this.figure._fullLayout;
    return this.stateAt(xaxis.p2d(clientX - left - xaxis._offset), yaxis.p2d(clientY - top - yaxis._offset));
  }

  // The state nearest to a place, if one is drawn within reach: {sequence, step}, and for a state that is not
  // of the selected sequence `row` and `at`, where the dot is in the projection.
  stateAt(x, y) {
    const own = this.stepAt(x, y);
    if (own) return own;
    const { grid } = this;
    if (!grid) return null;
    const column = Math.floor(((x - grid.x0) / (grid.x1 - grid.x0)) * grid.width);
    const line = Math.floor(((grid.y1 - y) / (grid.y1 - grid.y0)) * grid.height);
    const reach = Math.round(REACH * grid.ratio);
    let found = 0;
    let nearest = reach * reach + 1;
    this.around(column, line, reach, (row, right, down) => {
      const distance = right * right + down * down;
      if (distance < nearest) [found, nearest] = [row, distance];
    });
    const state = found ? this.locate(found - 1) : null;
    if (!state || state.sequence === this.figure.layout.meta.sequence) return state;
    const cell = grid.mesh && cells.at(grid.mesh, x, y);
    const detail = cell && { detail: ["here", cells.describe(cell)] };
    return { ...state, row: found - 1, at: this.middle(found, column, line, 2 * reach), ...detail };
  }

  // The sequence and step of a row that is drawn: `starts` has, for each sequence in the grid, its number and
  // the row of its first state.
  locate(row) {
    const { starts } = this.grid;
    let low = 0;
    let high = starts.length / 2;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[2 * middle + 1] <= row) low = middle;
      else high = middle;
    }
    return { sequence: starts[2 * low], step: row - starts[2 * low + 1] };
  }

  around(column, line, reach, visit) {
    const { rows, width, height } = this.grid;
    for (let down = -reach; down <= reach; down++) {
      for (let right = -reach; right <= reach; right++) {
        const [at, on] = [column + right, line + down];
        if (at < 0 || on < 0 || at >= width || on >= height) continue;
        const row = rows[on * width + at];
        if (row) visit(row, right, down);
      }
    }
  }

  // The middle of the pixels that belong to a state: where its dot is.
  middle(wanted, column, line, reach) {
    const { grid } = this;
    let [count, right, down] = [0, 0, 0];
    this.around(column, line, reach, (row, across, below) => {
      if (row === wanted) [count, right, down] = [count + 1, right + across, down + below];
    });
    const across = (column + right / count + 0.5) / grid.width;
    const below = (line + down / count + 0.5) / grid.height;
    return [grid.x0 + across * (grid.x1 - grid.x0), grid.y1 - below * (grid.y1 - grid.y0)];
  }

  // The states of the selected sequence are drawn above all others.
  stepAt(x, y) {
    const { meta } = this.figure.layout;
    const steps = this.figure._fullData.find((trace) => trace.name === "steps");
    if (meta.sequence == null || !steps) return null;
    const { xaxis, yaxis } = this.figure._fullLayout;
    const wide = xaxis._length / (xaxis.range[1] - xaxis.range[0]);
    const high = yaxis._length / (yaxis.range[1] - yaxis.range[0]);
    let found = null;
    let nearest = REACH;
    for (let step = 0; step < steps.x.length; step++) {
      const distance = Math.hypot((steps.x[step] - x) * wide, (steps.y[step] - y) * high);
      if (distance < nearest) [found, nearest] = [step, distance];
    }
    return found === null ? null : { sequence: meta.sequence, step: found };
  }
}

// The one of the page; null until its figure stands.
export let cloud = null;

function look() {
  if (get("options")) cloud?.follow();
}

export function start() {
  for (const store of ["options", "filter", "view"]) subscribe(store, look);
  bindKeys({ 0: () => cloud?.showAll() });
  whenReady(() => {
    cloud = new Cloud(plot("projection"));
    for (const tool of document.querySelectorAll(".tool[data-mode]")) {
      tool.addEventListener("click", () => cloud.drag(tool.dataset.mode));
    }
    byId("whole").addEventListener("click", () => cloud.showAll());
  });
}
