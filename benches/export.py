#!/usr/bin/env python3
"""What exports cost: processor time, most memory, and the size of what comes out.

usage: benches/export.py [--size MIB] [--minutes N] [--runs N] [--program FILE] [--no-build]

Writes two recordings into a folder that is removed at the end: log text with email addresses and card numbers in it (64 MiB unless
told otherwise), and a full-screen program in all colours that draws ten times a second for two hours. Exports the first with and
without a second mask (`--mask pii`), the second as pictures that move and as a page, whose sizes have bounds. Standard library only.
"""
import argparse, os, random, shutil, statistics, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def log(path, mib):
    rng = random.Random(7)
    words = ["arn:aws:s3:::reports", "2026-07-01T10:12:13Z", "世界", "error", "\\u001b[32mok\\u001b[0m", "GET", "200", "token=none"]
    lines = []
    for number in range(5_000):
        line = " ".join(rng.choice(words) for _ in range(12))
        if number % 50 == 0:
            line += " of ana.%d@example.org with 4111 1111 1111 1111" % number
        lines.append('[0.001, "o", "%d %s\\r\\n"]\n' % (number, line))
    block = "".join(lines).encode()
    with open(path, "wb") as out:
        out.write(b'{"version":3,"term":{"cols":120,"rows":30}}\n')
        for _ in range(max(mib * 1024 * 1024 // len(block), 1)):
            out.write(block)


def screens(path, minutes):
    rng = random.Random(7)
    with open(path, "w") as out:
        out.write('{"version":3,"term":{"cols":120,"rows":30}}\n[0.1, "o", "\\u001b[?1049h"]\n')
        for number in range(minutes * 600):
            row = number % 30 + 1
            text = "".join("\\u001b[38;2;%d;%d;%dm%s" % (*(rng.randrange(256) for _ in range(3)), chr(rng.randrange(33, 91)).replace('"', "x").replace("\\", "x"))
                           for _ in range(40))
            out.write('[0.1, "o", "\\u001b[%d;1Hframe %d %s"]\n' % (row, number, text))


def export(program, arguments, home):
    """Processor seconds, MiB of memory, bytes written."""
    target = os.path.join(home, "out")
    command = [program, "export", *arguments, "--overwrite", "-o", target]
    environment = {"XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home, "HOME": home, "TZ": "UTC"}
    child = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.path.getsize(target)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--size", type=int, default=64)
    arguments.add_argument("--minutes", type=int, default=120)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--program", default=os.path.join(ROOT, "target/release/hoop-replay"))
    arguments.add_argument("--no-build", action="store_true")
    wish = arguments.parse_args()
    if not wish.no_build:
        subprocess.run(["cargo", "build", "--release", "--bin", "hoop-replay"], cwd=ROOT, check=True)
    home = tempfile.mkdtemp(prefix="hoop-bench-")
    try:
        text, long = os.path.join(home, "log.cast"), os.path.join(home, "long.cast")
        log(text, wish.size)
        screens(long, wish.minutes)
        mib = os.path.getsize(text) / 1024 / 1024
        print(f"log text, {mib:.0f} MiB of recording; processor seconds, MiB a second, MiB of memory")
        for form in ("txt", "cast", "cast2", "html"):
            for mask in ([], ["--mask", "pii"]):
                runs = [export(wish.program, [text, "-f", form, *mask], home) for _ in range(wish.runs)]
                seconds = statistics.median(run[0] for run in runs)
                name = f"{form} {' '.join(mask)}".strip()
                print(f"  {name:<16} {seconds:7.2f} s  {mib / seconds:7.1f} MiB/s  {max(run[1] for run in runs):6.0f} MiB")
        print(f"full screen in all colours, {wish.minutes} minutes; processor seconds, MiB of memory, MiB written")
        for form, more in (("gif", ["--idle-limit", "off"]), ("movie", ["--idle-limit", "off"]), ("html", []), ("png", []), ("svg", [])):
            seconds, memory, size = export(wish.program, [long, "-f", form, *more], home)
            print(f"  {form:<16} {seconds:7.2f} s  {memory:6.0f} MiB  {size / 1024 / 1024:7.2f} MiB")
    finally:
        shutil.rmtree(home)


main()
