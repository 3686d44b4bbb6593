//! Answers with secrets in them, in every shape that AWS has for answers.

use bytes::Bytes;
use http::Response;

use crate::client::json_call;
use crate::client::s3_call;
use crate::upstream::upstream;
use crate::world::Plan;

/// A frame of an event stream, written from its documentation.
fn frame(kind: &str, content_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", "event"), (":event-type", kind), (":content-type", content_type)]
    {
        if !value.is_empty() {
            headers.push(u8::try_from(name.len()).unwrap());
            headers.extend(name.as_bytes());
            headers.push(7);
            headers.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            headers.extend(value.as_bytes());
        }
    }
    let mut frame = Vec::new();
    frame.extend(u32::try_from(headers.len() + payload.len() + 16).unwrap().to_be_bytes());
    frame.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(headers);
    frame.extend(payload);
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}

/// The payloads of frames whose checksums are right.
fn payloads(mut bytes: &[u8]) -> Vec<String> {
    let number = |at: usize, bytes: &[u8]| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (one, rest) = bytes.split_at(number(0, bytes) as usize);
        assert_eq!(number(8, one), crc32fast::hash(&one[..8]));
        assert_eq!(number(one.len() - 4, one), crc32fast::hash(&one[..one.len() - 4]));
        let start = 12 + number(4, one) as usize;
        found.push(String::from_utf8(one[start..one.len() - 4].to_vec()).unwrap());
        bytes = rest;
    }
    found
}

fn events(body: Vec<u8>) -> crate::upstream::Upstream {
    upstream(move |_, _| {
        let response = Response::builder().header("content-type", "application/vnd.amazon.eventstream");
        response.body(Bytes::from(body.clone())).unwrap()
    })
}

#[test]
fn a_secret_in_a_frame_of_events_is_masked_and_the_sums_are_true() {
    let benign = frame("sessionUpdate", "application/json", br#"{"message": "all is well"}"#);
    let secret = frame("sessionUpdate", "application/json", br#"{"message":"password=Falcon2019!"}"#);
    let upstream = events([&benign[..], &secret, &benign].concat());
    let world = Plan::observe(&upstream.url).start();
    let reply = json_call(&world, "logs", "Logs_20140328.StartLiveTail", "{}").send(&world);
    assert_eq!(reply.status, 200);
    assert!(reply.body.starts_with(&benign) && reply.body.ends_with(&benign));
    let shown = payloads(&reply.body);
    assert!(shown[1].starts_with(r#"{"message":"password=hoopmask:"#), "{shown:?}");
    assert!(!world.call_end()["masks"].as_object().unwrap().is_empty());
}

#[test]
fn rows_of_s3_select_are_masked_across_frames() {
    let rows = |text: &str| frame("Records", "application/octet-stream", text.as_bytes());
    let end = frame("End", "", b"");
    let upstream = events([&rows("id,AKIAQ3EG")[..], &rows("SDFG7XK2PLMN,x\n"), &end].concat());
    let world = Plan::observe(&upstream.url).start();
    let reply = s3_call(&world, "POST", "/bucket/key?select&select-type=2", b"").send(&world);
    let text = payloads(&reply.body).concat();
    assert!(text.starts_with("id,") && text.ends_with(",x\n") && !text.contains("SDFG7XK2PLMN"), "{text}");
    assert!(reply.body.ends_with(&end));
}

#[test]
fn a_stream_with_a_wrong_checksum_breaks_off() {
    let good = frame("sessionUpdate", "application/json", br#"{"message":"all is well"}"#);
    let mut bad = frame("sessionUpdate", "application/json", br#"{"message":"password=Falcon2019!"}"#);
    bad[90] ^= 1;
    let upstream = events([&good[..], &bad].concat());
    let world = Plan::observe(&upstream.url).start();
    let reply = json_call(&world, "logs", "Logs_20140328.StartLiveTail", "{}").send(&world);
    assert_eq!(reply.status, 502, "{}", reply.text());
    assert!(reply.text().contains("withheld") && !reply.text().contains("Falcon"), "{}", reply.text());
    assert_eq!(world.call_end()["outcome"], "failed");
}
