//! Ninety seconds, then yes; and no with a reason.

use std::time::Duration;
use std::time::Instant;

use hoop::approval::Scope;
use hoop::gateway::Capture;

use crate::clients::Client;
use crate::clients::Place;
use crate::clients::cache;
use crate::clients::came;
use crate::clients::count;
use crate::clients::has;

/// Longer than every default: 60 s of Python's, 3 attempts of 20 s.
pub const THINKING: Duration = Duration::from_secs(90);

/// Calls in threads of one process: NAME=OPERATION=MODE=READ_TIMEOUT each; a line for each.
pub const BOTO3: &str = r#"
import sys, threading, boto3
from botocore.config import Config
def call(name, operation, mode, timeout):
    config = Config(read_timeout=int(timeout), s3={"addressing_style": "path"}, **({"retries": {"mode": mode}} if mode else {}))
    try:
        if operation == "table": boto3.client("dynamodb", config=config).describe_table(TableName=name)
        else:
            s3, at = boto3.client("s3", config=config), dict(Bucket="held", Key=name)
            if operation == "put": s3.put_object(Body=b"x" * (12 << 20), **at)
            if operation == "get": s3.get_object(**at)["Body"].read()
            if operation == "head": s3.head_object(**at)
        print(name, "done", flush=True)
    except Exception as error: print(name, error, flush=True)
for words in sys.argv[1:]: threading.Thread(target=call, args=words.split("=")).start()
"#;

/// The same with the JavaScript SDK, its time-out instead of the read time-out's number: NAME=OPERATION=OPTIONS.
pub const JAVASCRIPT: &str = r#"
const { DynamoDBClient, DescribeTableCommand } = require("@aws-sdk/client-dynamodb");
const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3");
const { Readable } = require("node:stream");
for (const words of process.argv.slice(1)) {
  const [name, operation, options] = words.split("=");
  const settings = { requestHandler: JSON.parse(options || "{}"), forcePathStyle: true };
  const sent = operation == "table"
    ? new DynamoDBClient(settings).send(new DescribeTableCommand({ TableName: name }))
    : new S3Client(settings).send(new PutObjectCommand({ Bucket: "held", Key: name, ContentLength: 1 << 20,
        Body: Readable.from([Buffer.alloc(1 << 20, "x")]) }));
  sent.then(() => console.log(name, "done"), (error) => console.log(name, String(error)));
}
"#;

/// curl with its own SigV4: the first argument is the path, then curl's own.
pub const CURL: &str = r#"
path=$1; shift
curl -sS --fail-with-body --aws-sigv4 aws:amz:eu-central-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
  -H "x-amz-security-token: $AWS_SESSION_TOKEN" "$@" "${AWS_ENDPOINT_URL:-https://s3.eu-central-1.amazonaws.com}$path"
"#;

