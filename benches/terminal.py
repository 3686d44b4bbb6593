#!/usr/bin/env python3
"""How much hoop-run costs on a terminal, next to a bare copier (and asciinema, where it is installed).

usage: benches/terminal.py [startup] [throughput] [latency] [stall]      (default: all)
         [--runs N] [--size MIB] [--keys N] [--no-build]

Opens a terminal, runs each program on it and reads as fast as it can, as a terminal does. The programs take turns, so
that a machine that is busy with other things is unfair to all of them alike: look at the ratios. Standard library only.

  startup     milliseconds from start to end of `true`
  throughput  seconds for SIZE MiB of log text through `cat`; CPU seconds of the program alone
  latency     microseconds from a key to its echo, idle and while output floods the terminal
  stall       memory of the program (MiB) before and after the terminal did not read for 3 s
"""
import argparse, fcntl, os, random, select, shutil, signal, statistics, struct, subprocess, sys, tempfile, termios, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build():
    command = ["cargo", "build", "--release", "--bin", "hoop-run", "--example", "bare_copier"]
    subprocess.run(command, cwd=ROOT, check=True)


def programs(home):
    target = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release")
    found = [
        ("no wrapper", []),
        ("bare copier", [os.path.join(target, "examples", "bare_copier")]),
        ("hoop-run", [os.path.join(target, "hoop-run"), "--quiet", "--sandbox", "off", "--no-gateway", "--"]),
    ]
    if shutil.which("asciinema"):
        found.append(("asciinema", None))
    return found


def argv(wrapper, child, home):
    if wrapper is None:
        import shlex
        cast = os.path.join(home, "a.cast")
        return ["asciinema", "rec", "-q", "--overwrite", "-c", shlex.join(child), cast]
    return wrapper + child


