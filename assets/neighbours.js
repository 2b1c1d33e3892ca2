// The panel of similar states: those nearest to the pinned step in the original space, of other sequences.
(() => {
  const PAUSE = 100; // ms of rest before the server is asked: a held arrow key passes over steps
  const SILENT = "The server does not answer. Is it still running?";

  let asked; // address of what the panel shows or waits for
  let waiting = null; // AbortController of the question under way
  let timer = 0;
  let clicked = null; // the state that a click is on its way to

  const panel = () => document.getElementById("neighbours");
  const isOpen = () => !panel().hidden;

  function make(tag, name, ...children) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...children);
    return element;
  }

  const say = (...parts) => document.getElementById("neighbours-of").replaceChildren(...parts);
  const list = (...lines) => {
    hsvis.focus.point(null); // the line that the pointer was on is gone
    document.getElementById("neighbour-list").replaceChildren(...lines);
  };

  // Where the neighbours of the pinned step are asked for; null where none is, undefined while it is on its way.
  function address() {
    const pinned = hsvis.focus.pinned();
    if (!pinned) return null;
    if (pinned.sequence !== hsvis.steps.index()) return undefined;
    const row = hsvis.steps.row(pinned.step);
    const { cloud, edition } = hsvis.steps.meta();
    const [run, layer, projection] = cloud.split("/");
    const path = [run, layer, row].map(encodeURIComponent).join("/");
    return `neighbours/${path}?${new URLSearchParams({ projection, edition })}`;
  }

  function follow() {
    if (!isOpen()) return;
    const next = address();
    if (next === undefined || next === asked) return;
    waiting?.abort();
    clearTimeout(timer);
    asked = next;
    panel().setAttribute("aria-busy", String(next !== null));
    if (next) timer = setTimeout(ask, PAUSE, next);
    else {
      list();
      say("Click a word or a state, or go there by ← and →: the states most like it appear here.");
    }
  }

  async function ask(from) {
    const { sequence, step } = hsvis.focus.pinned() ?? {};
    waiting = new AbortController();
    try {
      const answer = await hsvis.ask(from, { signal: waiting.signal });
      if (from !== asked) return;
      if (!answer.ok) throw new Error((await answer.text()).trim());
      const found = await answer.json();
      if (from === asked) draw(sequence, step, found);
    } catch (error) {
      if (from !== asked) return;
      list();
      say(error instanceof TypeError ? SILENT : error.message);
    }
    if (from === asked) panel().setAttribute("aria-busy", "false");
  }

  function draw(sequence, step, found) {
    const word = make("strong", "", hsvis.steps.token(step));
    word.dir = "auto";
    const rest = ` (sequence ${sequence}, step ${step}): the nearest state of each sequence, by distance between all hidden units`;
    say("Most like ", word, found.length ? rest : ": there is no other sequence.");
    list(...found.map(line));
  }

  function context({ before, token, after, starts, ends }) {
    const words = make("span", "neighbour-words");
    words.dir = "auto";
    if (before.length) words.append(`${starts ? "" : "… "}${before.join(" ")} `);
    words.append(make("strong", "", token));
    if (after.length) words.append(` ${after.join(" ")}${ends ? "" : " …"}`);
    return words;
  }

  function line(state) {
    const { className } = hsvis.tooltip;
    const { distance, share } = state;
    const far = make("span", "neighbour-distance", distance.toFixed(distance < 10 ? 3 : 1));
    if (share !== null) far.title = `${(100 * share).toFixed(1)} % of the largest distance between two steps of this run`;
    const facts = make(
      "span",
      "neighbour-facts",
      make("span", "", "class ", ...className(state.label)),
      make("span", "", "EP ", ...className(state.predicted, state.confidence)),
      make("span", "", `sequence ${state.sequence}, step ${state.step}`),
    );
    const button = make("button", "neighbour", context(state), far, facts);
    button.type = "button";
    const { sequence, step, row, x, y } = state;
    const ring = () => hsvis.focus.point({ sequence, step, row, at: [x, y] });
    const leave = () => hsvis.focus.point(null);
    for (const [event, act] of Object.entries({ pointerenter: ring, pointerleave: leave, focus: ring, blur: leave })) {
      button.addEventListener(event, act);
    }
    button.addEventListener("click", () => go(sequence, step));
    return make("li", "", button);
  }

  // Selects the sequence of a state and pins its step.
  function go(sequence, step) {
    const { run, edition } = hsvis.steps.meta();
    clicked = { sequence, step };
    hsvis.focus.point(null);
    hsvis.focus.pin({ sequence, step });
    dash_clientside.set_props("pick", { data: { run, edition, sequence, step, keep: true, at: Date.now() } });
  }

  function arrived() {
    if (clicked?.sequence !== hsvis.steps.index()) return;
    clicked = null;
    setTimeout(hsvis.focus.reveal, PAUSE); // the text is scrolled to its start first
  }

  function show(open) {
    if (open) hsvis.notes.close(); // both are in one place
    panel().hidden = !open;
    document.getElementById("show-neighbours").setAttribute("aria-expanded", String(open));
    if (open) follow();
    else {
      waiting?.abort();
      clearTimeout(timer);
      asked = undefined; // asked anew when it is opened again
      hsvis.focus.point(null);
    }
  }

  // Whether there was something to close.
  function close() {
    const was = isOpen();
    if (was) show(false);
    return was;
  }

  document.addEventListener("hsvis:pin", follow);
  document.addEventListener("hsvis:plotted", ({ detail }) => {
    if (detail !== "projection") return;
    follow();
    arrived();
  });

  hsvis.whenReady(() => {
    document.getElementById("show-neighbours").addEventListener("click", () => show(!isOpen()));
    document.getElementById("close-neighbours").addEventListener("click", () => {
      close();
      document.getElementById("show-neighbours").focus();
    });
  });

  window.hsvis = Object.assign(window.hsvis || {}, { neighbours: { toggle: () => show(!isOpen()), close } });
})();
