#!/usr/bin/env python3
"""How long hoop-replay takes to open a long recording and to show any point of it.

usage: benches/replay.py [--size MIB] [--events N] [--seeks N] [--runs N] [--packed] [--program FILE] [--no-build]

Writes a recording (asciicast 3, 1024 MiB and 10,000,000 events unless told otherwise) into a folder that is removed at
the end, opens it in the viewer on a terminal of its own, and prints, in milliseconds, least, median and worst:

  open, first time     from the start of the program to the first picture; the file is not in memory
  index                seconds until the index is made, in the background; its size; the viewer's most memory
  open, again          as above, with the index; and until the length is known
  seek                 from the key to the picture of a random moment (`:37.2%` Enter, the last key counts)
  step                 the same for an event on and back

--packed does the same with a recording as hoop packs it: zstd frames of whole lines, 256 KiB each (needs the program
`zstd`). The last line says how busy the machine was. Standard library only.
"""
import argparse, fcntl, os, pty, random, re, select, shutil, statistics, struct, subprocess, sys, tempfile, termios, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BLOCK = 10_000
# Pictures are drawn in synchronized updates; one that changes most of the screen has at least so many bytes.
END, LARGE = b"\x1b[?2026l", 1_200


def record(path, size, events):
    """Writes about `size` MiB in `events` events. Times are relative, so that the same block can come again."""
    rng = random.Random(7)
    words = ["arn:aws:s3:::reports", "2026-07-01T10:12:13Z", "世界", "error", "\\u001b[32mok\\u001b[0m", "GET", "200", "x7f3a"]
    overhead, per = 24, size * 1024 * 1024 // events
    with open(path, "wb") as out:
        out.write(b'{"version":3,"term":{"cols":80,"rows":24}}\n')
        lines = []
        for n in range(min(BLOCK, events)):
            text, goal = "\\u001b[3%dm" % (n % 8), per - overhead
            while (room := goal - len(text.encode())) > 0:
                word = rng.choice(words)
                text += word + " " if len(word.encode()) < room else "." * room
            lines.append('[0.%06d, "o", "%s\\r\\n"]\n' % (rng.randrange(200, 3_000), text))
        block = "".join(lines).encode()
        for number in range(events // len(lines)):
            out.write(b'[0.001, "o", "block %d\\r\\n"]\n' % number)
            out.write(block)


def pack(path, folder):
    """As src/cast/pack.rs does, but for the table at the end, which no reader of ours looks at."""
    packed, frame = path + ".zst", 256 << 10
    with open(path, "rb") as source, open(packed, "wb") as out:
        rest = b""
        while True:
            # 64 frames a run of the program: files of their own, packed each into one of its own.
            names = []
            while len(names) < 64 and len(rest := rest + source.read(max(0, frame - len(rest)))) > 0:
                cut = rest.rfind(b"\n", 0, frame) + 1 if len(rest) >= frame else len(rest)
                names.append(os.path.join(folder, f"frame-{len(names)}"))
                with open(names[-1], "wb") as piece:
                    piece.write(rest[:cut])
                rest = rest[cut:]
            if not names:
                break
            subprocess.run(["zstd", "-q", "-3", "--check", "-f", "--rm", *names], check=True)
            for name in names:
                with open(name + ".zst", "rb") as piece:
                    out.write(piece.read())
                os.unlink(name + ".zst")
    os.unlink(path)
    return packed


def forget(path):
    """Takes a file out of the machine's memory."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Viewer:
    def __init__(self, program, path, home):
        env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_STATE_HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        self.began = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            os.execve(program, [program, path], env)
        self.text = b""

    def picture(self, begin, large=LARGE, timeout=120):
        """Milliseconds from `begin` to the end of the next picture with at least `large` bytes."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            while (at := self.text.find(END)) >= 0:
                picture, self.text = self.text[:at], self.text[at + len(END):]
                if len(picture) >= large:
                    return (self.last - begin) * 1e3
            self.read(0.05)
        sys.exit("no picture came")

    def read(self, timeout):
        if select.select([self.terminal], [], [], timeout)[0]:
            self.text += os.read(self.terminal, 1 << 20)
            self.last = time.perf_counter()
            return True
        return False

    def quiet(self, seconds=0.15):
        while self.read(seconds):
            pass
        self.text = b""

    def press(self, keys):
        os.write(self.terminal, keys)

    def status(self, name):
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(rf"{name}:\s+(\d+)", file.read()).group(1)) / 1024

    def busy(self):
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def leave(self):
        self.press(b"q")
        while True:
            try:
                if not os.read(self.terminal, 1 << 16):
                    break
            except OSError:
                break
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def opened(program, path, home):
    """Opens it and holds it; gives the viewer and the milliseconds until its first picture."""
    viewer = Viewer(program, path, home)
    took = viewer.picture(viewer.began, large=300)
    viewer.press(b" ")
    return viewer, took


