// Who is logged in: the way out, and the way back in once the server does not know this browser any more.
(() => {
  const here = () => `${location.pathname}${location.search}`;
  const logIn = () => `${hsvis.prefix()}login?next=${encodeURIComponent(here())}`;

  // Stays until somebody acts on it: whatever is on the page can still be read.
  function ended() {
    if (document.getElementById("session-ended")) return;
    const line = document.createElement("div");
    line.id = "session-ended";
    line.className = "session-ended";
    line.setAttribute("role", "alert");
    const link = document.createElement("a");
    link.textContent = "Log in again";
    link.addEventListener("pointerdown", () => (link.href = logIn())); // the address may have changed since
    link.href = logIn();
    line.append("You are not logged in any more. ", link, " to go on from here.");
    document.body.append(line);
  }

  const send = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const answer = await send(...request);
    if (answer.status === 401 && new URL(answer.url).origin === location.origin) ended();
    return answer;
  };

  document.addEventListener("click", async (event) => {
    if (event.target.id !== "log-out") return;
    await send(`${hsvis.prefix()}logout`, { method: "POST", redirect: "manual" });
    location.assign(logIn());
  });
})();
