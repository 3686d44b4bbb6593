//! The network inside as hoop-run holds it: its listeners, its sockets for names, and the means to make more.

use std::io;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::PoisonError;

use nix::sys::socket::AddressFamily;
use nix::sys::socket::SockaddrLike;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::getsockname;
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt;

use crate::sandbox::sockets::Sockets;
use crate::sandbox::wire;
use crate::sandbox::wire::Received;

/// Everything of the inner network that is ours.
#[derive(Debug)]
pub struct Network {
    /// On the captured ports, for every address.
    pub listeners: Vec<TcpListener>,
    /// Where names are asked for.
    pub names: Vec<Datagram>,
    /// Answers whose a connection is.
    pub sockets: Option<Sockets>,
    /// Makes sockets that connect inside.
    pub maker: Maker,
}

/// A UDP socket that is bound to every address, and that tells which one a packet was for.
#[derive(Debug)]
pub struct Datagram(pub UdpSocket);

/// Has the launcher make sockets in the inner network.
#[derive(Debug)]
pub struct Maker(Mutex<OwnedFd>);

impl Network {
    /// Sorts what [`super::set_up`] has made; `channel` leads to the launcher.
    pub fn from_fds(fds: Vec<OwnedFd>, channel: OwnedFd) -> io::Result<Self> {
        let mut network = Self {
            listeners: Vec::new(),
            names: Vec::new(),
            sockets: None,
            maker: Maker(Mutex::new(channel)),
        };
        for fd in fds {
            let family = getsockname::<SockaddrStorage>(std::os::fd::AsRawFd::as_raw_fd(&fd))?.family();
            let kind = getsockopt(&fd, sockopt::SockType)?;
            match (family, kind) {
                (Some(AddressFamily::Netlink), _) => network.sockets = Some(Sockets::new(fd)?),
                (_, nix::sys::socket::SockType::Stream) => network.listeners.push(TcpListener::from(fd)),
                (_, nix::sys::socket::SockType::Datagram) => {
                    network.names.push(Datagram(UdpSocket::from(fd)))
                }
                _ => {}
            }
        }
        Ok(network)
    }
}

impl Maker {
    /// A TCP socket of the inner network, non-blocking and not connected. Waits for the launcher, some ten microseconds.
    pub fn socket(&self) -> io::Result<OwnedFd> {
        let channel = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wire::send(channel.as_fd(), b"?", &[])?;
        match wire::receive(channel.as_fd(), true)? {
            Received::Packet(packet) => {
                packet.fds.into_iter().next().ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
            }
            Received::Nothing | Received::Closed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Datagram {
    /// The address that is bound, with the port.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
