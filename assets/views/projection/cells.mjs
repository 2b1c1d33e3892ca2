// What is in the cells of a cloud that is drawn by cells: read from the file of its pick grid.
import { meta } from "../../core/steps.mjs";
import { className, percent } from "../tooltip.mjs";

const FACTS = 4; // numbers a cell: states, class of the largest mean EP, that EP, share of errors
const PARTS = 10_000;

// {columns, lines, x0, x1, y0, y1, numbers}, and what follows them in the file; the header is that of the answer.
export function read(header, numbers) {
  if (!header) throw new Error("The answer does not say which cells it has: its header X-Cells is missing.");
  const [columns, lines, x0, x1, y0, y1] = header.split(",").map(Number);
  const size = FACTS * columns * lines;
  return [{ columns, lines, x0, x1, y0, y1, numbers: numbers.subarray(0, size) }, numbers.subarray(size)];
}

// The cell at a place of the projection: {states, winner, share, errors}; null outside and where it is empty.
export function at(cells, x, y) {
  const { columns, lines, x0, x1, y0, y1, numbers } = cells;
  const column = Math.floor(((x - x0) / (x1 - x0)) * columns);
  const line = Math.floor(((y1 - y) / (y1 - y0)) * lines);
  if (!(column >= 0 && column < columns && line >= 0 && line < lines)) return null;
  const one = line * columns + column;
  const [states, winner, share, errors] = Array.from({ length: FACTS }, (_, k) => numbers[k * columns * lines + one]);
  if (!states) return null;
  return { states, winner, share: share / PARTS, errors: errors ? (errors - 1) / PARTS : null };
}

// In words: the parts of a line.
export function describe({ states, winner, share, errors }) {
  const counted = `${states.toLocaleString("en")} state${states === 1 ? "" : "s"} · `;
  const answer = winner < meta().classes.length ? ["mean EP ", ...className(winner, share)] : ["no expected predictions"];
  const parts = [counted, ...answer];
  const wrong = meta().unit === "step" ? "misclassified" : "in misclassified sequences";
  if (errors !== null) parts.push(` · ${percent(errors)} ${wrong}`);
  return parts;
}
