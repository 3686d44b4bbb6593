#!/usr/bin/env python3
"""Runs a program on a machine that lacks something, by a filter that every descendant inherits.

usage: denied.py WHAT[,WHAT…] -- PROGRAM ARG…

  userns     no user namespaces, as in many containers (EPERM)
  mounts     user namespaces in which nothing may be mounted, as with AppArmor on Ubuntu 24.04 (EPERM)
  netlink    user namespaces in which no network may be set up (EPERM)
  landlock   a kernel without Landlock (ENOSYS)
  notify     a kernel that reports no system calls (EINVAL)
  seccomp    a kernel without filters, but for this one (ENOSYS)
  watched    somebody else watches system calls already (EBUSY for the next)
  proc       a /proc with covered parts, as in containers: no fresh one may be mounted
"""
import ctypes, os, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
ARM = os.uname().machine == "aarch64"
ALLOW, ERRNO, USER_NOTIF = 0x7FFF0000, 0x50000, 0x7FC00000
NR = dict(clone=(56, 220), clone3=(435, 435), unshare=(272, 97), mount=(165, 40), seccomp=(317, 277),
          landlock_create_ruleset=(444, 444), socket=(41, 198), personality=(135, 92))


def load(offset):
    return struct.pack("HBBI", 0x20, 0, 0, offset)


def unless_is(value, skip):
    return struct.pack("HBBI", 0x15, 0, skip, value)


def unless_has(bits, skip):
    return struct.pack("HBBI", 0x45, 0, skip, bits)


def give(verdict):
    return struct.pack("HBBI", 0x06, 0, 0, verdict)


def rule(name, verdict, argument=None, bits=0):
    """`verdict` for this call; with `argument` only if its low half has one of `bits`."""
    body = give(verdict)
    if argument is not None:
        body = load(16 + 8 * argument) + unless_has(bits, 1) + body
    # The number again, for the rules that follow.
    return load(0) + unless_is(NR[name][ARM], len(body) // 8) + body


def install(code, flags=0):
    code += give(ALLOW)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    result = libc.syscall(NR["seccomp"][ARM], 1, flags, program)
    if result < 0:
        sys.exit("no filter: %s" % os.strerror(ctypes.get_errno()))
    return result


def cover_proc():
    """A mount over a part of /proc, in namespaces of our own; processes in them may not mount a fresh one."""
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(0x20000 | (0x10000000 if uid else 0)) < 0:
        sys.exit("no namespaces here")
    if uid:
        for file, text in (("uid_map", "%d %d 1" % (uid, uid)), ("setgroups", "deny"), ("gid_map", "%d %d 1" % (gid, gid))):
            with open("/proc/self/" + file, "w") as out:
                out.write(text)
    libc.mount(b"none", b"/", None, ctypes.c_ulong(16384 | 1 << 18), None)
    if libc.mount(b"/dev/null", b"/proc/version", None, ctypes.c_ulong(4096), None) < 0:
        sys.exit("cannot cover /proc/version")


def main():
    lacks, argv = sys.argv[1].split(","), sys.argv[3:]
    newuser = 0x10000000
    if "proc" in lacks:
        cover_proc()
    if "watched" in lacks:
        # The listener stays open in a process that outlives the program; nobody makes the call that it waits for.
        os.set_inheritable(install(rule("personality", USER_NOTIF), 8), True)
    code = b""
    if "userns" in lacks:
        code += rule("clone", ERRNO | 1, 0, newuser) + rule("unshare", ERRNO | 1, 0, newuser) + rule("clone3", ERRNO | 38)
    if "mounts" in lacks:
        code += rule("mount", ERRNO | 1)
    if "landlock" in lacks:
        code += rule("landlock_create_ruleset", ERRNO | 38)
    if "notify" in lacks:
        code += rule("seccomp", ERRNO | 22, 1, 8)
    if "netlink" in lacks:
        code += rule("socket", ERRNO | 1, 0, 16)
    if "seccomp" in lacks:
        code += rule("seccomp", ERRNO | 38)
    if code:
        install(code)
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main()
