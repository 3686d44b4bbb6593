#!/usr/bin/env python3
"""How much the sandbox and the command log cost a program, next to the program alone.

usage: benches/sandbox.py [startup] [workloads]      (default: both)
         [--runs N] [--no-build]

The ways take turns, so that a machine that is busy with other things is unfair to all of them alike: look at the
ratios of the least times. Prints Markdown. Standard library only; a workload whose tools are missing is left out.
"""
import argparse, os, shutil, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
HOOP = [os.path.join(TARGET, "release", "hoop-run"), "--quiet", "--headless", "--policy", "observe"]
WAYS = [("alone", []), ("sandbox off", HOOP + ["--sandbox", "off", "--"]), ("sandbox", HOOP + ["--"])]

SHELL_LOOP = "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done"
# As configure scripts do: a question is a small source, the compiler's answer, some text tools.
CONFIGURE = """
i=0; while [ $i -lt 40 ]; do
  echo "#include <stdio.h>\\nint main(void){return $i;}" > conftest.c; sed -n 2p conftest.c | grep -q main; expr $i + 1 >/dev/null
  cc -c conftest.c -o conftest.o || exit 1; test -f conftest.o && rm -f conftest.c conftest.o; i=$((i+1))
done"""
MAKE = "make -s clean && make -s -j2 all"
NPM = "npm --version >/dev/null; npm ls >/dev/null 2>&1; npm pkg get name >/dev/null"


def environment(home):
    return {"PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm", "LANG": "C.UTF-8", "SHELL": "/bin/sh",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "us-east-1"}


def once(command, home):
    begin = time.perf_counter()
    done = subprocess.run(command, env=environment(home), cwd=os.path.join(home, "work"), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    took = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{command} failed: {done.stderr.decode()}")
    return took


def compare(name, program, runs, home, unit):
    times = {way: [] for way, _ in WAYS}
    for _ in range(runs):
        for way, wrapper in WAYS:
            times[way].append(once(wrapper + program, home))
    scale, digits = (1000, 2) if unit == "ms" else (1, 2)
    least = {way: min(taken) for way, taken in times.items()}
    cells = []
    for way, taken in times.items():
        text = f"{least[way] * scale:.{digits}f} ({statistics.median(taken) * scale:.{digits}f})"
        if way != "alone" and unit == "s":
            text += f" {100 * (least[way] / least['alone'] - 1):+.1f} %"
        cells.append(text)
    print(f"| {name}, {unit} | " + " | ".join(cells) + " |", flush=True)


def sources(work):
    for number in range(40):
        with open(os.path.join(work, f"f{number}.c"), "w") as file:
            functions = "".join(f"int f{number}_{i}(int x){{return x*{i}+{number};}}\n" for i in range(200))
            file.write(functions)
    with open(os.path.join(work, "Makefile"), "w") as file:
        file.write("O=$(patsubst %.c,%.o,$(wildcard f*.c))\nall: $O\n%.o: %.c\n\tcc -O1 -c $< -o $@\nclean:\n\trm -f *.o\n")
    with open(os.path.join(work, "package.json"), "w") as file:
        file.write('{"name": "bench", "version": "1.0.0"}\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=[])
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--no-build", action="store_true")
    args = parser.parse_args()
    what = args.what or ["startup", "workloads"]
    if not args.no_build:
        subprocess.run(["cargo", "build", "--release", "--bin", "hoop-run"], cwd=ROOT, check=True)
    print("| least (median) | " + " | ".join(way for way, _ in WAYS) + " |\n|---|" + "---|" * len(WAYS))
    with tempfile.TemporaryDirectory(prefix="bench") as home:
        work = os.path.join(home, "work")
        os.mkdir(work)
        sources(work)
        if "startup" in what:
            compare("start and end of `true`", ["/bin/true"], args.runs or 100, home, "ms")
        if "workloads" in what:
            runs = args.runs or 9
            compare("nothing but starts: /bin/true 300 times", ["sh", "-c", SHELL_LOOP], runs, home, "s")
            if shutil.which("make") and shutil.which("cc"):
                compare("like configure, 40 questions", ["sh", "-c", CONFIGURE], runs, home, "s")
                compare("make -j2, 40 files of C", ["sh", "-c", MAKE], runs, home, "s")
            if shutil.which("npm"):
                compare("npm, three times", ["sh", "-c", NPM], runs, home, "s")


if __name__ == "__main__":
    main()
