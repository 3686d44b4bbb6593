//! Who is at the other end of a local socket, and what the system says of a process.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;
use nix::poll::poll;

/// A process at the other end of a socket, as it was when it connected or began to listen.
#[derive(Debug)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its number; 0: it cannot be seen from here.
    pub pid: u32,
    /// Leads to exactly this process, where the system has such a thing (Linux 6.5): numbers are used again.
    handle: Option<OwnedFd>,
}

/// What the system says of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// It and its descendants gain no privileges (`NoNewPrivs`).
    pub no_new_privileges: bool,
    /// System call filters that it cannot shed (`Seccomp_filters`).
    pub filters: u32,
    /// How many pid namespaces deep it is, seen from here; 1: as we.
    pub depth: usize,
}

/// A process and its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descent {
    /// The name of its program, at most 15 bytes.
    pub name: String,
    /// The parent's number; 0: none that can be seen.
    pub parent: u32,
    /// When it began, in clock ticks since the machine did.
    pub began: u64,
}

/// Who is at the other end of `socket`.
///
/// # Errors
/// As getsockopt(2).
#[cfg(target_os = "linux")]
pub fn of(socket: impl AsFd) -> io::Result<Peer> {
    use nix::sys::socket::getsockopt;
    use nix::sys::socket::sockopt::PeerCredentials;

    let socket = socket.as_fd();
    let credentials = getsockopt(&socket, PeerCredentials)?;
    Ok(Peer {
        uid: credentials.uid(),
        pid: u32::try_from(credentials.pid()).unwrap_or_default(),
        handle: handle(socket.as_raw_fd()),
    })
}

/// Who is at the other end of `socket`; the process is not known on this system.
///
/// # Errors
/// As getpeereid(3).
#[cfg(not(target_os = "linux"))]
pub fn of(socket: impl AsFd) -> io::Result<Peer> {
    let (uid, _) = nix::unistd::getpeereid(socket.as_fd())?;
    Ok(Peer { uid: uid.as_raw(), pid: 0, handle: None })
}

/// A descriptor of the process at the other end; `None`: the kernel has no such thing, or it is gone.
#[cfg(target_os = "linux")]
fn handle(socket: i32) -> Option<OwnedFd> {
    /// From `asm-generic/socket.h`.
    const SO_PEERPIDFD: i32 = 77;
    let mut fd: i32 = -1;
    let mut length = libc::socklen_t::try_from(size_of::<i32>()).ok()?;
    let value = (&raw mut fd).cast();
    // SAFETY: `value` and `length` are valid during the call and of the size that they say.
    let code = unsafe { libc::getsockopt(socket, libc::SOL_SOCKET, SO_PEERPIDFD, value, &raw mut length) };
    if code != 0 || fd < 0 {
        return None;
    }
    // SAFETY: the kernel has made this descriptor for us just now, and nobody else knows it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

impl Peer {
    /// Whether what its number leads to is still the process that connected. Without a handle, as far as can be told.
    #[must_use]
    pub fn is_there(&self) -> bool {
        let Some(handle) = &self.handle else { return true };
        let mut ready = [PollFd::new(handle.as_fd(), PollFlags::POLLIN)];
        // It becomes readable when the process has ended.
        poll(&mut ready, PollTimeout::ZERO).is_ok_and(|count| count == 0)
    }

    /// Whether there is a handle to exactly this process.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.handle.is_some()
    }
}

/// What process `pid` carries; `None`: the system does not say.
#[must_use]
pub fn marks(pid: u32) -> Option<Marks> {
    read_marks(&read(&format!("/proc/{pid}/status"))?)
}

/// What this process carries.
#[must_use]
pub fn own_marks() -> Option<Marks> {
    read_marks(&read("/proc/self/status")?)
}

/// From whom process `pid` descends; `None`: the system does not say.
#[must_use]
pub fn descent(pid: u32) -> Option<Descent> {
    read_descent(&read(&format!("/proc/{pid}/stat"))?)
}

fn read(path: &str) -> Option<String> {
    // Names of programs need not be UTF-8.
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn read_marks(status: &str) -> Option<Marks> {
    let field = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    // Linux before 5.9 has no `Seccomp_filters`: then 2 in `Seccomp` means that there are some.
    let filters = match (field("Seccomp_filters"), field("Seccomp")) {
        (Some(count), _) => count.parse().ok()?,
        (None, Some("0") | None) => 0,
        (None, Some(_)) => 1,
    };
    Some(Marks {
        no_new_privileges: field("NoNewPrivs")? != "0",
        filters,
        depth: field("NSpid").map_or(1, |numbers| numbers.split_whitespace().count()),
    })
}

fn read_descent(stat: &str) -> Option<Descent> {
    // The name may hold anything, parentheses included; what follows the last one are numbers.
    let (head, rest) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let mut fields = rest.split_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let began = fields.nth(17)?.parse().ok()?;
    Some(Descent { name, parent, began })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::process;

    use super::*;

    #[test]
    fn the_other_end_is_known() {
        let (one, _other) = UnixStream::pair().unwrap();
        let peer = of(&one).unwrap();
        assert_eq!(peer.uid, crate::sys::user::uid());
        if cfg!(target_os = "linux") {
            assert_eq!(peer.pid, process::id());
            assert!(peer.is_there());
            let descent = descent(peer.pid).unwrap();
            assert_eq!(Some(descent.parent), Some(std::os::unix::process::parent_id()));
            assert!(self::descent(descent.parent).is_none_or(|parent| parent.began <= descent.began));
            assert_eq!(marks(peer.pid), own_marks());
        }
    }

    #[test]
    fn what_the_system_says_is_read() {
        let status = "Name:\tx\nNSpid:\t71\t3\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t2\n";
        assert_eq!(read_marks(status), Some(Marks { no_new_privileges: true, filters: 2, depth: 2 }));
        let old = "NoNewPrivs:\t0\nSeccomp:\t2\n";
        assert_eq!(read_marks(old), Some(Marks { no_new_privileges: false, filters: 1, depth: 1 }));
        assert_eq!(read_marks("Name:\tx\n"), None);
        let stat = "42 (a) R 1 (x) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1234 99";
        let descent = Descent { name: "a) R 1 (x".to_owned(), parent: 7, began: 1234 };
        assert_eq!(read_descent(stat), Some(descent));
        assert_eq!(read_descent("42 (a)"), None);
    }
}
