// The menus of exports: each figure as PNG, SVG or CSV, the table and the sequence as CSV, and a figure for a paper.
import { make } from "../../core/dom.mjs";
import { notice } from "../../core/page.mjs";
import * as steps from "../../core/steps.mjs";
import { save, saveTable, saveTableOf, stem } from "./files.mjs";
import { savePaperFigure } from "./paper.mjs";
import { picture } from "./pictures.mjs";

let opener = null; // the button that the open menu belongs to

async function savePicture(view, format) {
  save(await picture(view, format), `${stem(view)}.${format}`);
}

function entries(view) {
  if (view === "groups") return [["Groups of all columns as CSV", () => saveTableOf("groups.csv")]];
  const pictures = [
    ["PNG", () => savePicture(view, "png")],
    ["SVG", () => savePicture(view, "svg")],
  ];
  const selected = steps.index() !== null;
  if (view === "sequence-table") {
    const table = [["Table as CSV", saveTable]];
    if (!selected) return table;
    return [
      ...table,
      ["Selected sequence as CSV", () => saveTableOf("sequence.csv")],
      ["Selected sequence as JSON", () => saveTableOf("sequence.json")],
    ];
  }
  const data = [["Data as CSV", () => saveTableOf(`${view}.csv`)]];
  const paper = view === "projection" && selected ? [["Figure for a paper (HTML)", savePaperFigure]] : [];
  return [...pictures, ...data, ...paper];
}

function closeMenu() {
  document.querySelector(".export-menu")?.remove();
}

async function run(action, button) {
  closeMenu();
  button.focus();
  document.body.classList.add("exporting");
  try {
    await action();
  } catch (error) {
    notice(`The export failed: ${error.message} Try again; if it fails again, reload the page.`);
  }
  document.body.classList.remove("exporting");
}

function openMenu(button) {
  closeMenu();
  opener = button;
  const items = entries(button.dataset.export).map(([text, action]) =>
    make("button", { type: "button", role: "menuitem", click: () => run(action, button) }, text),
  );
  const menu = make("div", { class: "export-menu", role: "menu" }, ...items);
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

export function start() {
  document.addEventListener("keydown", walkMenu, true);
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".export-menu, [data-export]")) closeMenu();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-export]");
    if (button) openMenu(button);
  });
}
