// The selection: which sequence all views show.  One writer, `select`; tables, clouds and keys only ask.
(() => {
  let offsets = new Uint32Array(1); // rows offsets[i] … offsets[i + 1] - 1 are the states of sequence i
  let rows = []; // of the table, in the order of the sequences

  // The sequence and step of a row of the step tables, found in the browser: no request.
  function locate(row) {
    let low = 0;
    let high = offsets.length - 1;
    if (!(row >= 0 && row < offsets[high])) return null;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (offsets[middle] <= row) low = middle;
      else high = middle;
    }
    return { sequence: low, step: row - offsets[low] };
  }

  // The row of a step in the step tables; null while the table of the run is on its way.
  const rowOf = (sequence, step) => (sequence < offsets.length - 1 ? offsets[sequence] + step : null);

  function stateOffsets(given) {
    rows = given || [];
    offsets = new Uint32Array(rows.length + 1);
    rows.forEach((row, index) => {
      offsets[index + 1] = offsets[index] + row.length;
    });
  }

  // What the table says of a sequence: {label, predicted, correct, confidence, length, …}; null if there is none.
  const facts = (sequence) => rows[sequence] ?? null;

  function select(cell, pick, run, current) {
    const { no_update: same, callback_context: context } = dash_clientside;
    const triggers = context.triggered.map((one) => one.prop_id);
    if (triggers.includes("run-select.value")) {
      stateOffsets([]); // those of the new run come with its table
      return current ? null : same;
    }
    const picked = triggers.includes("pick.data");
    if (picked && pick.run !== null && pick.run !== run) return same; // a click on a cloud that is about to go
    if (picked && pick.keep && current && current.sequence === pick.sequence) return same; // it is chosen already
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
    if (!selection) return [{ ids: [] }, "page"];
    const rowId = String(selection.sequence);
    dash_ag_grid.getApiAsync("sequence-table").then((table) => {
      const row = table.getRowNode(rowId);
      if (row && row.displayed) table.ensureNodeVisible(row); // moves nothing when the row is in sight
    });
    return [{ ids: [rowId] }, "page selected"];
  }

  window.hsvis = Object.assign(window.hsvis || {}, { locate, rowOf, facts, selectedSequence });
  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, { stateOffsets, select, markRow });
})();
