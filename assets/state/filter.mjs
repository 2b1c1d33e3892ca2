// Which sequences are emphasised: the parts of the filter, and what they are called.
import { onPlotted } from "../core/page.mjs";
import { get, setFilter } from "../core/stores.mjs";
import { setControl } from "../core/controls.mjs";
import { meta } from "../core/steps.mjs";

const MOST_REGIONS = 8;

let drawnOn = null; // the cloud whose coordinates the regions have

// {actual, predicted, correct, search, regions, columns}: what is set of it.
export const current = () => get("filter") ?? {};

// Dash's callback that gathers the store.
export function filter(change, search, run, before) {
  const triggers = dash_clientside.callback_context.triggered.map((one) => one.prop_id);
  const other = triggers.includes("run-select.value"); // classes, texts and states are others
  if (other && search) setControl("search", { value: "" });
  const isChanged = !other && triggers.includes("filter-change.data") && change;
  const { search: old, ...parts } = other ? {} : isChanged ? merged(before ?? {}, change) : (before ?? {});
  const words = other ? "" : (search ?? "").trim().slice(0, 200);
  return words ? { ...parts, search: words } : parts;
}

function merged(before, { all, at, ...parts }) {
  const next = all ? parts : { ...before, ...parts };
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null));
}

// Sets parts of the filter; null removes one.
export function set(change) {
  if (change.regions) drawnOn = meta().cloud;
  setFilter(change);
}

// Puts another filter in place of the whole one.
export const replace = (filter) => set({ search: "", ...filter, all: true });

// Of more regions the oldest are left out: an address must hold them.
export const addRegion = (region) => set({ regions: [...(current().regions ?? []), region].slice(-MOST_REGIONS) });

const isClass = (one, least) => Number.isInteger(one) && one >= least && one < meta().classes.length;
const isEnd = (one) => Number.isFinite(one) && Math.abs(one) <= 1e30;
const isPlace = (one) => Array.isArray(one) && one.length === 2 && one.every(isEnd);
const isRegion = (one) => Array.isArray(one) && one.length >= 3 && one.length <= 500 && one.every(isPlace);
const isObject = (one) => one !== null && typeof one === "object" && !Array.isArray(one);

// What a kept column must hold, {among} or {from, to}: whether the run has it, and of that kind.
function isOfColumn([name, { among, from, to } = {}]) {
  const column = meta().columns?.find((one) => one.name === name);
  if (!column) return false;
  const hasGroups = column.kind === "category" || column.kind === "boolean";
  const isGroup = (one) => one === null || (hasGroups && typeof one === "string");
  if (among !== undefined) return Array.isArray(among) && among.length > 0 && among.length <= 100 && among.every(isGroup);
  const type = column.kind === "number" ? "number" : "string";
  const ends = [from, to].filter((end) => end !== undefined && end !== null);
  return !hasGroups && ends.length > 0 && ends.every((end) => typeof end === type);
}

const MAKES_SENSE = new Map([
  ["actual", (one) => isClass(one, -1)],
  ["predicted", (one) => isClass(one, 0)],
  ["correct", (one) => typeof one === "boolean"],
  ["search", (one) => typeof one === "string" && one.trim() !== ""],
  ["columns", (all) => isObject(all) && Object.keys(all).length > 0 && Object.entries(all).every(isOfColumn)],
  ["regions", (all) => Array.isArray(all) && all.length > 0 && all.length <= MOST_REGIONS && all.every(isRegion)],
]);

// The parts of a filter that this run can apply, of one that comes from elsewhere.
export const sensible = (filter) =>
  Object.fromEntries(Object.entries(filter).filter(([part, value]) => MAKES_SENSE.get(part)?.(value)));

const shorten = (text) => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
const groupName = (one) => (one === null ? "missing" : shorten(one));

// What is asked of a kept column, in words.
function saidOf({ among, from, to }) {
  if (among) return among.length > 3 ? `${among.slice(0, 2).map(groupName).join(", ")} and ${among.length - 2} more` : among.map(groupName).join(", ");
  if (from === to) return String(from);
  return from == null ? `≤ ${to}` : to == null ? `≥ ${from}` : `${from} – ${to}`;
}

// The change that asks something of a kept column, null for nothing, and leaves what is asked of the others.
export function withColumn(name, test) {
  const { [name]: before, ...others } = current().columns ?? {};
  const columns = test ? { ...others, [name]: test } : others;
  return { columns: Object.keys(columns).length ? columns : null };
}

// What each part of a filter is called, and what removes it.
export function parts({ actual, predicted, correct, search, regions, columns }) {
  const { classes } = meta();
  const name = (k) => (k < 0 ? "no label" : classes[k]);
  const found = [];
  if (actual !== undefined) found.push([`class ${name(actual)}`, { actual: null }]);
  if (predicted !== undefined) found.push([`classified ${name(predicted)}`, { predicted: null }]);
  if (correct !== undefined) found.push([correct ? "correct" : "misclassified", { correct: null }]);
  if (search) found.push([`“${search}”`, { search: null }]);
  for (const [column, test] of Object.entries(columns ?? {})) found.push([`${column} ${saidOf(test)}`, withColumn(column, null)]);
  (regions ?? []).forEach((region, at) => {
    const left = regions.filter((one, k) => k !== at);
    found.push([`region ${at + 1}`, { regions: left.length ? left : null }]);
  });
  return found;
}

export const describe = (filter) => parts(filter).map(([text]) => text);

export function start() {
  // regions have no meaning in another cloud
  onPlotted((view) => {
    if (view === "projection" && current().regions && drawnOn !== meta().cloud) set({ regions: null });
  });
}
