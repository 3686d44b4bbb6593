//! Waiting for many descriptors, most of which say one thing once (epoll(7)).

use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Reports taken at once.
const AT_ONCE: usize = 64;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Something to read, told as long as it is there.
    Readable,
    /// Each change told once: something to read, the other side gone.
    Changes,
}

/// What a descriptor has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The name that it was added with.
    pub token: u64,
    /// There is something to read.
    pub readable: bool,
    /// The other side is gone.
    pub gone: bool,
}

/// The descriptors.
#[derive(Debug)]
pub struct Epoll(OwnedFd);

impl Epoll {
    /// None yet.
    ///
    /// # Errors
    /// When the process has too many descriptors.
    pub fn new() -> io::Result<Self> {
        // SAFETY: makes a descriptor, touches no memory.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Adds one until it is closed.
    ///
    /// # Errors
    /// When the system's limit of watched descriptors is reached.
    pub fn add(&self, fd: BorrowedFd<'_>, token: u64, want: Want) -> io::Result<()> {
        let events = match want {
            Want::Readable => libc::EPOLLIN,
            Want::Changes => libc::EPOLLIN | libc::EPOLLET,
        };
        let mut event = libc::epoll_event { events: events.cast_unsigned(), u64: token };
        // SAFETY: the kernel copies the structure, which lives here.
        let done = unsafe {
            libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &raw mut event)
        };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Waits for something, at most for `timeout` if there is one, and gives what there is; nothing when the time is over.
    ///
    /// # Errors
    /// Does not happen with descriptors that are open.
    pub fn wait(&self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        ready.clear();
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; AT_ONCE];
        // Rounded up, so that what is due is due when this returns.
        let timeout = timeout
            .map_or(-1, |timeout| i32::try_from(timeout.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX));
        // SAFETY: the kernel writes at most so many structures, which live here.
        let count =
            unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), AT_ONCE as i32, timeout) };
        let Ok(count) = usize::try_from(count) else {
            let cause = io::Error::last_os_error();
            return if cause.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(cause) };
        };
        ready.extend(events.iter().take(count).map(|event| {
            let (events, token) = (event.events.cast_signed(), event.u64);
            Ready {
                token,
                readable: events & libc::EPOLLIN != 0,
                gone: events & (libc::EPOLLHUP | libc::EPOLLERR) != 0,
            }
        }));
        Ok(())
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
