//! What comes over the network: requests, their signatures, their framing, questions for names.

use std::future::Future;
use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use hoop::aws;
use hoop::aws::Call;
use hoop::aws::RequestView;
use hoop::aws::UNKNOWN;
use hoop::aws::chunked::Decoder;
use hoop::aws::chunked::Encoder;
use hoop::aws::refusal::Shape;
use hoop::aws::sigv4;
use hoop::aws::sigv4::ChunkKey;
use hoop::aws::sigv4::Key;
use hoop::aws::sigv4::PayloadHash;
use hoop::aws::sigv4::Scope;
use hoop::net::Names;
use hoop::net::dns::Resolver;
use hoop::net::dns::Rules;
use hoop::sys::lookup::Found;
use hoop::types::AccessLevel;
use hoop::types::Effect;
use hoop::types::Secret;
use http::Method;
use http::Request;
use http::Uri;
use http::Version;
use http::request::Parts;
use sha2::Digest;
use sha2::Sha256;

/// The key that requests of the seeds are signed with.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A request as HTTP/1 writes it, read as leniently as a server might: a line, headers, an empty line, the body.
fn read(data: &[u8]) -> Option<(Parts, &[u8])> {
    let end = data.windows(2).position(|two| two == b"\n\n")?;
    let (head, body) = (std::str::from_utf8(&data[..end]).ok()?, &data[end + 2..]);
    let mut lines = head.lines();
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder()
        .version(Version::HTTP_11)
        .method(Method::from_bytes(method.as_bytes()).ok()?)
        .uri(Uri::try_from(target).ok()?);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        request = request.header(name, value.trim());
    }
    let (parts, ()) = request.body(()).ok()?.into_parts();
    Some((parts, body))
}

fn header<'a>(parts: &'a Parts, name: &str) -> &'a str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Region and signing name: of the signature, or of one that is not sound, so that no mutation has to keep it so.
fn scope(parts: &Parts) -> (String, String, bool) {
    if let Ok(claims) = sigv4::parse(parts) {
        let is_one = claims.region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        return (claims.region, claims.service, is_one);
    }
    let authorization = header(parts, "authorization");
    let before = authorization.split("/aws4_request").next().unwrap_or_default();
    let mut words = before.rsplit('/').map(str::to_owned);
    let (service, region) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    (region, service, false)
}

/// A request is identified: never a panic, what is not understood is `unknown`, a body that need not be read changes
/// nothing, and the call goes to AWS.
pub fn request(data: &[u8]) {
    let Some((parts, body)) = read(data) else { return };
    let (region, service, sound) = scope(&parts);
    let own = header(&parts, "host").rsplit_once(':').map_or(header(&parts, "host"), |(name, _)| name);
    let needed = aws::body_needed(&parts, &service);
    for host in [None, Some(own)] {
        let view = |body| RequestView {
            parts: &parts,
            host,
            service: &service,
            region: &region,
            body,
            account: "123456789012",
        };
        let call = aws::identify(&view(body));
        check(&call, &service, &region);
        if !needed && host.is_some() == aws::is_aws_host(own) {
            let blind = aws::identify(&view(b""));
            assert_eq!(decisive(&call), decisive(&blind), "a body that need not be read decides");
        }
        let host = aws::upstream_host(&call, host.filter(|host| aws::is_aws_host(host)));
        assert!(!sound || aws::is_aws_host(&host), "{host} is not AWS's");
        let response = Shape::of(&parts, call.protocol, &service).response(403, "AccessDenied", &host, "id");
        assert_eq!(response.status(), 403);
    }
}

fn check(call: &Call, service: &str, region: &str) {
    assert_eq!((call.signing_name.as_str(), call.region.as_str()), (service, region));
    if call.operation == UNKNOWN {
        assert_eq!(call.access, AccessLevel::Unknown);
        assert_eq!(call.action, format!("{}:{UNKNOWN}", call.prefix));
    } else {
        assert!(
            call.action.split_once(':').is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty())
        );
    }
    let arns = call.resources.iter().chain(call.more_actions.iter().flat_map(|(_, arns)| arns));
    for arn in arns {
        assert!(arn == "*" || arn.starts_with("arn:"), "{arn} is no ARN");
    }
}

/// What a policy decides by.
type Decisive<'a> = (&'a str, AccessLevel, &'a [String], &'a [(String, Vec<String>)]);

fn decisive(call: &Call) -> Decisive<'_> {
    (&call.action, call.access, &call.resources, &call.more_actions)
}

fn key(secret: &str) -> Key {
    Key { access_key_id: "AKIDEXAMPLE".to_owned(), secret: Secret::new(secret), token: None }
}

/// Whatever a client sent, once signed by hoop it verifies, and only as it is.
pub fn sigv4(data: &[u8]) {
    let Some((parts, body)) = read(data) else { return };
    let hash = hex::encode(Sha256::digest(body));
    if let Ok(claims) = sigv4::parse(&parts) {
        let verdict = sigv4::verify(&claims, &parts, Some(&hash), &key("another secret"), claims.signed_at);
        assert!(verdict.is_err(), "accepted with a key that did not sign");
        drop(sigv4::verify(&claims, &parts, None, &key(SECRET), claims.signed_at));
    }
    let (region, service, sound) = scope(&parts);
    if !sound {
        return;
    }
    let now = 1_795_231_868;
    let scope = Scope { region: &region, service: &service };
    let mut signed = parts;
    sigv4::sign(&mut signed, &PayloadHash::Signed(hash.clone()), &key(SECRET), scope, now);
    let claims = sigv4::parse(&signed).expect("what was signed here is read");
    let verdict = |parts: &Parts, hash: &str| sigv4::verify(&claims, parts, Some(hash), &key(SECRET), now);
    assert_eq!(verdict(&signed, &hash), Ok(()), "{signed:?}");
    assert!(verdict(&signed, sigv4::EMPTY_SHA256).is_err() || body.is_empty());
    signed.method = if signed.method == Method::GET { Method::DELETE } else { Method::GET };
    assert!(verdict(&signed, &hash).is_err(), "the method is not covered");
}

