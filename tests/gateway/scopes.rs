//! Which key, region, service and time a signature is for: SigV4a, hosts that disagree, clocks that are wrong.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hoop::aws::chunked::Decoder;
use hoop::aws::chunked::Encoder;
use hoop::aws::sigv4;
use hoop::aws::sigv4::Algorithm;
use hoop::aws::sigv4::ChunkKey;
use hoop::aws::sigv4::PayloadHash;
use hoop::aws::sigv4::Scope;
use hoop::aws::sigv4::Signing;
use http::Request;
use http::Response;

use crate::client::Reply;
use crate::client::json_call;
use crate::client::placeholder;
use crate::client::s3_call;
use crate::client::send;
use crate::moto::venv;
use crate::upstream::empty_json;
use crate::upstream::real_key;
use crate::upstream::upstream;
use crate::world::Plan;
use crate::world::World;

/// A request by proxy, signed as `signing` says, byte for byte.
fn by_proxy(
    host: &str,
    method: &str,
    path: &str,
    signing: &Signing<'_>,
    payload: &PayloadHash,
) -> (Vec<u8>, sigv4::Seed) {
    let request = Request::builder().method(method).uri(path).header("host", host);
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let seed = sigv4::sign_as(&mut parts, payload, signing);
    let mut head = format!("{method} http://{host}{} HTTP/1.1\r\n", parts.uri);
    for (name, value) in &parts.headers {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    (head.into_bytes(), seed)
}

fn signed(world: &World, algorithm: Algorithm, host: &str, path: &str, scope: Scope<'_>) -> Reply {
    let key = placeholder(world);
    let signing = Signing { algorithm, key: &key, scope, at: world.clock.unix_seconds() };
    let payload = PayloadHash::Signed(sigv4::EMPTY_SHA256.to_owned());
    let (mut bytes, _) = by_proxy(host, "GET", path, &signing, &payload);
    bytes.extend_from_slice(b"\r\n");
    send(world, &bytes)
}

const POINT: &str = "mfzwi23gnjvgw.accesspoint.s3-global.amazonaws.com";

#[test]
fn a_signature_for_several_regions_is_checked_and_made_anew() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    for (host, service, set) in [
        (POINT, "s3", "*"),
        ("abcde.veo.endpoint.events.amazonaws.com", "events", "*"),
        ("123456789012.cloudfront-kvs.global.api.aws", "cloudfront-keyvaluestore", "*"),
    ] {
        let reply = signed(&world, Algorithm::Ecdsa, host, "/key", Scope { region: set, service });
        assert_eq!(reply.status, 200, "{host} {}", reply.text());
        let got = upstream.take().pop().unwrap();
        assert_eq!(got.verdict, Ok(()), "{host}");
        assert_eq!((got.header("host"), got.header("x-amz-region-set")), (host, set));
        assert!(
            got.header("authorization")
                .starts_with("AWS4-ECDSA-P256-SHA256 Credential=AKIDREALREALREALREAL/")
        );
    }
    // Without a host nobody knows where it should go.
    let key = placeholder(&world);
    let scope = Scope { region: "*", service: "s3" };
    let signing = Signing { algorithm: Algorithm::Ecdsa, key: &key, scope, at: world.clock.unix_seconds() };
    let own = format!("127.0.0.1:{}", world.gateway.port());
    let payload = PayloadHash::Signed(sigv4::EMPTY_SHA256.to_owned());
    let (mut bytes, _) = by_proxy(&own, "GET", "/bucket/key", &signing, &payload);
    bytes.extend_from_slice(b"\r\n");
    let reply = send(&world, &bytes);
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert!(upstream.take().is_empty());
}

