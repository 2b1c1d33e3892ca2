// The rows of the sequence table, for all other scripts: the browser has all of them (table/held.mjs), or, of a
// large run, the pages around what is in sight (table/paged.mjs).  Both ways answer the same questions:
//
//   node(sequence)          the grid's row of a sequence; undefined where it is not here
//   beside(sequence, by)    the row so many places on, as {sequence, place}; null for none
//   wrong(sequence, share)  the next misclassified row, or the one at a share of all of them
//   place(sequence)         the same of a sequence itself; null where the filters leave it out
//   refilter()              the filter of the page is another (state/passing.mjs)
//   listing()               what an export needs: {sequences}, or {query}
import { setControl } from "../core/controls.mjs";
import { signal } from "../core/signal.mjs";
import { subscribe } from "../core/stores.mjs";
import * as passing from "../state/passing.mjs";
import { selectedSequence } from "../state/selection.mjs";
import { Held } from "./held.mjs";
import { PagedRows } from "./paged.mjs";

const LOOK = 20; // ms between looks for a grid that is on its way

let api = null; // of the grid
let rows = null; // Held or PagedRows
let table = null; // {run, cloud, sequences, paged}
let turn = 0;
let sought = null; // the sequence whose row is to be brought into sight once it is there
let counted = null; // what the line of their number says
let watching = null; // the size of what shows the rows

// The grid shows other rows, or filters columns.
const changed = signal();
export const onRows = changed.on;

// The row of a sequence was marked as the selected one, and is in sight.
const marked = signal();
export const onMarked = marked.on;

// The grid of a table: a large run has one of its own, and so has the small one after it; null if another
// table is wanted by the time it comes.
async function gridOf({ paged }, mine) {
  const model = paged ? "infinite" : "clientSide";
  while (mine === turn) {
    const found = await dash_ag_grid.getApiAsync("sequence-table");
    const isOld = found.isDestroyed() || (paged && found === api);
    if (!isOld && found.getGridOption("rowModelType") === model) return found;
    await new Promise((done) => setTimeout(done, LOOK));
  }
  return null;
}

async function takeTable(given) {
  if (given === table) return;
  turn += 1;
  const mine = turn;
  rows = null;
  const found = await gridOf(given, mine);
  if (mine !== turn) return;
  if (found !== api) {
    api = found;
    api.addEventListener("modelUpdated", follow);
    api.addEventListener("filterChanged", changed.tell);
    keepInSight(document.querySelector("#sequence-table .ag-body-viewport"));
  }
  table = given;
  rows = table.paged ? new PagedRows(api, table, () => sought !== null && find()) : new Held(api);
  if (passing.sequences()) rows.refilter(); // it was set meanwhile
  follow();
}

// The selected row stays wholly in sight where the rows get less room: a bar that scrolls sideways may come after it.
function keepInSight(viewport) {
  watching?.disconnect();
  let height = viewport.clientHeight;
  watching = new ResizeObserver(() => {
    const [before, { top }] = [height, api.isDestroyed() ? {} : api.getVerticalPixelRange()];
    height = viewport.clientHeight;
    const node = rows?.node(selectedSequence() ?? -1);
    const wasInSight = node?.displayed && node.rowTop >= top && node.rowTop + node.rowHeight <= top + before;
    if (wasInSight && height < before) api.ensureNodeVisible(node);
  });
  watching.observe(viewport);
}

// The grid shows other rows.
function follow() {
  if (!rows || api.isDestroyed()) return;
  showCount();
  seek();
  changed.tell();
}

function showCount() {
  if (table.paged && !api.isLastRowIndexKnown()) return;
  const [all, some] = [table.sequences, api.getDisplayedRowCount()];
  const text = some === all ? all.toLocaleString("en") : `${some.toLocaleString("en")} of ${all.toLocaleString("en")}`;
  if (text === counted) return;
  counted = text;
  setControl("table-count", { children: text });
}

// Marks the row of the selected sequence, and brings the one that is sought into sight.
function seek() {
  const selected = sought ?? selectedSequence();
  const node = selected === null ? undefined : rows.node(selected);
  if (!node) return;
  if (!node.isSelected()) node.setSelected(true, true);
  if (sought === null) return;
  sought = null;
  if (!node.displayed) return;
  api.ensureNodeVisible(node); // moves nothing when the row is in sight
  marked.tell(selected);
}

// Marks the row of a sequence and brings it into sight, as soon as it is there; null: none is sought any more.
export function reveal(sequence, place) {
  if (sequence === sought && place === undefined) return; // it is on its way
  sought = sequence;
  if (sequence === null || !rows) return;
  seek();
  if (sought !== null && table.paged) find(place);
}

// Shows the page of the row that is sought; where the table is listed again meanwhile, its place is another.
async function find(place) {
  const [asking, listed, sequence] = [rows, rows.listed, sought];
  const found = place ?? (await asking.place(sequence).catch(() => null))?.place ?? null;
  if (sought !== sequence || asking !== rows || asking.listed !== listed) return;
  if (found === null) sought = null;
  else rows.show(found);
}

// Whether all is there to say it: the rows may be on their way.
const now = async (question) => {
  while (!rows) await new Promise((done) => setTimeout(done, LOOK));
  return question(rows);
};

export const run = () => (rows ? table.run : null); // whose rows the table shows
export const total = () => (rows ? table.sequences : 0);

// What the table says of a sequence: {label, predicted, correct, …}; null where its row is not here.
export const facts = (sequence) => rows?.node(sequence)?.data ?? null;

export const beside = (sequence, by) => now((one) => one.beside(sequence, by));
export const wrong = (sequence, share) => now((one) => one.wrong(sequence, share));
export const listing = () => now((one) => one.listing());

export function start() {
  // the grid asks these two which rows to show; the others that it asks are in cells.js
  Object.assign(dashAgGridFunctions, {
    isFiltered: () => passing.sequences() !== null,
    passesFilter: ({ data }) => passing.sequences()?.has(data.sequence) ?? true,
  });
  passing.onPassing(() => rows && !api.isDestroyed() && rows.refilter());
  subscribe("selection", () => reveal(selectedSequence()));
  subscribe("table", takeTable);
}
