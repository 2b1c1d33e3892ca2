// The rows of a run that the grid holds whole.  They answer what table/rows.mjs lists.
export class Held {
  constructor(api) {
    this.api = api;
  }

  node(sequence) {
    return this.api.getRowNode(String(sequence));
  }

  displayed() {
    const found = [];
    this.api.forEachNodeAfterFilterAndSort(({ data }) => found.push(data));
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

  refilter() {
    this.api.onFilterChanged();
  }

  listing() {
    return { sequences: this.displayed().map((row) => row.sequence) };
  }
}
