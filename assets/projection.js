// The cloud of all states under the projection: an image of the visible range, and a grid that tells which
// state is where in it.  The server decides the figure's traces; the range and the image belong to this file.
(() => {
  const PAUSE = 60; // ms without a new range or size before the cloud is asked for again
  const REACH = 6; // CSS pixels around the pointer in which a click finds a state

  const prefix = () =>
    JSON.parse(document.getElementById("_dash-config").textContent).requests_pathname_prefix;

  class Cloud {
    constructor(figure) {
      this.figure = figure; // the element that Plotly draws into
      this.shown = null; // meta.cloud of what is on the page
      this.key = null; // the view that was asked for last
      this.grid = null; // {rows: Uint32Array, width, height, x0, x1, y0, y1, ratio}
      this.source = null; // address of the image on the page
      this.timer = 0;
      this.request = new AbortController();
      this.presses = []; // where the mouse button went down
      figure.on("plotly_afterplot", () => this.follow());
      figure.on("plotly_click", (click) => this.pick(click));
      figure.on("plotly_hover", (hover) => this.point(this.stateUnder(hover.event)));
      figure.on("plotly_unhover", () => this.point(null));
      figure.addEventListener("mousedown", (press) => this.press(press), true);
      figure.on("plotly_doubleclick", () => this.reset());
      this.follow();
    }

    // Each plot, zoom, resize and new figure ends here; what is on the page decides what has to be fetched.
    follow() {
      const { meta } = this.figure.layout;
      if (!meta || meta.theme !== document.documentElement.dataset.theme) return; // its successor is on the way
      if (this.shown !== meta.cloud) {
        const first = this.shown === null;
        this.shown = meta.cloud;
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
      return { cloud: meta.cloud, theme: meta.theme, x0, x1, y0, y1, width, height, ratio };
    }

    showAll(change = {}) {
      const [x0, x1, y0, y1] = this.figure.layout.meta.bounds;
      Plotly.relayout(this.figure, { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1], ...change });
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
        const grid = await this.fetch("pick", "bin", view, signal);
        const rows = new Uint32Array(await grid.arrayBuffer());
        const [width, height] = grid.headers.get("X-Grid-Size").split("x").map(Number);
        if (key === this.key) this.grid = { ...view, key, rows, width, height };
      } catch (error) {
        if (error.name === "AbortError") return;
        if (key === this.key) this.key = null; // the next plot asks again
        console.error("The cloud of states could not be loaded.", error);
      }
    }

    async fetch(kind, ending, view, signal) {
      const { cloud, theme, x0, x1, y0, y1, width, height, ratio } = view;
      const query = new URLSearchParams({ x0, x1, y0, y1, w: width, h: height, ratio, theme });
      const path = cloud.split("/").map(encodeURIComponent).join("/");
      const answer = await fetch(`${prefix()}${kind}/${path}.${ending}?${query}`, { signal });
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

    pick(click) {
      if (click.event && click.event.detail > 1) return; // the second half of a double click
      const at = this.stateUnder(click.event);
      if (!at) return;
      const { run } = this.figure.layout.meta;
      dash_clientside.set_props("pick", { data: { run, ...at, at: Date.now() } });
    }

    // Plotly's own xvals and yvals may lag behind a quick pointer: it looks only every 50 ms.
    stateUnder({ clientX, clientY }) {
      const { left, top } = this.figure.getBoundingClientRect();
      const { xaxis, yaxis } = this.figure._fullLayout;
      return this.stateAt(xaxis.p2d(clientX - left - xaxis._offset), yaxis.p2d(clientY - top - yaxis._offset));
    }

    point(state) {
      this.figure.classList.toggle("on-state", state !== null);
    }

    // The sequence and step of the state nearest to a place, if one is drawn within reach.
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
      for (let down = -reach; down <= reach; down++) {
        for (let right = -reach; right <= reach; right++) {
          const [at, on] = [column + right, line + down];
          if (at < 0 || on < 0 || at >= grid.width || on >= grid.height) continue;
          const row = grid.rows[on * grid.width + at];
          const distance = right * right + down * down;
          if (row && distance < nearest) [found, nearest] = [row, distance];
        }
      }
      return found ? window.hsvis.locate(found - 1) : null;
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

  const waiting = setInterval(() => {
    const figure = document.querySelector("#projection .js-plotly-plot");
    if (!figure || !figure.on || !figure._fullLayout || !figure._fullLayout.xaxis) return;
    clearInterval(waiting);
    window.hsvis = Object.assign(window.hsvis || {}, { cloud: new Cloud(figure) });
  }, 30);
})();
