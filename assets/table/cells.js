// How the sequence table shows its cells.  A row whose page is on its way has no data yet.
// Not a module: the grid asks for these by name.  Which rows pass the filter is said by table/rows.mjs.
(() => {
  const percent = ({ value }) => (value == null ? "" : `${(100 * value).toFixed(1)}\u00a0%`);

  // Six digits tell values apart; whole numbers, such as years and ids, stand as they are.
  const plainNumber = ({ value }) =>
    value == null ? "" : Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : String(Number(value.toPrecision(6)));

  // A cell, such as 2020-12-31 or 2020-12-31 23:59, beside the day of a filter.
  const compareDays = (day, cell) => {
    const [year, month, date] = cell.slice(0, 10).split("-").map(Number);
    const at = new Date(0, month - 1, date);
    at.setFullYear(year);
    return at - day;
  };

  const rightSteps = ({ value, data }) =>
    value == null ? "no label" : `${Math.round(value * data.known)} of ${data.known}`;

  function ClassName(props) {
    if (!props.data) return null;
    const actual = props.colDef.field === "class";
    const index = actual ? props.data.label : props.data.predicted;
    const colour = index < 0 ? "var(--class-unknown)" : `var(--class-${index})`;
    const name = index < 0 ? "no label" : props.value;
    return React.createElement("span", { className: "class-name", style: { "--class": colour } }, name);
  }

  function Correct(props) {
    if (!props.data) return null;
    const marks = { yes: ["✓", "correct"], no: ["✗", "wrong"] };
    const [mark, look] = marks[props.value] || ["–", "unlabelled"];
    return React.createElement("span", { className: `mark ${look}`, title: props.value || "no label" }, mark);
  }

  // A whole series as a picture: rows of uint8 in base64, the time to the right unless the steps are its rows.
  function paint(canvas, { draw, steps, values, data }) {
    const shares = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const at = (t, k) => shares[t * values + k];
    const scale = devicePixelRatio || 1;
    const context = canvas.getContext("2d");
    if (draw === "lines") {
      [canvas.width, canvas.height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
      context.lineWidth = scale;
      for (let k = 0; k < values; k++) {
        context.beginPath();
        for (let t = 0; t < steps; t++) {
          const y = (1 - (0.05 + (0.9 * at(t, k)) / 255)) * canvas.height;
          if (steps === 1) context.moveTo(0, y);
          context.lineTo(((t + 0.5) / steps) * canvas.width, y);
        }
        context.stroke();
      }
      return;
    }
    const rows = draw === "rows";
    [canvas.width, canvas.height] = rows ? [values, steps] : [steps, values];
    const picture = context.createImageData(canvas.width, canvas.height);
    for (let y = 0; y < canvas.height; y++) {
      for (let x = 0; x < canvas.width; x++) {
        picture.data[4 * (y * canvas.width + x) + 3] = rows ? at(y, x) : at(x, y); // black, more or less opaque
      }
    }
    context.putImageData(picture, 0, 0);
  }

  function Words(props) {
    const picture = props.data?.picture; // none while the row is on its way
    if (!picture) return props.value ?? "";
    const draw = (canvas) => canvas && paint(canvas, picture);
    return React.createElement("canvas", { ref: draw, className: `picture ${picture.draw}`, "aria-label": props.value });
  }

  window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions || {}, { percent, rightSteps, plainNumber, compareDays });
  window.dashAgGridComponentFunctions = Object.assign(window.dashAgGridComponentFunctions || {}, {
    ClassName,
    Correct,
    Words,
  });
})();
