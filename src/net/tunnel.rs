//! Bytes carried between a client and a host that is none of the gateway's business.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

/// Each direction's buffer.
const COPY_BYTES: usize = 16 * 1024;

/// How long one address of a host may take to answer.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// What went through a tunnel, also when it broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Bytes from the client.
    pub sent: u64,
    /// Bytes to the client.
    pub received: u64,
}

/// Copies both ways until both sides have closed; half-closed sides stay so.
pub async fn carry<A, B>(client: A, server: B) -> Carried
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (sent, received) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let mut client = Counted { stream: client, read: sent.clone() };
    let mut server = Counted { stream: server, read: received.clone() };
    // How a connection ended tells the client and the server, not us.
    let _ = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, COPY_BYTES, COPY_BYTES).await;
    Carried { sent: sent.load(Ordering::Relaxed), received: received.load(Ordering::Relaxed) }
}

/// Which addresses may be connected to on behalf of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All but those where machines and containers are given their own AWS credentials.
    All,
    /// Of these, only other machines: a child in a sandbox does not get out by way of a service on this one.
    OtherMachines,
}

/// Connects to `host:port`, trying its addresses in turn.
///
/// Fails with `PermissionDenied` if no address is within `reach`.
pub async fn dial(host: &str, port: u16, reach: Reach) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for address in tokio::net::lookup_host((host, port)).await? {
        let is_within = reach == Reach::All || !is_own(address.ip());
        if !is_reachable(address.ip()) || !is_within {
            failure = io::ErrorKind::PermissionDenied.into();
            continue;
        }
        match tokio::time::timeout(DIAL_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failure)
}

/// Whether a child may be connected to `address`: not to the places where machines and containers are given
/// their own AWS credentials.
#[must_use]
pub fn is_reachable(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !address.is_link_local(),
        // fd00:ec2::/32 is where EC2 answers IPv6 clients.
        IpAddr::V6(address) => {
            !address.is_unicast_link_local() && address.segments()[..2] != [0xfd00, 0x0ec2]
        }
    }
}

/// Whether `address` is one of this machine's.
fn is_own(address: IpAddr) -> bool {
    let address = address.to_canonical();
    if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
        return true;
    }
    // Looked at each time: a laptop changes networks. What cannot be found out counts as our own.
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return true };
    interfaces.filter_map(|interface| interface.address).any(|own| {
        let v4 = own.as_sockaddr_in().map(|own| IpAddr::V4(own.ip()));
        let v6 = own.as_sockaddr_in6().map(|own| IpAddr::V6(own.ip()));
        v4.or(v6).is_some_and(|own| own.to_canonical() == address)
    })
}

/// Counts what is read.
struct Counted<S> {
    stream: S,
    read: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.read.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn both_directions_are_counted_and_a_half_closed_side_still_hears() {
        let (mut client, inner) = tokio::io::duplex(64);
        let (outer, mut server) = tokio::io::duplex(64);
        let tunnel = tokio::spawn(carry(inner, outer));
        client.write_all(b"ask").await.unwrap();
        client.shutdown().await.unwrap();
        let mut heard = String::new();
        server.read_to_string(&mut heard).await.unwrap();
        server.write_all(b"answer").await.unwrap();
        drop(server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!((heard.as_str(), answer.as_str()), ("ask", "answer"));
        assert_eq!(tunnel.await.unwrap(), Carried { sent: 3, received: 6 });
    }

    #[test]
    fn this_machine_is_known_by_all_its_addresses() {
        for address in ["127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"] {
            assert!(is_own(address.parse().unwrap()), "{address}");
        }
        assert!(!is_own("203.0.113.77".parse().unwrap()));
    }

    #[test]
    fn metadata_services_are_out_of_reach() {
        for address in
            ["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fe80::1", "::ffff:169.254.169.254"]
        {
            assert!(!is_reachable(address.parse().unwrap()), "{address}");
        }
        for address in ["127.0.0.1", "10.0.0.1", "1.1.1.1", "2606:4700::1111"] {
            assert!(is_reachable(address.parse().unwrap()), "{address}");
        }
    }
}