def spawn(command, home):
    """Starts `command` on a new terminal of 80x24; gives pid, the terminal's other end, and when."""
    master = os.posix_openpt(os.O_RDWR | os.O_NOCTTY) if hasattr(os, "posix_openpt") else None
    if master is None:
        master, slave = os.openpty()
        name = os.ttyname(slave)
    else:
        os.grantpt(master), os.unlockpt(master)
        name, slave = os.ptsname(master), None
    os.set_inheritable(master, False)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {"PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8", "SHELL": "/bin/sh"}
    actions = [(os.POSIX_SPAWN_OPEN, 0, name, os.O_RDWR, 0), (os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
    begin = time.perf_counter()
    program = shutil.which(command[0]) or command[0]
    pid = os.posix_spawn(program, command, env, file_actions=actions, setsid=True)
    if slave is not None:
        os.close(slave)
    return pid, master, begin


def drain(master):
    total = 0
    while True:
        try:
            got = os.read(master, 1 << 18)
        except OSError:
            return total
        if not got:
            return total
        total += len(got)


def run(command, home):
    """Runs to the end: (seconds, CPU seconds, bytes shown)."""
    pid, master, begin = spawn(command, home)
    total = drain(master)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - begin
    os.close(master)
    if status:
        raise SystemExit("%s failed: %s" % (command, status))
    return seconds, usage.ru_utime + usage.ru_stime, total


def rounds(o, one):
    """Each program once per round; a list of results each."""
    results = {name: [] for name, _ in o.programs}
    for number in range(o.runs):
        turn = number % len(o.programs)
        for name, wrapper in o.programs[turn:] + o.programs[:turn]:
            results[name].append(one(wrapper))
            shutil.rmtree(os.path.join(o.home, ".local"), ignore_errors=True)
    return results


def ratio(results, name, base, index):
    return statistics.median(a[index] / b[index] for a, b in zip(results[name], results[base]) if b[index])


def startup(o):
    results = rounds(argparse.Namespace(**{**vars(o), "runs": o.runs * 6}), lambda w: run(argv(w, ["true"], o.home), o.home))
    print("%-12s %9s %9s %14s" % ("start-up", "ms", "CPU ms", "x bare copier"))
    for name, _ in o.programs:
        wall, cpu, _ = (statistics.median(values) * 1e3 for values in zip(*results[name]))
        print("%-12s %9.2f %9.2f %14.2f" % (name, wall, cpu, ratio(results, name, "bare copier", 0)))


def text(size, path):
    """Log text, the same on every machine."""
    dice = random.Random(1)
    words = "request handled connection accepted retry scheduled cache miss session expired policy checked".split()
    block = []
    for number in range(20000):
        said = " ".join(dice.choice(words) for _ in range(dice.randint(3, 12)))
        block.append("2026-01-01T00:%02d:%02d.%03dZ %-5s [worker-%d] %s id=%032x rt=%.3f\n" % (
            number // 60 % 60, number % 60, dice.randint(0, 999), dice.choice(("INFO", "WARN", "DEBUG")),
            dice.randint(1, 9), said, dice.getrandbits(128), dice.random()))
    block = "".join(block).encode()
    with open(path, "wb") as file:
        while file.tell() < size << 20:
            file.write(block[:(size << 20) - file.tell()])


def throughput(o):
    data = os.path.join(o.home, "log")
    text(o.size, data)
    results = rounds(o, lambda w: run(argv(w, ["cat", data], o.home), o.home))
    print("%-12s %9s %9s %9s %14s %14s" % ("throughput", "s", "MiB/s", "CPU s", "x bare copier", "x its CPU"))
    for name, _ in o.programs:
        wall, cpu, _ = (statistics.median(values) for values in zip(*results[name]))
        print("%-12s %9.2f %9.1f %9.2f %14.2f %14.2f" % (
            name, wall, o.size / wall, cpu, ratio(results, name, "bare copier", 0), ratio(results, name, "bare copier", 1)))
    shown = {total for values in results.values() for _, _, total in values}
    print("every byte shown: %s" % ("yes" if len(shown) == 1 else "NO: %s" % sorted(shown)))
    os.unlink(data)


FLOOD = "while :; do printf '%s\\n' 'the quick brown fox jumps over the lazy dog 0123456789 the quick brown fox'; done & "


def echo(o, wrapper, flood):
    child = ["sh", "-c", "stty raw -echo; printf REA''DY; %sexec cat" % (FLOOD if flood else "")]
    pid, master, _ = spawn(argv(wrapper, child, o.home), o.home)
    seen = b""
    while b"READY" not in seen:
        seen = (seen + os.read(master, 65536))[-65536:]
    time.sleep(0.2)
    times, mark, sent = [], b"\x06", 0.0
    poll = select.poll()
    poll.register(master, select.POLLIN)
    due = time.perf_counter()
    while len(times) < o.keys + 20:
        now = time.perf_counter()
        if not sent and now >= due:
            sent = now
            os.write(master, mark)
        if not sent and not flood:
            time.sleep(max(0, due - now))
            continue
        if poll.poll(1000 if sent else 1) and mark in os.read(master, 65536) and sent:
            times.append((time.perf_counter() - sent) * 1e6)
            sent, due = 0.0, time.perf_counter() + 0.002
    os.killpg(pid, signal.SIGKILL)

    os.close(master)
    os.wait4(pid, 0)
    return sorted(times[20:])


def latency(o):
    print("%-12s %18s %18s" % ("key echo, us", "idle p50 / p99", "flood p50 / p99"))
    for name, wrapper in o.programs:
        line = "%-12s" % name
        for flood in (False, True):
            times = echo(o, wrapper, flood)
            line += " %18s" % ("%.0f / %.0f" % (times[len(times) // 2], times[len(times) * 99 // 100]))
        print(line)


def memory(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024
    except (OSError, StopIteration):
        return float("nan")


def stall(o):
    data = os.path.join(o.home, "log")
    text(o.size, data)
    print("%-12s %9s %9s" % ("stall, MiB", "before", "after 3 s"))
    for name, wrapper in o.programs[1:]:
        pid, master, _ = spawn(argv(wrapper, ["cat", data], o.home), o.home)
        total = 0
        while total < 1 << 20:
            total += len(os.read(master, 65536))
        before = memory(pid)
        time.sleep(3)
        print("%-12s %9.1f %9.1f" % (name, before, memory(pid)))
        drain(master)
        os.wait4(pid, 0)
        os.close(master)
    os.unlink(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=[[], "startup", "throughput", "latency", "stall"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--keys", type=int, default=500)
    parser.add_argument("--no-build", action="store_true")
    o = parser.parse_args()
    if not o.no_build:
        build()
    memory_folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory_folder) as home:
        o.home, o.programs = home, programs(home)
        for what in o.what or ["startup", "throughput", "latency", "stall"]:
            {"startup": startup, "throughput": throughput, "latency": latency, "stall": stall}[what](o)


if __name__ == "__main__":
    main()
