//! The canonical request: the text that both sides hash.

use std::borrow::Cow;

use http::request::Parts;
use sha2::Digest;
use sha2::Sha256;

use super::Algorithm;
use super::raw_path;

/// The query parameter that holds the signature itself and so cannot be covered by it.
const SIGNATURE: &str = "X-Amz-Signature";

/// How the query string enters the canonical request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryForm {
    /// Decoded and encoded again, as AWS does.
    Encoded,
    /// The bytes as they came, only sorted: what botocore signs when it was handed a complete URL.
    Raw,
    /// As AWS does, but without the session token: IoT's gateway wants it added after signing.
    WithoutToken,
}

/// The canonical request for `signed` headers (lower-case, sorted).
pub(super) fn request(
    parts: &Parts,
    signed: &[String],
    payload: &str,
    service: &str,
    form: QueryForm,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(parts.method.as_str().as_bytes());
    out.push(b'\n');
    out.extend_from_slice(&path(parts.uri.path(), service));
    out.push(b'\n');
    query(parts.uri.query().unwrap_or_default(), form, &mut out);
    out.push(b'\n');
    for name in signed {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        header(parts, name, &mut out);
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(signed.join(";").as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload.as_bytes());
    out
}

/// The string to sign over a canonical request.
pub(super) fn string_to_sign(algorithm: Algorithm, timestamp: &str, scope: &str, canonical: &[u8]) -> String {
    format!("{}\n{timestamp}\n{scope}\n{}", algorithm.as_str(), hex::encode(Sha256::digest(canonical)))
}

/// The canonical path: as it is for S3, else without `.`, `..` and empty segments and encoded once more.
fn path(raw: &str, service: &str) -> Vec<u8> {
    let raw = if raw.is_empty() { "/" } else { raw };
    if raw_path(service) {
        return raw.as_bytes().to_vec();
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut out = Vec::with_capacity(raw.len() + 8);
    for segment in &segments {
        out.push(b'/');
        encode(segment.as_bytes(), &mut out);
    }
    // A final slash survives, as does the path that is nothing but one.
    if segments.is_empty() || raw.ends_with('/') || raw.ends_with("/.") || raw.ends_with("/..") {
        out.push(b'/');
    }
    out
}

/// The canonical query: sorted by encoded name, then value; the signature left out.
fn query(raw: &str, form: QueryForm, out: &mut Vec<u8>) {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == SIGNATURE || (form == QueryForm::WithoutToken && name == "X-Amz-Security-Token") {
            continue;
        }
        pairs.push((item(name, form), item(value, form)));
    }
    pairs.sort();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

fn item(raw: &str, form: QueryForm) -> Vec<u8> {
    match form {
        QueryForm::Raw => raw.as_bytes().to_vec(),
        QueryForm::Encoded | QueryForm::WithoutToken => {
            let mut out = Vec::with_capacity(raw.len() + 8);
            encode(&decode(raw.as_bytes()), &mut out);
            out
        }
    }
}

/// The value of a header: repeated ones joined by commas, trimmed, inner runs of blanks made one.
fn header(parts: &Parts, name: &str, out: &mut Vec<u8>) {
    let name = if name == ":authority" { "host" } else { name };
    let mut values = parts.headers.get_all(name).iter().map(http::HeaderValue::as_bytes).peekable();
    if values.peek().is_none() && name == "host" {
        // HTTP/2 has no Host header; the authority stands for it.
        out.extend_from_slice(parts.uri.authority().map_or("", |a| a.as_str()).as_bytes());
        return;
    }
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let mut words =
            value.split(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).filter(|word| !word.is_empty());
        if let Some(first) = words.next() {
            out.extend_from_slice(first);
        }
        for word in words {
            out.push(b' ');
            out.extend_from_slice(word);
        }
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// Undoes percent-encoding; a `%` that is not followed by two hexadecimal digits stands for itself.
pub(crate) fn decode(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'%') {
        return Cow::Borrowed(raw);
    }
    let digit = |at: usize| raw.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        if raw[at] == b'%'
            && let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2))
        {
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(raw[at]);
            at += 1;
        }
    }
    Cow::Owned(out)
}

/// The canonical path, for tests of what counts as the same.
#[cfg(test)]
pub(super) fn path_for_tests(raw: &str, service: &str) -> Vec<u8> {
    path(raw, service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(raw: &str, service: &str) -> String {
        String::from_utf8(path(raw, service)).unwrap()
    }

    #[test]
    fn an_s3_path_is_left_alone() {
        for raw in ["/", "/b/a//b", "/b/a/../b", "/b/./x", "/b/a%2Fb%20c", "/b/x+y&z"] {
            assert_eq!(path_of(raw, "s3"), raw);
        }
    }

    #[test]
    fn any_other_path_is_normalised_and_encoded_again() {
        for (raw, want) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a/./b/../c", "/a/c"),
            ("/a/..", "/"),
            ("/../..", "/"),
            ("/a//b/", "/a/b/"),
            ("/functions/arn%3Aaws", "/functions/arn%253Aaws"),
            ("/a b", "/a%20b"),
        ] {
            assert_eq!(path_of(raw, "lambda"), want, "{raw}");
        }
    }

    #[test]
    fn a_query_is_sorted_by_its_encoded_form() {
        let mut out = Vec::new();
        query("b=2&a=z&a=%41&X-Amz-Signature=abc&flag&c=a/b", QueryForm::Encoded, &mut out);
        assert_eq!(out, b"a=A&a=z&b=2&c=a%2Fb&flag=");
    }
}
