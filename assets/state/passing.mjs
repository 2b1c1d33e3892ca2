// Which sequences pass the filter.  The server decides it: over all states and whole texts, not what is drawn.
import { notice } from "../core/page.mjs";
import { ask, cloudPath } from "../core/server.mjs";
import { signal } from "../core/signal.mjs";
import { meta } from "../core/steps.mjs";
import { get, subscribe } from "../core/stores.mjs";

let answered; // the filter that the server has answered to
let passing = { filter: {}, count: null, sequences: null }; // its last answer, of the filter that it belongs to
let asked = new AbortController();

const changed = signal();
export const onPassing = changed.on;

// Whether the server has answered to the filter as it is.
export const isApplied = () => answered === get("filter");

// The filter that acts.
export const applied = () => passing.filter;

// How many sequences pass; null = all.
export const count = () => passing.count;

// Those that pass, a Set; null = all, or not known here: of a large run the server gives their number alone.
export const sequences = () => passing.sequences;

async function apply() {
  asked.abort();
  asked = new AbortController();
  const filter = get("filter");
  const { cloud, edition } = meta();
  if (!Object.keys(filter).length) return pass(filter, null);
  const query = new URLSearchParams({ filter: JSON.stringify(filter), edition });
  try {
    const answer = await ask(`sequences/${cloudPath(cloud)}?${query}`, { signal: asked.signal });
    if (!answer.ok) throw new Error(await answer.text());
    const { count, sequences } = await answer.json();
    if (filter === get("filter")) pass(filter, count, sequences);
  } catch (error) {
    if (error.name === "AbortError") return;
    answered = filter;
    notice(`The filter could not be applied: ${error.message}`);
  }
}

function pass(filter, count, sequences = null) {
  answered = filter;
  passing = { filter, count, sequences: sequences && new Set(sequences) };
  changed.tell();
}

export function start() {
  subscribe("filter", apply);
}
