//! Whose a connection is (sock_diag(7)).

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::PoisonError;

use nix::sys::socket::MsgFlags;
use nix::sys::socket::recv;
use nix::sys::socket::send;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use nix::sys::time::TimeVal;
use nix::sys::time::TimeValLike;

/// Message type, both ways.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// Header, the family's fields, the connection: `nlmsghdr`, `inet_diag_req_v2`.
const REQUEST_BYTES: usize = 16 + 8 + 48;
/// Where an answer has the number of the socket: after its header and 68 bytes of `inet_diag_msg`.
const INODE_AT: usize = 16 + 68;
/// The kernel answers at once; this is for one that does not.
const PATIENCE_MILLISECONDS: i64 = 100;

/// Answers questions about connections of the network that its socket was made in.
#[derive(Debug)]
pub struct Sockets(Mutex<OwnedFd>);

impl Sockets {
    /// Asks through `fd`, a netlink socket for sock_diag(7).
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        setsockopt(&fd, sockopt::ReceiveTimeout, &TimeVal::milliseconds(PATIENCE_MILLISECONDS))?;
        Ok(Self(Mutex::new(fd)))
    }

    /// The number (inode) of the TCP socket at `local` that is connected to `peer`, if there is one. Costs some twenty
    /// microseconds: the kernel looks this one connection up.
    pub fn inode(&self, local: SocketAddr, peer: SocketAddr) -> Option<u64> {
        let request = request(local, peer)?;
        let socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        send(socket.as_raw_fd(), &request, MsgFlags::empty()).ok()?;
        let mut answer = [0; 512];
        let count = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty()).ok()?;
        let answer = answer.get(..count)?;
        let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
        if kind != SOCK_DIAG_BY_FAMILY {
            return None;
        }
        let inode = u32::from_ne_bytes(answer.get(INODE_AT..INODE_AT + 4)?.try_into().ok()?);
        (inode != 0).then_some(u64::from(inode))
    }
}

fn request(local: SocketAddr, peer: SocketAddr) -> Option<Vec<u8>> {
    let family = match (local, peer) {
        (SocketAddr::V4(_), SocketAddr::V4(_)) => libc::AF_INET,
        (SocketAddr::V6(_), SocketAddr::V6(_)) => libc::AF_INET6,
        _ => return None,
    };
    let mut bytes = Vec::with_capacity(REQUEST_BYTES);
    bytes.extend(u32::try_from(REQUEST_BYTES).ok()?.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(u16::try_from(libc::NLM_F_REQUEST).ok()?.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([u8::try_from(family).ok()?, u8::try_from(libc::IPPROTO_TCP).ok()?, 0, 0]);
    // Every state.
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(local.port().to_be_bytes());
    bytes.extend(peer.port().to_be_bytes());
    for address in [local.ip(), peer.ip()] {
        match address {
            IpAddr::V4(address) => {
                bytes.extend(address.octets());
                bytes.extend([0; 12]);
            }
            IpAddr::V6(address) => bytes.extend(address.octets()),
        }
    }
    // Any interface, no cookie.
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend([0xff; 8]);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::net::TcpStream;
    use std::os::fd::FromRawFd;

    use super::*;

    #[test]
    fn a_connection_is_found_by_its_ends() {
        // SAFETY: socket(2) takes integers.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 4) };
        // SAFETY: the descriptor is new and nobody else's.
        let sockets = Sockets::new(unsafe { OwnedFd::from_raw_fd(fd) }).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (local, peer) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let link = std::fs::read_link(format!("/proc/self/fd/{}", client.as_raw_fd())).unwrap();
        let inode = sockets.inode(local, peer).unwrap();
        assert_eq!(link.to_string_lossy(), format!("socket:[{inode}]"));
        assert_eq!(sockets.inode(local, "127.0.0.1:1".parse().unwrap()), None);
    }
}
