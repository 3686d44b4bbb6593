//! A raw HTTP request from a file: request line, headers, a blank line, body. For looking at, not for serving.

use http::Request;
use http::request::Parts;

/// The most headers a request may have; AWS takes fewer.
const MOST_HEADERS: usize = 256;

/// A request out of a file.
#[derive(Debug)]
pub struct Raw {
    /// Method, URI and headers.
    pub parts: Parts,
    /// What follows the blank line, as long as Content-Length says.
    pub body: Vec<u8>,
}

impl Raw {
    /// Reads a request. Lines may end in a line feed alone; the HTTP version may be left out.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let (head, body) = split(bytes);
        let head =
            std::str::from_utf8(head).map_err(|_| "the request line or a header is not UTF-8".to_owned())?;
        let mut lines = head.lines().enumerate().skip_while(|(_, line)| line.trim().is_empty());
        let (_, first) = lines.next().ok_or("there is no request line")?;
        let mut words = first.split_ascii_whitespace();
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(format!("`{first}` is no request line: it is METHOD PATH, `POST / HTTP/1.1`"));
        };
        if words.next().is_some_and(|version| !version.starts_with("HTTP/")) || words.next().is_some() {
            return Err(format!("`{first}` is no request line: a blank in a path is written %20"));
        }
        let mut builder = Request::builder().method(method).uri(target);
        for (number, line) in lines {
            if number > MOST_HEADERS {
                return Err(format!("more than {MOST_HEADERS} headers"));
            }
            let Some((name, value)) = line.split_once(':') else {
                return Err(format!("line {}: `{line}` is no header: it is `Name: value`", number + 1));
            };
            builder = builder.header(name.trim(), value.trim());
        }
        let request = builder.body(()).map_err(|error| format!("it is no HTTP request: {error}"))?;
        let parts = request.into_parts().0;
        Ok(Self { body: measured(&parts, body)?, parts })
    }

    /// The host that the request is for, without a port.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        let host = match self.parts.headers.get("host") {
            Some(host) => host.to_str().ok()?,
            None => self.parts.uri.authority()?.as_str(),
        };
        Some(host.rsplit_once(':').map_or(host, |(name, _)| name))
    }
}

/// Everything before the first blank line that follows a line, and everything behind it.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    let mut had_line = false;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let is_blank = bytes[start..at].iter().all(u8::is_ascii_whitespace);
        if is_blank && had_line {
            return (&bytes[..start], &bytes[at + 1..]);
        }
        had_line |= !is_blank;
        start = at + 1;
    }
    (bytes, &[])
}

fn measured(parts: &Parts, body: &[u8]) -> Result<Vec<u8>, String> {
    if parts.headers.contains_key("transfer-encoding") {
        return Err(
            "the body is in chunks (Transfer-Encoding): write it as one, with its Content-Length".to_owned()
        );
    }
    let Some(length) = parts.headers.get("content-length") else { return Ok(body.to_vec()) };
    let length = length.to_str().ok().and_then(|text| text.parse::<usize>().ok());
    let length = length.ok_or("Content-Length is no number")?;
    match body.get(..length) {
        Some(body) => Ok(body.to_vec()),
        None => Err(format!("the body has {} bytes, Content-Length says {length}", body.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_is_taken_apart() {
        let raw = Raw::read(
            b"\nPOST /a?b=c HTTP/1.1\r\nHost: iam.amazonaws.com:443\r\nContent-Length: 2\r\n\r\nxy\n",
        )
        .unwrap();
        assert_eq!(
            (raw.parts.method.as_str(), raw.host(), &raw.body[..]),
            ("POST", Some("iam.amazonaws.com"), &b"xy"[..])
        );
        let raw = Raw::read(b"GET https://b.s3.amazonaws.com/k\n").unwrap();
        assert_eq!((raw.parts.uri.path(), raw.host()), ("/k", Some("b.s3.amazonaws.com")));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (request, fault) in [
            (&b""[..], "no request line"),
            (b"GET", "METHOD PATH"),
            (b"GET /a b HTTP/1.1", "%20"),
            (b"GET / HTTP/1.1\nHost", "line 2"),
            (b"GET / HTTP/1.1\nContent-Length: 3\n\nab", "has 2 bytes"),
            (b"GET / HTTP/1.1\nTransfer-Encoding: chunked\n\n", "chunks"),
            (b"GET /\xff", "UTF-8"),
            (b"GET / HTTP/1.1\nA b: c", "no HTTP request"),
        ] {
            let error = Raw::read(request).unwrap_err();
            assert!(error.contains(fault), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>) {
            let _ = Raw::read(&bytes);
        }
    }
}
