//! Signs a request for AWS with the real key, after taking away everything the client signed with.

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::request::Parts;

use super::Algorithm;
use super::Key;
use super::PayloadHash;
use super::Scope;
use super::Seed;
use super::canonical;
use super::canonical::QueryForm;
use super::date;
use super::raw_path;
use super::signer::Signer;

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

/// Who signs, and for where.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// How.
    pub algorithm: Algorithm,
    /// With what.
    pub key: &'a Key,
    /// The region (of SigV4a the set of regions) and the service.
    pub scope: Scope<'a>,
    /// When, in seconds since the Unix epoch.
    pub at: u64,
}

/// Signs the request by SigV4 with `key`; see [`sign_as`].
pub fn sign(parts: &mut Parts, payload: &PayloadHash, key: &Key, scope: Scope<'_>, now_unix: u64) {
    sign_as(parts, payload, &Signing { algorithm: Algorithm::Hmac, key, scope, at: now_unix });
}

/// Signs the request: takes away all the client's authentication (headers, presigned query parameters), then adds its
/// own headers. `Host` (or the URI's authority) must already be where the request goes to.
///
/// Signs `host`, `content-type` and every `x-amz-*` header. Gives what the signatures of the body's pieces go on from.
pub fn sign_as(parts: &mut Parts, payload: &PayloadHash, signing: &Signing<'_>) -> Seed {
    let Signing { algorithm, key, scope: Scope { region, service }, at } = *signing;
    // A session of S3 Express has a header of its own for its token.
    let express = parts.headers.contains_key("x-amz-s3session-token")
        || parts.uri.query().is_some_and(|query| query.contains("X-Amz-S3session-Token="));
    strip(parts);
    let timestamp = date::format(at);
    put(&mut parts.headers, "x-amz-date", &timestamp, false);
    if algorithm == Algorithm::Ecdsa {
        put(&mut parts.headers, "x-amz-region-set", region, false);
    }
    if let Some(token) = &key.token {
        let name = if express { "x-amz-s3session-token" } else { "x-amz-security-token" };
        put(&mut parts.headers, name, token.expose(), true);
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
    let seed = seed(parts, &names, payload, signing);
    let value = format!(
        "{} Credential={}/{}, SignedHeaders={}, Signature={}",
        algorithm.as_str(),
        key.access_key_id,
        seed.scope,
        names.join(";"),
        seed.signature,
    );
    put(&mut parts.headers, "authorization", &value, true);
    seed
}

/// Signs the request in its query, for those who cannot set headers: websockets. It lives `expires` seconds.
///
/// IoT's gateway wants the session token outside of what is signed; it alone does.
pub fn presign(parts: &mut Parts, payload: &PayloadHash, signing: &Signing<'_>, expires: u64) {
    let Signing { algorithm, key, scope: Scope { region, service }, at } = *signing;
    strip(parts);
    let timestamp = date::format(at);
    let scope = super::scope(algorithm, &timestamp[..8], region, service);
    let mut fields = vec![
        ("X-Amz-Algorithm", algorithm.as_str().to_owned()),
        ("X-Amz-Credential", format!("{}/{scope}", key.access_key_id)),
        ("X-Amz-Date", timestamp),
        ("X-Amz-Expires", expires.to_string()),
        ("X-Amz-SignedHeaders", "host".to_owned()),
    ];
    if algorithm == Algorithm::Ecdsa {
        fields.push(("X-Amz-Region-Set", region.to_owned()));
    }
    let token = key.token.as_ref().map(|token| ("X-Amz-Security-Token", token.expose().to_owned()));
    let outside = service == "iotdevicegateway";
    fields.extend(token.clone().filter(|_| !outside));
    for (name, value) in fields {
        add_query(parts, name, &value);
    }
    let seed = seed(parts, &["host".to_owned()], payload, signing);
    add_query(parts, "X-Amz-Signature", &seed.signature);
    if let Some((name, value)) = token.filter(|_| outside) {
        add_query(parts, name, &value);
    }
}

/// The signature over what the request is now.
fn seed(parts: &Parts, names: &[String], payload: &PayloadHash, signing: &Signing<'_>) -> Seed {
    let Signing { algorithm, key, scope: Scope { region, service }, at } = *signing;
    let timestamp = date::format(at);
    let day = &timestamp[..8];
    let scope = super::scope(algorithm, day, region, service);
    let canonical = canonical::request(parts, names, payload.as_str(), service, QueryForm::Encoded);
    let text = canonical::string_to_sign(algorithm, &timestamp, &scope, &canonical);
    let signature = Signer::derive(algorithm, key, day, region, service).sign(text.as_bytes());
    Seed {
        algorithm,
        key: key.clone(),
        region: region.to_owned(),
        service: service.to_owned(),
        timestamp,
        scope,
        signature,
    }
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str, sensitive: bool) {
    // A value that is no header value (it came from outside, such as a token) leaves the request unsigned: AWS refuses it.
    let Ok(mut value) = HeaderValue::from_str(value) else { return };
    value.set_sensitive(sensitive);
    headers.insert(HeaderName::from_static(name), value);
}

/// Takes away all by which a client signs.
fn strip(parts: &mut Parts) {
    strip_query(parts);
    for name in AUTH_HEADERS {
        parts.headers.remove(name);
    }
}

fn add_query(parts: &mut Parts, name: &str, value: &str) {
    let mut encoded = Vec::with_capacity(value.len());
    canonical::encode(value.as_bytes(), &mut encoded);
    let value = String::from_utf8_lossy(&encoded);
    let glue = match parts.uri.query() {
        None => "?",
        Some("") => "",
        Some(_) => "&",
    };
    let old = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    set_path_and_query(parts, &format!("{old}{glue}{name}={value}"));
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
    set_path_and_query(parts, &target);
}

fn set_path_and_query(parts: &mut Parts, target: &str) {
    let mut pieces = parts.uri.clone().into_parts();
    pieces.path_and_query = target.parse().ok();
    if let Ok(uri) = http::Uri::from_parts(pieces) {
        parts.uri = uri;
    }
}
