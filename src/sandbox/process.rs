//! Looking at other processes: arguments, parents, exit status, what they hold open.
//!
//! Whoever is looked at may be hostile and may be gone: everything here is bounded, and gives nothing rather than wait or
//! panic. Process ids are as we see them, unless said otherwise.

mod files;
mod memory;
mod pidfd;

use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;

use nix::sys::resource::Resource;
use nix::sys::resource::getrlimit;
use nix::sys::resource::setrlimit;

pub use self::files::File;
pub use self::files::Found;
pub use self::files::find_program;
pub use self::files::locate;
pub use self::memory::Memory;
pub use self::memory::Texts;
pub use self::memory::write_memory;
pub use self::pidfd::Exit;
pub use self::pidfd::Identity;
pub use self::pidfd::Pidfd;
pub use self::pidfd::exits_are_told;

/// Descriptors of a process that are looked at, at most.
const MOST_DESCRIPTORS: usize = 65_536;

/// Translates process ids to what processes of one pid namespace see.
#[derive(Debug)]
pub struct PidNamespace {
    /// None: it is our own.
    fd: Option<OwnedFd>,
}

impl PidNamespace {
    /// The namespace of process `pid`; none if it cannot be told.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        let theirs = std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok()?;
        if std::fs::read_link("/proc/self/ns/pid").is_ok_and(|ours| ours == theirs) {
            return Some(Self { fd: None });
        }
        let file = std::fs::File::open(format!("/proc/{pid}/ns/pid")).ok()?;
        Some(Self { fd: Some(OwnedFd::from(file)) })
    }

    /// The number of process `pid` inside; 0: it is not in there, or nobody knows.
    #[must_use]
    pub fn inside(&self, pid: i32) -> u32 {
        let Some(fd) = &self.fd else { return u32::try_from(pid).unwrap_or(0) };
        // NS_GET_TGID_IN_PIDNS of linux/nsfs.h (Linux 6.11): _IOR(0xb7, 9, int)
        const TGID_IN_NAMESPACE: libc::Ioctl = 0x8004_b709_u32 as libc::Ioctl;
        // SAFETY: the argument is a number; the kernel touches no memory of ours.
        let inside = unsafe { libc::ioctl(fd.as_raw_fd(), TGID_IN_NAMESPACE, libc::c_long::from(pid)) };
        match u32::try_from(inside) {
            Ok(inside) => inside,
            Err(_) if std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) => 0,
            Err(_) => innermost(pid),
        }
    }
}

/// The number of process `pid` as it sees itself; 0: not known.
///
/// Differs from what its namespace's members see where it has made a namespace inside theirs.
#[must_use]
pub fn innermost(pid: i32) -> u32 {
    let numbers = status_field(pid, "NStgid:").unwrap_or_default();
    numbers.split_ascii_whitespace().last().and_then(|inside| inside.parse().ok()).unwrap_or(0)
}

/// What `/proc/PID/status` says after `name`.
fn status_field(pid: i32, name: &str) -> Option<String> {
    let status = std::fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().to_owned())
}

/// The working directory; one that was deleted ends in ` (deleted)`.
#[must_use]
pub fn working_directory(pid: i32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The process that `pid` was started by, or was given to since.
#[must_use]
pub fn parent_of(pid: i32) -> Option<i32> {
    match Pidfd::open(pid) {
        Ok(pidfd) => pidfd.identity().map(|identity| identity.parent),
        Err(_) => None,
    }
    .or_else(|| status_field(pid, "PPid:")?.parse().ok())
    .filter(|parent| *parent > 0)
}

/// The processes that `pid` has started and that are still its own, of all its threads.
#[must_use]
pub fn children_of(pid: i32) -> Vec<i32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// The leaders of the group and of the session that process `pid` belongs to.
#[must_use]
pub fn leaders_of(pid: i32) -> [i32; 2] {
    let pid = nix::unistd::Pid::from_raw(pid);
    [nix::unistd::getpgid(Some(pid)), nix::unistd::getsid(Some(pid))]
        .map(|leader| leader.map_or(0, nix::unistd::Pid::as_raw))
}

/// The descriptor by which process `pid` has the socket `inode` open, if it has.
#[must_use]
pub fn descriptor_of_socket(pid: i32, inode: u64) -> Option<i32> {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let wanted = format!("socket:[{inode}]");
    let holds = |path: &Path| std::fs::read_link(path).is_ok_and(|link| link.as_os_str() == wanted.as_str());
    let found = descriptors.flatten().take(MOST_DESCRIPTORS).find(|entry| holds(&entry.path()))?;
    found.file_name().to_str()?.parse().ok()
}

/// Whether process `pid` has the socket `inode` open as this descriptor.
#[must_use]
pub fn has_socket_at(pid: i32, descriptor: i32, inode: u64) -> bool {
    let link = std::fs::read_link(format!("/proc/{pid}/fd/{descriptor}"));
    link.is_ok_and(|link| link.as_os_str() == format!("socket:[{inode}]").as_str())
}

/// Whether two processes share their memory, as those of vfork(2) do until one executes a program. None: unknown.
#[must_use]
pub fn share_memory(one: i32, other: i32) -> Option<bool> {
    // KCMP_VM of linux/kcmp.h.
    const MEMORY: libc::c_int = 1;
    // SAFETY: five numbers (kcmp(2)).
    match unsafe { libc::syscall(libc::SYS_kcmp, one, other, MEMORY, 0_u64, 0_u64) } {
        0 => Some(true),
        found if found > 0 => Some(false),
        _ => None,
    }
}

/// Lets this process have as many descriptors as it may: every process that is watched costs one.
///
/// After whatever is started has been forked, or it would get this limit, too.
pub fn raise_descriptor_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Best effort: what has no descriptor is recorded without its end.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
