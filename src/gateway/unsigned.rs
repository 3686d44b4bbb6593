//! Calls that nobody signs: their callers show a token or an assertion instead, to get a credential.
//!
//! They are forwarded only where a policy allows them by name ([`PolicySet::names`](crate::policy::PolicySet::names)):
//! anybody's token works in them, so that a credential of another account can come back.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use http::header;
use http::request::Parts;
use sha2::Digest;
use sha2::Sha256;

use crate::aws;
use crate::aws::Refusal;
use crate::aws::RequestView;
use crate::aws::sigv4::Algorithm;
use crate::aws::sigv4::Authorization;
use crate::gateway::authenticate::Payload;
use crate::gateway::authenticate::Signed;
use crate::gateway::authenticate::Whole;
use crate::gateway::authenticate::read;
use crate::gateway::core::Core;
use crate::gateway::headers;
use crate::gateway::stop::Stop;
use crate::gateway::upload::Unread;
use crate::gateway::whose::By;
use crate::policy::Decision;

/// An assertion has at most 100,000 characters, percent-encoded three times as many.
const LONGEST: usize = 512 << 10;

/// Where global endpoints stand.
const GLOBAL_REGION: &str = "us-east-1";

/// Whether a refused signature means that there is none.
pub fn is_missing(refusal: &Refusal, parts: &Parts) -> bool {
    refusal.code == "MissingAuthenticationToken" && !parts.headers.contains_key(header::AUTHORIZATION)
}

/// Takes a request that nobody signed, if it is one that need not be; otherwise `refusal` is the answer.
pub async fn take(
    core: &Core,
    parts: Parts,
    body: &Arc<Unread>,
    (host, received): (Option<&str>, &AtomicU64),
    refusal: Refusal,
) -> Result<Signed, Stop> {
    if !is_plausible(&parts.method, &parts.headers) {
        return Err(refusal.into());
    }
    let bytes = match body.take() {
        Some(body) => read(&parts.headers, body, received, LONGEST).await?,
        None => Bytes::new(),
    };
    let region = host.map_or_else(|| core.region.clone(), aws::region_of_host);
    let region = region.as_deref().unwrap_or(GLOBAL_REGION);
    let is_meant = |service: &&str| {
        let view = RequestView { parts: &parts, host, service, region, body: &bytes, account: "" };
        aws::needs_no_signature(&aws::identify(&view))
    };
    let Some(service) = aws::unsigned_services().find(is_meant) else { return Err(refusal.into()) };
    let claims = claims(service, region);
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let payload = Payload::Whole(Whole { bytes, sha256, trailers: None });
    Ok(Signed { key: core.placeholder.clone(), by: By::Nobody, parts, claims, payload })
}

/// Uploads without a signature are refused before their body comes.
fn is_plausible(method: &Method, headers: &HeaderMap) -> bool {
    let form = headers::text(headers, "content-type").starts_with("application/x-www-form-urlencoded");
    *method == Method::GET
        || *method == Method::POST
            && (form || headers.contains_key("x-amz-target"))
            && !headers.contains_key(header::EXPECT)
}

/// What a signature would say.
pub fn claims(service: &str, region: &str) -> Authorization {
    Authorization {
        access_key_id: String::new(),
        date: String::new(),
        algorithm: Algorithm::Hmac,
        region: region.to_owned(),
        region_set: None,
        service: service.to_owned(),
        signed_headers: Vec::new(),
        signature: String::new(),
        presigned: false,
        signed_at: 0,
        timestamp: String::new(),
        expires: None,
        token: None,
        payload: None,
    }
}

/// No policy speaks of the call by its name.
pub fn not_named(action: &str) -> Decision {
    let reason = format!(
        "it is not signed, and no policy has a statement with `action = \"{action}\"` that allows or asks"
    );
    Decision::denied(action, &reason)
}
