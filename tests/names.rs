//! Names in a sandbox's network: asked by datagram and by connection, of addresses that only our listeners have.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::io::Read;
use std::io::Write;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::net::ToSocketAddrs;
use std::net::UdpSocket;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use hoop::net::Names;
use hoop::net::dns::Lookup;
use hoop::net::dns::Resolver;
use hoop::net::dns::Rules;
use hoop::net::dns::serve_tcp;
use hoop::net::dns::serve_udp;
use hoop::sandbox::network::Network;
use hoop::sandbox::network::Wanted;
use hoop::sandbox::network::set_up;
use hoop::sys::lookup::Found;
use hoop::types::Effect;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;

const WAIT: Duration = Duration::from_secs(5);

fn resolver(names: &Names) -> Arc<Resolver> {
    let rules = Rules {
        is_aws: hoop::aws::is_aws_host,
        may_reach: Box::new(|name| if name == "denied.example" { Effect::Deny } else { Effect::Allow }),
        told: Box::new(|_| {}),
    };
    let lookup: Lookup = Box::new(|name| {
        Box::pin(async move {
            // Others go on while one waits.
            let wait = if name.starts_with("slow") { 300 } else { 5 };
            tokio::time::sleep(Duration::from_millis(wait)).await;
            if name.starts_with("missing") { Found::Missing } else { Found::Address }
        })
    });
    Arc::new(Resolver::with_lookup(names.clone(), rules, lookup))
}

fn serve(resolver: Arc<Resolver>, datagrams: Vec<UdpSocket>, listeners: Vec<TcpListener>) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for socket in datagrams {
                tokio::spawn(serve_udp(socket, resolver.clone()));
            }
            for listener in listeners {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let resolver = resolver.clone();
                tokio::spawn(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serve_tcp(stream, resolver.clone()));
                    }
                });
            }
            std::future::pending::<()>().await;
        });
    });
}

fn query(id: u8, name: &str) -> Vec<u8> {
    let mut out = vec![0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend(label.as_bytes());
    }
    out.extend([0, 0, 1, 0, 1]);
    out
}

fn address(answer: &[u8]) -> Ipv4Addr {
    assert_eq!((answer[3] & 0xf, answer[7]), (0, 1), "{answer:?}");
    let octets: [u8; 4] = answer[answer.len() - 4..].try_into().unwrap();
    octets.into()
}

/// Asks by datagram, taking an answer only from the address that was asked: the socket is connected.
fn ask(server: SocketAddr, name: &str) -> Vec<u8> {
    let own: SocketAddr = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse().unwrap();
    let client = UdpSocket::bind(own).unwrap();
    client.set_read_timeout(Some(WAIT)).unwrap();
    client.connect(server).unwrap();
    client.send(&query(7, name)).unwrap();
    let mut bytes = [0; 512];
    let count = client.recv(&mut bytes).unwrap_or_else(|error| panic!("{server} {name}: {error}"));
    bytes[..count].to_vec()
}

fn ask_over(stream: &mut TcpStream, id: u8, name: &str) -> Vec<u8> {
    let query = query(id, name);
    // In pieces, as a slow client's.
    stream.write_all(&[0]).unwrap();
    stream.write_all(&[u8::try_from(query.len()).unwrap()]).unwrap();
    let (head, tail) = query.split_at(5);
    stream.write_all(head).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    stream.write_all(tail).unwrap();
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[1], id);
    answer
}

#[test]
fn an_answer_comes_from_the_address_that_was_asked() {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    setsockopt(&socket, sockopt::Ipv4PacketInfo, &true).unwrap();
    let port = socket.local_addr().unwrap().port();
    let names = Names::new();
    serve(resolver(&names), vec![socket], Vec::new());
    for server in ["127.0.0.1", "127.0.0.5", "127.1.2.3"] {
        let server = SocketAddr::new(server.parse().unwrap(), port);
        let found = address(&ask(server, "sts.amazonaws.com"));
        assert_eq!(names.name_of(found).as_deref(), Some("sts.amazonaws.com"));
        assert_eq!(address(&ask(server, "www.example.org")), names.address_of("www.example.org"));
        assert_eq!(ask(server, "missing.example.org")[3] & 0xf, 3);
        assert_eq!(ask(server, "denied.example")[3] & 0xf, 3);
    }
}

