// The keyboard: through the table, through the steps, to the search, and back.
(() => {
  const MENUS = ".ag-popup-child, .dash-dropdown-content, .dash-dropdown[data-state=open], .export-menu, .saved-menu";
  const TYPING = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], [role=slider]";
  const WAIT = 1500; // ms after which an answer that does not come is waited for no more

  let wanted = null; // the sequence that the keys are at, while an answer is under way
  let asked = null; // the sequence that they asked for last
  let since = 0;
  let owed = 0; // rows that the keys want to go on
  let asking = false;

  function choose(sequence) {
    const { run, edition } = hsvis.steps.meta();
    dash_clientside.set_props("pick", { data: { run, edition, sequence, keep: true, at: Date.now() } });
    asked = sequence;
    since = Date.now();
  }

  // One answer at a time: while a key is held, sequences in between are passed over.
  function walk({ sequence, place }) {
    if (sequence === current()) return;
    wanted = sequence;
    hsvis.rows.reveal(sequence, place);
    if (Date.now() - since > WAIT || hsvis.steps.index() === hsvis.selectedSequence()) choose(sequence);
  }

  const current = () => wanted ?? hsvis.selectedSequence();

  document.addEventListener("hsvis:plotted", ({ detail }) => {
    if (detail !== "projection" || wanted === null) return;
    if (hsvis.steps.index() !== hsvis.selectedSequence()) return;
    if (hsvis.steps.index() === wanted) wanted = null;
    else choose(wanted);
  });

  // Another sequence was chosen meanwhile, by a click: the keys want nothing any more.
  document.addEventListener("hsvis:selected", () => {
    if (hsvis.selectedSequence() !== asked) wanted = null;
  });

  // What the table answers; a row that has to be asked for may take its time, or not come.
  async function ask(question) {
    try {
      return await question;
    } catch (error) {
      hsvis.notice(`The table did not answer: ${error.message}`);
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
        const [from, steps] = [current(), owed];
        owed = 0;
        const found = await ask(hsvis.rows.beside(from, steps));
        if (found && from === current()) walk(found); // else a click was quicker
      }
    } finally {
      asking = false;
    }
  }

  async function wrong(share) {
    const from = current();
    const found = await ask(hsvis.rows.wrong(from, share));
    if (from !== current()) return; // a click was quicker
    if (found) walk(found);
    else if (found === null) hsvis.notice("No other misclassified sequence in the table as it is filtered.");
  }

  const nextWrong = () => wrong();
  const randomWrong = () => wrong(Math.random());

  function stepTo(next) {
    const [sequence, count] = [hsvis.steps.index(), hsvis.steps.count()];
    if (sequence === null || !count) return;
    const pinned = hsvis.focus.pinned();
    const at = pinned?.sequence === sequence ? pinned.step : null;
    const step = Math.min(count - 1, Math.max(0, next(at, count)));
    hsvis.focus.point(null);
    hsvis.tooltip.hide();
    hsvis.focus.pin({ sequence, step });
    hsvis.focus.reveal();
  }

  function letGo() {
    wanted = null;
    hsvis.focus.point(null);
    hsvis.focus.pin(null);
    hsvis.tooltip.hide();
    dash_clientside.set_props("pick", { data: { run: null, sequence: null, at: Date.now() } });
  }

  function toggleHelp() {
    const dialog = document.getElementById("keys");
    if (dialog.open) dialog.close();
    else dialog.showModal();
  }

  const KEYS = {
    ArrowDown: () => stepRow(1),
    ArrowUp: () => stepRow(-1),
    PageDown: () => stepRow(10),
    PageUp: () => stepRow(-10),
    ArrowRight: () => stepTo((at) => (at === null ? 0 : at + 1)),
    ArrowLeft: () => stepTo((at, count) => (at === null ? count - 1 : at - 1)),
    Home: () => stepTo(() => 0),
    End: () => stepTo((at, count) => count - 1),
    n: nextWrong,
    r: randomWrong,
    s: () => hsvis.neighbours.toggle(),
    m: () => hsvis.notes.toggle(),
    0: () => hsvis.cloud?.showAll(),
    "/": () => document.getElementById("search").focus(),
    "?": toggleHelp,
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return; // it closes itself
    if (document.querySelector(MENUS)) return; // an open menu takes its keys, and the first Esc
    if (event.key === "Escape") {
      if (event.target.id === "search") {
        event.preventDefault(); // the browser would empty the field
        event.target.blur();
      } else if (!hsvis.neighbours.close() && !hsvis.notes.close()) letGo();
      return;
    }
    const action = KEYS[event.key];
    if (!action || event.target.matches?.(TYPING)) return;
    if (event.target.closest?.("[role=radiogroup], .dash-radioitems") && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    action();
  });

  hsvis.whenReady(() => {
    document.getElementById("next-wrong").addEventListener("click", nextWrong);
    document.getElementById("random-wrong").addEventListener("click", randomWrong);
    document.getElementById("show-keys").addEventListener("click", toggleHelp);
    document.getElementById("close-keys").addEventListener("click", toggleHelp);
  });
})();
