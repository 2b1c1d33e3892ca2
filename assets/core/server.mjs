// Questions to the server.
import { tellGone } from "./stores.mjs";

export const SILENT = "The server does not answer. Is it still running?";

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

// Asks the server.  What it no longer keeps is told to the whole page.
export async function ask(path, options) {
  const answer = await fetch(`${prefix()}${path}`, options);
  if (answer.status === 410) tellGone();
  return answer;
}
