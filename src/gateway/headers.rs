//! Headers that end at the gateway, and lengths and checksums that must be true.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header;

/// Headers that belong to one connection (RFC 9110 §7.6.1), and those that older clients send instead.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Takes away what belongs to the connection, also what `Connection` names.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        // Lengths and hosts are not a hop's to take away.
        if name != header::HOST && name != header::CONTENT_LENGTH && name != header::AUTHORIZATION {
            headers.remove(name);
        }
    }
    for name in HOP_BY_HOP {
        headers.remove(*name);
    }
}

/// The protocol that a connection is wanted for, if it is websocket; no other is asked for upstream.
pub fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let wanted =
        headers.get(header::UPGRADE).filter(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let named =
        text(headers, "connection").split(',').any(|name| name.trim().eq_ignore_ascii_case("upgrade"));
    wanted.filter(|_| named).cloned()
}

/// Asks for the protocol.
pub fn put_upgrade(headers: &mut HeaderMap, protocol: &HeaderValue) {
    headers.insert(header::UPGRADE, protocol.clone());
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
}

/// A header's value as text; empty if absent or not text.
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The body was changed: makes its length and CRC true, and drops the sums that only AWS could make.
pub fn body_changed(headers: &mut HeaderMap, body: &Bytes) {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    if headers.contains_key("x-amz-crc32") {
        headers.insert("x-amz-crc32", HeaderValue::from(crc32fast::hash(body)));
    }
    drop_checksums(headers);
}

/// Drops checksums of a body that may be changed on its way.
pub fn drop_checksums(headers: &mut HeaderMap) {
    let sums: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("x-amz-checksum-")).cloned().collect();
    for name in sums {
        headers.remove(name);
    }
    headers.remove("content-md5");
    headers.remove("digest");
    headers.remove("repr-digest");
}

/// When the client is to come again: in seconds for HTTP, in milliseconds for AWS's SDKs.
pub fn put_retry_after(headers: &mut HeaderMap, again: Duration) {
    let milliseconds = u64::try_from(again.as_millis()).unwrap_or(u64::MAX);
    headers.insert(header::RETRY_AFTER, HeaderValue::from(again.as_secs()));
    headers.insert("x-amz-retry-after", HeaderValue::from(milliseconds));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_connection_stays_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-secret-hop, host"),
            ("x-secret-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("proxy-authorization", "Basic x"),
            ("host", "s3.amazonaws.com"),
            ("x-amz-meta-a", "kept"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["host", "x-amz-meta-a"]);
    }

    #[test]
    fn a_changed_body_gets_true_sums() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("x-amz-crc32", "1"), ("x-amz-checksum-crc32", "AAAAAA=="), ("content-length", "3")]
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        body_changed(&mut headers, &Bytes::from_static(b"123456789"));
        assert_eq!(text(&headers, "x-amz-crc32"), "3421780262");
        assert_eq!(text(&headers, "content-length"), "9");
        assert!(!headers.contains_key("x-amz-checksum-crc32"));
    }
}
