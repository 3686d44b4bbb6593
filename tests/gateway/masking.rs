//! Answers with secrets in them, in every shape that AWS has for answers.

use std::io::Read;
use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hoop::aws::sigv4::PayloadHash;
use hoop::gateway::Capture;
use http::Response;

use crate::client;
use crate::client::json_call;
use crate::client::s3_call;
use crate::moto::Session;
use crate::upstream::empty_json;
use crate::upstream::json;
use crate::upstream::upstream;
use crate::world::Plan;

/// A frame of an event stream, written from its documentation.
pub fn frame(kind: &str, content_type: &str, payload: &[u8]) -> Vec<u8> {
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

pub fn events(body: Vec<u8>) -> crate::upstream::Upstream {
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
    let mut stream = client::dial(&world);
    let call = json_call(&world, "logs", "Logs_20140328.StartLiveTail", "{}");
    stream.write_all(&call.bytes(&world)).unwrap();
    let mut all = Vec::new();
    // Reset or closed: there is no regular end.
    let _ = stream.read_to_end(&mut all);
    let text = String::from_utf8_lossy(&all);
    assert!(!text.ends_with("\r\n0\r\n\r\n"), "{text}");
    assert!(!text.contains("Falcon"), "{text}");
    assert_eq!(world.call_end()["outcome"], "failed");
}

/// The client learns that it was answered, and gets what was good.
#[test]
fn a_stream_that_begins_with_a_bad_frame_has_a_head_and_what_came_before() {
    let good = frame("sessionUpdate", "application/json", br#"{"message":"all is well"}"#);
    let secret = frame("sessionUpdate", "application/json", br#"{"message":"password=Falcon2019!"}"#);
    let mut bad = good.clone();
    bad[90] ^= 1;
    for (before, all) in [
        (0, bad.clone()),
        (1, [&good[..], &bad, &good].concat()),
        (2, [&good[..], &secret, &bad].concat()),
        // It ends inside a frame.
        (1, [&good[..], &good[..50]].concat()),
    ] {
        let upstream = events(all);
        let world = Plan::observe(&upstream.url).start();
        let mut stream = client::dial(&world);
        let call = json_call(&world, "logs", "Logs_20140328.StartLiveTail", "{}");
        stream.write_all(&call.bytes(&world)).unwrap();
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let text = String::from_utf8_lossy(&all);
        assert!(
            text.starts_with("HTTP/1.1 200 OK\r\n") && !text.ends_with("\r\n0\r\n\r\n"),
            "{before}: {text}"
        );
        assert_eq!(text.matches(r#"{"message":"#).count(), before, "{text}");
        assert!(!text.contains("Falcon"), "{text}");
        let end = world.call_end();
        assert_eq!((&end["outcome"], end["masks"].is_object()), (&"failed".into(), before == 2), "{end}");
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_compressed_answer_is_opened_and_masked() {
    let body = gzip(r#"{"SecretString":"correct-horse-battery-9","Name":"db"}"#);
    let upstream = upstream(move |_, _| {
        let response = Response::builder().header("content-type", "application/x-amz-json-1.1");
        response.header("content-encoding", "gzip").body(Bytes::from(body.clone())).unwrap()
    });
    let world = Plan::observe(&upstream.url).start();
    let reply = json_call(&world, "secretsmanager", "secretsmanager.GetSecretValue", "{}").send(&world);
    assert_eq!((reply.status, reply.header("content-encoding")), (200, None));
    assert!(reply.text().contains("hoopmask:secret-string:"), "{}", reply.text());
}

fn compressed(text: &str, status: u16) -> (crate::upstream::Upstream, Vec<u8>) {
    let body = gzip(text);
    let copy = body.clone();
    let upstream = upstream(move |_, _| {
        let response = Response::builder().status(status).header("content-type", "text/plain");
        let response = response.header("content-encoding", "gzip").header("x-amz-checksum-crc32", "AAAAAA==");
        response.header("content-length", copy.len()).body(Bytes::from(copy.clone())).unwrap()
    });
    (upstream, body)
}

#[test]
fn a_compressed_object_is_opened_and_passes_untouched_without_secrets() {
    let (upstream, body) = compressed("nothing in here\n", 200);
    let world = Plan::observe(&upstream.url).start();
    let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
    assert!(reply.body == body && reply.header("content-encoding") == Some("gzip"));
    assert_eq!(reply.header("x-amz-checksum-crc32"), Some("AAAAAA=="));
    let text = "id = AKIAQ3EGSDFG7XK2PLMN\n";
    let (upstream, _) = compressed(text, 200);
    let world = Plan::observe(&upstream.url).start();
    let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
    assert_eq!((reply.body.len(), reply.header("content-encoding")), (text.len(), None));
    assert!(!reply.text().contains("FG7XK2PLMN") && reply.text().starts_with("id = "), "{}", reply.text());
    assert_eq!(reply.header("x-amz-checksum-crc32"), None);
    // A part of it cannot be opened; the record says so.
    let (upstream, body) = compressed(text, 206);
    let world = Plan::observe(&upstream.url).start();
    let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
    assert!(reply.body == body);
    let why = world.call_end()["not_looked_into"].as_str().unwrap().to_owned();
    assert!(why.contains("gzip") && why.contains("part"), "{why}");
}

const CARDS: &str = "[[mask]]\naction = \"s3:GetObject\"\ncolumn = \"card\"\n";

fn stored(status: u16, content_type: &'static str, text: &'static str) -> crate::upstream::Upstream {
    upstream(move |_, _| {
        let response = Response::builder().status(status).header("content-type", content_type);
        response.header("content-length", text.len()).body(Bytes::from(text)).unwrap()
    })
}

#[test]
fn columns_of_an_object_are_starred_and_what_cannot_be_told_is_withheld() {
    let upstream = stored(200, "text/csv", "id,card\n1,4111 1111\n");
    let world = Plan::observe(&upstream.url).policy(CARDS).start();
    let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
    assert_eq!(reply.body, b"id,card\n1,*********\n");
    for (status, content_type, text) in [
        (206, "text/csv", "1,4111 1111\n"),
        (200, "application/x-parquet", "PAR1\0\u{1}4111"),
        (200, "text/plain", "4111"),
    ] {
        let upstream = stored(status, content_type, text);
        let world = Plan::observe(&upstream.url).policy(CARDS).start();
        let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
        assert_eq!(reply.status, 502, "{}", reply.text());
        assert!(reply.text().contains("withheld") && !reply.text().contains("4111"), "{}", reply.text());
    }
}

/// Answers with a parameter, and with nothing to everything else.
fn parameters() -> crate::upstream::Upstream {
    upstream(|parts, _| {
        let is_read = parts.headers["x-amz-target"] == "AmazonSSM.GetParameter";
        json(if is_read {
            r#"{"Parameter":{"Name":"/db/x","Type":"SecureString","Value":"Falcon2019!"}}"#
        } else {
            "{}"
        })
    })
}

/// The mask that a read shows, in a write.
fn write_back(world: &crate::world::World, name: &str) -> crate::client::Reply {
    let shown = json_call(world, "ssm", "AmazonSSM.GetParameter", r#"{"Name":"/db/x"}"#).send(world);
    let shown: serde_json::Value = serde_json::from_slice(&shown.body).unwrap();
    let mask = shown["Parameter"]["Value"].as_str().unwrap();
    assert!(mask.starts_with("hoopmask:"), "{mask}");
    let body = format!(r#"{{"Name": "{name}", "Value": "{mask}", "Overwrite": true}}"#);
    json_call(world, "ssm", "AmazonSSM.PutParameter", &body).send(world)
}

#[test]
fn a_mask_that_comes_back_is_refused_with_its_field() {
    let upstream = parameters();
    let world = Plan::observe(&upstream.url).start();
    let reply = write_back(&world, "/db/x");
    assert!(reply.status == 403 && reply.text().contains("AccessDeniedException"), "{}", reply.text());
    assert!(reply.text().contains("the parameter `Value` (of `/db/x`) holds `hoopmask:"), "{}", reply.text());
    assert_eq!(upstream.take().len(), 1, "only the read went out");
    let end = world.events_of("call.end").pop().unwrap();
    assert_eq!(end["outcome"], "refused");
}

#[test]
fn a_mask_is_put_back_where_it_came_from_if_the_policy_says_so() {
    let upstream = parameters();
    let restore = "[[mask]]\nname = \"parameters\"\naction = \"ssm:PutParameter\"\nrestore = true\n";
    let world = Plan::observe(&upstream.url).policy(restore).start();
    assert_eq!(write_back(&world, "/db/x").status, 200);
    let got = upstream.take().pop().unwrap();
    assert_eq!(got.verdict, Ok(()));
    assert_eq!(&got.body[..], br#"{"Name": "/db/x", "Value": "Falcon2019!", "Overwrite": true}"#);
    assert_eq!(write_back(&world, "/db/other").status, 403);
    assert_eq!(upstream.take().len(), 1);
    assert!(!world.all_recorded().contains("Falcon2019!"));
    let restored = |end: &serde_json::Value| end["masks"]["restored"] == 1;
    assert_eq!(world.events_of("call.end").iter().filter(|end| restored(end)).count(), 1);
}

#[test]
fn masks_in_uploads_are_refused() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    for payload in [None, Some(PayloadHash::Unsigned)] {
        let mut text = "x".repeat(100_000);
        text.push_str("DB_PASSWORD=hoopmask:db-password:abcdefg2\n");
        let mut call = s3_call(&world, "PUT", "/bucket/.env", text.as_bytes());
        call.payload = payload;
        let reply = call.send(&world);
        assert_eq!(reply.status, 403, "{}", reply.text());
        assert!(reply.text().contains("hoopmask:db-password:abcdefg2"), "{}", reply.text());
    }
    assert!(upstream.take().is_empty());
    // A word about masks is none.
    let text = b"hoop writes hoopmask:<kind>:<tag>";
    assert_eq!(s3_call(&world, "PUT", "/bucket/notes", text).send(&world).status, 200);
}

#[test]
fn an_object_that_was_shown_with_stars_is_not_written_back() {
    let upstream = stored(200, "text/plain", "id = AKIAQ3EGSDFG7XK2PLMN\n");
    let world = Plan::observe(&upstream.url).start();
    let shown = s3_call(&world, "GET", "/bucket/conf", b"").send(&world).body;
    assert!(shown.windows(8).any(|window| window == b"********"));
    let edited = [&shown[..], b"more = 1\n"].concat();
    let reply = s3_call(&world, "PUT", "/bucket/conf", &edited).send(&world);
    assert!(reply.status == 403 && reply.text().contains("stars"), "{}", reply.text());
    assert_eq!(s3_call(&world, "PUT", "/bucket/other", b"/**********/").send(&world).status, 200);
}

#[test]
fn boto3_reads_masked_answers_and_cannot_write_masks_back() {
    let session = Session::start(Capture::Proxy);
    let told = session.python(
        r#"
import boto3, gzip
from botocore.exceptions import ClientError
db = boto3.client("dynamodb")
db.create_table(TableName="t", KeySchema=[dict(AttributeName="k", KeyType="HASH")],
    AttributeDefinitions=[dict(AttributeName="k", AttributeType="S")], BillingMode="PAY_PER_REQUEST")
db.put_item(TableName="t", Item=dict(k=dict(S="a"), password=dict(S="Falcon2019!"), n=dict(N="7")))
item = db.get_item(TableName="t", Key=dict(k=dict(S="a")))["Item"]
print("item", item["password"]["S"].startswith("hoopmask:"), item["n"])
try:
    db.put_item(TableName="t", Item=item)
except ClientError as error:
    print("put", error.response["Error"]["Code"], "Item.password.S" in str(error))
sm = boto3.client("secretsmanager")
sm.create_secret(Name="s", SecretString="correct-horse-9")
shown = sm.get_secret_value(SecretId="s")["SecretString"]
try:
    sm.put_secret_value(SecretId="s", SecretString=shown)
except ClientError as error:
    print("secret", shown.split(":")[1], error.response["Error"]["Code"])
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="q")["QueueUrl"]
sqs.send_message(QueueUrl=url, MessageBody="password=Falcon2020!",
    MessageAttributes=dict(token=dict(DataType="String", StringValue="Wren-2021-xyz")))
message = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
import hashlib
print("md5", hashlib.md5(message["Body"].encode()).hexdigest() == message["MD5OfBody"], "Falcon" in str(message), "Wren" in str(message))
s3 = boto3.client("s3")
s3.create_bucket(Bucket="box", CreateBucketConfiguration=dict(LocationConstraint="eu-central-1"))
text = b"id = AKIAQ3EGSDFG7XK2PLMN\nnext\n"
s3.put_object(Bucket="box", Key="gz", Body=gzip.compress(text), ContentEncoding="gzip", ContentType="text/plain")
got = s3.get_object(Bucket="box", Key="gz")["Body"].read()
print("gzip", len(got) == len(text), b"FG7XK2PLMN" in got, got.endswith(b"next\n"))
s3.put_object(Bucket="box", Key="plain", Body=text)
got = s3.get_object(Bucket="box", Key="plain")["Body"].read()
try:
    s3.put_object(Bucket="box", Key="plain", Body=got)
except ClientError as error:
    print("stars", len(got) == len(text), error.response["Error"]["Code"])
"#,
    );
    for line in [
        "item True {'N': '7'}",
        "put AccessDeniedException True",
        "secret secret-string AccessDeniedException",
        "md5 True False False",
        "gzip True False True",
        "stars True AccessDenied",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!session.world.all_recorded().contains("Falcon20"));
}
