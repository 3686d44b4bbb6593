//! The call as AWS gets it: to the host hoop chose, signed with the real credential of whoever called.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Request;
use http::Response;
use http::Version;
use http::header;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::aws;
use crate::aws::Call;
use crate::aws::chunked::Decoder;
use crate::aws::chunked::Encoder;
use crate::aws::events::Resigner;
use crate::aws::sigv4;
use crate::aws::sigv4::Authorization;
use crate::aws::sigv4::ChunkKey;
use crate::aws::sigv4::PayloadHash;
use crate::aws::sigv4::Scope;
use crate::aws::sigv4::Seed;
use crate::aws::sigv4::Signing;
use crate::gateway::authenticate::Payload;
use crate::gateway::authenticate::Signed;
use crate::gateway::authenticate::Whole;
use crate::gateway::chunks::Framed;
use crate::gateway::chunks::Resigned;
use crate::gateway::core::Core;
use crate::gateway::entry::Entry;
use crate::gateway::headers;
use crate::gateway::request_body::Altered;
use crate::gateway::request_body::Check;
use crate::gateway::request_body::Checked;
use crate::gateway::returned::Watch;
use crate::gateway::stop::Stop;
use crate::gateway::upload::Upload;
use crate::gateway::whose::By;
use crate::net::Body;
use crate::net::Http;
use crate::net::empty;
use crate::net::full;

/// How long the URL lives that a websocket is opened by, in seconds.
const UPGRADE_SECONDS: u64 = 300;

/// Signs and sends; gives AWS's response as soon as its head is there.
pub async fn forward(
    core: &Core,
    entry: &Arc<Entry>,
    call: &Call,
    signed: Signed,
    client_host: Option<&str>,
) -> Result<Response<Incoming>, Stop> {
    let Signed { key, by, mut parts, claims, payload } = signed;
    let credential = match &by {
        By::Session(own) => {
            let fetched = core.fetch_credential(own).await;
            Some(fetched.map_err(|unfetched| Stop::no_credential(&unfetched, own.has_fetched()))?)
        }
        By::Minted(_) | By::Nobody => None,
    };
    let host = match aws::live::host(call, client_host) {
        Some(host) => host.map_err(|why| Stop::invalid("InvalidRequest", why))?,
        // No region is named: the host is all that tells where it goes, and it is no other service's.
        None if call.region == "*" => match client_host {
            Some(host) => host.trim_end_matches('.').to_ascii_lowercase(),
            None => {
                let why = "a request for several regions (SigV4a) has to name its host, which an endpoint URL hides";
                return Err(Stop::invalid("InvalidRequest", why));
            }
        },
        None => aws::upstream_host(call, client_host),
    };
    let real = match &by {
        By::Minted(identity) => Some(&identity.real),
        By::Session(_) | By::Nobody => credential.as_ref().map(|credential| &credential.key),
    };
    let upgrade = headers::upgrade_of(&parts.headers);
    headers::strip_hop_by_hop(&mut parts.headers);
    let protocol = match parts.version {
        Version::HTTP_2 => Http::Two,
        _ => Http::One,
    };
    let (payload_hash, mut out) = outgoing(&mut parts, &claims, payload);
    address(&mut parts, &host)?;
    let region = claims.region_set.as_deref().unwrap_or(&claims.region);
    let scope = Scope { region, service: &claims.service };
    let mut client = real.map(|_| Seed::of(&claims, &key));
    loop {
        let at = core.skew.at_aws();
        let signing = real.map(|key| Signing { algorithm: claims.algorithm, key, scope, at });
        let again = out.again();
        let mut signed = parts.clone();
        let seed = match (&signing, &upgrade) {
            (None, _) => None,
            // A websocket's client signs the URL: some services look for the signature nowhere else.
            (Some(signing), Some(_)) if claims.presigned => {
                sigv4::presign(&mut signed, &payload_hash, signing, UPGRADE_SECONDS);
                None
            }
            (Some(signing), _) => Some(sigv4::sign_as(&mut signed, &payload_hash, signing)),
        };
        if let Some(protocol) = &upgrade {
            headers::put_upgrade(&mut signed.headers, protocol);
        }
        if core.is_over() {
            return Err(Stop::over());
        }
        let body = out.body(core, (entry, call), client.take(), seed);
        let sent = core.upstream.send(&host, protocol, Request::from_parts(signed, body)).await;
        let response = sent.map_err(|error| match error.cause::<Altered>() {
            Some(Altered(refusal)) => Stop::from(refusal.clone()),
            None => Stop::failed(format!("cannot reach {}: {error}", place(core, &host))),
        })?;
        // What AWS refuses for its time it has not done: with the right time it is sent once more.
        match (core.skew.learn(&response, at), again) {
            (Some(ahead), Some(again)) if !entry.is_skewed() => {
                entry.skewed(ahead);
                out = again;
            }
            _ => return Ok(response),
        }
    }
}

