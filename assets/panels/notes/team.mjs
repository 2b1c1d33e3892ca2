// What notes and saved filters share: requests that write, who writes, and how a field behaves.
import { makeButton } from "../../core/dom.mjs";
import { recall, remember } from "../../core/remembered.mjs";
import { SILENT, ask, pathOf, request } from "../../core/server.mjs";
import { meta } from "../../core/steps.mjs";
import { edition } from "../../core/stores.mjs";

const KEY = "hsvis-name"; // where nobody has to log in, the name that was typed last

let user = ""; // who is logged in; "" where nobody has to
let typed = null; // the name, where the browser keeps nothing

export const button = (text, label, click) => makeButton("quiet", text, label, click);

// With the edition of its run that the page shows: what is written is of that one.
function ofEdition(path) {
  const run = decodeURIComponent(path.split(/[/?]/)[1]);
  const shown = edition(run);
  return shown ? `${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams({ edition: shown })}` : path;
}

// The answer of the server; an error says in words what went wrong.
export async function send(method, path, content) {
  let answer;
  try {
    answer = await ask(ofEdition(path), request(method, content));
  } catch {
    throw new Error(SILENT);
  }
  if (!answer.ok) throw new Error((await answer.text()).trim() || `The server answered ${answer.status}. Try again.`);
  return answer.json();
}

// The name of whoever writes, where nobody has to log in: what was typed last.
export const name = () => typed ?? recall(KEY) ?? "";

export function setName(text) {
  typed = text.trim();
  remember(KEY, typed);
}

// Who is logged in, as the server says.
export const loggedIn = () => user;

export function setUser(name) {
  user = name;
}

export const author = () => user || name();
// What nobody in particular wrote belongs to everybody.
export const isMine = (one) => !one.author || one.author === author();
export const run = () => meta().run;
export const path = (kind, ...more) => `${kind}/${pathOf(run(), ...more)}`;

const AGES = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86_400, "hour", 3600],
  [2_592_000, "day", 86_400],
  [31_536_000, "month", 2_592_000],
  [Infinity, "year", 31_536_000],
];

let words = null; // of ages

// "5 min. ago"; clocks of server and browser may differ by some seconds.
export function ago(time) {
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  const [, unit, size] = AGES.find(([limit]) => seconds < limit);
  words ??= new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
  return unit === "second" && seconds < 20 ? "just now" : words.format(-Math.floor(seconds / size), unit);
}

// Ctrl+Enter saves, Esc leaves the field and keeps what is in it.
export const keys = (action) => (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) action();
  else if (event.key === "Escape") event.target.blur();
  else return;
  event.preventDefault();
};

// Grows with the text, up to what the style sheet allows.
export function fit(text) {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}
