// The display options: gathered from their controls into one store, and remembered from visit to visit.
import { setControl } from "../core/controls.mjs";
import { isRead } from "../core/permalink.mjs";
import { recall, remember } from "../core/remembered.mjs";
import { get, subscribe } from "../core/stores.mjs";

const KEY = "hsvis-options";

// {id of an option: value}
export const current = () => get("options") ?? {};
export const defaults = () => get("defaults");

// Values that differ from the defaults.
export const changed = () =>
  Object.fromEntries(
    Object.entries(current()).filter(([id, value]) => JSON.stringify(value) !== JSON.stringify(defaults()[id])),
  );

// Dash's callback that gathers the store: one argument a control, in the order of the table of options.
export function options(...values) {
  const inputs = dash_clientside.callback_context.inputs_list.flat();
  return Object.fromEntries(inputs.map(({ id }, k) => [id, values[k]]));
}

// Those of the last visit.
export function remembered() {
  try {
    return JSON.parse(recall(KEY)) ?? {};
  } catch {
    return {};
  }
}

// Sets the controls: to what is given, and to the defaults for the rest.
export function set(given) {
  const before = current();
  for (const [id, value] of Object.entries(defaults())) {
    const wanted = id in given ? given[id] : value;
    if (JSON.stringify(wanted) !== JSON.stringify(before[id])) setControl(id, { value: wanted });
  }
}

export function start() {
  subscribe("options", () => isRead() && remember(KEY, JSON.stringify(changed())));
}
