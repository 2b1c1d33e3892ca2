// Words in the projection: at jumps, changes of confidence and changes of the winning class.
// Of the selected sequence they are found here; of all sequences, for the visible range, by the server.
// Words are placed strongest first, where they cover no other: after an event to the right of its state, before
// it to the left.
(() => {
  const PAUSE = 140; // ms of rest before the words of all sequences are asked for
  const GAP = 9; // CSS pixels between a state and its word
  const HEIGHT = 14;
  const MARGIN = 2; // between words
  const LONGEST = 22; // characters
  const SVG = "http://www.w3.org/2000/svg";
  const KINDS = ["jump-words", "change-words", "flip-words"];

  let candidates = []; // {x, y, token, side, strength, sequence, step}, strongest first
  let placed = []; // what of them is on the page: {…, left, top, text, anchor}
  let timer = 0;
  let frame = 0;
  let key = "";
  let asked = new AbortController();
  const pen = document.createElement("canvas").getContext("2d");

  const enabled = (options) => KINDS.some((kind) => options[kind]?.length);

  // Of the selected sequence: each step that an enabled kind picks, with the strength of the event.
  function ownWords(options) {
    const { steps } = hsvis;
    const chosen = options["change-class"];
    const found = [];
    for (let step = 1; step < steps.count(); step++) {
      const [earlier, later] = [steps.ep(step - 1), steps.ep(step)];
      if (!later.length) break;
      const changes = later.map((share, k) => Math.abs(share - earlier[k]));
      const largest = Math.max(...changes);
      const change = chosen === "any" ? largest : (changes[Number(chosen)] ?? 0);
      const flipped = steps.answer(step).winner !== steps.answer(step - 1).winner;
      const jump = steps.distance(step);
      const events = [
        ["jump-words", jump >= options["distance-threshold"], jump],
        ["change-words", change >= options["change-threshold"], change],
        ["flip-words", flipped, largest],
      ];
      for (const [side, at] of [["after", step], ["before", step - 1]]) {
        const strengths = events.filter(([kind, holds]) => holds && options[kind].includes(side));
        if (!strengths.length) continue;
        const strength = Math.max(...strengths.map((event) => event[2]));
        const [x, y] = steps.point(at);
        found.push({ x, y, token: steps.token(at), side, strength, sequence: steps.index(), step: at });
      }
    }
    return found.sort((one, other) => other.strength - one.strength);
  }

  // Of all sequences, the strongest of the visible range.
  async function allWords(options, layout) {
    const { xaxis, yaxis } = layout;
    const [x0, x1] = xaxis.range;
    const [y0, y1] = yaxis.range;
    const { cloud, edition } = hsvis.steps.meta();
    const query = new URLSearchParams({ x0, x1, y0, y1, edition });
    query.set("jump", options["distance-threshold"]);
    query.set("change", options["change-threshold"]);
    if (options["change-class"] !== "any") query.set("class", options["change-class"]);
    for (const kind of KINDS) {
      for (const side of options[kind]) query.set(`${kind.split("-")[0]}_${side}`, 1);
    }
    const filter = hsvis.filter.current();
    if (Object.keys(filter).length) query.set("filter", JSON.stringify(filter));
    const path = cloud.split("/").map(encodeURIComponent).join("/");
    asked.abort();
    asked = new AbortController();
    const answer = await hsvis.ask(`words/${path}?${query}`, { signal: asked.signal });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  const shorten = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

  // Where a word may stand beside its state, the best place first: [dx, dy] of its near end, from the state.
  function places(side) {
    const out = side === "after" ? 1 : -1;
    return [[0, 0], [0, -11], [0, 11], [-3, -18], [-3, 18], [4, -25], [4, 25]].map(([dx, dy]) => [
      out * (GAP + dx),
      dy,
    ]);
  }

  function place(words, layout) {
    const { xaxis, yaxis } = layout;
    const boxes = [];
    const found = [];
    const size = 11.5;
    pen.font = `600 ${size}px ${getComputedStyle(document.body).fontFamily}`;
    const [right, bottom] = [xaxis._offset + xaxis._length, yaxis._offset + yaxis._length];
    const named = new Set(); // a state has one word, though it may be after one event and before another
    for (const word of words) {
      const at = hsvis.onPlot([word.x, word.y]);
      const state = `${word.sequence} ${word.step}`;
      if (!at || named.has(state)) continue;
      const text = shorten(word.token);
      const width = pen.measureText(text).width;
      for (const [dx, dy] of places(word.side)) {
        const beside = word.side === "after" ? at[0] + dx : at[0] + dx - width;
        const inside = Math.max(xaxis._offset + MARGIN, Math.min(beside, right - width - MARGIN));
        const left = Math.abs(dy) > HEIGHT ? inside : beside; // above or below its state it may move into the plot
        const top = at[1] + dy - HEIGHT / 2;
        const box = [left - MARGIN, top - MARGIN, left + width + MARGIN, top + HEIGHT + MARGIN];
        if (box[0] < xaxis._offset || box[1] < yaxis._offset || box[2] > right || box[3] > bottom) continue;
        if (boxes.some((one) => one[0] < box[2] && box[0] < one[2] && one[1] < box[3] && box[1] < one[3])) continue;
        boxes.push(box);
        named.add(state);
        found.push({ ...word, text, left, top, width, height: HEIGHT, at });
        break;
      }
    }
    return found;
  }

  function draw() {
    const group = hsvis.projectionLayer("words");
    const layout = hsvis.plot("projection")?._fullLayout;
    placed = layout?.xaxis ? place(candidates, layout) : [];
    const texts = placed.map(({ text, left, top, side, step, sequence, token }) => {
      const made = document.createElementNS(SVG, "text");
      made.setAttribute("class", `word ${side}`);
      made.setAttribute("x", left);
      made.setAttribute("y", top + HEIGHT - 3);
      made.dataset.step = step;
      made.dataset.sequence = sequence;
      made.dataset.token = token;
      made.textContent = text;
      return made;
    });
    group.replaceChildren(...texts);
  }

  // All that decides which words are shown; "" while the views do not show the selected sequence yet.
  function wanted() {
    const { steps } = hsvis;
    const { xaxis, yaxis } = hsvis.plot("projection")._fullLayout;
    const [sequence, { cloud }] = [hsvis.selectedSequence(), steps.meta()];
    const isShown = sequence === steps.index() && steps.element(steps.count() - 1);
    if (sequence !== null && !isShown) return "";
    const options = hsvis.options.current();
    return JSON.stringify([sequence, cloud, xaxis.range, yaxis.range, options, hsvis.filter.current()]);
  }

  // Looks at what is on the page, and finds the words that belong to it.
  function follow() {
    const options = hsvis.options.current();
    const figure = hsvis.plot("projection");
    if (!figure?._fullLayout?.xaxis || !options["flip-words"]) return;
    clearTimeout(timer);
    if (!enabled(options)) {
      asked.abort();
      key = "";
      if (candidates.length) {
        candidates = [];
        draw();
      }
      return;
    }
    if (hsvis.selectedSequence() !== null) {
      asked.abort();
      key = wanted();
      candidates = key ? ownWords(options) : [];
      draw();
      return;
    }
    const next = wanted();
    if (next === key) {
      asked.abort(); // of a range that was left again
      draw(); // the same words at other places
      return;
    }
    if (candidates.some((word) => word.sequence === hsvis.steps.index())) candidates = [];
    draw();
    timer = setTimeout(() => load(next, options, figure._fullLayout), PAUSE);
  }

  async function load(next, options, layout) {
    try {
      const found = await allWords(options, layout);
      key = next;
      candidates = found;
      draw();
    } catch (error) {
      if (error.name !== "AbortError") hsvis.notice(`The words could not be found: ${error.message}`);
    }
  }

  function soon() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(follow);
  }

  document.addEventListener("hsvis:plotted", ({ detail }) => {
    if (["projection", "ep-heatmap", "distances"].includes(detail)) soon();
  });
  for (const event of ["hsvis:look", "hsvis:selected"]) document.addEventListener(event, soon);

  // The text may come after the figures.
  hsvis.whenReady(() => new MutationObserver(soon).observe(document.getElementById("token-strip"), { childList: true }));

  window.hsvis = Object.assign(window.hsvis || {}, {
    words: {
      placed: () => placed,
      isSettled: () => !enabled(hsvis.options.current()) || (key !== "" && key === wanted()),
    },
  });
})();
