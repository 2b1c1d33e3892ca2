// The list of keys, and the way to the search.
import { byId } from "../core/dom.mjs";
import { bindKeys } from "../core/keys.mjs";
import { whenReady } from "../core/page.mjs";

function toggle() {
  const dialog = byId("keys");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

export function start() {
  bindKeys({ "?": toggle, "/": () => byId("search").focus() });
  whenReady(() => {
    byId("show-keys").addEventListener("click", toggle);
    byId("close-keys").addEventListener("click", toggle);
    // Dash puts the caret back to where a letter was typed, after the next ones have come: they would change places
    byId("search").setSelectionRange = () => {};
  });
}
