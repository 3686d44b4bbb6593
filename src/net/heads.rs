//! The heads of HTTP/1 requests, looked at before the server library reads them: one that two readers could read in two
//! ways is not read at all. The library would put most of them right without a word (chunks win over a length), which is
//! safe, but hides from the client and from the record that somebody tried.
//!
//! A wrong head is replaced by a harmless one that says in [`MALFORMED`] what was wrong, so that the refusal has the shape of
//! its protocol and stands in the record. Nothing is read after it.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use tokio::io::AsyncRead;
use tokio::io::ReadBuf;

use super::through::write_through;

/// The header that tells what was wrong. Whoever sends it by hand is refused, which is no harm.
pub const MALFORMED: &str = "x-hoop-malformed";

/// A longer head goes to the server library, which refuses what is longer than some 408 KiB (431).
const LONGEST_HEAD: usize = 432 << 10;

/// What is read at once of a connection that is between two bodies.
const READ_BYTES: usize = 8 << 10;

const NO_CR: &str = "a line ends without CR";

/// A connection whose request heads can be read in one way only.
#[derive(Debug)]
pub struct Heads<S> {
    stream: S,
    place: Place,
    /// What was looked at and not given yet.
    good: Vec<u8>,
    given: usize,
    /// The beginning of a head.
    head: Vec<u8>,
    /// How much of it is known not to hold its end.
    searched: usize,
}

/// Where in the conversation the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a head, or before one.
    Head,
    /// In a body, or a chunk with its end of line, of so many bytes more.
    Body { left: u64, is_chunk: bool },
    /// In the line with the size of a chunk: its size so far, and whether that is over.
    Size { size: u64, is_over: bool },
    /// In what follows the last chunk; whether the line is empty so far.
    Trailers { is_empty: bool },
    /// It is another protocol from here on, or the server library's to refuse.
    Other,
    /// A wrong head was told; what follows is thrown away.
    Refused,
}

impl<S> Heads<S> {
    /// Looks at what comes from `stream`.
    pub fn new(stream: S) -> Self {
        Self { stream, place: Place::Head, good: Vec::new(), given: 0, head: Vec::new(), searched: 0 }
    }

    /// Takes what came.
    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = match self.place {
                Place::Head => self.take_head(bytes),
                Place::Other => {
                    self.good.extend_from_slice(bytes);
                    bytes.len()
                }
                Place::Refused => return,
                _ => {
                    let count = self.pass(bytes);
                    self.good.extend_from_slice(&bytes[..count]);
                    count
                }
            };
            bytes = &bytes[count..];
        }
    }

    /// Goes through the rest of a body in `bytes`, and says how much of them belongs to it.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            match self.place {
                Place::Body { left, is_chunk } => {
                    let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    at += count;
                    self.place = match (left - count as u64, is_chunk) {
                        (0, false) => Place::Head,
                        (0, true) => Place::Size { size: 0, is_over: false },
                        (left, _) => Place::Body { left, is_chunk },
                    };
                    continue;
                }
                Place::Size { size, is_over } => {
                    let digit = char::from(byte).to_digit(16).filter(|_| !is_over);
                    self.place = match (byte, digit) {
                        (b'\n', _) if size == 0 => Place::Trailers { is_empty: true },
                        // Data, and the end of its line.
                        (b'\n', _) => Place::Body { left: size.saturating_add(2), is_chunk: true },
                        // The server library refuses a size that overflows, and what is no size.
                        (_, Some(digit)) => {
                            let size = size.saturating_mul(16).saturating_add(digit.into());
                            Place::Size { size, is_over: false }
                        }
                        _ => Place::Size { size, is_over: true },
                    };
                }
                Place::Trailers { is_empty } => {
                    self.place = match byte {
                        b'\n' if is_empty => Place::Head,
                        b'\n' => Place::Trailers { is_empty: true },
                        b'\r' => Place::Trailers { is_empty },
                        _ => Place::Trailers { is_empty: false },
                    };
                }
                Place::Head | Place::Other | Place::Refused => return at,
            }
            at += 1;
        }
        at
    }

    /// Takes bytes of a head; says how many.
    fn take_head(&mut self, bytes: &[u8]) -> usize {
        let before = self.head.len();
        if before == 0 && matches!(bytes[0], b'\r' | b'\n') {
            // Empty lines between requests mean nothing (RFC 9112 §2.2).
            return 1;
        }
        self.head.extend_from_slice(bytes);
        let Some(end) = end_of_head(&self.head, self.searched) else {
            self.searched = self.head.len().saturating_sub(2);
            if self.head.len() > LONGEST_HEAD {
                self.good.append(&mut self.head);
                self.place = Place::Other;
            }
            return bytes.len();
        };
        self.head.truncate(end);
        match framing(&self.head) {
            Ok(place) => {
                self.good.extend_from_slice(&self.head);
                self.place = place;
            }
            Err(why) => {
                self.good.extend_from_slice(&instead(&self.head, why));
                self.place = Place::Refused;
            }
        }
        self.head.clear();
        self.searched = 0;
        end - before
    }
}

