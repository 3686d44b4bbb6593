//! A client that signs with the placeholder and writes its requests byte by byte.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use hoop::aws::sigv4;
use hoop::aws::sigv4::Key;
use hoop::aws::sigv4::PayloadHash;
use hoop::aws::sigv4::Scope;
use hoop::types::Secret;
use http::Request;
use sha2::Digest;

use crate::world::World;

/// A request to be signed and written.
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub service: &'static str,
    pub host: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub payload: Option<PayloadHash>,
    pub key: Option<Key>,
    pub at: Option<u64>,
}

/// A response as it came.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        self.body.escape_ascii().to_string()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What the child signs with.
pub fn placeholder(world: &World) -> Key {
    Key {
        access_key_id: world.env["AWS_ACCESS_KEY_ID"].clone(),
        secret: Secret::new(world.env["AWS_SECRET_ACCESS_KEY"].clone()),
        token: Some(Secret::new(world.env["AWS_SESSION_TOKEN"].clone())),
    }
}

/// A JSON call, such as `DynamoDB_20120810.ListTables`.
pub fn json_call(world: &World, service: &'static str, target: &str, body: &str) -> Call {
    Call {
        method: "POST",
        path: "/".to_owned(),
        service,
        host: format!("127.0.0.1:{}", world.gateway.port()),
        headers: vec![
            ("x-amz-target".to_owned(), target.to_owned()),
            ("content-type".to_owned(), "application/x-amz-json-1.0".to_owned()),
        ],
        body: body.as_bytes().to_vec(),
        payload: None,
        key: None,
        at: None,
    }
}

/// An S3 call, path style.
pub fn s3_call(world: &World, method: &'static str, path: &str, body: &[u8]) -> Call {
    Call {
        method,
        path: path.to_owned(),
        service: "s3",
        host: format!("127.0.0.1:{}", world.gateway.port()),
        headers: Vec::new(),
        body: body.to_vec(),
        payload: None,
        key: None,
        at: None,
    }
}

impl Call {
    /// The bytes of the request, signed.
    pub fn bytes(&self, world: &World) -> Vec<u8> {
        let mut request = Request::builder().method(self.method).uri(&self.path).header("host", &self.host);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let has_length = self.headers.iter().any(|(name, _)| name == "transfer-encoding");
        if !self.body.is_empty() && !has_length {
            request = request.header("content-length", self.body.len());
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let hash = hex::encode(sha2::Sha256::digest(&self.body));
        let payload = self.payload.clone().unwrap_or(PayloadHash::Signed(hash));
        let key = self.key.clone().unwrap_or_else(|| placeholder(world));
        let at = self.at.unwrap_or_else(|| world.clock.unix_seconds());
        let scope = Scope { region: "eu-central-1", service: self.service };
        sigv4::sign(&mut parts, &payload, &key, scope, at);
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, parts.uri).into_bytes();
        for (name, value) in &parts.headers {
            bytes.extend_from_slice(format!("{name}: ").as_bytes());
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    pub fn send(&self, world: &World) -> Reply {
        send(world, &self.bytes(world))
    }
}

pub fn dial(world: &World) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", world.gateway.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Writes a request on a new connection and reads the response.
pub fn send(world: &World, bytes: &[u8]) -> Reply {
    let mut stream = dial(world);
    stream.write_all(bytes).unwrap();
    read_reply(&mut stream)
}

/// Reads one final response; interim ones stay in front of the head.
pub fn read_reply(stream: &mut TcpStream) -> Reply {
    let mut seen = Vec::new();
    let mut interim = String::new();
    loop {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap() == 0 {
            panic!("closed after {}", seen.escape_ascii());
        }
        seen.push(byte[0]);
        if seen.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8(std::mem::take(&mut seen)).unwrap();
            if head.starts_with("HTTP/1.1 1") {
                interim.push_str(&head);
                continue;
            }
            let status = head[9..12].parse().unwrap();
            let mut reply = Reply { status, head: format!("{interim}{head}"), body: Vec::new() };
            match reply.header("content-length").map(|length| length.parse::<usize>().unwrap()) {
                Some(length) => {
                    reply.body = vec![0; length];
                    stream.read_exact(&mut reply.body).unwrap();
                }
                None if reply.header("transfer-encoding").is_some() => reply.body = read_chunks(stream),
                None => {}
            }
            return reply;
        }
    }
}

fn read_chunks(stream: &mut TcpStream) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            line.push(byte[0]);
        }
        let length = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk).unwrap();
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&chunk[..length]);
    }
}
