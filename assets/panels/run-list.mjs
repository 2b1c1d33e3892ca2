// The list in the dialog of runs: one line a run or a job, what it is, how it is with it, what can be done.
import { byId, make, makeButton } from "../core/dom.mjs";
import { control, setControl } from "../core/controls.mjs";
import { meta } from "../core/steps.mjs";
import { isOld } from "../state/editions.mjs";
import { answer, isChosen, isUnderWay } from "../state/jobs.mjs";
import { openNewest } from "./rebuilt.mjs";

const dialog = () => byId("runs");
const button = (text, label, click) => makeButton("button", text, label, click);

export const nameOf = (job) => (job.kind === "build" ? job.run : job.label);

const share = (job) => (job.total > 1 ? Math.min(1, job.done / job.total) : null);
export const percent = (job) => (share(job) === null ? "" : `${Math.floor(100 * share(job))} %`);

function open(run) {
  dialog().close();
  setControl("run-select", { value: run });
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

function runEntry(run, acts) {
  const job = answer().jobs.findLast((one) => one.kind === "build" && one.run === run.name);
  const title = run.name;
  const isShown = meta().run === run.name;
  const isPast = isShown && isOld();
  const opening = isPast ? openNewest : () => open(run.name);
  const openIt = !run.built || (isShown && !isPast) ? null : button(isPast ? "Show the new one" : "Open", `Open ${title}`, opening);
  const missing = run.note ? "not shown" : "not built"; // a note says why what is there is not shown
  const state = isPast ? "the build before is shown" : isShown ? "shown" : "built";
  if (run.built && (!run.note || !answer().allowed)) {
    const line = entry(`run ${title}`, title, state, null, "", openIt ? [openIt] : []);
    if (run.note) line.append(make("p", { class: "run-how" }, `${run.note} On the command line: ${run.command}`));
    return [line, null];
  }
  if (run.error) return [entry(`run ${title}`, title, "can't be read", null, run.error, []), null];
  if (!answer().allowed) {
    const how = `Building is switched off here. On the command line: ${run.command}`;
    const line = entry(`run ${title}`, title, missing, null, "", []);
    if (run.note) line.append(make("p", { class: "run-how" }, run.note));
    line.append(make("p", { class: "run-how" }, how));
    return [line, null];
  }
  const words = run.built ? state : missing;
  const [line, running] = work(`run ${title}`, title, job, words, ["Build", `Build ${title}`], () => acts.build(run.name), acts.end);
  if (openIt) line.querySelector(".run-actions").prepend(openIt);
  if (run.note) line.append(make("p", { class: "run-how" }, run.note));
  return [line, running];
}

function projectionEntry(job, acts) {
  const title = `${job.label} · ${job.run}, ${job.layer}`;
  const again = () => acts.compute(job.run, job.layer, job.settings);
  const [line, running] = work(`job ${job.id}`, title, job, "", ["Try again", `Try again: ${title}`], again, acts.end);
  if (!isUnderWay(job)) {
    line.querySelector(".run-actions").append(button("Clear", `Clear ${title} from the list`, () => acts.end(job)));
  }
  return [line, running];
}

// A line of something that can be under way; returns it with the job whose progress it shows.
function work(key, title, job, words, [text, label], begin, end) {
  if (job && isUnderWay(job)) {
    const cancel = button("Cancel", `Cancel ${title}`, () => end(job));
    return [entry(key, title, job.state === "waiting" ? "in line" : "", job, "", [cancel]), job];
  }
  if (job?.state === "done") {
    const canShow = isChosen(job) && control("projection-select").value !== job.projection;
    const show = button("Show", `Show ${title}`, () => {
      dialog().close();
      setControl("projection-select", { value: job.projection });
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

// `acts`: {build(run), compute(run, layer, settings), end(job)}, what the buttons do.
export function drawList(acts) {
  const known = answer();
  const projections = known.jobs.filter((job) => job.kind === "projection");
  const lines = [...known.runs.map((run) => runEntry(run, acts)), ...projections.map((job) => projectionEntry(job, acts))];
  const list = byId("run-list");
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
    (focused.querySelector("button") ?? byId("close-runs")).focus();
  }
}

function showProgress(line, job) {
  const bar = line.querySelector("progress");
  if (share(job) === null) bar?.removeAttribute("value");
  else if (bar) bar.value = share(job);
  const seconds = job.state === "running" ? `${Math.round(job.seconds)} s` : "";
  const stage = job.stage || (job.state === "running" ? "starting" : "waits for the work before it");
  line.querySelector(".run-progress").textContent = [stage, percent(job), job.note, seconds].filter(Boolean).join(" · ");
}
