// The chips above the table: each part of the filter, and what removes it.
import { byId, make } from "../core/dom.mjs";
import { subscribe } from "../core/stores.mjs";
import * as filter from "../state/filter.mjs";
import * as passing from "../state/passing.mjs";
import { onRows } from "./rows.mjs";

const grid = () => dash_ag_grid.getApi("sequence-table");

const chip = (text, remove, look = "chip") =>
  make(
    "button",
    { type: "button", class: look, title: "Remove this filter", click: remove },
    make("span", { dir: "auto" }, text),
    make("span", { "aria-hidden": "true" }, "×"),
  );

// Filters that were set in the heads of the table's columns act on the table alone.
function columnChip() {
  try {
    const named = (id) => (id.startsWith("kept-") ? grid().getColumnDef(id).headerName : id);
    const names = Object.keys(grid()?.getFilterModel() ?? {}).map(named);
    return names.length ? [chip(`columns: ${names.join(", ")}`, () => grid().setFilterModel(null))] : [];
  } catch {
    return []; // the table is not there yet
  }
}

function clearAll() {
  filter.set({ all: true });
  grid().setFilterModel(null);
}

function show() {
  const box = byId("chips");
  if (!box) return;
  const found = filter.parts(filter.current());
  const chips = [...found.map(([text, change]) => chip(text, () => filter.set(change))), ...columnChip()];
  if (chips.length > 1) chips.push(chip("clear all", clearAll, "chip clear"));
  const count = passing.count();
  if (found.length && count !== null) {
    const text = `${count.toLocaleString("en")} ${count === 1 ? "sequence" : "sequences"}`;
    chips.unshift(make("span", { class: "chip-count" }, text));
  }
  box.replaceChildren(...chips);
}

export function start() {
  subscribe("filter", show);
  passing.onPassing(show);
  onRows(show);
}
