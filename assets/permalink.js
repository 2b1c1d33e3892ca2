// The page's whole state in its address: copy it, open it elsewhere, see the same; back and forward work.
//
//   run, layer, projection, palette, sequence, step, filter (JSON), view (x0,x1,y0,y1), and each display option
//   that differs from its default under its id (lists joined by commas).
(() => {
  const PAUSE = 250; // ms of rest before the address is written
  const SELECTS = ["run", "layer", "projection"];
  const STEPS = new Set(["run", "layer", "projection", "sequence", "filter"]); // a change makes a step back

  let read = false; // the address that the page was opened with has been taken in
  let timer = 0;
  let view = null; // the `view` store
  let applying = false;

  const own = () => new URLSearchParams(location.search);

  function range() {
    const figure = hsvis.plot("projection");
    const { xaxis, yaxis } = figure?._fullLayout ?? {};
    const whole = figure?.layout?.meta?.bounds;
    if (!xaxis || !whole) return null;
    const now = [...xaxis.range, ...yaxis.range].map(Number);
    const least = 1e-6 * Math.max(whole[1] - whole[0], whole[3] - whole[2]);
    if (now.every((end, k) => Math.abs(end - whole[k]) < least)) return null;
    return now.map((end) => Number(end.toPrecision(7))).join(",");
  }

  // What the page shows, as the query of an address.
  function query() {
    const found = new URLSearchParams();
    const { run, layer, projection, palette } = view ?? {};
    if (run) for (const [name, value] of Object.entries({ run, layer, projection })) found.set(name, value);
    if (palette && palette !== "hsvis") found.set("palette", palette);
    const sequence = hsvis.selectedSequence();
    if (sequence !== null) found.set("sequence", sequence);
    const pinned = hsvis.focus.pinned();
    if (pinned && pinned.sequence === sequence) found.set("step", pinned.step);
    const filter = hsvis.filter.current();
    if (Object.keys(filter).length) found.set("filter", JSON.stringify(filter));
    const visible = range();
    if (visible) found.set("view", visible);
    for (const [id, value] of Object.entries(hsvis.options.changed())) {
      found.set(id, Array.isArray(value) ? value.join(",") : value);
    }
    return found;
  }

  function write() {
    if (!read || applying || !view) return;
    const next = query();
    const before = own();
    if (next.toString() === before.toString()) return;
    const step = [...STEPS].some((name) => next.get(name) !== before.get(name));
    const address = `${location.pathname}?${next}`;
    // the first address is only completed
    if (step && before.has("run")) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(write, PAUSE);
  }

  // A value of an option as its control holds it; undefined for what makes no sense.
  function optionOf(id, text, fallback) {
    if (Array.isArray(fallback)) return text.split(",").filter((one) => /^[a-z]+$/.test(one));
    if (typeof fallback === "number") return Number.isFinite(Number(text)) ? Number(text) : undefined;
    return text;
  }

  function optionsOf(asked) {
    const found = {};
    for (const [id, fallback] of Object.entries(dash_clientside.hsvisDefaults)) {
      const value = asked.has(id) ? optionOf(id, asked.get(id), fallback) : undefined;
      if (value !== undefined) found[id] = value;
    }
    return found;
  }

  const settle = (holds, limit = 8000) =>
    new Promise((done) => {
      const began = Date.now();
      const look = () => (holds() || Date.now() - began > limit ? done(holds()) : setTimeout(look, 30));
      look();
    });

  // Chooses run, layer and projection; says what is not there (any more).
  async function applyChoice(asked) {
    const missing = [];
    for (const name of SELECTS) {
      const wanted = asked.get(name);
      if (!wanted || view?.[name] === wanted) continue;
      const offered = await hsvis.offered(`${name}-select`);
      if (!offered.includes(wanted)) {
        missing.push(`There is no ${name} “${wanted}” (any more).`);
        continue;
      }
      dash_clientside.set_props(`${name}-select`, { value: wanted });
      await settle(() => hsvis.steps.meta().cloud?.split("/")[SELECTS.indexOf(name)] === wanted);
    }
    return missing;
  }

  function parsed(text) {
    try {
      const value = JSON.parse(text);
      return value && typeof value === "object" && !Array.isArray(value) ? value : null;
    } catch {
      return null;
    }
  }

  async function applySequence(asked) {
    const { run } = hsvis.steps.meta();
    const sequence = asked.has("sequence") ? Number(asked.get("sequence")) : null;
    if (sequence === null) {
      if (hsvis.selectedSequence() !== null) {
        dash_clientside.set_props("pick", { data: { run: null, sequence: null, at: Date.now() } });
      }
      hsvis.focus.pin(null);
      return [];
    }
    await settle(() => hsvis.locate(0) !== null);
    if (!hsvis.facts(sequence)) return [`There is no sequence “${asked.get("sequence")}” in this run.`];
    const step = asked.has("step") ? Number(asked.get("step")) : null;
    hsvis.focus.pin(Number.isInteger(step) && step >= 0 ? { sequence, step } : null);
    dash_clientside.set_props("pick", { data: { run, sequence, keep: true, at: Date.now() } });
    await settle(() => hsvis.steps.index() === sequence);
    if (step === null) return [];
    if (step >= hsvis.steps.count() || !Number.isInteger(step) || step < 0) {
      hsvis.focus.pin(null);
      return [`Sequence ${sequence} has no step “${asked.get("step")}”.`];
    }
    hsvis.focus.draw();
    hsvis.focus.reveal();
    return [];
  }

  async function apply(asked, { options }) {
    applying = true;
    hsvis.options.set(options);
    const missing = await applyChoice(asked);
    if (asked.has("palette") || view?.palette !== "hsvis") {
      dash_clientside.set_props("palette-select", { value: asked.get("palette") ?? "hsvis" });
    }
    const filter = asked.has("filter") ? parsed(asked.get("filter")) : {};
    if (filter === null) missing.push("The filter in the address can't be read.");
    if (JSON.stringify(filter ?? {}) !== JSON.stringify(hsvis.filter.current())) hsvis.filter.replace(filter ?? {});
    missing.push(...(await applySequence(asked)));
    const ends = (asked.get("view") ?? "").split(",").map(Number);
    const figure = hsvis.plot("projection");
    if (ends.length === 4 && ends.every(Number.isFinite) && ends[0] < ends[1] && ends[2] < ends[3]) {
      await Plotly.relayout(figure, { "xaxis.range": ends.slice(0, 2), "yaxis.range": ends.slice(2) });
    } else if (range()) hsvis.cloud.showAll();
    applying = false;
    read = true;
    if (missing.length) hsvis.notice(`${missing.join(" ")} The rest is shown.`);
    soon();
  }

  hsvis.whenReady(async () => {
    await settle(() => view !== null && dash_clientside.hsvisDefaults);
    const asked = own();
    // An address that says anything says everything; a bare one leaves the options of the last visit.
    const options = [...asked.keys()].length ? optionsOf(asked) : hsvis.options.remembered();
    await apply(asked, { options });
  });

  addEventListener("popstate", () => apply(own(), { options: optionsOf(own()) }));
  for (const event of ["hsvis:look", "hsvis:selected", "hsvis:pin"]) document.addEventListener(event, soon);
  document.addEventListener("hsvis:plotted", ({ detail }) => detail === "projection" && soon());

  hsvis.whenReady(() => {
    document.getElementById("copy-link").addEventListener("click", async () => {
      write();
      try {
        await navigator.clipboard.writeText(location.href);
        hsvis.notice("The address of this view is copied.");
      } catch {
        hsvis.notice("The browser does not let the page copy: copy the address from the address bar.");
      }
    });
  });

  window.hsvis = Object.assign(window.hsvis || {}, { permalink: { isRead: () => read, query } });
  window.dash_clientside = window.dash_clientside || {};
  const offers = {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, {
    viewChanged: (data) => {
      view = data;
      document.dispatchEvent(new CustomEvent("hsvis:look"));
    },
    offers: (runs, layers, projections) => {
      [runs, layers, projections].forEach((all, k) => {
        offers[`${SELECTS[k]}-select`] = (all ?? []).map(({ value }) => value);
      });
    },
  });
  window.hsvis.offered = (select) => offers[select] ?? [];
})();
