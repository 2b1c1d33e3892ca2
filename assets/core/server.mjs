// Questions to the server.
import { notice } from "./page.mjs";
import { tellGone } from "./stores.mjs";

export const SILENT = "The server does not answer. Is it still running?";
const TRIES = 8; // while the server says that it is busy
const LONGEST = 16; // seconds between two

// What went wrong with a question, in words.
export const messageOf = (error) => (error instanceof TypeError ? SILENT : error.message);

// The path under which the app is served, "/" or "/hsvis/".
export const prefix = () => JSON.parse(document.getElementById("_dash-config").textContent).requests_pathname_prefix;

// Names as parts of a path.
export const pathOf = (...names) => names.map(encodeURIComponent).join("/");

// run/layer/projection, as `meta().cloud` has them.
export const cloudPath = (cloud) => pathOf(...cloud.split("/"));

// What `fetch` needs for a request that changes something, or carries JSON.
export const request = (method, content) => ({
  method,
  headers: { "X-Requested-With": "hsvis", ...(content ? { "Content-Type": "application/json" } : {}) },
  body: content && JSON.stringify(content),
});

const rest = (seconds, signal) =>
  new Promise((done, fail) => {
    signal?.throwIfAborted();
    const timer = setTimeout(done, 1000 * seconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), fail(signal.reason)));
  });

// Sends a question.  While the server is busy it is sent again, at the times that the server names, then at longer
// ones, until it is answered or given up.
export async function persist(send, signal) {
  for (let tries = 1; ; tries++) {
    const answer = await send();
    const after = answer.status === 503 ? Number(answer.headers.get("Retry-After")) : 0;
    if (!after || tries === TRIES) return answer;
    const pause = Math.min(LONGEST, after * 2 ** (tries - 1));
    notice(`The server is busy. It is asked again in ${pause} s.`);
    await rest(pause, signal);
  }
}

// Asks the server.  What it no longer keeps is told to the whole page.
export async function ask(path, options) {
  const answer = await persist(() => fetch(`${prefix()}${path}`, options), options?.signal);
  if (answer.status === 410) tellGone();
  return answer;
}
