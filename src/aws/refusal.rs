//! How AWS says no: an error body in the shape of each protocol, so that every SDK shows the sentence as it is.

use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::Response;
use http::StatusCode;
use http::request::Parts;
use serde_json::json;

use super::protocol::Protocol;
use super::protocol::text;

/// The longest message, in characters: it goes into headers' neighbours, terminals and records.
const LONGEST_MESSAGE: usize = 1_000;

/// The code that means: later, and without asking anybody.
const THROTTLING: &str = "Throttling";

/// Bears the message, in ASCII.
pub const REFUSAL_HEADER: &str = "x-hoop-refusal";

/// Why a request is not forwarded, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, 400 or 403.
    pub status: u16,
    /// AWS's error code, `SignatureDoesNotMatch`.
    pub code: &'static str,
    /// A sentence for the user; holds no secret.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// A temporary credential has ended, in the words of each protocol.
    #[must_use]
    pub fn expired_token(parts: &Parts, signing_name: &str) -> Self {
        let included = "The security token included in the request is expired";
        match Protocol::guess(parts, signing_name) {
            Protocol::RestXml if signing_name.starts_with("s3") => {
                Self::new(400, "ExpiredToken", "The provided token has expired.")
            }
            Protocol::Query | Protocol::RestXml => Self::new(403, "ExpiredToken", included),
            Protocol::Ec2 => Self::new(400, "RequestExpired", "Request has expired."),
            Protocol::Json | Protocol::RestJson | Protocol::Cbor => {
                Self::new(400, "ExpiredTokenException", included)
            }
        }
    }
}

/// How an error must look for one request.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The protocol that the client spoke.
    pub protocol: Protocol,
    /// A HEAD request: an error has no body.
    pub head: bool,
    /// The client asked for errors named as in the older query protocol (`x-amzn-query-mode`).
    pub query_mode: bool,
    /// XML errors stand inside `<ErrorResponse>`: all REST-XML services but S3.
    pub wrapped: bool,
}

impl Shape {
    /// The shape for a request of `protocol`, signed for `signing_name`.
    #[must_use]
    pub fn of(parts: &Parts, protocol: Protocol, signing_name: &str) -> Self {
        Self {
            protocol,
            head: parts.method == Method::HEAD,
            query_mode: text(&parts.headers, "x-amzn-query-mode").eq_ignore_ascii_case("true"),
            wrapped: !signing_name.starts_with("s3"),
        }
    }

