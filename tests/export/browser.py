"""Uses an exported page in Chromium: clicks, types, looks. usage: browser.py CHROMIUM FILE [FOLDER for screenshots]

Speaks the DevTools protocol over two pipes, so nothing but Python and the browser is needed. Prints what it saw as JSON."""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time

chromium, page = sys.argv[1:3]
shots = sys.argv[3] if len(sys.argv) > 3 else None
to_browser, our_out = os.pipe()
our_in, from_browser = os.pipe()
profile = tempfile.mkdtemp()


def child():
    # The browser reads from 3 and writes to 4.
    os.dup2(to_browser, 63)
    os.dup2(from_browser, 64)
    os.dup2(63, 3)
    os.dup2(64, 4)


browser = subprocess.Popen(
    [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
     "--remote-debugging-pipe", "--window-size=1200,1000", f"--user-data-dir={profile}", "about:blank"],
    preexec_fn=child, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
os.close(to_browser)
os.close(from_browser)
reader = os.fdopen(our_in, "rb")
buffer, number, errors, requests = b"", 0, [], []


def message():
    global buffer
    while b"\0" not in buffer:
        more = os.read(reader.fileno(), 1 << 16)
        if not more:
            sys.exit("the browser is gone")
        buffer += more
    text, buffer = buffer.split(b"\0", 1)
    return json.loads(text)


def ask(method, session=None, **params):
    global number
    number += 1
    wish = {"id": number, "method": method, "params": params}
    if session:
        wish["sessionId"] = session
    os.write(our_out, json.dumps(wish).encode() + b"\0")
    while True:
        answer = message()
        if answer.get("id") == number:
            if "error" in answer:
                sys.exit(f"{method}: {answer['error']}")
            return answer["result"]
        name, told = answer.get("method"), answer.get("params", {})
        if name == "Runtime.exceptionThrown":
            errors.append(told["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif name == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            errors.append(told["entry"]["text"])
        elif name == "Network.requestWillBeSent":
            requests.append(told["request"]["url"])


try:
    target = ask("Target.createTarget", url="about:blank")["targetId"]
    tab = ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        ask(f"{domain}.enable", tab)
    ask("Page.navigate", tab, url="file://" + os.path.abspath(page))

    def look(expression):
        result = ask("Runtime.evaluate", tab, expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(expression):
        for _ in range(600):
            if look(expression):
                return
            time.sleep(0.1)
        sys.exit(f"never true: {expression}; {errors}")

    def click(expression, part=0.5):
        box = look(f"(() => {{ const e = {expression}; e.scrollIntoView({{block: 'nearest'}}); const b = e.getBoundingClientRect();"
                   " return [b.x, b.y, b.width, b.height]; })()")
        at = {"x": box[0] + box[2] * part, "y": box[1] + box[3] / 2, "button": "left", "clickCount": 1}
        ask("Input.dispatchMouseEvent", tab, type="mousePressed", buttons=1, **at)
        ask("Input.dispatchMouseEvent", tab, type="mouseReleased", **at)

    def key(name, code=None, text=None):
        more = {"text": text} if text else {}
        ask("Input.dispatchKeyEvent", tab, type="keyDown", key=name, code=code or name, **more)
        ask("Input.dispatchKeyEvent", tab, type="keyUp", key=name, code=code or name)

    def shot(name):
        if shots:
            with open(os.path.join(shots, name + ".png"), "wb") as file:
                file.write(base64.b64decode(ask("Page.captureScreenshot", tab)["data"]))

    def text(name):
        return look(f"document.getElementById('{name}').innerText")

    wait("document.documentElement && document.documentElement.dataset.ready === 'yes'")
    seen = {
        "title": text("title"),
        "first_screen": text("screen").strip(),
        "tabs": look("[...document.querySelectorAll('#tabs button')].map(b => b.textContent).join('|')"),
        "speed": look("document.getElementById('speed').value"),
        "skips": look("document.getElementById('idle').checked"),
        "pause": look("document.getElementById('idle').parentNode.title"),
        "length_ms": float(look("document.getElementById('line').getAttribute('aria-valuemax')")) * 1000,
    }
    # The refused call.
    click("[...document.querySelectorAll('tbody tr')].find(r => r.textContent.includes('DeleteObject'))")
    seen["detail"] = text("detail")
    seen["screen_at_call"] = text("screen")
    shot("call")
    # Search, by keyboard.
    key("/", "Slash", "/")
    ask("Input.insertText", tab, text="delete")
    wait("document.getElementById('count').textContent.startsWith('1')")
    seen["found"] = text("count")
    # What stands on the screen: Enter goes from one place to the next, and round.
    look("document.getElementById('search').value = ''")
    ask("Input.insertText", tab, text="LONG pause")
    wait("document.getElementById('seen').textContent.startsWith('on the screen')")
    seen["on_screen"] = text("seen")
    key("Home")
    key("Enter", text="\r")
    seen["screen_at_found"] = text("screen")
    seen["row_found"] = look("[...document.querySelectorAll('#screen .found')].map(row => row.innerText.trim()).join('|')")
    seen["found_ms"] = float(look("document.documentElement.dataset.now"))
    key("Enter", text="\r")
    seen["found_again_ms"] = float(look("document.documentElement.dataset.now"))
    shot("found")
    key("Escape")
    # Commands.
    click("document.querySelector('[data-tab=commands]')")
    look("document.getElementById('search').value = ''; document.getElementById('search').dispatchEvent(new Event('input'))")
    click("[...document.querySelectorAll('tbody tr')].find(r => r.textContent.includes('echo'))")
    seen["command_detail"] = text("detail")
    # To the end, and to the middle by a click on the line.
    key("End")
    seen["screen_at_end"] = text("screen")
    seen["orange"] = look("[...document.querySelectorAll('#screen span')].find(s => s.textContent.includes('true colour')).style.color")
    click("document.getElementById('line')", 0.5)
    seen["seek_ms"] = float(look("document.documentElement.dataset.now"))
    shot("middle")
    # Plays, and passes over the pause.
    key("Home")
    look("document.getElementById('speed').value = '16'")
    begun = time.monotonic()
    click("document.getElementById('play')")
    wait("document.getElementById('screen').innerText.includes('after a long pause')")
    seen["played_ms"] = float(look("document.documentElement.dataset.now"))
    seen["after_play"] = text("screen")
    wait("document.documentElement.dataset.playing === 'no'")
    seen["took_ms"] = (time.monotonic() - begun) * 1000
    seen["paused"] = look("document.documentElement.dataset.playing")
    seen["look_before"] = look("getComputedStyle(document.body).backgroundColor")
    click("document.getElementById('look')")
    seen["look_after"] = look("getComputedStyle(document.body).backgroundColor")
    shot("other")
    seen["owned"] = look("window.owned === undefined ? null : window.owned")
    seen["errors"] = errors
    seen["outside"] = [url for url in requests if not url.startswith(("file://", "about:", "blob:", "data:"))]
    print(json.dumps(seen))
finally:
    browser.terminate()
    browser.wait(20)
