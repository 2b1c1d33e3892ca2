// The table's two stops for the Tab key: a head, which ← → move, and a row, which ↑ ↓ move (table/walk.mjs).  By
// itself the grid goes through all heads, then through all rows, and its guards send the focus back to the first head.
import { byId } from "../core/dom.mjs";
import { whenReady } from "../core/page.mjs";
import { select, subscribe } from "../core/stores.mjs";
import { selectedSequence } from "../state/selection.mjs";
import * as rows from "./rows.mjs";

const HEAD = ".ag-header-cell";
const ROW = ".ag-center-cols-container > .ag-row";
const OTHERS = ".ag-header-row, .ag-viewport, [class*='-scroll-viewport']"; // no stops: what scrolls
const NAME = "Sequences"; // of the table, for those who hear it

let column = null; // whose head is the stop
let stop = null; // the row that is
let held = null; // the sequence whose row has the focus, or gets it back when the grid has made that row anew
let entered = null; // the sequence that arrow keys go on from, unless another one was selected meanwhile

const all = (what) => [...byId("table-box").querySelectorAll(what)];
const within = (what) => document.activeElement.closest(`#table-box ${what}`);
const grid = () => dash_ag_grid.getApi("sequence-table");

// What a row shows; null while its page is on its way.
function sequenceOf(row) {
  const sequence = Number(row.getAttribute("row-id"));
  return rows.facts(sequence) ? sequence : null;
}

const rowOf = (sequence) => (sequence === null ? undefined : all(`${ROW}[row-id="${sequence}"]`)[0]);

function isInSight(row) {
  const view = row.closest(".ag-body-viewport").getBoundingClientRect();
  const { top, bottom } = row.getBoundingClientRect();
  return top >= view.top - 1 && bottom <= view.bottom + 1;
}

// The row that has the focus, else that of the selected sequence, else the stop up to now.
function rowToStopAt(found, inSight) {
  const chosen = within(ROW) ?? rowOf(selectedSequence());
  if (chosen) return chosen;
  if (found.includes(stop) && !(inSight && !isInSight(stop))) return stop;
  return (inSight ? found.find(isInSight) : undefined) ?? found[0];
}

function setStop(elements, one) {
  for (const element of elements) {
    const index = element === one ? "0" : "-1";
    if (element.getAttribute("tabindex") !== index) element.setAttribute("tabindex", index);
  }
}

// Makes one head and one row stops; `inSight`: a row that nobody chose is one that can be seen.
function mark(inSight = false) {
  const [heads, found] = [all(HEAD), all(ROW)];
  setStop(all(OTHERS), null);
  setStop(heads, within(HEAD) ?? heads.find((head) => head.getAttribute("col-id") === column) ?? heads[0]);
  stop = rowToStopAt(found, inSight) ?? null;
  setStop(found, stop);
  for (const table of all(".ag-root:not([aria-label])")) table.setAttribute("aria-label", NAME);
}

// Where the focus is in the rows, or was until the grid took its row away, it goes to that of `held`.
function refocus() {
  if (held === null || !(within(ROW) || document.activeElement === document.body)) return;
  const row = rowOf(held);
  if (row && row !== document.activeElement) row.focus({ preventScroll: true });
}

function focused({ target }) {
  const [head, row] = [target.closest(HEAD), target.closest(ROW)];
  if (head) column = head.getAttribute("col-id");
  held = entered = row && sequenceOf(row);
  mark();
}

function toHead(head, key) {
  const columns = grid().getAllDisplayedColumns();
  const at = columns.findIndex((one) => one.getColId() === head.getAttribute("col-id"));
  const places = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: columns.length - 1 };
  const wanted = columns[places[key]];
  if (wanted) grid().setFocusedHeader(wanted);
}

const HEAD_KEYS = {
  ...{ ArrowLeft: toHead, ArrowRight: toHead, Home: toHead, End: toHead },
  " ": (head) => head.querySelector(".ag-header-cell-label").click(), // what the grid does for Enter
};

function act(row) {
  const sequence = sequenceOf(row);
  if (sequence !== null) select(sequence, { keep: true });
}

const ROW_KEYS = { Enter: act, " ": act };

// Before the grid sees a key.
function pressed(event) {
  const { target, key } = event;
  const [head, row] = [target.closest(HEAD), target.closest(ROW)];
  if (target !== (head ?? row)) return; // in the filter of a column
  if (key === "Tab") {
    leave();
    event.stopPropagation(); // the browser finds the next stop
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const action = (head ? HEAD_KEYS : ROW_KEYS)[key];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action(target, key);
}

// The sequence whose row has the focus, where arrow keys go on from it and not from the selected one.
export const from = () => entered;

function leave() {
  held = entered = null;
}

// The keys of a head that walk through the rows, as they do wherever the focus is: the grid asks whether to leave them.
const isOfThePage = ({ event }) => !event.altKey && /^(Arrow|Page)(Up|Down)$/.test(event.key);

export function start() {
  Object.assign(dashAgGridFunctions, { isOfThePage });
  rows.onMarked((sequence) => {
    if (held === null) return;
    held = sequence;
    refocus(); // else as soon as its row is there
  });
  subscribe("selection", () => {
    entered = selectedSequence() === null ? held : null;
  });
  document.addEventListener("pointerdown", ({ target }) => !target.closest(ROW) && leave());
  whenReady(() => {
    const box = byId("table-box");
    box.addEventListener("keydown", pressed, { capture: true });
    box.addEventListener("focusin", focused);
    box.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && leave());
    document.addEventListener("keydown", ({ key }) => key === "Tab" && mark(true), { capture: true });
    const watch = { subtree: true, childList: true, attributes: true, attributeFilter: ["tabindex"] };
    new MutationObserver(() => (mark(), refocus())).observe(box, watch);
    mark();
  });
}
