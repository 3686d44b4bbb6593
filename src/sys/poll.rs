//! Waiting for several descriptors at once.

use std::io;
use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::error::IoContext;
use crate::error::Result;

/// Descriptors watched at once: two inputs, three outputs, a terminal, signals, a waker,
/// the launcher.
const MOST: usize = 11;

/// A set of descriptors to wait for, built anew for each wait and living on the stack.
pub struct PollSet<'a> {
    entries: [libc::pollfd; MOST],
    used: usize,
    descriptors: PhantomData<BorrowedFd<'a>>,
}

/// Names one descriptor of a [`PollSet`].
#[derive(Clone, Copy, Debug)]
pub struct Slot(usize);

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Bytes to read, or the end.
    Read,
    /// Room to write, or nobody there to read.
    Write,
    /// Bytes or room, whichever is first.
    Both,
    /// Only that the other side went away.
    Hangup,
}

impl<'a> PollSet<'a> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        let empty = libc::pollfd { fd: -1, events: 0, revents: 0 };
        Self { entries: [empty; MOST], used: 0, descriptors: PhantomData }
    }

    /// Adds a descriptor. One too many is not watched and never ready; the set has room for all that a session has.
    pub fn add(&mut self, fd: BorrowedFd<'a>, want: Want) -> Slot {
        debug_assert!(self.used < MOST, "PollSet is full");
        let slot = Slot(self.used.min(MOST - 1));
        if self.used < MOST {
            let events = match want {
                Want::Read => libc::POLLIN,
                Want::Write => libc::POLLOUT,
                Want::Both => libc::POLLIN | libc::POLLOUT,
                Want::Hangup => 0,
            };
            self.entries[self.used] = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
            self.used += 1;
        }
        slot
    }

    /// Waits until one is ready, a signal came, or `timeout` (rounded up to milliseconds) is over.
    ///
    /// # Errors
    /// When poll(2) fails other than by a signal.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<()> {
        let millis = match timeout {
            None => -1,
            Some(time) => i32::try_from(time.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX),
        };
        let count = libc::nfds_t::try_from(self.used).unwrap_or(0);
        // SAFETY: the array has `used` initialised entries and outlives the call; poll(2) writes `revents` only.
        let ready = unsafe { libc::poll(self.entries.as_mut_ptr(), count, millis) };
        if ready >= 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        self.entries.iter_mut().for_each(|entry| entry.revents = 0);
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(()),
            _ => Err(error).context(|| "cannot wait for the terminal"),
        }
    }

    /// Whether reading gives something now: bytes or the end.
    #[must_use]
    pub fn is_readable(&self, slot: Slot) -> bool {
        self.revents(slot) & (libc::POLLIN | libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0
    }

    /// Whether writing does something now: takes bytes or says that nobody reads.
    #[must_use]
    pub fn is_writable(&self, slot: Slot) -> bool {
        self.revents(slot) & (libc::POLLOUT | libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0
    }

    /// Whether the other side went away.
    #[must_use]
    pub fn is_gone(&self, slot: Slot) -> bool {
        self.revents(slot) & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0
    }

    fn revents(&self, slot: Slot) -> libc::c_short {
        self.entries[slot.0].revents
    }
}

impl Default for PollSet<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits until one of many can be read.
///
/// # Errors
/// When poll(2) fails other than by a signal.
pub fn wait_for_any(fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut entries: Vec<nix::poll::PollFd<'_>> =
        fds.iter().map(|fd| nix::poll::PollFd::new(*fd, nix::poll::PollFlags::POLLIN)).collect();
    loop {
        match nix::poll::poll(&mut entries, nix::poll::PollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => {}
            done => return Ok(done.map(drop)?),
        }
    }
}

/// Whether `fd` takes bytes now without waiting.
#[must_use]
pub fn has_room(fd: impl AsFd) -> bool {
    let mut set = PollSet::new();
    let slot = set.add(fd.as_fd(), Want::Write);
    set.wait(Some(Duration::ZERO)).is_ok() && set.is_writable(slot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::fd;

    #[test]
    fn only_what_is_ready_is_reported() {
        let (reader, writer) = fd::pipe().unwrap();
        let mut set = PollSet::new();
        let (read, write) = (set.add(reader.as_fd(), Want::Read), set.add(writer.as_fd(), Want::Write));
        set.wait(None).unwrap();
        assert!(!set.is_readable(read));
        assert!(set.is_writable(write));
        drop(reader);
        let mut set = PollSet::new();
        let write = set.add(writer.as_fd(), Want::Hangup);
        set.wait(Some(Duration::ZERO)).unwrap();
        assert!(set.is_gone(write));
    }
}
