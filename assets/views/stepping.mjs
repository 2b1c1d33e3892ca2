// The way through the steps of the selected sequence by keys, and out of it.
import { bindKeys, onEscape } from "../core/keys.mjs";
import * as steps from "../core/steps.mjs";
import { select } from "../core/stores.mjs";
import * as focus from "../state/focus.mjs";
import * as walk from "../table/walk.mjs";
import * as highlight from "./highlight.mjs";
import * as tooltip from "./tooltip.mjs";

function stepTo(next) {
  const [sequence, count] = [steps.index(), steps.count()];
  if (sequence === null || !count) return;
  const pinned = focus.pinned();
  const at = pinned?.sequence === sequence ? pinned.step : null;
  const step = Math.min(count - 1, Math.max(0, next(at, count)));
  focus.point(null);
  tooltip.hide();
  focus.pin({ sequence, step });
  highlight.reveal();
}

function letGo() {
  walk.forget();
  focus.point(null);
  focus.pin(null);
  tooltip.hide();
  select(null);
  return true;
}

export function start() {
  onEscape(letGo);
  bindKeys({
    ArrowRight: () => stepTo((at) => (at === null ? 0 : at + 1)),
    ArrowLeft: () => stepTo((at, count) => (at === null ? count - 1 : at - 1)),
    Home: () => stepTo(() => 0),
    End: () => stepTo((at, count) => count - 1),
  });
}
