//! Making the lines of `audit.jsonl`.

use sha2::Digest as _;
use sha2::Sha256;

use super::Event;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::Micros;
use crate::types::SessionId;

/// Longest line, in bytes. An event that would be longer loses its parameters, which are then described by size and
/// digest.
pub const MAX_LINE: usize = 1 << 20;

/// Length of `,"hash":"…"}`.
pub(super) const HASH_PART: usize = 9 + 64 + 2;
/// Length of `,"prev":"…"`.
pub(super) const PREV_PART: usize = 9 + 64 + 1;

/// What the first line of a session has as `prev`: a hash that no other session has.
#[must_use]
pub fn genesis(session: SessionId) -> String {
    hex::encode(Sha256::digest(format!("hoop audit 1 {session}")))
}

/// The end of a chain, to which the next line is tied.
#[derive(Clone, Debug)]
pub struct Chain {
    next: u64,
    head: String,
}

impl Chain {
    /// The chain of a session that has no line yet.
    #[must_use]
    pub fn new(session: SessionId) -> Self {
        Self { next: 0, head: genesis(session) }
    }

    /// A chain of `lines` lines, the last of which has the hash `head`.
    #[must_use]
    pub fn resume(lines: u64, head: String) -> Self {
        Self { next: lines, head }
    }

    /// How many lines there are.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.next
    }

    /// Hash of the last line.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Appends the line of `event`, with its line feed, to `out`; gives its `seq`.
    ///
    /// Fails when the event is longer than [`MAX_LINE`] even without parameters; then nothing has changed.
    pub fn append(&mut self, event: &Event, t: Micros, out: &mut Vec<u8>) -> Result<u64> {
        let mut body = fields(event)?;
        if body.len() > MAX_LINE - 512
            && let Event::CallBegin(call) = event
        {
            let params = call.params.to_string();
            let mut call = call.clone();
            call.leave_out_params(params.len(), &hex::encode(Sha256::digest(&params)));
            body = fields(&Event::CallBegin(call))?;
        }
        if body.len() > MAX_LINE - 512 {
            return Err(Error::new(Kind::Record, "an audit event is too long to be recorded")
                .why(format!("{} bytes; at most {MAX_LINE} are allowed", body.len())));
        }
        let seq = self.next;
        let start = out.len();
        out.reserve(body.len() + HASH_PART + PREV_PART + 64);
        out.extend_from_slice(format!("{{\"seq\":{seq},\"t\":{},", t.0).as_bytes());
        out.extend_from_slice(&body.as_bytes()[1..]);
        for part in [",\"prev\":\"", &self.head, "\""] {
            out.extend_from_slice(part.as_bytes());
        }
        let hash = hex::encode(Sha256::digest(&out[start..]));
        out.extend_from_slice(b",\"hash\":\"");
        out.extend_from_slice(hash.as_bytes());
        out.extend_from_slice(b"\"}\n");
        self.next += 1;
        self.head = hash;
        Ok(seq)
    }
}

/// The event as JSON without its last brace; it begins with the first.
fn fields(event: &Event) -> Result<String> {
    if let Event::Other(fields) = event
        && ["seq", "t", "prev", "hash"].iter().any(|name| fields.contains_key(*name))
    {
        return Err(Error::new(Kind::Record, "an audit event has a field that belongs to the chain"));
    }
    let mut text = serde_json::to_string(event).map_err(|error| {
        Error::new(Kind::Record, "an audit event cannot be written as JSON").why(error.to_string())
    })?;
    if text.len() == 2 || !text.starts_with('{') || text.pop() != Some('}') {
        return Err(Error::new(Kind::Record, "an audit event without a type"));
    }
    Ok(text)
}
