// What the address of the page holds, and the button that copies it:
//
//   run, class (of several independent ones), layer, projection, palette, sequence, step, filter (JSON), view (x0,x1,y0,y1), and each display option
//   that differs from its default under its id (lists joined by commas).
import { control, setControl } from "../core/controls.mjs";
import { byId } from "../core/dom.mjs";
import { notice, onPlotted, whenReady } from "../core/page.mjs";
import * as permalink from "../core/permalink.mjs";
import { plot } from "../core/plots.mjs";
import * as steps from "../core/steps.mjs";
import { edition, get, select, subscribe } from "../core/stores.mjs";
import * as filter from "../state/filter.mjs";
import * as focus from "../state/focus.mjs";
import * as options from "../state/options.mjs";
import { isApplied } from "../state/passing.mjs";
import { selectedSequence } from "../state/selection.mjs";
import * as rows from "../table/rows.mjs";
import { cloud } from "../views/cloud.mjs";
import * as highlight from "../views/highlight.mjs";

const SELECTS = ["run", "layer", "projection"];
const STEPS = ["run", "class", "layer", "projection", "sequence", "filter"]; // a change makes a step back
const OTHERS = new Set([...STEPS, "palette", "step", "view"]); // than display options

function range() {
  const figure = plot("projection");
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
  const { run, layer, projection, palette } = get("view") ?? {};
  if (run) for (const [name, value] of Object.entries({ run, layer, projection })) found.set(name, value);
  if (palette && palette !== "hsvis") found.set("palette", palette);
  const shown = control("class-select");
  if (shown.value !== "0") found.set("class", shown.options.find(({ value }) => value === shown.value)?.label);
  const sequence = selectedSequence();
  if (sequence !== null) found.set("sequence", sequence);
  const pinned = focus.pinned();
  if (pinned && pinned.sequence === sequence) found.set("step", pinned.step);
  const parts = filter.current();
  if (Object.keys(parts).length) found.set("filter", JSON.stringify(parts));
  const visible = range();
  if (visible) found.set("view", visible);
  for (const [id, value] of Object.entries(options.changed())) {
    found.set(id, Array.isArray(value) ? value.join(",") : value);
  }
  return found;
}

// Whether a choice in the header is on its way: the server has not said yet what belongs to it.
const isChoosing = () => SELECTS.some((name) => control(`${name}-select`).value !== get("view")[name]);

const isOption = (id) => Object.hasOwn(options.defaults(), id);

// A value of an option as its control holds it.
function optionOf(text, fallback) {
  if (Array.isArray(fallback)) return text.split(",");
  return typeof fallback === "number" && text.trim() ? Number(text) : text;
}

// Whether a control offers a value: one of its choices, some of them, or a number within its reach.
function isOffered(id, value) {
  const { options: choices, min, max } = control(id);
  if (!choices) return typeof value === "number" && min <= value && value <= max;
  if (isOption(id) && Array.isArray(options.defaults()[id]) !== Array.isArray(value)) return false;
  return [value].flat().every((one) => choices.some((choice) => choice.value === one && !choice.disabled));
}

// The options in an address, and what of it is no option (any more).
function optionsOf(asked) {
  const given = [...asked].filter(([name]) => !OTHERS.has(name));
  const known = given.filter(([id]) => isOption(id)).map(([id, text]) => [id, optionOf(text, options.defaults()[id])]);
  const found = sensible(Object.fromEntries(known));
  const gone = given.filter(([id]) => !Object.hasOwn(found, id)).map(([id, text]) => `There is no setting “${id}=${text}” (any more).`);
  return [found, gone];
}

const sensible = (found) =>
  Object.fromEntries(Object.entries(found).filter(([id, value]) => isOption(id) && isOffered(id, value)));

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
    if (!wanted || get("view")[name] === wanted) continue;
    if (name === "run" && isUnbuilt(wanted)) {
      const isAllowed = byId("show-runs").dataset.allowed === "true";
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
  const menus = { run: ["projection-select", "change-class", "class-select", "colour-column"], layer: ["projection-select"], projection: [] }[name];
  const before = menus.map((id) => control(id).options);
  setControl(`${name}-select`, { value: wanted });
  const isShown = () => {
    const view = get("view");
    const chosen = SELECTS.map((one) => view[one]).join("/");
    const { cloud: drawn, edition: answered } = steps.meta();
    return view[name] === wanted && drawn === chosen && answered === view.edition && cloud.shown === chosen;
  };
  await settle(() => isShown() && menus.every((id, k) => control(id).options !== before[k]));
}

