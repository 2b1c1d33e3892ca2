// The selection: which sequence all views show.  One writer, `select`; tables, clouds and keys only ask.
(() => {
  function select(cell, pick, run, current) {
    const { no_update: same, callback_context: context } = dash_clientside;
    const triggers = context.triggered.map((one) => one.prop_id);
    if (triggers.includes("run-select.value")) return current ? null : same;
    const picked = triggers.includes("pick.data");
    const isOther = picked && pick.run !== null && (pick.run !== run || pick.edition !== hsvis.edition(run));
    if (isOther) return same; // a click on a cloud that is about to go
    if (picked && pick.keep && current && current.sequence === pick.sequence) return same; // it is chosen already
    if (!picked && cell?.rowId === undefined) return same; // another grid, or a row whose page is on its way
    const sequence = picked ? pick.sequence : Number(cell.rowId);
    if (sequence === null || (current && current.sequence === sequence)) return current ? null : same;
    return { run, sequence };
  }

  let selected = null; // the sequence in the `selection` store
  const selectedSequence = () => selected;

  function markRow(selection) {
    selected = selection ? selection.sequence : null;
    const pinned = window.hsvis.focus.pinned();
    if (pinned && pinned.sequence !== selected) window.hsvis.focus.pin(null);
    document.dispatchEvent(new CustomEvent("hsvis:selected"));
    hsvis.rows.reveal(selected);
    return selection ? [{ ids: [String(selected)] }, "page selected"] : [{ ids: [] }, "page"];
  }

  window.hsvis = Object.assign(window.hsvis || {}, { selectedSequence });
  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, { select, markRow });
})();
