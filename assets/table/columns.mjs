// The columns of the dataset that the table shows: chosen in a menu, remembered run by run.  They stand to the right of
// the table's own, which keep their width: more columns are further to the right, and cut nothing off the words.
import { byId, make } from "../core/dom.mjs";
import { whenReady } from "../core/page.mjs";
import { recall, remember } from "../core/remembered.mjs";
import { get, subscribe } from "../core/stores.mjs";
import { onRows } from "./rows.mjs";

const KEY = "hsvis-columns";
const LEAST_WORDS = 90; // CSS pixels

let api = null; // of the grid
let shown = null; // the table whose columns are shown as they were chosen
let isFree = true; // nobody has given the words a width by hand
let menu = null;

const opener = () => byId("choose-columns");
const kept = () => get("table")?.columns ?? []; // [id, name] of each
const isKept = (id) => id.startsWith("kept-");

function chosen() {
  try {
    return JSON.parse(recall(KEY)) ?? {};
  } catch {
    return {};
  }
}

function choose(id, visible) {
  api.setColumnsVisible([id], visible);
  const names = kept().filter(([one]) => api.getColumn(one)?.isVisible()).map(([, name]) => name);
  remember(KEY, JSON.stringify({ ...chosen(), [get("table").run]: names }));
  if (visible) api.ensureColumnVisible(id);
}

// The words have the width that they would have without the kept columns.
function keepWords() {
  if (!isFree || !api || api.isDestroyed()) return;
  const columns = api.getAllDisplayedColumns();
  const hasKept = columns.some((one) => isKept(one.getColId()));
  const { left, right } = api.getHorizontalPixelRange();
  const others = columns.filter((one) => one.getColId() !== "words" && !isKept(one.getColId()));
  const width = Math.max(LEAST_WORDS, right - left - others.reduce((sum, one) => sum + one.getActualWidth(), 0));
  const words = api.getColumn("words");
  if (!words || (hasKept ? words.getFlex() === null && words.getActualWidth() === width : words.getFlex() === 1)) return;
  api.applyColumnState({ state: [hasKept ? { colId: "words", flex: null, width } : { colId: "words", flex: 1 }] });
}

function follow() {
  const found = dash_ag_grid.getApi("sequence-table");
  if (found.isDestroyed()) return;
  if (found !== api) {
    api = found;
    for (const event of ["gridSizeChanged", "displayedColumnsChanged"]) api.addEventListener(event, keepWords);
    api.addEventListener("columnResized", ({ source, column }) => {
      if (source === "uiColumnResized" && column?.getColId() === "words") isFree = false;
    });
  }
  const table = get("table");
  if (table === shown || !kept().every(([id]) => api.getColumn(id))) return;
  const isOther = shown !== null && JSON.stringify(shown.columns) !== JSON.stringify(table.columns);
  shown = table;
  const names = chosen()[table.run];
  if (names) for (const [id, name] of kept()) api.setColumnsVisible([id], names.includes(name));
  if (isOther) {
    // the filters of columns that are others now
    const model = Object.entries(api.getFilterModel());
    if (model.some(([id]) => isKept(id))) api.setFilterModel(Object.fromEntries(model.filter(([id]) => !isKept(id))));
  }
  keepWords();
}

function close() {
  menu?.remove();
  menu = null;
  opener().setAttribute("aria-expanded", "false");
}

function open() {
  const lines = kept().map(([id, name]) => {
    const box = make("input", { type: "checkbox", change: () => choose(id, box.checked) });
    box.checked = api.getColumn(id)?.isVisible() ?? false;
    return make("label", {}, box, make("span", { dir: "auto" }, name));
  });
  menu = make("div", { class: "columns-menu", role: "dialog", "aria-label": "Columns of the dataset" }, ...lines);
  document.body.append(menu);
  opener().setAttribute("aria-expanded", "true");
  const { left, bottom } = opener().getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(left, innerWidth - menu.offsetWidth - 4))}px`;
  menu.style.top = `${Math.min(bottom + 2, innerHeight - menu.offsetHeight - 4)}px`;
  menu.querySelector("input").focus();
}

// Esc closes the menu and nothing else.
function pressed(event) {
  if (!menu || event.key !== "Escape") return;
  close();
  opener().focus();
  event.preventDefault();
  event.stopPropagation();
}

export function start() {
  subscribe("table", () => {
    opener().hidden = kept().length === 0;
    if (menu) close();
  });
  onRows(follow);
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("pointerdown", ({ target }) => {
    if (menu && !target.closest(".columns-menu, #choose-columns")) close();
  });
  whenReady(() => opener().addEventListener("click", () => (menu ? close() : open())));
}
