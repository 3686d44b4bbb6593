//! Writing to our standard output and error without ever waiting.
//!
//! The open files that we inherited are shared with the shell and others, so their flags are left alone: a terminal
//! or a pipe is opened again under its own name, a socket is written with a flag of its own.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::send;

use crate::error::IoContext;
use crate::error::Result;
use crate::sys::fd;
use crate::sys::fd::Behind;
use crate::sys::fd::Moved;

/// Most bytes written at once to what can only be written blocking: what a pipe takes after poll said so.
const CAREFUL_BYTES: usize = 4096;

/// One of our outputs.
#[derive(Debug)]
pub struct Outlet {
    fd: OwnedFd,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Writes as they are: a file, or an open file of our own that is non-blocking.
    Plain,
    /// Writes in small pieces, each after poll.
    Careful,
    /// Writes with `MSG_DONTWAIT`.
    Socket,
}

impl Outlet {
    /// An outlet to where `original` leads. A terminal can be read from as well.
    ///
    /// # Errors
    /// When the process has too many descriptors, or `original` is not open.
    pub fn to(original: BorrowedFd<'_>) -> Result<Self> {
        let behind = fd::behind(original);
        if matches!(behind, Behind::Terminal | Behind::Pipe)
            && let Some(fd) = open_again(original, behind == Behind::Terminal)
        {
            return Ok(Self { fd, way: Way::Plain });
        }
        let way = match behind {
            Behind::File => Way::Plain,
            Behind::Other if is_socket(original) => Way::Socket,
            Behind::Terminal | Behind::Pipe | Behind::Other | Behind::Nothing => Way::Careful,
        };
        let fd = original.try_clone_to_owned().context(|| "cannot duplicate an output")?;
        Ok(Self { fd, way })
    }

    /// Writes once, as much as goes now.
    ///
    /// # Errors
    /// As [`fd::write`]: disk full, for example.
    pub fn write(&self, bytes: &[u8]) -> io::Result<Moved> {
        match self.way {
            Way::Plain => fd::write(&self.fd, bytes),
            Way::Careful => {
                if !crate::sys::poll::has_room(&self.fd) {
                    return Ok(Moved::Later);
                }
                fd::write(&self.fd, &bytes[..bytes.len().min(CAREFUL_BYTES)])
            }
            Way::Socket => {
                match send(self.fd.as_raw_fd(), bytes, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
                    Ok(count) => Ok(Moved::Bytes(count)),
                    Err(Errno::EAGAIN | Errno::EINTR) => Ok(Moved::Later),
                    Err(Errno::EPIPE | Errno::ECONNRESET) => Ok(Moved::Closed),
                    Err(errno) => Err(errno.into()),
                }
            }
        }
    }
}

impl AsFd for Outlet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn open_again(original: BorrowedFd<'_>, read: bool) -> Option<OwnedFd> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    let file =
        OpenOptions::new().read(read).write(true).custom_flags(flags).open(fd::path_of(original)).ok()?;
    // Under a name may stand another file by now.
    fd::same(original, file.as_fd()).then(|| file.into())
}

fn is_socket(fd: BorrowedFd<'_>) -> bool {
    nix::sys::socket::getsockopt(&fd, nix::sys::socket::sockopt::SockType).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_pipe_says_later_and_the_original_keeps_its_flags() {
        let (reader, writer) = fd::pipe().unwrap();
        let outlet = Outlet::to(writer.as_fd()).unwrap();
        let chunk = [b'x'; 65_536];
        while let Moved::Bytes(_) = outlet.write(&chunk).unwrap() {}
        assert_eq!(outlet.write(b"more").unwrap(), Moved::Later);
        let flags = nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_GETFL).unwrap();
        assert_eq!(flags & libc::O_NONBLOCK, 0);
        drop(reader);
        assert_eq!(outlet.write(b"more").unwrap(), Moved::Closed);
    }

    #[test]
    fn a_socket_is_written_without_waiting() {
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        let outlet = Outlet::to(near.as_fd()).unwrap();
        assert_eq!(outlet.write(b"abc").unwrap(), Moved::Bytes(3));
        drop(far);
        assert_eq!(outlet.write(b"abc").unwrap(), Moved::Closed);
    }
}
