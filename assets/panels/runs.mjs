// The dialog of runs and projections: builds them, computes them, and says on its button what is under way.
import { byId } from "../core/dom.mjs";
import { setControl } from "../core/controls.mjs";
import { notice, whenReady } from "../core/page.mjs";
import { messageOf, pathOf } from "../core/server.mjs";
import { edition } from "../core/stores.mjs";
import { answer, ask, expect, isChosen, isUnderWay, look, onAnswer, onFailure, onOwnEnd, shown, watchWhile } from "../state/jobs.mjs";
import { drawList, nameOf, percent } from "./run-list.mjs";

const dialog = () => byId("runs");

// Does what a button or the form asks for, and shows what came of it.
async function act(action) {
  say("");
  try {
    await action();
  } catch (error) {
    say(messageOf(error));
  }
  await look();
}

const say = (text) => {
  const line = byId("new-projection").querySelector("[role=status]");
  if (line) line.textContent = text;
};

const build = (run) =>
  act(async () => {
    const { job } = await ask("POST", `/${pathOf(run)}`);
    expect(job);
  });

const compute = (run, layer, settings) =>
  act(async () => {
    const path = `/${pathOf(run, layer)}?${new URLSearchParams({ edition: edition(run) })}`;
    const { job, projection } = await ask("POST", path, settings);
    if (job) expect(job);
    else if (isChosen({ run, layer })) {
      setControl("projection-select", { value: projection });
      say("This projection is there already: it is shown now.");
    }
  });

const end = (job) => act(() => ask("DELETE", `/${pathOf(job.id)}`));

// A job that this page asked for has ended: it says so, and shows the projection.
function react(job) {
  const tell = (text) => (dialog().open ? say(text) : notice(text));
  if (job.state === "failed" && !dialog().open) notice(`${nameOf(job)}: ${job.error}`);
  if (job.state !== "done") return;
  if (job.kind === "build") tell(`The run “${job.run}” is built: it can be chosen now.`);
  else if (isChosen(job)) {
    setControl("projection-select", { value: job.projection });
    tell(`${job.label} is shown.`);
  } else tell(`${job.label} of ${job.run}, ${job.layer}, can be chosen now.`);
}

function showOnButton() {
  const { jobs } = answer();
  const job = jobs.find((one) => one.state === "running") ?? jobs.find(isUnderWay);
  const busy = job ? "true" : "false";
  const doing = job && [job.stage || "starting", percent(job)].filter(Boolean).join(" · ");
  const children = job ? `Runs: ${doing}` : "Runs…";
  const title = job ? `${nameOf(job)}: ${children}` : "Build a run, compute a projection";
  setControl("show-runs", { children, title, "data-busy": busy });
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
  const box = byId("new-projection");
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
  form.hidden = !answer().allowed;
  form.querySelector("h3").textContent = `New projection of ${run}, ${layer}`;
  if (answer().largest_perplexity) form.elements.perplexity.max = answer().largest_perplexity;
  if (!answer().allowed) {
    say("Computing projections is switched off here: name them under “projections” in the config and build the run.");
  }
}

function draw() {
  drawList({ build, compute, end });
  drawForm();
}

export function start() {
  watchWhile(() => dialog().open);
  onOwnEnd(react);
  onFailure((error) => dialog().open && say(messageOf(error)));
  onAnswer(() => {
    showOnButton();
    if (dialog().open) draw();
  });
  whenReady(() => {
    byId("show-runs").addEventListener("click", () => {
      dialog().showModal();
      look();
    });
    byId("close-runs").addEventListener("click", () => dialog().close());
    if (byId("show-runs").dataset.busy === "true") look();
  });
}
