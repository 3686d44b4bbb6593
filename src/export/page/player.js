"use strict";
(async () => {
  const id = (name) => document.getElementById(name);
  const make = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined && text !== null) node.textContent = text;
    return node;
  };
  const packed = Uint8Array.from(atob(id("data").textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = JSON.parse(await new Response(stream).text());
  // What stands in the way of watching: pauses longer than this, unless they were asked for.
  const pause = data.pause === null ? 2000 : data.pause;
  const root = document.documentElement;
  root.dataset.look = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.title = data.title;
  id("title").textContent = data.title;
  id("facts").textContent = data.facts.join("  ·  ");
  id("statement").textContent = data.statement;
  id("keys").textContent =
    "space play · ← → 5 s · , . one screen · [ ] events · < > speed · 0–9 place · home end · i pauses · / search · n N found · l light or dark";

  // The screen: rows are drawn once and changed where they differ.
  const screen = id("screen");
  const frame = id("frame");
  frame.style.background = data.colours.bg;
  screen.style.color = data.colours.fg;
  const styled = (span, [fg, bg, flags]) => {
    const has = (bit) => (flags & bit) !== 0;
    let ink = fg || data.colours.fg;
    let ground = bg || (has(64) ? data.colours.bg : "");
    if (has(64)) [ink, ground] = [ground, ink];
    if (ink) span.style.color = ink;
    if (ground) span.style.background = ground;
    if (has(1)) span.style.fontWeight = "bold";
    if (has(2)) span.style.opacity = ".6";
    if (has(4)) span.style.fontStyle = "italic";
    const lines = (has(8) ? "underline " : "") + (has(16) ? "line-through" : "");
    if (lines) span.style.textDecoration = lines;
  };
  let shown = [];
  // Rows with the words that are looked for, and the screens on which these appear.
  let marked = [];
  let found = [];
  const mark = () => shown.forEach((row, at) => screen.children[at].classList.toggle("found", marked[row] === true));
  const cursor = make("b");
  cursor.id = "cursor";
  cursor.style.background = data.colours.fg;
  const draw = (number) => {
    const [, cols, rows, col, row, ids] = data.frames[number];
    while (shown.length < rows) {
      screen.insertBefore(make("div"), cursor.parentNode === screen ? cursor : null);
      shown.push(-1);
    }
    while (shown.length > rows) {
      screen.removeChild(screen.children[shown.length - 1]);
      shown.pop();
    }
    if (!cursor.parentNode) screen.appendChild(cursor);
    screen.style.minWidth = cols + "ch";
    ids.forEach((wanted, at) => {
      if (shown[at] === wanted) return;
      shown[at] = wanted;
      const line = screen.children[at];
      line.replaceChildren();
      for (const [style, text, width] of data.rows[wanted]) {
        const span = make("span", "", text);
        span.style.width = width + "ch";
        styled(span, data.styles[style]);
        line.appendChild(span);
      }
    });
    mark();
    cursor.hidden = col < 0;
    cursor.style.left = col + "ch";
    cursor.style.top = row * 18 + "px";
  };

  // Time.
  const length = Math.max(data.length, 1);
  const text = (ms) => {
    const whole = Math.floor(ms / 1000);
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    const rest = `${hours ? two(Math.floor(whole / 60) % 60) : Math.floor(whole / 60)}:${two(whole % 60)}`;
    return hours ? `${hours}:${rest}` : rest;
  };
  let now = 0;
  let at = -1;
  let playing = false;
  let last = 0;
  const find = (time) => {
    let [low, high] = [0, data.frames.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (data.frames[middle][0] <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const show = () => {
    const number = find(now);
    if (number !== at) {
      at = number;
      draw(at);
    }
    id("clock").textContent = `${text(now)} / ${text(length)}`;
    id("done").style.width = (100 * now) / length + "%";
    id("line").setAttribute("aria-valuenow", Math.round(now / 1000));
    id("line").setAttribute("aria-valuetext", text(now));
    root.dataset.now = Math.round(now);
  };
  const seek = (time) => {
    now = Math.min(Math.max(time, 0), length);
    show();
  };
  const tick = (stamp) => {
    if (!playing) return;
    now += (stamp - last) * Number(id("speed").value);
    last = stamp;
    const next = data.frames[find(now) + 1];
    const before = data.frames[find(now)][0];
    const end = next ? next[0] : length;
    if (id("idle").checked && end - before > pause && now - before > pause) now = end;
    if (now >= length) {
      now = length;
      stop();
    }
    show();
    requestAnimationFrame(tick);
  };
  const stop = () => {
    playing = false;
    id("play").textContent = "▶";
    root.dataset.playing = "no";
  };
  const toggle = () => {
    if (playing) return stop();
    if (now >= length) now = 0;
    playing = true;
    root.dataset.playing = "yes";
    id("play").textContent = "❚❚";
    last = performance.now();
    requestAnimationFrame(tick);
  };

  // What happened, on the line and in tables.
  const sign = { allow: "●", deny: "✗", ask: "◆", command: "▏", alert: "▲", marker: "▾" };
  const height = { marker: 1, command: 11, allow: 11, ask: 21, deny: 21, alert: 1 };
  const weight = { marker: 0, command: 1, allow: 2, ask: 3, alert: 4, deny: 5 };
  const places = new Map();
  for (const event of data.events) {
    const place = Math.round((event[0] / length) * 600) + "/" + height[event[1]];
    const known = places.get(place);
    if (!known || weight[known[1]] < weight[event[1]]) places.set(place, event);
  }
  for (const [time, kind, words] of places.values()) {
    const tick = make("i", kind, sign[kind]);
    tick.title = `${text(time)} ${words}`;
    tick.style.left = Math.min(99.6, Math.max(0.4, (100 * time) / length)) + "%";
    tick.style.top = height[kind] + "px";
    id("ticks").appendChild(tick);
  }
  const kinds = { allow: "call", deny: "denied or failed", ask: "approval", command: "command", alert: "alert", marker: "marker" };
  for (const kind of Object.keys(kinds).filter((kind) => data.events.some((event) => event[1] === kind))) {
    id("legend").append(make("span", kind, sign[kind] + " "), kinds[kind] + "   ");
  }
  const step = (direction) => {
    const times = data.events.map((event) => event[0]);
    const found = direction > 0 ? times.find((time) => time > now + 1) : times.filter((time) => time < now - 1).pop();
    if (found !== undefined) seek(found);
  };
  const rowTexts = data.rows.map((row) => row.map((run) => run[1]).join("").toLowerCase());
  const findOnScreens = () => {
    const words = id("search").value.trim().toLowerCase();
    marked = rowTexts.map((text) => words !== "" && text.includes(words));
    found = [];
    let before = false;
    data.frames.forEach((frame, number) => {
      const has = frame[5].some((row) => marked[row]);
      if (has && !before) found.push(number);
      before = has;
    });
    mark();
    seen(-1);
  };
  const seen = (number) => {
    const times = found.length === 1 ? "once" : `${found.length} times`;
    const which = number < 0 ? "Enter goes there" : `${number + 1} of ${found.length}`;
    id("seen").textContent = found.length ? `on the screen ${times}: ${which}` : "";
  };
  const hop = (direction) => {
    const time = (number) => data.frames[found[number]][0];
    const numbers = found.map((_, number) => number);
    const next = direction > 0 ? numbers.find((number) => time(number) > now) : numbers.filter((number) => time(number) < now).pop();
    if (!found.length) return;
    const number = next === undefined ? (direction > 0 ? 0 : found.length - 1) : next;
    stop();
    seek(time(number));
    seen(number);
  };
  let tab = data.tables[0];
  const most = 1000;
  const fill = () => {
    const words = id("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = tab.rows.filter((row) => words.every((word) => row.text.includes(word)));
    const [head, body] = [id("list").querySelector("thead"), id("list").querySelector("tbody")];
    const titles = make("tr");
    for (const title of ["time", ...tab.titles]) titles.appendChild(make("th", "", title));
    head.replaceChildren(titles);
    body.replaceChildren();
    for (const row of rows.slice(0, most)) {
      const line = make("tr");
      line.tabIndex = 0;
      line.appendChild(make("td", "", text(row.at)));
      row.cells.forEach((cell, at) => line.appendChild(make("td", at === 0 ? row.kind : "", cell)));
      const pick = () => {
        body.querySelectorAll("[aria-selected]").forEach((other) => other.removeAttribute("aria-selected"));
        line.setAttribute("aria-selected", "true");
        seek(row.at);
        const list = make("dl");
        for (const [name, value] of row.detail) {
          if (value === "" || value === null) continue;
          list.append(make("dt", "", name), make("dd", /[{[\n]/.test(value) ? "code" : "", value));
        }
        id("detail").replaceChildren(list);
        id("detail").hidden = false;
      };
      line.addEventListener("click", pick);
      line.addEventListener("keydown", (event) => {
        if (event.key === "Enter") pick();
      });
      body.appendChild(line);
    }
    const cut = rows.length > most ? `, the first ${most} are shown` : "";
    const left = tab.left_out ? `; ${tab.left_out} more are not in this page` : "";
    id("count").textContent = `${rows.length} of ${tab.rows.length}${cut}${left}`;
  };
  for (const table of data.tables) {
    for (const row of table.rows) row.text = [...row.cells, ...row.detail.map((pair) => pair[1])].join(" ").toLowerCase();
    const button = make("button", "", `${table.name} ${table.rows.length + table.left_out}`);
    button.dataset.tab = table.name;
    button.addEventListener("click", () => choose(table));
    id("tabs").appendChild(button);
  }
  const choose = (table) => {
    tab = table;
    id("detail").hidden = true;
    for (const button of id("tabs").children) button.setAttribute("aria-selected", String(button.dataset.tab === table.name));
    fill();
  };
  if (tab) choose(tab);
  else for (const name of ["lower", "tabs"]) id(name).hidden = true;
  id("search").addEventListener("input", () => {
    if (tab) fill();
    findOnScreens();
  });

  // Hands.
  const line = id("line");
  const to = (event) => {
    const box = line.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * length);
  };
  line.addEventListener("pointerdown", (event) => {
    line.setPointerCapture(event.pointerId);
    to(event);
  });
  line.addEventListener("pointermove", (event) => {
    if (event.buttons) to(event);
  });
  line.setAttribute("aria-valuemax", Math.round(length / 1000));
  id("play").addEventListener("click", toggle);
  id("back").addEventListener("click", () => step(-1));
  id("next").addEventListener("click", () => step(1));
  const light = () => (root.dataset.look = root.dataset.look === "dark" ? "light" : "dark");
  id("look").addEventListener("click", light);
  const select = id("speed");
  if (![...select.options].some((option) => Number(option.value) === data.speed)) {
    const option = make("option", "", String(data.speed));
    const next = [...select.options].find((other) => Number(other.value) > data.speed);
    select.insertBefore(option, next || null);
  }
  select.selectedIndex = [...select.options].findIndex((option) => Number(option.value) === data.speed);
  id("idle").checked = data.pause !== null;
  id("idle").parentNode.title = `pauses of more than ${pause / 1000} s are passed over (i)`;
  const speed = (direction) => {
    select.selectedIndex = Math.min(Math.max(select.selectedIndex + direction, 0), select.options.length - 1);
  };
  const keys = {
    " ": toggle,
    ArrowLeft: () => seek(now - 5000),
    ArrowRight: () => seek(now + 5000),
    Home: () => seek(0),
    End: () => seek(length),
    ",": () => seek(at > 0 ? data.frames[at - 1][0] : 0),
    ".": () => seek(at + 1 < data.frames.length ? data.frames[at + 1][0] : length),
    "[": () => step(-1),
    "]": () => step(1),
    "<": () => speed(-1),
    ">": () => speed(1),
    i: () => id("idle").click(),
    l: light,
    n: () => hop(1),
    N: () => hop(-1),
    "/": () => id("search").focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === id("search")) {
      if (event.key === "Escape") event.target.blur();
      if (event.key === "Enter") hop(event.shiftKey ? -1 : 1);
      return;
    }
    const digit = /^[0-9]$/.test(event.key) ? () => seek((length * Number(event.key)) / 10) : undefined;
    const act = keys[event.key] || digit;
    if (!act || (event.key === " " && event.target.tagName === "BUTTON")) return;
    event.preventDefault();
    act();
  });
  stop();
  show();
  root.dataset.ready = "yes";
})().catch((error) => {
  document.getElementById("statement").textContent = `This page needs a browser of 2023 or later, and all of its file: ${error.message}`;
});