/// An aws-chunked body comes out the same however it is cut and framed; no signature is accepted that nobody made.
///
/// The first byte says whether it has a trailer (1), is signed (2), and how it is cut.
pub fn chunked(data: &[u8]) {
    let Some((&flags, framed)) = data.split_first() else { return };
    let (trailer, signed, cut) = (flags & 1 != 0, flags & 2 != 0, usize::from(flags >> 2) + 1);
    let whole = decode(framed, framed.len().max(1), trailer, signed);
    let pieces = decode(framed, cut, trailer, signed);
    assert_eq!(whole, pieces, "cut into pieces of {cut}");
    let Ok((bytes, trailers)) = whole else { return };
    assert!(bytes.len() <= framed.len() && !signed, "a signature was accepted that nobody made");
    let mut again = Vec::new();
    for chunk in bytes.chunks(cut) {
        again.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
        again.extend_from_slice(chunk);
        again.extend_from_slice(b"\r\n");
    }
    again.extend_from_slice(b"0\r\n");
    for (name, value) in &trailers {
        again.extend_from_slice(format!("{name}:{value}\r\n").as_bytes());
    }
    again.extend_from_slice(b"\r\n");
    assert_eq!(decode(&again, again.len(), true, false), Ok((bytes.clone(), trailers.clone())));
    let is_ours = trailers.iter().all(|(name, _)| name != "x-amz-trailer-signature");
    if is_ours && framed.len() < 4_096 {
        signed_again(bytes, trailers, trailer, flags);
    }
}

/// What hoop signs chunk by chunk is accepted; with one bit changed it is refused, or says the same.
fn signed_again(bytes: Vec<u8>, trailers: Vec<(String, String)>, trailer: bool, flags: u8) {
    let (mut encoder, mut signed) = (Encoder::new(Some(chunk_key())), Vec::new());
    bytes.chunks(usize::from(flags >> 2) + 1).for_each(|chunk| encoder.chunk(chunk, &mut signed));
    encoder.end(&trailers, trailer, &mut signed);
    let trailers = if trailer { trailers } else { Vec::new() };
    assert_eq!(decode(&signed, signed.len(), trailer, true), Ok((bytes.clone(), trailers.clone())));
    let place = bytes.iter().fold(usize::from(flags), |sum, byte| sum * 31 % 65_521 + usize::from(*byte));
    let at = place % signed.len();
    signed[at] ^= 1 << (place % 8);
    if let Ok(read) = decode(&signed, signed.len(), trailer, true) {
        assert_eq!(read, (bytes, trailers), "byte {at} of a signed body was changed");
    }
}

type Decoded = Result<(Vec<u8>, Vec<(String, String)>), ()>;

fn decode(framed: &[u8], cut: usize, trailer: bool, signed: bool) -> Decoded {
    let mut decoder = Decoder::new(signed.then(chunk_key), trailer);
    let mut out = Vec::new();
    for piece in framed.chunks(cut) {
        decoder.push(piece, &mut out).map_err(drop)?;
    }
    assert_eq!(decoder.decoded(), out.len() as u64);
    Ok((out, decoder.finish().map_err(drop)?))
}

fn chunk_key() -> ChunkKey {
    let (mut parts, ()) =
        Request::put("/b/k").header("host", "s3.amazonaws.com").body(()).unwrap().into_parts();
    let payload = PayloadHash::StreamingSigned { trailer: true };
    let scope = Scope { region: "us-east-1", service: "s3" };
    sigv4::sign(&mut parts, &payload, &key(SECRET), scope, 1_795_231_868);
    ChunkKey::new(&sigv4::parse(&parts).expect("a signature of ours"), &key(SECRET))
}

/// A question for a name is answered or dropped; an answer belongs to its question and fits a datagram.
pub fn dns(data: &[u8]) {
    let rules = Rules {
        is_aws: aws::is_aws_host,
        may_reach: Box::new(|name| if name.contains("deny") { Effect::Deny } else { Effect::Allow }),
        told: Box::new(|name| assert!(name.is_ascii())),
    };
    let lookup = |name: String| -> std::pin::Pin<Box<dyn Future<Output = Found> + Send>> {
        Box::pin(async move { if name.len().is_multiple_of(2) { Found::Address } else { Found::Missing } })
    };
    let resolver = Resolver::with_lookup(Names::new(), rules, Box::new(lookup));
    let Poll::Ready(answer) = pin!(resolver.answer(data)).poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("an answer waits for nobody");
    };
    if let Some(answer) = answer {
        assert!((12..=512).contains(&answer.len()), "an answer of {} bytes", answer.len());
        assert_eq!(answer[..2], data[..2], "another question's answer");
        assert!(answer[2] & 0x80 != 0, "no answer");
    }
}
