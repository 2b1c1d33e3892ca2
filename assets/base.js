// What all scripts of the page share: when it is ready, where the server is, when a figure was drawn.
// Dash loads scripts in the order of their names; this one has to be the first.
(() => {
  const waiting = [];
  let ready = false;

  // The path under which the app is served, "/" or "/hsvis/".
  const prefix = () =>
    JSON.parse(document.getElementById("_dash-config").textContent).requests_pathname_prefix;

  // Calls back once all figures have been drawn for the first time.
  function whenReady(action) {
    if (ready) action();
    else waiting.push(action);
  }

  const drawn = (id) => {
    const figure = document.querySelector(`#${id} .js-plotly-plot`);
    return figure?.on && figure._fullLayout?.xaxis ? figure : null;
  };

  const timer = setInterval(() => {
    const names = [...document.querySelectorAll("[data-frame]")].map((frame) => frame.dataset.frame);
    const figures = names.map(drawn);
    if (!figures.length || figures.includes(null)) return;
    clearInterval(timer);
    ready = true;
    figures.forEach((figure, k) => {
      const tell = () => document.dispatchEvent(new CustomEvent("hsvis:plotted", { detail: names[k] }));
      figure.on("plotly_afterplot", tell);
      figure.on("plotly_relayouting", tell);
    });
    for (const action of waiting.splice(0)) action();
  }, 30);

  function notice(text) {
    dash_clientside.set_props("notice", { children: text });
    clearTimeout(notice.timer);
    notice.timer = setTimeout(() => dash_clientside.set_props("notice", { children: "" }), 8000);
  }

  // Asks the server.  What it no longer keeps is told to the whole page: assets/rebuilt.js says what to do.
  async function ask(path, options) {
    const answer = await fetch(`${prefix()}${path}`, options);
    if (answer.status === 410) document.dispatchEvent(new CustomEvent("hsvis:gone"));
    return answer;
  }

  window.hsvis = Object.assign(window.hsvis || {}, { ask, prefix, whenReady, notice });
})();
