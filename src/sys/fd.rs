//! Descriptors: pipes, non-blocking reads and writes, and telling what stands behind a number.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::FcntlArg;
use nix::fcntl::FdFlag;
use nix::fcntl::OFlag;
use nix::fcntl::fcntl;
use nix::sys::stat::SFlag;
use nix::sys::stat::fstat;

use crate::error::IoContext;
use crate::error::Result;

/// What one read or write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// This many bytes went through; at least one.
    Bytes(usize),
    /// Nothing now; poll says when.
    Later,
    /// The other side is gone: end of file, `EIO` of a PTY, `EPIPE`.
    Closed,
}

/// Reads once into `buffer`, never waiting if the descriptor is non-blocking.
///
/// # Errors
/// Whatever read(2) gives beyond "later", "interrupted" and the ways in which a PTY or pipe says that it ended.
pub fn read(fd: impl AsFd, buffer: &mut [u8]) -> io::Result<Moved> {
    loop {
        return match nix::unistd::read(fd.as_fd(), buffer) {
            Ok(0) => Ok(Moved::Closed),
            Ok(count) => Ok(Moved::Bytes(count)),
            Err(Errno::EINTR) => continue,
            Err(Errno::EAGAIN) => Ok(Moved::Later),
            // A PTY whose last slave is closed, a terminal that hung up.
            Err(Errno::EIO) => Ok(Moved::Closed),
            Err(errno) => Err(errno.into()),
        };
    }
}

/// Writes once, never waiting if the descriptor is non-blocking.
///
/// # Errors
/// Whatever write(2) gives beyond "later", "interrupted" and "nobody reads".
pub fn write(fd: impl AsFd, bytes: &[u8]) -> io::Result<Moved> {
    loop {
        return match nix::unistd::write(fd.as_fd(), bytes) {
            Ok(0) => Ok(Moved::Later),
            Ok(count) => Ok(Moved::Bytes(count)),
            Err(Errno::EINTR) => continue,
            Err(Errno::EAGAIN) => Ok(Moved::Later),
            Err(Errno::EPIPE | Errno::EIO | Errno::ECONNRESET) => Ok(Moved::Closed),
            Err(errno) => Err(errno.into()),
        };
    }
}

/// A pipe, both ends closed in children: (to read from, to write to).
///
/// # Errors
/// When the process has too many descriptors.
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(io::Error::from).context(|| "cannot make a pipe")
}

/// Makes reads and writes on this open file return at once.
///
/// Only for open files that are ours alone: the flag is shared with everyone who inherited the same one.
///
/// # Errors
/// When fcntl(2) fails.
pub fn set_nonblocking(fd: impl AsFd) -> Result<()> {
    let fd = fd.as_fd();
    let flags = fcntl(fd, FcntlArg::F_GETFL).map_err(io::Error::from).context(|| "cannot read open flags")?;
    let flags = OFlag::from_bits_retain(flags) | OFlag::O_NONBLOCK;
    fcntl(fd, FcntlArg::F_SETFL(flags))
        .map(drop)
        .map_err(io::Error::from)
        .context(|| "cannot make a descriptor non-blocking")
}

/// Closes `fd` in programs that are started.
///
/// # Errors
/// When fcntl(2) fails.
pub fn close_in_children(fd: impl AsFd) -> Result<()> {
    fcntl(fd.as_fd(), FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))
        .map(drop)
        .map_err(io::Error::from)
        .context(|| "cannot mark a descriptor close-on-exec")
}

/// Asks for a pipe that holds `bytes`; smaller is fine, so nothing is reported.
#[cfg(target_os = "linux")]
pub fn widen_pipe(fd: impl AsFd, bytes: i32) {
    let _ = fcntl(fd.as_fd(), FcntlArg::F_SETPIPE_SZ(bytes));
}

/// Asks for a pipe that holds `bytes`; this system has one size only.
#[cfg(not(target_os = "linux"))]
pub fn widen_pipe(_: impl AsFd, _: i32) {}

/// What stands behind a descriptor, as far as writing to it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// A terminal.
    Terminal,
    /// A pipe.
    Pipe,
    /// A regular file: writing never waits for a reader.
    File,
    /// A socket, a device, anything else.
    Other,
    /// The descriptor is not open.
    Nothing,
}

/// What stands behind `fd`.
#[must_use]
pub fn behind(fd: BorrowedFd<'_>) -> Behind {
    let Ok(stat) = fstat(fd) else { return Behind::Nothing };
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFIFO => Behind::Pipe,
        SFlag::S_IFREG => Behind::File,
        SFlag::S_IFCHR if nix::unistd::isatty(fd).unwrap_or(false) => Behind::Terminal,
        _ => Behind::Other,
    }
}

/// Whether two descriptors lead to the same pipe, file or terminal.
#[must_use]
pub fn same(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    match (fstat(one), fstat(other)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    }
}

/// The path under which this process can open `fd` again.
#[must_use]
pub fn path_of(fd: BorrowedFd<'_>) -> String {
    format!("/dev/fd/{}", fd.as_raw_fd())
}

/// The folder under which this process finds what is in the folder behind `fd`; other names may be too long for a socket.
#[must_use]
pub fn path_of_own(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_says_later_then_bytes_then_closed() {
        let (reader, writer) = pipe().unwrap();
        set_nonblocking(&reader).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(read(&reader, &mut buffer).unwrap(), Moved::Later);
        assert_eq!(write(&writer, b"abc").unwrap(), Moved::Bytes(3));
        assert_eq!(read(&reader, &mut buffer).unwrap(), Moved::Bytes(3));
        drop(writer);
        assert_eq!(read(&reader, &mut buffer).unwrap(), Moved::Closed);
    }

    #[test]
    fn what_stands_behind_a_descriptor_is_told() {
        let (reader, writer) = pipe().unwrap();
        assert_eq!(behind(reader.as_fd()), Behind::Pipe);
        assert!(same(reader.as_fd(), writer.as_fd()));
        let file = tempfile::tempfile().unwrap();
        assert_eq!(behind(file.as_fd()), Behind::File);
        assert!(!same(reader.as_fd(), file.as_fd()));
    }
}
