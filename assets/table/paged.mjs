// The rows of a large run: the server sorts and filters them, the browser has the pages around what is in sight.
// They answer what table/rows.mjs lists.
import { notice } from "../core/page.mjs";
import { control } from "../core/controls.mjs";
import { ask, cloudPath } from "../core/server.mjs";
import { meta } from "../core/steps.mjs";
import { ofClass } from "../core/stores.mjs";
import { applied } from "../state/passing.mjs";

const PAUSE = [500, 8000]; // ms, first and longest, before a page that did not come is asked for again

const rest = (pause, signal) =>
  new Promise((done) => {
    const timer = setTimeout(done, pause);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()));
  });

export class PagedRows {
  // `relisted` is called when pages of another listing are asked for.
  constructor(api, table, relisted) {
    this.api = api;
    this.table = table;
    this.relisted = relisted;
    this.listed = null; // the listing that pages are asked for
    this.request = new AbortController();
    this.shown = null; // the place that is to be in sight once the number of rows is known
    const source = { getRows: (params) => this.load(params), destroy: () => this.request.abort() };
    const give = () => {
      if (!api.isDestroyed() && api.getGridOption("datasource") !== source) api.setGridOption("datasource", source);
    };
    give();
    api.addEventListener("modelUpdated", give); // the grid may get one from its Dash component after this one
  }

  node(sequence) {
    return this.api.getRowNode(String(sequence));
  }

  // The listing as parameters of a request: filter, filters of columns, order.
  query(parameters = {}) {
    const found = new URLSearchParams(parameters);
    const filter = applied();
    if (Object.keys(filter).length) found.set("filter", JSON.stringify(filter));
    const columns = this.api.getFilterModel();
    if (Object.keys(columns).length) found.set("columns", JSON.stringify(columns));
    const sorted = this.api.getColumnState().filter(({ sort }) => sort);
    sorted.sort((one, other) => one.sortIndex - other.sortIndex);
    if (sorted.length) found.set("sort", sorted.map(({ colId, sort }) => `${colId}:${sort}`).join(","));
    return found;
  }

  async ask(kind, query, signal) {
    const { run, cloud } = meta();
    const path = cloudPath(run === this.table.run ? cloud : this.table.cloud);
    query.set("edition", ofClass(this.table.edition, control("class-select").value));
    const answer = await ask(`${kind}/${path}?${query}`, { signal });
    if (answer.ok) return answer.json();
    const error = new Error((await answer.text()).trim());
    error.isFinal = answer.status < 500; // the same question would get the same answer
    throw error;
  }

  // A page for the grid.  One of an older listing is not waited for; one that fails is asked for again.
  async load({ startRow, endRow, successCallback, failCallback }) {
    const listed = String(this.query());
    if (listed !== this.listed) {
      this.request.abort();
      this.request = new AbortController();
      this.listed = listed;
      this.relisted();
    }
    const { signal } = this.request;
    const query = this.query({ start: startRow, end: endRow });
    for (let [pause, longest] = PAUSE; !signal.aborted; pause = Math.min(2 * pause, longest)) {
      try {
        const { count, rows } = await this.ask("rows", query, signal);
        successCallback(rows, count);
        if (this.shown !== null) this.show(this.shown);
        return;
      } catch (error) {
        if (error.name === "AbortError") break;
        notice(`The rows of the table could not be loaded: ${error.message}`);
        if (error.isFinal) break;
        await rest(pause, signal);
      }
    }
    failCallback();
  }

  // Brings a place of the table into sight; its row comes with its page.
  show(place) {
    this.shown = this.api.isLastRowIndexKnown() ? null : place;
    if (this.shown === null && place < this.api.getDisplayedRowCount()) this.api.ensureIndexVisible(place);
  }

  walk(parameters) {
    const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
    return this.ask("walk", this.query(Object.fromEntries(given)));
  }

  place(sequence) {
    return this.walk({ to: "place", sequence });
  }

  async beside(sequence, by) {
    const at = this.node(sequence)?.rowIndex ?? null;
    if (at !== null && this.api.isLastRowIndexKnown()) {
      const place = Math.min(this.api.getDisplayedRowCount() - 1, Math.max(0, at + by));
      const row = this.api.getDisplayedRowAtIndex(place)?.data;
      if (row) return { sequence: row.sequence, place };
    }
    return this.walk({ to: "beside", sequence, by });
  }

  wrong(sequence, share) {
    return this.walk({ to: share === undefined ? "wrong" : "random", sequence, share });
  }

  refilter() {
    this.api.onFilterChanged(); // asks for all pages in sight again
  }

  listing() {
    return { query: this.query() };
  }
}
