// When the page is ready, when a figure was drawn, and the line about what just happened.
import { setControl } from "./controls.mjs";
import { plot } from "./plots.mjs";
import { signal } from "./signal.mjs";

const LOOK = 30; // ms between looks for the figures
const STANDS = 8000; // ms that a notice is to be seen

const waiting = [];
let isReady = false;
let noticeTimer = 0;

// Calls back once all figures have been drawn for the first time.
export function whenReady(action) {
  if (isReady) action();
  else waiting.push(action);
}

// Each time that a figure is drawn, zoomed or resized: its name.
const plotted = signal();
export const onPlotted = plotted.on;

export function notice(text) {
  setControl("notice", { children: text });
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => setControl("notice", { children: "" }), STANDS);
}

function drawn(name) {
  const figure = plot(name);
  return figure?.on && figure._fullLayout?.xaxis ? figure : null;
}

function look(timer) {
  const names = [...document.querySelectorAll("[data-frame]")].map((frame) => frame.dataset.frame);
  const figures = names.map(drawn);
  if (!figures.length || figures.includes(null)) return;
  clearInterval(timer);
  isReady = true;
  figures.forEach((figure, k) => {
    const tell = () => plotted.tell(names[k]);
    figure.on("plotly_afterplot", tell);
    figure.on("plotly_relayouting", tell);
  });
  for (const action of waiting.splice(0)) action();
}

export function start() {
  const timer = setInterval(() => look(timer), LOOK);
}
