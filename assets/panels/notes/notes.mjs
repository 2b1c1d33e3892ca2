// The panel of notes: what the team wrote about sequences and steps of the run, the newest first.
import { setControl } from "../../core/controls.mjs";
import { byId, make } from "../../core/dom.mjs";
import { bindKeys, onEscape } from "../../core/keys.mjs";
import { onPlotted, whenReady } from "../../core/page.mjs";
import { prefix } from "../../core/server.mjs";
import { subscribe } from "../../core/stores.mjs";
import { selectedSequence } from "../../state/selection.mjs";
import * as rows from "../../table/rows.mjs";
import { onOpening, tellOpening } from "../one-at-a-time.mjs";
import * as form from "./form.mjs";
import { arrived, noteLine } from "./line.mjs";
import * as team from "./team.mjs";

const PAUSE = 20_000; // ms between looks for notes of others, while the panel is open
const TYPING_PAUSE = 250; // ms
const PAGE = 50; // notes

let timer = 0;
let turn = 0;
let known = null; // the server's last answer
let most = PAGE; // notes that are asked for
let filters = null; // {words, author, own}, the fields that narrow the list
let asked = { words: "", author: null, own: false };

const panel = () => byId("notes");
const opener = () => byId("show-notes");
const isOpen = () => Boolean(panel()) && !panel().hidden;
const say = (...parts) => byId("note-status").replaceChildren(...parts);

function query() {
  const found = new URLSearchParams({ limit: isOpen() ? most : 0 });
  if (!isOpen()) return found; // the marks need the counts alone
  if (asked.words) found.set("words", asked.words);
  if (asked.author !== null) found.set("author", asked.author);
  if (asked.own && selectedSequence() !== null) found.set("sequence", selectedSequence());
  return found;
}

// Asks the server what there is; again in a while, as long as somebody looks.
async function look() {
  if (!panel() || !team.run()) return;
  clearTimeout(timer);
  turn += 1;
  const mine = turn;
  try {
    const answer = await team.send("GET", `${team.path("notes")}?${query()}`);
    if (mine !== turn) return;
    known = answer;
    team.setUser(answer.user);
    mark();
    if (isOpen()) draw();
  } catch (error) {
    if (mine !== turn) return;
    if (isOpen()) say(error.message);
  }
  if (isOpen()) timer = setTimeout(look, PAUSE);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(look, TYPING_PAUSE);
}

const number = (count) => `${count.toLocaleString("en")} ${count === 1 ? "note" : "notes"}`;

// How many notes the selected sequence has, beside its facts; how many the run has, on the button.
function mark() {
  const { counts = {}, run } = known ?? {};
  const shown = run === team.run() ? counts : {};
  const all = Object.values(shown).reduce((sum, one) => sum + one, 0);
  setControl("show-notes", { children: all ? `Notes ${all.toLocaleString("en")}` : "Notes" });
  const count = shown[selectedSequence()] ?? 0;
  const button = byId("note-mark");
  button.hidden = !count;
  button.textContent = count ? `✎ ${number(count)}` : "";
}

function draw() {
  if (!known || known.run !== team.run()) return;
  drawFilters();
  form.draw();
  const all = Object.values(known.counts).reduce((sum, one) => sum + one, 0);
  const narrowed = asked.words || asked.author !== null || asked.own;
  const { notes, found } = known;
  say(!all ? "none yet" : narrowed ? `${found.toLocaleString("en")} of ${all.toLocaleString("en")}` : all.toLocaleString("en"));
  const list = byId("note-list");
  const before = new Map([...list.children].map((line) => [line.dataset.key, line]));
  const lines = notes.map((note) => {
    const old = before.get(String(note.id));
    if (old?.querySelector("textarea")) return old; // somebody is at it
    const line = noteLine(note, { maySave: known.save, draw, look });
    return old?.dataset.shape === line.dataset.shape ? aged(old, note) : line;
  });
  if (notes.length < found) {
    const more = team.button("Show more", "Show more notes", () => {
      most += PAGE;
      look();
    });
    lines.push(make("li", { class: "note-more" }, more));
  }
  const focused = document.activeElement?.closest("#note-list li");
  if (lines.length !== list.children.length || lines.some((line, k) => line !== list.children[k])) list.replaceChildren(...lines);
  const again = focused && lines.find((line) => line.dataset.key === focused.dataset.key);
  if (again && !again.contains(document.activeElement)) (again.querySelector(".note-tools button") ?? again.querySelector("button")).focus();
  for (const link of panel().querySelectorAll("[data-file]")) {
    link.href = `${prefix()}${team.path("notes")}.${link.dataset.file}`;
  }
}

