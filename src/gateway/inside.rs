//! Connections out of the sandbox: every one of them lands here, with the address that the program meant.

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt;
use tokio::io::Interest;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;

use crate::aws;
use crate::gateway::connect;
use crate::gateway::connect::Ended;
use crate::gateway::connect::Refusal;
use crate::gateway::connect::Wish;
use crate::gateway::core::About;
use crate::gateway::core::Asker;
use crate::gateway::core::Core;
use crate::gateway::serve;
use crate::net::Connect;
use crate::net::Names;
use crate::net::Reach;
use crate::net::carry;
use crate::net::dns::Resolver;
use crate::net::dns::Rules;
use crate::net::dns::serve_tcp;
use crate::sandbox::network;
use crate::sandbox::network::Maker;
use crate::sandbox::sockets::Sockets;
use crate::types::Caller;
use crate::types::Effect;

/// A TLS greeting is looked at up to here; the largest in use (with post-quantum keys) are below 2 KiB.
const GREETING_BYTES: usize = 16 << 10;
/// How long a client may take for it. One that says nothing may wait for the other side to speak first.
const GREETING_TIMEOUT: Duration = Duration::from_secs(3);
/// How often an unfinished greeting is looked at again.
const GREETING_PAUSE: Duration = Duration::from_millis(5);
/// How often is looked whether a client that waits has gone.
const GONE_EVERY: Duration = Duration::from_millis(500);
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// Where machines and containers are given credentials of their own.
const METADATA: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

/// What belongs to the sandbox's network for as long as it lives.
#[derive(Debug)]
pub struct Inside {
    /// Which of our addresses stands for which name.
    pub names: Names,
    /// Tells whose a connection is.
    pub sockets: Option<Sockets>,
    /// Makes sockets in there.
    pub maker: Maker,
    /// Ports outside that may be reached from inside.
    pub connects: Vec<Connect>,
}

/// Answers questions for names of the sandbox.
pub fn resolver(core: &Arc<Core>, inside: &Inside) -> Arc<Resolver> {
    let (asked, told) = (core.clone(), core.clone());
    let rules = Rules {
        is_aws: aws::is_aws_host,
        may_reach: Box::new(move |name| may_reach(&asked, name)),
        told: Box::new(move |name| {
            let rule = told.egress(name, HTTPS).rule;
            let about = About { target: name.to_owned(), rule, ..About::default() };
            // The recorder tells of its own failure; nothing is reached either way.
            drop(told.tunnel("tunnel.refused", &about, None));
        }),
    };
    Arc::new(Resolver::new(inside.names.clone(), rules))
}

/// Whether any port of a host may be reached, perhaps after asking.
fn may_reach(core: &Core, name: &str) -> Effect {
    let own = core.inside.iter().flat_map(|inside| &inside.connects).map(|connect| &connect.port);
    let ports = network::CAPTURED.iter().chain(own);
    ports.map(|port| core.egress(name, *port).effect).min().unwrap_or(Effect::Deny)
}

/// Serves a connection that came to one of the captured ports.
pub async fn serve(core: &Arc<Core>, inside: &Inside, resolver: Arc<Resolver>, stream: TcpStream) {
    // Small answers must not wait for acknowledgements; a failure only costs time.
    let _ = stream.set_nodelay(true);
    let (Ok(meant), Ok(client)) = (stream.local_addr(), stream.peer_addr()) else { return };
    if meant.port() == network::NAMES {
        return serve_tcp(stream, resolver).await;
    }
    let inode = inside.sockets.as_ref().and_then(|sockets| sockets.inode(client, meant));
    let address = meant.ip().to_canonical();
    if address.is_loopback() || address.is_unspecified() {
        return local(core, inside, meant.port(), inode, stream).await;
    }
    if METADATA.contains(&address) {
        let about = About {
            target: meant.to_string(),
            rule: "machine credentials are not for programs inside".to_owned(),
            caller: caller(core, inode),
            ..About::default()
        };
        drop(core.tunnel("tunnel.refused", &about, None));
        return refuse(stream, meant.port(), "hoop: no machine credentials are given out here").await;
    }
    let name = match address {
        IpAddr::V4(address) => inside.names.name_of(address),
        IpAddr::V6(_) => None,
    };
    let greeted = match meant.port() {
        HTTPS => greeting(&stream).await,
        _ => None,
    };
    let aws = [&name, &greeted].into_iter().flatten().find(|name| aws::is_aws_host(name));
    if let (Some(host), HTTP | HTTPS) = (aws, meant.port()) {
        return serve::serve_captured(core, stream, inode, host).await;
    }
    let host = name.unwrap_or_else(|| address.to_string());
    let wish = Wish {
        named: greeted.filter(|greeted| *greeted != host),
        host: &host,
        port: meant.port(),
        caller: caller(core, inode),
        reach: Reach::OtherMachines,
        origin: None,
    };
    pass_on(core, inside, wish, stream).await;
}

