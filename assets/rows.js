// The rows of the sequence table, for all other scripts: the browser has all of them, or, of a large run, the
// pages around what is in sight (assets/pages.js).  Both ways answer the same questions:
//
//   node(sequence)          the grid's row of a sequence; undefined where it is not here
//   beside(sequence, by)    the row so many places on, as {sequence, place}; null for none
//   wrong(sequence, share)  the next misclassified row, or the one at a share of all of them
//   place(sequence)         the same of a sequence itself; null where the filters leave it out
//   filterBy(filter, sequences)   the filter of the page, and who passes it: a list; null for all, or unknown
//   listing()               what an export needs: {sequences}, or {query}
(() => {
  const LOOK = 20; // ms between looks for a grid that is on its way

  let api = null; // of the grid
  let rows = null; // a Held, or the PagedRows of assets/pages.js
  let table = null; // {run, cloud, sequences, paged}
  let turn = 0;
  let passing = null; // Set of sequences that pass the filter of the page; null = all
  let filter = {}; // of the page, as it was applied last
  let sought = null; // the sequence whose row is to be brought into sight once it is there

  // All rows are in the grid.
  class Held {
    node(sequence) {
      return api.getRowNode(String(sequence));
    }

    displayed() {
      const found = [];
      api.forEachNodeAfterFilterAndSort(({ data }) => found.push(data));
      return found;
    }

    place(sequence) {
      const place = this.displayed().findIndex((row) => row.sequence === sequence);
      return place < 0 ? null : { sequence, place };
    }

    beside(sequence, by) {
      const shown = this.displayed();
      if (!shown.length) return null;
      const at = shown.findIndex((row) => row.sequence === sequence);
      const last = shown.length - 1;
      const place = at < 0 ? (by > 0 ? 0 : last) : Math.min(last, Math.max(0, at + by));
      return { sequence: shown[place].sequence, place };
    }

    wrong(sequence, share) {
      const shown = this.displayed().map((row, place) => ({ ...row, place }));
      const current = shown.findIndex((row) => row.sequence === sequence);
      const others = shown.filter((row) => row.correct === "no" && row.place !== current);
      if (!others.length) return null;
      if (share !== undefined) return others[Math.floor(share * others.length)];
      return others.find((row) => row.place > current) ?? others[0];
    }

    filterBy() {
      api.onFilterChanged();
    }

    listing() {
      return { sequences: this.displayed().map((row) => row.sequence) };
    }
  }

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
      api.addEventListener("filterChanged", tell);
    }
    table = given;
    rows = table.paged ? new hsvis.PagedRows(api, table, filter, () => sought !== null && find()) : new Held();
    if (passing) rows.filterBy(); // it was set meanwhile
    follow();
  }

  const tell = () => document.dispatchEvent(new CustomEvent("hsvis:rows"));

  // The grid shows other rows.
  function follow() {
    if (!rows || api.isDestroyed()) return;
    showCount();
    seek();
    tell();
  }

  let counted = null;

  function showCount() {
    if (table.paged && !api.isLastRowIndexKnown()) return;
    const [all, some] = [table.sequences, api.getDisplayedRowCount()];
    const text = some === all ? all.toLocaleString("en") : `${some.toLocaleString("en")} of ${all.toLocaleString("en")}`;
    if (text === counted) return;
    counted = text;
    dash_clientside.set_props("table-count", { children: text });
  }

  // Marks the row of the selected sequence, and brings the one that is sought into sight.
  function seek() {
    const selected = sought ?? hsvis.selectedSequence();
    const node = selected === null ? undefined : rows.node(selected);
    if (!node) return;
    if (!node.isSelected()) node.setSelected(true, true);
    if (sought === null) return;
    sought = null;
    if (node.displayed) api.ensureNodeVisible(node); // moves nothing when the row is in sight
  }

  // Marks the row of a sequence and brings it into sight, as soon as it is there; null: none is sought any more.
  function reveal(sequence, place) {
    if (sequence === sought && place === undefined) return; // it is on its way
    sought = sequence;
    if (sequence === null || !rows) return;
    seek();
    if (sought !== null && table.paged) find(place);
  }

  // Shows the page of the row that is sought; where the table is listed anew meanwhile, its place is another.
  async function find(place) {
    const [asking, listed, sequence] = [rows, rows.listed, sought];
    const found = place ?? (await asking.place(sequence).catch(() => null))?.place ?? null;
    if (sought !== sequence || asking !== rows || asking.listed !== listed) return;
    if (found === null) sought = null;
    else rows.show(found);
  }

  function filterBy(given, sequences) {
    filter = given;
    passing = sequences && new Set(sequences);
    if (rows && !api.isDestroyed()) rows.filterBy(given);
  }

  // Whether all is there to say it: the rows may be on their way.
  const now = async (question) => {
    while (!rows) await new Promise((done) => setTimeout(done, LOOK));
    return question(rows);
  };

  window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions || {}, {
    isFiltered: () => passing !== null,
    passesFilter: ({ data }) => passing === null || passing.has(data.sequence),
  });
  window.hsvis = Object.assign(window.hsvis || {}, {
    rows: {
      run: () => (rows ? table.run : null), // whose rows the table shows
      total: () => (rows ? table.sequences : 0),
      // What the table says of a sequence: {label, predicted, correct, …}; null where its row is not here.
      facts: (sequence) => rows?.node(sequence)?.data ?? null,
      beside: (sequence, by) => now((one) => one.beside(sequence, by)),
      wrong: (sequence, share) => now((one) => one.wrong(sequence, share)),
      listing: () => now((one) => one.listing()),
      filterBy,
      reveal,
    },
  });
  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, { takeTable });
})();
