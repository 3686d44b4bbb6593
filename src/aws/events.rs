//! Streams of event messages, `application/vnd.amazon.eventstream`: a prelude with lengths and its CRC, headers, a
//! payload, and a CRC of it all. In requests each message lies in another one that is signed.
//!
//! Source: <https://smithy.io/2.0/aws/amazon-eventstream.html>.

use super::Refusal;
use super::sigv4::EventKey;

/// AWS's own limits for a message and for its headers.
const LONGEST_MESSAGE: usize = 24 << 20;
const LONGEST_HEADERS: usize = 128 << 10;

const PRELUDE: usize = 12;
const CRC: usize = 4;

/// How far the time of a message may be off, in seconds.
const SKEW: u64 = 5 * 60;

/// A header's types with a value of fixed length, and those with a length of their own.
const BYTES: u8 = 6;
const STRING: u8 = 7;
const TIMESTAMP: u8 = 8;
const FIXED: [(u8, usize); 8] = [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (TIMESTAMP, 8), (9, 16)];

/// Cuts a stream into messages and checks their sums. Holds one message at most.
#[derive(Default)]
pub struct Messages {
    pending: Vec<u8>,
}

impl Messages {
    /// Takes bytes as they came.
    ///
    /// Fails on a prelude that cannot be: the stream is then of no more use.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.pending.extend_from_slice(bytes);
        self.length().map(drop)
    }

    /// The next whole message, with good sums.
    pub fn take(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        let Some(length) = self.length()? else { return Ok(None) };
        if self.pending.len() < length {
            return Ok(None);
        }
        let rest = self.pending.split_off(length);
        let message = std::mem::replace(&mut self.pending, rest);
        let (body, sum) = message.split_at(length - CRC);
        if crc32fast::hash(body).to_be_bytes() == *sum {
            Ok(Some(message))
        } else {
            Err(malformed("a message's checksum is wrong"))
        }
    }

    /// Whether the stream may end here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// The length of the message under way, once its prelude is there.
    fn length(&self) -> Result<Option<usize>, Refusal> {
        let Some(prelude) = self.pending.get(..PRELUDE) else { return Ok(None) };
        let (lengths, sum) = prelude.split_at(PRELUDE - CRC);
        if crc32fast::hash(lengths).to_be_bytes() != *sum {
            return Err(malformed("a prelude's checksum is wrong"));
        }
        let (total, headers) = (number(&lengths[..4]), number(&lengths[4..]));
        if total > LONGEST_MESSAGE || headers > LONGEST_HEADERS || total < PRELUDE + headers + CRC {
            return Err(malformed("a message's length is not possible"));
        }
        Ok(Some(total))
    }
}

/// A message in two parts: its encoded headers, its payload. `message` must come from [`Messages::take`].
fn parts(message: &[u8]) -> (&[u8], &[u8]) {
    let headers = number(message.get(4..8).unwrap_or_default());
    let inside = message.get(PRELUDE..message.len().saturating_sub(CRC)).unwrap_or_default();
    inside.split_at_checked(headers).unwrap_or_default()
}

/// Takes signed messages, gives the same ones signed with another key.
pub struct Resigner {
    messages: Messages,
    theirs: EventKey,
    ours: EventKey,
    count: u64,
}

impl Resigner {
    /// Checks with `theirs`, signs with `ours`.
    #[must_use]
    pub fn new(theirs: EventKey, ours: EventKey) -> Self {
        Self { messages: Messages::default(), theirs, ours, count: 0 }
    }

    /// Takes bytes as they came; gives whole messages to send, perhaps none yet. `now` is the client's time, `at` AWS's,
    /// in seconds since the Unix epoch.
    pub fn push(&mut self, bytes: &[u8], now: u64, at: u64) -> Result<Vec<u8>, Refusal> {
        self.messages.push(bytes)?;
        let mut out = Vec::new();
        while let Some(message) = self.messages.take()? {
            let (headers, payload) = parts(&message);
            let signature = Signature::read(headers)?;
            let made = signature.milliseconds / 1000;
            if made.abs_diff(now) > SKEW {
                return Err(Refusal::new(
                    403,
                    "InvalidSignatureException",
                    "An event message's time differs too much from the current time.",
                ));
            }
            if !self.theirs.accept(made, signature.date, payload, signature.bytes) {
                return Err(Refusal::new(
                    403,
                    "InvalidSignatureException",
                    "The signature of an event message does not match what was computed.",
                ));
            }
            out.extend_from_slice(&signed(&mut self.ours, at, payload));
            self.count += 1;
        }
        Ok(out)
    }

    /// The stream has ended; it must not do so within a message.
    pub fn finish(&self) -> Result<(), Refusal> {
        if self.messages.is_empty() { Ok(()) } else { Err(malformed("it ends within a message")) }
    }

    /// How many messages have passed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }
}

/// The headers of a signed message.
struct Signature<'a> {
    milliseconds: u64,
    /// The header `:date` as it is encoded.
    date: &'a [u8],
    bytes: &'a [u8],
}

