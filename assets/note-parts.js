// What notes and saved filters share: elements, requests that write, and who writes.
(() => {
  const KEY = "hsvis-name"; // where nobody has to log in, the name that was typed last
  const SILENT = "The server does not answer. Is it still running?";

  let user = ""; // who is logged in; "" where nobody has to
  let typed = null; // the name, where the browser keeps nothing

  // An element; what is not a property of it is given as an attribute.
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  const button = (text, label, click) =>
    make("button", { type: "button", class: "quiet", "aria-label": label, click }, text);

  // With the edition of its run that the page shows: what is written is of that one.
  function shown(path) {
    const run = decodeURIComponent(path.split(/[/?]/)[1]);
    const edition = hsvis.edition(run);
    return edition ? `${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams({ edition })}` : path;
  }

  // The answer of the server; an error says in words what went wrong.
  async function send(method, path, content) {
    const headers = { "X-Requested-With": "hsvis", ...(content ? { "Content-Type": "application/json" } : {}) };
    let answer;
    try {
      answer = await hsvis.ask(shown(path), { method, headers, body: content && JSON.stringify(content) });
    } catch {
      throw new Error(SILENT);
    }
    if (!answer.ok) throw new Error((await answer.text()).trim() || `The server answered ${answer.status}. Try again.`);
    return answer.json();
  }

  function name() {
    if (typed !== null) return typed;
    try {
      return localStorage.getItem(KEY) ?? "";
    } catch {
      return "";
    }
  }

  function setName(text) {
    typed = text.trim();
    try {
      localStorage.setItem(KEY, typed);
    } catch {
      // storage is switched off: the name lasts as long as the page
    }
  }

  const author = () => user || name();
  // What nobody in particular wrote belongs to everybody.
  const isMine = (one) => !one.author || one.author === author();
  const run = () => hsvis.steps.meta().run;
  const path = (kind, ...more) => `${kind}/${[run(), ...more].map(encodeURIComponent).join("/")}`;

  const AGES = [
    [60, "second", 1],
    [3600, "minute", 60],
    [86_400, "hour", 3600],
    [2_592_000, "day", 86_400],
    [31_536_000, "month", 2_592_000],
    [Infinity, "year", 31_536_000],
  ];
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

  // "5 min. ago"; clocks of server and browser may differ by some seconds.
  function ago(time) {
    const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
    const [, unit, size] = AGES.find(([limit]) => seconds < limit);
    return unit === "second" && seconds < 20 ? "just now" : words.format(-Math.floor(seconds / size), unit);
  }

  window.hsvis = Object.assign(window.hsvis || {}, {
    noteParts: { make, button, send, name, setName, author, isMine, run, path, ago, user: () => user, setUser: (one) => (user = one) },
  });
})();