// The independent class that is shown, by its name.
async function applyClass(asked) {
  const { options: there, value } = control("class-select");
  const name = asked.get("class") ?? there[0].label;
  const wanted = there.find(({ label }) => label === name);
  if (!wanted) return [`There is no class “${name}” (any more).`];
  if (wanted.value === value) return [];
  setControl("class-select", { value: wanted.value });
  await settle(() => get("view").edition === edition(get("view").run) && steps.meta().edition === get("view").edition);
  return [];
}

async function applyPalette(asked) {
  const wanted = asked.get("palette") ?? "hsvis";
  if (wanted === get("view").palette) return [];
  if (!isOffered("palette-select", wanted)) return [`There is no palette “${wanted}” (any more).`];
  setControl("palette-select", { value: wanted });
  await settle(() => get("view").palette === wanted);
  return [];
}

async function applyOptions(asked, remembered) {
  const [found, gone] = remembered ? [sensible(remembered), []] : optionsOf(asked);
  options.set(found);
  const wanted = contentOf({ ...options.defaults(), ...found });
  await settle(() => contentOf(options.current()) === wanted);
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
  const wanted = filter.sensible(given ?? {});
  const gone = Object.keys(given ?? {}).filter((part) => !Object.hasOwn(wanted, part));
  if (isOtherCloud) delete wanted.regions; // they have the coordinates of the one that is not there
  if (gone.length) missing.push(`The filter in the address can't be applied to this run: ${gone.join(", ")}.`);
  if (contentOf(wanted) !== contentOf(filter.current())) {
    filter.replace(wanted);
    await settle(() => contentOf(filter.current()) === contentOf(wanted) && isApplied());
  }
  return missing;
}

// A whole number; NaN for what is none.
const whole = (text) => (/^\d+$/.test(text) ? Number(text) : NaN);

async function applySequence(asked) {
  if (!asked.has("sequence")) {
    if (selectedSequence() !== null) {
      select(null);
      await settle(() => selectedSequence() === null);
    }
    focus.pin(null);
    return [];
  }
  const sequence = whole(asked.get("sequence"));
  await settle(() => rows.run() === steps.meta().run);
  if (!(sequence < rows.total())) return [`There is no sequence “${asked.get("sequence")}” in this run.`];
  const step = asked.has("step") ? whole(asked.get("step")) : null;
  const [before, isNew] = [steps.element(0), selectedSequence() !== sequence];
  focus.pin(step >= 0 && step !== null ? { sequence, step } : null);
  select(sequence, { keep: true });
  await settle(() => steps.index() === sequence);
  if (step === null) return [];
  if (!(step < steps.count())) {
    focus.pin(null);
    return [`Sequence ${sequence} has no step “${asked.get("step")}”.`];
  }
  if (isNew) await settle(() => steps.element(step) && steps.element(0) !== before);
  await new Promise(requestAnimationFrame); // the text is scrolled to its start first
  highlight.draw();
  highlight.reveal();
  return [];
}

async function applyRange(asked, isOtherCloud) {
  const ends = asked.has("view") ? asked.get("view").split(",").map(Number) : null;
  const isRange = ends?.length === 4 && ends.every(Number.isFinite) && ends[0] < ends[1] && ends[2] < ends[3];
  if (isRange && !isOtherCloud) {
    const [x, y] = [ends.slice(0, 2), ends.slice(2)];
    await Plotly.relayout(plot("projection"), { "xaxis.range": x, "yaxis.range": y });
  } else if (range()) cloud.showAll();
  return ends && !isRange ? ["The visible range in the address can't be read."] : [];
}

// Shows what an address says, as far as it is there.
async function apply(asked, remembered) {
  const missing = await applyChoice(asked);
  const isOtherCloud = missing.length > 0;
  missing.push(...(await applyClass(asked)));
  missing.push(...(await applyOptions(asked, remembered)));
  missing.push(...(await applyPalette(asked)));
  missing.push(...(await applyFilter(asked, isOtherCloud)));
  missing.push(...(await applySequence(asked)));
  missing.push(...(await applyRange(asked, isOtherCloud)));
  if (missing.length) notice(`${missing.join(" ")} The rest is shown.`);
}

async function copy() {
  permalink.write();
  try {
    await navigator.clipboard.writeText(location.href);
    notice("The address of this view is copied.");
  } catch {
    notice("The browser does not let the page copy: copy the address from the address bar.");
  }
}

export function start() {
  permalink.use({ query, apply, isSettled: () => Boolean(get("view")) && !isChoosing(), steps: STEPS });
  whenReady(async () => {
    await settle(() => get("view") && options.defaults());
    await permalink.open(options.remembered());
  });
  for (const store of ["options", "filter", "view", "selection"]) subscribe(store, permalink.soon);
  focus.onPin(permalink.soon);
  onPlotted((view) => view === "projection" && permalink.soon());
  whenReady(() => byId("copy-link").addEventListener("click", copy));
}
