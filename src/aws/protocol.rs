//! The wire protocols of AWS services.

use http::HeaderMap;
use http::request::Parts;

/// How a request is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// `X-Amz-Target` and a JSON body (versions 1.0 and 1.1).
    Json,
    /// A form with `Action=`, answered in XML.
    Query,
    /// The form as EC2 writes it, with its own error shape.
    Ec2,
    /// HTTP verbs and paths, JSON bodies.
    RestJson,
    /// HTTP verbs and paths, XML bodies: S3, CloudFront, Route 53.
    RestXml,
    /// `POST /service/NAME/operation/NAME` with a CBOR body.
    Cbor,
}

impl Protocol {
    /// The name that botocore's models use for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Query => "query",
            Self::Ec2 => "ec2",
            Self::RestJson => "rest-json",
            Self::RestXml => "rest-xml",
            Self::Cbor => "smithy-rpc-v2-cbor",
        }
    }

    /// What a botocore model calls a protocol; `None` for a word it does not use.
    #[must_use]
    pub fn from_model(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "query" => Some(Self::Query),
            "ec2" => Some(Self::Ec2),
            "rest-json" => Some(Self::RestJson),
            "rest-xml" => Some(Self::RestXml),
            "smithy-rpc-v2-cbor" => Some(Self::Cbor),
            _ => None,
        }
    }

    /// The protocol as far as the headers and the signing name tell: enough to word a refusal before anything
    /// else is known.
    #[must_use]
    pub fn guess(parts: &Parts, signing_name: &str) -> Self {
        if header_is(&parts.headers, "smithy-protocol", "rpc-v2-cbor") {
            return Self::Cbor;
        }
        if parts.headers.contains_key("x-amz-target") {
            return Self::Json;
        }
        match signing_name {
            "ec2" => return Self::Ec2,
            "s3" | "s3express" | "s3-outposts" | "s3-object-lambda" | "cloudfront" | "route53" => {
                return Self::RestXml;
            }
            _ => {}
        }
        let content_type = text(&parts.headers, "content-type");
        if content_type.starts_with("application/x-www-form-urlencoded")
            || parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("Action=")))
        {
            return Self::Query;
        }
        if content_type.starts_with("application/x-amz-json") { Self::Json } else { Self::RestJson }
    }

    /// Whether the operation stands in the body or a header, not in verb and path.
    #[must_use]
    pub fn is_rpc(self) -> bool {
        !matches!(self, Self::RestJson | Self::RestXml)
    }
}

fn header_is(headers: &HeaderMap, name: &str, value: &str) -> bool {
    text(headers, name).eq_ignore_ascii_case(value)
}

/// The value of a header, empty if it is absent or not text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