const S3CMD: &str = r#"
at=${AWS_ENDPOINT_URL#http://}
printf '[default]\nhost_base = %s\nhost_bucket = %s\nuse_https = False\nproxy_host =\n' "$at" "$at" > s3cfg
s3cmd -c s3cfg --access_key "$AWS_ACCESS_KEY_ID" --secret_key "$AWS_SECRET_ACCESS_KEY" --access_token "$AWS_SESSION_TOKEN" \
  --region eu-central-1 del "s3://held/$1"
"#;

const RCLONE: &str = r#"
unset AWS_CA_BUNDLE
export RCLONE_CONFIG=/dev/null RCLONE_S3_PROVIDER=AWS RCLONE_S3_ENV_AUTH=true RCLONE_S3_REGION=eu-central-1
export RCLONE_S3_ENDPOINT="$AWS_ENDPOINT_URL"
rclone --retries 1 copyto --ignore-checksum --s3-no-check-bucket --s3-no-head "$2" ":s3:held/$1"
"#;

const UNSIGNED: &str = "x-amz-content-sha256: UNSIGNED-PAYLOAD";
pub const EMPTY: &str =
    "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Clients that are led here by `AWS_ENDPOINT_URL`, over HTTP/1.
fn by_endpoint(place: &Place) -> Vec<Client> {
    let file = place.file("upload", &[b'x'; 100_000]);
    let mut clients = vec![
        place.start(
            "aws CLI 1",
            "aws",
            &["dynamodb", "describe-table", "--table-name", "held-cli1"],
            &["held-cli1"],
        ),
        place.start(
            "aws CLI 1 with 5 s",
            "aws",
            &["--cli-read-timeout", "5", "dynamodb", "describe-table", "--table-name", "short-cli1"],
            &["short-cli1"],
        ),
        place.start(
            "aws CLI 1, an upload",
            "aws",
            &["s3api", "put-object", "--bucket", "held", "--key", "asked-cli1", "--body", &file],
            &["asked-cli1"],
        ),
        place.start(
            "boto3",
            "python3",
            &[
                "-c",
                BOTO3,
                "py-default=table==60",
                "py-legacy=table=legacy=10",
                "py-adaptive=table=adaptive=10",
                "asked-py-put=put=standard=60",
                "asked-py-get=get==60",
                "asked-py-head=head==60",
            ],
            &["py-default", "py-legacy", "py-adaptive", "asked-py-put", "asked-py-get", "asked-py-head"],
        ),
        place.start(
            "JavaScript",
            "node",
            &[
                "-e",
                JAVASCRIPT,
                "js-default=table",
                "js-warned=table={\"requestTimeout\":5000}",
                "js-socket=table={\"socketTimeout\":5000}",
                "asked-js-put=put",
            ],
            &["js-default", "js-warned", "js-socket", "asked-js-put"],
        ),
        place.start("curl", "sh", &["-c", CURL, "sh", "/held/asked-curl", "-H", EMPTY], &["asked-curl"]),
        place.start(
            "curl, an upload",
            "sh",
            &["-c", CURL, "sh", "/held/asked-up", "-T", &file, "-H", "Expect: 100-continue", "-H", UNSIGNED],
            &["asked-up"],
        ),
    ];
    if has("debian/bin/aws2") {
        let url = place.world.env["AWS_ENDPOINT_URL"].clone();
        let arguments = ["--endpoint-url", &url, "dynamodb", "describe-table", "--table-name", "held-cli2"];
        clients.push(place.start("aws CLI 2", "aws2", &arguments, &["held-cli2"]));
    }
    if has("debian/bin/s3cmd") {
        clients.push(place.start("s3cmd", "sh", &["-c", S3CMD, "sh", "asked-s3cmd"], &["asked-s3cmd"]));
    }
    if has("debian/bin/rclone") {
        let arguments = ["-c", RCLONE, "sh", "put-rclone", &file];
        clients.push(place.start("rclone", "sh", &arguments, &["put-rclone PUT"]));
    }
    clients.extend(compiled(place));
    clients
}

/// Clients that come through `HTTPS_PROXY` with TLS: Go's and Rust's SDKs and curl speak HTTP/2 then.
fn by_proxy(place: &Place) -> Vec<Client> {
    let mut clients = vec![
        place.start("boto3", "python3", &["-c", BOTO3, "py-proxy=table==10"], &["py-proxy"]),
        place.start(
            "curl",
            "sh",
            &["-c", CURL, "sh", "/held/asked-curl2", "--http2", "-H", EMPTY],
            &["asked-curl2"],
        ),
    ];
    if has("debian/bin/aws2") {
        let arguments = ["s3api", "delete-object", "--bucket", "held", "--key", "asked-cli2"];
        clients.push(place.start("aws CLI 2", "aws2", &arguments, &["asked-cli2"]));
    }
    clients.extend(compiled(place));
    clients
}

fn compiled(place: &Place) -> Vec<Client> {
    let mut clients = Vec::new();
    if has("go-client/go-client") {
        let go = cache().join("go-client/go-client").display().to_string();
        clients.push(place.start("Go, json", &go, &["ops", "json"], &[]));
        clients.push(place.start("Go, storage", &go, &["ops", "s3"], &["/k"]));
    }
    if has("rust-client/rust-client") {
        let rust = cache().join("rust-client/rust-client").display().to_string();
        clients.push(place.start("Rust", &rust, &["rusty"], &[]));
    }
    clients
}

/// How many questions a client puts.
fn questions(client: &Client) -> usize {
    client.marks.len().max(1)
}

/// Nothing but what s3cmd and rclone ask on the way.
fn nothing_came(place: &Place) {
    for got in came(&place.upstream) {
        let (path, query) = (got.parts.uri.path(), got.parts.uri.query().unwrap_or_default());
        let is_on_the_way =
            query.contains("location") || got.parts.method == "HEAD" && path.contains("put-rclone");
        assert!(is_on_the_way, "{} {path} was forwarded", got.parts.method);
    }
}

fn waits(place: &Place, mut clients: Vec<Client>) {
    let expected = clients.iter().map(questions).sum();
    place.wait_for_questions(expected, &mut clients);
    let until = Instant::now() + THINKING;
    while Instant::now() < until {
        std::thread::sleep(Duration::from_secs(1));
        clients.iter_mut().for_each(|client| client.must_wait(&[]));
    }
    nothing_came(place);
    let joined = place.world.events_of("approval.joined");
    assert_eq!(joined.len(), 0, "nobody had to come again: {joined:#?}");
    place.allow_all(Scope::Once);
    let ended: Vec<_> =
        clients.into_iter().map(|client| (client.name, client.marks.clone(), client.finish())).collect();
    let came = came(&place.upstream);
    for got in &came {
        let path = got.parts.uri.path();
        assert_eq!(got.verdict, Ok(()), "{path}");
        // It was read while it waited, and goes out whole.
        assert!(!path.contains("asked-py-put") || got.body.len() >= 12 << 20, "{path}: {}", got.body.len());
    }
    for (name, marks, (output, text)) in ended {
        for mark in &marks {
            assert_eq!(count(&came, mark), 1, "{name}, {mark}: {text}");
        }
        match name {
            // It goes on to much else.
            "Rust" => assert!(text.starts_with("identity 123456789012\n"), "{text}"),
            "Go, json" | "Go, storage" => {
                assert!(text.contains("\"attempts\":1,") && text.contains("200"), "{name}: {text}")
            }
            "boto3" | "JavaScript" => {
                assert_eq!(text.matches(" done\n").count(), marks.len(), "{name}: {text}");
            }
            _ => assert!(output.status.success(), "{name}: {text}"),
        }
    }
    assert_eq!(place.world.events_of("approval.asked").len(), expected);
    let by_rust = place.world.events_of("call.begin");
    let identity = by_rust.iter().filter(|call| call["action"] == "sts:GetCallerIdentity").count();
    assert!(identity <= 1, "{by_rust:#?}");
}

#[test]
fn every_client_waits_ninety_seconds_and_its_call_is_forwarded_once() {
    // At the same time: in the sandbox, and by TLS and HTTP/2 through the proxy.
    let sandboxed = std::thread::spawn(crate::inside::waits);
    let proxied = std::thread::spawn(|| {
        let place = Place::new(Capture::Proxy);
        let clients = by_proxy(&place);
        waits(&place, clients);
    });
    let place = Place::new(Capture::Endpoint);
    let clients = by_endpoint(&place);
    waits(&place, clients);
    proxied.join().unwrap();
    sandboxed.join().unwrap();
}

const REASON: &str = "not before the freeze ends, see OPS-17";

#[test]
fn a_no_is_shown_by_every_client_word_for_word() {
    let place = Place::new(Capture::Endpoint);
    let mut clients = by_endpoint(&place);
    let expected = clients.iter().map(questions).sum();
    place.wait_for_questions(expected, &mut clients);
    place.deny_all(REASON);
    for client in clients {
        let (name, marks) = (client.name, client.marks.clone());
        let (_, text) = client.finish();
        // The answer to a HEAD has no text.
        let told = marks.iter().filter(|mark| !mark.contains("head")).count().max(1);
        let said = format!("ana denied it: {REASON}");
        // rclone says it twice, and the aws CLI wraps nothing.
        assert!(text.matches(&said).count() >= told, "{name} ({told}): {text}");
    }
    nothing_came(&place);
    assert_eq!(place.world.events_of("approval.asked").len(), expected, "a no is not tried again");
}
