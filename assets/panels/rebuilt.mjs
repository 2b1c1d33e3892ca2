// Says that the run on the page was built again, and opens the new one; looks from time to time whether there is
// anything new.
import { byId } from "../core/dom.mjs";
import { control } from "../core/controls.mjs";
import { onPlotted, whenReady } from "../core/page.mjs";
import * as permalink from "../core/permalink.mjs";
import { ask } from "../core/server.mjs";
import { meta } from "../core/steps.mjs";
import { subscribe } from "../core/stores.mjs";
import { isGone, isOld, newestOf, onEditions } from "../state/editions.mjs";
import * as filter from "../state/filter.mjs";
import * as jobs from "../state/jobs.mjs";

const PAUSE = 15_000; // ms between looks at the server, while the page is in sight

let news = null; // the server's word for all that can be new; another one: there is something
let later = null; // the edition whose notice was put away
let timer = 0;

// The time of a moment, and the day if it is not today.
function clock(seconds) {
  const moment = new Date(1000 * seconds);
  const time = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (moment.toDateString() === new Date().toDateString()) return `at ${time}`;
  return `on ${moment.toLocaleDateString([], { day: "numeric", month: "short" })} at ${time}`;
}

// The notice stands as long as the page shows an older edition.
function show() {
  const { run } = meta();
  const now = newestOf(run);
  const isHidden = !isOld() || (!isGone() && later === now.edition);
  byId("rebuilt").hidden = isHidden;
  if (isHidden) return;
  const when = now ? `“${run}” was rebuilt ${clock(now.since)}.` : `“${run}” was rebuilt.`;
  const what = isGone() ? "What this page shows of it is no longer kept." : "This page shows the one before.";
  const text = `${when} ${what}`;
  if (byId("rebuilt-text").textContent !== text) byId("rebuilt-text").textContent = text;
  byId("hide-rebuilt").hidden = isGone();
}

// Opens the new edition in the same view; places in the old cloud are none in the new one.
export async function openNewest() {
  const query = permalink.query();
  const { run, layer, projection } = Object.fromEntries(query);
  const label = control("projection-select").options.find(({ value }) => value === projection)?.label;
  const answer = await ask(`builds?${new URLSearchParams({ run, layer })}`).catch(() => null);
  const there = answer?.ok ? ((await answer.json()).projection_options ?? []) : [];
  const same = there.find((one) => one.value === projection) ?? there.find((one) => one.label === label) ?? there[0];
  if (same) query.set("projection", same.value);
  else query.delete("projection");
  query.delete("view");
  const { regions, ...kept } = filter.current();
  if (Object.keys(kept).length) query.set("filter", JSON.stringify(kept));
  else query.delete("filter");
  permalink.reopen(query);
}

// Whether anything is new; a small question, asked while somebody can see the page.
async function look() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await ask("news");
    const now = answer.ok ? (await answer.json()).news : news;
    if (now !== news && (await jobs.look())) news = now;
  } catch {
    // the server is away: what needs it says so
  }
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE);
}

export function start() {
  onEditions(show);
  whenReady(() => {
    byId("show-rebuilt").addEventListener("click", openNewest);
    byId("hide-rebuilt").addEventListener("click", () => {
      later = newestOf(meta().run)?.edition ?? null;
      show();
    });
    document.addEventListener("visibilitychange", look);
    subscribe("gone", (told) => told && look());
    onPlotted((view) => view === "projection" && show());
    timer = setTimeout(look, PAUSE);
  });
}
