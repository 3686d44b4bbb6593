#!/usr/bin/env python3
"""What hoop-replay makes of sessions with very many calls.

usage: cargo bench --bench calls -- DIR; benches/calls.py DIR [--runs N] [--program FILE]

Prints, for a session with 100,000 calls, and another one with 90,000 to compare it with, least, median and worst:

  open            milliseconds from the start of the program to the first picture; nothing of the log is in memory
  all calls       seconds until the viewer has read all of them, in the background, and its most memory
  summary, diff, csv, html
                  seconds of the program; most memory
Standard library only.
"""
import argparse, os, pathlib, shutil, statistics, subprocess, tempfile, time

import replay


def run(words, home):
    began = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, env={"HOME": home, "XDG_STATE_HOME": home, "TZ": "UTC"})
    _, _, used = os.wait4(child.pid, 0)
    return time.perf_counter() - began, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--program", default=os.path.join(replay.ROOT, "target/release/hoop-replay"))
    wish = parser.parse_args()
    one, other = sorted(str(log.parent) for log in wish.folder.rglob("audit.jsonl"))
    home = str(wish.folder)
    cache = wish.folder / "hoop" / "cache"
    opened, read, memory = [], [], 0
    for _ in range(wish.runs):
        shutil.rmtree(cache, ignore_errors=True)
        replay.forget(os.path.join(one, "audit.jsonl"))
        viewer, took = replay.opened(wish.program, one, home)
        opened.append(took)
        read.append(replay.indexed(viewer, str(cache / "replay"))[0])
        memory = max(memory, viewer.status("VmHWM"))
        viewer.leave()
    print(f"{'':<12} {'least':>9} {'median':>9} {'worst':>9}")
    print(f"{'open':<12} {min(opened):>9.1f} {statistics.median(opened):>9.1f} {max(opened):>9.1f} ms")
    print(f"{'all calls':<12} {min(read):>9.2f} {statistics.median(read):>9.2f} {max(read):>9.2f} s {memory:>6.0f} MiB")
    with tempfile.TemporaryDirectory(prefix="hoop-bench-") as made:
        export = ["export", one, "--overwrite", "-o", os.path.join(made, "x"), "-f"]
        for name, words in (("summary", ["summary", one, "--json"]), ("diff", ["diff", one, other, "--json"]),
                            ("csv", [*export, "csv"]), ("html", [*export, "html"])):
            runs = [run([wish.program, *words], home) for _ in range(wish.runs)]
            times = [took for took, _ in runs]
            print(f"{name:<12} {min(times):>9.2f} {statistics.median(times):>9.2f} {max(times):>9.2f} s {max(most for _, most in runs):>6.0f} MiB")


main()
