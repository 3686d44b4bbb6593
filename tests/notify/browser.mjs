// Drives Chromium over its debugging port. usage: node --experimental-websocket browser.mjs PROGRAM; one JSON command a line on standard input, one JSON
// answer a line on standard output: {"do": "goto", "url": …}, {"do": "eval", "script": …}, {"do": "click", "at": SELECTOR},
// {"do": "type", "at": SELECTOR, "text": …}, {"do": "key", "key": …}, {"do": "shot", "file": …, "width": …, "height": …, "dark": …},
// {"do": "scripts", "on": …}.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const profile = mkdtempSync(join(tmpdir(), "hoop-browser-"));
const browser = spawn(process.argv[2], [
  "--remote-debugging-port=0", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", `--user-data-dir=${profile}`, "about:blank",
], { stdio: "ignore", env: { ...process.env, HOME: profile } });
// It writes down where it listens.
let listens;
for (let tries = 0; !listens && tries < 600; tries += 1) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  try {
    listens = readFileSync(join(profile, "DevToolsActivePort"), "utf8").trim().split("\n");
  } catch {
    // Not yet.
  }
}
const socket = new WebSocket(`ws://127.0.0.1:${listens[0]}${listens[1]}`);
await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
let [number, session] = [0, undefined];
const waiting = new Map();
let loaded = () => {};
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.id) {
    const [resolve, reject] = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error) reject(new Error(JSON.stringify(message.error)));
    else resolve(message.result);
  } else if (message.method === "Page.loadEventFired") loaded();
};
const call = (method, params = {}) => new Promise((resolve, reject) => {
  number += 1;
  waiting.set(number, [resolve, reject]);
  socket.send(JSON.stringify({ id: number, method, params, sessionId: session }));
});
const load = () => new Promise((resolve) => { loaded = resolve; });
const evaluate = async (script) => {
  const { result, exceptionDetails } = await call("Runtime.evaluate", { expression: script, returnByValue: true, awaitPromise: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
};
// Where it is, as a person would click it: on the screen, and nothing before it.
const place = async (selector) => {
  const at = await evaluate(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); if (!e) return null;
    e.scrollIntoView({ block: "center" }); const r = e.getBoundingClientRect(); const [x, y] = [r.x + r.width / 2, r.y + r.height / 2];
    return r.width && e.contains(document.elementFromPoint(x, y)) ? [x, y] : null; })()`);
  if (!at) throw new Error(`nobody can click ${selector}`);
  return at;
};
const click = async (selector) => {
  const [x, y] = await place(selector);
  for (const type of ["mousePressed", "mouseReleased"]) {
    await call("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
  }
};
const size = (width, height) => call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
const does = {
  async goto({ url }) {
    const done = load();
    const { errorText } = await call("Page.navigate", { url });
    if (errorText) return errorText;
    await done;
    return evaluate("document.body.innerText");
  },
  eval: ({ script }) => evaluate(script),
  // A click that leads to another page.
  async press({ at }) {
    const done = load();
    await click(at);
    await done;
    return evaluate("document.body.innerText");
  },
  click: ({ at }) => click(at),
  async type({ at, text }) {
    await click(at);
    await call("Input.insertText", { text });
  },
  async enter() {
    for (const type of ["keyDown", "keyUp"]) {
      await call("Input.dispatchKeyEvent", { type, key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" });
    }
  },
  async shot({ file, width, height, dark }) {
    await size(width, height);
    await call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
    const { data } = await call("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
    writeFileSync(file, Buffer.from(data, "base64"));
    // Nothing is wider than the screen.
    return evaluate("document.documentElement.scrollWidth <= innerWidth");
  },
  scripts: ({ on }) => call("Emulation.setScriptExecutionDisabled", { value: !on }),
};
const { targetInfos } = await call("Target.getTargets");
const { targetId } = targetInfos.find((target) => target.type === "page");
session = (await call("Target.attachToTarget", { targetId, flatten: true })).sessionId;
await call("Page.enable");
await size(1000, 900);
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await does[command.do](command)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
socket.close();
browser.kill();
browser.on("exit", () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
