// The steps of the selected sequence, read from the figures that show them: nothing is kept twice.
import { plot, trace } from "./plots.mjs";

// What is shown as a whole: {run, edition, cloud, layer, projection, theme,
// palette, classes, sequence, label, unit, gap, boundary, texts, labels, first, fitted}.
export const meta = () => plot("projection")?.layout?.meta ?? { sequence: null, classes: [] };

export const index = () => meta().sequence ?? null;

export function count() {
  return index() === null ? 0 : (trace(plot("projection"), "steps")?.x?.length ?? 0);
}

const rows = () => (plot("ep-heatmap")?._fullData ?? []).slice(0, meta().classes.length);

// (C,) EPs after a step; empty where the heatmap does not show it (yet), and where the step has none.
export function ep(step) {
  const shares = rows().map((one) => one.z?.[0]?.[step]);
  return shares.every(Number.isFinite) ? shares : [];
}

// The winning class after a step and its EP.
export function answer(step) {
  const shares = ep(step);
  const winner = shares.indexOf(Math.max(...shares));
  return winner < 0 ? null : { winner, share: shares[winner] };
}

// Why a step has no EP; "" where it has one, and where that is not known (yet).
export function whyNoEp(step) {
  const shares = rows().map((one) => one.z?.[0]?.[step]);
  return shares.length && shares.every((share) => share === null || Number.isNaN(share)) ? (meta().gap ?? "") : "";
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
