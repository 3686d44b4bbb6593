#!/usr/bin/env python3
"""The machine outside, as the sandbox's tests need it, and the attack probe in it.

usage: world.py ORDERS.json

Makes a network of its own that answers on every address, a process with credentials, listening sockets, a key in the
keyring, a terminal; runs the wrapper with probe.py in it, on a terminal; prints, as JSON, what the probe found and what
was seen from outside. Runs as root (then it becomes the user that the orders name) or as an ordinary user.

Orders: uid, gid, folder (the user's, made by the test), wrapper (argv before the probe; none: the probe alone),
recorder (the wrapper is a hoop-run), program (its file), environment.
"""
import ctypes, json, os, pty, shutil, socket, struct, subprocess, sys, tempfile, threading, time

libc = ctypes.CDLL(None, use_errno=True)
CANARY = "cAnArY-%s-oUtSiDe" % os.urandom(6).hex()
HERE = os.path.dirname(os.path.abspath(__file__))
PORTS = [22, 25, 53, 80, 443, 2375, 5432, 8080]
ARM = os.uname().machine == "aarch64"


LITTER = []


def litter(path):
    """Removed at the end."""
    LITTER.append(path)
    return path


def done(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def netlink(kind, flags, body, attributes=b""):
    with socket.socket(16, socket.SOCK_RAW, 0) as s:
        s.send(struct.pack("IHHII", 16 + len(body) + len(attributes), kind, 5 | flags, 1, 0) + body + attributes)
        code = struct.unpack("i", s.recv(4096)[16:20])[0]
        if code:
            raise OSError(-code, "netlink")


def own_network():
    """A network namespace in which every address is this machine's; False where there is none to be had."""
    flags = 0x40000000 | 0x20000  # CLONE_NEWNET, CLONE_NEWNS
    uid, gid = os.getuid(), os.getgid()
    if uid:
        flags |= 0x10000000
    if libc.unshare(flags) < 0:
        return False
    if uid:
        for file, text in (("uid_map", "%d %d 1" % (uid, uid)), ("setgroups", "deny"), ("gid_map", "%d %d 1" % (gid, gid))):
            with open("/proc/self/" + file, "w") as out:
                out.write(text)
    done(libc.mount(b"none", b"/", None, ctypes.c_ulong(16384 | 1 << 18), None))
    netlink(16, 0, struct.pack("BxHiII", 0, 0, 1, 1, 1))  # RTM_NEWLINK: lo up
    for family in (socket.AF_INET, socket.AF_INET6):
        # RTM_NEWROUTE: local default dev lo, in the table of local addresses
        oif = struct.pack("HHi", 8, 4, 1)
        netlink(24, 0x600, struct.pack("BBBBBBBBI", family, 0, 0, 0, 255, 3, 254 if family == socket.AF_INET else 0, 2, 0), oif)
    return True


def listener(family, port):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(41, socket.IPV6_V6ONLY, 1)
    s.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
    s.listen(64)
    return s


def udp(family, port):
    s = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        s.setsockopt(41, socket.IPV6_V6ONLY, 1)
    s.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
    return s


def in_background(work, *arguments):
    threading.Thread(target=work, args=arguments, daemon=True).start()


def said_to(peer):
    body = "%s peer=%d;" % (CANARY, peer)
    return ("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).encode()


def serve(s, is_unix=False):
    def one(client, peer):
        try:
            client.settimeout(10)
            if is_unix:
                client.sendall(CANARY.encode())
            else:
                client.recv(4096)
                client.sendall(said_to(peer))
        except OSError:
            pass
        client.close()

    while True:
        client, address = s.accept()
        in_background(one, client, 0 if is_unix else address[1])


def serve_udp(s):
    while True:
        _, address = s.recvfrom(4096)
        s.sendto(said_to(address[1]), address)


def serve_datagrams(s):
    while True:
        _, address = s.recvfrom(4096)
        s.sendto(CANARY.encode(), address)


def shared_memory():
    """A System V segment with the canary: its key, and its number to remove it by."""
    key = int.from_bytes(os.urandom(3), "big") + 1
    number = done(libc.shmget(key, 4096, 0o1600))
    libc.shmat.restype = ctypes.c_void_p
    ctypes.memmove(libc.shmat(number, None, 0), CANARY.encode(), len(CANARY))
    return key, number


def unix(path):
    s = socket.socket(socket.AF_UNIX)
    if not path.startswith("\0"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path):
            os.unlink(path)
    s.bind(path)
    s.listen(8)
    in_background(serve, s, True)
    return path


VICTIM = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(2**64 - 1), 0, 0, 0)  # whoever may trace by the other rules may trace
secret = ctypes.create_string_buffer(os.environ["AWS_SECRET_ACCESS_KEY"].encode())
fd = os.open(sys.argv[1], os.O_RDONLY)
print(ctypes.addressof(secret), fd, flush=True)
sys.stdin.read()
"""


def started(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rsplit(")", 1)[1].split()[19]


def state_of(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def write(path, text=CANARY):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def handle_of(path):
    """name_to_handle_at(2): what leads to a file without its path."""
    buffer = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
    mount = ctypes.c_int()
    if libc.syscall(264 if ARM else 303, -100, path.encode(), buffer, ctypes.byref(mount), 0) < 0:
        return [0, ""]
    count, kind = struct.unpack("Ii", buffer.raw[:8])
    return [kind, buffer.raw[8:8 + count].hex()]


def key_in_session():
    keyctl, add_key = (219, 217) if ARM else (250, 248)
    if libc.syscall(keyctl, 1, None) < 0:  # KEYCTL_JOIN_SESSION_KEYRING
        return None
    name = "hoop-test-%d" % os.getpid()
    serial = libc.syscall(add_key, b"user", name.encode(), CANARY.encode(), ctypes.c_size_t(len(CANARY)), -3)
    if serial < 0:
        return None
    # As key stores do it: whoever has this user id may read.
    libc.syscall(keyctl, 5, serial, 0x3F3F0000)  # KEYCTL_SETPERM
    return {"name": name, "serial": serial}


def main():
    with open(sys.argv[1]) as file:
        orders = json.load(file)
    folder, home = orders["folder"], orders["folder"] + "/home"
    try:
        has_network = own_network()
    except OSError:
        has_network = False
    if os.getuid() == 0 and orders["uid"] == 0 and not has_network and not orders["recorder"]:
        raise SystemExit("no namespace to be root in: too dangerous")
    high, tcp6 = None, True
    listeners = []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            first = listener(family, high or 0)
            high = high or first.getsockname()[1]
            listeners.append(first)
            in_background(serve_udp, udp(family, high))
            if has_network:
                listeners += [listener(family, port) for port in PORTS]
                for port in (53, 443):
                    in_background(serve_udp, udp(family, port))
        except OSError:
            tcp6 = family != socket.AF_INET6
    for one in listeners:
        in_background(serve, one)
    runtime = "/run/user/%d" % orders["uid"]
    if os.getuid() == 0 and not os.path.exists(runtime):
        os.makedirs(runtime, 0o700)
        os.chown(runtime, orders["uid"], orders["gid"])
    if orders["uid"] != os.getuid():
        os.setgroups([])
        os.setgid(orders["gid"])
        os.setuid(orders["uid"])
        libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: as any process of this user
    try:
        print(json.dumps(run(orders, folder, home, runtime, has_network, high, tcp6)))
    finally:
        for path in LITTER:
            shutil.rmtree(path, ignore_errors=True)
            if os.path.exists(path):
                os.unlink(path)


def run(orders, folder, home, runtime, has_network, high, tcp6):
    work = home + "/repository"
    os.makedirs(work, exist_ok=True)
    spot = folder + "/probe"
    os.makedirs(spot, exist_ok=True)
    elsewhere = folder + "/elsewhere"
    state, config = home + "/.local/state/hoop", home + "/.config/hoop"
    write(config + "/canary")
    files = {
        "~/.aws/credentials": write(home + "/.aws/credentials", "[default]\naws_access_key_id = AKIAREALKEY2TEST2345\naws_secret_access_key = %s\n" % CANARY),
        "~/.aws/sso/cache": write(home + "/.aws/sso/cache/token.json"),
        "~/.aws/cli/cache": write(home + "/.aws/cli/cache/role.json"),
        "AWS_SHARED_CREDENTIALS_FILE": write(elsewhere + "/credentials", "[default]\naws_access_key_id = AKIAREALKEY2TEST2345\naws_secret_access_key = %s\n" % CANARY),
        "AWS_CONFIG_FILE": write(elsewhere + "/config", "[default]\nregion = us-east-1\n# %s\n" % CANARY),
        "AWS_WEB_IDENTITY_TOKEN_FILE": write(elsewhere + "/token"),
        "hoop's recordings": write(state + "/sessions/2026-01-01/old/terminal.cast.bak"),
        "hoop's config": write(config + "/canary"),
        "~/.gnupg": write(home + "/.gnupg/private-keys-v1.d/key"),
        "~/.boto": write(home + "/.boto"),
        "~/.password-store": write(home + "/.password-store/aws.gpg"),
    }
    for name in (".bashrc", ".profile"):
        write(home + "/" + name, "# as it was\n")
    # Where the probe does not look for files: only through the victim.
    private = litter(tempfile.mkdtemp(prefix="hoop-test-"))
    victim_file = write(private + "/canary")
    sockets = {
        "ssh-agent": unix(elsewhere + "/ssh-x/agent.7"),
        "gpg-agent": unix(home + "/.gnupg/S.gpg-agent"),
        "tmux": unix(litter("/tmp/tmux-%d/hoop-test-%d" % (orders["uid"], os.getpid()))),
        "docker": unix(elsewhere + "/docker.sock"),
        "editor": unix(elsewhere + "/vscode-ipc.sock"),
        "some program": unix(home + "/app.sock"),
        "some program in /tmp": unix(litter(tempfile.mkdtemp(prefix="hoop-test-")) + "/s"),
    }
    if os.access(runtime, os.W_OK):
        sockets["session bus"] = unix(litter(runtime + "/hoop-test-%d" % os.getpid()) + "/bus")
    abstract = "hoop-test-%s" % os.urandom(6).hex()
    unix("\0" + abstract)
    variables = {
        "AWS_SECRET_ACCESS_KEY": CANARY, "AWS_SESSION_TOKEN": CANARY + "-token", "AWS_CONTAINER_AUTHORIZATION_TOKEN": CANARY,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": CANARY, "BUILDKITE_AGENT_ACCESS_TOKEN": CANARY, "CIRCLE_OIDC_TOKEN": CANARY,
        "VAULT_TOKEN": CANARY, "VSCODE_GIT_IPC_AUTH_TOKEN": CANARY, "TMUX": "/tmp/tmux-%d/default,%s,0" % (orders["uid"], CANARY),
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=%s/hoop-test-%d/bus,guid=%s" % (runtime, os.getpid(), CANARY),
    }
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.bind(elsewhere + "/datagrams.sock")
    in_background(serve_datagrams, datagrams)
    segment = shared_memory()
    key = key_in_session()
    environment = {
        "HOME": home, "PATH": "/usr/local/bin:/usr/bin:/bin", "SHELL": "/bin/sh", "TERM": "xterm-256color", "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "AKIAREALKEY2TEST2345", "SSH_AUTH_SOCK": sockets["ssh-agent"], "XDG_RUNTIME_DIR": runtime,
        "DOCKER_HOST": "unix://" + sockets["docker"], "VSCODE_IPC_HOOK_CLI": sockets["editor"],
        "AWS_SHARED_CREDENTIALS_FILE": files["AWS_SHARED_CREDENTIALS_FILE"], "AWS_CONFIG_FILE": files["AWS_CONFIG_FILE"],
        "AWS_WEB_IDENTITY_TOKEN_FILE": files["AWS_WEB_IDENTITY_TOKEN_FILE"],
        **variables, **orders.get("environment", {}),
    }
    if not os.access(runtime, os.W_OK):
        del environment["XDG_RUNTIME_DIR"], variables["DBUS_SESSION_BUS_ADDRESS"], environment["DBUS_SESSION_BUS_ADDRESS"]
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, victim_file], cwd=private, env=environment,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    address, fd = map(int, victim.stdout.readline().split())
    # A terminal of somebody else's, and the one that the wrapper runs on.
    master, slave = pty.openpty()
    device = os.fstat(slave)
    argv = orders["wrapper"] + [sys.executable, HERE + "/probe.py", spot] if not orders.get("probe") else orders["wrapper"] + [sys.executable, orders["probe"], spot]

    def lead():
        os.setsid()
        import fcntl, termios
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    wrapper = subprocess.Popen(argv, cwd=work, env=environment, stdin=slave, stdout=slave, stderr=slave, preexec_fn=lead, close_fds=True)
    shown = bytearray()

    def drain():
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:
                return
            if not data:
                return
            shown.extend(data)

    in_background(drain)
    deadline = time.time() + 60
    while not os.path.exists(spot + "/started") and wrapper.poll() is None and time.time() < deadline:
        time.sleep(0.02)
    late = unix(elsewhere + "/late.sock")
    for path in (files["AWS_WEB_IDENTITY_TOKEN_FILE"], files["~/.aws/credentials"]):
        with open(path) as file:
            os.rename(write(path + ".new", file.read()), path)
    recorder = None
    if orders["recorder"]:
        recorder = {"pid": wrapper.pid, "start": started(wrapper.pid),
                    "tasks": sorted(int(task) for task in os.listdir("/proc/%d/task" % wrapper.pid))}
    world = {
        "yranac": CANARY[::-1], "home": home, "files": files, "hoop": {"state": state, "config": config},
        "victim": {"pid": victim.pid, "start": started(victim.pid), "address": address, "fd": fd}, "recorder": recorder,
        "sockets": sockets, "abstract": abstract, "late": late, "replaced": files.pop("AWS_WEB_IDENTITY_TOKEN_FILE"),
        "datagram": elsewhere + "/datagrams.sock", "shared_memory": segment[0], "variables": sorted(variables), "key": key, "handle": handle_of(files["~/.aws/credentials"]),
        "terminal": {"name": os.ttyname(slave), "device": [device.st_dev, device.st_rdev]}, "ports": {"high": high},
        "has_network": has_network and tcp6, "program": orders.get("program"),
    }
    with open(spot + "/world.part", "w") as file:
        json.dump(world, file)
    os.rename(spot + "/world.part", spot + "/world.json")
    try:
        status = wrapper.wait(timeout=orders.get("patience", 240))
    except subprocess.TimeoutExpired:
        wrapper.kill()
        status = "it hung"
    time.sleep(0.1)
    found = {}
    if os.path.exists(spot + "/found.json"):
        with open(spot + "/found.json") as file:
            found = json.load(file)
    seen = {"victim": state_of(victim.pid) if victim.poll() is None else "dead",
            "bashrc": open(home + "/.bashrc").read(), "has_network": world["has_network"]}
    victim.kill()
    libc.shmctl(segment[1], 0, None)
    return {"found": found, "status": status, "shown": shown.decode(errors="replace"), "seen": seen, "canary": CANARY}


if __name__ == "__main__":
    main()
