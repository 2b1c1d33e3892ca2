// Dash's questions to the server.  Dash sends each once, by `fetch`, and shows nothing where it is refused: while the
// server is busy they are sent again here, as `ask` does with all others.
import { notice } from "./page.mjs";
import { persist } from "./server.mjs";

const ROUTE = "_dash-update-component";
const STILL_BUSY = "The server is still busy, and what was chosen last may not be shown. Choose it again later.";

const latest = new Map(); // outputs of a callback -> the last question for them: of one before, nobody waits

// Dash adds what it signs to the address.
const isCallback = (address) => new URL(address.url ?? address, location.href).pathname.endsWith(`/${ROUTE}`);

async function askCallback(send, address, options) {
  const { output } = JSON.parse(options.body);
  latest.get(output)?.abort();
  const mine = new AbortController();
  latest.set(output, mine);
  let answer = null;
  try {
    await persist(async () => (answer = await send(address, options)), mine.signal);
  } catch (error) {
    if (answer === null || error.name !== "AbortError") throw error; // else Dash drops it, whatever it says
  }
  if (answer.status === 503 && latest.get(output) === mine) notice(STILL_BUSY);
  return answer;
}

export function start() {
  const send = window.fetch.bind(window);
  window.fetch = (address, options) =>
    isCallback(address) ? askCallback(send, address, options) : send(address, options);
}
