//! The filters that a program runs under.
//!
//! Two: one takes away what is no part of any honest program's work and leads past the sandbox; one reports every
//! program that is executed. Filters are inherited and nobody can shed them.

mod bpf;
mod calls;

use std::io;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use self::bpf::Code;
use self::bpf::Verdict;
use self::calls::Calls;
use self::calls::WAYS;

/// Whether processes outside can be named by the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outsiders {
    /// It has a pid namespace of its own.
    Hidden,
    /// It has not: what reaches them is filtered.
    Visible,
}

/// Takes away what leads past the sandbox, from this process and its descendants; `no_new_privs` is set already.
///
/// # Errors
/// What seccomp(2) gives; `ENOSYS` on a machine whose system calls are not known here.
pub fn harden(outsiders: Outsiders) -> io::Result<()> {
    known_machine()?;
    bpf::install(&hardening(outsiders), libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW).map(drop)
}

/// Reports every program that this process and its descendants execute to the listener, and their exits where
/// `with_exits` (for kernels that do not tell afterwards, see [`crate::sandbox::process::exits_are_told`]).
///
/// # Errors
/// `EBUSY`: somebody watches already, and there can be one only. Else what seccomp(2) gives.
pub fn watch_execs(with_exits: bool) -> io::Result<OwnedFd> {
    known_machine()?;
    let code = watching(with_exits);
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    // Signals that come while a call waits would make it start anew, and be reported twice; Linux 5.19 can hold them.
    let held = flags | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let listener = match bpf::install(&code, held) {
        Err(cause) if cause.raw_os_error() == Some(libc::EINVAL) => bpf::install(&code, flags)?,
        listener => listener?,
    };
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(listener) })
}

fn known_machine() -> io::Result<()> {
    if WAYS.is_empty() { Err(io::Error::from_raw_os_error(libc::ENOSYS)) } else { Ok(()) }
}

fn fail(errno: i32) -> Code {
    Code::default().decide(Verdict::Fail(errno))
}

fn any(code: Code, numbers: &[u32], then: &Code) -> Code {
    numbers.iter().fold(code, |code, number| code.if_is(*number, then.clone()))
}

fn for_all_ways(rules: impl Fn(&Calls) -> Code) -> Code {
    let all = WAYS.iter().fold(Code::default(), |code, way| {
        let number = Code::default().number();
        let number = if way.number_bits == !0 { number } else { number.keep(way.number_bits) };
        code.if_architecture(way.architecture, number.then(rules(way)))
    });
    all.decide(Verdict::Fail(libc::ENOSYS))
}

fn watching(with_exits: bool) -> Code {
    for_all_ways(|way| {
        let code = Code::default().if_any(way.execve, Verdict::Notify).if_any(way.execveat, Verdict::Notify);
        let code = if with_exits { code.if_any(way.exits, Verdict::Notify) } else { code };
        code.decide(Verdict::Allow)
    })
}

fn hardening(outsiders: Outsiders) -> Code {
    for_all_ways(|way| {
        let mut code = any(Code::default(), way.ioctl, &ioctl());
        code = any(code, way.socket, &socket());
        code = any(code, way.sendto, &send(3));
        code = any(code, way.sendmsg, &send(2));
        code = any(code, way.sendmmsg, &send(3));
        code = any(code, way.socketcall, &socketcall());
        if outsiders == Outsiders::Visible {
            code = any(code, way.prlimit64, &prlimit64());
        }
        code.if_any(way.unheard_of, Verdict::Fail(libc::ENOSYS))
            .if_any(way.privileged, Verdict::Fail(libc::EPERM))
            .decide(Verdict::Allow)
    })
}

/// ioctl(fd, command): nobody types on a terminal in the person's name.
fn ioctl() -> Code {
    const TIOCSTI: u32 = 0x5412;
    const TIOCLINUX: u32 = 0x541c;
    Code::default()
        .argument(1)
        .if_any(&[TIOCSTI, TIOCLINUX], Verdict::Fail(libc::EPERM))
        .decide(Verdict::Allow)
}

