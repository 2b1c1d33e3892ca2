// The steps of the selected sequence, read from the figures that show them: nothing is kept twice.
import { plot, trace } from "./plots.mjs";

// What is shown as a whole: {run, edition, cloud, layer, projection, theme,
// palette, classes, shown, sequence, label, unit, labels, first, fitted}.  Of independent classes one is `shown`, as
// two classes: without it, and with it.  Of `numbers`, {name, low, high, truth}, the two are the low end and the high one.
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

// (C,) EPs after a step; empty where the heatmap does not show it (yet).
export function ep(step) {
  const came = trace(plot("ep-heatmap"), "came");
  if (came) return came.z[0][step] >= 0 ? [1 - came.z[0][step], came.z[0][step]] : [0.5, 0.5];
  const traces = plot("ep-heatmap")?._fullData ?? [];
  const { numbers } = meta();
  if (numbers) {
    const value = traces[0]?.z?.[0]?.[step];
    const share = (value - numbers.low) / (numbers.high - numbers.low);
    return value === undefined ? [] : [1 - share, share];
  }
  const shown = meta().shown ?? null;
  const rows = shown === null ? traces.slice(0, meta().classes.length) : traces.slice(shown, shown + 1);
  const shares = rows.map((one) => one.z?.[0]?.[step]);
  if (shares.some((share) => share === undefined)) return [];
  return shown === null ? shares : shares.flatMap((share) => [1 - share, share]);
}

// The winning class after a step and its EP.
export function answer(step) {
  const shares = ep(step);
  const winner = shares.indexOf(Math.max(...shares));
  return winner < 0 ? null : { winner, share: shares[winner] };
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

// The row of a step in the step tables.
export const row = (step) => meta().first + step;

export const element = (step) => document.querySelector(`#token-strip [data-step="${step}"]`);
export const token = (step) => element(step)?.textContent ?? "";
