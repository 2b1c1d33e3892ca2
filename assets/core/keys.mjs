// The keyboard.  Which key does what is said by those who do it.
const MENUS = ".ag-popup-child, .dash-dropdown-content, .dash-dropdown[data-state=open], .export-menu, .saved-menu";
const TYPING = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], [role=slider]";

const actions = new Map(); // key -> what it does
const closers = []; // what Esc may close, the last one first

export function bindKeys(keys) {
  for (const [key, action] of Object.entries(keys)) actions.set(key, action);
}

// `close` returns whether there was something to close.  Who asks later is asked earlier: it lies above.
export const onEscape = (close) => closers.unshift(close);

function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return; // it closes itself
  if (document.querySelector(MENUS)) return; // an open menu takes its keys, and the first Esc
  if (event.key === "Escape") {
    if (event.target.id === "search") {
      event.preventDefault(); // the browser would empty the field
      event.target.blur();
    } else closers.some((close) => close());
    return;
  }
  const action = actions.get(event.key);
  if (!action || event.target.matches?.(TYPING)) return;
  if (event.target.closest?.("[role=radiogroup], .dash-radioitems") && event.key.startsWith("Arrow")) return;
  event.preventDefault();
  action();
}

export function start() {
  document.addEventListener("keydown", pressed);
}
