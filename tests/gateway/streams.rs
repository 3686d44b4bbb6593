//! Bodies on their way: checked, reframed, masked, with flat memory.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use hoop::aws::chunked::Decoder;
use hoop::aws::sigv4;
use hoop::aws::sigv4::ChunkKey;
use hoop::aws::sigv4::PayloadHash;
use http::Response;
use sha2::Digest;
use sha2::Sha256;

use crate::alone::alone;
use crate::client;
use crate::client::json_call;
use crate::client::s3_call;
use crate::upstream::empty_json;
use crate::upstream::json;
use crate::upstream::real_key;
use crate::upstream::upstream;
use crate::world::Plan;
use crate::world::World;

#[test]
fn a_signed_upload_arrives_whole_with_its_hash() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let body: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    assert_eq!(s3_call(&world, "PUT", "/bucket/key", &body).send(&world).status, 200);
    let got = upstream.take().pop().unwrap();
    assert_eq!(got.verdict, Ok(()));
    assert!(got.body == body);
    assert_eq!(world.call_end()["bytes_in"], 12_000_000);
}

#[test]
fn an_upload_altered_at_its_end_never_completes() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let mut bytes = s3_call(&world, "PUT", "/bucket/key", &vec![7; 2_000_000]).bytes(&world);
    *bytes.last_mut().unwrap() = 8;
    let reply = client::send(&world, &bytes);
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("XAmzContentSHA256Mismatch"), "{}", reply.text());
    assert!(upstream.take().is_empty());
    let end = world.call_end();
    assert_eq!(
        (end["outcome"].as_str(), end["error"].as_str()),
        (Some("refused"), Some("XAmzContentSHA256Mismatch"))
    );
}

#[test]
fn an_unsigned_payload_passes() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let mut call = s3_call(&world, "PUT", "/bucket/key", b"any");
    call.payload = Some(PayloadHash::Unsigned);
    assert_eq!(call.send(&world).status, 200);
    let got = upstream.take().pop().unwrap();
    assert_eq!((got.verdict, &got.body[..]), (Ok(()), &b"any"[..]));
}

pub fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// An upload in signed chunks, as the Rust SDK makes it; written from the documentation, not with our own code.
fn chunked(world: &World, chunks: &[&[u8]], trailer: bool) -> Vec<u8> {
    let length: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let mut call = s3_call(world, "PUT", "/bucket/key", b"");
    call.payload = Some(PayloadHash::StreamingSigned { trailer });
    call.headers = vec![
        ("content-encoding".to_owned(), "aws-chunked".to_owned()),
        ("x-amz-decoded-content-length".to_owned(), length.to_string()),
        ("transfer-encoding".to_owned(), "chunked".to_owned()),
    ];
    if trailer {
        call.headers.push(("x-amz-trailer".to_owned(), "x-amz-checksum-crc32".to_owned()));
    }
    let mut bytes = call.bytes(world);
    let head = String::from_utf8(bytes.clone()).unwrap();
    let after = |name: &str| head.split(name).nth(1).unwrap().split(['\r', ',']).next().unwrap().to_owned();
    let (mut previous, date) = (after("Signature="), after("x-amz-date: "));
    let scope = format!("{}/eu-central-1/s3/aws4_request", &date[..8]);
    let mut key = hmac(format!("AWS4{}", world.env["AWS_SECRET_ACCESS_KEY"]).as_bytes(), &date[..8]);
    for part in ["eu-central-1", "s3", "aws4_request"] {
        key = hmac(&key, part);
    }
    let empty = hex::encode(Sha256::digest(b""));
    let mut body = Vec::new();
    for chunk in chunks.iter().chain([&&b""[..]]) {
        let hash = hex::encode(Sha256::digest(chunk));
        let text = format!("AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{previous}\n{empty}\n{hash}");
        previous = hex::encode(hmac(&key, &text));
        body.extend_from_slice(format!("{:x};chunk-signature={previous}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        if !chunk.is_empty() || !trailer {
            body.extend_from_slice(b"\r\n");
        }
    }
    if trailer {
        let hash = hex::encode(Sha256::digest(b"x-amz-checksum-crc32:AAAAAA==\n"));
        let text = format!("AWS4-HMAC-SHA256-TRAILER\n{date}\n{scope}\n{previous}\n{hash}");
        let signature = hex::encode(hmac(&key, &text));
        body.extend_from_slice(b"x-amz-checksum-crc32:AAAAAA==\r\n");
        body.extend_from_slice(format!("x-amz-trailer-signature:{signature}\r\n\r\n").as_bytes());
    }
    bytes.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    bytes
}

#[test]
fn signed_chunks_are_checked_and_signed_anew() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    for (trailer, chunks) in
        [(false, [vec![1; 70_000], b"tail".to_vec()]), (true, [vec![1; 70_000], vec![2; 70_000]])]
    {
        let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let reply = client::send(&world, &chunked(&world, &chunks, trailer));
        assert_eq!(reply.status, 200, "{reply:?}");
        let got = upstream.take().pop().unwrap();
        assert_eq!(got.verdict, Ok(()));
        assert_eq!(got.header("content-encoding"), "aws-chunked");
        let claims = sigv4::parse(&got.parts).unwrap();
        assert_eq!(claims.payload, Some(PayloadHash::StreamingSigned { trailer }));
        let mut decoder = Decoder::new(Some(ChunkKey::new(&claims, &real_key())), trailer);
        let mut body = Vec::new();
        decoder.push(&got.body, &mut body).unwrap();
        assert!(body == chunks.concat());
        assert_eq!(got.header("x-amz-decoded-content-length"), body.len().to_string());
        let trailers = decoder.finish().unwrap();
        let checksum = ("x-amz-checksum-crc32".to_owned(), "AAAAAA==".to_owned());
        assert_eq!(trailers, if trailer { vec![checksum] } else { Vec::new() });
    }
}

