//! Notifications of system calls that wait for our answer (seccomp_unotify(2)).
//!
//! What a notification says of memory can change at any time until it is answered, and its process can be gone: nothing
//! here is more than a report. Going on is therefore no decision about security; failing a call is exact.

mod epoll;

use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

pub use self::epoll::Epoll;
pub use self::epoll::Ready;
pub use self::epoll::Want;

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP` of `SECCOMP_IOCTL_NOTIF_SET_FLAGS` (Linux 6.6).
const SYNC_WAKE_UP: u64 = 1;

/// The listener of a filter, with room for one notification.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    /// As large as the kernel's structures, which grow with its version; aligned for them.
    notification: Vec<u64>,
    answer: Vec<u64>,
}

/// A call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Names it until it is answered or its thread is gone.
    pub id: u64,
    /// The thread that called, as we see it.
    pub thread: i32,
    /// What it called.
    pub call: Call,
}

/// A system call that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A program is to be executed.
    Execute(Execute),
    /// The thread ends, and its process with it where `whole`, with this status.
    Exit {
        /// The whole process ends.
        whole: bool,
        /// The status, as wait(2) would give it.
        status: u8,
    },
    /// Something that is not watched: a filter of another version.
    Other,
}

/// Where the arguments of execve(2) or execveat(2) are, in the memory of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execute {
    /// The path.
    pub path: u64,
    /// The arguments.
    pub argv: u64,
    /// The environment.
    pub envp: u64,
    /// The directory or file that an empty or relative path counts from; none: the working directory.
    pub from: Option<i32>,
    /// The file behind `from` itself is meant where the path is empty.
    pub may_be_empty: bool,
    /// Bytes of a pointer: 8, or 4 for 32-bit programs.
    pub pointer_bytes: usize,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The kernel does it.
    Continue,
    /// It fails with this error.
    Fail(i32),
}

impl Listener {
    /// Takes over what [`crate::sandbox::seccomp::watch_execs`] gave.
    ///
    /// # Errors
    /// When the kernel does not say how large its structures are.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        let mut sizes =
            libc::seccomp_notif_sizes { seccomp_notif: 0, seccomp_notif_resp: 0, seccomp_data: 0 };
        // SAFETY: the kernel writes one structure of this type, which lives here (seccomp(2)).
        let done =
            unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_NOTIF_SIZES, 0, &raw mut sizes) };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
        let words = |bytes: u16, least: usize| usize::from(bytes).max(least).div_ceil(8);
        // A courtesy of newer kernels: the waiting thread runs at once where we are about to wait ourselves.
        // SAFETY: the flags are passed by value.
        let _ = unsafe { libc::ioctl(fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
        Ok(Self {
            fd,
            notification: vec![0; words(sizes.seccomp_notif, size_of::<libc::seccomp_notif>())],
            answer: vec![0; words(sizes.seccomp_notif_resp, size_of::<libc::seccomp_notif_resp>())],
        })
    }

    /// The next call that waits; none if its thread went away. Waits if there is none.
    ///
    /// # Errors
    /// When the listener is no use any more.
    pub fn receive(&mut self) -> io::Result<Option<Notification>> {
        // The kernel insists.
        self.notification.fill(0);
        let room = self.notification.as_mut_ptr().cast::<libc::seccomp_notif>();
        // SAFETY: the room is as large as the kernel said, aligned and zeroed.
        let done = unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, room) };
        if done != 0 {
            let cause = io::Error::last_os_error();
            return match cause.raw_os_error() {
                Some(libc::ENOENT | libc::EINTR | libc::EAGAIN) => Ok(None),
                _ => Err(cause),
            };
        }
        // SAFETY: the kernel has filled the structure, which is plain numbers.
        let notification = unsafe { room.read() };
        Ok(Some(Notification {
            id: notification.id,
            thread: i32::try_from(notification.pid).unwrap_or(0),
            call: call(&notification.data),
        }))
    }

    /// Answers. False if nobody waits for it any more: the thread was killed, or a signal made it begin anew.
    pub fn answer(&mut self, id: u64, answer: Answer) -> bool {
        self.answer.fill(0);
        let (error, flags) = match answer {
            Answer::Continue => (0, SECCOMP_USER_NOTIF_FLAG_CONTINUE),
            Answer::Fail(errno) => (-errno.abs(), 0),
        };
        let room = self.answer.as_mut_ptr().cast::<libc::seccomp_notif_resp>();
        // SAFETY: the room is at least as large as this structure, and aligned for it.
        unsafe { room.write(libc::seccomp_notif_resp { id, val: 0, error, flags }) };
        // SAFETY: the kernel reads the structure, which lives in `self`.
        unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, room) == 0 }
    }

    /// Whether the call still waits: then its thread's number still means that thread, and its memory is what it was
    /// called with.
    #[must_use]
    pub fn still_waits(&self, id: u64) -> bool {
        // SAFETY: the kernel reads one number, which lives here.
        unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) == 0 }
    }
}

/// The errors that execve(2) fails with.
pub mod errno {
    pub use libc::EACCES;
    pub use libc::EFAULT;
    pub use libc::ENAMETOOLONG;
    pub use libc::ENOENT;
}

/// linux/seccomp.h
const SECCOMP_USER_NOTIF_FLAG_CONTINUE: u32 = 1;

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Bit 30 of a number: an x32 program, with pointers of 4 bytes.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

#[derive(Clone, Copy)]
enum Kind {
    Execve,
    Execveat,
    ExitGroup,
    Exit,
}

/// What a number means, and how many bytes a pointer has.
#[cfg(target_arch = "x86_64")]
fn meaning(architecture: u32, number: u32) -> Option<(Kind, usize)> {
    let width = if architecture == 0x4000_0003 || number & X32 != 0 { 4 } else { 8 };
    let kind = match (architecture, number & !X32) {
        (0xc000_003e, 59 | 520) | (0x4000_0003, 11) => Kind::Execve,
        (0xc000_003e, 322 | 545) | (0x4000_0003, 358) => Kind::Execveat,
        (0xc000_003e, 231) | (0x4000_0003, 252) => Kind::ExitGroup,
        (0xc000_003e, 60) | (0x4000_0003, 1) => Kind::Exit,
        _ => return None,
    };
    Some((kind, width))
}

/// What a number means, and how many bytes a pointer has.
#[cfg(target_arch = "aarch64")]
fn meaning(architecture: u32, number: u32) -> Option<(Kind, usize)> {
    let width = if architecture == 0x4000_0028 { 4 } else { 8 };
    let kind = match (architecture, number) {
        (0xc000_00b7, 221) | (0x4000_0028, 11) => Kind::Execve,
        (0xc000_00b7, 281) | (0x4000_0028, 387) => Kind::Execveat,
        (0xc000_00b7, 94) | (0x4000_0028, 248) => Kind::ExitGroup,
        (0xc000_00b7, 93) | (0x4000_0028, 1) => Kind::Exit,
        _ => return None,
    };
    Some((kind, width))
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn meaning(_: u32, _: u32) -> Option<(Kind, usize)> {
    None
}

fn call(data: &libc::seccomp_data) -> Call {
    let Some((kind, pointer_bytes)) = meaning(data.arch, data.nr.cast_unsigned()) else { return Call::Other };
    let pointer = |index: usize| match pointer_bytes {
        4 => data.args[index] & 0xffff_ffff,
        _ => data.args[index],
    };
    // An int is the low half of its register.
    #[expect(clippy::cast_possible_truncation, reason = "as the kernel does it")]
    let int = |index: usize| data.args[index] as u32;
    let status = u8::try_from(int(0) & 0xff).unwrap_or(0);
    match kind {
        Kind::Execve => Call::Execute(Execute {
            path: pointer(0),
            argv: pointer(1),
            envp: pointer(2),
            from: None,
            may_be_empty: false,
            pointer_bytes,
        }),
        Kind::Execveat => {
            let from = int(0).cast_signed();
            Call::Execute(Execute {
                path: pointer(1),
                argv: pointer(2),
                envp: pointer(3),
                from: (from != libc::AT_FDCWD).then_some(from),
                may_be_empty: int(4) & libc::AT_EMPTY_PATH.cast_unsigned() != 0,
                pointer_bytes,
            })
        }
        Kind::ExitGroup => Call::Exit { whole: true, status },
        Kind::Exit => Call::Exit { whole: false, status },
    }
}
