//! Websockets: presigned ones are signed anew, Session Manager's are opened only to sessions that were let start.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use hoop::aws::sigv4;
use hoop::aws::sigv4::Algorithm;
use hoop::aws::sigv4::EMPTY_SHA256;
use hoop::aws::sigv4::Key;
use hoop::aws::sigv4::PayloadHash;
use hoop::aws::sigv4::Scope;
use hoop::aws::sigv4::Signing;
use http::Request;
use http::request::Parts;

use crate::client::dial;
use crate::client::json_call;
use crate::client::placeholder;
use crate::client::read_reply;
use crate::upstream::real_key;
use crate::world::Plan;
use crate::world::World;

const TOKEN: &str = "AAEAAbx/RealTokenOfTheSession0123456789abcdefghijklmnopqrstuvwxyz==";

#[derive(Default)]
struct Got {
    /// Request lines and headers of the websockets that were opened.
    heads: Vec<String>,
    /// What came through them.
    bytes: Vec<u8>,
}

/// Opens every websocket, hears until nothing more comes, then says `bye`; tells of a session to anybody else.
fn upstream() -> (String, Arc<Mutex<Got>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let got = Arc::<Mutex<Got>>::default();
    let inside = got.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let inside = inside.clone();
            std::thread::spawn(move || serve(stream.unwrap(), &inside));
        }
    });
    (url, got)
}

fn serve(mut stream: TcpStream, got: &Mutex<Got>) {
    let head = read_head(&mut stream);
    if !head.to_ascii_lowercase().contains("upgrade: websocket") {
        let answer = format!(
            r#"{{"SessionId":"ana-0123","StreamUrl":"wss://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/ana-0123","TokenValue":"{TOKEN}"}}"#
        );
        let text = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        return stream.write_all(text.as_bytes()).unwrap_or_default();
    }
    got.lock().unwrap().heads.push(head);
    let agreed = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\nx-odd: y\r\n\r\n";
    stream.write_all(agreed.as_bytes()).unwrap();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap_or(0);
        if count == 0 {
            break;
        }
        got.lock().unwrap().bytes.extend_from_slice(&buffer[..count]);
    }
    let _ = stream.write_all(b"bye");
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            break;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn parts_of(head: &str) -> Parts {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap().split(' ');
    let mut request = Request::builder().method(words.next().unwrap()).uri(words.next().unwrap());
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(()).unwrap().into_parts().0
}

/// A request for a websocket, by proxy; signed in its URL.
fn presigned(key: &Key, host: &str, service: &str, path: &str, now: u64) -> Vec<u8> {
    let request = Request::builder().method("GET").uri(path).header("host", host);
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let scope = Scope { region: "eu-central-1", service };
    let signing = Signing { algorithm: Algorithm::Hmac, key, scope, at: now };
    sigv4::presign(&mut parts, &PayloadHash::Signed(EMPTY_SHA256.to_owned()), &signing, 300);
    handshake(&format!("http://{host}{}", parts.uri), host)
}

fn handshake(target: &str, host: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n\r\n"
    )
    .into_bytes()
}

/// Sends `bytes` and closes its side; gives what comes back.
fn converse(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    back
}