#[test]
fn unsigned_chunks_pass_as_they_are_if_they_are_well_formed() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let framed = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
    let send = |body: &[u8], length: &str| {
        let mut call = s3_call(&world, "PUT", "/bucket/key", body);
        call.payload = Some(PayloadHash::StreamingUnsignedTrailer);
        call.headers = vec![
            ("content-encoding".to_owned(), "aws-chunked".to_owned()),
            ("x-amz-trailer".to_owned(), "x-amz-checksum-crc32".to_owned()),
            ("x-amz-decoded-content-length".to_owned(), length.to_owned()),
        ];
        call.send(&world)
    };
    assert_eq!(send(framed, "5").status, 200);
    let got = upstream.take().pop().unwrap();
    assert_eq!((got.verdict, &got.body[..]), (Ok(()), &framed[..]));
    for (body, length) in [
        (&framed[..], "6"),
        (framed, "4"),
        (&framed[..20], "5"),
        (b"5\r\nhello!\r\n0\r\n\r\n", "5"),
        (b"zz\r\n", "0"),
    ] {
        let reply = send(body, length);
        assert_eq!(reply.status, 400, "{} {}", body.escape_ascii(), reply.text());
        assert!(reply.text().contains("IncompleteBody"), "{}", reply.text());
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn an_altered_chunk_never_completes() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    for trailer in [false, true] {
        let mut bytes = chunked(&world, &[&[1; 70_000], &[2; 70_000]], trailer);
        let middle = bytes.len() - 50_000;
        bytes[middle] ^= 1;
        let reply = client::send(&world, &bytes);
        assert_eq!(reply.status, 403, "{reply:?}");
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn a_masked_answer_has_a_true_length_and_crc() {
    let upstream = upstream(|_, _| {
        let mut response = json(r#"{"SecretString":"correct-horse-battery-9","Name":"db"}"#);
        response.headers_mut().insert("x-amz-crc32", 1.into());
        response
    });
    let world = Plan::observe(&upstream.url).start();
    let reply = json_call(&world, "secretsmanager", "secretsmanager.GetSecretValue", r#"{"SecretId":"db"}"#)
        .send(&world);
    assert_eq!(reply.status, 200);
    let answer: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(answer["Name"], "db");
    assert!(!reply.text().contains("correct-horse"), "{}", reply.text());
    assert_eq!(reply.header("x-amz-crc32").unwrap(), crc32fast::hash(&reply.body).to_string());
    assert!(!world.call_end()["masks"].as_object().unwrap().is_empty());
    assert!(!world.all_recorded().contains("correct-horse"));
}

const KEY_IN_TEXT: &str = "aws_access_key_id = AKIAQ3EGSDFG7XK2PLMN\n";

fn object(content_type: &'static str) -> crate::upstream::Upstream {
    upstream(move |_, _| {
        let text = format!("{}{KEY_IN_TEXT}{}", "line\n".repeat(40_000), "more\n".repeat(40_000));
        Response::builder()
            .header("content-type", content_type)
            .header("x-amz-checksum-crc32", "AAAAAA==")
            .header("etag", "\"x\"")
            .body(Bytes::from(text))
            .unwrap()
    })
}

#[test]
fn text_in_an_object_is_masked_without_changing_its_length() {
    let upstream = object("text/plain");
    let world = Plan::observe(&upstream.url).start();
    let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
    assert_eq!(reply.body.len(), 400_000 + KEY_IN_TEXT.len());
    assert!(!reply.text().contains("AKIAQ3EGSDFG7XK2PLMN"));
    assert_eq!((reply.header("x-amz-checksum-crc32"), reply.header("etag")), (None, Some("\"x\"")));
    assert_eq!(world.call_end()["bytes_out"], 400_000 + KEY_IN_TEXT.len());
}

#[test]
fn bytes_that_are_no_text_pass_with_their_checksum() {
    let body: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let copy = body.clone();
    let upstream = upstream(move |_, _| {
        let response = Response::builder().header("content-type", "application/octet-stream");
        response.header("x-amz-checksum-crc32", "AAAAAA==").body(Bytes::from(copy.clone())).unwrap()
    });
    let world = Plan::observe(&upstream.url).start();
    let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
    assert!(reply.body == body);
    assert_eq!(reply.header("x-amz-checksum-crc32"), Some("AAAAAA=="));
}

#[test]
fn an_answer_that_cannot_be_masked_is_withheld() {
    let upstream = upstream(|_, _| {
        let response = Response::builder().header("content-type", "application/x-amz-json-1.1");
        response.header("content-encoding", "gzip").body(Bytes::from_static(b"\x1f\x8b...")).unwrap()
    });
    let world = Plan::observe(&upstream.url).start();
    let reply = json_call(&world, "dynamodb", "DynamoDB_20120810.ListTables", "{}").send(&world);
    assert_eq!(reply.status, 502);
    assert!(reply.text().contains("withheld"), "{}", reply.text());
    let reply = json_call(&world, "dynamodb", "DynamoDB_20120810.PutItem", "{}").send(&world);
    assert_eq!(reply.status, 501, "a call that changes something must not be repeated");
}

#[test]
fn errors_throttles_and_redirects_of_aws_pass() {
    for status in [301, 400, 404, 429, 500, 503] {
        let upstream = upstream(move |_, _| {
            let response = Response::builder().status(status).header("x-amz-bucket-region", "eu-west-1");
            let response = response.header("content-type", "application/xml");
            response.body(Bytes::from_static(b"<Error><Code>X</Code></Error>")).unwrap()
        });
        let world = Plan::observe(&upstream.url).start();
        let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
        assert_eq!(reply.status, status);
        assert_eq!(reply.text(), "<Error><Code>X</Code></Error>");
        assert_eq!(reply.header("x-amz-bucket-region"), Some("eu-west-1"));
        assert_eq!(world.call_end()["status"], status);
    }
}

/// One GiB; the gateway's own memory must not grow by a sixteenth of it.
const LARGE: usize = 1 << 30;
const MOST_GROWTH: u64 = 48 << 20;

pub fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// The largest growth of this process while `work` runs.
fn growth(work: impl FnOnce()) -> u64 {
    let (stop, before) = (Arc::new(AtomicBool::new(false)), resident());
    let inside = stop.clone();
    let watcher = std::thread::spawn(move || {
        let mut most = 0;
        while !inside.load(Ordering::SeqCst) {
            most = most.max(resident());
            std::thread::sleep(Duration::from_millis(2));
        }
        most
    });
    work();
    stop.store(true, Ordering::SeqCst);
    watcher.join().unwrap().saturating_sub(before)
}

/// An upstream that takes or gives a gibibyte without holding it.
fn large_upstream() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = vec![0; 1 << 18];
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap() == 0 {
                    break;
                }
                head.push(byte[0]);
            }
            if head.starts_with(b"PUT") {
                let mut left = LARGE;
                while left > 0 {
                    left -= stream.read(&mut buffer).unwrap();
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            } else if head.starts_with(b"GET") {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/gzip\r\ncontent-length: {LARGE}\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).unwrap();
                for _ in 0..LARGE / buffer.len() {
                    stream.write_all(&buffer).unwrap();
                }
            }
        }
    });
    url
}

