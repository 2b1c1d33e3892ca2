// Which build of its run the page shows, and whether there is a newer one.
//
// A page is answered from the edition of a run that it shows, until whoever looks at it asks for the new one: the
// row of a state means another state there.  Of all other runs it takes the newest when they are chosen.
import { signal } from "../core/signal.mjs";
import { meta } from "../core/steps.mjs";
import { ofRun, setEditions, subscribe } from "../core/stores.mjs";

let newest = {}; // run -> {edition, since}
let gone = null; // the edition that the server no longer keeps, though the page shows it

const changed = signal();
export const onEditions = changed.on;

// The newest of a run, {edition, since}; undefined while the server has not said.
export const newestOf = (run) => newest[run];

// What the server has by now.
export function follow(editions) {
  newest = editions;
  setEditions(Object.fromEntries(Object.entries(editions).map(([run, one]) => [run, one.edition])));
  changed.tell();
}

// Whether the server no longer keeps what the page shows.
export const isGone = () => gone !== null && gone === ofRun(meta().edition);

// Whether the page shows another edition than the newest.
export function isOld() {
  const { run, edition } = meta();
  return edition !== undefined && (isGone() || (newest[run] !== undefined && newest[run].edition !== ofRun(edition)));
}

export function start() {
  subscribe("gone", (news) => {
    if (!news) return;
    gone = ofRun(meta().edition);
    changed.tell();
  });
}
