// Keeps the page up with its server: which runs there are, and whether the one on the page was built anew.
//
// A page is answered from the edition of a run that it shows, until whoever looks at it asks for the new one: the
// row of a state means another state there.  Of all other runs it takes the newest when they are chosen.
(() => {
  const PAUSE = 15000; // ms between looks at the server, while the page is in sight

  let news = null; // the server's word for all that can be new; another one: there is something
  let newest = {}; // run -> {edition, since}
  let gone = null; // the edition that the server no longer keeps, though the page shows it
  let later = null; // the edition whose notice was put away
  let timer = 0;

  const control = (id) => dash_component_api.getLayout(id).props;
  const element = (id) => document.getElementById(id);

  // The edition of a run that the page is answered from.
  const edition = (run) => control("editions").data[run];

  // What the server has by now.  The run that is chosen stays as it is.
  function follow(editions) {
    newest = editions;
    const chosen = control("run-select").value;
    const data = Object.fromEntries(Object.entries(editions).map(([run, one]) => [run, one.edition]));
    if (edition(chosen)) data[chosen] = edition(chosen);
    if (JSON.stringify(data) !== JSON.stringify(control("editions").data)) dash_clientside.set_props("editions", { data });
    show();
  }

  // The time of a moment, and the day if it is not today.
  function clock(seconds) {
    const moment = new Date(1000 * seconds);
    const time = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    if (moment.toDateString() === new Date().toDateString()) return `at ${time}`;
    return `on ${moment.toLocaleDateString([], { day: "numeric", month: "short" })} at ${time}`;
  }

  // Whether the page shows another edition than the newest.
  function isOld() {
    const { run, edition: shown } = hsvis.steps.meta();
    return shown !== undefined && (gone === shown || (newest[run] !== undefined && newest[run].edition !== shown));
  }

  // The notice stands as long.
  function show() {
    const { run, edition: shown } = hsvis.steps.meta();
    const now = newest[run];
    const isHidden = !isOld() || (gone !== shown && later === now.edition);
    element("rebuilt").hidden = isHidden;
    if (isHidden) return;
    const when = now ? `“${run}” was rebuilt ${clock(now.since)}.` : `“${run}” was rebuilt.`;
    const what = gone === shown ? "What this page shows of it is no longer kept." : "This page shows the one before.";
    const text = `${when} ${what}`;
    if (element("rebuilt-text").textContent !== text) element("rebuilt-text").textContent = text;
    element("hide-rebuilt").hidden = gone === shown;
  }

  function tellGone() {
    gone = hsvis.steps.meta().edition;
    show();
    look();
  }

  // Opens the new edition in the same view; places in the old cloud are none in the new one.
  async function open() {
    const query = hsvis.permalink.query();
    const { run, layer, projection } = Object.fromEntries(query);
    const label = control("projection-select").options.find(({ value }) => value === projection)?.label;
    const answer = await hsvis.ask(`builds?${new URLSearchParams({ run, layer })}`).catch(() => null);
    const there = answer?.ok ? ((await answer.json()).projection_options ?? []) : [];
    const same = there.find((one) => one.value === projection) ?? there.find((one) => one.label === label) ?? there[0];
    if (same) query.set("projection", same.value);
    else query.delete("projection");
    query.delete("view");
    const { regions, ...filter } = hsvis.filter.current();
    if (Object.keys(filter).length) query.set("filter", JSON.stringify(filter));
    else query.delete("filter");
    history.replaceState(null, "", `${location.pathname}?${query}`);
    location.reload();
  }

  // Whether anything is new; a small question, asked while somebody can see the page.
  async function look() {
    clearTimeout(timer);
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await hsvis.ask("news");
      const now = answer.ok ? (await answer.json()).news : news;
      if (now !== news && (await hsvis.lookAtRuns())) news = now;
    } catch {
      // the server is away: what needs it says so
    }
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  }

  hsvis.whenReady(() => {
    element("show-rebuilt").addEventListener("click", open);
    element("hide-rebuilt").addEventListener("click", () => {
      const { run } = hsvis.steps.meta();
      later = newest[run]?.edition ?? null;
      show();
    });
    document.addEventListener("visibilitychange", look);
    document.addEventListener("hsvis:gone", tellGone);
    document.addEventListener("hsvis:plotted", ({ detail }) => detail === "projection" && show());
    timer = setTimeout(look, PAUSE);
  });

  window.hsvis = Object.assign(window.hsvis || {}, { edition, follow, rebuilt: { isOld, open } });
  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, {
    tellGone: (data) => {
      if (data) document.dispatchEvent(new CustomEvent("hsvis:gone"));
    },
  });
})();
