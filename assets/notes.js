// The panel of notes: what the team wrote about sequences and steps of the run, the newest first.
(() => {
  const PAUSE = 20_000; // ms between looks for notes of others, while the panel is open
  const TYPING_PAUSE = 250; // ms
  const PAGE = 50; // notes

  let timer = 0;
  let turn = 0;
  let known = null; // the server's last answer
  let most = PAGE; // notes that are asked for
  let sure = null; // the note that is to be deleted, if that is confirmed
  let going = null; // the place that a click is on its way to
  let asked = { words: "", author: null, own: false };

  const panel = () => document.getElementById("notes");
  const opener = () => document.getElementById("show-notes");
  const isOpen = () => Boolean(panel()) && !panel().hidden;
  const say = (...parts) => document.getElementById("note-status").replaceChildren(...parts);
  const own = () => hsvis.selectedSequence();

  function query() {
    const found = new URLSearchParams({ limit: isOpen() ? most : 0 });
    if (!isOpen()) return found; // the marks need the counts alone
    if (asked.words) found.set("words", asked.words);
    if (asked.author !== null) found.set("author", asked.author);
    if (asked.own && own() !== null) found.set("sequence", own());
    return found;
  }

  // Asks the server what there is; again in a while, as long as somebody looks.
  async function look() {
    if (!panel() || !hsvis.noteParts.run()) return;
    clearTimeout(timer);
    turn += 1;
    const mine = turn;
    try {
      const answer = await hsvis.noteParts.send("GET", `${hsvis.noteParts.path("notes")}?${query()}`);
      if (mine !== turn) return;
      known = answer;
      hsvis.noteParts.setUser(answer.user);
      mark();
      if (isOpen()) draw();
    } catch (error) {
      if (mine !== turn) return;
      if (isOpen()) say(error.message);
    }
    if (isOpen()) timer = setTimeout(look, PAUSE);
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(look, TYPING_PAUSE);
  }

  const number = (count) => `${count.toLocaleString("en")} ${count === 1 ? "note" : "notes"}`;

  // How many notes the selected sequence has, beside its facts; how many the run has, on the button.
  function mark() {
    const { counts = {}, run } = known ?? {};
    const shown = run === hsvis.noteParts.run() ? counts : {};
    const all = Object.values(shown).reduce((sum, one) => sum + one, 0);
    dash_clientside.set_props("show-notes", { children: all ? `Notes ${all.toLocaleString("en")}` : "Notes" });
    const count = shown[own()] ?? 0;
    const button = document.getElementById("note-mark");
    button.hidden = !count;
    button.textContent = count ? `✎ ${number(count)}` : "";
  }

  function draw() {
    if (!known || known.run !== hsvis.noteParts.run()) return;
    drawFilters();
    hsvis.newNote.draw();
    const all = Object.values(known.counts).reduce((sum, one) => sum + one, 0);
    const narrowed = asked.words || asked.author !== null || asked.own;
    const { notes, found } = known;
    say(!all ? "none yet" : narrowed ? `${found.toLocaleString("en")} of ${all.toLocaleString("en")}` : all.toLocaleString("en"));
    const list = document.getElementById("note-list");
    const before = new Map([...list.children].map((line) => [line.dataset.key, line]));
    const lines = notes.map((note) => {
      const old = before.get(String(note.id));
      if (old?.querySelector("textarea")) return old; // somebody is at it
      const line = entry(note);
      return old?.dataset.shape === line.dataset.shape ? aged(old, note) : line;
    });
    if (notes.length < found) {
      const more = hsvis.noteParts.button("Show more", "Show more notes", () => {
        most += PAGE;
        look();
      });
      lines.push(hsvis.noteParts.make("li", { class: "note-more" }, more));
    }
    const focused = document.activeElement?.closest("#note-list li");
    if (lines.length !== list.children.length || lines.some((line, k) => line !== list.children[k])) list.replaceChildren(...lines);
    const again = focused && lines.find((line) => line.dataset.key === focused.dataset.key);
    if (again && !again.contains(document.activeElement)) (again.querySelector(".note-tools button") ?? again.querySelector("button")).focus();
    for (const link of panel().querySelectorAll("[data-file]")) {
      link.href = `${hsvis.prefix()}${hsvis.noteParts.path("notes")}.${link.dataset.file}`;
    }
  }

  function aged(line, { written }) {
    line.querySelector("time").textContent = hsvis.noteParts.ago(written);
    return line;
  }

  // A note as a line: where, who, when, and what.  All of it is text, never markup.
  function entry(note) {
    const { make, button, ago, isMine } = hsvis.noteParts;
    const { id, sequence, step, words, author, written, edited, text, other_build: isOther } = note;
    const isOwn = known.save && isMine(note);
    const word = make("bdi", {}, step === null ? "" : `“${words}”`);
    const place = make("button", { type: "button", class: "note-place", title: words }, step === null ? `Sequence ${sequence}` : `Sequence ${sequence}, step ${step} `, word);
    const edits = edited ? ` (edited ${new Date(edited).toLocaleString("en")})` : "";
    const time = make("time", { datetime: written, title: new Date(written).toLocaleString("en") + edits }, ago(written));
    const facts = make("span", { class: "note-facts" }, make("bdi", { class: "note-author" }, author || "—"), " · ", time, edited ? " · edited" : "");
    if (isOther) facts.append(make("span", { class: "note-other", title: "Written about another build of this run: the step may be another one" }, "other build"));
    const tools = make("span", { class: "note-tools" });
    if (isOwn && sure === id) {
      const keep = button("Keep", "Keep this note", () => decide(null));
      tools.append("Delete for everyone? ", button("Delete", "Delete this note for everyone", () => remove(note)), keep);
      tools.classList.add("sure");
    } else if (isOwn) {
      const what = `note on sequence ${sequence}`;
      tools.append(button("Edit", `Edit the ${what}`, () => edit(note)), button("Delete", `Delete the ${what}`, () => decide(id)));
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

  function decide(id) {
    sure = id;
    draw();
  }

  async function remove({ id }) {
    sure = null;
    await act(() => hsvis.noteParts.send("DELETE", hsvis.noteParts.path("notes", id), { author: hsvis.noteParts.author() }));
    (document.querySelector("#note-list button") ?? document.getElementById("close-notes")).focus();
  }

  async function act(action) {
    try {
      await action();
    } catch (error) {
      hsvis.notice(error.message);
    }
    await look();
  }

  // Puts a field in place of a note's text.
  function edit({ id, text }) {
    const { make, button, send, path, author } = hsvis.noteParts;
    const line = document.querySelector(`#note-list [data-key="${id}"]`);
    const field = make("textarea", { dir: "auto", maxlength: document.getElementById("new-note").dataset.longestText, "aria-label": "Text of the note" });
    field.value = text;
    const error = make("div", { class: "note-error", role: "alert" });
    const leave = () => {
      field.remove(); // what is drawn next may take its place
      line.dataset.shape = "";
      draw();
      return look();
    };
    const save = async () => {
      error.textContent = "";
      try {
        await send("PATCH", path("notes", id), { text: field.value, author: author() });
        await leave();
      } catch (failed) {
        error.textContent = `Not saved; your text is still here. ${failed.message}`;
      }
    };
    field.addEventListener("keydown", hsvis.newNote.keys(save));
    line.querySelector(".note-text").replaceWith(field, error);
    line.querySelector(".note-tools").replaceChildren(button("Save", "Save the note", save), button("Cancel", "Leave the note as it was", leave));
    hsvis.newNote.fit(field);
    field.focus();
  }

  // Selects the sequence of a note and pins its step.
  function go({ sequence, step }) {
    const run = hsvis.noteParts.run();
    if (sequence >= hsvis.rows.total()) {
      hsvis.notice(`There is no sequence ${sequence} in this build of the run (any more).`);
      return;
    }
    going = { sequence, step };
    hsvis.focus.point(null);
    hsvis.focus.pin(step === null ? null : { sequence, step });
    dash_clientside.set_props("pick", { data: { run, edition: hsvis.edition(run), sequence, step, keep: true, at: Date.now() } });
    arrived();
  }

  function arrived() {
    if (!going || going.sequence !== hsvis.steps.index()) return;
    const { sequence, step } = going;
    going = null;
    if (step === null) return;
    if (step < hsvis.steps.count()) {
      setTimeout(hsvis.focus.reveal, 100); // the text is scrolled to its start first
      return;
    }
    hsvis.focus.pin(null);
    hsvis.notice(`Sequence ${sequence} has no step ${step} in this build of the run (any more).`);
  }

  let filters = null; // {words, author, own}

  // The search, the menu of authors, and whether the selected sequence alone is meant.
  function drawFilters() {
    const { make } = hsvis.noteParts;
    if (!filters) {
      const words = make("input", { type: "search", class: "search", placeholder: "Search", "aria-label": "Search the notes", maxlength: 200, input: narrow, keydown: (event) => event.key === "Escape" && (event.preventDefault() || words.blur()) });
      const author = make("select", { "aria-label": "Whose notes", change: narrow });
      const alone = make("input", { type: "checkbox", change: narrow });
      document.getElementById("note-filters").replaceChildren(words, author, make("label", {}, alone, "this sequence"));
      filters = { words, author, own: alone };
    }
    const options = [["all", "everybody"], ...known.authors.map((one) => [`by ${one}`, one || "— (no name)"])];
    const names = JSON.stringify(options);
    if (filters.names !== names) {
      const chosen = filters.author.value || "all";
      filters.author.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
      filters.author.value = options.some(([value]) => value === chosen) ? chosen : "all";
      filters.names = names;
    }
    filters.author.hidden = known.authors.length < 2 && filters.author.value === "all";
    filters.own.checked = asked.own;
  }

  function narrow() {
    const { words, author, own: alone } = filters;
    asked = { words: words.value.trim(), author: author.value === "all" ? null : author.value.slice(3), own: alone.checked };
    most = PAGE;
    soon();
  }

  function show(open) {
    if (!panel() || open === isOpen()) return;
    if (open) hsvis.neighbours.close(); // both are in one place
    else hsvis.newNote.rest();
    panel().hidden = !open;
    document.getElementById("page").classList.toggle("with-notes", open);
    opener().setAttribute("aria-expanded", String(open));
    look();
    const selected = own(); // the table is lower or higher now
    if (selected !== null) requestAnimationFrame(() => requestAnimationFrame(() => hsvis.rows.reveal(selected)));
  }

  function open(of = asked.own) {
    asked = { ...asked, own: of };
    if (isOpen()) look();
    else show(true);
  }

  // By the key: whoever opens it so goes on with the keyboard.
  function toggle() {
    show(!isOpen());
    if (isOpen()) hsvis.newNote.focus();
  }

  // Whether there was something to close.
  function close() {
    const was = isOpen();
    if (was) show(false);
    return was;
  }

  document.addEventListener("hsvis:selected", () => {
    if (!panel()) return;
    mark();
    if (isOpen() && asked.own) soon();
  });
  document.addEventListener("hsvis:plotted", ({ detail }) => {
    if (detail !== "projection" || !panel()) return;
    if (known && known.run !== hsvis.noteParts.run()) {
      mark();
      document.getElementById("note-list").replaceChildren();
      look();
    }
    arrived();
  });
  addEventListener("focus", look);

  hsvis.whenReady(() => {
    if (!panel()) return;
    opener().addEventListener("click", () => show(!isOpen()));
    document.getElementById("note-mark").addEventListener("click", () => open(true));
    document.getElementById("close-notes").addEventListener("click", () => {
      close();
      opener().focus();
    });
    look();
  });

  window.hsvis = Object.assign(window.hsvis || {}, { notes: { toggle, close, look, draw } });
})();
