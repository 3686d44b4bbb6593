//! Questions that come in datagrams and over connections.

use std::io;
use std::io::IoSlice;
use std::io::IoSliceMut;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::ControlMessage;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::recvmsg;
use nix::sys::socket::sendmsg;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::net::UdpSocket;

use crate::net::dns::Resolver;
use crate::net::dns::Step;
use crate::net::dns::message::Outcome;
use crate::net::dns::message::TAKES;

/// How long a connection may be silent, in either direction.
const IDLE: Duration = Duration::from_secs(10);
/// Room for what the kernel tells about a datagram.
const CONTROL_BYTES: usize = 256;
/// Failures without a datagram in between after which a socket is given up.
const MOST_FAILURES: u32 = 100;

/// Who asked, and at which address of ours.
#[derive(Debug)]
struct Asked {
    bytes: Vec<u8>,
    by: SockaddrStorage,
    at: Option<ControlMessageOwned>,
}

/// Answers what comes to `socket`, which tells the address that a datagram was for (`IP_PKTINFO`,
/// `IPV6_RECVPKTINFO`): the answer comes from there. Ends only if the socket does not work.
pub async fn serve_udp(socket: std::net::UdpSocket, resolver: Arc<Resolver>) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    // An IPv6 answer may only come from an address that is an interface's, or from any with this.
    let _ = setsockopt(&socket, sockopt::IpFreebind, &true);
    let socket = Arc::new(UdpSocket::from_std(socket)?);
    let mut failures = 0;
    loop {
        let asked = match socket.async_io(Interest::READABLE, || receive(&socket)).await {
            Ok(asked) => asked,
            Err(error) if failures >= MOST_FAILURES => return Err(error),
            Err(_) => {
                failures += 1;
                continue;
            }
        };
        failures = 0;
        match resolver.step(&asked.bytes) {
            None => {}
            Some(Step::Done(answer)) => send(&socket, &asked, &answer).await,
            Some(Step::Ask(query)) => match resolver.waiting.clone().try_acquire_owned() {
                Ok(place) => {
                    let (socket, resolver) = (socket.clone(), resolver.clone());
                    tokio::spawn(async move {
                        let answer = resolver.ask(&query).await;
                        send(&socket, &asked, &answer).await;
                        drop(place);
                    });
                }
                Err(_) => send(&socket, &asked, &query.answer(Outcome::Failed)).await,
            },
        }
    }
}

/// Answers what comes over a connection: each message after two bytes with its length. Ends when the client closes,
/// says nothing for ten seconds, or sends more than a question.
pub async fn serve_tcp(mut stream: TcpStream, resolver: Arc<Resolver>) {
    let Ok(_place) = resolver.connections.try_acquire() else { return };
    let mut bytes = Vec::new();
    while let Ok(Ok(length)) = tokio::time::timeout(IDLE, stream.read_u16()).await {
        let length = usize::from(length);
        if length > TAKES {
            return;
        }
        bytes.resize(length, 0);
        let Ok(Ok(_)) = tokio::time::timeout(IDLE, stream.read_exact(&mut bytes)).await else { return };
        let Some(answer) = resolver.answer(&bytes).await else { return };
        let mut framed = u16::try_from(answer.len()).unwrap_or_default().to_be_bytes().to_vec();
        framed.extend(answer);
        let Ok(Ok(())) = tokio::time::timeout(IDLE, stream.write_all(&framed)).await else { return };
    }
}

fn receive(socket: &UdpSocket) -> io::Result<Asked> {
    let mut bytes = vec![0; TAKES];
    let mut control = vec![0; CONTROL_BYTES];
    let (count, by, at) = {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let got = recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut parts,
            Some(&mut control),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let at = got.cmsgs()?.find(|message| {
            matches!(message, ControlMessageOwned::Ipv4PacketInfo(_) | ControlMessageOwned::Ipv6PacketInfo(_))
        });
        (got.bytes, got.address, at)
    };
    bytes.truncate(count);
    Ok(Asked { bytes, by: by.ok_or(io::ErrorKind::InvalidData)?, at })
}

/// An answer that cannot be sent is lost, as datagrams are: the client asks again.
async fn send(socket: &UdpSocket, asked: &Asked, answer: &[u8]) {
    let from = asked.at.clone();
    let _ = socket
        .async_io(Interest::WRITABLE, || {
            let parts = [IoSlice::new(answer)];
            let (by, flags) = (Some(&asked.by), MsgFlags::MSG_DONTWAIT);
            let fd = socket.as_raw_fd();
            let sent = match &from {
                Some(ControlMessageOwned::Ipv4PacketInfo(at)) => {
                    let mut at = *at;
                    at.ipi_spec_dst = at.ipi_addr;
                    sendmsg(fd, &parts, &[ControlMessage::Ipv4PacketInfo(&at)], flags, by)
                }
                Some(ControlMessageOwned::Ipv6PacketInfo(at)) => {
                    sendmsg(fd, &parts, &[ControlMessage::Ipv6PacketInfo(at)], flags, by)
                }
                _ => sendmsg(fd, &parts, &[], flags, by),
            };
            Ok(sent?)
        })
        .await;
}