#[test]
fn chunks_for_several_regions_are_checked_and_signed_anew() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let key = placeholder(&world);
    let scope = Scope { region: "*", service: "s3" };
    let signing = Signing { algorithm: Algorithm::Ecdsa, key: &key, scope, at: world.clock.unix_seconds() };
    let payload = PayloadHash::StreamingEcdsa { trailer: true };
    let (head, seed) = by_proxy(POINT, "PUT", "/key", &signing, &payload);
    let mut encoder = Encoder::new(Some(ChunkKey::from(&seed)));
    let mut body = Vec::new();
    encoder.chunk(&[1; 70_000], &mut body);
    encoder.chunk(&[2; 10], &mut body);
    encoder.end(&[("x-amz-checksum-crc32".to_owned(), "AAAAAA==".to_owned())], true, &mut body);
    for altered in [false, true] {
        let mut body = body.clone();
        if altered {
            body[30_000] ^= 1;
        }
        let more = format!("content-length: {}\r\nx-amz-decoded-content-length: 70010\r\n\r\n", body.len());
        // Not signed, as any header may be that is not AWS's own.
        let reply = send(&world, &[&head[..], more.as_bytes(), &body].concat());
        if altered {
            assert_eq!(reply.status, 403, "{}", reply.text());
            assert!(upstream.take().is_empty());
            continue;
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        let got = upstream.take().pop().unwrap();
        let claims = sigv4::parse(&got.parts).unwrap();
        assert_eq!((got.verdict, claims.payload.as_ref()), (Ok(()), Some(&payload)));
        let mut decoder = Decoder::new(Some(ChunkKey::new(&claims, &real_key())), true);
        let mut out = Vec::new();
        decoder.push(&got.body, &mut out).unwrap();
        assert_eq!(out.len(), 70_010);
        assert_eq!(decoder.finish().unwrap().len(), 1);
    }
}

/// Signs with Amazon's own library, in header and query.
const CRT: &str = r#"
import sys, datetime
from awscrt import auth, http
key, secret, token, host, form = sys.argv[1:]
provider = auth.AwsCredentialsProvider.new_static(key, secret, token)
headers = http.HttpHeaders([("Host", host)])
request = http.HttpRequest("GET", "/a%20b//c?list-type=2&prefix=x%2Fy", headers)
kinds = auth.AwsSignatureType
config = auth.AwsSigningConfig(
    algorithm=auth.AwsSigningAlgorithm.V4_ASYMMETRIC,
    signature_type=kinds.HTTP_REQUEST_HEADERS if form == "header" else kinds.HTTP_REQUEST_QUERY_PARAMS,
    credentials_provider=provider, region="*", service="s3", date=datetime.datetime.now(datetime.timezone.utc),
    use_double_uri_encode=False, should_normalize_uri_path=False,
    signed_body_value=auth.AwsSignedBodyValue.EMPTY_SHA256 if form == "header" else auth.AwsSignedBodyValue.UNSIGNED_PAYLOAD,
    signed_body_header_type=auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256 if form == "header" else auth.AwsSignedBodyHeaderType.NONE,
    expiration_in_seconds=None if form == "header" else 60)
auth.aws_sign_request(request, config).result(20)
print(request.path)
for name, value in request.headers:
    print(f"{name}: {value}")
"#;

