// What the page does by itself where scripts run: time goes by, and what is found out appears. All of it works without.
"use strict";
(() => {
  const words = (seconds) => {
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  };
  // By the server's clock: a phone's may be wrong.
  const loaded = performance.now();
  const tick = () => {
    for (const place of document.querySelectorAll("[data-left]")) {
      const since = place.dataset.since ? Number(place.dataset.since) : loaded;
      const left = Math.max(0, Math.round(Number(place.dataset.left) - (performance.now() - since) / 1000));
      place.textContent = words(left);
      place.classList.toggle("soon", left < 15);
    }
  };
  const look = async () => {
    const live = document.getElementById("live");
    if (!live || document.hidden) return;
    let answer;
    try {
      answer = await fetch(location.pathname, { cache: "no-store", redirect: "error" });
    } catch {
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    if (fresh) {
      for (const place of fresh.querySelectorAll("[data-left]")) place.dataset.since = performance.now();
      if (fresh.dataset.state !== live.dataset.state) {
        live.replaceWith(fresh);
      } else {
        const old = live.querySelectorAll("[data-left]");
        fresh.querySelectorAll("[data-left]").forEach((place, at) => {
          if (old[at]) Object.assign(old[at].dataset, { left: place.dataset.left, since: place.dataset.since });
        });
      }
    } else if (page.querySelector("main") && !document.body.dataset.sent) {
      // It is settled, or nobody serves this any more.
      document.querySelector("main").replaceWith(page.querySelector("main"));
    }
    tick();
  };
  document.addEventListener("submit", () => {
    document.body.dataset.sent = "yes";
  });
  tick();
  setInterval(tick, 1000);
  setInterval(look, 2000);
})();
