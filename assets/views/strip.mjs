// The token strip: the selected sequence as text, or step by step.  All of it is set as text, never as markup.
import { byId } from "../core/dom.mjs";
import { subscribe } from "../core/stores.mjs";
import * as focus from "../state/focus.mjs";
import * as highlight from "./highlight.mjs";
import * as series from "./series.mjs";

const DRAWN = ["rows", "columns", "lines"]; // kinds of a step of numbers
const TITLES = { unknown: "not in the vocabulary" };

function part([kind, text, more, actual], step) {
  if (kind === "gap") return document.createTextNode(text);
  const made = document.createElement("span");
  made.textContent = text;
  if (kind === "unread" || kind === "boundary") {
    made.className = kind;
    made.title = more;
    return made;
  }
  made.className = kind === "unknown" ? "token unknown" : "token";
  made.dataset.step = step;
  if (TITLES[kind]) made.title = TITLES[kind];
  series.colourStep(made, more);
  return actual === undefined ? made : marked(made, actual);
}

// A step whose answer is not its class.
function marked(made, actual) {
  made.classList.add("mistake");
  made.title = [made.title, `actual class ${actual}`].filter(Boolean).join(" · ");
  return made;
}

function showTokens(parts) {
  const strip = byId("token-strip");
  const drawn = DRAWN.find((kind) => kind === parts?.[0]?.[0]) ?? "text";
  strip.dataset.drawn = drawn;
  strip.style.setProperty("--steps", parts?.length ?? 0);
  strip.style.setProperty("--values", parts?.[0]?.[3]?.length ?? 0);
  let step = 0;
  const made =
    drawn === "text"
      ? (parts ?? []).map((one) => part(one, one[0] === "token" || one[0] === "unknown" ? step++ : null))
      : parts.map((one, at) => {
          const step = series.step(one, at, parts[at - 1]?.[3]);
          return one[4] === undefined ? step : marked(step, one[4]);
        });
  strip.replaceChildren(...made);
  readFromStart(strip);
  highlight.draw();
}

// A long text that was cut off before its first step would hide what the model read.
function readFromStart(strip) {
  requestAnimationFrame(() => {
    const first = strip.querySelector("[data-step]");
    if (!first) return;
    const above = first.getBoundingClientRect().top - strip.getBoundingClientRect().top + strip.scrollTop;
    strip.scrollTop = above - 1.5 * first.getBoundingClientRect().height;
    if (focus.pinned()) highlight.reveal(); // a step was chosen before this frame, or by the address
  });
}

export function start() {
  subscribe("tokens", showTokens);
}
