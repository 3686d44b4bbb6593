#!/usr/bin/env python3
"""Tries every way out of the sandbox that we know of, and prints what came of each.

usage: probe.py FOLDER

FOLDER/world.json, which world.py writes, tells what there is outside; FOLDER/found.json gets {probe: result}:

  works     what must not be possible was possible
  relayed   a connection arrived, by way of the gateway
  ENOENT …  the system refused
  nothing   it was not refused, and nothing came of it
  absent    there was nothing to try it on

Secrets of the world outside carry a canary, so that a file, a process or an answer that merely looks alike does not
count. Standard library only; it runs under any Python from 3.8.
"""
import ctypes, errno, fcntl, glob, json, os, platform, signal, socket, stat, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
FOLDER = sys.argv[1]
FOUND = {}
ARM = platform.machine() == "aarch64"
# System calls that the C library may not know: x86_64, aarch64.
NUMBERS = dict(pidfd_open=(434, 434), pidfd_getfd=(438, 438), keyctl=(250, 219), request_key=(249, 218),
               io_uring_setup=(425, 425), open_tree=(428, 428), open_by_handle_at=(304, 265), ioctl=(16, 29),
               process_vm_readv=(310, 270), ptrace=(101, 117), bpf=(321, 280), perf_event_open=(298, 241),
               userfaultfd=(323, 282), prlimit64=(302, 261), tgkill=(234, 131), pidfd_send_signal=(424, 424),
               syslog=(103, 116), sendmmsg=(307, 269), mount=(165, 40), kcmp=(312, 272), ioprio_set=(251, 30))
PTRACE_SEIZE, PTRACE_DETACH, PTRACE_ATTACH = 0x4206, 17, 16
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MSG_FASTOPEN = 0x20000000


class Nothing(Exception):
    """It was not refused, and nothing came of it."""


def call(name, *arguments):
    """A raw system call; OSError as Python's own calls."""
    plain = [a if not isinstance(a, int) else ctypes.c_ulong(a & (2**64 - 1)) for a in arguments]
    result = libc.syscall(ctypes.c_long(NUMBERS[name][ARM]), *plain)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def done(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "call")
    return result


def outcome(attempt, *arguments):
    try:
        said = attempt(*arguments)
    except Nothing:
        return "nothing"
    except socket.timeout:
        return "ETIMEDOUT"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    if isinstance(said, str):
        return said
    return "works" if said in (None, True) else "nothing"


def tries(name, attempt, *arguments):
    FOUND[name] = outcome(attempt, *arguments)


def wait_for(path):
    for _ in range(1200):
        if os.path.exists(path):
            return
        time.sleep(0.05)
    sys.exit("%s never came" % path)


def contains_canary(data):
    return CANARY in (data if isinstance(data, bytes) else data.encode())


def read(path):
    with open(path, "rb") as file:
        data = file.read(1 << 20)
    if not contains_canary(data):
        raise Nothing()


def read_some(path):
    with open(path, "rb", buffering=0) as file:
        if not file.read(8):
            raise Nothing()


def listed(path):
    if not os.listdir(path):
        raise Nothing()


def opened(path):
    os.close(os.open(path, os.O_RDONLY))


def writable(path):
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND))


def makes_file_in(folder):
    path = os.path.join(folder, "made-by-the-probe")
    with open(path, "w"):
        pass
    os.unlink(path)


def replaces(path):
    """Puts another file or folder in its place, and the old one back."""
    aside = path.rstrip("/") + ".aside"
    os.rename(path, aside)
    os.rename(aside, path)


# --- processes -------------------------------------------------------------------------------------------------------

