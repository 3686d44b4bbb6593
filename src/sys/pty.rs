//! A pseudo-terminal: the master is ours, the slave is the child's.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use nix::pty::Winsize;
use nix::pty::openpty;
use nix::sys::termios::InputFlags;
use nix::sys::termios::LocalFlags;
use nix::sys::termios::SetArg;
use nix::sys::termios::tcgetattr;
use nix::sys::termios::tcsetattr;
use nix::unistd::tcgetpgrp;

use crate::error::IoContext;
use crate::error::Result;
use crate::sys::child::Group;
use crate::sys::fd;
use crate::sys::fd::Moved;
use crate::sys::tty;
use crate::sys::tty::Modes;
use crate::sys::tty::Size;

/// Our end of a pseudo-terminal. Reads and writes never wait.
#[derive(Debug)]
pub struct Master(OwnedFd);

/// The child's end.
#[derive(Debug)]
pub struct Slave(OwnedFd);

/// Opens a pseudo-terminal of `size`, with the modes of the terminal outside or, without one, usual ones.
///
/// # Errors
/// When the system has no more pseudo-terminals.
pub fn open(size: Size, like: Option<&Modes>) -> Result<(Master, Slave)> {
    let pair = openpty(&Winsize::from(size), like.map(Modes::as_termios))
        .map_err(io::Error::from)
        .context(|| "cannot open a pseudo-terminal")?;
    fd::close_in_children(&pair.master)?;
    fd::close_in_children(&pair.slave)?;
    if like.is_none()
        && let Ok(mut modes) = tcgetattr(&pair.slave)
    {
        // Without it, the kernel's line editing deletes half characters.
        modes.input_flags |= InputFlags::IUTF8;
        let _ = tcsetattr(&pair.slave, SetArg::TCSANOW, &modes);
    }
    fd::set_nonblocking(&pair.master)?;
    Ok((Master(pair.master), Slave(pair.slave)))
}

impl From<Master> for OwnedFd {
    fn from(master: Master) -> Self {
        master.0
    }
}

impl Master {
    /// The master that another process has opened and passed to us.
    ///
    /// # Errors
    /// When fcntl(2) fails.
    pub fn from_fd(fd: OwnedFd) -> Result<Self> {
        fd::set_nonblocking(&fd)?;
        Ok(Self(fd))
    }

    /// Reads once; a PTY gives at most 4 KiB at a time.
    ///
    /// # Errors
    /// As [`fd::read`]; `EIO`, the end of a PTY, is [`Moved::Closed`].
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Moved> {
        fd::read(&self.0, buffer)
    }

    /// Types `bytes` into the terminal, as many as it takes now.
    ///
    /// # Errors
    /// As [`fd::write`].
    pub fn write(&self, bytes: &[u8]) -> io::Result<Moved> {
        fd::write(&self.0, bytes)
    }

    /// Changes the size; the programs in it get `SIGWINCH` if it differs.
    pub fn resize(&self, size: Size) {
        tty::set_size(self.0.as_fd(), size);
    }

    /// The process group in the foreground of the terminal.
    #[must_use]
    pub fn foreground(&self) -> Option<Group> {
        tcgetpgrp(&self.0).ok().and_then(Group::new)
    }

    /// Whether a password is being typed: lines are edited by the kernel and not echoed.
    ///
    /// A terminal that cannot be asked counts as one.
    #[must_use]
    pub fn is_reading_password(&self) -> bool {
        // On Linux the master answers with the slave's modes.
        tcgetattr(&self.0).map_or(true, |modes| {
            modes.local_flags.contains(LocalFlags::ICANON) && !modes.local_flags.contains(LocalFlags::ECHO)
        })
    }

    /// A second descriptor for the same master, for the thread that drains it.
    ///
    /// # Errors
    /// When the process has too many descriptors.
    pub fn duplicate(&self) -> Result<Self> {
        self.0.try_clone().map(Self).context(|| "cannot duplicate the pseudo-terminal")
    }
}

impl AsFd for Master {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsFd for Slave {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_terminal_has_the_size_asked_for_and_echoes() {
        let size = Size::new(100, 30);
        let (master, slave) = open(size, None).unwrap();
        assert_eq!(tty::size_of(slave.as_fd()), Some(size));
        assert!(!master.is_reading_password());
        assert_eq!(master.write(b"x").unwrap(), Moved::Bytes(1));
    }
}
