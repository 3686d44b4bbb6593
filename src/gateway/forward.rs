//! The call as AWS gets it: to the host hoop chose, signed with the real credential.

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Request;
use http::Response;
use http::header;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::aws;
use crate::aws::Call;
use crate::aws::chunked::Decoder;
use crate::aws::sigv4;
use crate::aws::sigv4::Authorization;
use crate::aws::sigv4::ChunkKey;
use crate::aws::sigv4::PayloadHash;
use crate::aws::sigv4::Scope;
use crate::gateway::authenticate::Payload;
use crate::gateway::authenticate::Signed;
use crate::gateway::authenticate::Whole;
use crate::gateway::chunks::Framing;
use crate::gateway::chunks::Unchunked;
use crate::gateway::core::Core;
use crate::gateway::entry::Entry;
use crate::gateway::headers;
use crate::gateway::request_body::Altered;
use crate::gateway::request_body::Check;
use crate::gateway::request_body::Checked;
use crate::gateway::stop::Stop;
use crate::net::Body;
use crate::net::empty;
use crate::net::full;

/// Signs and sends; gives AWS's response as soon as its head is there.
pub async fn forward(
    core: &Core,
    entry: &Entry,
    call: &Call,
    signed: Signed,
    client_host: Option<&str>,
) -> Result<Response<Incoming>, Stop> {
    let credential = core.fetch_credential().await;
    let credential = credential.map_err(|error| Stop::no_credential(&error, core.has_fetched()))?;
    let host = aws::upstream_host(call, client_host);
    let Signed { mut parts, claims, payload } = signed;
    headers::strip_hop_by_hop(&mut parts.headers);
    let (payload_hash, body) = outgoing(core, entry, &mut parts, &claims, payload);
    address(&mut parts, &host)?;
    let scope = Scope { region: &claims.region, service: &claims.service };
    sigv4::sign(&mut parts, &payload_hash, &credential.key, scope, core.clock.unix_seconds());
    let sent = core.upstream.send(&host, Request::from_parts(parts, body)).await;
    sent.map_err(|error| match error.cause::<Altered>() {
        Some(Altered(refusal)) => Stop::from(refusal.clone()),
        None => Stop::failed(format!("cannot reach {}: {error}", place(core, &host))),
    })
}

/// Where a call goes, for messages.
fn place(core: &Core, host: &str) -> String {
    match core.upstream.instead() {
        Some(instead) => format!("{} (for {host})", instead.url()),
        None => host.to_owned(),
    }
}

/// Host and the headers that must not reach AWS as the client wrote them.
fn address(parts: &mut Parts, host: &str) -> Result<(), Stop> {
    let host = HeaderValue::from_str(host)
        .map_err(|_| Stop::invalid("InvalidRequest", "the request's host is not a host name"))?;
    parts.headers.insert(header::HOST, host);
    // Asked for, a checksum would be that of the unmasked body.
    parts.headers.remove("x-amz-checksum-mode");
    // A compressed answer could not be masked.
    parts.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    // It has been answered here.
    parts.headers.remove(header::EXPECT);
    Ok(())
}

/// The body, its framing, and what AWS is told about it.
fn outgoing(
    core: &Core,
    entry: &Entry,
    parts: &mut Parts,
    claims: &Authorization,
    payload: Payload,
) -> (PayloadHash, Body) {
    let body = match payload {
        Payload::Whole(whole) => return whole_body(parts, whole),
        Payload::Streamed(unread) => unread.take(),
    };
    let Some(body) = body else { return (PayloadHash::Unsigned, empty()) };
    let claimed = claims.payload.clone().unwrap_or(PayloadHash::Unsigned);
    let (told, check) = match claimed {
        // AWS checks the hash too, so that an altered body is refused twice.
        PayloadHash::Signed(hash) => (PayloadHash::Signed(hash.clone()), Check::sha256(hash)),
        PayloadHash::StreamingSigned { trailer } => {
            let (told, framing) = match trailer {
                true => (PayloadHash::StreamingUnsignedTrailer, Framing::Trailer),
                false => (PayloadHash::Unsigned, Framing::Plain),
            };
            let announced = unframe(&mut parts.headers, framing);
            let decoder = Decoder::new(Some(ChunkKey::new(claims, &core.placeholder)), trailer);
            (told, Check::Chunks(Box::new(Unchunked::new(decoder, framing, announced))))
        }
        other => (other, Check::None),
    };
    (told, Checked::new(body, check, entry.received()).boxed_unsync())
}

/// A body in memory goes out plain, with its own hash.
fn whole_body(parts: &mut Parts, whole: Whole) -> (PayloadHash, Body) {
    if let Some(trailers) = whole.trailers {
        unframe(&mut parts.headers, Framing::Plain);
        for (name, value) in trailers {
            let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
                continue;
            };
            if name.as_str().starts_with("x-amz-checksum-") {
                parts.headers.insert(name, value);
            }
        }
    }
    let had_length = parts.headers.contains_key(header::CONTENT_LENGTH);
    if had_length || !whole.bytes.is_empty() {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.bytes.len()));
    }
    (PayloadHash::Signed(whole.sha256), full(whole.bytes))
}

/// Makes the headers fit a body whose signed framing was taken off; gives the announced length of what is inside.
fn unframe(headers: &mut HeaderMap, framing: Framing) -> Option<u64> {
    let inside = headers::text(headers, "x-amz-decoded-content-length").parse().ok();
    headers.remove(header::CONTENT_LENGTH);
    if framing == Framing::Trailer {
        return inside;
    }
    if let Some(length) = inside {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    headers.remove("x-amz-decoded-content-length");
    headers.remove("x-amz-trailer");
    let codings: Vec<&str> = headers::text(headers, "content-encoding")
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    match HeaderValue::from_str(&codings.join(",")) {
        Ok(value) if !value.is_empty() => headers.insert(header::CONTENT_ENCODING, value),
        _ => headers.remove(header::CONTENT_ENCODING),
    };
    inside
}
