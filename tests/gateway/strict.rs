//! STS, IAM and a service in one, as strict as AWS: who signs, how long a key lives, what a token is worth, what a trust
//! policy allows.

use std::sync::Arc;
use std::sync::Mutex;

use bytes::Bytes;
use hoop::aws::sigv4;
use hoop::aws::sigv4::Key;
use hoop::clock::Clock;
use hoop::types::Secret;
use http::Response;
use http::request::Parts;
use sha2::Digest;

use crate::upstream::Upstream;
use crate::upstream::json;
use crate::upstream::real_key;
use crate::upstream::upstream;

pub type Form = Vec<(String, String)>;

/// A key that was given.
#[derive(Clone, Debug)]
pub struct Given {
    pub key: Key,
    pub expires: u64,
    /// The role's ARN and the session's name; empty: of `GetSessionToken`.
    pub role: String,
    pub name: String,
}

/// What the stub does, and what it was asked.
#[derive(Default)]
pub struct Strict {
    clock: Option<Clock>,
    /// Keys live so many seconds, whatever is asked for.
    pub life: Option<u64>,
    /// Every call to STS is answered so.
    pub fails: Option<(u16, &'static str, &'static str)>,
    /// The trust policies do not allow `sts:TagSession`.
    pub refuses_tags: bool,
    /// The code that the MFA device shows now; it is good for one call.
    pub code: Option<&'static str>,
    /// Tokens and assertions that are good.
    pub tokens: Vec<String>,
    /// IAM refuses.
    pub may_not_revoke: bool,
    /// The forms of the calls to STS and IAM, in order.
    pub asked: Vec<Form>,
    pub given: Vec<Given>,
    /// With which of `given` each call to the service was signed.
    pub used: Vec<usize>,
}

pub type Shared = Arc<Mutex<Strict>>;

/// A stub, and the address that it answers at.
pub fn strict(clock: &Clock, change: impl FnOnce(&mut Strict)) -> (Shared, Upstream) {
    let mut strict = Strict { clock: Some(clock.clone()), ..Strict::default() };
    change(&mut strict);
    let shared: Shared = Arc::new(Mutex::new(strict));
    let inside = shared.clone();
    (shared, upstream(move |parts, body| inside.lock().unwrap().answer(parts, body)))
}

pub fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

