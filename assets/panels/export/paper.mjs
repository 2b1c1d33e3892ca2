// A figure for a paper: projection, text, heatmap and distances of the selected sequence in one file.
import { byId } from "../../core/dom.mjs";
import * as steps from "../../core/steps.mjs";
import { save, stem } from "./files.mjs";
import { picture } from "./pictures.mjs";

// Projection, text, heatmap and distances of the selected sequence in one file that needs nothing else.
export async function savePaperFigure() {
  const { sequence } = steps.meta();
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
    const shown = byId(id);
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
  const page = byId("page");
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
