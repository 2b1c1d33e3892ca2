// The page's whole state in its address: copy it, open it elsewhere, see the same; back and forward work.
//
//   run, layer, projection, palette, sequence, step, filter (JSON), view (x0,x1,y0,y1), and each display option
//   that differs from its default under its id (lists joined by commas).
(() => {
  const PAUSE = 250; // ms of rest before the address is written
  const SELECTS = ["run", "layer", "projection"];
  const STEPS = ["run", "layer", "projection", "sequence", "filter"]; // a change makes a step back
  const OTHERS = new Set([...STEPS, "palette", "step", "view"]); // than display options

  let read = false; // the address that the page was opened with has been taken in
  let timer = 0;
  let view = null; // the `view` store
  let applying = false; // an address
  let again = false; // once more, with the address as it is by then

  const own = () => new URLSearchParams(location.search);
  const control = (id) => dash_component_api.getLayout(id).props;

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

  // Whether a choice in the header is on its way: the server has not said yet what belongs to it.
  const isChoosing = () => SELECTS.some((name) => control(`${name}-select`).value !== view[name]);

  // A change of the page is a step that the browser's "back" undoes, unless it only completes the address.
  function write(completes = false) {
    clearTimeout(timer);
    if (!read || applying || !view || isChoosing()) return;
    const next = query();
    const before = own();
    if (next.toString() === before.toString()) return;
    const step = STEPS.some((name) => next.get(name) !== before.get(name));
    const address = `${location.pathname}?${next}`;
    if (step && !completes) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(write, PAUSE);
  }

  const defaults = () => dash_clientside.hsvisDefaults;
  const isOption = (id) => Object.hasOwn(defaults(), id);

  // A value of an option as its control holds it.
  function optionOf(text, fallback) {
    if (Array.isArray(fallback)) return text.split(",");
    return typeof fallback === "number" && text.trim() ? Number(text) : text;
  }

  // Whether a control offers a value: one of its choices, some of them, or a number within its reach.
  function isOffered(id, value) {
    const { options, min, max } = control(id);
    if (!options) return typeof value === "number" && min <= value && value <= max;
    if (isOption(id) && Array.isArray(defaults()[id]) !== Array.isArray(value)) return false;
    return [value].flat().every((one) => options.some((option) => option.value === one && !option.disabled));
  }

  // The options in an address, and what of it is no option (any more).
  function optionsOf(asked) {
    const given = [...asked].filter(([name]) => !OTHERS.has(name));
    const known = given.filter(([id]) => isOption(id)).map(([id, text]) => [id, optionOf(text, defaults()[id])]);
    const options = sensible(Object.fromEntries(known));
    const gone = given.filter(([id]) => !Object.hasOwn(options, id)).map(([id, text]) => `There is no setting “${id}=${text}” (any more).`);
    return [options, gone];
  }

  const sensible = (options) =>
    Object.fromEntries(Object.entries(options).filter(([id, value]) => isOption(id) && isOffered(id, value)));

  const settle = (holds, limit = 8000) =>
    new Promise((done) => {
      const began = Date.now();
      const look = () => (holds() || Date.now() - began > limit ? done(holds()) : setTimeout(look, 30));
      look();
    });

  const isUnbuilt = (run) => control("run-select").options.some((one) => one.value === run && one.disabled);

  // Chooses run, layer and projection; says what is not there (any more).
  async function applyChoice(asked) {
    const missing = [];
    for (const name of SELECTS) {
      const wanted = asked.get(name);
      if (!wanted || view?.[name] === wanted) continue;
      if (name === "run" && isUnbuilt(wanted)) {
        const isAllowed = document.getElementById("show-runs").dataset.allowed === "true";
        const how = isAllowed ? "it can be built under “Runs…”" : "“Runs…” says how it can be";
        missing.push(`The run “${wanted}” is not built yet; ${how}.`);
        break; // layer and projection are its own
      }
      if (!isOffered(`${name}-select`, wanted)) {
        missing.push(`There is no ${name} “${wanted}” (any more).`);
        continue;
      }
      await choose(name, wanted);
    }
    return missing;
  }

  // Returns once the new cloud is on the page and all menus that depend on the choice offer what belongs to it.
  async function choose(name, wanted) {
    const menus = { run: ["projection-select", "change-class"], layer: ["projection-select"], projection: [] }[name];
    const before = menus.map((id) => control(id).options);
    dash_clientside.set_props(`${name}-select`, { value: wanted });
    const isShown = () => {
      const cloud = SELECTS.map((one) => view[one]).join("/");
      const { cloud: drawn, edition } = hsvis.steps.meta();
      return view[name] === wanted && drawn === cloud && edition === view.edition && hsvis.cloud.shown === cloud;
    };
    await settle(() => isShown() && menus.every((id, k) => control(id).options !== before[k]));
  }

  async function applyPalette(asked) {
    const wanted = asked.get("palette") ?? "hsvis";
    if (wanted === view.palette) return [];
    if (!isOffered("palette-select", wanted)) return [`There is no palette “${wanted}” (any more).`];
    dash_clientside.set_props("palette-select", { value: wanted });
    await settle(() => view.palette === wanted);
    return [];
  }

  async function applyOptions(asked, remembered) {
    const [options, gone] = remembered ? [sensible(remembered), []] : optionsOf(asked);
    hsvis.options.set(options);
    const wanted = contentOf({ ...defaults(), ...options });
    await settle(() => contentOf(hsvis.options.current()) === wanted);
    return gone;
  }

  // The same for objects with the same entries in another order.
  const contentOf = (object) => JSON.stringify(Object.entries(object).sort());

  function parsed(text) {
    try {
      const value = JSON.parse(text);
      return value && typeof value === "object" && !Array.isArray(value) ? value : null;
    } catch {
      return null;
    }
  }

  async function applyFilter(asked, isOtherCloud) {
    const given = asked.has("filter") ? parsed(asked.get("filter")) : {};
    const missing = given === null ? ["The filter in the address can't be read."] : [];
    const filter = hsvis.filter.sensible(given ?? {});
    const gone = Object.keys(given ?? {}).filter((part) => !Object.hasOwn(filter, part));
    if (isOtherCloud) delete filter.regions; // they have the coordinates of the one that is not there
    if (gone.length) missing.push(`The filter in the address can't be applied to this run: ${gone.join(", ")}.`);
    if (contentOf(filter) !== contentOf(hsvis.filter.current())) {
      hsvis.filter.replace(filter);
      await settle(() => contentOf(hsvis.filter.current()) === contentOf(filter) && hsvis.filter.isApplied());
    }
    return missing;
  }

  // A whole number; NaN for what is none.
  const whole = (text) => (/^\d+$/.test(text) ? Number(text) : NaN);

  async function applySequence(asked) {
    const { run, edition } = hsvis.steps.meta();
    if (!asked.has("sequence")) {
      if (hsvis.selectedSequence() !== null) {
        dash_clientside.set_props("pick", { data: { run: null, sequence: null, at: Date.now() } });
        await settle(() => hsvis.selectedSequence() === null);
      }
      hsvis.focus.pin(null);
      return [];
    }
    const sequence = whole(asked.get("sequence"));
    await settle(() => hsvis.rows.run() === run);
    if (!(sequence < hsvis.rows.total())) return [`There is no sequence “${asked.get("sequence")}” in this run.`];
    const step = asked.has("step") ? whole(asked.get("step")) : null;
    const [before, isNew] = [hsvis.steps.element(0), hsvis.selectedSequence() !== sequence];
    hsvis.focus.pin(step >= 0 && step !== null ? { sequence, step } : null);
    dash_clientside.set_props("pick", { data: { run, edition, sequence, keep: true, at: Date.now() } });
    await settle(() => hsvis.steps.index() === sequence);
    if (step === null) return [];
    if (!(step < hsvis.steps.count())) {
      hsvis.focus.pin(null);
      return [`Sequence ${sequence} has no step “${asked.get("step")}”.`];
    }
    if (isNew) await settle(() => hsvis.steps.element(step) && hsvis.steps.element(0) !== before);
    await new Promise(requestAnimationFrame); // the text is scrolled to its start first
    hsvis.focus.draw();
    hsvis.focus.reveal();
    return [];
  }

  async function applyRange(asked, isOtherCloud) {
    const ends = asked.has("view") ? asked.get("view").split(",").map(Number) : null;
    const isRange = ends?.length === 4 && ends.every(Number.isFinite) && ends[0] < ends[1] && ends[2] < ends[3];
    if (isRange && !isOtherCloud) {
      const [x, y] = [ends.slice(0, 2), ends.slice(2)];
      await Plotly.relayout(hsvis.plot("projection"), { "xaxis.range": x, "yaxis.range": y });
    } else if (range()) hsvis.cloud.showAll();
    return ends && !isRange ? ["The visible range in the address can't be read."] : [];
  }

  // Shows what an address says, as far as it is there.
  async function apply(asked, remembered) {
    const missing = await applyChoice(asked);
    const isOtherCloud = missing.length > 0;
    missing.push(...(await applyOptions(asked, remembered)));
    missing.push(...(await applyPalette(asked)));
    missing.push(...(await applyFilter(asked, isOtherCloud)));
    missing.push(...(await applySequence(asked)));
    missing.push(...(await applyRange(asked, isOtherCloud)));
    if (missing.length) hsvis.notice(`${missing.join(" ")} The rest is shown.`);
  }

  // One address at a time; of those that come meanwhile, the last.
  async function follow(remembered = null) {
    again = true;
    if (applying) return;
    applying = true;
    while (again) {
      again = false;
      await apply(own(), remembered);
    }
    applying = false;
    read = true;
    write(true);
  }

  hsvis.whenReady(async () => {
    await settle(() => view !== null && defaults());
    // An address that says anything says everything; a bare one leaves the options of the last visit.
    await follow(location.search.length > 1 ? null : hsvis.options.remembered());
  });

  // Shows what the page shows, but for some entries of its address: as if that address were opened.
  function go(changes) {
    write();
    const next = query();
    next.delete("view"); // the range of another projection
    for (const [name, value] of Object.entries(changes)) next.set(name, value);
    history.pushState(null, "", `${location.pathname}?${next}`);
    follow();
  }

  addEventListener("popstate", () => follow());
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

  window.hsvis = Object.assign(window.hsvis || {}, { permalink: { isRead: () => read, query, go } });
  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, {
    viewChanged: (data) => {
      view = data;
      document.dispatchEvent(new CustomEvent("hsvis:look"));
    },
  });
})();
