// The views of the selected sequence: what needs no answer from the server.
(() => {
  // A long text that was cut off before its first step would hide what the model read.
  function readFromStart() {
    const strip = document.getElementById("token-strip");
    requestAnimationFrame(() => {
      const first = strip && strip.querySelector("[data-step]");
      if (!first) return;
      const above = first.getBoundingClientRect().top - strip.getBoundingClientRect().top + strip.scrollTop;
      strip.scrollTop = above - 1.5 * first.getBoundingClientRect().height;
    });
  }

  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, { readFromStart });
})();
