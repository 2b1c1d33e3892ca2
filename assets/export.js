// Exports: each figure as PNG, SVG or CSV, the table and the sequence as CSV, and a figure for a paper.
// Pictures are drawn anew at the size of a publication, in the theme of the page.
(() => {
  const SCALE = 3; // PNG pixels per pixel of the picture: about 300 per inch
  const SIZES = {
    projection: [900, 900],
    "class-overview": [520, 320],
    "confusion-matrix": [460, 400],
    "ep-heatmap": [900, 240],
    distances: [900, 240],
    confidence: [900, 280],
    "unit-activity": [900, 420],
  };
  const OF_SEQUENCE = ["ep-heatmap", "distances", "confidence", "unit-activity"];

  function save(content, name) {
    const link = document.createElement("a");
    const made = content instanceof Blob;
    link.href = made ? URL.createObjectURL(content) : content;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    if (made) setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  // The beginning of a file's name: run, layer, and the sequence where it is one's.
  function stem(view) {
    const { cloud, sequence } = hsvis.steps.meta();
    const [run, layer] = cloud.split("/");
    const whose = sequence !== null && (OF_SEQUENCE.includes(view) || view === "projection") ? [`sequence-${sequence}`] : [];
    return [run, layer, ...whose, view].join("-").replace(/[^\w.-]+/g, "_");
  }

  const ground = () => getComputedStyle(document.documentElement).getPropertyValue("--surface").trim();
  const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();

  const dataUrl = (blob) =>
    new Promise((done, failed) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result);
      reader.onerror = failed;
      reader.readAsDataURL(blob);
    });

  // A copy of what a figure shows, for Plotly to draw at another size.
  function copy(view) {
    const { data, layout } = hsvis.plot(view);
    const { meta, uirevision, ...rest } = structuredClone({ ...layout, images: [], meta: undefined });
    return {
      data: structuredClone(data),
      layout: { ...rest, paper_bgcolor: ground(), plot_bgcolor: ground(), autosize: false },
    };
  }

  async function figureOf(view, [width, height]) {
    const figure = copy(view);
    Object.assign(figure.layout, { width, height });
    if (view === "projection") await fillProjection(figure, width, height);
    else titleOf(figure, view);
    if (OF_SEQUENCE.includes(view)) showSteps(figure);
    return figure;
  }

  // On the page only the lowest view names its steps.
  function showSteps({ layout }) {
    if (layout.xaxis.showticklabels) return;
    layout.xaxis = { ...layout.xaxis, showticklabels: true, title: { text: "step", standoff: 2 } };
    layout.margin.b = 32;
  }

  function titleOf({ layout }, view) {
    const { sequence } = hsvis.steps.meta();
    const name = document.querySelector(`.${view}-box h3`)?.textContent ?? view;
    const text = OF_SEQUENCE.includes(view) && sequence !== null ? `${name}, sequence ${sequence}` : name;
    layout.title = { text, x: 0.01, xanchor: "left", font: { size: 14, color: ink() } };
    layout.margin = { ...layout.margin, t: (layout.margin?.t ?? 8) + 30 };
  }

  // The cloud at the size of the picture, the words as they stand, the legend beneath.
  async function fillProjection({ data, layout }, width, height) {
    const plot = hsvis.plot("projection");
    const { xaxis, yaxis } = plot._fullLayout;
    const legend = 34;
    const box = [width, height - legend];
    const [x, y] = fitted(xaxis.range, yaxis.range, box);
    const cloud = await hsvis.cloud.picture({ x0: x[0], x1: x[1], y0: y[0], y1: y[1] }, box, SCALE);
    const dimmed = hsvis.steps.index() !== null;
    Object.assign(layout.xaxis, { range: x, autorange: false });
    Object.assign(layout.yaxis, { range: y, autorange: false });
    layout.margin = { l: 0, r: 0, t: 0, b: legend, autoexpand: false };
    const place = { xref: "x", yref: "y", x: x[0], y: y[1], sizex: x[1] - x[0], sizey: y[1] - y[0] };
    const image = { source: await dataUrl(cloud), sizing: "stretch", layer: "below", opacity: dimmed ? 0.3 : 1, ...place };
    layout.images = [image];
    layout.annotations = [...words(), ...legendOf()];
    return data;
  }

  // The visible range, widened to the shape of a picture so that nothing is stretched more than on the page.
  function fitted(xrange, yrange, [width, height]) {
    const { xaxis, yaxis } = hsvis.plot("projection")._fullLayout;
    const wide = (xrange[1] - xrange[0]) / xaxis._length;
    const high = (yrange[1] - yrange[0]) / yaxis._length;
    const zoom = Math.max(xaxis._length / width, yaxis._length / height);
    const around = ([low, high_], span) => [(low + high_ - span) / 2, (low + high_ + span) / 2];
    return [around(xrange, wide * zoom * width), around(yrange, high * zoom * height)];
  }

  const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  function words() {
    const style = getComputedStyle(document.documentElement);
    return hsvis.words.placed().map(({ x, y, text, side, left, width, top, height, at }) => ({
      x,
      y,
      text: escape(text),
      showarrow: false,
      xanchor: side === "after" ? "left" : "right",
      xshift: side === "after" ? left - at[0] : left + width - at[0],
      yshift: at[1] - (top + height / 2),
      bgcolor: `${ground()}b3`, // 70 % opaque
      font: { size: 11.5, weight: 600, color: style.getPropertyValue(side === "after" ? "--word-after" : "--word-before") },
    }));
  }

  function legendOf() {
    const { classes } = hsvis.steps.meta();
    const page = getComputedStyle(document.getElementById("page"));
    const mark = (colour, name) => `<span style="color:${page.getPropertyValue(colour)}">●</span> ${escape(name)}`;
    const answers = [...document.querySelectorAll("#legend .answer")].filter((one) => one.checkVisibility());
    const colours = { right: "--right", unknown: "--class-unknown" };
    const marks = [
      ...answers.map((one) => mark(colours[one.classList[1]] ?? "--wrong", one.textContent)),
      ...classes.map((name, k) => mark(`--class-${k}`, name)),
    ];
    const rings = hsvis.steps.index() === null ? [] : ["○ start (grey) and end (black) of the sequence"];
    const text = [...marks, ...rings].join("     ");
    const at = { xref: "paper", yref: "paper", x: 0.01, y: 0, xanchor: "left", yanchor: "top", yshift: -6 };
    return [{ text, showarrow: false, align: "left", font: { size: 12, color: ink() }, ...at }];
  }

  async function picture(view, format) {
    const size = SIZES[view];
    const figure = await figureOf(view, size);
    const options = { format, width: size[0], height: size[1], scale: format === "png" ? SCALE : 1 };
    return Plotly.toImage(figure, options);
  }

  async function savePicture(view, format) {
    save(await picture(view, format), `${stem(view)}.${format}`);
  }

  // The server's table of a view; of the selected sequence where the view shows one.
  function address(file) {
    const { cloud, edition, sequence } = hsvis.steps.meta();
    const path = cloud.split("/").map(encodeURIComponent).join("/");
    const query = new URLSearchParams(sequence === null ? { edition } : { edition, sequence });
    return `${hsvis.prefix()}export/${path}/${file}?${query}`;
  }

  // The table as it is filtered and sorted; of a large run the server knows the order, and sends it as it is made.
  async function saveTable() {
    const { sequences, query } = await hsvis.rows.listing();
    if (query) {
      query.set("edition", hsvis.steps.meta().edition);
      save(`${address("sequences.csv").split("?")[0]}?${query}`, "");
      return;
    }
    const answer = await fetch(address("sequences.csv"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ sequences }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    save(await answer.blob(), `${hsvis.steps.meta().run}-sequences.csv`);
  }

  // Projection, text, heatmap and distances of the selected sequence in one file that needs nothing else.
  async function savePaperFigure() {
    const { sequence } = hsvis.steps.meta();
    const views = ["projection", "ep-heatmap", "distances"];
    const pictures = [];
    for (const view of views) pictures.push(await picture(view, "svg"));
    const svgs = pictures.map((one) => decodeURIComponent(one.slice(one.indexOf(",") + 1)));
    const page = document.implementation.createHTMLDocument(`hsvis: sequence ${sequence}`);
    const style = page.createElement("style");
    style.textContent = paperStyle();
    page.head.append(style);
    page.head.querySelector("title").before(Object.assign(page.createElement("meta"), { charset: "utf-8" }));
    page.head.querySelector("meta").setAttribute("charset", "utf-8");
    const add = (tag, className, ...children) => {
      const made = page.createElement(tag);
      made.className = className;
      made.append(...children);
      page.body.append(made);
      return made;
    };
    for (const id of ["sequence-info", "token-strip"]) {
      const made = add("div", id);
      const shown = document.getElementById(id);
      made.dir = shown.dir;
      made.style.cssText = shown.style.cssText;
      if (shown.dataset.drawn) made.dataset.drawn = shown.dataset.drawn;
      for (const child of shown.childNodes) made.append(page.importNode(child, true));
      made.querySelectorAll(".focus, .focus-before").forEach((one) => one.classList.remove("focus", "focus-before"));
    }
    svgs.forEach((svg, k) => {
      add("figure", views[k]).innerHTML = svg; // Plotly's own drawing of escaped labels
    });
    const html = `<!DOCTYPE html>\n${page.documentElement.outerHTML}`;
    save(new Blob([html], { type: "text/html" }), `${stem("projection").replace(/projection$/, "figure")}.html`);
  }

  function paperStyle() {
    const page = document.getElementById("page");
    const names = ["--surface", "--ink", "--muted", "--line", "--good", "--good-weak", "--bad", "--bad-weak"];
    const root = getComputedStyle(document.documentElement);
    const values = names.map((name) => `${name}:${root.getPropertyValue(name)}`);
    const rules = [...document.styleSheets]
      .filter((sheet) => /\/assets\/views\//.test(sheet.href))
      .flatMap((sheet) => [...sheet.cssRules])
      .map((rule) => rule.cssText)
      .filter((text) => /^\.(token|unread|verdict|class-name|sequence-info)/.test(text));
    return `:root{${values.join(";")};${page.style.cssText}}
      body{max-width:900px;margin:24px auto;background:var(--surface);color:var(--ink);font:13px/1.45 sans-serif}
      h2{font-size:15px;margin:0} dd{margin:0} dl{margin:0;display:flex;gap:12px} figure{margin:12px 0}
      svg{max-width:100%;height:auto} .token-strip{max-height:none!important;white-space:pre-wrap}
      ${rules.join("\n")}
      .token-strip[data-drawn]{container-type:normal!important}
      .token-strip[data-drawn=columns],.token-strip[data-drawn=lines]{height:90px}`;
  }

  function entries(view) {
    const pictures = [
      ["PNG", () => savePicture(view, "png")],
      ["SVG", () => savePicture(view, "svg")],
    ];
    const selected = hsvis.steps.index() !== null;
    if (view === "sequence-table") {
      const table = [["Table as CSV", saveTable]];
      if (!selected) return table;
      return [
        ...table,
        ["Selected sequence as CSV", () => save(address("sequence.csv"), "")],
        ["Selected sequence as JSON", () => save(address("sequence.json"), "")],
      ];
    }
    const data = [["Data as CSV", () => save(address(`${view}.csv`), "")]];
    const paper = view === "projection" && selected ? [["Figure for a paper (HTML)", savePaperFigure]] : [];
    return [...pictures, ...data, ...paper];
  }

  function closeMenu() {
    document.querySelector(".export-menu")?.remove();
  }

  let opener = null; // the button that the open menu belongs to

  function openMenu(button) {
    closeMenu();
    opener = button;
    const menu = document.createElement("div");
    menu.className = "export-menu";
    menu.setAttribute("role", "menu");
    for (const [text, action] of entries(button.dataset.export)) {
      const entry = document.createElement("button");
      entry.type = "button";
      entry.setAttribute("role", "menuitem");
      entry.textContent = text;
      entry.addEventListener("click", async () => {
        closeMenu();
        button.focus();
        document.body.classList.add("exporting");
        try {
          await action();
        } catch (error) {
          hsvis.notice(`The export failed: ${error.message} Try again; if it fails again, reload the page.`);
        }
        document.body.classList.remove("exporting");
      });
      menu.append(entry);
    }
    document.body.append(menu);
    const { right, bottom } = button.getBoundingClientRect();
    menu.style.left = `${Math.max(4, Math.min(right, innerWidth - 4) - menu.offsetWidth)}px`;
    menu.style.top = `${Math.min(bottom + 2, innerHeight - menu.offsetHeight - 4)}px`;
    menu.firstChild.focus();
  }

  function walkMenu(event) {
    const menu = document.querySelector(".export-menu");
    if (!menu) return;
    const items = [...menu.children];
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      closeMenu();
      opener.focus();
    } else if (by) items.at((items.indexOf(document.activeElement) + by) % items.length).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  document.addEventListener("keydown", walkMenu, true);
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".export-menu, [data-export]")) closeMenu();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-export]");
    if (button) openMenu(button);
  });

  window.hsvis = Object.assign(window.hsvis || {}, { picture });
})();
