// The numbers in the cells of the confusion matrix: in a type that fits, and none where a cell is too small.
const LEAST_CELL = 14; // CSS pixels
const LEAST_TYPE = 7.5;
const LARGEST_TYPE = 12;
const AROUND = 4; // CSS pixels of a cell that a number leaves free

let pen = null;

// As wide as the type is high, of a text in the figures' type.
function widthOf(text, family) {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `100px ${family}`;
  return pen.measureText(text).width / 100;
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

const WAYS = {
  counts: [([, , count]) => count.toLocaleString("en"), ([, , count]) => compact.format(count).toLowerCase()],
  shares: [([, , , share]) => (share < 0.005 ? "<1%" : `${Math.round(100 * share)}%`)],
};

// What the cells say, for Plotly.restyle: `cells` are their customdata, [actual, predicted, count, share];
// `kind` is counts or shares; width and height are those of a cell.
export function numbers(cells, kind, [width, height], { family, scale = 1 }) {
  const room = height - AROUND / 2;
  for (const say of Math.min(width, height) < LEAST_CELL - 0.5 ? [] : WAYS[kind]) {
    const text = cells.map((row) => row.map((cell) => (cell[2] ? say(cell) : "")));
    const widest = Math.max(0.01, ...[...new Set(text.flat())].map((one) => widthOf(one, family)));
    const size = Math.floor(2 * Math.min(LARGEST_TYPE * scale, (width - AROUND) / widest, room)) / 2;
    if (size >= LEAST_TYPE) return { text: [text], texttemplate: "%{text}", "textfont.size": size };
  }
  return { texttemplate: "" };
}

// Those of a matrix that is drawn with these margins at this size.
export function ofFigure({ data: [trace], layout }, kind, [width, height]) {
  const { l, r, t, b } = layout.margin;
  const [rows, columns] = [trace.customdata.length, trace.customdata[0].length];
  const { family, size } = layout.font;
  return numbers(trace.customdata, kind, [(width - l - r) / columns, (height - t - b) / rows], { family, scale: size / 11 });
}
