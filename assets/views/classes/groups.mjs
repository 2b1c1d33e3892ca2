// The groups of a column of the dataset: a click keeps a group's sequences, of categories any number; a second click
// lets them go.
import { byId } from "../../core/dom.mjs";
import { whenReady } from "../../core/page.mjs";
import { subscribe } from "../../core/stores.mjs";
import * as filter from "../../state/filter.mjs";

const testOf = (button) => JSON.parse(button.dataset.test);
const asked = (name) => filter.current().columns?.[name];

function isKept(button) {
  const [test, now] = [testOf(button), asked(button.dataset.column)];
  if (!now) return false;
  if (test.among) return now.among?.includes(test.among[0]) ?? false;
  return now.from === test.from && now.to === test.to;
}

// What is asked of a column after a click on one of its groups; null for nothing.
function after(button) {
  const [test, now] = [testOf(button), asked(button.dataset.column)];
  if (!test.among) return isKept(button) ? null : test;
  const others = (now?.among ?? []).filter((one) => one !== test.among[0]);
  const among = isKept(button) ? others : [...others, ...test.among];
  return among.length ? { among } : null;
}

function show() {
  for (const button of byId("groups").querySelectorAll("button")) button.setAttribute("aria-pressed", String(isKept(button)));
}

export function start() {
  subscribe("filter", show);
  whenReady(() => {
    const groups = byId("groups");
    groups.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button) filter.set(filter.withColumn(button.dataset.column, after(button)));
    });
    new MutationObserver(show).observe(groups, { childList: true });
  });
}
