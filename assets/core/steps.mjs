// The steps of the selected sequence, read from the figures that show them: nothing is kept twice.
import { plot, trace } from "./plots.mjs";

// What is shown as a whole: {run, edition, cloud, layer, projection, theme,
// palette, classes, shown, sequence, label, unit, gap, boundary, texts, labels, first, fitted}.  Of independent classes
// one is `shown`, as two classes: without it, and with it.  Of `numbers`, {name, low, high, truth}, the two are the
// low end and the high one.
export const meta = () => plot("projection")?.layout?.meta ?? { sequence: null, classes: [] };

export const index = () => meta().sequence ?? null;

export function count() {
  return index() === null ? 0 : (trace(plot("projection"), "steps")?.x?.length ?? 0);
}

// Of a language model: the most probable next tokens of a step with their probabilities, and what came.
export function expected(step) {
  const [top, came] = ["top", "came"].map((name) => trace(plot("ep-heatmap"), name));
  const [token, rank, probability] = came?.customdata?.[0]?.[step] ?? [];
  return {
    top: (top?.customdata ?? []).map((row) => row[step]).filter(Boolean),
    came: rank ? { token, rank, probability } : null,
  };
}

// What the heatmap has of a step: a value for each class, of one that is shown alone its own, of numbers the number.
function values(step) {
  const traces = plot("ep-heatmap")?._fullData ?? [];
  const { numbers, classes, shown } = meta();
  const begin = shown ?? 0;
  const end = numbers || (shown ?? null) !== null ? begin + 1 : classes.length;
  return traces.slice(begin, end).map((one) => one.z?.[0]?.[step]);
}

// (C,) EPs after a step; empty where the heatmap does not show it (yet), and where the step has none.
export function ep(step) {
  const came = trace(plot("ep-heatmap"), "came");
  if (came) return came.z[0][step] >= 0 ? [1 - came.z[0][step], came.z[0][step]] : [0.5, 0.5];
  const found = values(step);
  if (!found.every(Number.isFinite)) return [];
  const { numbers, shown } = meta();
  const shares = numbers ? found.map((value) => (value - numbers.low) / (numbers.high - numbers.low)) : found;
  return numbers || (shown ?? null) !== null ? shares.flatMap((share) => [1 - share, share]) : shares;
}

// The winning class after a step and its EP.
export function answer(step) {
  const shares = ep(step);
  const winner = shares.indexOf(Math.max(...shares));
  return winner < 0 ? null : { winner, share: shares[winner] };
}

// Why a step has no EP; "" where it has one, and where that is not known (yet).
export function whyNoEp(step) {
  if (trace(plot("ep-heatmap"), "came")) return "";
  const found = values(step);
  return found.length && found.every((one) => one === null || Number.isNaN(one)) ? (meta().gap ?? "") : "";
}

// Distance to the state before, divided by the run's largest; null at step 0.
export function distance(step) {
  return step < 1 ? null : (trace(plot("distances"), "distance")?.y?.[step - 1] ?? null);
}

export function point(step) {
  const steps = trace(plot("projection"), "steps");
  return steps && step < steps.x.length ? [steps.x[step], steps.y[step]] : null;
}

// Whether the projection was fitted to the state after a step; undefined where it was to all states.
export const isFitted = (step) => meta().fitted?.includes(step);

// Which of two texts a step is of, by the name of its column; undefined of one text.
export function side(step) {
  const { boundary, texts } = meta();
  return boundary === null || boundary === undefined ? undefined : texts[step < boundary ? 0 : 1];
}

// The row of a step in the step tables.
export const row = (step) => meta().first + step;

export const element = (step) => document.querySelector(`#token-strip [data-step="${step}"]`);
export const token = (step) => element(step)?.textContent ?? "";
