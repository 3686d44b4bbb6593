//! A process by descriptor: it cannot be mistaken for a later one with its number, and tells how it ended.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use super::status_field;

/// linux/pidfd.h: `_IOWR(0xff, 11, struct pidfd_info)`, and what is asked for.
const PIDFD_GET_INFO: libc::Ioctl = 0xc040_ff0b_u32 as libc::Ioctl;
const PIDFD_INFO_PID: u64 = 1 << 0;
const PIDFD_INFO_EXIT: u64 = 1 << 3;
/// Opens a thread that does not lead its process (Linux 6.9).
const PIDFD_THREAD: libc::c_uint = libc::O_EXCL.cast_unsigned();

/// `struct pidfd_info` in its first version.
#[repr(C)]
#[derive(Default)]
struct Info {
    mask: u64,
    cgroup: u64,
    pid: u32,
    tgid: u32,
    ppid: u32,
    ids: [u32; 8],
    exit_code: i32,
}

/// A process, whatever becomes of its number. Readable when it has ended, gone when its parent has taken note.
#[derive(Debug)]
pub struct Pidfd(OwnedFd);

/// Who a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its number.
    pub process: i32,
    /// Its parent's; 0: one that we cannot see.
    pub parent: i32,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

impl Pidfd {
    /// The process that `thread` belongs to.
    ///
    /// # Errors
    /// When it is gone, or this process has too many descriptors.
    pub fn open(thread: i32) -> io::Result<Self> {
        match open(thread, 0) {
            // Not the leader of its process; kernels differ in how they say it.
            Err(cause) if matches!(cause.raw_os_error(), Some(libc::EINVAL | libc::ENOENT)) => {
                let process = match open(thread, PIDFD_THREAD) {
                    Ok(fd) => Self(fd).info(PIDFD_INFO_PID).and_then(|info| i32::try_from(info.tgid).ok()),
                    Err(_) => None,
                };
                let process = process.or_else(|| status_field(thread, "Tgid:")?.parse().ok()).ok_or(cause)?;
                open(process, 0).map(Self)
            }
            opened => opened.map(Self),
        }
    }

    /// Who it is; none when it is gone, or on kernels before 6.13.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let info = self.info(PIDFD_INFO_PID)?;
        Some(Identity {
            process: i32::try_from(info.tgid).ok().filter(|pid| *pid > 0)?,
            parent: i32::try_from(info.ppid).unwrap_or(0),
        })
    }

    /// How it ended. Exact once it is gone; before, and on kernels before 6.15, none.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        let info = self.info(PIDFD_INFO_EXIT)?;
        if info.mask & PIDFD_INFO_EXIT == 0 {
            return None;
        }
        Some(match info.exit_code & 0x7f {
            0 => Exit::Status(info.exit_code >> 8 & 0xff),
            signal => Exit::Signal(signal),
        })
    }

    fn info(&self, mask: u64) -> Option<Info> {
        let mut info = Info { mask, ..Info::default() };
        // SAFETY: the kernel writes one structure of this size, which lives here.
        let done = unsafe { libc::ioctl(self.0.as_raw_fd(), PIDFD_GET_INFO, &raw mut info) };
        (done == 0).then_some(info)
    }
}

impl Identity {
    /// Who the process of `thread` is, as /proc says: for kernels that do not tell by descriptor.
    #[must_use]
    pub fn of(thread: i32) -> Option<Self> {
        let number = |name| status_field(thread, name)?.parse::<i32>().ok();
        Some(Self { process: number("Tgid:")?, parent: number("PPid:")? })
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn open(pid: i32, flags: libc::c_uint) -> io::Result<OwnedFd> {
    // SAFETY: two numbers; the kernel makes a descriptor, closed in programs that we start (pidfd_open(2)).
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) };
    match i32::try_from(fd) {
        // SAFETY: the descriptor is new and nobody else's.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether this kernel tells how a process ended after it is gone; tried with a process of our own. If not, let
/// [`crate::sandbox::seccomp::watch_execs`] report exits.
#[must_use]
pub fn exits_are_told() -> bool {
    // Without a copy of our memory, which would take longer than all the rest.
    #[expect(deprecated, reason = "nothing of what it is deprecated for runs in the child")]
    // SAFETY: the child calls _exit(2) only, which is what vfork(2) allows.
    let child = unsafe { libc::vfork() };
    if child == 0 {
        // SAFETY: ends the process, running nothing of ours.
        unsafe { libc::_exit(7) };
    }
    if child < 0 {
        return false;
    }
    let pidfd = open(child, 0).map(Pidfd);
    let mut status = 0;
    // SAFETY: the kernel writes one number, which lives here. No signal handler of ours is without a restart by hand.
    while unsafe { libc::waitpid(child, &raw mut status, 0) } < 0
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
    pidfd.is_ok_and(|pidfd| pidfd.exit() == Some(Exit::Status(7)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_tells_who_it_is_and_how_it_ended() {
        let mut child = Command::new("/bin/sh")
            .args(["-c", "read x; kill -9 $$"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pidfd = Pidfd::open(i32::try_from(child.id()).unwrap()).unwrap();
        let process = i32::try_from(child.id()).unwrap();
        let identity = Identity { process, parent: i32::try_from(std::process::id()).unwrap() };
        assert_eq!(Identity::of(process), Some(identity));
        assert!(pidfd.identity().is_none_or(|told| told == identity), "none: an older kernel");
        assert_eq!(pidfd.exit(), None);
        drop(child.stdin.take());
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        if exits_are_told() {
            assert_eq!(pidfd.exit(), Some(Exit::Signal(9)));
        }
    }

    #[test]
    fn a_thread_leads_to_its_process() {
        let pid = i32::try_from(std::process::id()).unwrap();
        std::thread::spawn(move || {
            let thread = nix::unistd::gettid().as_raw();
            assert_ne!(thread, pid);
            assert_eq!(Pidfd::open(thread).unwrap().identity().map(|it| it.process), Some(pid));
        })
        .join()
        .unwrap();
    }
}
