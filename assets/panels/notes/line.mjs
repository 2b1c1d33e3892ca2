// A note as a line of the list: what it says, what can be done with it, and the way to what it is about.
import { byId, make } from "../../core/dom.mjs";
import { notice } from "../../core/page.mjs";
import * as steps from "../../core/steps.mjs";
import { select } from "../../core/stores.mjs";
import * as focus from "../../state/focus.mjs";
import * as rows from "../../table/rows.mjs";
import * as highlight from "../../views/highlight.mjs";
import * as team from "./team.mjs";
import { ago, button } from "./team.mjs";

let sure = null; // the note that is to be deleted, if that is confirmed
let going = null; // the place that a click is on its way to

// A note as a line: where, who, when, and what.  All of it is text, never markup.
// `list`: {maySave, draw(), look()}, whether whoever looks may write, and the list that is drawn or asked for again.
export function noteLine(note, list) {
  const { id, sequence, step, words, author, written, edited, text, other_build: isOther } = note;
  const isOwn = list.maySave && team.isMine(note);
  const word = make("bdi", {}, step === null ? "" : `“${words}”`);
  const place = make("button", { type: "button", class: "note-place", title: words }, step === null ? `Sequence ${sequence}` : `Sequence ${sequence}, step ${step} `, word);
  const edits = edited ? ` (edited ${new Date(edited).toLocaleString("en")})` : "";
  const time = make("time", { datetime: written, title: new Date(written).toLocaleString("en") + edits }, ago(written));
  const facts = make("span", { class: "note-facts" }, make("bdi", { class: "note-author" }, author || "—"), " · ", time, edited ? " · edited" : "");
  if (isOther) facts.append(make("span", { class: "note-other", title: "Written about another build of this run: the step may be another one" }, "other build"));
  const tools = make("span", { class: "note-tools" });
  if (isOwn && sure === id) {
    const keep = button("Keep", "Keep this note", () => decide(null, list));
    tools.append("Delete for everyone? ", button("Delete", "Delete this note for everyone", () => remove(note, list)), keep);
    tools.classList.add("sure");
  } else if (isOwn) {
    const what = `note on sequence ${sequence}`;
    tools.append(button("Edit", `Edit the ${what}`, () => edit(note, list)), button("Delete", `Delete the ${what}`, () => decide(id, list)));
  }
  const body = make("p", { class: "note-text", dir: "auto" }, text);
  const shape = JSON.stringify([text, author, edited, isOwn, isOther, sure === id]);
  const line = make("li", { class: "note", "data-key": id, "data-shape": shape }, place, facts, tools, body);
  line.addEventListener("click", ({ target }) => {
    const isControl = target.closest("button, textarea") && !target.closest(".note-place");
    if (!isControl && !String(getSelection())) go(note);
  });
  return line;
}

function decide(id, list) {
  sure = id;
  list.draw();
}

async function remove({ id }, list) {
  sure = null;
  try {
    await team.send("DELETE", team.path("notes", id), { author: team.author() });
  } catch (error) {
    notice(error.message);
  }
  await list.look();
  (document.querySelector("#note-list button") ?? byId("close-notes")).focus();
}

// Puts a field in place of a note's text.
function edit({ id, text }, list) {
  const line = document.querySelector(`#note-list [data-key="${id}"]`);
  const field = make("textarea", { dir: "auto", maxlength: byId("new-note").dataset.longestText, "aria-label": "Text of the note" });
  field.value = text;
  const error = make("div", { class: "note-error", role: "alert" });
  const leave = () => {
    field.remove(); // what is drawn next may take its place
    line.dataset.shape = "";
    list.draw();
    return list.look();
  };
  const save = async () => {
    error.textContent = "";
    try {
      await team.send("PATCH", team.path("notes", id), { text: field.value, author: team.author() });
      await leave();
    } catch (failed) {
      error.textContent = `Not saved; your text is still here. ${failed.message}`;
    }
  };
  field.addEventListener("keydown", team.keys(save));
  line.querySelector(".note-text").replaceWith(field, error);
  line.querySelector(".note-tools").replaceChildren(button("Save", "Save the note", save), button("Cancel", "Leave the note as it was", leave));
  team.fit(field);
  field.focus();
}

// Selects the sequence of a note and pins its step.
function go({ sequence, step }) {
  if (sequence >= rows.total()) {
    notice(`There is no sequence ${sequence} in this build of the run (any more).`);
    return;
  }
  going = { sequence, step };
  focus.point(null);
  focus.pin(step === null ? null : { sequence, step });
  select(sequence, { step, keep: true });
  arrived();
}

// The sequence of the note is on the page.
export function arrived() {
  if (!going || going.sequence !== steps.index()) return;
  const { sequence, step } = going;
  going = null;
  if (step === null) return;
  if (step < steps.count()) {
    setTimeout(highlight.reveal, 100); // the text is scrolled to its start first
    return;
  }
  focus.pin(null);
  notice(`Sequence ${sequence} has no step ${step} in this build of the run (any more).`);
}
