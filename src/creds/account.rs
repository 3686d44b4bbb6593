//! Whose credential it is: one signed `sts:GetCallerIdentity`, which needs no permission.

use http::HeaderValue;
use http::Method;
use http::Request;
use http::header;
use http_body_util::BodyExt;
use http_body_util::Limited;
use sha2::Digest;
use sha2::Sha256;

use crate::aws::sigv4::Key;
use crate::aws::sigv4::PayloadHash;
use crate::aws::sigv4::Scope;
use crate::aws::sigv4::sign;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::net::Http;
use crate::net::Upstream;
use crate::net::full;

const QUESTION: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// The answer is under 1 KiB.
const ANSWER_BYTES: usize = 64 * 1024;

/// Whose a credential is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The account, 12 digits.
    pub account: String,
    /// The user, role session or root user: `arn:aws:sts::123456789012:assumed-role/deploy/ana`.
    pub arn: Option<String>,
}

/// Asks STS whose `key` is.
pub async fn ask_sts(upstream: &Upstream, key: &Key, region: Option<&str>, now_unix: u64) -> Result<Who> {
    let region = region.unwrap_or("us-east-1");
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let host = format!("sts.{region}.{suffix}");
    let failed = |why: String| {
        Error::new(Kind::Upstream, "cannot find out the AWS account of the credential")
            .why(why)
            .fix("try it outside of the session: aws sts get-caller-identity")
    };
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_str(&host).map_err(|cause| failed(cause.to_string()))?);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, form);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(QUESTION.len()));
    let (mut parts, ()) = request.into_parts();
    let payload = PayloadHash::Signed(hex::encode(Sha256::digest(QUESTION)));
    sign(&mut parts, &payload, key, Scope { region, service: "sts" }, now_unix);
    let response = upstream.send(&host, Http::One, Request::from_parts(parts, full(QUESTION))).await;
    let response = response.map_err(|cause| failed(cause.to_string()))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
    let body = body.map_err(|cause| failed(cause.to_string()))?.to_bytes();
    let body = std::str::from_utf8(&body).unwrap_or_default();
    match between(body, "<Account>", "</Account>") {
        Some(account) if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => {
            let arn = between(body, "<Arn>", "</Arn>").filter(|arn| arn.starts_with("arn:"));
            Ok(Who { account: account.to_owned(), arn: arn.map(str::to_owned) })
        }
        _ => {
            let code = between(body, "<Code>", "</Code>").unwrap_or("no account in the answer");
            Err(failed(format!("STS answered {status}: {}", code.escape_debug())))
        }
    }
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.split_once(open)?.1.split_once(close).map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_stands_between_its_tags() {
        let answer =
            "<GetCallerIdentityResult><Arn>x</Arn><Account>123456789012</Account></GetCallerIdentityResult>";
        assert_eq!(between(answer, "<Account>", "</Account>"), Some("123456789012"));
        assert_eq!(between("<Account>1", "<Account>", "</Account>"), None);
    }
}
