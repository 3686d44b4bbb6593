//! What is known of a request's body before it is sent on: an answer of people binds to that.

use http::header;

use crate::aws::Call;
use crate::aws::UNKNOWN;
use crate::aws::sigv4::PayloadHash;
use crate::gateway::authenticate::Payload;
use crate::gateway::authenticate::Signed;
use crate::gateway::headers;
use crate::gateway::look::grouped;

/// Headers by which AWS checks the content that comes: a body that does not fit them is refused.
const SUMS: &[&str] = &["content-md5", "content-encoding"];

/// The start of the headers of all other checksums.
const CHECKSUM: &str = "x-amz-checksum-";

/// A body, as far as it is known.
pub struct Content {
    /// The same for a retry; different for anything that can be told apart.
    pub known: Vec<(String, String)>,
    /// What people are told; `None`: all of it stands in the parameters, or there is none.
    pub said: Option<String>,
}

impl Content {
    /// The body of a request: its digest where that is known, else its announced length and sums, of which AWS holds the
    /// client to those in headers.
    pub fn of(call: &Call, signed: &Signed) -> Self {
        let headers = &signed.parts.headers;
        let mut known = vec![("method".to_owned(), signed.parts.method.to_string())];
        if call.operation == UNKNOWN {
            // Nothing else tells what it is.
            known.push(("path".to_owned(), signed.parts.uri.path().to_owned()));
            let query = signed.parts.uri.query().unwrap_or_default().split('&');
            let own =
                query.filter(|pair| !pair.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("X-Amz-")));
            known.push(("query".to_owned(), own.collect::<Vec<_>>().join("&")));
        }
        let whole = match &signed.payload {
            Payload::Whole(whole) => Some((whole.sha256.clone(), whole.bytes.len() as u64)),
            Payload::Streamed(_) => None,
        };
        let signed_hash = match &signed.claims.payload {
            Some(PayloadHash::Signed(hash)) => Some(hash.clone()),
            _ => None,
        };
        let lengths = ["x-amz-decoded-content-length", header::CONTENT_LENGTH.as_str()];
        let length: Option<u64> = lengths.iter().find_map(|name| headers::text(headers, name).parse().ok());
        if let Some((sha256, _)) = whole {
            known.push(("sha256".to_owned(), sha256));
            return Self { known, said: None };
        }
        let bytes = |length: u64| format!("{} bytes", grouped(length));
        let length_said = length.map_or_else(|| "of unknown length".to_owned(), bytes);
        if let Some(hash) = signed_hash {
            let said = format!("{length_said}, SHA-256 {hash}");
            known.push(("sha256".to_owned(), hash));
            return Self { known, said: Some(said) };
        }
        if let Some(length) = length {
            known.push(("length".to_owned(), length.to_string()));
        }
        let mut sums = Vec::new();
        for (name, value) in headers {
            let (name, value) = (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned());
            if name.starts_with(CHECKSUM) || SUMS.contains(&name) {
                if name != "content-encoding"
                    && name != "x-amz-checksum-type"
                    && name != "x-amz-checksum-algorithm"
                {
                    sums.push(format!("{} {value}", name.trim_start_matches(CHECKSUM)));
                }
                known.push((name.to_owned(), value));
            }
        }
        known.sort();
        let events = signed.claims.payload == Some(PayloadHash::Events);
        let said = match sums.is_empty() {
            _ if events => "a stream of events: what they will say is not known yet".to_owned(),
            false => format!("{length_said}, {}", sums.join(", ")),
            // A trailer comes after the content.
            true => format!("{length_said}; what is in it is not known before it is sent on"),
        };
        Self { known, said: Some(said) }
    }
}
