#!/usr/bin/env python3
"""What `hoopctl mask scan` finds and leaves, beside kingfisher, credsweeper, detect-secrets and ripsecrets.

usage: benches/masking.py [--seed S]... [--set first|second|third|wire]... [--rounds N] [--hoopctl PATH]
         [--corpus DIR [--tier N]] [--only TOOL]... [--by-context]

Makes texts with known secrets (tests/masking/contexts.py), lets each tool look for them, and prints a Markdown table:

  recall50   secrets of which at least half the bytes were found, in percent
  recall100  secrets of which every byte was found: what masking needs
  leaked     bytes of secrets that were not found, in percent
  precision  findings that are secrets, at least by half
  wrong      of the texts that look like secrets and are none, how many were found
  plain/terminal/api  recall100 of files, of what a terminal gets, of AWS answers

`--corpus DIR` scores other texts instead: DIR/files/{plain,term,api}/… and DIR/labels.jsonl. The peers are installed, once,
into ~/.cache/hoop/peers, in the versions below; ripsecrets only where cargo can. They are alerting tools, made for source
code: a finding that shows the line is enough for them, so recall100 is not what they aim at; recall50 is fairer to them.
"""
import argparse, bisect, collections, json, os, shutil, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = os.environ.get("HOOP_CACHE", os.path.expanduser("~/.cache/hoop"))
PEERS = os.path.join(CACHE, "peers")
PYPI = {"kingfisher-bin": "2.14.0", "credsweeper": "1.19.5", "detect-secrets": "1.5.0"}
RIPSECRETS = "0.1.11"
LIMIT = 1800  # seconds that any tool may take
GROUPS = {"plain": "plain", "terminal": "term", "api": "api"}

DETECT = """
import json, os, sys
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings
with default_settings():
    for folder, _, names in os.walk('.'):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name))
            for found in scan_file(path):
                print(json.dumps([path, found.line_number, found.secret_value]))
"""


def install():
    """The peers, in an environment of their own."""
    stamp, want = os.path.join(PEERS, ".stamp"), json.dumps([PYPI, sys.version])
    if not (os.path.exists(stamp) and open(stamp).read() == want):
        subprocess.run([sys.executable, "-m", "venv", PEERS], check=True, timeout=LIMIT)
        packages = [f"{name}=={version}" for name, version in PYPI.items()]
        subprocess.run([tool("pip"), "install", "--quiet", "--disable-pip-version-check", *packages], check=True, timeout=LIMIT)
        with open(stamp, "w") as f:
            f.write(want)
    if not os.path.exists(tool("ripsecrets")) and shutil.which("cargo"):
        order = ["cargo", "install", "--quiet", "--locked", "ripsecrets", "--version", RIPSECRETS, "--root", PEERS]
        subprocess.run(order, check=False, timeout=LIMIT)


def tool(name):
    return os.path.join(PEERS, "bin", name)


def run(order, folder, **rest):
    return subprocess.run(order, cwd=folder, capture_output=True, timeout=LIMIT, **rest).stdout.decode(errors="replace")


class Places:
    """Where texts that a tool names by line stand in a file's bytes."""

    def __init__(self, folder):
        self.folder, self.files = folder, {}

    def find(self, file, line, text):
        """Places of `text` from the line on; the tools count lines from 1."""
        if file not in self.files:
            raw = open(os.path.join(self.folder, file), "rb").read()
            starts = [0] + [at + 1 for at, byte in enumerate(raw) if byte == 10]
            self.files[file] = raw, starts
        raw, starts = self.files[file]
        wanted = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        start = starts[min(max(line - 1, 0), len(starts) - 1)]
        end = raw.find(b"\n", start)
        end = len(raw) if end < 0 else end
        at = raw.find(wanted, start)
        # Some count lines otherwise, where carriage returns stand in them.
        at = raw.find(wanted) if at < 0 or at > end and b"\r" in raw else at
        return [(file, at, at + len(wanted))] if wanted and at >= 0 else []


def hoop(folder, hoopctl):
    def scan(kind, groups):
        groups = [group for group in groups if os.path.isdir(os.path.join(folder, group))]
        return run([hoopctl, "mask", "scan", "--packs", "default, pii", "--exit-zero", "--json", *kind, *groups], folder) if groups else ""
    for line in (scan([], ["plain", "api"]) + scan(["--type", "terminal"], ["term"])).splitlines():
        found = json.loads(line)
        yield found["file"], found["start"], found["end"]


def kingfisher(folder, _):
    places = Places(folder)
    order = [tool("kingfisher"), "scan", ".", "--format", "jsonl", "--no-validate", "--confidence", "low", "--no-update-check", "--no-dedup"]
    for line in run(order, folder).splitlines():
        found = json.loads(line).get("finding") if line.startswith("{") else None
        if found:
            file = os.path.relpath(os.path.join(folder, found["path"]), folder)
            for text in [found["snippet"], *found.get("dependent_captures", {}).values()]:
                yield from places.find(file, found["line"], text)


def credsweeper(folder, _):
    places = Places(folder)
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        run([tool("credsweeper"), "--path", ".", "--save-json", out.name], folder)
        for found in json.load(open(out.name)):
            for line in found["line_data_list"]:
                file = os.path.relpath(os.path.join(folder, line["path"]), folder)
                yield from places.find(file, line["line_num"], line["value"])


def detect_secrets(folder, _):
    places = Places(folder)
    for line in run([tool("python"), "-c", DETECT], folder).splitlines():
        yield from places.find(*json.loads(line))


