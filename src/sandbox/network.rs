//! The network inside: a machine whose every address is its own, so that whatever a program connects to on a captured
//! port lands on a listener that hoop-run holds, with its original destination.

mod inside;
mod outside;

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use crate::sandbox::wire;
use crate::sandbox::wire::Received;

pub use inside::set_up;
pub use outside::Datagram;
pub use outside::Maker;
pub use outside::Network;

/// Ports that only the system may bind, and that programs connect to: SSH, mail, the web, LDAP, rsync, DNS over TLS. Binding
/// them takes nothing from the program, whose own servers use higher ones.
pub const CAPTURED: &[u16] = &[22, 25, 80, 389, 443, 465, 587, 636, 853, 873, 990, 993];

/// Where names are asked for.
pub const NAMES: u16 = 53;

/// What the network is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Listeners besides those on [`CAPTURED`] and [`NAMES`]: 127.0.0.1 for a port of the machine outside, 0.0.0.0 for one
    /// of another host.
    pub more: Vec<(Ipv4Addr, u16)>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// A socket was passed, or could not be made.
    Served,
    /// Nobody will ask any more.
    Closed,
}

/// Makes a TCP socket in this network and passes it, if one is asked for.
pub fn serve_request(channel: BorrowedFd<'_>) -> io::Result<Served> {
    match wire::receive(channel, false)? {
        Received::Closed => Ok(Served::Closed),
        Received::Nothing => Ok(Served::Served),
        Received::Packet(_) => {
            match tcp_socket() {
                Ok(socket) => wire::send(channel, b"s", &[std::os::fd::AsFd::as_fd(&socket)])?,
                Err(_) => wire::send(channel, b"n", &[])?,
            }
            Ok(Served::Served)
        }
    }
}

fn tcp_socket() -> io::Result<OwnedFd> {
    socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0)
}

fn socket(domain: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    // SAFETY: socket(2) takes integers.
    let fd = unsafe { libc::socket(domain, kind | libc::SOCK_CLOEXEC, protocol) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn option(socket: &OwnedFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<i32>()).unwrap_or(4);
    // SAFETY: the pointer is to one integer of the length given (setsockopt(2)).
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
