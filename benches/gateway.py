#!/usr/bin/env python3
"""What the gateway costs a call and a stream, beside a bare hyper proxy and mitmproxy.

usage: benches/gateway.py [latency] [calls] [streams] [memory] [instructions]   (default: all but the last; seven minutes)
         [--quick] [--rounds N] [--no-build] [--no-mitmproxy] [--no-sandbox]

A stand-in for AWS (examples/peers) answers at once, over TLS; every way ends there. The ways take turns, so that a
machine that is busy with other things is unfair to all of them alike: look at the ratios. Prints Markdown: of all rounds
the best, and in parentheses the median. mitmproxy is installed into a Python environment of its own in ~/.cache/hoop.

  latency   milliseconds of a boto3 call (DynamoDB GetItem), each way
  calls     calls per second over 1, 8 and 32 connections, by a client that signs once; what processor time they cost
  streams   GB/s of 1 GiB up and down, not covered by the signature; upstream with and without TLS
  memory    hoop-run's resident memory over 100,000 calls
  instructions  instructions of hoop-run for a call, counted by valgrind's callgrind: the same however busy the machine is
"""
import argparse, json, os, queue, re, shutil, signal, statistics, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release")
PEERS = os.path.join(TARGET, "examples", "peers")
HOOP = os.path.join(TARGET, "hoop-run")
CACHE = os.environ.get("HOOP_CACHE", os.path.expanduser("~/.cache/hoop"))
PYTHON = os.path.join(CACHE, "venv", "bin", "python3")
MITMPROXY = os.path.join(CACHE, "mitmproxy")
HOST = "dynamodb.us-east-1.amazonaws.com"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
LIMIT = 120  # seconds that any single order may take

# Answers "N" with the nanoseconds of N calls.
BOTO = """
import json, sys, time, boto3
from botocore.config import Config
endpoint = sys.argv[1] if len(sys.argv) > 1 else None
client = boto3.client('dynamodb', region_name='us-east-1', endpoint_url=endpoint,
                      config=Config(retries={'total_max_attempts': 1}))
for line in sys.stdin:
    took = []
    for _ in range(int(line)):
        start = time.perf_counter_ns()
        client.get_item(TableName='orders', Key={'id': {'S': 'order-4711'}})
        took.append(time.perf_counter_ns() - start)
    print(json.dumps(took), flush=True)
"""


