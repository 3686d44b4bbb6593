//! The checks of an ID token: signature, issuer, audience, authorised party, times, nonce.
//!
//! Source: OpenID Connect Core 1.0, section 3.1.3.7. The signature, issuer, audience, expiry and nonce are checked by the
//! `openidconnect` crate; it leaves `azp`, `nbf` and the algorithm's choice to us.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::Utc;
use openidconnect::ClaimsVerificationError as Wrong;
use openidconnect::ClientId;
use openidconnect::IssuerUrl;
use openidconnect::Nonce;
use openidconnect::NonceVerifier;
use openidconnect::SignatureVerificationError;
use openidconnect::core::CoreIdToken;
use openidconnect::core::CoreIdTokenVerifier;
use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;
use serde_json::Value;

use crate::error::Error;
use crate::error::Result;
use crate::identity::oidc::CLOCK_SKEW;
use crate::identity::oidc::failed;
use crate::identity::oidc::issuer::Issuer;
use crate::identity::oidc::issuer::span;
use crate::identity::quote::quoted;

/// Characters that STS takes of a token.
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>.
pub(in crate::identity) const TOKEN_CHARACTERS: usize = 20_000;

/// Algorithms with a public key. Neither `none`, which proves nothing, nor HS256, whose key is known to every client.
const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("RS256", Algorithm::RsaSsaPkcs1V15Sha256),
    ("RS384", Algorithm::RsaSsaPkcs1V15Sha384),
    ("RS512", Algorithm::RsaSsaPkcs1V15Sha512),
    ("PS256", Algorithm::RsaSsaPssSha256),
    ("PS384", Algorithm::RsaSsaPssSha384),
    ("PS512", Algorithm::RsaSsaPssSha512),
    ("ES256", Algorithm::EcdsaP256Sha256),
    ("ES384", Algorithm::EcdsaP384Sha384),
    ("EdDSA", Algorithm::EdDsa),
];

/// What a token must say.
#[derive(Clone, Copy)]
pub(in crate::identity) struct Expected<'e> {
    /// One of its audiences.
    pub audience: &'e str,
    /// Who may have asked for it; `None`: anybody, as with tokens of CI.
    pub party: Option<&'e str>,
    /// What ties it to the question; `None`: it was asked for without.
    pub nonce: Option<&'e Nonce>,
}

impl NonceVerifier for Expected<'_> {
    fn verify(self, nonce: Option<&Nonce>) -> Result<(), String> {
        match self.nonce {
            Some(expected) => expected.verify(nonce),
            None => Ok(()),
        }
    }
}

/// Checks `token` and gives its claims.
///
/// # Errors
/// Which check failed.
pub(in crate::identity) async fn verify(
    issuer: &Issuer<'_>,
    token: &str,
    expected: Expected<'_>,
) -> Result<Value> {
    let refused = |why: String| failed(&issuer.name, format!("the ID token is refused: {why}"));
    let claims = payload(token).map_err(|why| refused(why.to_owned()))?;
    let algorithm = algorithm(token);
    if !ALGORITHMS.iter().any(|(name, _)| *name == algorithm) {
        let why = format!("it is signed by `{}`, which proves nothing here", quoted(&algorithm, &[]));
        return Err(refused(why).fix("have the provider sign with RS256, PS256, ES256 or EdDSA"));
    }
    check_party(&claims, expected).map_err(refused)?;
    let parsed = token
        .parse::<CoreIdToken>()
        .map_err(|cause| refused(format!("it cannot be read: {}", quoted(&cause.to_string(), &[token]))))?;
    let mut outcome = check(issuer, &parsed, expected);
    if matches!(outcome, Err(Wrong::SignatureVerification(SignatureVerificationError::NoMatchingKey))) {
        // A new key since we asked. Once: a token that names no key must not make us ask for ever.
        issuer.fetch_keys().await?;
        outcome = check(issuer, &parsed, expected);
    }
    outcome.map_err(|wrong| explain(issuer, &claims, &wrong))?;
    let now = issuer.around.now();
    if number(&claims, "nbf").is_some_and(|start| start > now + CLOCK_SKEW) {
        return Err(too_early(issuer, "it begins to hold", &claims, "nbf"));
    }
    Ok(claims)
}

