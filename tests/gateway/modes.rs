//! Every way in: endpoint, proxy, tunnel, TLS, HTTP/2; and what leaves on the other side.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use tokio_rustls::TlsConnector;

use crate::client;
use crate::client::json_call;
use crate::client::s3_call;
use crate::upstream::empty_json;
use crate::world::Plan;
use crate::world::World;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// TLS as a child would speak it: trusting only what its variable names.
fn trusting(world: &World, protocols: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let bundle = CertificateDer::pem_file_iter(&world.env["AWS_CA_BUNDLE"]).unwrap();
    roots.add_parsable_certificates(bundle.map(Result::unwrap));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

#[test]
fn aws_gets_the_call_with_the_real_signature_and_nothing_of_the_childs() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let mut call = json_call(&world, "dynamodb", "DynamoDB_20120810.ListTables", "{}");
    for (name, value) in [
        ("proxy-connection", "keep-alive"),
        ("accept-encoding", "gzip"),
        ("x-amz-checksum-mode", "ENABLED"),
        ("user-agent", "test/1"),
    ] {
        call.headers.push((name.to_owned(), value.to_owned()));
    }
    assert_eq!(call.send(&world).status, 200);
    let got = upstream.take().pop().unwrap();
    assert_eq!(got.verdict, Ok(()));
    assert_eq!(got.header("host"), "dynamodb.eu-central-1.amazonaws.com");
    assert_eq!((got.header("accept-encoding"), got.header("user-agent")), ("identity", "test/1"));
    assert_eq!((got.header("x-amz-checksum-mode"), got.header("proxy-connection")), ("", ""));
    let all = format!("{:?}", got.parts);
    for own in ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"] {
        assert!(!all.contains(&world.env[own]), "{all}");
    }
    let end = world.call_end();
    assert_eq!((end["outcome"].as_str(), end["bytes_out"].as_u64()), (Some("answered"), Some(2)));
}

#[test]
fn raw_paths_reach_aws_as_they_were_written() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    for path in [
        "/bucket/a//b",
        "/bucket/a/../b",
        "/bucket/./x/",
        "/bucket/a%2Fb",
        "/bucket/a+b&c%25d%20e",
        "//bucket/key",
        "/bucket?list-type=2&prefix=a%2F%2Fb",
    ] {
        assert_eq!(s3_call(&world, "GET", path, b"").send(&world).status, 200, "{path}");
        let got = upstream.take().pop().unwrap();
        assert_eq!((got.parts.uri.to_string().as_str(), &got.verdict), (path, &Ok(())));
    }
}

#[test]
fn a_host_of_aws_is_kept_and_its_bucket_recognised() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let mut call = s3_call(&world, "GET", "/2026/07.csv", b"");
    call.host = "billing.s3.eu-central-1.amazonaws.com".to_owned();
    assert_eq!(call.send(&world).status, 200);
    assert_eq!(upstream.take()[0].header("host"), "billing.s3.eu-central-1.amazonaws.com");
    assert_eq!(world.events_of("call.begin")[0]["resources"][0], "arn:aws:s3:::billing/2026/07.csv");
}

#[test]
fn http2_without_tls_is_understood() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    runtime().block_on(async {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", world.gateway.port())).await.unwrap();
        assert_eq!(over_http2(&world, TokioIo::new(stream), "http").await, 200);
    });
    assert_eq!(upstream.take()[0].verdict, Ok(()));
}

#[test]
fn tls_on_the_plain_port_is_understood_with_http2_and_without() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    runtime().block_on(async {
        let name = || ServerName::try_from("127.0.0.1").unwrap();
        let tcp = || tokio::net::TcpStream::connect(("127.0.0.1", world.gateway.port()));
        let tls = trusting(&world, &[b"h2"]).connect(name(), tcp().await.unwrap()).await.unwrap();
        assert_eq!(over_http2(&world, TokioIo::new(tls), "https").await, 200);
        let mut tls = trusting(&world, &[]).connect(name(), tcp().await.unwrap()).await.unwrap();
        let request = json_call(&world, "dynamodb", "DynamoDB_20120810.ListTables", "{}").bytes(&world);
        tokio::io::AsyncWriteExt::write_all(&mut tls, &request).await.unwrap();
        let mut head = [0; 15];
        tokio::io::AsyncReadExt::read_exact(&mut tls, &mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
    });
    assert_eq!(upstream.take().len(), 2);
}

/// A signed JSON call over HTTP/2; gives the status.
async fn over_http2<S>(world: &World, stream: S, scheme: &str) -> u16
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let call = json_call(world, "dynamodb", "DynamoDB_20120810.ListTables", "{}");
    let bytes = call.bytes(world);
    let text = std::str::from_utf8(&bytes).unwrap();
    let mut request =
        Request::builder().method("POST").uri(format!("{scheme}://127.0.0.1:{}/", world.gateway.port()));
    for line in text.split("\r\n").skip(1).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        if name != "host" {
            request = request.header(name, value);
        }
    }
    let request = request.body(Full::new(Bytes::from_static(b"{}"))).unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    response.into_body().collect().await.unwrap();
    status
}