/// socket(family, type, protocol): UNIX, TCP, UDP, ping; netlink for routes, sockets and devices. All else leads past
/// whoever looks at connections (MPTCP, SMC, SCTP, vsock, packets) or to parts of the kernel that nobody here needs.
fn socket() -> Code {
    let one_of = |protocols: &[u32]| {
        Code::default()
            .argument(2)
            .if_any(protocols, Verdict::Allow)
            .decide(Verdict::Fail(libc::EPROTONOSUPPORT))
    };
    const STREAM: u32 = 1;
    const DATAGRAM: u32 = 2;
    const RAW: u32 = 3;
    // The type shares its word with SOCK_NONBLOCK and SOCK_CLOEXEC.
    let internet = Code::default()
        .argument(1)
        .keep(0xf)
        .if_is(STREAM, one_of(&[0, 6]))
        .if_is(DATAGRAM, one_of(&[0, 17, 1, 58]))
        // Needs a capability, which the program has in namespaces of its own making only.
        .if_is(RAW, Code::default().decide(Verdict::Allow))
        .decide(Verdict::Fail(libc::ESOCKTNOSUPPORT));
    const UNIX: u32 = 1;
    const INET: u32 = 2;
    const INET6: u32 = 10;
    const NETLINK: u32 = 16;
    // NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_KOBJECT_UEVENT
    let netlink = one_of(&[0, 4, 15]);
    Code::default()
        .argument(0)
        .if_is(UNIX, Code::default().decide(Verdict::Allow))
        .if_is(INET, internet.clone())
        .if_is(INET6, internet)
        .if_is(NETLINK, netlink)
        .decide(Verdict::Fail(libc::EAFNOSUPPORT))
}

/// sendto, sendmsg, sendmmsg: none that connects by itself, past whoever looks at connect(2).
fn send(flags_argument: u32) -> Code {
    const MSG_FASTOPEN: u32 = 0x2000_0000;
    Code::default()
        .argument(flags_argument)
        .if_has(MSG_FASTOPEN, fail(libc::EOPNOTSUPP))
        .decide(Verdict::Allow)
}

/// socketcall(call, arguments in memory): what must be looked at is not to be had this way. Programs of the last ten years
/// make these calls directly.
fn socketcall() -> Code {
    // SYS_SOCKET, SYS_SENDTO, SYS_SENDMSG, SYS_SENDMMSG (linux/net.h)
    Code::default().argument(0).if_any(&[1, 11, 16, 20], Verdict::Fail(libc::ENOSYS)).decide(Verdict::Allow)
}