#[test]
fn what_amazons_own_library_signs_for_several_regions_is_accepted() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("sign.py");
    fs::write(&script, CRT).unwrap();
    let env = |name: &str| world.env[name].clone();
    for form in ["header", "query"] {
        let output = Command::new(venv().join("bin/python"))
            .arg(&script)
            .args([env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"), env("AWS_SESSION_TOKEN")])
            .args([POINT, form])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", output.stderr.escape_ascii());
        let text = String::from_utf8(output.stdout).unwrap();
        let (path, headers) = text.split_once('\n').unwrap();
        let request = format!("GET http://{POINT}{path} HTTP/1.1\r\n{}\r\n", headers.replace('\n', "\r\n"));
        let reply = send(&world, request.as_bytes());
        assert_eq!(reply.status, 200, "{form} {}", reply.text());
        let got = upstream.take().pop().unwrap();
        assert_eq!((got.verdict, got.parts.uri.path()), (Ok(()), "/a%20b//c"));
        assert_eq!(got.parts.uri.query(), Some("list-type=2&prefix=x%2Fy"));
        // One byte of the signature.
        let at = request.find("ignature=").unwrap() + 30;
        let mut altered = request.clone().into_bytes();
        altered[at] = if altered[at] == b'0' { b'1' } else { b'0' };
        assert_eq!(send(&world, &altered).status, 403, "{form}");
    }
}

#[test]
fn a_host_that_disagrees_with_the_scope_is_refused() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    for (host, region, service) in [
        ("sts.eu-central-1.amazonaws.com", "eu-central-1", "s3"),
        ("bucket.s3.eu-central-1.amazonaws.com", "eu-central-1", "dynamodb"),
        ("dynamodb.us-west-2.amazonaws.com", "eu-central-1", "dynamodb"),
        ("bucket.s3.us-west-2.amazonaws.com", "eu-central-1", "s3"),
    ] {
        let reply = signed(&world, Algorithm::Hmac, host, "/", Scope { region, service });
        assert_eq!(reply.status, 403, "{host}");
        assert!(reply.text().contains("the request is signed for the"), "{}", reply.text());
        assert!(upstream.take().is_empty());
    }
    // A region set counts for the region of the host.
    let scope = Scope { region: "*", service: "s3" };
    let reply = signed(&world, Algorithm::Ecdsa, "bucket.s3.us-west-2.amazonaws.com", "/key", scope);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(world.events_of("call.begin").pop().unwrap()["region"], "us-west-2");
}

#[test]
fn keys_that_look_like_paths_reach_aws_unchanged_in_both_styles() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    for key in [
        "a//b",
        "/a",
        "a/../b",
        "../a",
        "./x",
        "a/./b",
        "a/.",
        "+&%25%3F%23",
        "%2Fa",
        "a%20b",
        "a;b=c",
        "%C3%A9",
        "a/",
    ] {
        let host = "bucket.s3.eu-central-1.amazonaws.com";
        let scope = Scope { region: "eu-central-1", service: "s3" };
        let (virtual_host, path_style) = (format!("/{key}"), format!("/bucket/{key}"));
        for path in [&virtual_host, &path_style] {
            let reply = match path == &virtual_host {
                true => signed(&world, Algorithm::Hmac, host, path, scope),
                false => s3_call(&world, "GET", path, b"").send(&world),
            };
            assert_eq!(reply.status, 200, "{path} {}", reply.text());
            let got = upstream.take().pop().unwrap();
            assert_eq!((got.parts.uri.path(), got.verdict), (path.as_str(), Ok(())));
            let begin = world.events_of("call.begin").pop().unwrap();
            assert_eq!(begin["action"], "s3:GetObject", "{path}");
            let decoded = percent_encoding::percent_decode_str(key).decode_utf8().unwrap();
            assert_eq!(begin["resources"][0], format!("arn:aws:s3:::bucket/{decoded}"), "{path}");
        }
    }
}

/// AWS as it refuses what was signed more than five minutes ago, by a clock that is `ahead` of ours, in seconds.
fn skewed(ahead: i64) -> (crate::upstream::Upstream, Arc<AtomicUsize>) {
    let refused = Arc::new(AtomicUsize::new(0));
    let inside = refused.clone();
    let upstream = upstream(move |parts, _| {
        let now = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(ahead);
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let signed_at = i64::try_from(sigv4::parse(parts).unwrap().signed_at).unwrap();
        let response = Response::builder().header("date", date).header("content-type", "application/xml");
        if signed_at.abs_diff(now.as_second()) > 300 {
            inside.fetch_add(1, Ordering::SeqCst);
            let text = "<Error><Code>RequestTimeTooSkewed</Code></Error>";
            return response.status(403).body(Bytes::from_static(text.as_bytes())).unwrap();
        }
        response.body(Bytes::new()).unwrap()
    });
    (upstream, refused)
}