impl<'a> Signature<'a> {
    /// Exactly the two headers: others would not be signed.
    fn read(headers: &'a [u8]) -> Result<Self, Refusal> {
        let (mut date, mut bytes) = (None, None);
        let mut rest = headers;
        while !rest.is_empty() {
            let header = Header::read(rest).ok_or_else(|| malformed("a header cannot be read"))?;
            let whole = &rest[..header.length];
            rest = &rest[header.length..];
            let again = match (header.name, header.kind) {
                (b":date", TIMESTAMP) => date.replace((header.value, whole)).is_some(),
                (b":chunk-signature", BYTES) => bytes.replace(header.value).is_some(),
                _ => return Err(malformed("a signed message has a header that nobody signs")),
            };
            if again {
                return Err(malformed("a header is given twice"));
            }
        }
        let (Some((time, date)), Some(bytes)) = (date, bytes) else {
            return Err(malformed("a message is not signed"));
        };
        let milliseconds = <[u8; 8]>::try_from(time).map_or(0, i64::from_be_bytes);
        let milliseconds = u64::try_from(milliseconds).map_err(|_| malformed("a message's time is none"))?;
        Ok(Self { milliseconds, date, bytes })
    }
}

struct Header<'a> {
    name: &'a [u8],
    kind: u8,
    value: &'a [u8],
    /// Of it all.
    length: usize,
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let name_length = usize::from(*bytes.first()?);
        let name = bytes.get(1..1 + name_length)?;
        let kind = *bytes.get(1 + name_length)?;
        let start = 2 + name_length;
        let (start, length) = match FIXED.iter().find(|(fixed, _)| *fixed == kind) {
            Some((_, length)) => (start, *length),
            None if matches!(kind, BYTES | STRING) => (start + 2, number(bytes.get(start..start + 2)?)),
            None => return None,
        };
        let value = bytes.get(start..start + length)?;
        Some(Self { name, kind, value, length: start + length })
    }
}

/// `payload` in a message signed at `at`, seconds since the Unix epoch.
pub fn signed(key: &mut EventKey, at: u64, payload: &[u8]) -> Vec<u8> {
    let mut headers = header(b":date", TIMESTAMP);
    headers.extend_from_slice(&at.saturating_mul(1000).to_be_bytes());
    let signature = key.sign(at, &headers, payload);
    headers.extend_from_slice(&header(b":chunk-signature", BYTES));
    // 32 bytes, or an ECDSA signature's 72.
    headers.extend_from_slice(&(signature.len() as u16).to_be_bytes());
    headers.extend_from_slice(&signature);
    encode(&headers, payload)
}

fn header(name: &[u8], kind: u8) -> Vec<u8> {
    // The names written here are short.
    let mut out = vec![name.len() as u8];
    out.extend_from_slice(name);
    out.push(kind);
    out
}

/// A message of encoded headers and a payload, both within AWS's limits.
fn encode(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = PRELUDE + headers.len() + payload.len() + CRC;
    let mut out = Vec::with_capacity(total);
    out.extend_from_slice(&(total as u32).to_be_bytes());
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

/// A big-endian number of at most four bytes.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(400, "SerializationException", format!("The event stream is malformed: {why}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A message with headers that are strings.
    pub(crate) fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::new();
        for (name, value) in headers {
            encoded.extend_from_slice(&header(name.as_bytes(), STRING));
            encoded.extend_from_slice(&(value.len() as u16).to_be_bytes());
            encoded.extend_from_slice(value.as_bytes());
        }
        encode(&encoded, payload)
    }

    #[test]
    fn messages_come_out_however_they_are_cut() {
        let all = [frame(&[("a", "b")], b"one"), frame(&[], b""), frame(&[(":event-type", "x")], &[9; 500])];
        let bytes = all.concat();
        for cut in [1, 11, 12, 100, bytes.len()] {
            let (mut messages, mut out) = (Messages::default(), Vec::new());
            for piece in bytes.chunks(cut) {
                messages.push(piece).unwrap();
                while let Some(message) = messages.take().unwrap() {
                    out.push(message);
                }
            }
            assert!(messages.is_empty());
            assert_eq!(out, all);
        }
    }

    /// The example of the specification's own test data: no headers, no payload.
    #[test]
    fn the_published_empty_message_is_read() {
        let bytes = hex::decode("000000100000000005c248eb7d98c8ff").unwrap();
        assert_eq!(encode(b"", b""), bytes);
        let mut messages = Messages::default();
        messages.push(&bytes).unwrap();
        assert_eq!(messages.take().unwrap(), Some(bytes));
    }

    #[test]
    fn a_length_that_cannot_be_is_refused_before_anything_is_held() {
        for (total, headers) in [(15_u32, 0_u32), (20, 5), (u32::MAX, 0), (1 << 20, 1 << 19)] {
            let mut prelude = [total.to_be_bytes(), headers.to_be_bytes()].concat();
            prelude.extend_from_slice(&crc32fast::hash(&prelude).to_be_bytes());
            assert!(Messages::default().push(&prelude).is_err(), "{total} {headers}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>, cut in 1..50usize) {
            let mut messages = Messages::default();
            for piece in bytes.chunks(cut) {
                if messages.push(piece).is_err() { break; }
                while let Ok(Some(_)) = messages.take() {}
            }
            let _ = Signature::read(&bytes);
        }
    }
}
