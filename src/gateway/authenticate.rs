//! Whether a request was signed, just now, with one of this session's placeholders.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use bytes::BytesMut;
use http::HeaderMap;
use http::header;
use http::request::Parts;
use http_body_util::BodyExt;
use sha2::Digest;
use sha2::Sha256;

use crate::aws;
use crate::aws::Refusal;
use crate::aws::chunked::Decoder;
use crate::aws::sigv4;
use crate::aws::sigv4::Authorization;
use crate::aws::sigv4::ChunkKey;
use crate::aws::sigv4::Key;
use crate::aws::sigv4::PayloadHash;
use crate::gateway::core::Core;
use crate::gateway::stop::Stop;
use crate::gateway::unsigned;
use crate::gateway::upload::Unread;
use crate::gateway::upload::Upload;
use crate::gateway::whose::By;
use crate::gateway::whose::Signer;

/// Bodies that have to be read before the decision are at most this long. The largest request that AWS itself
/// takes in a body with parameters is 25 MB (Bedrock), then DynamoDB's 16 MB.
const BUFFERED_BYTES: usize = 32 << 20;

/// A request whose signature is good, or that needs none.
pub struct Signed {
    /// The placeholder it was signed with, under the id that the client gave.
    pub key: Key,
    /// With what it is signed anew.
    pub by: By,
    pub parts: Parts,
    pub claims: Authorization,
    pub payload: Payload,
}

/// The body of such a request.
pub enum Payload {
    /// Read, checked and out of its framing; AWS is told its own hash.
    Whole(Whole),
    /// Not read yet; it is checked on its way through.
    Streamed(Arc<Unread>),
}

/// A body in memory.
pub struct Whole {
    pub bytes: Bytes,
    /// SHA-256 of `bytes`, in hexadecimal.
    pub sha256: String,
    /// It came in aws-chunked framing, with these trailing headers.
    pub trailers: Option<Vec<(String, String)>>,
}

impl Payload {
    /// The bytes that identification may look at.
    pub fn visible(&self) -> &[u8] {
        match self {
            Self::Whole(whole) => &whole.bytes,
            Self::Streamed(_) => &[],
        }
    }
}

/// Checks the signature that the request claims; reads the body first where the signature or the identification needs it.
pub async fn authenticate(
    core: &Core,
    (parts, claims): (Parts, Result<Authorization, Refusal>),
    body: &Arc<Unread>,
    (host, received): (Option<&str>, &AtomicU64),
) -> Result<Signed, Stop> {
    let claims = match claims {
        Ok(claims) => claims,
        Err(refusal) if unsigned::is_missing(&refusal, &parts) => {
            return unsigned::take(core, parts, body, (host, received), refusal).await;
        }
        Err(refusal) => return Err(refusal.into()),
    };
    if core.is_over() {
        return Err(Stop::over());
    }
    let now = core.clock.unix_seconds();
    // Before a byte of the body is read.
    let (key, by) = match core.signer(&claims.access_key_id).map_err(|error| Stop::unrecorded(&error))? {
        Signer::Known(key, by) => (key, by),
        Signer::Expired => return Err(Refusal::expired_token(&parts, &claims.service).into()),
        Signer::Foreign => {
            // The check cannot pass: the key is another one.
            sigv4::verify(&claims, &parts, None, &core.placeholder, now)?;
            return Err(Stop::denied("this key is not the session's"));
        }
    };
    // Events come for as long as the call lasts.
    let needed = claims.payload != Some(PayloadHash::Events)
        && (claims.needs_body_hash() || aws::body_needed(&parts, &claims.service));
    if !needed && !body.is_empty() {
        sigv4::verify(&claims, &parts, None, &key, now)?;
        return Ok(Signed { key, by, parts, claims, payload: Payload::Streamed(body.clone()) });
    }
    let raw = match body.take() {
        Some(body) => read(&parts.headers, body, received, BUFFERED_BYTES).await?,
        None => Bytes::new(),
    };
    let sha256 = hex::encode(Sha256::digest(&raw));
    let hash = matches!(claims.payload, None | Some(PayloadHash::Signed(_))).then_some(sha256.as_str());
    sigv4::verify(&claims, &parts, hash, &key, now)?;
    let signed_chunks = claims.payload.as_ref().and_then(PayloadHash::signed_chunks);
    let (chunk_key, trailer) = match (signed_chunks, &claims.payload) {
        (Some(trailer), _) => (Some(ChunkKey::new(&claims, &key)), trailer),
        (None, Some(PayloadHash::StreamingUnsignedTrailer)) => (None, true),
        _ => {
            let whole = Whole { bytes: raw, sha256, trailers: None };
            return Ok(Signed { key, by, parts, claims, payload: Payload::Whole(whole) });
        }
    };
    let mut decoder = Decoder::new(chunk_key, trailer);
    let mut bytes = Vec::with_capacity(raw.len());
    decoder.push(&raw, &mut bytes)?;
    let trailers = Some(decoder.finish()?);
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let whole = Whole { bytes: bytes.into(), sha256, trailers };
    Ok(Signed { key, by, parts, claims, payload: Payload::Whole(whole) })
}

/// Reads a body of at most `most` bytes.
pub async fn read(
    headers: &HeaderMap,
    mut body: Upload,
    received: &AtomicU64,
    most: usize,
) -> Result<Bytes, Stop> {
    let too_long = || {
        let limit = most >> 10;
        Stop {
            status: 413,
            ..Stop::invalid(
                "RequestEntityTooLarge",
                format!("a request with parameters may have {limit} KiB"),
            )
        }
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > most) {
        return Err(too_long());
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Stop::invalid("RequestTimeout", "the request's body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > most {
            return Err(too_long());
        }
        received.fetch_add(data.len() as u64, Ordering::Relaxed);
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