/// prlimit64(pid, resource, new, old): no limits for others, the recorder above all.
fn prlimit64() -> Code {
    Code::default()
        .argument(0)
        .if_is(0, Code::default().decide(Verdict::Allow))
        // Looking is free: no new limit. A pointer is null only with both halves.
        .argument(2)
        .if_is(
            0,
            Code::default()
                .upper_half(2)
                .if_is(0, Code::default().decide(Verdict::Allow))
                .decide(Verdict::Fail(libc::EPERM)),
        )
        .decide(Verdict::Fail(libc::EPERM))
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    const X86_64: u32 = 0xc000_003e;
    const I386: u32 = 0x4000_0003;
    const X32: u32 = 0x4000_0000;

    fn errno(code: &Code, number: u32, architecture: u32, arguments: [u64; 6]) -> i32 {
        match bpf::run(code, number, architecture, arguments) {
            libc::SECCOMP_RET_ALLOW => 0,
            action => {
                assert_eq!(action & libc::SECCOMP_RET_ACTION_FULL, libc::SECCOMP_RET_ERRNO);
                (action & libc::SECCOMP_RET_DATA).cast_signed()
            }
        }
    }

    #[test]
    fn hardening_looks_at_the_bits_that_count() {
        let code = hardening(Outsiders::Hidden);
        let check = |number, architecture, arguments| errno(&code, number, architecture, arguments);
        for (number, way) in [(16, X86_64), (16 | X32, X86_64), (514 | X32, X86_64), (54, I386)] {
            assert_eq!(check(number, way, [0, 0x5412, 0, 0, 0, 0]), libc::EPERM);
            assert_eq!(check(number, way, [0, 0xdead_0000_0000 | 0x541c, 0, 0, 0, 0]), libc::EPERM);
            assert_eq!(check(number, way, [0, 0x5413, 0, 0, 0, 0]), 0);
        }
        for (family, kind, protocol, expected) in [
            (1, 1, 0, 0),
            (2, 1 | 0o2000000, 0, 0),
            (10, 1, 6, 0),
            (2, 1, 262, libc::EPROTONOSUPPORT),
            (2, 1, 256, libc::EPROTONOSUPPORT),
            (2, 1, 132, libc::EPROTONOSUPPORT),
            (2, 5, 132, libc::ESOCKTNOSUPPORT),
            (10, 2, 17, 0),
            (16, 3, 0, 0),
            (16, 3, 12, libc::EPROTONOSUPPORT),
            (17, 3, 0, libc::EAFNOSUPPORT),
            (40, 1, 0, libc::EAFNOSUPPORT),
            (43, 1, 0, libc::EAFNOSUPPORT),
        ] {
            for (number, way) in [(41, X86_64), (41 | X32, X86_64), (359, I386)] {
                let found = check(number, way, [family, kind, protocol, 0, 0, 0]);
                assert_eq!(found, expected, "{family} {kind} {protocol}");
            }
        }
        let fast = 0x2000_4000;
        assert_eq!(check(44, X86_64, [0, 0, 0, fast, 0, 0]), libc::EOPNOTSUPP);
        assert_eq!(check(46, X86_64, [0, 0, fast, 0, 0, 0]), libc::EOPNOTSUPP);
        assert_eq!(check(307, X86_64, [0, 0, 0, fast, 0, 0]), libc::EOPNOTSUPP);
        assert_eq!(check(307, X86_64, [0, 0, fast, 0, 0, 0]), 0, "the number of messages");
        assert_eq!(check(102, I386, [1, 0, 0, 0, 0, 0]), libc::ENOSYS);
        assert_eq!(check(102, I386, [3, 0, 0, 0, 0, 0]), 0);
        assert_eq!(check(425, X86_64, [0; 6]), libc::ENOSYS);
        assert_eq!(check(321, X86_64, [0; 6]), libc::EPERM);
        assert_eq!(check(302, X86_64, [7, 1, 9, 0, 0, 0]), 0, "the pid means nobody outside");
        // clone, clone3, unshare, mount, pivot_root, ptrace, keyctl, seccomp: nested sandboxes and debuggers need them.
        for number in [56, 435, 272, 165, 155, 101, 250, 317] {
            assert_eq!(check(number, X86_64, [0; 6]), 0);
        }
        assert_eq!(check(16, 0x1234, [0; 6]), libc::ENOSYS, "an architecture that is not here");
    }

    #[test]
    fn limits_of_visible_outsiders_cannot_be_set() {
        let code = hardening(Outsiders::Visible);
        let check = |arguments| errno(&code, 302, X86_64, arguments);
        assert_eq!(check([7, 1, 0x7fff_0000_1000, 0, 0, 0]), libc::EPERM);
        assert_eq!(check([7, 1, 0x7_0000_0000, 0, 0, 0]), libc::EPERM);
        assert_eq!(check([7, 1, 0, 0x7fff_0000_1000, 0, 0]), 0);
        assert_eq!(check([0, 1, 0x7fff_0000_1000, 0, 0, 0]), 0);
    }

    #[test]
    fn every_way_to_execute_is_reported() {
        let code = watching(false);
        for (number, way) in
            [(59, X86_64), (322, X86_64), (520 | X32, X86_64), (545 | X32, X86_64), (11, I386), (358, I386)]
        {
            assert_eq!(bpf::run(&code, number, way, [0; 6]), libc::SECCOMP_RET_USER_NOTIF);
        }
        for (number, way) in [(231, X86_64), (252, I386), (11, X86_64), (59, I386), (0, X86_64)] {
            assert_eq!(bpf::run(&code, number, way, [0; 6]), libc::SECCOMP_RET_ALLOW);
        }
        for (number, way) in [(231, X86_64), (252, I386), (60, X86_64), (59, X86_64)] {
            assert_eq!(bpf::run(&watching(true), number, way, [0; 6]), libc::SECCOMP_RET_USER_NOTIF);
        }
    }
}
