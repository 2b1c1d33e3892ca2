// Elements, made in one line.  Children are nodes or text, never markup.
const SVG = "http://www.w3.org/2000/svg";

const ORDINARY_TYPE = 13; // CSS pixels, of the body of an ordinary window

// By how much the page's type is larger: figures, which the server makes, are in the same scale.
export const typeScale = () => Math.round((100 * parseFloat(getComputedStyle(document.body).fontSize)) / ORDINARY_TYPE) / 100;

export const byId = (id) => document.getElementById(id);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// An element; a function among the attributes listens to the event of that name, null and false are left out.
export const make = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);

export const makeSvg = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

export const makeButton = (look, text, label, click) =>
  make("button", { type: "button", class: look, "aria-label": label, click }, text);
