// Dash's stores: the one place where scripts write them.  They are read where they are needed, by `get`, and kept
// nowhere else; `subscribe` tells of a change.  Most are gathered by Dash's own callbacks (state/), which answer to
// controls and to the messages that are written here: `pick` and `filter-change`.
import { control, setControl } from "./controls.mjs";
import { signal } from "./signal.mjs";
import { meta } from "./steps.mjs";

const changes = new Map(); // store -> signal

const write = (store, data) => dash_clientside.set_props(store, { data });

// What a store holds; undefined until something was written, and before the page is there.
export const get = (store) => dash_component_api.getLayout(store)?.props.data;

// Calls back with the new content after each change of a store.
export function subscribe(store, listener) {
  if (!changes.has(store)) changes.set(store, signal());
  changes.get(store).on(listener);
}

// Dash calls it when a store was written, by whomever.
export function stored(data) {
  const [{ id }] = dash_clientside.callback_context.inputs_list;
  changes.get(id)?.tell(data);
}

// Asks for a sequence of the run on the page, null for none.  `keep`: it stays selected if it is already, where a
// click would let go of it.
export function select(sequence, { step, keep } = {}) {
  const { run, edition } = sequence === null ? { run: null } : meta();
  write("pick", { run, edition, sequence, step, keep, at: Date.now() });
}

// Sets parts of the filter; null removes one, `all` puts it in place of the whole.  The words are in their field.
export function setFilter({ search, ...parts }) {
  const words = parts.all ? (search ?? "") : search;
  if (words !== undefined) setControl("search", { value: words ?? "" });
  write("filter-change", { ...parts, at: Date.now() });
}

export const setFocus = (focus) => write("focus", focus);

export const setSystemTheme = (theme) => write("system-theme", theme);

export const setTypeScale = (scale) => write("type-scale", scale);

const held = (run) => get("editions")[run];

// An edition with the independent class of it that is shown, as the server reads it; the first goes without saying.
export const ofClass = (edition, shown) => (edition && Number(shown) ? `${edition}~${Number(shown)}` : edition);

// The edition without it.
export const ofRun = (edition) => edition?.split("~")[0];

// The edition of a run that the page is answered from.
export const edition = (run) => (control("run-select").value === run ? ofClass(held(run), control("class-select").value) : held(run));

// Which edition of each run that is from now on.  The run that is chosen stays as it is.
export function setEditions(newest) {
  const chosen = control("run-select").value;
  const editions = held(chosen) ? { ...newest, [chosen]: held(chosen) } : newest;
  if (JSON.stringify(editions) !== JSON.stringify(get("editions"))) write("editions", editions);
}

// The server no longer keeps the edition on the page.
export const tellGone = () => write("gone", { text: "", at: Date.now() / 1000 });
