// The selection: which sequence all views show.
import { edition, get } from "../core/stores.mjs";

export const selectedSequence = () => get("selection")?.sequence ?? null;

// Dash's callback that gathers the `selection` store: from clicks in the table and from `pick`.
export function select(cell, pick, run, current) {
  const { no_update: same, callback_context: context } = dash_clientside;
  const triggers = context.triggered.map((one) => one.prop_id);
  if (triggers.includes("run-select.value")) return current ? null : same;
  const picked = triggers.includes("pick.data");
  const isOther = picked && pick.run !== null && (pick.run !== run || pick.edition !== edition(run));
  if (isOther) return same; // a click on a cloud that is about to go
  if (picked && pick.keep && current && current.sequence === pick.sequence) return same; // it is chosen already
  if (!picked && cell?.rowId === undefined) return same; // another grid, or a row whose page is on its way
  const sequence = picked ? pick.sequence : Number(cell.rowId);
  if (sequence === null || (current && current.sequence === sequence)) return current ? null : same;
  return { run, sequence };
}

// Dash's callback for the rows that the grid marks, and for the look of a page with a selected sequence.
export function markRow(selection) {
  return selection ? [{ ids: [String(selection.sequence)] }, "page selected"] : [{ ids: [] }, "page"];
}