fn last_end(world: &World, count: usize) -> serde_json::Value {
    for _ in 0..300 {
        let ends = world.events_of("call.end");
        if ends.len() >= count {
            return ends[count - 1].clone();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{:#?}", world.events());
}

#[test]
fn a_presigned_websocket_is_signed_anew_and_counted() {
    let (url, got) = upstream();
    for (host, service, path, action) in [
        ("abc-ats.iot.eu-central-1.amazonaws.com", "iotdevicegateway", "/mqtt", "iot:Connect"),
        (
            "transcribestreaming.eu-central-1.amazonaws.com",
            "transcribe",
            "/stream-transcription-websocket?language-code=en-US&sample-rate=8000",
            "transcribe:StartStreamTranscriptionWebSocket",
        ),
        ("a1.execute-api.eu-central-1.amazonaws.com", "execute-api", "/prod", "execute-api:Invoke"),
    ] {
        let world = Plan::observe(&url).start();
        let mut stream = dial(&world);
        let now = world.clock.unix_seconds();
        stream.write_all(&presigned(&placeholder(&world), host, service, path, now)).unwrap();
        let agreed = read_head(&mut stream);
        assert!(agreed.starts_with("HTTP/1.1 101") && agreed.contains("sec-websocket-accept: x"), "{agreed}");
        assert!(!agreed.contains("x-odd"), "{agreed}");
        assert_eq!(converse(&mut stream, b"hello"), b"bye");
        let head = std::mem::take(&mut got.lock().unwrap().heads).pop().unwrap();
        let parts = parts_of(&head);
        let claims = sigv4::parse(&parts).unwrap();
        assert!(claims.presigned);
        let hash = Some(EMPTY_SHA256);
        assert_eq!(sigv4::verify(&claims, &parts, hash, &real_key(), now), Ok(()));
        assert_eq!(parts.headers["host"], host);
        let end = last_end(&world, 1);
        assert_eq!(
            (&end["status"], &end["bytes_in"], &end["bytes_out"]),
            (&101.into(), &5.into(), &3.into())
        );
        assert_eq!(world.events_of("call.begin")[0]["action"], action);
    }
}

#[test]
fn a_denied_or_foreign_websocket_is_not_opened() {
    let (url, got) = upstream();
    let deny = "[[statement]]\neffect = \"deny\"\naction = [\"iot:Connect\"]\n";
    let world = Plan::observe(&url).policy(deny).start();
    let own = placeholder(&world);
    let foreign = Key { access_key_id: "AKIAFOREIGNFOREIGNKY".to_owned(), ..own.clone() };
    for key in [own, foreign] {
        let host = "abc-ats.iot.eu-central-1.amazonaws.com";
        let mut stream = dial(&world);
        stream
            .write_all(&presigned(&key, host, "iotdevicegateway", "/mqtt", world.clock.unix_seconds()))
            .unwrap();
        assert_eq!(read_reply(&mut stream).status, 403);
    }
    assert!(got.lock().unwrap().heads.is_empty());
}

const CHANNEL: &str = "ssmmessages.eu-central-1.amazonaws.com";

fn open_channel(world: &World, id: &str) -> TcpStream {
    let mut stream = dial(world);
    let target = format!("http://{CHANNEL}/v1/data-channel/{id}?role=publish_subscribe");
    stream.write_all(&handshake(&target, CHANNEL)).unwrap();
    stream
}

/// A text message of a client's, masked as RFC 6455 wants it.
fn message(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    if text.len() < 126 {
        frame.push(0x80 | text.len() as u8);
    } else {
        frame.push(0x80 | 126);
        frame.extend_from_slice(&(text.len() as u16).to_be_bytes());
    }
    let key = [1, 2, 3, 4];
    frame.extend_from_slice(&key);
    frame.extend(text.bytes().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[test]
fn a_session_is_opened_with_the_token_that_the_client_never_saw() {
    let (url, got) = upstream();
    let world = Plan::observe(&url).start();
    // Nothing was started yet.
    assert_eq!(read_reply(&mut open_channel(&world, "ana-0123")).status, 403);
    let started = json_call(&world, "ssm", "AmazonSSM.StartSession", r#"{"Target":"i-0123456789abcdef0"}"#);
    let reply = started.send(&world);
    assert_eq!(reply.status, 200);
    let answer: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(!reply.text().contains(TOKEN), "{}", reply.text());
    assert_eq!(read_reply(&mut open_channel(&world, "ana-0124")).status, 403);

    let mut stream = open_channel(&world, "ana-0123");
    assert!(read_head(&mut stream).starts_with("HTTP/1.1 101"));
    let opening = serde_json::json!({ "MessageSchemaVersion": "1.0", "TokenValue": answer["TokenValue"], "ClientId": "c" });
    let bytes = [message(&opening.to_string()), message("ls")].concat();
    assert_eq!(converse(&mut stream, &bytes), b"bye");
    let wanted = serde_json::json!({ "MessageSchemaVersion": "1.0", "TokenValue": TOKEN, "ClientId": "c" });
    let wanted = [message(&wanted.to_string()), message("ls")].concat();
    assert_eq!(got.lock().unwrap().bytes.escape_ascii().to_string(), wanted.escape_ascii().to_string());
    let begin = world.events_of("call.begin").pop().unwrap();
    assert_eq!((&begin["action"], &begin["host"]), (&"ssmmessages:OpenDataChannel".into(), &CHANNEL.into()));
    assert_eq!(begin["params"]["SessionId"], "ana-0123");
    let end = last_end(&world, world.events_of("call.begin").len());
    assert_eq!((&end["bytes_in"], &end["bytes_out"]), (&wanted.len().into(), &3.into()));
    assert!(!world.all_recorded().contains(TOKEN));
}

#[test]
fn a_session_that_was_denied_cannot_be_opened() {
    let (url, got) = upstream();
    let deny = "[[statement]]\neffect = \"deny\"\naction = [\"ssm:StartSession\"]\n";
    let world = Plan::observe(&url).policy(deny).start();
    let started = json_call(&world, "ssm", "AmazonSSM.StartSession", r#"{"Target":"i-0123456789abcdef0"}"#);
    assert_eq!(started.send(&world).status, 403);
    assert_eq!(read_reply(&mut open_channel(&world, "ana-0123")).status, 403);
    assert!(got.lock().unwrap().heads.is_empty());
}