def indexed(viewer, folder):
    """Waits until the viewer has nothing to do any more; gives its processor seconds and the index's bytes."""
    began = time.perf_counter()
    busy, since = viewer.busy(), time.perf_counter()
    while time.perf_counter() - since < 2:
        viewer.quiet(0.3)
        if viewer.busy() - busy > 0.02:
            busy, since = viewer.busy(), time.perf_counter()
    took = since - began
    files = [os.path.join(folder, name) for name in os.listdir(folder)] if os.path.isdir(folder) else []
    return took, busy, sum(os.path.getsize(file) for file in files)


def row(name, times):
    print(f"{name:<24} {min(times):>9.1f} {statistics.median(times):>9.1f} {max(times):>9.1f}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1][7:])
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seeks", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--packed", action="store_true")
    parser.add_argument("--program")
    parser.add_argument("--no-build", action="store_true")
    wish = parser.parse_args()
    program = wish.program
    if not program:
        if not wish.no_build:
            subprocess.run(["cargo", "build", "--release", "--bin", "hoop-replay"], cwd=ROOT, check=True)
        program = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "hoop-replay")
    if wish.packed and not shutil.which("zstd"):
        sys.exit("--packed needs the program zstd")
    with tempfile.TemporaryDirectory(prefix="hoop-bench-") as home:
        room = shutil.disk_usage(home).free >> 20
        if room < wish.size * 2:
            sys.exit(f"{home} has room for {room} MiB only: set TMPDIR")
        path = os.path.join(home, "long.cast")
        record(path, wish.size, wish.events)
        plain = os.path.getsize(path)
        if wish.packed:
            path = pack(path, home)
        cache = os.path.join(home, "hoop", "cache", "replay")
        print(f"{plain / 2**20:.0f} MiB, {wish.events:,} events" + (f", packed {os.path.getsize(path) / 2**20:.0f} MiB" if wish.packed else ""))
        print(f"{'ms':<24} {'least':>9} {'median':>9} {'worst':>9}")
        first = []
        for _ in range(wish.runs):
            shutil.rmtree(cache, ignore_errors=True)
            forget(path)
            viewer, took = opened(program, path, home)
            first.append(took)
            viewer.leave()
        row("open, first time", first)
        shutil.rmtree(cache, ignore_errors=True)
        viewer, _ = opened(program, path, home)
        took, busy, size = indexed(viewer, cache)
        print(f"{'index':<24} {took:.1f} s, {busy:.1f} s of the processor, {size / 2**20:.1f} MiB; most memory {viewer.status('VmHWM'):.0f} MiB")
        viewer.leave()
        again, known = [], []
        for _ in range(wish.runs):
            forget(path)
            [forget(os.path.join(cache, name)) for name in os.listdir(cache)]
            viewer, took = opened(program, path, home)
            again.append(took)
            viewer.press(b"G")
            known.append(viewer.picture(viewer.began))
            viewer.leave()
        row("open, again", again)
        row("  and its end is shown", known)
        viewer, _ = opened(program, path, home)
        indexed(viewer, cache)
        rng = random.Random(11)
        seeks = []
        for _ in range(wish.seeks):
            viewer.press(f":{rng.uniform(0, 100):.3f}%".encode())
            viewer.quiet(0.05)
            begin = time.perf_counter()
            viewer.press(b"\r")
            seeks.append(viewer.picture(begin))
            viewer.quiet(0.05)
        row("seek", seeks)
        steps = []
        for key in [b".", b","] * (wish.seeks // 4):
            begin = time.perf_counter()
            viewer.press(key)
            steps.append(viewer.picture(begin, large=30))
            viewer.quiet(0.05)
        row("step on, back", steps)
        load, cores = os.getloadavg(), os.cpu_count()
        print(f"{'memory':<24} {viewer.status('VmRSS'):.0f} MiB, most {viewer.status('VmHWM'):.0f} MiB")
        viewer.leave()
        print(f"{'load, 1 and 15 minutes':<24} {load[0]:.1f} {load[2]:.1f} on {cores} processors")


if __name__ == "__main__":
    main()