/// A connection to the program's own machine: on to what the user lets in, or to nothing.
async fn local(core: &Arc<Core>, inside: &Inside, port: u16, inode: Option<u64>, stream: TcpStream) {
    let Some(connect) = inside.connects.iter().find(|connect| connect.port == port) else {
        return reset(stream);
    };
    let wish = Wish {
        host: &connect.host,
        port,
        named: None,
        caller: caller(core, inode),
        reach: Reach::All,
        origin: Some("--connect"),
    };
    pass_on(core, inside, wish, stream).await;
}

/// Carries a connection from outside to a port inside.
pub async fn publish(core: &Arc<Core>, inside: &Inside, port: u16, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let from = stream.peer_addr().map(|from| from.to_string()).unwrap_or_default();
    let about =
        About { target: format!("127.0.0.1:{port}"), rule: format!("--publish, {from}"), ..About::default() };
    let Ok(ended) = Ended::begun(core, about) else { return };
    let connected = async {
        let socket = TcpSocket::from_std_stream(std::net::TcpStream::from(inside.maker.socket()?));
        socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
    };
    let connected: io::Result<TcpStream> = connected.await;
    match connected {
        Ok(program) => ended.carried(carry(stream, program).await),
        // Nobody listens inside yet.
        Err(_) => reset(stream),
    }
}

async fn pass_on(core: &Arc<Core>, inside: &Inside, wish: Wish<'_>, stream: TcpStream) {
    let port = wish.port;
    let opened = tokio::select! {
        opened = connect::open(core, wish) => opened,
        () = gone(inside, &stream) => return,
    };
    match opened {
        Ok((server, ended)) => ended.carried(carry(stream, server).await),
        Err(Refusal { message, .. }) => refuse(stream, port, &format!("hoop: {message}")).await,
    }
}

/// Ends when the client has gone while it waits for a person: a program that has only closed its own direction still listens.
async fn gone(inside: &Inside, stream: &TcpStream) {
    let (Ok(meant), Ok(client)) = (stream.local_addr(), stream.peer_addr()) else { return };
    loop {
        tokio::time::sleep(GONE_EVERY).await;
        let Ok(ready) = stream.ready(Interest::READABLE).await else { return };
        let is_held = || match &inside.sockets {
            // A socket that no process holds has no number.
            Some(sockets) => sockets.inode(client, meant).is_some(),
            None => !ready.is_write_closed(),
        };
        if ready.is_read_closed() && !is_held() {
            return;
        }
    }
}

fn caller(core: &Core, inode: Option<u64>) -> Caller {
    core.caller(&Asker { inode, access_key_id: "" })
}

/// The host that a TLS client names in its greeting, which stays unread.
async fn greeting(stream: &TcpStream) -> Option<String> {
    let mut bytes = vec![0; GREETING_BYTES];
    let whole = async {
        loop {
            let count = stream.peek(&mut bytes).await.ok().filter(|count| *count > 0)?;
            let mut acceptor = Acceptor::default();
            let mut seen = bytes.get(..count)?;
            while !seen.is_empty() {
                acceptor.read_tls(&mut seen).ok()?;
            }
            match acceptor.accept() {
                Ok(Some(accepted)) => {
                    return accepted.client_hello().server_name().map(str::to_ascii_lowercase);
                }
                Ok(None) if count < GREETING_BYTES => tokio::time::sleep(GREETING_PAUSE).await,
                // No TLS, or a greeting without an end.
                Ok(None) | Err(_) => return None,
            }
        }
    };
    tokio::time::timeout(GREETING_TIMEOUT, whole).await.ok().flatten()
}

/// Says why not to a client that understands it; others see the connection reset.
async fn refuse(mut stream: TcpStream, port: u16, message: &str) {
    if port != HTTP {
        return reset(stream);
    }
    let text = format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{message}\n",
        message.len() + 1
    );
    // A request that was not read would turn our close into a reset, and the text would be lost.
    let mut request = vec![0; GREETING_BYTES];
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut request);
    let _ = tokio::time::timeout(GREETING_TIMEOUT, read).await;
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Closes so that the client sees a connection refused, as far as that can still be.
fn reset(stream: TcpStream) {
    let _ = stream.set_zero_linger();
}