/// Opens the data channel of a session: nothing is signed there, the token comes later.
pub async fn open_channel(core: &Core, host: &str, mut parts: Parts) -> Result<Response<Incoming>, Stop> {
    let upgrade = headers::upgrade_of(&parts.headers);
    headers::strip_hop_by_hop(&mut parts.headers);
    address(&mut parts, host)?;
    if let Some(protocol) = upgrade {
        headers::put_upgrade(&mut parts.headers, &protocol);
    }
    let sent = core.upstream.send(host, Http::One, Request::from_parts(parts, empty())).await;
    sent.map_err(|error| Stop::failed(format!("cannot reach {}: {error}", place(core, host))))
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

/// A body on its way out; what checks and signs it is not there before the request is signed.
enum Out {
    Whole(Bytes),
    Streamed(Upload, Manner),
}

/// How a body is treated that is not in memory.
enum Manner {
    /// The hash of it all is known.
    Hashed(String),
    /// Signed chunks: whether a trailer was announced, and how long what is inside.
    Chunks(bool, Option<u64>),
    /// Unsigned chunks, and how long what is inside.
    Framed(Option<u64>),
    /// Signed events.
    Events,
    /// Not signed at all.
    Free,
}

impl Out {
    /// The same once more, if it is still there.
    fn again(&self) -> Option<Self> {
        match self {
            Self::Whole(bytes) => Some(Self::Whole(bytes.clone())),
            Self::Streamed(..) => None,
        }
    }

    /// `client` and `seed`: the client's signature, and the real one, from which those of its pieces go on.
    fn body(
        self,
        core: &Core,
        (entry, call): (&Arc<Entry>, &Call),
        client: Option<Seed>,
        seed: Option<Seed>,
    ) -> Body {
        let (body, manner) = match self {
            Self::Whole(bytes) if bytes.is_empty() => return empty(),
            Self::Whole(bytes) => return full(bytes),
            Self::Streamed(body, manner) => (body, manner),
        };
        let check = match (manner, client, seed) {
            (Manner::Hashed(hash), ..) => Check::sha256(hash),
            (Manner::Chunks(trailer, announced), Some(client), Some(seed)) => {
                let decoder = Decoder::new(Some(ChunkKey::from(&client)), trailer);
                let encoder = Encoder::new(Some(ChunkKey::from(&seed)));
                Check::Chunks(Box::new(Resigned::new(decoder, encoder, trailer, announced)))
            }
            (Manner::Events, Some(client), Some(seed)) => {
                let resigner = Resigner::new(client.into(), seed.into());
                Check::Events(Box::new(resigner), core.skew.clone())
            }
            (Manner::Framed(announced), ..) => Check::Framed(Box::new(Framed::new(announced))),
            (Manner::Free, ..) => Check::None,
            // A websocket's request has no body.
            (Manner::Chunks(..) | Manner::Events, ..) => return empty(),
        };
        Checked::new(body, check, entry.clone(), Watch::new(core, call)).boxed_unsync()
    }
}

/// The body, and what AWS is told about it.
fn outgoing(parts: &mut Parts, claims: &Authorization, payload: Payload) -> (PayloadHash, Out) {
    let body = match payload {
        Payload::Whole(whole) => return whole_body(parts, whole),
        Payload::Streamed(unread) => unread.take(),
    };
    let claimed = claims.payload.clone().unwrap_or(PayloadHash::Unsigned);
    let Some(body) = body else { return (claimed, Out::Whole(Bytes::new())) };
    let announced = headers::text(&parts.headers, "x-amz-decoded-content-length").parse().ok();
    let manner = match &claimed {
        // AWS checks the hash too, so that an altered body is refused twice.
        PayloadHash::Signed(hash) => Manner::Hashed(hash.clone()),
        PayloadHash::StreamingSigned { trailer } | PayloadHash::StreamingEcdsa { trailer } => {
            // Signed anew in chunks of another size.
            parts.headers.remove(header::CONTENT_LENGTH);
            Manner::Chunks(*trailer, announced)
        }
        PayloadHash::StreamingUnsignedTrailer => Manner::Framed(announced),
        PayloadHash::Events => Manner::Events,
        PayloadHash::Unsigned => Manner::Free,
    };
    (claimed, Out::Streamed(body, manner))
}

/// A body in memory goes out plain, with its own hash.
fn whole_body(parts: &mut Parts, whole: Whole) -> (PayloadHash, Out) {
    if let Some(trailers) = whole.trailers {
        unframe(&mut parts.headers);
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
    (PayloadHash::Signed(whole.sha256), Out::Whole(whole.bytes))
}

/// Makes the headers fit a body whose framing was taken off.
fn unframe(headers: &mut HeaderMap) {
    headers.remove(header::CONTENT_LENGTH);
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
}