#[test]
fn connect_to_aws_is_opened_with_the_sessions_certificate() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    runtime().block_on(async {
        let host = "dynamodb.eu-central-1.amazonaws.com";
        let mut tcp = tokio::net::TcpStream::connect(("127.0.0.1", world.gateway.port())).await.unwrap();
        let connect = format!("CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut tcp, connect.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(tokio::io::AsyncReadExt::read_u8(&mut tcp).await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
        let mut tls = trusting(&world, &[]).connect(ServerName::try_from(host).unwrap(), tcp).await.unwrap();
        let mut call = json_call(&world, "dynamodb", "DynamoDB_20120810.ListTables", "{}");
        call.host = host.to_owned();
        tokio::io::AsyncWriteExt::write_all(&mut tls, &call.bytes(&world)).await.unwrap();
        let mut head = [0; 15];
        tokio::io::AsyncReadExt::read_exact(&mut tls, &mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
    });
    assert_eq!(world.events_of("call.begin")[0]["via"], "proxy");
}

/// Echoes what one connection sends until it is closed.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut copy = stream.try_clone().unwrap();
        std::io::copy(&mut copy, &mut stream).unwrap();
    });
    port
}

#[test]
fn a_tunnel_to_elsewhere_is_carried_untouched_and_counted() {
    let world = Plan::observe("http://127.0.0.1:1").start();
    let port = echo();
    let mut stream = client::dial(&world);
    stream.write_all(format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(client::read_reply(&mut stream).status, 200);
    stream.write_all(b"\x16\x03\x01any bytes").unwrap();
    let mut back = [0; 12];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"\x16\x03\x01any bytes");
    drop(stream);
    let end = (0..200)
        .find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            world.events_of("tunnel.end").pop()
        })
        .unwrap();
    assert_eq!(end["host"], format!("127.0.0.1:{port}"));
    assert_eq!((end["bytes_in"].as_u64(), end["bytes_out"].as_u64()), (Some(12), Some(12)));
    assert_eq!(world.events_of("tunnel.start").len(), 1);
}

#[test]
fn machine_credentials_are_out_of_reach_by_tunnel_and_by_relay() {
    let world = Plan::observe("http://127.0.0.1:1").start();
    for request in [
        "CONNECT 169.254.169.254:80 HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\r\nhost: 169.254.169.254\r\n\r\n",
        "GET http://169.254.170.2/v2/credentials HTTP/1.1\r\nhost: 169.254.170.2\r\n\r\n",
    ] {
        let reply = client::send(&world, request.as_bytes());
        assert_eq!(reply.status, 403, "{request} {reply:?}");
    }
}

#[test]
fn a_host_that_egress_denies_is_refused() {
    let deny = "[[egress]]\nhost = [\"127.0.0.1\"]\neffect = \"deny\"\n";
    let world = Plan::observe("http://127.0.0.1:1").policy(deny).start();
    let port = echo();
    let request = format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nhost: x\r\n\r\n");
    let reply = client::send(&world, request.as_bytes());
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("policy.toml:3"), "{}", reply.text());
    assert_eq!(world.events_of("tunnel.refused").len(), 1);
}

#[test]
fn a_plain_proxy_request_to_elsewhere_is_relayed() {
    let elsewhere = crate::upstream::upstream(|parts, _| crate::upstream::json(&parts.uri.to_string()));
    let world = Plan::observe("http://127.0.0.1:1").start();
    let request =
        format!("GET {}/a//b?c=%2F HTTP/1.1\r\nhost: x\r\nproxy-connection: close\r\n\r\n", elsewhere.url);
    let reply = client::send(&world, request.as_bytes());
    assert_eq!((reply.status, reply.text().as_str()), (200, "/a//b?c=%2F"));
}

#[test]
fn a_proxy_request_for_the_endpoint_itself_is_a_call() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    // botocore with an endpoint URL, a proxy, and an operation with a host prefix.
    let mut call = json_call(&world, "states", "AWSStepFunctions.StartSyncExecution", "{}");
    call.host = format!("sync-127.0.0.1:{}", world.gateway.port());
    let bytes = call.bytes(&world);
    let rest = bytes.strip_prefix(b"POST / ").unwrap();
    let request = [format!("POST http://{}/ ", call.host).as_bytes(), rest].concat();
    let reply = client::send(&world, &request);
    assert_eq!(reply.status, 200, "{reply:?}");
    let host = upstream.take()[0].header("host").to_owned();
    assert_eq!(host, "sync-states.eu-central-1.amazonaws.com");
}

#[test]
fn a_stopped_gateway_leaves_nothing_behind() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    assert_eq!(json_call(&world, "sqs", "AmazonSQS.ListQueues", "{}").send(&world).status, 200);
    let bundle = world.env["AWS_CA_BUNDLE"].clone();
    let folder = Path::new(&bundle).parent().unwrap().to_owned();
    let port = world.gateway.port();
    world.gateway.stop();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    let what: Vec<_> = world.events_of("credential").iter().map(|event| event["what"].clone()).collect();
    assert_eq!(what, ["placeholder", "fetched", "wiped"]);
    assert!(folder.exists());
    drop(world.gateway);
    assert!(!folder.exists());
}

#[test]
fn a_gateway_that_was_never_used_stops_at_once() {
    let world = Plan::observe("http://127.0.0.1:1").start();
    world.gateway.stop();
    let kinds: Vec<_> =
        world.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["session.start", "credential"]);
}
