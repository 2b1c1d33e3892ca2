// The titles of the views: of another kind of answers some views show something else.
import { byId } from "../../core/dom.mjs";
import { onPlotted } from "../../core/page.mjs";
import { meta } from "../../core/steps.mjs";

const usual = new Map(); // figure -> its title where answers are classes

function show() {
  const { titles = {}, language } = meta();
  byId("page").dataset.answers = language ? "next-token" : "classes";
  for (const title of document.querySelectorAll("[data-title-of]")) {
    const figure = title.dataset.titleOf;
    if (!usual.has(figure)) usual.set(figure, title.textContent);
    const text = titles[figure] ?? usual.get(figure);
    if (title.textContent !== text) title.textContent = text;
  }
}

export function start() {
  onPlotted((view) => view === "projection" && show());
}