class Way:
    """A client at the end of a way: takes orders on its input, answers each with a line of JSON."""

    def __init__(self, name, command, env, home):
        self.name = name
        self.errors = open(os.path.join(home, f"{name.replace(' ', '-').replace('/', '-')}.err"), "w+")
        self.process = subprocess.Popen(command, env=env, cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True, bufsize=1)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def ask(self, order, limit=LIMIT):
        try:
            self.process.stdin.write(order + "\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=limit)
        except (BrokenPipeError, queue.Empty):
            line = None
        if line is None:
            self.errors.seek(0)
            sys.exit(f"{self.name}: no answer to `{order}`: {self.errors.read()[-2000:]}")
        return json.loads(line)

    def microseconds(self):
        """Of processor time so far, of the first process alone."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            words = stat.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) * 1e6 / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


class World:
    """The stand-in and everything that leads to it."""

    def __init__(self, args, home):
        self.args, self.home, self.running = args, home, []
        self.authority = os.path.join(home, "authority.pem")
        os.mkdir(os.path.join(home, "state"))
        self.plain, self.tls = self.ports([PEERS, "stub", self.authority])

    def env(self, **more):
        env = {"PATH": os.environ["PATH"], "HOME": self.home, "LANG": "C.UTF-8", "XDG_STATE_HOME": os.path.join(self.home, "state"),
               "SHELL": "/bin/sh", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", **KEYS,
               "SSL_CERT_FILE": self.authority, "AWS_CA_BUNDLE": self.authority}
        env.update(more)
        return {name: value for name, value in env.items() if value is not None}

    def ports(self, command):
        process = subprocess.Popen(command, env=self.env(), stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        return [int(word) for word in process.stdout.readline().split()]

    def upstream(self, tls=True):
        return f"https://127.0.0.1:{self.tls}" if tls else f"http://127.0.0.1:{self.plain}"

    def bare(self, tls=True):
        [port] = self.ports([PEERS, "proxy", self.upstream(tls)])
        return f"http://127.0.0.1:{port}"

    def hoop(self, name, command, capture, tls=True):
        """A client as hoop-run's program. `capture`: proxy, endpoint, or sandbox."""
        mode = "auto" if capture == "sandbox" else "off"
        wrapper = [HOOP, "--quiet", "--policy", "observe", "--sandbox", mode, "--"]
        more = {"HOOP_UPSTREAM_ENDPOINT_URL": self.upstream(tls), "HOOP_UPSTREAM_REGION": "us-east-1"}
        if capture != "sandbox":
            more["HOOP_GATEWAY_CAPTURE"] = capture
        return Way(name, wrapper + command, self.env(**more), self.home)

    def mitmproxy(self, mode):
        """Starts one; gives its port. `mode`: `regular` or `reverse`."""
        port = free_port()
        modes = {"regular": "regular", "reverse": f"reverse:{self.upstream()}"}
        folder = os.path.join(self.home, f"mitmproxy-{mode}")
        command = [os.path.join(MITMPROXY, "bin", "mitmdump"), "-q", "--mode", modes[mode], "--listen-host", "127.0.0.1",
                   "-p", str(port), "--set", f"confdir={folder}", "--set", "stream_large_bodies=1m", "--set", "flow_detail=0",
                   "--set", f"ssl_verify_upstream_trusted_ca={self.authority}", "--set", "connection_strategy=lazy"]
        self.running.append(subprocess.Popen(command, env=self.env(), stdout=subprocess.DEVNULL))
        wait_for(port)
        return port, os.path.join(folder, "mitmproxy-ca-cert.pem")

    def close(self):
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait()


def free_port():
    import socket
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


def wait_for(port):
    import socket
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


def best(values, pick=min, digits=2):
    return f"{pick(values):,.{digits}f} ({statistics.median(values):,.{digits}f})"


def latency(world, rounds, count):
    direct, boto = world.upstream(), [PYTHON, "-c", BOTO]
    ways = [
        ("direct", Way("direct", boto + [direct], world.env(), world.home)),
        ("bare hyper proxy, endpoint URL", Way("bare", boto + [world.bare()], world.env(), world.home)),
        ("hoop, proxy variables", world.hoop("hoop proxy", boto, "proxy")),
        ("hoop, endpoint URL", world.hoop("hoop endpoint", boto, "endpoint")),
    ]
    if not world.args.no_sandbox:
        ways.insert(2, ("hoop, sandbox", world.hoop("hoop sandbox", boto, "sandbox")))
    if not world.args.no_mitmproxy:
        port, authority = world.mitmproxy("regular")
        env = world.env(HTTPS_PROXY=f"http://127.0.0.1:{port}", AWS_CA_BUNDLE=authority)
        ways.append(("mitmproxy, proxy variables", Way("mitmproxy regular", boto + [direct], env, world.home)))
        port, _ = world.mitmproxy("reverse")
        ways.append(("mitmproxy, endpoint URL", Way("mitmproxy reverse", boto + [f"http://127.0.0.1:{port}"], world.env(), world.home)))
    figures = {name: ([], []) for name, _ in ways}
    for name, way in ways:
        way.ask("50")
    for turn in range(rounds):
        for name, way in ways if turn % 2 == 0 else reversed(ways):
            took = sorted(way.ask(str(count)))
            for into, share in zip(figures[name], (0.5, 0.99)):
                into.append(took[int((len(took) - 1) * share)] / 1e6)
    for _, way in ways:
        way.close()
    print("\n| a boto3 call, ms | p50 | added | p99 | to direct |\n|---|---|---|---|---|")
    for name, (middle, late) in figures.items():
        added = [here - there for here, there in zip(middle, figures["direct"][0])]
        ratio = [here / there for here, there in zip(late, figures["direct"][1])]
        more = ("–", "–") if name == "direct" else (f"{statistics.median(added):+.2f}", f"{statistics.median(ratio):.2f} times")
        print(f"| {name} | {best(middle)} | {more[0]} | {best(late)} | {more[1]} |", flush=True)


def calls(world, rounds, millis):
    load = [PEERS, "load"]
    captured = f"https://127.0.0.1:{world.tls}"
    ways = [
        ("direct", Way("load direct", load + [captured], world.env(), world.home)),
        ("bare hyper proxy", Way("load bare", load + [world.bare()], world.env(), world.home)),
        ("hoop, endpoint URL", world.hoop("load endpoint", ["sh", "-c", f'exec {PEERS} load "$AWS_ENDPOINT_URL"'], "endpoint")),
    ]
    if not world.args.no_sandbox:
        command = load + [f"https://{HOST}:443", HOST]
        ways.append(("hoop, sandbox (TLS)", world.hoop("load sandbox", command, "sandbox")))
    if not world.args.no_mitmproxy:
        port, _ = world.mitmproxy("reverse")
        ways.append(("mitmproxy, endpoint URL", Way("load mitmproxy", load + [f"http://127.0.0.1:{port}"], world.env(), world.home)))
    connections = [1, 8, 32]
    figures = {(name, count): [] for name, _ in ways for count in connections}
    for _, way in ways:
        way.ask("calls 4 100")
    for turn in range(rounds):
        for count in connections:
            for name, way in ways if turn % 2 == 0 else reversed(ways):
                before = way.microseconds()
                answer = way.ask(f"for {count} {millis}")
                spent = (way.microseconds() - before) / answer["calls"]
                figures[name, count].append((answer["calls"] / answer["seconds"], answer["p50_us"] / 1e3, spent))
    for _, way in ways:
        way.close()
    print("\n| calls per second; p50, ms | " + " | ".join(f"c={count}" for count in connections) + " |\n" + "|---" * 4 + "|")
    for name, _ in ways:
        cells = []
        for count in connections:
            rates, middles, _ = zip(*figures[name, count])
            cells.append(f"{best(rates, max, 0)}; {min(middles):.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    gateways = [name for name, _ in ways if name.startswith("hoop")]
    for way in gateways:
        spent = [statistics.median(spent for _, _, spent in figures[way, count]) for count in connections]
        print(f"\n{way}: {', '.join(f'{each:.0f}' for each in spent)} µs of processor time a call.")
    if not world.args.no_mitmproxy:
        for way in gateways:
            ratios = []
            for count in connections:
                pairs = zip(figures[way, count], figures["mitmproxy, endpoint URL", count])
                ratios.append(f"{statistics.median(here[0] / there[0] for here, there in pairs):.1f}")
            print(f"\n{way}: {', '.join(ratios)} times mitmproxy's calls per second.")


def streams(world, rounds, size):
    print("\n| " + f"{size >> 20} MiB" + ", GB/s | up, TLS upstream | down, TLS upstream | up, plain | down, plain |\n|---" + "|---" * 4 + "|")
    load = [PEERS, "load"]
    cells, ratios = {}, []
    for tls in (True, False):
        command = ["sh", "-c", f'exec {PEERS} load "$AWS_ENDPOINT_URL"']
        ways = [
            ("direct", Way("stream direct", load + [world.upstream(tls)], world.env(), world.home)),
            ("bare hyper proxy", Way("stream bare", load + [world.bare(tls)], world.env(), world.home)),
            ("hoop, endpoint URL", world.hoop("stream hoop", command, "endpoint", tls)),
        ]
        slow = []
        if tls and not world.args.no_mitmproxy:
            port, _ = world.mitmproxy("reverse")
            way = Way("stream mitmproxy", load + [f"http://127.0.0.1:{port}"], world.env(), world.home)
            slow = [("mitmproxy, endpoint URL", way)]
        figures = {(name, way): [] for name, _ in ways + slow for way in ("up", "down")}
        for turn in range(rounds):
            for direction in ("up", "down"):
                for name, way in ways if turn % 2 == 0 else reversed(ways):
                    answer = way.ask(f"{direction} {size}")
                    figures[name, direction].append(answer["bytes"] / answer["seconds"] / 1e9)
        for name, way in slow:
            for direction in ("up", "down"):
                answer = way.ask(f"{direction} {size // 8}")
                figures[name, direction].append(answer["bytes"] / answer["seconds"] / 1e9)
        for name, way in ways + slow:
            way.close()
            for direction in ("up", "down"):
                cells.setdefault(name, {})[tls, direction] = best(figures[name, direction], max)
        for direction in ("up", "down"):
            pairs = zip(figures["hoop, endpoint URL", direction], figures["bare hyper proxy", direction])
            share = statistics.median(100 * here / there for here, there in pairs)
            ratios.append(f"{direction}, {'TLS' if tls else 'plain'} {share:.0f} %")
    for name, row in cells.items():
        order = [(True, "up"), (True, "down"), (False, "up"), (False, "down")]
        print(f"| {name} | " + " | ".join(row.get(each, "–") for each in order) + " |")
    print("\nhoop's share of the bare proxy's: " + ", ".join(ratios) + ".", flush=True)


def memory(world, count):
    """Resident memory of hoop-run after each tenth of so many calls."""
    command = ["sh", "-c", f'exec {PEERS} load "$AWS_ENDPOINT_URL"']
    way = world.hoop("memory", command, "endpoint")
    way.ask("calls 8 1000")
    samples, rates = [resident(way.process.pid)], []
    for _ in range(10):
        answer = way.ask(f"calls 8 {count // 10}")
        rates.append(answer["calls"] / answer["seconds"])
        samples.append(resident(way.process.pid))
    way.close()
    print(f"\nMemory of hoop-run, MiB, after 1,000 calls and then after each {count // 10:,} of {count:,}: "
          + ", ".join(f"{sample:.1f}" for sample in samples)
          + f". Calls per second over 8 connections, first and last tenth: {rates[0]:,.0f}, {rates[-1]:,.0f}.", flush=True)


def instructions(world, count):
    """Without SHA-256, for which processors have instructions that valgrind does not know."""
    out = os.path.join(world.home, "callgrind.out")
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", HOOP, "--quiet", "--policy",
               "observe", "--sandbox", "off", "--", "sh", "-c", f'exec {PEERS} load "$AWS_ENDPOINT_URL"']
    env = world.env(HOOP_UPSTREAM_ENDPOINT_URL=world.upstream(), HOOP_UPSTREAM_REGION="us-east-1", HOOP_GATEWAY_CAPTURE="endpoint")
    way = Way("instructions", command, env, world.home)
    way.ask("calls 4 200")
    for switch, order in [("on", f"calls 4 {count}"), ("off", "calls 1 1")]:
        control = ["callgrind_control", "-i", switch, str(way.process.pid)]
        subprocess.run(control, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        way.ask(order)
    way.close()
    annotated = subprocess.run(["callgrind_annotate", "--threshold=90", out], check=True, capture_output=True, text=True).stdout
    costs = {}
    for line in annotated.splitlines():
        found = re.match(r"\s*([\d,]+) \([ \d.]+%\)\s+(\S.*)", line)
        if found:
            costs[found[2]] = int(found[1].replace(",", ""))
    total = costs.pop("PROGRAM TOTALS")
    hashing = sum(cost for name, cost in costs.items() if "sha2::sha256" in name)
    memory = sum(cost for name, cost in costs.items() if "malloc" in name)
    print(f"\nInstructions of hoop-run for a call, thousands: {(total - hashing) / count / 1e3:.0f} without SHA-256, of which memory "
          f"management {memory / count / 1e3:.0f}; SHA-256 in software {hashing / count / 1e3:.0f} more.", flush=True)


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        [line] = [line for line in status if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def install():
    """mitmproxy, in an environment of its own: it pins what others need newer."""
    if os.path.exists(os.path.join(MITMPROXY, "bin", "mitmdump")):
        return True
    print("installing mitmproxy", file=sys.stderr)
    try:
        subprocess.run([sys.executable, "-m", "venv", MITMPROXY], check=True)
        pip = [os.path.join(MITMPROXY, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "mitmproxy"]
        subprocess.run(pip, check=True, timeout=300)
        return True
    except (subprocess.SubprocessError, OSError) as error:
        shutil.rmtree(MITMPROXY, ignore_errors=True)
        print(f"mitmproxy cannot be installed ({error}); it is left out", file=sys.stderr)
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=[])
    parser.add_argument("--rounds", type=int, default=0)
    for flag in ("quick", "no-build", "no-mitmproxy", "no-sandbox"):
        parser.add_argument(f"--{flag}", action="store_true")
    args = parser.parse_args()
    what = args.what or ["latency", "calls", "streams", "memory"]
    if not args.no_build:
        command = ["cargo", "build", "--release", "--bin", "hoop-run", "--example", "peers"]
        subprocess.run(command, cwd=ROOT, check=True)
    if not args.no_mitmproxy and not install():
        args.no_mitmproxy = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="bench") as home:
        world = World(args, home)
        try:
            if "latency" in what:
                latency(world, args.rounds or (3 if args.quick else 15), 100 if args.quick else 200)
            if "calls" in what:
                calls(world, args.rounds or (1 if args.quick else 5), 500 if args.quick else 1500)
            if "streams" in what:
                streams(world, args.rounds or (1 if args.quick else 5), (256 << 20) if args.quick else (1 << 30))
            if "memory" in what:
                memory(world, 10_000 if args.quick else 100_000)
            if "instructions" in what:
                instructions(world, 500)
        finally:
            world.close()


if __name__ == "__main__":
    main()
