//! Calls to STS: a signed form out, a small XML document back.

use http::HeaderValue;
use http::Method;
use http::Request;
use http::header;
use http_body_util::BodyExt;
use http_body_util::Limited;
use sha2::Digest;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::aws::Partition;
use crate::aws::sigv4;
use crate::aws::sigv4::Key;
use crate::aws::sigv4::PayloadHash;
use crate::aws::sigv4::Scope;
use crate::aws::sigv4::sign;
use crate::creds::LONGEST_CAUSE;
use crate::net::Http;
use crate::net::Upstream;
use crate::net::full;

/// The version of the STS API, the only one there ever was.
const VERSION: &str = "2011-06-15";

/// Answers hold a credential at most: a few KiB.
const ANSWER_BYTES: usize = 256 * 1024;

/// A clock that is off by less than this, in seconds, is not why a signature is refused.
const TOLERATED_SKEW: u64 = 4 * 60;

/// An endpoint of STS, and who asks there.
pub(super) struct Sts<'a> {
    pub upstream: &'a Upstream,
    pub key: &'a Key,
    pub region: Option<&'a str>,
    /// Seconds since the Unix epoch, by our own clock.
    pub now_unix: u64,
}

/// An answer, whole.
pub(super) struct Answer {
    pub status: u16,
    pub body: Zeroizing<String>,
    /// STS's own time, where the answer tells it.
    pub date: Option<u64>,
}

/// Why STS refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub status: u16,
    /// `AccessDenied`; empty where the answer was no error document.
    pub code: String,
    /// STS's own words, without control characters, bounded.
    pub message: String,
}

impl Sts<'_> {
    /// Sends `Action=ACTION` with `fields`. A machine whose clock is off gets a second try with STS's time.
    ///
    /// # Errors
    /// Why STS could not be reached, in words.
    pub(super) async fn call(&self, action: &str, fields: &[(String, String)]) -> Result<Answer, String> {
        let mut body = Zeroizing::new(format!("Action={action}&Version={VERSION}"));
        for (name, value) in fields {
            for part in ["&", &escape(name), "=", &escape(value)] {
                body.push_str(part);
            }
        }
        let answer = self.send(&body, self.now_unix).await?;
        let is_late = matches!(answer.status, 400 | 403)
            && ["SignatureDoesNotMatch", "RequestExpired"].contains(&answer.fault().code.as_str())
            && answer.fault().message.starts_with("Signature ");
        match answer.date {
            Some(theirs) if is_late && theirs.abs_diff(self.now_unix) > TOLERATED_SKEW => {
                self.send(&body, theirs).await
            }
            _ => Ok(answer),
        }
    }

    async fn send(&self, body: &str, now_unix: u64) -> Result<Answer, String> {
        let region = self.region.unwrap_or("us-east-1");
        let domain = Partition::of_region(region).domain;
        let host = format!("sts.{region}.{domain}");
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_str(&host).map_err(|cause| cause.to_string())?);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, form);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        let (mut parts, ()) = request.into_parts();
        let payload = PayloadHash::Signed(hex::encode(Sha256::digest(body)));
        sign(&mut parts, &payload, self.key, Scope { region, service: "sts" }, now_unix);
        let request = Request::from_parts(parts, full(body.to_owned()));
        let response = self.upstream.send(&host, Http::One, request).await;
        let response = response.map_err(|cause| cause.to_string())?;
        let status = response.status().as_u16();
        let date =
            response.headers().get(header::DATE).and_then(|date| sigv4::http_date(date.to_str().ok()?));
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
        let body = body.map_err(|cause| cause.to_string())?.to_bytes();
        let text = Zeroizing::new(std::str::from_utf8(&body).unwrap_or_default().to_owned());
        // What was read may hold a secret; where nobody else has it any more, it is wiped.
        if let Ok(mut read) = body.try_into_mut() {
            read.fill(0);
        }
        Ok(Answer { status, body: text, date })
    }
}

impl Answer {
    /// The text of the first element called `name`.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let inside = between(&self.body, &format!("<{name}>"), &format!("</{name}>"))?;
        quick_xml::escape::unescape(inside).ok().map(|text| text.trim().to_owned())
    }

    /// What the error document says.
    pub(super) fn fault(&self) -> Fault {
        let clean = |text: String| -> String {
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_CAUSE).collect()
        };
        Fault {
            status: self.status,
            code: self.text("Code").map(clean).unwrap_or_default(),
            message: self.text("Message").map(clean).unwrap_or_default(),
        }
    }
}

impl Fault {
    /// `AccessDenied: User … is not authorized …`
    pub(super) fn sentence(&self) -> String {
        match (self.code.as_str(), self.message.as_str()) {
            ("", _) => format!("STS answered {} and no reason", self.status),
            (code, "") => code.to_owned(),
            (code, message) => format!("{code}: {message}"),
        }
    }
}

/// As a form wants it: everything but letters, digits and `-._~` as `%XX`.
fn escape(text: &str) -> String {
    const SET: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, SET).to_string()
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.split_once(open)?.1.split_once(close).map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: Zeroizing::new(body.to_owned()), date: None }
    }

    #[test]
    fn answers_are_read() {
        let fault = answer(
            403,
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: &quot;a&quot;\n\
             may not</Message></Error></ErrorResponse>",
        )
        .fault();
        assert_eq!(fault.sentence(), "AccessDenied: User: \"a\" may not");
        assert_eq!(answer(502, "<html>").fault().sentence(), "STS answered 502 and no reason");
        assert_eq!(answer(200, "<Account>1").text("Account"), None);
        assert_eq!(answer(200, "<A>&broken;</A>").text("A"), None);
    }

    #[test]
    fn a_form_is_escaped() {
        assert_eq!(escape("{\"a b\": [1]}~é"), "%7B%22a%20b%22%3A%20%5B1%5D%7D~%C3%A9");
    }
}