/// Where the head in `bytes` ends: behind its first empty line. Nothing ends before `from`.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| from + at).find_map(|at| {
        match bytes.get(at + 1..)? {
            [b'\n', ..] => Some(at + 2),
            [b'\r', b'\n', ..] => Some(at + 3),
            _ => None,
        }
    })
}

/// What follows a head; or what is wrong with it.
fn framing(head: &[u8]) -> Result<Place, &'static str> {
    let text = head.strip_suffix(b"\r\n\r\n").ok_or(NO_CR)?;
    let mut lines = text.split(|byte| *byte == b'\n').peekable();
    let first = line(lines.next().unwrap_or_default(), lines.peek().is_none())?;
    if first.iter().any(u8::is_ascii_control) {
        return Err("there is a control character in its first line");
    }
    let (mut length, mut chunked, mut host, mut other) = (None, false, false, first.starts_with(b"CONNECT "));
    while let Some(bytes) = lines.next() {
        let bytes = line(bytes, lines.peek().is_none())?;
        let (name, value) = header(bytes)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            if length.is_some() {
                return Err("it has two lengths");
            }
            length = Some(decimal(value).ok_or("its length is not a number")?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if chunked {
                return Err("it has two transfer encodings");
            }
            if !value.eq_ignore_ascii_case(b"chunked") || first.ends_with(b"HTTP/1.0") {
                return Err("its transfer encoding is not `chunked`");
            }
            chunked = true;
        } else if name.eq_ignore_ascii_case(b"host") {
            if std::mem::replace(&mut host, true) {
                return Err("it has two hosts");
            }
        } else if name.eq_ignore_ascii_case(b"upgrade") && value.eq_ignore_ascii_case(b"websocket") {
            other = true;
        }
    }
    match (length, chunked) {
        (Some(_), true) => Err("it has a length and a transfer encoding"),
        _ if other => Ok(Place::Other),
        (_, true) => Ok(Place::Size { size: 0, is_over: false }),
        (None | Some(0), false) => Ok(Place::Head),
        (Some(left), false) => Ok(Place::Body { left, is_chunk: false }),
    }
}

/// A line without its end; the last one has lost it already.
fn line(bytes: &[u8], is_last: bool) -> Result<&[u8], &'static str> {
    if is_last { Ok(bytes) } else { bytes.strip_suffix(b"\r").ok_or(NO_CR) }
}

/// Name and value of a header.
fn header(line: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err("a header goes on in a second line");
    }
    let at = memchr::memchr(b':', line).ok_or("a header has no name")?;
    let (name, value) = (&line[..at], line[at + 1..].trim_ascii());
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if name.is_empty() || !name.iter().all(is_token) {
        return Err("a header's name has characters that no name has");
    }
    if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err("there is a control character in a header's value");
    }
    Ok((name, value))
}

/// A number of digits alone, less than 2^63.
fn decimal(text: &[u8]) -> Option<u64> {
    let is_number = (1..=18).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

/// A head without a body in the place of a wrong one: its good headers, as far as they tell what it was about.
fn instead(head: &[u8], why: &str) -> Vec<u8> {
    const TOLD: &[&str] = &[
        "host",
        "authorization",
        "content-type",
        "user-agent",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-target",
        "x-amzn-query-mode",
        "smithy-protocol",
    ];
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.next().unwrap_or_default();
    let is_plain =
        first.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') && first.ends_with(b" HTTP/1.1");
    let mut out =
        if is_plain && !first.starts_with(b"CONNECT ") { first.to_vec() } else { b"GET / HTTP/1.1".to_vec() };
    out.extend_from_slice(b"\r\n");
    let mut told = Vec::new();
    for (name, value) in lines.filter_map(|line| header(line).ok()) {
        let known = TOLD.iter().find(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        if let Some(known) = known.filter(|known| !told.contains(known)) {
            told.push(known);
            out.extend_from_slice(&[name, b": ", value, b"\r\n"].concat());
        }
    }
    out.extend_from_slice(format!("{MALFORMED}: {why}\r\nconnection: close\r\n\r\n").as_bytes());
    out
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.given < this.good.len() {
                let count = buffer.remaining().min(this.good.len() - this.given);
                buffer.put_slice(&this.good[this.given..this.given + count]);
                this.given += count;
                if this.given == this.good.len() {
                    this.good.clear();
                    this.given = 0;
                }
                return Poll::Ready(Ok(()));
            }
            match this.place {
                Place::Other => return Pin::new(&mut this.stream).poll_read(context, buffer),
                // The usual case of a large body: nothing is copied.
                Place::Body { .. } => {
                    let start = buffer.filled().len();
                    ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
                    let count = this.pass(&buffer.filled()[start..]);
                    let after = buffer.filled()[start + count..].to_vec();
                    buffer.set_filled(start + count);
                    this.take(&after);
                    return Poll::Ready(Ok(()));
                }
                _ => {}
            }
            let mut bytes = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                // A head that was begun has no end: the server library is not told of it.
                return Poll::Ready(Ok(()));
            }
            this.take(read.filled());
        }
    }
}