fn form(body: &[u8]) -> Form {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = std::str::from_utf8(body).unwrap().split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn refusal(status: u16, code: &str, message: &str) -> Response<Bytes> {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    Response::builder().status(status).body(Bytes::from(body)).unwrap()
}

impl Strict {
    fn now(&self) -> u64 {
        self.clock.as_ref().unwrap().unix_seconds()
    }

    fn is_signed_with(&self, parts: &Parts, body: &[u8], key: &Key) -> bool {
        let Ok(claims) = sigv4::parse(parts) else { return false };
        let hash = hex::encode(sha2::Sha256::digest(body));
        let token = parts.headers.get("x-amz-security-token").map(|token| token.to_str().unwrap());
        token == key.token.as_ref().map(Secret::expose)
            && sigv4::verify(&claims, parts, Some(&hash), key, self.now()).is_ok()
    }

    /// The living key that signed.
    fn signer(&self, parts: &Parts, body: &[u8]) -> Option<usize> {
        let at = self.given.iter().position(|given| self.is_signed_with(parts, body, &given.key))?;
        (self.now() < self.given[at].expires).then_some(at)
    }

    fn answer(&mut self, parts: &Parts, body: &[u8]) -> Response<Bytes> {
        if !body.starts_with(b"Action=") {
            let Some(at) = self.signer(parts, body) else {
                return refusal(403, "ExpiredTokenException", "not signed with a key that lives");
            };
            self.used.push(at);
            return json("{\"TableNames\":[]}");
        }
        let form = form(body);
        self.asked.push(form.clone());
        if let Some((status, code, message)) = self.fails {
            return refusal(status, code, message);
        }
        let action = field(&form, "Action").unwrap();
        let is_signed = parts.headers.contains_key("authorization");
        match action {
            "AssumeRole" | "GetSessionToken" => self.signed(action, &form, parts, body),
            "AssumeRoleWithWebIdentity" | "AssumeRoleWithSAML" if is_signed => {
                refusal(403, "InvalidClientTokenId", "this call is not signed")
            }
            "AssumeRoleWithWebIdentity" => self.with_token(
                &form,
                "WebIdentityToken",
                &["Tags.member.1.Key", "SourceIdentity", "ExternalId"],
            ),
            "AssumeRoleWithSAML" => {
                self.with_token(&form, "SAMLAssertion", &["RoleSessionName", "Tags.member.1.Key"])
            }
            "PutRolePolicy" | "ListRolePolicies" | "DeleteRolePolicy" => self.iam(action, parts, body),
            other => refusal(400, "InvalidAction", other),
        }
    }

    fn signed(&mut self, action: &str, form: &Form, parts: &Parts, body: &[u8]) -> Response<Bytes> {
        let by_person = self.is_signed_with(parts, body, &real_key());
        let by_given = self.signer(parts, body);
        if !by_person && by_given.is_none() {
            return refusal(403, "SignatureDoesNotMatch", "not signed with a key that lives");
        }
        if let Some(code) = field(form, "TokenCode")
            && self.code.take() != Some(code)
        {
            let why = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
            return refusal(403, "AccessDenied", why);
        }
        if self.refuses_tags && field(form, "Tags.member.1.Key").is_some() {
            let why = "User: ana is not authorized to perform: sts:TagSession on resource: role/agent";
            return refusal(403, "AccessDenied", why);
        }
        if action == "GetSessionToken" {
            return self.give(form, "", "");
        }
        let name = field(form, "RoleSessionName").unwrap().to_owned();
        self.give(form, field(form, "RoleArn").unwrap(), &name)
    }

    fn with_token(&mut self, form: &Form, token: &str, unknown: &[&str]) -> Response<Bytes> {
        if let Some(name) = unknown.iter().find(|name| field(form, name).is_some()) {
            return refusal(400, "ValidationError", name);
        }
        if !self.tokens.iter().any(|good| Some(good.as_str()) == field(form, token)) {
            return refusal(400, "ExpiredTokenException", "Token expired");
        }
        let name = field(form, "RoleSessionName").unwrap_or("by-assertion").to_owned();
        self.give(form, field(form, "RoleArn").unwrap(), &name)
    }

    fn give(&mut self, form: &Form, role: &str, name: &str) -> Response<Bytes> {
        let seconds = field(form, "DurationSeconds").map_or(3_600, |text| text.parse().unwrap());
        if !(900..=129_600).contains(&seconds) {
            return refusal(400, "ValidationError", "DurationSeconds");
        }
        let expires = self.now() + self.life.unwrap_or(seconds);
        let number = self.given.len();
        let key = Key {
            access_key_id: format!("ASIASTRICTSTRICT{number:04}"),
            secret: Secret::new(format!("strict/SECRET+kept0inside1of2hoop3on{number:04}")),
            token: Some(Secret::new(format!(
                "IQoJb3JpZ2luX2VjStrictTokenStrictTokenStrictToken{number:04}=="
            ))),
        };
        let until = jiff::Timestamp::from_second(i64::try_from(expires).unwrap()).unwrap();
        let short = role.rsplit('/').next().unwrap();
        let account = role.split(':').nth(4).unwrap_or("123456789012");
        let body = format!(
            "<R><AssumedRoleUser><Arn>arn:aws:sts::{account}:assumed-role/{short}/{name}</Arn><AssumedRoleId>AROA{short}:{name}\
             </AssumedRoleId></AssumedRoleUser><PackedPolicySize>6</PackedPolicySize><Credentials><AccessKeyId>{}</AccessKeyId>\
             <SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{until}</Expiration></Credentials></R>",
            key.access_key_id,
            key.secret.expose(),
            key.token.as_ref().unwrap().expose(),
        );
        self.given.push(Given { key, expires, role: role.to_owned(), name: name.to_owned() });
        Response::new(Bytes::from(body))
    }

    fn iam(&mut self, action: &str, parts: &Parts, body: &[u8]) -> Response<Bytes> {
        if !self.is_signed_with(parts, body, &real_key()) {
            return refusal(403, "SignatureDoesNotMatch", "not signed with the person's key");
        }
        if self.may_not_revoke {
            return refusal(403, "AccessDenied", "not authorized to perform: iam:PutRolePolicy");
        }
        match action {
            "ListRolePolicies" => Response::new(Bytes::from(
                "<PolicyNames><member>hoop-ended-until-5-bob</member><member>admin</member></PolicyNames>",
            )),
            _ => Response::new(Bytes::from("<R/>")),
        }
    }
}
