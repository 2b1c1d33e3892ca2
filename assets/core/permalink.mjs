// The page's whole state in its address: copy it, open it elsewhere, see the same; back and forward work.
// What the address holds is said by panels/address.mjs; here is when it is read and when it is written.
const PAUSE = 250; // ms of rest before the address is written

let page = null; // {query, apply, isSettled, steps}
let read = false; // the address that the page was opened with has been taken in
let applying = false; // an address
let again = false; // once more, with the address as it is by then
let timer = 0;

export const isRead = () => read;

// What the page shows, as the query of an address.
export const query = () => page.query();

const own = () => new URLSearchParams(location.search);

// A change of the page is a step that the browser's "back" undoes, unless it only completes the address.
export function write(completes = false) {
  clearTimeout(timer);
  if (!read || applying || !page.isSettled()) return;
  const next = query();
  const before = own();
  if (next.toString() === before.toString()) return;
  const step = page.steps.some((name) => next.get(name) !== before.get(name));
  const address = `${location.pathname}?${next}`;
  if (step && !completes) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

export function soon() {
  clearTimeout(timer);
  timer = setTimeout(write, PAUSE);
}

// One address at a time; of those that come meanwhile, the last.
async function follow(remembered = null) {
  again = true;
  if (applying) return;
  applying = true;
  while (again) {
    again = false;
    await page.apply(own(), remembered);
  }
  applying = false;
  read = true;
  write(true);
}

// Shows what the page shows, but for some entries of its address: as if that address were opened.
export function go(changes) {
  write();
  const next = query();
  next.delete("view"); // the range of another projection
  for (const [name, value] of Object.entries(changes)) next.set(name, value);
  history.pushState(null, "", `${location.pathname}?${next}`);
  follow();
}

// Shows the same in another edition: `query` is what the page shows there.
export function reopen(query) {
  history.replaceState(null, "", `${location.pathname}?${query}`);
  location.reload();
}

// query() says what the page shows, apply(query, remembered) shows it, isSettled() whether a choice is on its way;
// a change of one of `steps` makes a step back.
export function use(given) {
  page = given;
}

// Takes in the address that the page was opened with.  One that says anything says everything; a bare one leaves
// what was remembered of the last visit.
export async function open(remembered) {
  await follow(location.search.length > 1 ? null : remembered);
}

export function start() {
  addEventListener("popstate", () => follow());
}
