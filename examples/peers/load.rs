//! A client that signs once (a signature lives 15 minutes) and asks as fast as it is answered. Orders, one a line:
//!
//! ```text
//! calls CONNECTIONS COUNT        as many calls over so many connections   {"calls","seconds","p50_us","p99_us"}
//! for CONNECTIONS MILLISECONDS   as many calls as there is time for       the same
//! up BYTES                       a body that is not covered by the hash   {"bytes","seconds"}
//! down BYTES                     the same, the other way
//! ```
//!
//! Keys come from the environment, as an SDK takes them.

use std::cell::Cell;
use std::io::BufRead;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use bytes::Bytes;
use hoop::aws::sigv4;
use hoop::aws::sigv4::Key;
use hoop::aws::sigv4::PayloadHash;
use hoop::aws::sigv4::Scope;
use hoop::types::Secret;
use http::Request;
use http::request::Parts;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::Body;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use sha2::Digest;

use crate::filler::Filler;
use crate::wire::Target;

const BODY: &str = r#"{"TableName":"orders","Key":{"id":{"S":"order-4711"}},"ConsistentRead":true,"ReturnConsumedCapacity":"TOTAL"}"#;

/// Carries out orders until there are no more. `host` is what the `Host` header and the certificate say.
pub async fn run(url: &str, host: Option<&str>) {
    let target = Target::new(url, host);
    let host = host.unwrap_or(&target.authority).to_owned();
    let local = tokio::task::LocalSet::new();
    for order in std::io::stdin().lock().lines() {
        let order = order.unwrap();
        let words: Vec<&str> = order.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        let line = match words[0] {
            "calls" => local.run_until(calls(&target, &host, number(1), number(2), None)).await,
            "for" => {
                let time = Duration::from_millis(number(2));
                local.run_until(calls(&target, &host, number(1), u64::MAX, Some(time))).await
            }
            "up" => stream(&target, &host, "PUT", number(1)).await,
            "down" => stream(&target, &host, "GET", number(1)).await,
            other => panic!("no order: {other}"),
        };
        println!("{line}");
        std::io::stdout().flush().unwrap();
    }
}

fn key() -> Key {
    let variable = |name: &str| std::env::var(name).ok();
    Key {
        access_key_id: variable("AWS_ACCESS_KEY_ID").expect("AWS_ACCESS_KEY_ID"),
        secret: Secret::new(variable("AWS_SECRET_ACCESS_KEY").expect("AWS_SECRET_ACCESS_KEY")),
        token: variable("AWS_SESSION_TOKEN").map(Secret::new),
    }
}

fn signed(mut parts: Parts, payload: &PayloadHash, service: &str) -> Parts {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    sigv4::sign(&mut parts, payload, &key(), Scope { region: "us-east-1", service }, now);
    parts
}

fn get_item(host: &str) -> Parts {
    let request = Request::post("/")
        .header("host", host)
        .header("content-type", "application/x-amz-json-1.0")
        .header("content-length", BODY.len())
        .header(
            "user-agent",
            "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.18 md/arch#x86_64 lang/python#3.11.7",
        )
        .header("x-amz-target", "DynamoDB_20120810.GetItem");
    let (parts, ()) = request.body(()).unwrap().into_parts();
    signed(parts, &PayloadHash::Signed(hex::encode(sha2::Sha256::digest(BODY))), "dynamodb")
}

async fn open<B>(target: &Target) -> SendRequest<B>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: std::error::Error + Send + Sync,
{
    let (sender, connection) = http1::handshake(target.connect().await).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn calls(target: &Target, host: &str, connections: u64, count: u64, time: Option<Duration>) -> String {
    let left = Rc::new(Cell::new(count));
    let mut senders = Vec::new();
    for _ in 0..connections {
        senders.push(open::<Full<Bytes>>(target).await);
    }
    let begin = Instant::now();
    let mut tasks = Vec::new();
    for mut sender in senders {
        let (left, parts) = (left.clone(), get_item(host));
        tasks.push(tokio::task::spawn_local(async move {
            let mut took = Vec::new();
            while left.get() > 0 && time.is_none_or(|time| begin.elapsed() < time) {
                left.set(left.get() - 1);
                let start = Instant::now();
                sender.ready().await.unwrap();
                let request = Request::from_parts(parts.clone(), Full::from(BODY));
                let response = sender.send_request(request).await.unwrap();
                let status = response.status();
                let body = response.into_body().collect().await.unwrap().to_bytes();
                assert!(status == 200 && body.len() > 100, "{status} {}", body.escape_ascii());
                took.push(start.elapsed().as_nanos() as u64);
            }
            took
        }));
    }
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap());
    }
    let seconds = begin.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize] as f64 / 1e3;
    format!(r#"{{"calls":{},"seconds":{seconds},"p50_us":{},"p99_us":{}}}"#, took.len(), at(0.5), at(0.99))
}

async fn stream(target: &Target, host: &str, method: &str, bytes: u64) -> String {
    let mut sender = open::<Filler>(target).await;
    let request = Request::builder().method(method).uri(format!("/bench/{bytes}")).header("host", host);
    let sent = if method == "PUT" { bytes } else { 0 };
    let request = if sent > 0 { request.header("content-length", sent) } else { request };
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let parts = signed(parts, &PayloadHash::Unsigned, "s3");
    let begin = Instant::now();
    let response = sender.send_request(Request::from_parts(parts, Filler(sent))).await.unwrap();
    let status = response.status();
    let mut body = response.into_body();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        received += frame.unwrap().data_ref().map_or(0, |data| data.len() as u64);
    }
    assert!(status == 200 && received == bytes - sent, "{status}, {received} bytes");
    format!(r#"{{"bytes":{bytes},"seconds":{}}}"#, begin.elapsed().as_secs_f64())
}
