#!/usr/bin/env python3
"""Texts with known secrets, as tools of every day print them.

    contexts.py --seed S --out DIR [--rounds N] [--set first|second|third|fourth|wire]...

writes DIR/files/GROUP/CONTEXT_NNN.EXT and DIR/labels.jsonl, a label a line:
    {"id","file","kind","neg","ctx","enc","spans":[[start,end]],"tier","value"}
`neg`: something that looks like a secret and is none. The seed decides every byte. All values are made up here.
GROUP is `plain` (texts), `term` (texts as a terminal gets them: coloured, wrapped, typed) or `api` (AWS answers).
"""
import argparse, hashlib, json, os, sys

sys.dont_write_bytecode = True
import first, second, third, fourth, wire


def write(out, seed, rounds, sets):
    first.r.seed(int.from_bytes(hashlib.sha256(("contexts:" + seed).encode()).digest()[:8], "big"))
    labels, count = [], 0
    for name in sorted(first.C):
        group, ext, make, of = first.C[name]
        if sets and of not in sets:
            continue
        count += 1
        os.makedirs(os.path.join(out, "files", group), exist_ok=True)
        for number in range(rounds):
            file = f"{group}/{name}_{number:03}.{ext}"
            text, found = wire.rendered(make(), group == "term")
            with open(os.path.join(out, "files", file), "wb") as f:
                f.write(text)
            labels += [dict(label, file=file, ctx=name, enc=None) for label in found if label["spans"]]
    with open(os.path.join(out, "labels.jsonl"), "w") as f:
        f.writelines(json.dumps(dict(label, id=number)) + "\n" for number, label in enumerate(labels))
    return count, sum(not l["neg"] for l in labels), sum(l["neg"] for l in labels)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seed", default="1")
    arguments.add_argument("--out", required=True)
    arguments.add_argument("--rounds", type=int, default=6)
    arguments.add_argument("--set", action="append", default=[])
    a = arguments.parse_args()
    print("{} contexts, {} secrets, {} that are none".format(*write(a.out, a.seed, a.rounds, a.set)))
