// The tooltip: one for all views that show steps, in one layout.  Everything in it is text, never markup.
(() => {
  const GAP = 14; // CSS pixels between pointer and tooltip
  const DWELL = 90; // ms on a state before its word is asked for
  const words = new Map(); // address of a state -> what the server said of it
  let box = null;
  let timer = 0;

  function percent(share) {
    if (share > 0 && share < 0.01) return "< 1 %";
    if (share > 0.99 && share < 1) return "> 99 %";
    return `${(100 * share).toFixed(0)} %`;
  }

  function part(name, ...children) {
    const made = document.createElement(name === "words" ? "strong" : "div");
    made.className = `tip-${name}`;
    if (name === "words") made.dir = "auto";
    made.append(...children);
    return made;
  }

  function className(k, share) {
    const { classes } = hsvis.steps.meta();
    const made = document.createElement("span");
    made.className = "class-name";
    made.style.setProperty("--class", k < 0 ? "var(--class-unknown)" : `var(--class-${k})`);
    made.textContent = k < 0 ? "no label" : classes[k];
    return share === undefined ? [made] : [made, ` ${percent(share)}`];
  }

  const line = (label, ...children) => {
    const name = document.createElement("span");
    name.className = "tip-label";
    name.textContent = label;
    return part("line", name, ...children);
  };

  function answerLine(label, answer) {
    return answer ? [line(label, ...className(answer.winner, answer.share))] : [];
  }

  function content(focus) {
    const { steps } = hsvis;
    const { sequence, step } = focus;
    const own = sequence === steps.index();
    const found = own ? null : words.get(address(focus.row));
    const word = own ? steps.token(step) : (found?.token ?? "…");
    const label = own ? steps.meta().label : (hsvis.rows.facts(sequence)?.label ?? found?.label);
    const lines = [];
    const cut = (text) => (text.length > 160 ? `${text.slice(0, 160)}…` : text);
    if (focus.from) {
      lines.push(part("words", cut(steps.token(step - 1)), " → ", cut(word)));
      lines.push(part("where", `sequence ${sequence} · step ${step - 1} → ${step}`));
      lines.push(line("distance", (steps.distance(step) ?? 0).toFixed(2)));
      lines.push(...answerLine("from", steps.answer(step - 1)), ...answerLine("to", steps.answer(step)));
    } else {
      lines.push(part("words", cut(word)));
      lines.push(part("where", `sequence ${sequence} · step ${step}`));
      const answer = own ? steps.answer(step) : found && { winner: found.predicted, share: found.confidence };
      lines.push(...answerLine("classified", answer));
    }
    if (label !== undefined) lines.push(line("class", ...className(label)));
    if (focus.detail) lines.push(line(focus.detail[0], ...[focus.detail[1]].flat()));
    return lines;
  }

  function make() {
    box = document.createElement("div");
    box.id = "tooltip";
    box.hidden = true;
    box.setAttribute("role", "tooltip");
    document.getElementById("page").append(box); // where the colours of the classes are
  }

  function move({ clientX, clientY }) {
    const { offsetWidth: width, offsetHeight: height } = box;
    const right = clientX + GAP + width <= innerWidth - 4;
    const left = right ? clientX + GAP : Math.max(4, clientX - GAP - width);
    const top = Math.min(Math.max(4, clientY + GAP), innerHeight - height - 4);
    box.style.transform = `translate(${left}px, ${top}px)`;
  }

  function show(focus, event) {
    if (!box) make();
    box.replaceChildren(...content(focus));
    box.hidden = false;
    move(event);
    clearTimeout(timer);
    const key = address(focus.row);
    if (focus.row !== undefined && focus.sequence !== hsvis.steps.index() && !words.has(key)) {
      timer = setTimeout(() => ask(key, focus, event), DWELL);
    }
  }

  // A row is another state in another edition of the run.
  function address(row) {
    const { run, edition } = hsvis.steps.meta();
    return `state/${encodeURIComponent(run)}/${row}?${new URLSearchParams({ edition })}`;
  }

  // The word of a state that is not of the selected sequence: the only thing that the page does not hold.
  async function ask(key, focus, event) {
    try {
      const answer = await hsvis.ask(key);
      if (!answer.ok) return;
      if (words.size > 5000) words.clear();
      words.set(key, await answer.json());
    } catch {
      return; // the server is away: the tooltip stays without the word
    }
    if (!box.hidden && hsvis.focus.shown()?.row === focus.row) show(focus, event);
  }

  // A tooltip of lines made by `line`, for views that show no steps.
  function say(title, lines, event) {
    if (!box) make();
    box.replaceChildren(part("words", title), ...lines);
    box.hidden = false;
    move(event);
  }

  function hide() {
    clearTimeout(timer);
    if (box) box.hidden = true;
  }

  window.hsvis = Object.assign(window.hsvis || {}, { tooltip: { show, say, hide, line, className, percent } });
})();
