// The form of a new note.  What it is about follows the selection, until something is typed: then it stays.
(() => {
  let made = null; // {form, about, whole, text, name, error, save}
  let fixed = null; // what the typed text is about
  let isSaving = false;

  const box = () => document.getElementById("new-note");

  // What a note would be about now: {run, sequence, step, word}; null where nothing is selected.
  function current() {
    const sequence = hsvis.selectedSequence();
    if (sequence === null || sequence !== hsvis.steps.index()) return null;
    const pinned = hsvis.focus.pinned();
    const isPinned = pinned?.sequence === sequence && !made.whole.checked;
    return { run: hsvis.noteParts.run(), sequence, step: isPinned ? pinned.step : null, word: isPinned ? hsvis.steps.token(pinned.step) : "" };
  }

  const same = (one, other) => ["run", "sequence", "step"].every((key) => one?.[key] === other?.[key]);

  // "step 4 “dull” of sequence 7"
  function called({ sequence, step, word }) {
    const { make } = hsvis.noteParts;
    if (step === null) return [make("strong", {}, `sequence ${sequence}`)];
    return [make("strong", {}, `step ${step}`, word ? " “" : "", make("bdi", {}, word), word ? "”" : ""), ` of sequence ${sequence}`];
  }

  function draw() {
    const { make } = hsvis.noteParts;
    if (!made) return;
    const { about, whole, text, name, save } = made;
    const now = current();
    const place = fixed ?? now;
    const isElsewhere = fixed && fixed.run !== hsvis.noteParts.run();
    const parts = place ? ["On ", ...called(place), isElsewhere ? ` of the run ${fixed.run}` : ""] : ["Select a sequence, or a step of it, to write a note about it."];
    if (fixed && now && !same(fixed, now)) {
      const move = hsvis.noteParts.button("", "", () => {
        fixed = current();
        draw();
        text.focus();
      });
      move.replaceChildren("move it to ", ...called(now));
      move.removeAttribute("aria-label");
      parts.push(move);
    }
    about.replaceChildren(make("span", {}, ...parts));
    const pinned = hsvis.focus.pinned();
    whole.parentElement.hidden = fixed !== null || !(pinned && pinned.sequence === hsvis.selectedSequence());
    box().classList.toggle("written", fixed !== null);
    text.disabled = !place;
    save.disabled = !place || isSaving;
    name.hidden = hsvis.noteParts.user() !== "";
  }

  // Grows with the text, up to what the style sheet allows.
  function fit(text) {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + 2}px`;
  }

  function typed() {
    fixed = made.text.value.trim() ? (fixed ?? current()) : null;
    made.error.textContent = "";
    fit(made.text);
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
    hsvis.noteParts.setName(name.value);
    draw();
    try {
      const content = { sequence: place.sequence, step: place.step, text: text.value, author: hsvis.noteParts.author() };
      await hsvis.noteParts.send("POST", `notes/${encodeURIComponent(place.run)}`, content);
      text.value = "";
      fixed = null;
      fit(text);
      hsvis.notes.look();
    } catch (failed) {
      error.textContent = `Not saved; your text is still here. ${failed.message}`;
    }
    isSaving = false;
    draw();
    text.focus();
  }

  // Ctrl+Enter saves, Esc leaves the field and keeps what is in it.
  const keys = (action) => (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) action();
    else if (event.key === "Escape") event.target.blur();
    else return;
    event.preventDefault();
  };

  function build() {
    if (!box() || made) return;
    const { make, name: nameOf } = hsvis.noteParts;
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
      keydown: keys(save),
    });
    const name = make("input", { type: "text", maxlength: longestName, placeholder: "Your name", "aria-label": "Your name", autocomplete: "name", keydown: keys(save), change: rename });
    function rename() {
      hsvis.noteParts.setName(name.value);
      hsvis.notes.draw(); // other notes are one's own now
    }
    name.value = nameOf();
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
    new MutationObserver(draw).observe(document.getElementById("token-strip"), { childList: true }); // other words
    draw();
  }

  document.addEventListener("hsvis:pin", draw);
  document.addEventListener("hsvis:selected", draw);
  document.addEventListener("hsvis:plotted", ({ detail }) => detail === "projection" && draw());
  hsvis.whenReady(build);

  window.hsvis = Object.assign(window.hsvis || {}, {
    newNote: { draw, keys, fit, rest: () => box()?.classList.remove("used"), focus: () => made && !made.text.disabled && made.text.focus() },
  });
})();
