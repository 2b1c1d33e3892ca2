// The focus: the step that the pointer is on, or that the keys are at, shown in all views at once.
// No request, no new figure: what is shown lies in a layer above each figure.
//
// A focus is {sequence, step} and may have: `from`, when it is the way from the step before; `at`, the place
// in the projection of a state that is not of the selected sequence; `row`, its row; `detail`, for the tooltip.
(() => {
  const STEP_FIGURES = ["ep-heatmap", "distances", "confidence", "unit-activity"];
  const LEAST_COLUMN = 3; // CSS pixels
  const STORE_PAUSE = 150; // ms of rest before the `focus` store is told
  const SVG = "http://www.w3.org/2000/svg";

  let pointed = null; // under the pointer
  let pinned = null; // clicked, or reached by keys: stays when the pointer leaves
  let shown = null;
  let marked = []; // elements that carry a class for the focus
  let timer = 0;
  const columns = new Map(); // figure -> [column of the step before, column of the step]
  let marks = null; // of the projection: {segment, before, ring}

  const layer = (figure) => document.querySelector(`[data-overlay="${figure}"]`);

  function columnsOf(figure) {
    if (!columns.has(figure)) {
      const made = ["before", "now"].map((which) => {
        const column = document.createElement("div");
        column.className = `column ${which}`;
        column.hidden = true;
        layer(figure).append(column);
        return column;
      });
      columns.set(figure, made);
    }
    return columns.get(figure);
  }

  function marksOf() {
    if (marks) return marks;
    const svg = hsvis.projectionLayer("focus");
    const shape = (tag, name) => {
      const made = document.createElementNS(SVG, tag);
      made.setAttribute("class", name);
      made.style.display = "none";
      svg.append(made);
      return made;
    };
    marks = {
      segment: shape("line", "focus-segment"),
      before: shape("circle", "focus-ring before"),
      ring: shape("circle", "focus-ring"),
    };
    marks.before.setAttribute("r", 7);
    marks.ring.setAttribute("r", 8);
    return marks;
  }

  // A group of its own in the layer above the projection.
  function projectionLayer(name) {
    const above = layer("projection");
    let svg = above.querySelector("svg");
    if (!svg) {
      svg = document.createElementNS(SVG, "svg");
      above.append(svg);
    }
    let group = svg.querySelector(`g.${name}`);
    if (!group) {
      group = document.createElementNS(SVG, "g");
      group.setAttribute("class", name);
      svg.append(group);
    }
    return group;
  }

  function place(column, figure, step) {
    const { xaxis, yaxis } = hsvis.plot(figure)._fullLayout;
    const left = Math.max(0, xaxis.d2p(step - 0.5));
    const right = Math.min(xaxis._length, xaxis.d2p(step + 0.5));
    column.hidden = !(right > left);
    if (column.hidden) return;
    const width = Math.max(right - left, LEAST_COLUMN);
    column.style.transform = `translate(${xaxis._offset + (left + right - width) / 2}px, ${yaxis._offset}px)`;
    column.style.width = `${width}px`;
    column.style.height = `${yaxis._length}px`;
  }

  function showInFigure(figure, focus) {
    const [before, now] = columnsOf(figure);
    const ready = focus && hsvis.plot(figure)?._fullLayout?.xaxis;
    if (!ready) {
      before.hidden = now.hidden = true;
      return;
    }
    place(now, figure, focus.step);
    if (focus.from) place(before, figure, focus.step - 1);
    else before.hidden = true;
  }

  function ring(circle, point) {
    circle.style.display = point ? "" : "none";
    if (!point) return;
    circle.setAttribute("cx", point[0]);
    circle.setAttribute("cy", point[1]);
  }

  // Where a state is in the layer of the projection, in CSS pixels; null outside the plot.
  function onPlot(place) {
    const layout = place && hsvis.plot("projection")?._fullLayout;
    if (!layout?.xaxis) return null;
    const { xaxis, yaxis } = layout;
    const [left, top] = [xaxis.d2p(place[0]), yaxis.d2p(place[1])];
    const inside = left >= 0 && top >= 0 && left <= xaxis._length && top <= yaxis._length;
    return inside ? [left + xaxis._offset, top + yaxis._offset] : null;
  }

  function showInProjection(focus, own) {
    const { segment, before, ring: now } = marksOf();
    const end = focus && onPlot(own ? hsvis.steps.point(focus.step) : focus.at);
    const start = focus?.from && own ? onPlot(hsvis.steps.point(focus.step - 1)) : null;
    ring(now, end);
    ring(before, start);
    segment.style.display = start && end ? "" : "none";
    if (start && end) {
      ["x1", "y1"].forEach((name, k) => segment.setAttribute(name, start[k]));
      ["x2", "y2"].forEach((name, k) => segment.setAttribute(name, end[k]));
    }
  }

  function mark(element, name) {
    if (!element) return;
    element.classList.add(name);
    marked.push([element, name]);
  }

  function showInText(focus, own) {
    for (const [element, name] of marked) element.classList.remove(name);
    marked = [];
    if (!focus) return;
    if (own) {
      mark(hsvis.steps.element(focus.step), "focus");
      if (focus.from) mark(hsvis.steps.element(focus.step - 1), "focus-before");
    }
    mark(document.querySelector(`#sequence-table .ag-row[row-id="${focus.sequence}"]`), "focus");
  }

  function draw() {
    const focus = pointed ?? pinned;
    const own = focus !== null && focus.sequence === hsvis.steps.index();
    shown = own || focus?.at ? focus : null;
    for (const figure of STEP_FIGURES) showInFigure(figure, own ? focus : null);
    showInProjection(shown, own);
    showInText(shown, own);
    if (pointed && !shown) hsvis.tooltip.hide(); // its sequence is shown no more
  }

  const same = (one, other) =>
    one === other ||
    (one && other && ["sequence", "step", "from", "row"].every((key) => one[key] === other[key]));

  function tell() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const data = shown && { sequence: shown.sequence, step: shown.step };
      dash_clientside.set_props("focus", { data });
    }, STORE_PAUSE);
  }

  // The pointer is on something, or with null on nothing.
  function point(focus) {
    if (same(focus, pointed)) return;
    pointed = focus;
    draw();
    tell();
  }

  // A step that stays when the pointer leaves; null lets go.
  function pin(focus) {
    if (same(focus, pinned)) return;
    pinned = focus && { sequence: focus.sequence, step: focus.step };
    draw();
    tell();
    document.dispatchEvent(new CustomEvent("hsvis:pin"));
  }

  // The token of the focus, brought into sight.
  function reveal() {
    const token = shown && hsvis.steps.element(shown.step);
    const strip = document.getElementById("token-strip");
    if (!token) return;
    const [inner, outer] = [token.getBoundingClientRect(), strip.getBoundingClientRect()];
    if (inner.top < outer.top) strip.scrollTop -= outer.top - inner.top + 4;
    else if (inner.bottom > outer.bottom) strip.scrollTop += inner.bottom - outer.bottom + 4;
    if (inner.left < outer.left) strip.scrollLeft -= outer.left - inner.left + 4;
    else if (inner.right > outer.right) strip.scrollLeft += inner.right - outer.right + 4;
  }

  document.addEventListener("hsvis:plotted", draw); // a figure is new, zoomed or resized

  window.hsvis = Object.assign(window.hsvis || {}, {
    projectionLayer,
    onPlot,
    focus: { point, pin, reveal, draw, shown: () => shown, pinned: () => pinned },
  });
})();