#[test]
fn a_wrong_clock_of_this_machine_is_corrected_once_and_then_known() {
    for ahead in [7200, -7200] {
        let (upstream, refused) = skewed(ahead);
        let world = Plan::observe(&upstream.url).start();
        for _ in 0..3 {
            assert_eq!(s3_call(&world, "GET", "/bucket/key", b"").send(&world).status, 200);
        }
        assert_eq!(refused.load(Ordering::SeqCst), 1);
        let ends = world.events_of("call.end");
        let told = ends[0]["skew"].as_i64().unwrap();
        assert!((told - ahead).abs() < 5, "{told}");
        assert!(ends[1].get("skew").is_none());
    }
}

#[test]
fn what_cannot_be_sent_again_is_refused_as_aws_does_and_right_the_next_time() {
    let (upstream, refused) = skewed(7200);
    let world = Plan::observe(&upstream.url).start();
    let reply = s3_call(&world, "PUT", "/bucket/key", &[7; 1000]).send(&world);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("RequestTimeTooSkewed"));
    assert_eq!(s3_call(&world, "PUT", "/bucket/key", &[7; 1000]).send(&world).status, 200);
    assert_eq!(refused.load(Ordering::SeqCst), 1);
}

#[test]
fn a_client_whose_clock_is_wrong_is_treated_as_aws_does() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let now = world.clock.unix_seconds();
    for (s3, at, status) in [
        (false, now - 290, 200),
        (false, now + 290, 200),
        (false, now - 320, 400),
        (false, now + 320, 400),
        (true, now - 880, 200),
        (true, now - 920, 403),
    ] {
        let mut call = match s3 {
            true => s3_call(&world, "GET", "/bucket/key", b""),
            false => json_call(&world, "dynamodb", "DynamoDB_20120810.ListTables", "{}"),
        };
        call.at = Some(at);
        let reply = call.send(&world);
        assert!(
            reply.status == status || (reply.status == 403 && status == 400),
            "{} {}",
            reply.status,
            reply.text()
        );
        if status != 200 {
            let code = if s3 { "RequestTimeTooSkewed" } else { "InvalidSignatureException" };
            assert!(reply.text().contains(code), "{}", reply.text());
            assert!(reply.header("date").is_some(), "SDKs take the time from it");
        }
    }
}

#[test]
fn a_retry_keeps_its_invocation_id() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    for attempt in ["attempt=1; max=3", "attempt=2; max=3"] {
        let mut call = json_call(&world, "dynamodb", "DynamoDB_20120810.ListTables", "{}");
        call.headers.push(("amz-sdk-invocation-id".to_owned(), "c0ffee".to_owned()));
        call.headers.push(("amz-sdk-request".to_owned(), attempt.to_owned()));
        assert_eq!(call.send(&world).status, 200);
        let got = upstream.take().pop().unwrap();
        assert_eq!((got.header("amz-sdk-invocation-id"), got.header("amz-sdk-request")), ("c0ffee", attempt));
    }
}

#[test]
fn presigned_uploads_and_downloads_are_signed_anew() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let (key, host) = (placeholder(&world), "bucket.s3.eu-central-1.amazonaws.com");
    for (method, body) in [("GET", &b""[..]), ("PUT", b"hello")] {
        let request = Request::builder().method(method).uri("/a//b%20c?x-id=x").header("host", host);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let scope = Scope { region: "eu-central-1", service: "s3" };
        let signing =
            Signing { algorithm: Algorithm::Hmac, key: &key, scope, at: world.clock.unix_seconds() };
        sigv4::presign(&mut parts, &PayloadHash::Unsigned, &signing, 60);
        let head = format!(
            "{method} http://{host}{} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n\r\n",
            parts.uri,
            body.len()
        );
        assert_eq!(send(&world, &[head.as_bytes(), body].concat()).status, 200);
        let got = upstream.take().pop().unwrap();
        assert_eq!(
            (got.verdict.clone(), &got.body[..], got.parts.uri.to_string().as_str()),
            (Ok(()), body, "/a//b%20c?x-id=x")
        );
        let hash = if body.is_empty() { sigv4::EMPTY_SHA256 } else { "UNSIGNED-PAYLOAD" };
        assert_eq!(got.header("x-amz-content-sha256"), hash);
    }
}