def is_there(pid, start):
    """Numbers are given again: whether `pid` here is that process."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[19] == start
    except OSError:
        return False


def memory_of(pid, address):
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as file:
        file.seek(address)
        if not contains_canary(file.read(len(CANARY))):
            raise Nothing()


def copied_memory(pid, address):
    buffer = ctypes.create_string_buffer(len(CANARY))
    local = (ctypes.c_ulong * 2)(ctypes.addressof(buffer), len(CANARY))
    remote = (ctypes.c_ulong * 2)(address, len(CANARY))
    call("process_vm_readv", pid, local, 1, remote, 1, 0)
    if not contains_canary(buffer.raw):
        raise Nothing()


def maps_of(pid):
    with open("/proc/%d/maps" % pid) as file:
        if not file.read():
            raise Nothing()


def fd_of(pid, number):
    os.close(os.open("/proc/%d/fd/%d" % (pid, number), os.O_RDONLY))


def taken_fd(pid, number):
    pidfd = call("pidfd_open", pid, 0)
    try:
        os.close(call("pidfd_getfd", pidfd, number, 0))
    finally:
        os.close(pidfd)


def traced(pid):
    call("ptrace", PTRACE_SEIZE, pid, 0, 0)
    # Seized and not stopped: it is let go when this process ends, or by a stop and a detach.
    os.kill(pid, signal.SIGSTOP)
    os.waitpid(pid, 0x40000000)
    call("ptrace", PTRACE_DETACH, pid, 0, 0)
    os.kill(pid, signal.SIGCONT)


def limited(pid):
    """Sets the limit on files anew, to what it is."""
    old = ctypes.create_string_buffer(16)
    call("prlimit64", pid, 7, 0, old)
    new = ctypes.create_string_buffer(old.raw, 16)
    call("prlimit64", pid, 7, new, 0)


def signalled_by_pidfd(pid):
    pidfd = call("pidfd_open", pid, 0)
    try:
        call("pidfd_send_signal", pidfd, 0, 0, 0)
    finally:
        os.close(pidfd)


def process(name, pid, start, address=None, fd=None):
    here = is_there(pid, start)

    def on(what, attempt, *arguments):
        if here or not os.path.exists("/proc/%d" % pid):
            tries("%s %s" % (name, what), attempt, *arguments)
        else:
            # Another process has that number in here: the one meant cannot be named.
            FOUND["%s %s" % (name, what)] = "ESRCH"

    folder = "/proc/%d/" % pid
    on("environ", read if address else read_some, folder + "environ")
    on("cmdline", read_some, folder + "cmdline")
    on("maps", maps_of, pid)
    on("root", listed, folder + "root/")
    on("cwd", listed, folder + "cwd/")
    on("exe", opened, folder + "exe")
    on("fd", fd_of, pid, fd if fd is not None else 0)
    if address:
        on("mem", memory_of, pid, address)
        on("process_vm_readv", copied_memory, pid, address)
    else:
        on("mem", opened, folder + "mem")
    on("pidfd_getfd", taken_fd, pid, fd if fd is not None else 0)
    on("kcmp", lambda: None if call("kcmp", os.getpid(), pid, 1, 0, 0) >= 0 else False)
    on("kill", lambda: os.kill(pid, 0))
    on("pidfd_send_signal", signalled_by_pidfd, pid)
    on("prlimit", limited, pid)
    on("setpriority", lambda: os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid)))
    on("sched_setscheduler", lambda: os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0)))
    on("sched_setaffinity", lambda: os.sched_setaffinity(pid, os.sched_getaffinity(pid)))
    on("ioprio_set", lambda: None if call("ioprio_set", 1, pid, (2 << 13) | 4) >= 0 else False)
    on("oom_score_adj", lambda: writable(folder + "oom_score_adj"))
    if name == "victim":
        on("ptrace", traced, pid)
        on("SIGSTOP", lambda: (os.kill(pid, signal.SIGSTOP), os.kill(pid, signal.SIGCONT)) and None)
    else:
        on("ptrace", lambda: None if call("ptrace", PTRACE_SEIZE, pid, 0, 0) >= 0 else False)


def processes():
    victim, recorder = WORLD["victim"], WORLD.get("recorder")
    process("victim", victim["pid"], victim["start"], victim["address"], victim["fd"])
    if recorder:
        process("recorder", recorder["pid"], recorder["start"])
        # Whoever records must not be told apart by its parts either.
        for task in recorder["tasks"]:
            tries("recorder thread", opened, "/proc/%d/mem" % task)
    for what in ["environ", "mem", "maps", "root/", "cwd/", "exe", "fd/0", "syscall", "stack", "auxv", "pagemap"]:
        path = "/proc/1/" + what
        tries("process 1 " + what.rstrip("/"), listed if path.endswith("/") else read_some, path)
    tries("process 1 ptrace", lambda: None if call("ptrace", PTRACE_SEIZE, 1, 0, 0) >= 0 else False)
    tries("process 1 pidfd_getfd", taken_fd, 1, 0)

    def swept():
        """Every process that can be seen: environments, working folders, roots."""
        for folder in glob.glob("/proc/[0-9]*"):
            for attempt in (lambda: read(folder + "/environ"), lambda: read(folder + "/cwd/canary"),
                            lambda: read(folder + "/root" + WORLD["home"] + "/.aws/credentials")):
                if outcome(attempt) == "works":
                    return True
        raise Nothing()

    tries("any process", swept)


# --- files -----------------------------------------------------------------------------------------------------------

def files():
    home = WORLD["home"]
    key = home + "/.aws/credentials"
    for name, path in WORLD["files"].items():
        tries("read " + name, read, path)
    # The test has put new files in their places meanwhile, as a login or a rotation of tokens does.
    tries("read a file that was replaced outside", read, WORLD["replaced"])
    tries("read ~/.aws/credentials, replaced outside", read, key)
    tries("list ~/.aws", listed, home + "/.aws")
    tries("make a file in ~/.aws", makes_file_in, home + "/.aws")
    for name in ("state", "config"):
        folder = WORLD["hoop"][name]
        tries("list hoop's " + name, listed, folder)
        tries("make a file in hoop's " + name, makes_file_in, folder)
        tries("rename hoop's " + name, replaces, folder)
        tries("rename what holds hoop's " + name, replaces, os.path.dirname(folder))
    tries("read the key by /proc/self/root", read, "/proc/self/root" + key)
    tries("read the key by /proc/self/cwd", read, "/proc/thread-self/cwd/" + os.path.relpath(key))

    def linked(make, name):
        path = os.path.join(FOLDER, name)
        try:
            make(key, path)
            read(path)
        finally:
            if os.path.lexists(path):
                os.unlink(path)

    tries("read the key by a symbolic link", linked, os.symlink, "by-symlink")
    tries("read the key by a hard link", linked, os.link, "by-hardlink")
    tries("rename ~/.aws", replaces, home + "/.aws")
    tries("remove ~/.aws", lambda: os.rmdir(home + "/.aws"))

    def renamed_home():
        """The folder above: what lies over ~/.aws must move along."""
        aside = home + ".aside"
        os.rename(home, aside)
        try:
            read(aside + "/.aws/credentials")
        finally:
            os.rename(aside, home)

    tries("read the key in a home that was renamed", renamed_home)
    for name in (".bashrc", ".profile"):
        tries("write ~/" + name, writable, home + "/" + name)
        tries("replace ~/" + name, replaces, home + "/" + name)
    if WORLD.get("program"):
        tries("replace hoop-run", replaces, WORLD["program"])
        tries("write hoop-run", writable, WORLD["program"])

    def swept():
        """All that can be read at home, in memory and at run time."""
        for top in (home, "/dev/shm", "/run", "/var/run", "/dev/mqueue", os.path.dirname(FOLDER)):
            for folder, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(folder, name)
                    try:
                        if stat.S_ISREG(os.stat(path).st_mode) and outcome(read, path) == "works":
                            return True
                    except OSError:
                        pass
        raise Nothing()

    tries("any file", swept)
    tries("work at home", makes_file_in, home)
    tries("work in the repository", makes_file_in, os.getcwd())


def mounts():
    """With capabilities of its own making: in a nested user namespace."""
    home = WORLD["home"]
    key = home + "/.aws/credentials"
    spot = os.path.join(FOLDER, "spot")
    os.makedirs(spot, exist_ok=True)

    def mount(source, target, kind, flags, data=None):
        encode = lambda text: text.encode() if text else None
        done(libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)))

    def umounted():
        done(libc.umount2((home + "/.aws").encode(), 2))
        read(key)

    def bound(flags):
        mount("/", spot, None, MS_BIND | flags)
        for cover in (spot + home + "/.aws", spot + home):
            libc.umount2(cover.encode(), 2)
        read(spot + key)

    def bound_home():
        mount(home, spot, None, MS_BIND)
        read(spot + "/.aws/credentials")

    def overlaid():
        mount("overlay", spot, "overlay", 0, "lowerdir=%s:%s" % (home, os.path.dirname(home) + "/elsewhere"))
        read(spot + "/.aws/credentials")

    def opened_tree():
        # OPEN_TREE_CLONE, without what is mounted in it
        fd = call("open_tree", -100, home.encode(), 1)
        read("/proc/self/fd/%d/.aws/credentials" % fd)

    def handled():
        """By the file's handle, which needs no path."""
        kind, data = WORLD["handle"]
        data = bytes.fromhex(data)
        handle = ctypes.create_string_buffer(struct.pack("Ii", len(data), kind) + data)
        base = os.open(home, os.O_RDONLY)
        fd = call("open_by_handle_at", base, handle, os.O_RDONLY)
        with os.fdopen(fd, "rb") as file:
            if not contains_canary(file.read()):
                raise Nothing()

    def remounted():
        mount(None, home + "/.aws", None, MS_REMOUNT | MS_BIND)
        mount(None, home + "/.aws", "tmpfs", MS_REMOUNT, "mode=0755")
        listed(home + "/.aws")

    def pivoted():
        mount("tmpfs", spot, "tmpfs", 0)
        os.mkdir(spot + "/old")
        os.chdir(spot)
        done(libc.pivot_root(b".", b"old"))
        libc.umount2(("/old" + home + "/.aws").encode(), 2)
        read("/old" + key)

    def chrooted():
        os.chroot(home)
        read("/.aws/credentials")

    def raised_pids():
        """A fresh /proc of the same namespace shows no more than the first."""
        mount("proc", spot, "proc", 0)
        read("%s/%d/environ" % (spot, WORLD["victim"]["pid"]))

    attempts = dict(umount=umounted, bind=lambda: bound(0), rbind=lambda: bound(MS_REC), bind_home=bound_home,
                    overlay=overlaid, open_tree=opened_tree, open_by_handle_at=handled, remount=remounted,
                    pivot_root=pivoted, chroot=chrooted, proc=raised_pids)
    for name, attempt in attempts.items():
        # Root without a sandbox would change the machine's mounts; without a right to them this is refused.
        FOUND["mounts: " + name] = in_child(lambda: libc.unshare(CLONE_NEWNS) and None or outcome(attempt))

        def nested():
            uid, gid = os.getuid(), os.getgid()
            done(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
            for file, text in (("uid_map", "0 %d 1" % uid), ("setgroups", "deny"), ("gid_map", "0 %d 1" % gid)):
                with open("/proc/self/" + file, "w") as out:
                    out.write(text)
            attempt()

        FOUND["nested mounts: " + name] = in_child(lambda: outcome(nested))


def in_child(work):
    """What `work` says, in a process of its own."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(theirs, work().encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as file:
        said = file.read().decode()
    os.waitpid(pid, 0)
    return said or "died"


# --- keyring, environment ----------------------------------------------------------------------------------------------

def keyring():
    KEYCTL_READ, KEYCTL_SEARCH = 11, 10
    SESSION, USER, USER_SESSION = -3, -4, -5
    secret = WORLD.get("key")
    if not secret:
        return

    def value(serial):
        buffer = ctypes.create_string_buffer(256)
        call("keyctl", KEYCTL_READ, serial, buffer, 256)
        if not contains_canary(buffer.raw):
            raise Nothing()

    def searched(ring):
        value(call("keyctl", KEYCTL_SEARCH, ring, b"user", secret["name"].encode(), 0))

    tries("keyring: session", searched, SESSION)
    tries("keyring: user", searched, USER)
    tries("keyring: user session", searched, USER_SESSION)
    tries("keyring: request_key", lambda: value(call("request_key", b"user", secret["name"].encode(), 0, 0)))
    tries("keyring: by number", value, secret["serial"])

    def listed_keys():
        with open("/proc/keys") as file:
            for line in file:
                if secret["name"] in line:
                    return value(int(line.split()[0], 16))
        raise Nothing()

    tries("keyring: /proc/keys", listed_keys)


def environment():
    for name in WORLD["variables"]:
        FOUND["variable " + name] = "works" if contains_canary(os.environ.get(name, "")) else "nothing"
    others = [name for name, text in os.environ.items() if contains_canary(text) and name not in WORLD["variables"]]
    FOUND["any variable"] = "works" if others else "nothing"


# --- sockets of programs outside ---------------------------------------------------------------------------------------

def asks(address):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(address)
        if not contains_canary(s.recv(100)):
            raise Nothing()


def sockets():
    for name, path in WORLD["sockets"].items():
        tries("socket: " + name, asks, path)
    tries("socket: abstract", asks, "\0" + WORLD["abstract"])
    # Made after the session had begun, or without a listener: nothing covers these (limits that the manual tells).
    tries("socket: made later", asks, WORLD["late"])

    def asks_by_datagram():
        own = os.path.join(FOLDER, "own.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.bind(own)
            try:
                s.sendto(b"probe", WORLD["datagram"])
                if not contains_canary(s.recv(100)):
                    raise Nothing()
            finally:
                os.unlink(own)

    tries("socket: of datagrams", asks_by_datagram)

    def shared_memory():
        libc.shmat.restype = ctypes.c_void_p
        at = libc.shmat(done(libc.shmget(WORLD["shared_memory"], 0, 0)), None, 0o10000)
        if at == ctypes.c_void_p(-1).value:
            raise OSError(ctypes.get_errno(), "shmat")
        if not contains_canary(ctypes.string_at(at, len(CANARY))):
            raise Nothing()

    tries("shared memory", shared_memory)


# --- the terminal -----------------------------------------------------------------------------------------------------

def terminal():
    outer = WORLD["terminal"]

    def is_outer(path):
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            here = os.fstat(fd)
        finally:
            os.close(fd)
        # The same device of the same devpts.
        if [here.st_dev, here.st_rdev] != outer["device"]:
            raise Nothing()

    tries("terminal: by its name", is_outer, outer["name"])
    tries("terminal: by /proc/self/fd/0", is_outer, "/proc/self/fd/0")
    for number in range(3):
        here = os.fstat(number)
        FOUND["terminal: standard stream %d" % number] = "works" if [here.st_dev, here.st_rdev] == outer["device"] else "nothing"

    def typed(command, fd):
        buffer = ctypes.create_string_buffer(b"\x00" if command & 0xffff == 0x5412 else b"\x02")
        call("ioctl", fd, command, buffer)

    fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY) if outcome(lambda: os.close(os.open("/dev/tty", os.O_RDWR))) == "works" else 0
    tries("terminal: TIOCSTI", typed, 0x5412, fd)
    tries("terminal: TIOCSTI with high bits", typed, (0x7eadbeef << 32) | 0x5412, fd)
    tries("terminal: TIOCLINUX", typed, 0x541C, fd)
    tries("terminal: /dev/console", lambda: os.close(os.open("/dev/console", os.O_RDWR | os.O_NOCTTY)))
    tries("terminal: /dev/tty1", lambda: os.close(os.open("/dev/tty1", os.O_RDWR | os.O_NOCTTY)))
    tries("terminal: /dev/vcs", lambda: os.close(os.open("/dev/vcs", os.O_RDONLY)))

    def others():
        """Any terminal of the devpts outside."""
        for path in glob.glob("/dev/pts/[0-9]*"):
            if os.stat(path).st_dev == outer["device"][0]:
                return True
        raise Nothing()

    tries("terminal: any outside", others)


# --- network ----------------------------------------------------------------------------------------------------------

REQUEST = b"GET /latest/meta-data/iam/security-credentials/role HTTP/1.0\r\nHost: probe\r\n\r\n"


def answer(s):
    """Direct, relayed, or nothing from those outside."""
    own = s.getsockname()[1]
    said = b""
    try:
        while len(said) < 65536:
            data = s.recv(4096)
            if not data:
                break
            said += data
            if CANARY in said and b"peer=" in said and said.split(b"peer=", 1)[1].count(b";"):
                break
    except (ConnectionResetError, socket.timeout):
        pass
    if CANARY not in said:
        raise Nothing()
    peer = int(said.split(b"peer=", 1)[1].split(b";", 1)[0])
    return "works" if peer == own else "relayed"


def connected(family, address, kind=socket.SOCK_STREAM, protocol=0, request=REQUEST):
    with socket.socket(family, kind, protocol) as s:
        s.settimeout(5)
        s.connect(address)
        s.sendall(request)
        return answer(s)


def opened_by_sending(send):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 5, 0))
        send(s, ("127.0.0.1", WORLD["ports"]["high"]))
        return answer(s)


def sent_many(s, address):
    packed = struct.pack("=H", socket.AF_INET) + struct.pack("!H", address[1]) + socket.inet_aton(address[0]) + bytes(8)
    name, text = ctypes.create_string_buffer(packed, 16), ctypes.create_string_buffer(REQUEST)
    vector = (ctypes.c_ulong * 2)(ctypes.addressof(text), len(REQUEST))
    message = ctypes.create_string_buffer(struct.pack("PIxxxxPNPNIxxxxI", ctypes.addressof(name), 16, ctypes.addressof(vector), 1, 0, 0, 0, 0) + bytes(8))
    call("sendmmsg", s.fileno(), message, 1, MSG_FASTOPEN)


def datagram(family, address, request=b"probe"):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(request, address)
        return answer(s)


def made(*arguments):
    socket.socket(*arguments).close()


def network():
    high = WORLD["ports"]["high"]
    v4, v6 = socket.AF_INET, socket.AF_INET6
    tries("net: tcp to 127.0.0.1", connected, v4, ("127.0.0.1", high))
    tries("net: tcp to ::1", connected, v6, ("::1", high))
    tries("net: mptcp", connected, v4, ("127.0.0.1", high), socket.SOCK_STREAM, 262)
    tries("net: fast open by sendto", opened_by_sending, lambda s, a: s.sendto(REQUEST, MSG_FASTOPEN, a))
    tries("net: fast open by sendmsg", opened_by_sending, lambda s, a: s.sendmsg([REQUEST], [], MSG_FASTOPEN, a))
    tries("net: fast open by sendmmsg", opened_by_sending, sent_many)
    tries("net: udp to 127.0.0.1", datagram, v4, ("127.0.0.1", high))
    tries("net: udp to ::1", datagram, v6, ("::1", high))
    if WORLD["has_network"]:
        # The world outside answers on every address.
        for port in (22, 25, 80, 443, 2375, 5432, 8080):
            tries("net: tcp to 93.184.216.34:%d" % port, connected, v4, ("93.184.216.34", port))
        tries("net: tcp to [2606:2800::1]:443", connected, v6, ("2606:2800::1", 443))
        tries("net: tcp to [2606:2800::1]:8080", connected, v6, ("2606:2800::1", 8080))
        tries("net: tcp to ::ffff:93.184.216.34:8080", connected, v6, ("::ffff:93.184.216.34", 8080))
        tries("net: udp to 93.184.216.34:443", datagram, v4, ("93.184.216.34", 443))
        tries("net: udp to 8.8.8.8:53", datagram, v4, ("8.8.8.8", 53))
        tries("net: tcp to 8.8.8.8:53", connected, v4, ("8.8.8.8", 53))
        token = b"PUT /latest/api/token HTTP/1.1\r\nHost: 169.254.169.254\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        tries("net: instance metadata, version 1", connected, v4, ("169.254.169.254", 80))
        tries("net: instance metadata, version 2", connected, v4, ("169.254.169.254", 80), socket.SOCK_STREAM, 0, token)
        tries("net: instance metadata, IPv6", connected, v6, ("fd00:ec2::254", 80))
        tries("net: instance metadata, port 8080", connected, v4, ("169.254.169.254", 8080))
        tries("net: container metadata", connected, v4, ("169.254.170.2", 80))
        tries("net: EKS pod identity", connected, v4, ("169.254.170.23", 80))
        tries("net: Google metadata by number", connected, v4, ("2852039166", 80))
    tries("net: sctp", made, v4, socket.SOCK_STREAM, 132)
    tries("net: dccp", made, v4, 6, 33)
    tries("net: vsock", made, 40, socket.SOCK_STREAM)
    tries("net: packets", made, 17, socket.SOCK_RAW, 0x0300)
    tries("net: raw", made, v4, socket.SOCK_RAW, 255)
    tries("net: raw ICMP", made, v4, socket.SOCK_RAW, 1)
    tries("net: xdp", made, 44, socket.SOCK_RAW)
    tries("net: bluetooth", made, 31, socket.SOCK_RAW, 1)
    tries("net: alg", made, 38, 5)
    tries("net: key management", made, 15, socket.SOCK_RAW, 2)
    for name, protocol in (("netfilter", 12), ("audit", 9), ("connector", 11), ("crypto", 21), ("generic", 16)):
        tries("net: netlink " + name, made, 16, socket.SOCK_RAW, protocol)

    def changed_route():
        """Takes the way to the gateway away: needs a capability."""
        with socket.socket(16, socket.SOCK_RAW, 0) as s:
            # RTM_NEWLINK: lo down
            s.send(struct.pack("IHHII", 32, 16, 5, 1, 0) + struct.pack("BxHiII", 0, 0, 1, 0, 1))
            error = struct.unpack("i", s.recv(4096)[16:20])[0]
            if error:
                raise OSError(-error, "netlink")

    if WORLD["has_network"]:
        tries("net: lo down", changed_route)


# --- the kernel ---------------------------------------------------------------------------------------------------------

def kernel():
    spot = os.path.join(FOLDER, "mount")
    os.makedirs(spot, exist_ok=True)
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory",
                 "/proc/sysrq-trigger", "/sys/kernel/mm/transparent_hugepage/enabled", "/dev/kmsg", "/dev/mem"):
        tries("write " + path, writable, path)
    tries("io_uring", lambda: os.close(call("io_uring_setup", 2, ctypes.create_string_buffer(248))))
    tries("bpf", lambda: os.close(call("bpf", 0, ctypes.create_string_buffer(struct.pack("IIII", 2, 4, 8, 1), 128), 128)))
    tries("sethostname", lambda: done(libc.sethostname(os.uname().nodename.encode(), len(os.uname().nodename.encode()))) == 0)
    tries("mount", lambda: done(libc.mount(b"none", spot.encode(), b"tmpfs", 0, None)) == 0)
    tries("chroot", lambda: os.chroot("/"))
    tries("mknod", lambda: (os.mknod(os.path.join(FOLDER, "disk"), stat.S_IFBLK | 0o600, os.makedev(7, 0)), os.unlink(os.path.join(FOLDER, "disk"))) and None)

    def disk():
        disks = [path for path in ["/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/xvda"] + glob.glob("/dev/dm-*") if os.path.exists(path)]
        if not disks:
            return "absent"
        os.close(os.open(disks[0], os.O_RDONLY))

    tries("read the disk", disk)
    with open("/proc/self/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    FOUND["capabilities"] = "nothing" if all(int(status[name], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")) else "works"
    FOUND["bounding set"] = "nothing" if int(status["CapBnd"], 16) == 0 else "works"
    FOUND["no new privileges"] = "nothing" if status.get("NoNewPrivs") == "1" else "works"

    def descriptors():
        more = [number for number in range(3, 1024) if outcome(lambda: fcntl.fcntl(number, fcntl.F_GETFD) and None) != "EBADF"]
        return "%s" % more if more else "nothing"

    tries("inherited descriptors", descriptors)


if __name__ == "__main__":
    open(os.path.join(FOLDER, "started"), "w").close()
    wait_for(os.path.join(FOLDER, "world.json"))
    with open(os.path.join(FOLDER, "world.json")) as text:
        WORLD = json.load(text)
    # Written backwards in the file: the probe's own notes are no finding.
    CANARY = WORLD["yranac"][::-1].encode()
    for part in (kernel, environment, files, mounts, keyring, sockets, terminal, network, processes):
        try:
            part()
        except Exception as error:  # the table misses the rest, and says so
            FOUND["broken " + part.__name__] = "%s: %s" % (type(error).__name__, error)
    with open(os.path.join(FOLDER, "found.json"), "w") as out:
        json.dump(FOUND, out, indent=1, sort_keys=True)
    print("%d ways tried" % len(FOUND))
