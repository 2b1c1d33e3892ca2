// The menu of saved filters: apply one, save the one that acts, delete one's own.
import { byId, make } from "../../core/dom.mjs";
import { notice, whenReady } from "../../core/page.mjs";
import * as permalink from "../../core/permalink.mjs";
import { meta } from "../../core/steps.mjs";
import * as filter from "../../state/filter.mjs";
import * as team from "./team.mjs";

let menu = null; // the open one
let known = []; // the saved filters of the run

const opener = () => byId("saved-filters");
const maySave = () => opener().dataset.save === "true";

function close() {
  menu?.remove();
  menu = null;
  opener().setAttribute("aria-expanded", "false");
}

function place() {
  const { left, bottom } = opener().getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(left, innerWidth - menu.offsetWidth - 4))}px`;
  menu.style.top = `${Math.min(bottom + 2, innerHeight - menu.offsetHeight - 4)}px`;
}

async function open() {
  menu = make("div", { class: "saved-menu", role: "dialog", "aria-label": "Saved filters", tabindex: -1 }, "…");
  document.body.append(menu);
  opener().setAttribute("aria-expanded", "true");
  place();
  const mine = menu;
  try {
    const answer = await team.send("GET", team.path("saved-filters"));
    if (mine !== menu) return; // closed meanwhile
    team.setUser(answer.user);
    known = answer.filters;
    draw();
  } catch (error) {
    if (mine === menu) menu.replaceChildren(make("p", { role: "alert", class: "note-error" }, error.message));
  }
  (menu.querySelector("button, input") ?? menu).focus();
}

function draw(problem = "") {
  const list = make("ul", {}, ...known.map(line));
  const none = known.length ? null : make("p", { class: "saved-none" }, "No filter of this run is saved yet.");
  const error = make("p", { class: "note-error", role: "alert" }, problem);
  menu.replaceChildren(...[list, none, maySave() ? form(error) : null, error].filter(Boolean));
  place();
}

function line(saved) {
  const words = filter.describe(filter.sensible(saved.filter)).join(", ") || "can't be applied to this build of the run";
  const by = saved.author ? ` · ${saved.author}` : "";
  const choose = make("button", { type: "button", class: "saved-filter", click: () => apply(saved) }, make("bdi", {}, saved.name), make("small", { dir: "auto" }, words + by));
  const remove = () => act(() => team.send("DELETE", team.path("saved-filters"), { name: saved.name, author: team.author() }));
  const cross = make("button", { type: "button", class: "quiet", title: "Delete this filter for everyone", "aria-label": `Delete the filter ${saved.name} for everyone`, click: () => (cross.classList.contains("bad") ? remove() : makeSure()) }, "×");
  const makeSure = () => {
    cross.classList.add("bad");
    cross.textContent = "Delete?";
    cross.setAttribute("aria-label", `Really delete the filter ${saved.name} for everyone?`);
  };
  return make("li", {}, choose, maySave() && team.isMine(saved) ? cross : null);
}

// Does something, and shows what there is then.
async function act(action) {
  let problem = "";
  try {
    await action();
  } catch (error) {
    problem = error.message;
  }
  try {
    known = (await team.send("GET", team.path("saved-filters"))).filters;
  } catch (error) {
    problem ||= error.message;
  }
  if (!menu) return;
  draw(problem);
  (menu.querySelector("button, input:enabled") ?? menu).focus();
}

function form(error) {
  const isEmpty = Object.keys(filter.current()).length === 0;
  const name = make("input", { type: "text", maxlength: 80, required: true, disabled: isEmpty, autocomplete: "off", "aria-label": "Save this filter as", placeholder: isEmpty ? "No filter acts: choose one first" : "Save this filter as…" });
  const button = make("button", { type: "submit", class: "button", disabled: isEmpty }, "Save");
  name.addEventListener("input", () => {
    button.textContent = known.some((one) => one.name === name.value.trim()) ? "Replace" : "Save";
  });
  const submit = (event) => {
    event.preventDefault();
    save(name.value, error);
  };
  return make("form", { submit }, name, button);
}

async function save(name, error) {
  const [, layer, projection] = meta().cloud.split("/");
  try {
    const { name: kept } = await team.send("POST", team.path("saved-filters"), { name, filter: filter.current(), layer, projection, author: team.author() });
    close();
    opener().focus();
    notice(`The filter is saved as “${kept}”.`);
  } catch (failed) {
    error.textContent = `Not saved. ${failed.message}`;
  }
}

// Regions belong to a projection, which is shown first.
function apply({ name, filter: saved, layer, projection }) {
  close();
  opener().focus();
  const sensible = filter.sensible(saved);
  const gone = Object.keys(saved).filter((part) => !Object.hasOwn(sensible, part));
  const isElsewhere = sensible.regions && meta().cloud !== [team.run(), layer, projection].join("/");
  if (isElsewhere) permalink.go({ layer, projection, filter: JSON.stringify(sensible) });
  else filter.replace(sensible);
  if (gone.length) notice(`Of the filter “${name}” this build of the run has no ${gone.join(", ")} (any more). The rest is applied.`);
}

// Esc closes the menu and nothing else.
function pressed(event) {
  if (!menu || event.key !== "Escape") return;
  close();
  opener().focus();
  event.preventDefault();
}

export function start() {
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("pointerdown", ({ target }) => {
    if (menu && !target.closest(".saved-menu, #saved-filters")) close();
  });
  whenReady(() => opener()?.addEventListener("click", () => (menu ? close() : open())));
}
