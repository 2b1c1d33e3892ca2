// A thin moving line above what is not there yet, only where it takes longer than a moment.
(() => {
  const MOMENT = 300; // ms
  const LOOK = 60; // ms between looks, while something is waited for

  // Shows the line above an element from a moment after `start` until `holds()`.
  function waiter(element, holds) {
    let timer = 0;
    const look = (began) => {
      clearTimeout(timer);
      const done = holds();
      element().classList.toggle("waiting", !done && performance.now() - began >= MOMENT);
      if (!done) timer = setTimeout(look, LOOK, began);
    };
    return () => look(performance.now());
  }

  hsvis.whenReady(() => {
    const details = waiter(
      () => document.getElementById("details"),
      () => hsvis.steps.index() === hsvis.selectedSequence(),
    );
    const cloud = waiter(
      () => document.querySelector('[data-frame="projection"]'),
      () => hsvis.cloud.isSettled(),
    );
    document.addEventListener("hsvis:selected", details);
    document.addEventListener("hsvis:look", cloud);
    document.addEventListener("hsvis:plotted", ({ detail }) => detail === "projection" && cloud());
    cloud();
  });
})();
