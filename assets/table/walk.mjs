// The way through the table by keys and buttons: from row to row, to what is misclassified.
import { bindKeys } from "../core/keys.mjs";
import { byId } from "../core/dom.mjs";
import { notice, onPlotted, whenReady } from "../core/page.mjs";
import { index } from "../core/steps.mjs";
import { select, subscribe } from "../core/stores.mjs";
import { selectedSequence } from "../state/selection.mjs";
import * as rows from "./rows.mjs";
import * as stops from "./stops.mjs";

const WAIT = 1500; // ms after which an answer that does not come is waited for no more

let wanted = null; // the sequence that the keys are at, while an answer is under way
let asked = null; // the sequence that they asked for last
let since = 0;
let owed = 0; // rows that the keys want to go on
let asking = false;

function choose(sequence) {
  select(sequence, { keep: true });
  asked = sequence;
  since = Date.now();
}

// One answer at a time: while a key is held, sequences in between are passed over.
function walk({ sequence, place }) {
  wanted = sequence;
  rows.reveal(sequence, place);
  if (Date.now() - since > WAIT || index() === selectedSequence()) choose(sequence);
}

const current = () => wanted ?? selectedSequence();
const from = () => wanted ?? stops.from() ?? selectedSequence();

// What the table answers; a row that has to be asked for may take its time, or not come.
async function ask(question) {
  try {
    return await question;
  } catch (error) {
    notice(`The table did not answer: ${error.message}`);
    return undefined;
  }
}

// Keys that are pressed while the table is asked are added up.
async function stepRow(by) {
  owed += by;
  if (asking) return;
  asking = true;
  try {
    while (owed) {
      const [at, steps] = [from(), owed];
      owed = 0;
      const found = await ask(rows.beside(at, steps));
      if (at !== from()) continue; // a click was quicker
      if (found && found.sequence !== at) walk(found); // else there is nothing above or below
    }
  } finally {
    asking = false;
  }
}

async function wrong(share) {
  const at = current();
  const found = await ask(rows.wrong(at, share));
  if (at !== current()) return; // a click was quicker
  if (found && found.sequence !== at) walk(found);
  else if (found === null) notice("No other misclassified sequence in the table as it is filtered.");
}

const nextWrong = () => wrong();
const randomWrong = () => wrong(Math.random());

// The keys want nothing any more.
export function forget() {
  wanted = null;
}

export function start() {
  onPlotted((view) => {
    if (view !== "projection" || wanted === null || index() !== selectedSequence()) return;
    if (index() === wanted) wanted = null;
    else choose(wanted);
  });
  // another sequence was chosen meanwhile, by a click
  subscribe("selection", () => selectedSequence() !== asked && forget());
  bindKeys({
    ArrowDown: () => stepRow(1),
    ArrowUp: () => stepRow(-1),
    PageDown: () => stepRow(10),
    PageUp: () => stepRow(-10),
    n: nextWrong,
    r: randomWrong,
  });
  whenReady(() => {
    byId("next-wrong").addEventListener("click", nextWrong);
    byId("random-wrong").addEventListener("click", randomWrong);
  });
}
