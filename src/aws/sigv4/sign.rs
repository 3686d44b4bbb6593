//! Signs a request for AWS with the real key, after taking away everything the client signed with.

use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::request::Parts;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::ALGORITHM;
use super::Key;
use super::PayloadHash;
use super::Scope;
use super::canonical;
use super::canonical::QueryForm;
use super::date;
use super::raw_path;

/// Query parameters by which a client signs; none of them may reach AWS.
const AUTH_PARAMETERS: [&str; 10] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    "X-Amz-Region-Set",
    "X-Amz-S3session-Token",
];

/// Headers by which a client signs, and the date they go with.
const AUTH_HEADERS: [&str; 6] = [
    "authorization",
    "x-amz-date",
    "date",
    "x-amz-security-token",
    "x-amz-region-set",
    "x-amz-s3session-token",
];

/// Signs the request with `key`: takes away all the client's authentication (headers, presigned query parameters),
/// then adds its own headers. `Host` (or the URI's authority) must already be where the request goes to.
///
/// Signs `host`, `content-type` and every `x-amz-*` header.
pub fn sign(parts: &mut Parts, payload: &PayloadHash, key: &Key, scope: Scope<'_>, now_unix: u64) {
    let Scope { region, service } = scope;
    strip_query(parts);
    for name in AUTH_HEADERS {
        parts.headers.remove(name);
    }
    let timestamp = date::format(now_unix);
    put(&mut parts.headers, "x-amz-date", &timestamp, false);
    if let Some(token) = &key.token {
        put(&mut parts.headers, "x-amz-security-token", token.expose(), true);
    }
    let named = parts.headers.contains_key("x-amz-content-sha256");
    if named || raw_path(service) || !matches!(payload, PayloadHash::Signed(_)) {
        put(&mut parts.headers, "x-amz-content-sha256", payload.as_str(), false);
    }
    let mut names: Vec<String> = parts
        .headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| *name == "content-type" || name.starts_with("x-amz-"))
        .map(str::to_owned)
        .collect();
    names.push("host".to_owned());
    names.sort();
    let day = &timestamp[..8];
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let canonical = canonical::request(parts, &names, payload.as_str(), service, QueryForm::Encoded);
    let text = canonical::string_to_sign(&timestamp, &scope, &canonical);
    let signature = hex::encode(hmac(&*signing_key(key, day, region, service), text.as_bytes()));
    let value = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
        key.access_key_id,
        names.join(";")
    );
    put(&mut parts.headers, "authorization", &value, true);
}

/// Derives the key of one day, region and service.
pub(super) fn signing_key(key: &Key, day: &str, region: &str, service: &str) -> Zeroizing<[u8; 32]> {
    let start = Zeroizing::new(format!("AWS4{}", key.secret.expose()));
    let day = hmac(start.as_bytes(), day.as_bytes());
    let region = hmac(&*day, region.as_bytes());
    let service = hmac(&*region, service.as_bytes());
    hmac(&*service, b"aws4_request")
}

/// HMAC-SHA256.
pub(super) fn hmac(key: &[u8], text: &[u8]) -> Zeroizing<[u8; 32]> {
    // HMAC takes a key of any length: the error cannot happen, and an all-zero result would match nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Zeroizing::new([0; 32]) };
    mac.update(text);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str, sensitive: bool) {
    // A value that is no header value (it came from outside, such as a token) leaves the request unsigned: AWS refuses it.
    let Ok(mut value) = HeaderValue::from_str(value) else { return };
    value.set_sensitive(sensitive);
    headers.insert(HeaderName::from_static(name), value);
}

/// Takes the presigned parameters out of the query; the rest stays byte for byte.
fn strip_query(parts: &mut Parts) {
    let Some(query) = parts.uri.query() else { return };
    let is_auth = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        AUTH_PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    if !query.split('&').any(|pair| is_auth(&pair)) {
        return;
    }
    let rest: Vec<&str> = query.split('&').filter(|pair| !is_auth(pair)).collect();
    let path = parts.uri.path();
    let target = if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) };
    let mut pieces = parts.uri.clone().into_parts();
    pieces.path_and_query = target.parse().ok();
    if let Ok(uri) = http::Uri::from_parts(pieces) {
        parts.uri = uri;
    }
}
