#!/usr/bin/env python3
"""How long the list of sessions takes to open, and to answer while one types, with the index of benches/index.rs.

usage: cargo bench --bench index -- --keep DIR; benches/finding.py DIR [--runs N] [--program FILE]

Makes a store of that index and of an empty folder for each session, opens the list on a terminal of its own, and prints,
in milliseconds, least, median and worst:

  open, cold     from the start of the program to the rows; neither the index nor the program is in memory
  open           the same once more
  key            from a key of the query to the next picture, which shows it
  answer         from a key to the last picture that it brings: rows, hits, and how many there are in all
  page           the same for a page down through all sessions; and to the end of the list
Standard library only.
"""
import argparse, datetime, os, pathlib, shutil, signal, sqlite3, statistics, sys, tempfile, time

import replay

QUERIES = ["needle4711", "user:user3 decision:deny", "job 7", "action:iam:* after:2025-11-20 -error", "took:>5s or exit:!0"]
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def store(index, state):
    shutil.copy(index, state / "index.db")
    os.chmod(state / "index.db", 0o600)
    connection = sqlite3.connect(state / "index.db")
    ids = [row[0] for row in connection.execute("SELECT id FROM sessions")]
    connection.close()
    for name in ids:
        milliseconds = 0
        for letter in name[:10]:
            milliseconds = milliseconds * 32 + LETTERS.index(letter)
        day = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
        (state / "sessions" / f"{day:%Y/%m/%d}" / name).mkdir(parents=True)
    return len(ids)


class List(replay.Viewer):
    """The viewer with a folder of state in place of a recording."""

    def first(self, words):
        """Milliseconds from the start to the end of the picture that shows `words`."""
        while words not in self.text or self.text.rfind(replay.END) < self.text.find(words):
            if not self.read(10):
                sys.exit("the list did not come")
        return (self.last - self.began) * 1e3

    def key(self, key):
        """Milliseconds to the first picture after a key, and to the last one."""
        self.text, began, first, last = b"", time.perf_counter(), None, None
        self.press(key)
        while self.read(0.4):
            if replay.END in self.text:
                self.text, last = b"", (self.last - began) * 1e3
                first = first or last
        return first, last

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def tell(name, times):
    print(f"{name:40} {min(times):8.1f} {statistics.median(times):8.1f} {max(times):8.1f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("index", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--program", default=os.path.join(replay.ROOT, "target/release/hoop-replay"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        state = pathlib.Path(home) / "hoop"
        state.mkdir(mode=0o700)
        index = arguments.index / "index.db" if arguments.index.is_dir() else arguments.index
        count = store(index, state)
        opens = {True: [], False: []}
        for is_cold in [True] * arguments.runs + [False] * arguments.runs:
            if is_cold:
                replay.forget(state / "index.db")
                replay.forget(arguments.program)
            viewer = List(arguments.program, "--theme=dark", home)
            opens[is_cold].append(viewer.first(b"STARTED"))
            viewer.end()
        tell("open, cold", opens[True])
        tell("open", opens[False])
        viewer = List(arguments.program, "--theme=dark", home)
        viewer.first(f"{count} sessions".encode())
        viewer.quiet(1)
        for query in QUERIES:
            times = [viewer.key(letter.encode()) for letter in query]
            tell(f"key     {query}", [first for first, _ in times])
            tell(f"answer  {query}", [last for _, last in times])
            viewer.key(b"\x15")
        viewer.key(b"\x1b")
        tell("page", [viewer.key(b"\x1b[6~")[0] for _ in range(50)])
        tell("to the end", [viewer.key(b"G")[1]])
        print(f"most memory: {viewer.status('VmHWM'):.0f} MiB; sessions: {count}; load: {os.getloadavg()[0]:.1f}")
        viewer.end()


main()
