//! A stand-in for AWS that speaks HTTP/2 over TLS and streams of events, both ways at once.

use std::convert::Infallible;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;

use base64::Engine;
use bytes::Bytes;
use http::Request;
use http::Response;
use http::Version;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use sha2::Digest;
use sha2::Sha256;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::streams::hmac;
use crate::upstream::verdict;
use crate::world::Plan;
use crate::world::REAL_SECRET;
use crate::world::World;

/// What the upstream saw of a request.
#[derive(Clone, Debug)]
pub struct Seen {
    pub version: Version,
    pub verdict: Result<(), String>,
    /// The payload of each event that came in a well-signed message.
    pub events: Vec<Bytes>,
    /// How the body ended: `end`, `broken`, or what was wrong with a message.
    pub end: String,
}

pub struct Upstream {
    pub url: String,
    folder: TempDir,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    /// A session that goes there.
    pub fn world(&self) -> World {
        self.plan().start()
    }

    pub fn plan(&self) -> Plan {
        let mut plan = Plan::observe(&self.url);
        plan.environment.push(("AWS_CA_BUNDLE".to_owned(), self.bundle().display().to_string()));
        plan
    }

    pub fn bundle(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The requests whose bodies have ended, waited for.
    pub fn seen(&self, count: usize) -> Vec<Seen> {
        for _ in 0..500 {
            let seen = self.seen.lock().unwrap().clone();
            if seen.len() >= count {
                return seen;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("{:?}", self.seen.lock().unwrap());
    }
}

/// Answers each event with one that says how long it was; requests without events with three in a row, of the type that
/// is asked for in their path or target.
pub fn upstream() -> Upstream {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let inside = seen.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, inside) = (acceptor.clone(), inside.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| respond(inside.clone(), request));
                    let _ = http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
    });
    Upstream { url, folder, seen }
}

/// A body that is fed from a task.
pub struct Fed(pub mpsc::Receiver<Frame<Bytes>>);

impl Body for Fed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}

async fn respond(
    seen: Arc<Mutex<Vec<Seen>>>,
    request: Request<Incoming>,
) -> Result<Response<Fed>, Infallible> {
    let (parts, body) = request.into_parts();
    let (sender, receiver) = mpsc::channel(4);
    let header = |name: &str| parts.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let live = header("x-amz-content-sha256") == "STREAMING-AWS4-HMAC-SHA256-EVENTS";
    let response = Response::builder()
        .header("content-type", "application/vnd.amazon.eventstream")
        .header("x-amzn-requestid", "h2");
    tokio::spawn(async move {
        let entry =
            Seen { version: parts.version, verdict: Ok(()), events: Vec::new(), end: "end".to_owned() };
        let entry = if live {
            talk(&parts, body, &sender, entry).await
        } else {
            tell(&parts, body, &sender, entry).await
        };
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-amz-tail", "last".parse().unwrap());
        let _ = sender.send(Frame::trailers(trailers)).await;
        seen.lock().unwrap().push(entry);
    });
    Ok(response.body(Fed(receiver)).unwrap())
}

