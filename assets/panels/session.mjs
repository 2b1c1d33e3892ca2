// Who is logged in: the way out, and the way back in once the server does not know this browser any more.
import { byId, make } from "../core/dom.mjs";
import { prefix } from "../core/server.mjs";

const here = () => `${location.pathname}${location.search}`;
const logIn = () => `${prefix()}login?next=${encodeURIComponent(here())}`;

// Stays until somebody acts on it: whatever is on the page can still be read.
function tellEnded() {
  if (byId("session-ended")) return;
  const link = make("a", { href: logIn() }, "Log in again");
  link.addEventListener("pointerdown", () => (link.href = logIn())); // the address may have changed since
  const parts = ["You are not logged in any more. ", link, " to go on from here."];
  document.body.append(make("div", { id: "session-ended", class: "session-ended", role: "alert" }, ...parts));
}

export function start() {
  const send = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const answer = await send(...request);
    if (answer.status === 401 && new URL(answer.url).origin === location.origin) tellEnded();
    return answer;
  };
  document.addEventListener("click", async (event) => {
    if (event.target.id !== "log-out") return;
    const answer = await send(`${prefix()}logout`, { method: "POST", redirect: "manual" });
    if (answer.status === 503) window.alert(await answer.text()); // it may not last: who logs out has to know
    location.assign(logIn());
  });
}