function aged(line, { written }) {
  line.querySelector("time").textContent = team.ago(written);
  return line;
}

// The search, the menu of authors, and whether the selected sequence alone is meant.
function drawFilters() {
  if (!filters) {
    const words = make("input", { type: "search", class: "search", placeholder: "Search", "aria-label": "Search the notes", maxlength: 200, input: narrow, keydown: (event) => event.key === "Escape" && (event.preventDefault() || words.blur()) });
    const author = make("select", { "aria-label": "Whose notes", change: narrow });
    const alone = make("input", { type: "checkbox", change: narrow });
    byId("note-filters").replaceChildren(words, author, make("label", {}, alone, "this sequence"));
    filters = { words, author, own: alone };
  }
  const options = [["all", "everybody"], ...known.authors.map((one) => [`by ${one}`, one || "— (no name)"])];
  const names = JSON.stringify(options);
  if (filters.names !== names) {
    const chosen = filters.author.value || "all";
    filters.author.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
    filters.author.value = options.some(([value]) => value === chosen) ? chosen : "all";
    filters.names = names;
  }
  filters.author.hidden = known.authors.length < 2 && filters.author.value === "all";
  filters.own.checked = asked.own;
}

function narrow() {
  const { words, author, own: alone } = filters;
  asked = { words: words.value.trim(), author: author.value === "all" ? null : author.value.slice(3), own: alone.checked };
  most = PAGE;
  soon();
}

function show(open) {
  if (!panel() || open === isOpen()) return;
  if (open) tellOpening("notes");
  else form.rest();
  panel().hidden = !open;
  byId("page").classList.toggle("with-notes", open);
  opener().setAttribute("aria-expanded", String(open));
  look();
  const selected = selectedSequence(); // the table is lower or higher now
  if (selected !== null) requestAnimationFrame(() => requestAnimationFrame(() => rows.reveal(selected)));
}

function open(of = asked.own) {
  asked = { ...asked, own: of };
  if (isOpen()) look();
  else show(true);
}

// By the key: whoever opens it so goes on with the keyboard.
function toggle() {
  show(!isOpen());
  if (isOpen()) form.write();
}

// Whether there was something to close.
function close() {
  const was = isOpen();
  if (was) show(false);
  return was;
}

export function start() {
  subscribe("selection", () => {
    if (!panel()) return;
    mark();
    if (isOpen() && asked.own) soon();
  });
  onPlotted((view) => {
    if (view !== "projection" || !panel()) return;
    if (known && known.run !== team.run()) {
      mark();
      byId("note-list").replaceChildren();
      look();
    }
    arrived();
  });
  form.onSaved(look);
  form.onRenamed(draw);
  onOpening((one) => one !== "notes" && close());
  onEscape(close);
  bindKeys({ m: toggle });
  addEventListener("focus", look);
  whenReady(() => {
    if (!panel()) return;
    opener().addEventListener("click", () => show(!isOpen()));
    byId("note-mark").addEventListener("click", () => open(true));
    byId("close-notes").addEventListener("click", () => {
      close();
      opener().focus();
    });
    look();
  });
}
