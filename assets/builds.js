// The dialog of runs and projections: what there is, what is being built, and what else can be computed.
(() => {
  const PAUSE = 1000; // ms between looks at the server, while the dialog is open or something is under way
  const UNDER_WAY = ["waiting", "running"];

  let timer = 0;
  let known = null; // the server's last answer
  let ended = new Set(); // ids of the jobs that have ended and that the page has reacted to
  const own = new Map(); // id -> what this page asked for and has not seen end yet

  const dialog = () => document.getElementById("runs");
  const control = (id) => dash_component_api.getLayout(id).props;
  const isBusy = () => known?.jobs.some(isUnderWay) ?? false;
  const isUnderWay = (job) => UNDER_WAY.includes(job.state);
  const nameOf = (job) => (job.kind === "build" ? job.run : job.label);

  // Run and layer of the cloud on the page.
  function shown() {
    const { cloud, edition } = hsvis.steps.meta();
    const [run, layer] = cloud.split("/");
    return { run, layer, edition };
  }

  const isChosen = ({ run, layer }) =>
    control("run-select").value === run && control("layer-select").value === layer;

  // An element; what is not a property of it is given as an attribute.
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  const button = (text, label, click) =>
    make("button", { type: "button", class: "button", "aria-label": label, click }, text);

  async function ask(method, path, content) {
    const answer = await fetch(`${hsvis.prefix()}builds${path}`, {
      method,
      headers: { "X-Requested-With": "hsvis", ...(content ? { "Content-Type": "application/json" } : {}) },
      body: content && JSON.stringify(content),
    });
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return answer.json();
  }

  const pathOf = (...parts) => `/${parts.map(encodeURIComponent).join("/")}`;

  // Does what a button or the form asks for, and shows what came of it.
  async function act(action) {
    say("");
    try {
      await action();
    } catch (error) {
      say(error instanceof TypeError ? "The server does not answer. Is it still running?" : error.message);
    }
    await look();
  }

  const say = (text) => {
    const line = document.getElementById("new-projection").querySelector("[role=status]");
    if (line) line.textContent = text;
  };

  const build = (run) =>
    act(async () => {
      const { job } = await ask("POST", pathOf(run));
      own.set(job, {});
    });

  const compute = (run, layer, settings) =>
    act(async () => {
      const path = `${pathOf(run, layer)}?${new URLSearchParams({ edition: hsvis.edition(run) })}`;
      const { job, projection } = await ask("POST", path, settings);
      if (job) own.set(job, { run, layer });
      else if (isChosen({ run, layer })) {
        dash_clientside.set_props("projection-select", { value: projection });
        say("This projection is there already: it is shown now.");
      }
    });

  const end = (job) => act(() => ask("DELETE", pathOf(job.id)));

  function open(run) {
    dialog().close();
    dash_clientside.set_props("run-select", { value: run });
  }

  // Asks the server what there is; again in a second, as long as that can matter.  Returns whether it answered.
  async function look() {
    clearTimeout(timer);
    let answered = true;
    try {
      const asked = new URLSearchParams(shown());
      const answer = await ask("GET", `?${asked}`);
      take(answer);
    } catch (error) {
      answered = false;
      if (dialog().open) say(error instanceof TypeError ? "The server does not answer. Is it still running?" : error.message);
    }
    clearTimeout(timer);
    if (dialog().open || isBusy()) timer = setTimeout(look, PAUSE);
    return answered;
  }

  function take(answer) {
    const first = known === null;
    known = answer;
    hsvis.follow(answer.editions); // before a menu offers what is new
    offer("run-select", answer.run_options);
    if (answer.projection_options && isChosen(answer)) offer("projection-select", answer.projection_options);
    const over = answer.jobs.filter((job) => !isUnderWay(job));
    for (const job of over) if (!ended.has(job.id) && (!first || own.has(job.id))) react(job);
    ended = new Set(over.map((job) => job.id));
    showOnButton();
    if (dialog().open) draw();
  }

  // Puts other options into a menu, if they are others.
  function offer(menu, options) {
    if (JSON.stringify(control(menu).options) !== JSON.stringify(options)) {
      dash_clientside.set_props(menu, { options });
    }
  }

  // A job has ended: whoever asked for it hears of it, and sees the projection.
  function react(job) {
    const mine = own.get(job.id);
    own.delete(job.id);
    if (mine === undefined) return;
    const tell = (text) => (dialog().open ? say(text) : hsvis.notice(text));
    if (job.state === "failed" && !dialog().open) hsvis.notice(`${nameOf(job)}: ${job.error}`);
    if (job.state !== "done") return;
    if (job.kind === "build") tell(`The run “${job.run}” is built: it can be chosen now.`);
    else if (isChosen(job)) {
      dash_clientside.set_props("projection-select", { value: job.projection });
      tell(`${job.label} is shown.`);
    } else tell(`${job.label} of ${job.run}, ${job.layer}, can be chosen now.`);
  }

  const share = (job) => (job.total > 1 ? Math.min(1, job.done / job.total) : null);
  const percent = (job) => (share(job) === null ? "" : `${Math.floor(100 * share(job))} %`);

  function showOnButton() {
    const job = known.jobs.find((one) => one.state === "running") ?? known.jobs.find(isUnderWay);
    const busy = job ? "true" : "false";
    const doing = job && [job.stage || "starting", percent(job)].filter(Boolean).join(" · ");
    const children = job ? `Runs: ${doing}` : "Runs…";
    const title = job ? `${nameOf(job)}: ${children}` : "Build a run, compute a projection";
    dash_clientside.set_props("show-runs", { children, title, "data-busy": busy });
  }

  // One line of the list: what it is, how it is with it, what can be done.
  function entry(key, title, words, job, error, buttons) {
    const waits = job && isUnderWay(job);
    const bar = job?.state === "running" ? make("progress", { max: 1, "aria-label": `Progress: ${title}` }) : null;
    const shape = JSON.stringify([job?.state, words, error, buttons.map((one) => one.getAttribute("aria-label"))]);
    return make(
      "li",
      { "data-key": key, "data-shape": shape, "data-state": job?.state ?? "" },
      make("span", { class: "run-name" }, title),
      make("span", { class: "run-state" }, words),
      make("span", { class: "run-actions" }, ...buttons),
      bar,
      waits ? make("span", { class: "run-progress" }) : null,
      error ? make("p", { class: "run-error", role: "alert" }, error) : null,
    );
  }

  function runEntry(run) {
    const job = known.jobs.findLast((one) => one.kind === "build" && one.run === run.name);
    const title = run.name;
    const isShown = hsvis.steps.meta().run === run.name;
    const isOld = isShown && hsvis.rebuilt.isOld();
    const opening = isOld ? hsvis.rebuilt.open : () => open(run.name);
    const openIt = !run.built || (isShown && !isOld) ? null : button(isOld ? "Show the new one" : "Open", `Open ${title}`, opening);
    const state = isOld ? "the build before is shown" : isShown ? "shown" : "built";
    if (run.built && (!run.note || !known.allowed)) {
      const line = entry(`run ${title}`, title, state, null, "", openIt ? [openIt] : []);
      if (run.note) line.append(make("p", { class: "run-how" }, `${run.note} On the command line: ${run.command}`));
      return [line, null];
    }
    if (run.error) return [entry(`run ${title}`, title, "can't be read", null, run.error, []), null];
    if (!known.allowed) {
      const how = `Building is switched off here. On the command line: ${run.command}`;
      const line = entry(`run ${title}`, title, "not built", null, "", []);
      line.append(make("p", { class: "run-how" }, how));
      return [line, null];
    }
    const words = run.built ? state : "not built";
    const [line, running] = work(`run ${title}`, title, job, words, ["Build", `Build ${title}`], () => build(run.name));
    if (openIt) line.querySelector(".run-actions").prepend(openIt);
    if (run.note) line.append(make("p", { class: "run-how" }, run.note));
    return [line, running];
  }

  function projectionEntry(job) {
    const title = `${job.label} · ${job.run}, ${job.layer}`;
    const again = () => compute(job.run, job.layer, job.settings);
    const [line, running] = work(`job ${job.id}`, title, job, "", ["Try again", `Try again: ${title}`], again);
    if (!isUnderWay(job)) {
      line.querySelector(".run-actions").append(button("Clear", `Clear ${title} from the list`, () => end(job)));
    }
    return [line, running];
  }

  // A line of something that can be under way; returns it with the job whose progress it shows.
  function work(key, title, job, words, [text, label], begin) {
    if (job && isUnderWay(job)) {
      const cancel = button("Cancel", `Cancel ${title}`, () => end(job));
      return [entry(key, title, job.state === "waiting" ? "in line" : "", job, "", [cancel]), job];
    }
    if (job?.state === "done") {
      const canShow = isChosen(job) && control("projection-select").value !== job.projection;
      const show = button("Show", `Show ${title}`, () => {
        dialog().close();
        dash_clientside.set_props("projection-select", { value: job.projection });
      });
      return [entry(key, title, "done", job, "", canShow ? [show] : []), null];
    }
    if (job?.state === "failed") {
      const buttons = [button("Try again", `Try again: ${title}`, begin)];
      return [entry(key, title, "failed", job, job.error, buttons), null];
    }
    const state = job?.state === "cancelled" ? "cancelled; what is whole is kept" : words;
    return [entry(key, title, state, job, "", [button(text, label, begin)]), null];
  }

  function draw() {
    const projections = known.jobs.filter((job) => job.kind === "projection");
    const lines = [...known.runs.map(runEntry), ...projections.map(projectionEntry)];
    const list = document.getElementById("run-list");
    const before = new Map([...list.children].map((line) => [line.dataset.key, line]));
    const kept = lines.map(([line, job]) => {
      const old = before.get(line.dataset.key);
      const stays = old?.dataset.shape === line.dataset.shape ? old : line;
      if (job) showProgress(stays, job);
      return [stays, old];
    });
    const focused = kept.find(([, old]) => old?.contains(document.activeElement))?.[0];
    const wanted = kept.map(([line]) => line);
    if (wanted.length !== list.children.length || wanted.some((line, k) => line !== list.children[k])) {
      list.replaceChildren(...wanted);
    }
    // the button that was pressed is gone: the keyboard goes on with what took its place
    if (focused && !dialog().contains(document.activeElement.closest("button, input, select"))) {
      (focused.querySelector("button") ?? document.getElementById("close-runs")).focus();
    }
    drawForm();
  }

  function showProgress(line, job) {
    const bar = line.querySelector("progress");
    if (share(job) === null) bar?.removeAttribute("value");
    else if (bar) bar.value = share(job);
    const seconds = job.state === "running" ? `${Math.round(job.seconds)} s` : "";
    const stage = job.stage || (job.state === "running" ? "starting" : "waits for the work before it");
    line.querySelector(".run-progress").textContent = [stage, percent(job), job.note, seconds].filter(Boolean).join(" · ");
  }

  const FIELDS = `
    <form>
      <h3></h3>
      <label>Method <select name="method"><option value="tsne">t-SNE</option><option value="pca">PCA</option></select></label>
      <label>Perplexity <input name="perplexity" type="number" min="1" step="any" value="30" required></label>
      <label>Seed <input name="seed" type="number" min="0" max="4294967295" step="1" value="1" required></label>
      <button class="button" type="submit">Compute</button>
    </form>
    <p role="status"></p>`;

  // The form of a new projection, made once, so that it keeps what was typed.
  function drawForm() {
    const box = document.getElementById("new-projection");
    if (!box.firstElementChild) {
      box.innerHTML = FIELDS;
      const form = box.querySelector("form");
      const { method, perplexity } = form.elements;
      method.addEventListener("change", () => {
        perplexity.disabled = method.value === "pca";
      });
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const given = { method: method.value, seed: form.elements.seed.valueAsNumber };
        if (method.value === "tsne") given.perplexity = perplexity.valueAsNumber;
        const { run, layer } = shown();
        compute(run, layer, given);
      });
    }
    const { run, layer } = shown();
    const form = box.querySelector("form");
    form.hidden = !known.allowed;
    form.querySelector("h3").textContent = `New projection of ${run}, ${layer}`;
    if (known.largest_perplexity) form.elements.perplexity.max = known.largest_perplexity;
    if (!known.allowed) {
      say("Computing projections is switched off here: name them under “projections” in the config and build the run.");
    }
  }

  hsvis.whenReady(() => {
    document.getElementById("show-runs").addEventListener("click", () => {
      dialog().showModal();
      look();
    });
    document.getElementById("close-runs").addEventListener("click", () => dialog().close());
    if (document.getElementById("show-runs").dataset.busy === "true") look();
  });

  window.hsvis = Object.assign(window.hsvis || {}, { lookAtRuns: look });
})();
