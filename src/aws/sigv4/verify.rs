//! Checks a client's signature against the placeholder key.

use http::request::Parts;
use subtle::ConstantTimeEq;

use super::Authorization;
use super::EMPTY_SHA256;
use super::Key;
use super::PayloadHash;
use super::canonical;
use super::canonical::QueryForm;
use super::date;
use super::signer::Signer;
use super::skew;
use crate::aws::Protocol;
use crate::aws::Refusal;

/// Checks that `key` signed this request, over this body, just now.
///
/// `body_sha256` is the hexadecimal SHA-256 of the body as it came. It must be given where
/// [`Authorization::needs_body_hash`] says so; if it is given and the request names a hash, the two must agree. With
/// `None` and a named hash the caller has to compare the hash when the body has passed.
///
/// Fails with AWS's code and wording: unknown key, wrong token, too old, altered. Never says which byte was wrong.
pub fn verify(
    auth: &Authorization,
    parts: &Parts,
    body_sha256: Option<&str>,
    key: &Key,
    now_unix: u64,
) -> Result<(), Refusal> {
    let known = auth.access_key_id.as_bytes().ct_eq(key.access_key_id.as_bytes());
    if !bool::from(known) {
        return Err(unknown_key(auth, parts, "hoop forwards only requests signed with this session's key"));
    }
    if !token_matches(auth, key) {
        return Err(unknown_key(auth, parts, "The security token included in the request is invalid"));
    }
    check_time(auth, parts, now_unix)?;
    let payload = payload(auth, body_sha256)?;
    let signer = Signer::derive(auth.algorithm, key, &auth.date, &auth.region, &auth.service);
    let scope = auth.scope();
    let mut names = auth.signed_headers.clone();
    names.sort();
    names.dedup();
    let forms = [QueryForm::Encoded, QueryForm::Raw, QueryForm::WithoutToken];
    let good = forms.into_iter().any(|form| {
        let possible = match form {
            QueryForm::Encoded => true,
            QueryForm::Raw => parts.uri.query().is_some(),
            QueryForm::WithoutToken => auth.presigned && auth.service == "iotdevicegateway",
        };
        if !possible {
            return false;
        }
        let canonical = canonical::request(parts, &names, payload, &auth.service, form);
        let text = canonical::string_to_sign(auth.algorithm, &auth.timestamp, &scope, &canonical);
        signer.accepts(text.as_bytes(), &auth.signature)
    });
    if good { Ok(()) } else { Err(mismatch()) }
}

/// The payload line of the canonical request, checked against the body where it can be.
fn payload<'a>(auth: &'a Authorization, body_sha256: Option<&'a str>) -> Result<&'a str, Refusal> {
    match (&auth.payload, body_sha256) {
        (Some(PayloadHash::Signed(named)), Some(real)) => {
            if bool::from(named.as_bytes().ct_eq(real.as_bytes())) {
                Ok(named)
            } else {
                Err(Refusal::new(
                    400,
                    "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                ))
            }
        }
        (Some(named), _) => Ok(named.as_str()),
        (None, Some(real)) => Ok(real),
        // Nobody read the body: only an empty one can be right.
        (None, None) => Ok(EMPTY_SHA256),
    }
}

/// The token that was sent must be the key's; none need be sent.
fn token_matches(auth: &Authorization, key: &Key) -> bool {
    match (&auth.token, &key.token) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(sent), Some(own)) => bool::from(sent.expose().as_bytes().ct_eq(own.expose().as_bytes())),
    }
}

fn check_time(auth: &Authorization, parts: &Parts, now: u64) -> Result<(), Refusal> {
    let skew = skew(&auth.service);
    if auth.signed_at > now.saturating_add(skew) {
        return Err(skewed(auth, parts, now));
    }
    match auth.expires {
        Some(seconds) if now > auth.signed_at.saturating_add(seconds) => {
            let code = if super::raw_path(&auth.service) { "AccessDenied" } else { "RequestExpired" };
            Err(Refusal::new(403, code, "Request has expired"))
        }
        None if now > auth.signed_at.saturating_add(skew) => Err(skewed(auth, parts, now)),
        _ => Ok(()),
    }
}

/// The codes by which SDKs know that a clock is wrong, and try again by the time in the answer's `Date`.
fn skewed(auth: &Authorization, parts: &Parts, now: u64) -> Refusal {
    let code = match Protocol::guess(parts, &auth.service) {
        Protocol::RestXml if super::raw_path(&auth.service) => {
            return Refusal::new(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            );
        }
        Protocol::Ec2 => "RequestExpired",
        Protocol::Query | Protocol::RestXml => "SignatureDoesNotMatch",
        _ => "InvalidSignatureException",
    };
    let minutes = skew(&auth.service) / 60;
    let (stamp, clock) = (&auth.timestamp, date::format(now));
    let message = if auth.signed_at > now {
        format!("Signature not yet current: {stamp} is still later than {clock} + {minutes} min.")
    } else {
        format!("Signature expired: {stamp} is now earlier than {clock} - {minutes} min.")
    };
    Refusal::new(403, code, message)
}

/// Every protocol has its own word for a key that it does not know.
fn unknown_key(auth: &Authorization, parts: &Parts, message: &str) -> Refusal {
    let code = match Protocol::guess(parts, &auth.service) {
        Protocol::RestXml if super::raw_path(&auth.service) => "InvalidAccessKeyId",
        Protocol::Query | Protocol::RestXml => "InvalidClientTokenId",
        Protocol::Ec2 => "AuthFailure",
        _ => "UnrecognizedClientException",
    };
    Refusal::new(403, code, message)
}

fn mismatch() -> Refusal {
    Refusal::new(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method.",
    )
}
