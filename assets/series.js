// Numbers in place of words: how the steps of a series are drawn, in the strip and in the table.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const ink = (share) => `color-mix(in srgb, var(--ink) ${Math.round((100 * share) / 255)}%, var(--paper))`;

  // Cells side by side, as one background: an element for each value would be too many.
  function image(cells, direction) {
    const made = document.createElement("span");
    made.className = "cells";
    const end = (k) => `${((100 * k) / cells.length).toFixed(3)}%`;
    const stops = cells.map((share, k) => `${ink(share)} ${end(k)} ${end(k + 1)}`);
    made.style.background = `linear-gradient(${direction}, ${stops.join(", ")})`;
    return made;
  }

  // A piece of each line, from the step before to this one.
  function lines(cells, before) {
    const made = document.createElementNS(SVG, "svg");
    made.setAttribute("class", "cells");
    made.setAttribute("viewBox", "0 -8 1 271");
    made.setAttribute("preserveAspectRatio", "none");
    cells.forEach((share, k) => {
      const line = document.createElementNS(SVG, "line");
      const ends = { x1: 0, y1: 255 - (before ?? cells)[k], x2: 1, y2: 255 - share };
      for (const [name, value] of Object.entries(ends)) line.setAttribute(name, value);
      line.setAttribute("class", `line-${k % 8}`);
      made.append(line);
    });
    return made;
  }

  // One step; `before`: the values of the step before, for lines.
  function step([kind, label, colour, cells], at, before) {
    const made = document.createElement("span");
    made.className = "token step";
    made.dataset.step = at;
    made.title = label;
    made.style.setProperty("--ep", colour);
    const name = Object.assign(document.createElement("span"), { className: "label", textContent: label });
    const drawn = kind === "lines" ? lines(cells, before) : image(cells, kind === "rows" ? "to right" : "to bottom");
    made.append(name, drawn);
    return made;
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

  window.hsvis = Object.assign(window.hsvis || {}, { series: { step } });
  window.dashAgGridComponentFunctions = Object.assign(window.dashAgGridComponentFunctions || {}, { Words });
})();