fn check(issuer: &Issuer<'_>, token: &CoreIdToken, expected: Expected<'_>) -> Result<(), Wrong> {
    let address = IssuerUrl::new(issuer.document.issuer.clone());
    let address = address.map_err(|_| Wrong::Other("the issuer is not an address".to_owned()))?;
    let now = issuer.around.now();
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(expected.audience.to_owned()),
        address,
        issuer.keys(),
    )
    .set_allowed_algs(ALGORITHMS.iter().map(|(_, algorithm)| algorithm.clone()))
    .set_time_fn(move || time(now.saturating_sub(CLOCK_SKEW)))
    .set_issue_time_verifier_fn(move |issued| match issued > time(now + CLOCK_SKEW) {
        true => Err("issued in the future".to_owned()),
        false => Ok(()),
    })
    // With several audiences `check_party` has seen that the token was asked for by us.
    .set_other_audience_verifier_fn(move |_| true);
    token.claims(&verifier, expected).map(|_| ())
}

/// A token that somebody else has asked for may have been taken from them.
fn check_party(claims: &Value, expected: Expected<'_>) -> Result<(), String> {
    let Some(ours) = expected.party else { return Ok(()) };
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|audiences| audiences.len() > 1);
    match claims.get("azp").map(|party| party.as_str().unwrap_or_default()) {
        Some(party) if party != ours => {
            Err(format!("it was made for another client, `{}` (azp)", quoted(party, &[])))
        }
        None if several => {
            Err("it has several audiences, and does not say who asked for it (azp)".to_owned())
        }
        _ => Ok(()),
    }
}

fn explain(issuer: &Issuer<'_>, claims: &Value, wrong: &Wrong) -> Error {
    let refused = |why: String| failed(&issuer.name, format!("the ID token is refused: {why}"));
    let now = issuer.around.now();
    match wrong {
        Wrong::Expired(_) => match number(claims, "exp") {
            Some(end) if end <= now => {
                let error = refused(format!("it expired {} ago", span(now - end)));
                with_clock(issuer, error)
            }
            _ => too_early(issuer, "it was issued", claims, "iat"),
        },
        Wrong::InvalidNonce(_) => refused("it does not answer this login (nonce)".to_owned())
            .fix(format!("sign in again: hoopctl login {}", issuer.name)),
        Wrong::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            refused("it is signed with a key that the provider does not have".to_owned())
        }
        Wrong::SignatureVerification(SignatureVerificationError::CryptoError(_)) => {
            refused("its signature is wrong".to_owned())
        }
        other => refused(quoted(&other.to_string(), &[])),
    }
}

fn too_early(issuer: &Issuer<'_>, what: &str, claims: &Value, claim: &str) -> Error {
    let later = number(claims, claim).unwrap_or_default().saturating_sub(issuer.around.now());
    with_clock(
        issuer,
        failed(&issuer.name, format!("the ID token is refused: {what} {} from now", span(later))),
    )
}

fn with_clock(issuer: &Issuer<'_>, error: Error) -> Error {
    let fix = "set the clock: sudo timedatectl set-ntp true (hoop allows 60 seconds of difference)";
    match issuer.clock_remark() {
        Some(remark) => error.why(remark).fix(fix),
        None => error.fix(format!("sign in again: hoopctl login {}", issuer.name)),
    }
}

/// The claims of a token, unchecked.
///
/// # Errors
/// What it is not.
pub(in crate::identity) fn payload(token: &str) -> Result<Value, &'static str> {
    if token.len() > TOKEN_CHARACTERS {
        return Err("it has more than the 20,000 characters that AWS takes");
    }
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("it is not a signed token (JWT)");
    };
    let claims = URL_SAFE_NO_PAD.decode(payload).ok().and_then(|text| serde_json::from_slice(&text).ok());
    claims.filter(Value::is_object).ok_or("it is not a signed token (JWT)")
}

/// The algorithm that a token claims to be signed by.
fn algorithm(token: &str) -> String {
    let head = token.split('.').next().unwrap_or_default();
    let head: Option<Value> =
        URL_SAFE_NO_PAD.decode(head).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let named = head.as_ref().and_then(|head| head.get("alg")).and_then(Value::as_str);
    named.unwrap_or("nothing").to_owned()
}

/// A time claim in whole seconds.
pub(in crate::identity) fn number(claims: &Value, claim: &str) -> Option<u64> {
    let value = claims.get(claim)?;
    value.as_u64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| (0.0..4e11).contains(seconds))?;
        // Some issuers write fractions; what is cut off is less than a second.
        format!("{seconds:.0}").parse().ok()
    })
}

fn time(seconds: u64) -> DateTime<Utc> {
    let seconds = i64::try_from(seconds).ok();
    seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).unwrap_or_default()
}
