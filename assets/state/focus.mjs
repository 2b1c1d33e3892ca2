// The focus: the step that the pointer is on, or that the keys are at.
//
// A focus is {sequence, step} and may have: `from`, when it is the way from the step before; `at`, the place
// in the projection of a state that is not of the selected sequence; `row`, its row; `detail`, for the tooltip.
import { signal } from "../core/signal.mjs";
import { index } from "../core/steps.mjs";
import { setFocus, subscribe } from "../core/stores.mjs";
import { selectedSequence } from "./selection.mjs";

const STORE_PAUSE = 150; // ms of rest before the `focus` store is told

let pointed = null; // under the pointer
let kept = null; // clicked, or reached by keys: stays when the pointer leaves
let timer = 0;

const changed = signal();
const pinChanged = signal();
export const onFocus = changed.on;
export const onPin = pinChanged.on;

// Whether a focus is on the sequence that the views show.
export const isOwn = (focus) => focus !== null && focus.sequence === index();

// What is shown; null while its sequence is not on the page.
export function shown() {
  const focus = pointed ?? kept;
  return isOwn(focus) || focus?.at ? focus : null;
}

// Whether the pointer is on something that is shown no more.
export const isStale = () => pointed !== null && shown() === null;

export const pinned = () => kept;

const same = (one, other) =>
  one === other || (one && other && ["sequence", "step", "from", "row"].every((key) => one[key] === other[key]));

function tellStore() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const focus = shown();
    setFocus(focus && { sequence: focus.sequence, step: focus.step });
  }, STORE_PAUSE);
}

// The pointer is on something, or with null on nothing.
export function point(focus) {
  if (same(focus, pointed)) return;
  pointed = focus;
  changed.tell();
  tellStore();
}

// A step that stays when the pointer leaves; null lets go.
export function pin(focus) {
  if (same(focus, kept)) return;
  kept = focus && { sequence: focus.sequence, step: focus.step };
  changed.tell();
  tellStore();
  pinChanged.tell();
}

export function start() {
  subscribe("selection", () => kept && kept.sequence !== selectedSequence() && pin(null));
}