    /// The response.
    ///
    /// `AccessDenied`, `ExpiredToken` and `Throttling` are given the name that they have in this protocol
    /// (`AccessDeniedException`, `UnauthorizedOperation`, `SlowDown`), `Throttling` its status, too: no SDK tries the
    /// first two again, and every SDK waits and tries the third. The message loses control characters and is cut at 1,000
    /// characters; it stands in the header `x-hoop-refusal`, too, because the answer to a HEAD has no body.
    #[must_use]
    pub fn response(self, status: u16, code: &str, message: &str, request_id: &str) -> Response<Bytes> {
        let status = if code == THROTTLING { self.throttled_status() } else { status };
        let code = self.code(&sanitised(code));
        let message = sanitised(message);
        let id = sanitised(request_id);
        let fault = if status >= 500 { "Receiver" } else { "Sender" };
        let (content_type, body) = self.body(&code, &message, &id, fault);
        let length = body.len();
        let mut response = Response::new(if self.head { Bytes::new() } else { Bytes::from(body) });
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        };
        put("content-type", content_type);
        if !self.head {
            put("content-length", &length.to_string());
        }
        put("x-amzn-requestid", &id);
        let line: String = message.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        put(REFUSAL_HEADER, &line);
        match self.protocol {
            Protocol::Json | Protocol::RestJson => put("x-amzn-errortype", &code),
            Protocol::Cbor => put("smithy-protocol", "rpc-v2-cbor"),
            Protocol::RestXml => put("x-amz-request-id", &id),
            Protocol::Query | Protocol::Ec2 => {}
        }
        if self.query_mode && matches!(self.protocol, Protocol::Json | Protocol::Cbor) {
            // The names of the query protocol, for clients that were written for it.
            let name = Self { protocol: Protocol::Query, ..self }.code(&code);
            put("x-amzn-query-error", &format!("{name};{fault}"));
        }
        response
    }

    /// AWS has several names for the same thing.
    fn code(self, code: &str) -> String {
        let is_json = matches!(self.protocol, Protocol::Json | Protocol::RestJson | Protocol::Cbor);
        let name = match code {
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => match self.protocol {
                _ if is_json => "AccessDeniedException",
                Protocol::Ec2 => "UnauthorizedOperation",
                _ => "AccessDenied",
            },
            // EC2 says RequestExpired, which the JavaScript SDK takes for a wrong clock, and tries again.
            "ExpiredToken" | "ExpiredTokenException" if is_json => "ExpiredTokenException",
            "ExpiredToken" | "ExpiredTokenException" => "ExpiredToken",
            THROTTLING | "ThrottlingException" => match self.protocol {
                _ if is_json => "ThrottlingException",
                Protocol::Ec2 => "RequestLimitExceeded",
                Protocol::RestXml if !self.wrapped => "SlowDown",
                _ => THROTTLING,
            },
            other => other,
        };
        name.to_owned()
    }

    /// What AWS answers with when a client is too fast.
    fn throttled_status(self) -> u16 {
        match self.protocol {
            Protocol::RestJson => 429,
            Protocol::Ec2 => 503,
            Protocol::RestXml if !self.wrapped => 503,
            _ => 400,
        }
    }

    fn body(self, code: &str, message: &str, id: &str, fault: &str) -> (&'static str, Vec<u8>) {
        let (code_xml, message_xml, id_xml) = (escaped(code), escaped(message), escaped(id));
        let xml = |text: String| {
            ("text/xml", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}").into_bytes())
        };
        match self.protocol {
            // Both spellings: SDKs differ in which of them they read.
            Protocol::Json => (
                "application/x-amz-json-1.1",
                json!({ "__type": code, "Message": message, "message": message }).to_string().into_bytes(),
            ),
            Protocol::RestJson => (
                "application/json",
                json!({ "code": code, "Message": message, "message": message }).to_string().into_bytes(),
            ),
            Protocol::Cbor => ("application/cbor", cbor_error(code, message)),
            Protocol::Ec2 => xml(format!(
                "<Response><Errors><Error><Code>{code_xml}</Code><Message>{message_xml}</Message></Error></Errors>\
                 <RequestID>{id_xml}</RequestID></Response>"
            )),
            Protocol::RestXml if !self.wrapped => {
                let (_, body) = xml(format!(
                    "<Error><Code>{code_xml}</Code><Message>{message_xml}</Message><RequestId>{id_xml}</RequestId>\
                     <HostId>hoop</HostId></Error>"
                ));
                ("application/xml", body)
            }
            Protocol::Query | Protocol::RestXml => xml(format!(
                "<ErrorResponse><Error><Type>{fault}</Type><Code>{code_xml}</Code><Message>{message_xml}</Message>\
                 </Error><RequestId>{id_xml}</RequestId></ErrorResponse>"
            )),
        }
    }
}

/// An AWS error response of `protocol`; for HEAD requests, query mode or wrapped XML use [`Shape`].
#[must_use]
pub fn refusal(
    protocol: Protocol,
    status: u16,
    code: &str,
    message: &str,
    request_id: &str,
) -> Response<Bytes> {
    let shape = Shape { protocol, head: false, query_mode: false, wrapped: false };
    shape.response(status, code, message, request_id)
}