#[test]
fn a_gibibyte_up_and_down_leaves_memory_flat() {
    if !alone("streams::a_gibibyte_up_and_down_leaves_memory_flat") {
        return;
    }
    let world = Plan::observe(&large_upstream()).start();
    // Once, so that what is loaded at the first call does not count.
    client::send(&world, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    let piece = vec![0; 1 << 18];
    let mut hash = Sha256::new();
    (0..LARGE / piece.len()).for_each(|_| hash.update(&piece));
    let mut call = s3_call(&world, "PUT", "/bucket/key", b"");
    call.payload = Some(PayloadHash::Signed(hex::encode(hash.finalize())));
    call.headers = vec![("content-length".to_owned(), LARGE.to_string())];
    let up = growth(|| {
        let mut stream = client::dial(&world);
        stream.write_all(&call.bytes(&world)).unwrap();
        (0..LARGE / piece.len()).for_each(|_| stream.write_all(&piece).unwrap());
        assert_eq!(client::read_reply(&mut stream).status, 200);
    });
    let down = growth(|| {
        let mut stream = client::dial(&world);
        stream.write_all(&s3_call(&world, "GET", "/bucket/key", b"").bytes(&world)).unwrap();
        let mut buffer = vec![0; 1 << 18];
        let mut left = LARGE;
        while left > 0 {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0);
            left = left.saturating_sub(count);
        }
    });
    assert!(up < MOST_GROWTH && down < MOST_GROWTH, "up {} MiB, down {} MiB", up >> 20, down >> 20);
}