/// One event for each that comes.
async fn talk(
    parts: &Parts,
    mut body: Incoming,
    sender: &mpsc::Sender<Frame<Bytes>>,
    mut seen: Seen,
) -> Seen {
    seen.verdict = verdict(parts, b"");
    let authorization = parts.headers["authorization"].to_str().unwrap();
    let field =
        |name: &str| authorization.split(name).nth(1).unwrap().split([',', ' ']).next().unwrap().to_owned();
    let (mut previous, credential) = (field("Signature="), field("Credential="));
    let scope: Vec<&str> = credential.split('/').skip(2).collect();
    let mut pending = Vec::new();
    loop {
        let data = match body.frame().await {
            None => return seen,
            Some(Err(_)) => {
                seen.end = "broken".to_owned();
                return seen;
            }
            Some(Ok(frame)) => frame.into_data().unwrap(),
        };
        pending.extend_from_slice(&data);
        while let Some(message) = take_message(&mut pending) {
            match opened(&message, &scope, &mut previous) {
                Err(why) => {
                    seen.end = why;
                    return seen;
                }
                Ok(inner) if inner.is_empty() => {}
                Ok(inner) => {
                    let (_, event) = message_parts(&inner);
                    let text = format!("got {}", event.len());
                    seen.events.push(Bytes::copy_from_slice(event));
                    let (kind, json) = if parts.uri.path().ends_with("/invoke-with-bidirectional-stream") {
                        let bytes = base64::engine::general_purpose::STANDARD.encode(&text);
                        ("chunk", format!(r#"{{"bytes":"{bytes}"}}"#))
                    } else {
                        let result = format!(r#"{{"ResultId":"{text}","IsPartial":false}}"#);
                        ("TranscriptEvent", format!(r#"{{"Transcript":{{"Results":[{result}]}}}}"#))
                    };
                    let frame = event_frame(kind, json.as_bytes());
                    let _ = sender.send(Frame::data(frame.into())).await;
                }
            }
        }
    }
}

/// Three events, some time apart.
async fn tell(parts: &Parts, body: Incoming, sender: &mpsc::Sender<Frame<Bytes>>, mut seen: Seen) -> Seen {
    let body = body.collect().await.unwrap().to_bytes();
    seen.verdict = verdict(parts, &body);
    let target = parts.headers.get("x-amz-target").map_or("", |value| value.to_str().unwrap());
    if target.ends_with("SubscribeToShard") {
        let first = event_frame("initial-response", b"{}");
        let _ = sender.send(Frame::data(first.into())).await;
    }
    for number in 0..3 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let (kind, json) = if target.ends_with("SubscribeToShard") {
            let text =
                format!(r#"{{"Records":[],"ContinuationSequenceNumber":"{number}","MillisBehindLatest":0}}"#);
            ("SubscribeToShardEvent", text)
        } else {
            let is_asked = memchr::memmem::find(&body, b"say a key").is_some();
            let said = match is_asked {
                true => ["a key: AKIAQ3EGS", "DFG7XK2P", "LMN, so."][number].to_owned(),
                false => format!("word {number}"),
            };
            let text = format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{said}"}}}}"#);
            ("contentBlockDelta", text)
        };
        let _ = sender.send(Frame::data(event_frame(kind, json.as_bytes()).into())).await;
    }
    seen
}

fn take_message(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = u32::from_be_bytes(pending.get(..4)?.try_into().unwrap()) as usize;
    if pending.len() < length {
        return None;
    }
    let rest = pending.split_off(length);
    Some(std::mem::replace(pending, rest))
}

/// Headers and payload.
fn message_parts(message: &[u8]) -> (&[u8], &[u8]) {
    let headers = u32::from_be_bytes(message[4..8].try_into().unwrap()) as usize;
    (&message[12..12 + headers], &message[12 + headers..message.len() - 4])
}

/// What lies in a signed message; written from the documentation, not with our own code.
fn opened(message: &[u8], scope: &[&str], previous: &mut String) -> Result<Vec<u8>, String> {
    let (headers, payload) = message_parts(message);
    if !headers.starts_with(b"\x05:date\x08") {
        return Err("no date first".to_owned());
    }
    let (date_header, signature) = headers.split_at(15);
    let signature = hex::encode(&signature[signature.len() - 32..]);
    let seconds = i64::from_be_bytes(date_header[7..].try_into().unwrap()) / 1000;
    let time = jiff::Timestamp::from_second(seconds).unwrap().strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let mut key = hmac(format!("AWS4{REAL_SECRET}").as_bytes(), day);
    for part in scope {
        key = hmac(&key, part);
    }
    let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let text = format!(
        "AWS4-HMAC-SHA256-PAYLOAD\n{time}\n{day}/{}\n{previous}\n{}\n{}",
        scope.join("/"),
        hash(date_header),
        hash(payload)
    );
    if hex::encode(hmac(&key, &text)) != signature {
        return Err("an event's signature is wrong".to_owned());
    }
    *previous = signature;
    Ok(payload.to_vec())
}

/// A message of AWS's.
fn event_frame(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in
        [(":message-type", "event"), (":event-type", kind), (":content-type", "application/json")]
    {
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    frame(&headers, payload)
}

/// A message of encoded headers and a payload.
pub fn frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = 16 + headers.len() + payload.len();
    let mut out = [(total as u32).to_be_bytes(), (headers.len() as u32).to_be_bytes()].concat();
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}