/// Without control characters, and not too long.
fn sanitised(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_MESSAGE).collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Not allowed in XML 1.0, even escaped.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// A CBOR map of `__type` and `message`.
fn cbor_error(code: &str, message: &str) -> Vec<u8> {
    let mut out = vec![0xa2];
    for text in ["__type", code, "message", message] {
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        out.push(0x79);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(protocol: Protocol) -> String {
        let response = refusal(protocol, 403, "AccessDenied", "no <deletes>\u{1b}[2J & more", "id-1");
        assert_eq!(response.status(), 403);
        String::from_utf8(response.into_body().to_vec()).unwrap()
    }

    #[test]
    fn each_protocol_has_its_own_shape() {
        assert_eq!(
            body(Protocol::Json),
            r#"{"__type":"AccessDeniedException","Message":"no <deletes> [2J & more","message":"no <deletes> [2J & more"}"#
        );
        assert!(body(Protocol::RestXml).ends_with(
            "<Error><Code>AccessDenied</Code><Message>no &lt;deletes&gt; [2J &amp; more</Message>\
             <RequestId>id-1</RequestId><HostId>hoop</HostId></Error>"
        ));
        assert!(body(Protocol::Ec2).contains("<Response><Errors><Error><Code>UnauthorizedOperation</Code>"));
        assert!(
            body(Protocol::Query)
                .contains("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>")
        );
        let rest = refusal(Protocol::RestJson, 403, "AccessDenied", "no", "id");
        assert_eq!(rest.headers()["x-amzn-errortype"], "AccessDeniedException");
    }

    #[test]
    fn head_has_no_body_and_query_mode_its_header() {
        let head = Shape { protocol: Protocol::RestXml, head: true, query_mode: false, wrapped: false };
        let response = head.response(403, "AccessDenied", "no", "id");
        assert!(response.body().is_empty());
        assert_eq!(response.headers()[REFUSAL_HEADER], "no");
        let mode = Shape { protocol: Protocol::Json, head: false, query_mode: true, wrapped: true };
        let response = mode.response(403, "AccessDenied", "no", "id");
        assert_eq!(response.headers()["x-amzn-query-error"], "AccessDenied;Sender");
    }

    #[test]
    fn a_throttle_and_an_end_have_the_names_and_status_that_sdks_know() {
        let shape = |protocol, wrapped| Shape { protocol, head: false, query_mode: true, wrapped };
        for (shape, status, throttled, expired) in [
            (shape(Protocol::Json, true), 400, "ThrottlingException", "ExpiredTokenException"),
            (shape(Protocol::Cbor, true), 400, "ThrottlingException", "ExpiredTokenException"),
            (shape(Protocol::RestJson, true), 429, "ThrottlingException", "ExpiredTokenException"),
            (shape(Protocol::Query, true), 400, "Throttling", "ExpiredToken"),
            (shape(Protocol::RestXml, true), 400, "Throttling", "ExpiredToken"),
            (shape(Protocol::RestXml, false), 503, "SlowDown", "ExpiredToken"),
            (shape(Protocol::Ec2, true), 503, "RequestLimitExceeded", "ExpiredToken"),
        ] {
            for (code, status, name) in [("Throttling", status, throttled), ("ExpiredToken", 403, expired)] {
                let response = shape.response(403, code, "wait", "id");
                let body = response.body().escape_ascii().to_string();
                assert!(response.status() == status && body.contains(name), "{shape:?} {response:?}");
                let mode = response.headers().get("x-amzn-query-error").map(|value| value.to_str().unwrap());
                assert!(mode.is_none_or(|mode| mode == format!("{code};Sender")), "{shape:?} {mode:?}");
            }
        }
    }

    #[test]
    fn a_message_is_cut_and_never_breaks_a_header() {
        let response = refusal(Protocol::Cbor, 9999, "A\r\nB", &"é".repeat(70_000), "i\nd");
        assert_eq!(response.status(), 403);
        assert!(response.body().len() < 3_000);
        assert_eq!(response.headers()[REFUSAL_HEADER].len(), 1_000);
    }
}
