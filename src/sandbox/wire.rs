//! Messages between hoop-run and the launcher: one packet each, with descriptors beside it.

use std::io;
use std::io::IoSlice;
use std::io::IoSliceMut;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::os::fd::RawFd;

use nix::errno::Errno;
use nix::sys::socket::AddressFamily;
use nix::sys::socket::ControlMessage;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::SockFlag;
use nix::sys::socket::SockType;
use nix::sys::socket::recvmsg;
use nix::sys::socket::sendmsg;
use nix::sys::socket::socketpair;

/// Bytes of one packet, at most; everything larger travels in a file of its own.
const PACKET_BYTES: usize = 1024;
/// Descriptors beside one packet, at most; the kernel's own limit is 253 (SCM_MAX_FD).
pub const PACKET_FDS: usize = 128;

/// What came.
#[derive(Debug)]
pub enum Received {
    /// A packet.
    Packet(Packet),
    /// Nothing now.
    Nothing,
    /// The other side is gone.
    Closed,
}

/// One message.
#[derive(Debug)]
pub struct Packet {
    /// Its bytes; the first tells what it is.
    pub bytes: Vec<u8>,
    /// What came beside it.
    pub fds: Vec<OwnedFd>,
}

/// Two connected sockets that keep packets apart; closed in programs that are started.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

/// Sends one packet; waits while the other side has not taken the earlier ones.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let beside = if raw.is_empty() { &[][..] } else { &rights[..] };
    loop {
        let iov = [IoSlice::new(bytes)];
        match sendmsg::<()>(socket.as_raw_fd(), &iov, beside, MsgFlags::MSG_NOSIGNAL, None) {
            Err(Errno::EINTR) => {}
            done => return done.map(drop).map_err(io::Error::from),
        }
    }
}

/// Receives one packet, waiting for it if `wait`.
pub fn receive(socket: BorrowedFd<'_>, wait: bool) -> io::Result<Received> {
    let mut bytes = vec![0; PACKET_BYTES];
    let mut space = nix::cmsg_space!([RawFd; PACKET_FDS]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC | if wait { MsgFlags::empty() } else { MsgFlags::MSG_DONTWAIT };
    let (count, fds) = loop {
        let mut iov = [IoSliceMut::new(&mut bytes)];
        match recvmsg::<()>(socket.as_raw_fd(), &mut iov, Some(&mut space), flags) {
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Ok(Received::Nothing),
            Err(Errno::ECONNRESET) => return Ok(Received::Closed),
            Err(errno) => return Err(errno.into()),
            Ok(message) => {
                let mut fds = Vec::new();
                for beside in message.cmsgs()? {
                    if let ControlMessageOwned::ScmRights(raw) = beside {
                        // SAFETY: the kernel made these descriptors for us just now; nobody else owns them.
                        fds.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
                    }
                }
                break (message.bytes, fds);
            }
        }
    };
    if count == 0 && fds.is_empty() {
        return Ok(Received::Closed);
    }
    bytes.truncate(count);
    Ok(Received::Packet(Packet { bytes, fds }))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn packets_stay_apart_and_carry_descriptors() {
        let (a, b) = pair().unwrap();
        assert!(matches!(receive(b.as_fd(), false).unwrap(), Received::Nothing));
        send(a.as_fd(), b"one", &[]).unwrap();
        send(a.as_fd(), b"two", &[a.as_fd(), b.as_fd()]).unwrap();
        let Received::Packet(one) = receive(b.as_fd(), true).unwrap() else { panic!("no packet") };
        assert_eq!((one.bytes.as_slice(), one.fds.len()), (&b"one"[..], 0));
        let Received::Packet(two) = receive(b.as_fd(), true).unwrap() else { panic!("no packet") };
        assert_eq!((two.bytes.as_slice(), two.fds.len()), (&b"two"[..], 2));
        drop((a, two));
        assert!(matches!(receive(b.as_fd(), true).unwrap(), Received::Closed));
    }
}