#[test]
fn a_slow_name_does_not_hold_up_the_others() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = socket.local_addr().unwrap();
    serve(resolver(&Names::new()), vec![socket], Vec::new());
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(WAIT)).unwrap();
    // Bytes that are no question do no harm.
    for bytes in [&b""[..], b"x", &[0xff; 2000]] {
        client.send_to(bytes, server).unwrap();
    }
    client.send_to(&query(1, "slow.example.org"), server).unwrap();
    client.send_to(&query(2, "quick.example.org"), server).unwrap();
    let mut ids = Vec::new();
    while ids.len() < 2 {
        let mut bytes = [0; 512];
        client.recv(&mut bytes).unwrap();
        ids.push(bytes[1]);
    }
    assert_eq!(ids, [2, 1]);
}

#[test]
fn several_questions_over_one_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let names = Names::new();
    serve(resolver(&names), Vec::new(), vec![listener]);
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    for (id, name) in [(1, "sts.amazonaws.com"), (2, "www.example.org")] {
        assert_eq!(address(&ask_over(&mut stream, id, name)), names.address_of(name));
    }
    assert_eq!(ask_over(&mut stream, 3, "denied.example")[3] & 0xf, 3);
    // More than a question can be: the connection is closed.
    stream.write_all(&[0xff, 0xff]).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
}

/// Set for the copy of this binary that has a network of its own.
const INSIDE: &str = "HOOP_TEST_INSIDE";

/// In a network namespace of its own, where every address is local: this binary again, as a child that may make one.
#[test]
#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn every_server_inside_is_ours() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let mut command = Command::new("unshare");
    command.args(["-Urn", "--"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "every_server_inside_is_ours", "--nocapture"]).env(INSIDE, "1");
    let can = Command::new("unshare").args(["-Urn", "true"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: no network namespace may be made here");
        return;
    }
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
}

fn inside() {
    let fds = set_up(&Wanted::default()).unwrap();
    let (channel, _other) = nix::unistd::pipe().unwrap();
    let network = Network::from_fds(fds, channel).unwrap();
    let names = Names::new();
    let datagrams = network.names.into_iter().map(|datagram| datagram.0).collect();
    let is_dns = |listener: &TcpListener| listener.local_addr().unwrap().port() == 53;
    let listeners = network.listeners.into_iter().filter(is_dns).collect();
    serve(resolver(&names), datagrams, listeners);
    for server in ["127.0.0.53", "8.8.8.8", "10.1.2.3", "::1", "2001:4860:4860::8888", "fd00::7"] {
        let server = SocketAddr::new(server.parse().unwrap(), 53);
        assert_eq!(address(&ask(server, "sts.amazonaws.com")), names.address_of("sts.amazonaws.com"));
        let slow = "slow.example.org";
        assert_eq!(address(&ask(server, slow)), names.address_of(slow));
        let mut stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        assert_eq!(address(&ask_over(&mut stream, 9, "a.test")), names.address_of("a.test"));
    }
    // The machine's own resolver, whatever server it is set up with.
    let resolve = |name: &str| (name, 443).to_socket_addrs();
    let found: Vec<IpAddr> =
        resolve("dynamodb.eu-west-1.amazonaws.com").unwrap().map(|found| found.ip()).collect();
    assert_eq!(found, [IpAddr::from(names.address_of("dynamodb.eu-west-1.amazonaws.com"))]);
    let error = resolve("denied.example").unwrap_err().to_string();
    assert!(!error.contains("Temporary"), "{error}");
}
