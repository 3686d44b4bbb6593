//! Making the network, in its namespace and with its capabilities.

use std::io;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;

use nix::sys::socket::Backlog;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::bind;
use nix::sys::socket::listen;

use crate::sandbox::network::CAPTURED;
use crate::sandbox::network::NAMES;
use crate::sandbox::network::Wanted;
use crate::sandbox::network::option;
use crate::sandbox::network::socket;

/// Connections that wait to be accepted, on each port.
const BACKLOG: i32 = 1024;
/// The loopback interface is always the first of a network namespace.
const LOOPBACK: u32 = 1;
/// Netlink protocol for questions about sockets.
const NETLINK_SOCK_DIAG: i32 = 4;

type Step<T> = Result<T, (&'static str, io::Error)>;

/// Brings the loopback interface up, makes every address local, binds the listeners; a socket for questions about
/// connections comes last. Every descriptor tells itself what it is.
///
/// # Errors
/// The step that did not work. A machine without IPv6 is none: nothing can be reached by it then.
pub fn set_up(wanted: &Wanted) -> Step<Vec<OwnedFd>> {
    let v4 = socket(libc::AF_INET, libc::SOCK_DGRAM, 0).map_err(|cause| ("make a socket", cause))?;
    bring_up(&v4).map_err(|cause| ("bring the loopback interface up", cause))?;
    let routes = socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)
        .map_err(|cause| ("make a routing socket", cause))?;
    route_all(&routes, libc::AF_INET).map_err(|cause| ("route every address here", cause))?;
    let has_v6 = route_all(&routes, libc::AF_INET6).is_ok();
    let mut made = Vec::new();
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let any_v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let families = if has_v6 { vec![any, any_v6] } else { vec![any] };
    let at = |mut address: SocketAddr, port| {
        address.set_port(port);
        address
    };
    for family in families {
        for port in CAPTURED.iter().chain([&NAMES]) {
            made.push(tcp(at(family, *port)).map_err(|cause| ("listen on a captured port", cause))?);
        }
        made.push(udp(at(family, NAMES)).map_err(|cause| ("listen for names", cause))?);
    }
    for (address, port) in &wanted.more {
        if !CAPTURED.contains(port) && *port != NAMES {
            let address = SocketAddr::from((*address, *port));
            made.push(tcp(address).map_err(|cause| ("listen on a port of --connect", cause))?);
        }
    }
    let about = socket(libc::AF_NETLINK, libc::SOCK_DGRAM, NETLINK_SOCK_DIAG)
        .map_err(|cause| ("make a socket for questions about connections", cause))?;
    made.push(about);
    Ok(made)
}

fn tcp(address: SocketAddr) -> io::Result<OwnedFd> {
    let listener = bound(address, libc::SOCK_STREAM)?;
    listen(&listener, Backlog::new(BACKLOG)?)?;
    Ok(listener)
}

fn udp(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = bound(address, libc::SOCK_DGRAM)?;
    // An answer must come from the address that was asked.
    match address {
        SocketAddr::V4(_) => option(&socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?,
        SocketAddr::V6(_) => option(&socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?,
    }
    Ok(socket)
}

fn bound(address: SocketAddr, kind: i32) -> io::Result<OwnedFd> {
    let domain = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let fd = socket(domain, kind | libc::SOCK_NONBLOCK, 0)?;
    option(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    if address.is_ipv6() {
        option(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(fd)
}

fn bring_up(socket: &OwnedFd) -> io::Result<()> {
    let mut request = libc::ifreq {
        ifr_name: [0; libc::IFNAMSIZ],
        ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_flags: 0 },
    };
    for (place, letter) in request.ifr_name.iter_mut().zip(*b"lo") {
        *place = libc::c_char::try_from(letter).unwrap_or_default();
    }
    request.ifr_ifru.ifru_flags =
        libc::c_short::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or_default();
    // SAFETY: SIOCSIFFLAGS reads one `ifreq`, which the pointer is valid for (netdevice(7)).
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `ip route add local default dev lo`, by rtnetlink(7).
fn route_all(routes: &OwnedFd, family: i32) -> io::Result<()> {
    /// Bytes of the message: header, `rtmsg`, one attribute with the interface.
    const LENGTH: usize = 16 + 12 + 8;
    let scope = if family == libc::AF_INET { libc::RT_SCOPE_HOST } else { libc::RT_SCOPE_UNIVERSE };
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
    let mut message = Vec::with_capacity(LENGTH);
    message.extend(u32::try_from(LENGTH).unwrap_or_default().to_ne_bytes());
    message.extend(libc::RTM_NEWROUTE.to_ne_bytes());
    message.extend(u16::try_from(flags).unwrap_or_default().to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    let family = u8::try_from(family).unwrap_or_default();
    message.extend([family, 0, 0, 0, libc::RT_TABLE_LOCAL, libc::RTPROT_BOOT, scope, libc::RTN_LOCAL]);
    message.extend(0_u32.to_ne_bytes());
    message.extend(8_u16.to_ne_bytes());
    message.extend(libc::RTA_OIF.to_ne_bytes());
    message.extend(LOOPBACK.to_ne_bytes());
    nix::sys::socket::send(routes.as_raw_fd(), &message, nix::sys::socket::MsgFlags::empty())?;
    let mut answer = [0; 256];
    let count = nix::sys::socket::recv(routes.as_raw_fd(), &mut answer, nix::sys::socket::MsgFlags::empty())?;
    // NLMSG_ERROR: a header, then the negated errno; 0 is success (netlink(7)).
    let error = answer.get(16..20).filter(|_| count >= 20).and_then(|bytes| bytes.try_into().ok());
    match error.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(errno) => Err(io::Error::from_raw_os_error(-errno)),
        None => Err(io::Error::from_raw_os_error(libc::EPROTO)),
    }
}