def ripsecrets(folder, _):
    places = Places(folder)
    for line in run([tool("ripsecrets"), "--only-matching", "."], folder).splitlines():
        file, number, text = (line.split(":", 2) + ["", ""])[:3]
        if number.isdigit():
            yield from places.find(os.path.normpath(file), int(number), text)


TOOLS = {"hoop": hoop, f"kingfisher {PYPI['kingfisher-bin']}": kingfisher, f"credsweeper {PYPI['credsweeper']}": credsweeper,
         f"detect-secrets {PYPI['detect-secrets']}": detect_secrets, f"ripsecrets {RIPSECRETS}": ripsecrets}


def union(ranges):
    out = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return out


def covered(ranges, start, end):
    """Bytes of start..end that the sorted, disjoint `ranges` cover."""
    at, count = max(bisect.bisect_right(ranges, [start, 1 << 60]) - 1, 0), 0
    while at < len(ranges) and ranges[at][0] < end:
        count += max(0, min(end, ranges[at][1]) - max(start, ranges[at][0]))
        at += 1
    return count


def score(labels, findings, tier):
    """Counts for one tool."""
    by_file = collections.defaultdict(set)
    for file, start, end in findings:
        by_file[file].add((start, end))
    found = {file: union(ranges) for file, ranges in by_file.items()}
    secrets, sums = collections.defaultdict(list), collections.Counter()
    groups, contexts = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    for label in labels:
        length = sum(end - start for start, end in label["spans"])
        count = sum(covered(found.get(label["file"], []), start, end) for start, end in label["spans"])
        if label["neg"]:
            sums["negatives"] += 1
            sums["wrong"] += count > 0 and count * 2 >= length
            continue
        secrets[label["file"]] += label["spans"]
        if label["tier"] > tier:
            continue
        counts = collections.Counter(all=1, half=count * 2 >= length, whole=count == length, bytes=length, leaked=length - count)
        sums += counts
        groups[label["file"].split("/")[0]] += counts
        contexts[label["ctx"]] += counts
    for file, ranges in by_file.items():
        known = union(secrets[file])
        for start, end in ranges:
            hit = covered(known, start, end)
            whole = any(covered([[start, end]], *span) * 2 >= span[1] - span[0] for span in secrets[file]) if hit else False
            sums["right" if hit * 2 >= end - start or whole else "false"] += 1
    return sums, groups, contexts


def percent(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "–"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seed", action="append", default=[])
    arguments.add_argument("--set", action="append", default=[])
    arguments.add_argument("--rounds", type=int, default=4)
    arguments.add_argument("--hoopctl", default=os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "hoopctl"))
    arguments.add_argument("--corpus")
    arguments.add_argument("--tier", type=int, default=1, help="1: credentials; 2: names of credentials, cookies, hashes too; 3: personal data too")
    arguments.add_argument("--only", action="append", default=[])
    arguments.add_argument("--by-context", action="store_true")
    a = arguments.parse_args()
    a.hoopctl = os.path.abspath(a.hoopctl)
    if not os.path.exists(a.hoopctl):
        sys.exit(f"there is no {a.hoopctl}\n  fix: cargo build --release --bin hoopctl, or give --hoopctl PATH")
    wanted = [name for name in TOOLS if not a.only or name.split()[0] in a.only]
    if wanted != ["hoop"]:
        install()
    with tempfile.TemporaryDirectory() as made:
        folders = [a.corpus] if a.corpus else []
        for seed in (a.seed or ["1"]) if not a.corpus else []:
            folders.append(os.path.join(made, seed))
            order = [sys.executable, os.path.join(ROOT, "tests", "masking", "contexts.py"), "--seed", seed, "--out", folders[-1], "--rounds", str(a.rounds)]
            print(f"seed {seed}:", subprocess.run(order + [word for name in a.set for word in ("--set", name)], check=True, capture_output=True, text=True).stdout.strip(), file=sys.stderr)
        print("| tool | recall50 | recall100 | leaked | precision | wrong | plain | terminal | api |\n|---|---|---|---|---|---|---|---|---|")
        for name in wanted:
            if name.startswith("ripsecrets") and not os.path.exists(tool("ripsecrets")):
                continue
            sums, groups, contexts = collections.Counter(), collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
            for folder in folders:
                files = os.path.abspath(os.path.join(folder, "files"))
                labels = [json.loads(line) for line in open(os.path.join(folder, "labels.jsonl"))]
                parts = score(labels, list(TOOLS[name](files, a.hoopctl)), a.tier)
                sums += parts[0]
                for whole, part in zip((groups, contexts), parts[1:]):
                    for key, counts in part.items():
                        whole[key] += counts
            of_group = [percent(groups[group]["whole"], groups[group]["all"]) for group in GROUPS.values()]
            row = [name, percent(sums["half"], sums["all"]), percent(sums["whole"], sums["all"]), percent(sums["leaked"], sums["bytes"]),
                   percent(sums["right"], sums["right"] + sums["false"]), f"{sums['wrong']} of {sums['negatives']}", *of_group]
            print("| " + " | ".join(row) + " |", flush=True)
            if a.by_context:
                for context in sorted(contexts, key=lambda context: contexts[context]["whole"] / contexts[context]["all"]):
                    print(f"    {context:32} {percent(contexts[context]['whole'], contexts[context]['all']):>6} of {contexts[context]['all']}")


if __name__ == "__main__":
    main()
