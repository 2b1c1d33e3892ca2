// The form of a new note.  What it is about follows the selection, until something is typed: then it stays.
import { byId, make } from "../../core/dom.mjs";
import { onPlotted, whenReady } from "../../core/page.mjs";
import { signal } from "../../core/signal.mjs";
import * as steps from "../../core/steps.mjs";
import { subscribe } from "../../core/stores.mjs";
import * as focus from "../../state/focus.mjs";
import { selectedSequence } from "../../state/selection.mjs";
import * as team from "./team.mjs";

let made = null; // {form, about, whole, text, name, error, save}
let fixed = null; // what the typed text is about
let isSaving = false;

const saved = signal();
const renamed = signal();
export const onSaved = saved.on;
export const onRenamed = renamed.on; // other notes are one's own then

const box = () => byId("new-note");

// What a note would be about now: {run, sequence, step, word}; null where nothing is selected.
function current() {
  const sequence = selectedSequence();
  if (sequence === null || sequence !== steps.index()) return null;
  const pinned = focus.pinned();
  const isPinned = pinned?.sequence === sequence && !made.whole.checked;
  return { run: team.run(), sequence, step: isPinned ? pinned.step : null, word: isPinned ? steps.token(pinned.step) : "" };
}

const same = (one, other) => ["run", "sequence", "step"].every((key) => one?.[key] === other?.[key]);

// "step 4 “dull” of sequence 7"
function called({ sequence, step, word }) {
  if (step === null) return [make("strong", {}, `sequence ${sequence}`)];
  return [make("strong", {}, `step ${step}`, word ? " “" : "", make("bdi", {}, word), word ? "”" : ""), ` of sequence ${sequence}`];
}

export function draw() {
  if (!made) return;
  const { about, whole, text, name, save } = made;
  const now = current();
  const place = fixed ?? now;
  const isElsewhere = fixed && fixed.run !== team.run();
  const parts = place ? ["On ", ...called(place), isElsewhere ? ` of the run ${fixed.run}` : ""] : ["Select a sequence, or a step of it, to write a note about it."];
  if (fixed && now && !same(fixed, now)) {
    const move = team.button("", "", () => {
      fixed = current();
      draw();
      text.focus();
    });
    move.replaceChildren("move it to ", ...called(now));
    move.removeAttribute("aria-label");
    parts.push(move);
  }
  about.replaceChildren(make("span", {}, ...parts));
  const pinned = focus.pinned();
  whole.parentElement.hidden = fixed !== null || !(pinned && pinned.sequence === selectedSequence());
  box().classList.toggle("written", fixed !== null);
  text.disabled = !place;
  save.disabled = !place || isSaving;
  name.hidden = team.loggedIn() !== "";
}

function typed() {
  fixed = made.text.value.trim() ? (fixed ?? current()) : null;
  made.error.textContent = "";
  team.fit(made.text);
  draw();
}

async function save() {
  const { text, name, error } = made;
  const place = fixed ?? current();
  if (isSaving || !place) return;
  if (!text.value.trim()) {
    error.textContent = "Write something first.";
    text.focus();
    return;
  }
  isSaving = true;
  error.textContent = "";
  team.setName(name.value);
  draw();
  try {
    const content = { sequence: place.sequence, step: place.step, text: text.value, author: team.author() };
    await team.send("POST", `notes/${encodeURIComponent(place.run)}`, content);
    text.value = "";
    fixed = null;
    team.fit(text);
    saved.tell();
  } catch (failed) {
    error.textContent = `Not saved; your text is still here. ${failed.message}`;
  }
  isSaving = false;
  draw();
  text.focus();
}

function build() {
  if (!box() || made) return;
  const { longestText, longestName } = box().dataset;
  const about = make("div", { class: "note-about" });
  const whole = make("input", { type: "checkbox", change: draw });
  const text = make("textarea", {
    rows: 1,
    dir: "auto",
    maxlength: longestText,
    placeholder: "What is to be seen here?  ( Ctrl+Enter saves )",
    "aria-label": "Text of the note",
    input: typed,
    keydown: team.keys(save),
  });
  const name = make("input", { type: "text", maxlength: longestName, placeholder: "Your name", "aria-label": "Your name", autocomplete: "name", keydown: team.keys(save), change: rename });
  function rename() {
    team.setName(name.value);
    renamed.tell();
  }
  name.value = team.name();
  const error = make("div", { class: "note-error", role: "alert" });
  const button = make("button", { type: "submit", class: "button" }, "Save note");
  const form = make(
    "form",
    { submit: (event) => event.preventDefault() || save() },
    make("div", { class: "note-target" }, about, make("label", {}, whole, "whole sequence")),
    text,
    error,
    make("div", { class: "note-save" }, name, button),
  );
  made = { form, about, whole, text, name, error, save: button };
  box().replaceChildren(form);
  box().addEventListener("focusin", () => box().classList.add("used"));
  new MutationObserver(draw).observe(byId("token-strip"), { childList: true }); // other words
  draw();
}

// Somebody starts to write.
export const write = () => made && !made.text.disabled && made.text.focus();

// The panel is closed: what only a writer needs is put away.
export const rest = () => box()?.classList.remove("used");

export function start() {
  focus.onPin(draw);
  subscribe("selection", draw);
  onPlotted((view) => view === "projection" && draw());
  whenReady(build);
}
