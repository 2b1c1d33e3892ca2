// What the server has and what it is at: runs, projections, and the jobs that make more of them.
import { control, setControl } from "../core/controls.mjs";
import { prefix, request } from "../core/server.mjs";
import { signal } from "../core/signal.mjs";
import { meta } from "../core/steps.mjs";
import { follow } from "./editions.mjs";

const PAUSE = 1000; // ms between looks at the server, while somebody looks or something is under way
const UNDER_WAY = ["waiting", "running"];

let known = null; // the server's last answer
let ended = new Set(); // ids of the jobs that have ended and that the page has reacted to
let isWatched = () => false;
let timer = 0;
const own = new Set(); // ids of the jobs that this page asked for and has not seen end yet

const answered = signal();
const failed = signal();
const jobEnded = signal();
export const onAnswer = answered.on;
export const onFailure = failed.on; // with the error
export const onOwnEnd = jobEnded.on; // with a job that this page asked for

export const isUnderWay = (job) => UNDER_WAY.includes(job.state);
export const answer = () => known;
const isBusy = () => known?.jobs.some(isUnderWay) ?? false;

// Run and layer of the cloud on the page.
export function shown() {
  const { cloud, edition } = meta();
  const [run, layer] = cloud.split("/");
  return { run, layer, edition };
}

export const isChosen = ({ run, layer }) =>
  control("run-select").value === run && control("layer-select").value === layer;

export async function ask(method, path, content) {
  const answer = await fetch(`${prefix()}builds${path}`, request(method, content));
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

// This page asked for a job: whoever did hears of its end.
export const expect = (job) => own.add(job);

// Somebody looks at the answers while this holds.
export function watchWhile(holds) {
  isWatched = holds;
}

// Asks the server what there is; again in a second, as long as that can matter.  Returns whether it answered.
export async function look() {
  clearTimeout(timer);
  let isAnswered = true;
  try {
    take(await ask("GET", `?${new URLSearchParams(shown())}`));
  } catch (error) {
    isAnswered = false;
    failed.tell(error);
  }
  clearTimeout(timer);
  if (isWatched() || isBusy()) timer = setTimeout(look, PAUSE);
  return isAnswered;
}

function take(answer) {
  known = answer;
  follow(answer.editions); // before a menu offers what is new
  offer("run-select", answer.run_options);
  if (answer.projection_options && isChosen(answer)) offer("projection-select", answer.projection_options);
  const over = answer.jobs.filter((job) => !isUnderWay(job));
  for (const job of over) {
    if (ended.has(job.id) || !own.delete(job.id)) continue;
    jobEnded.tell(job);
  }
  ended = new Set(over.map((job) => job.id));
  answered.tell();
}

// Puts other options into a menu, if they are others.
function offer(menu, options) {
  if (JSON.stringify(control(menu).options) !== JSON.stringify(options)) setControl(menu, { options });
}