write_through!(Heads);

#[cfg(test)]
mod tests {
    use super::*;

    /// What the server library is given of `input`, cut into pieces of `size`.
    fn given(input: &[u8], size: usize) -> Vec<u8> {
        let mut heads = Heads::new(());
        for piece in input.chunks(size) {
            heads.take(piece);
        }
        heads.good
    }

    #[test]
    fn good_requests_pass_byte_for_byte_however_they_are_cut() {
        let all = b"\r\nPOST / HTTP/1.1\r\nhost: a\r\ncontent-length: 12\r\n\r\ntwelve\r\n\r\nby\
            PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nab\r\nc\r\n0\r\nx-t: 1\r\n\r\n\
            GET /after HTTP/1.1\r\nhost: a\r\nx-empty:\r\nx-bytes: \xff\x80\t.\r\n\r\n\
            PUT /k HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0a\r\n0123456789\r\n00\r\n\r\n\
            GET / HTTP/1.0\r\n\r\n";
        for size in [1, 2, 3, 7, 50, all.len()] {
            assert_eq!(
                given(all, size).escape_ascii().to_string(),
                all[2..].escape_ascii().to_string(),
                "{size}"
            );
        }
        // What follows a body is a head again: one with two lengths is found.
        let bad =
            [&all[..], b"GET /bad HTTP/1.1\r\ncontent-length: 1\r\nContent-Length: 1\r\n\r\nx"].concat();
        for size in [1, 5, bad.len()] {
            let told = given(&bad, size);
            let tail =
                "GET /bad HTTP/1.1\r\nx-hoop-malformed: it has two lengths\r\nconnection: close\r\n\r\n";
            assert!(told.ends_with(tail.as_bytes()), "{}", told.escape_ascii());
        }
    }

    #[test]
    fn heads_that_can_be_read_in_two_ways_are_told() {
        for (lines, why) in [
            ("content-length: 2\r\ncontent-length: 40\r\n", "it has two lengths"),
            (
                "content-length: 2\r\ntransfer-encoding: chunked\r\n",
                "it has a length and a transfer encoding",
            ),
            (
                "transfer-encoding: chunked\r\ncontent-length: 2\r\n",
                "it has a length and a transfer encoding",
            ),
            ("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", "it has two transfer encodings"),
            ("transfer-encoding: gzip, chunked\r\n", "its transfer encoding is not `chunked`"),
            ("transfer-encoding: \x0bchunked\r\n", "there is a control character in a header's value"),
            ("content-length: +2\r\n", "its length is not a number"),
            ("content-length: 2, 2\r\n", "its length is not a number"),
            ("content-length:\r\n", "its length is not a number"),
            ("content-length : 2\r\n", "a header's name has characters that no name has"),
            ("x-a: b\r\n c\r\n", "a header goes on in a second line"),
            ("x-a: b\r\n\tcontent-length: 3\r\n", "a header goes on in a second line"),
            ("x-a: b\0c\r\n", "there is a control character in a header's value"),
            ("x-a: b\rc\r\n", "there is a control character in a header's value"),
            ("x-a: b\nx-b: c\r\n", "a line ends without CR"),
            ("x-a: b\n", "a line ends without CR"),
            ("host: b\r\n", "it has two hosts"),
            ("nothing\r\n", "a header has no name"),
        ] {
            let head = format!("POST /p HTTP/1.1\r\nhost: a\r\nX-Amz-Target: T.O\r\n{lines}\r\n");
            let told = String::from_utf8(given(head.as_bytes(), 9)).unwrap();
            let expected = format!("{MALFORMED}: {why}\r\nconnection: close\r\n\r\n");
            assert!(told.starts_with("POST /p HTTP/1.1\r\nhost: a\r\nX-Amz-Target: T.O\r\n"), "{told}");
            assert!(told.ends_with(&expected), "{lines:?}: {told}");
        }
        let told = given(b"GET /\0 HTTP/1.1\r\n\r\n", 99);
        assert!(
            told.starts_with(b"GET / HTTP/1.1\r\nx-hoop-malformed: there is a control"),
            "{}",
            told.escape_ascii()
        );
    }

    #[test]
    fn other_protocols_and_heads_without_end_are_left_to_others() {
        for open in ["CONNECT a:443 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n"] {
            let all = [open.as_bytes(), b"\x16\x03\n\n\0anything"].concat();
            assert_eq!(given(&all, 3), all);
        }
        let endless = vec![b'a'; LONGEST_HEAD + 10];
        assert_eq!(given(&endless, 1000), endless);
    }
}
