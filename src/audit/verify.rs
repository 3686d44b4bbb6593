//! Checking the chain: every changed, dropped, swapped, doubled, added or cut line is found.

use std::io::BufRead;

use sha2::Digest as _;
use sha2::Sha256;

use super::Event;
use super::Line;
use super::Reader;
use super::chain::HASH_PART;
use super::chain::PREV_PART;
use super::genesis;
use crate::error::Result;
use crate::types::SessionId;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Number of the line in the file, from 1.
    pub line: u64,
    /// Where the line begins, in bytes.
    pub offset: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// What a chain holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Number of whole lines with right hashes, from the start.
    pub lines: u64,
    /// How many bytes they are.
    pub bytes: u64,
    /// Hash of the last of them; the genesis hash when there is none.
    pub head: String,
    /// Whether the last of them is `session.end`.
    pub ended: bool,
    /// Bytes after the last line feed: a line that was being written.
    pub truncated: u64,
    /// The first thing that is wrong.
    pub fault: Option<Fault>,
}

/// Checks a chain line by line, so that others can use the same pass.
#[derive(Clone, Debug)]
pub struct Verifier {
    lines: u64,
    head: String,
    ended: bool,
}

impl Verifier {
    /// Expects the first line of `session`.
    #[must_use]
    pub fn new(session: SessionId) -> Self {
        Self { lines: 0, head: genesis(session), ended: false }
    }

    /// Checks the next line: `text` is the exact text of `line` without its line feed.
    pub fn check(&mut self, line: &Line, text: &[u8]) -> Result<(), String> {
        self.check_links(line, text)?;
        match (&line.event, line.seq) {
            (Event::SessionStart(_), 0) => {}
            (_, 0) => return Err("the first line is not `session.start`".to_owned()),
            (Event::SessionStart(_), _) => return Err("`session.start` stands in the middle".to_owned()),
            _ => {}
        }
        self.ended = matches!(line.event, Event::SessionEnd(_));
        self.lines += 1;
        self.head.clone_from(&line.hash);
        Ok(())
    }

    fn check_links(&self, line: &Line, text: &[u8]) -> Result<(), String> {
        if self.ended {
            return Err("it stands after `session.end`".to_owned());
        }
        let Some(hashed) = text.len().checked_sub(HASH_PART) else {
            return Err("it is too short".to_owned());
        };
        let (body, tail) = text.split_at(hashed);
        let hash = hex::encode(Sha256::digest(body));
        if tail != format!(",\"hash\":\"{hash}\"}}").as_bytes() || line.hash != hash {
            return Err("its text does not have its hash: it was changed".to_owned());
        }
        let link = body.len().checked_sub(PREV_PART).map(|at| &body[at..]);
        if link != Some(format!(",\"prev\":\"{}\"", self.head).as_bytes()) || line.prev != self.head {
            return Err(match self.lines {
                0 => "it does not begin this session's chain".to_owned(),
                _ => "it does not follow the line before: lines were dropped, swapped, doubled or added"
                    .to_owned(),
            });
        }
        let start = format!("{{\"seq\":{},\"t\":{},", self.lines, line.t.0);
        if line.seq != self.lines || !body.starts_with(start.as_bytes()) {
            return Err(format!(
                "its number is {}, but it is the {}th after the first",
                line.seq, self.lines
            ));
        }
        Ok(())
    }
}

/// Checks a whole file, read from its start; stops at the first fault. Memory: one line.
///
/// Fails only when `source` cannot be read. Lines that were cut off at a line's end, or added with right hashes to an
/// unfinished session, can only be told by the counts in the seal.
pub fn verify(source: impl BufRead, session: SessionId) -> Result<Summary> {
    let mut verifier = Verifier::new(session);
    let mut reader = Reader::new(source, 0);
    let mut fault = None;
    let mut bytes = 0;
    while let Some(line) = reader.next() {
        let found = match &line {
            Ok(line) => verifier.check(line, reader.text()),
            Err(error) if error.kind() == crate::error::Kind::System => return Err(error.clone()),
            Err(error) => Err(error.causes().join(": ")),
        };
        if let Err(reason) = found {
            fault = Some(Fault { line: reader.line_number(), offset: bytes, reason });
            break;
        }
        bytes = reader.offset();
    }
    let truncated = reader.truncated();
    if verifier.ended && truncated > 0 && fault.is_none() {
        let reason = "there are bytes after `session.end`".to_owned();
        fault = Some(Fault { line: verifier.lines + 1, offset: bytes, reason });
    }
    let Verifier { lines, head, ended } = verifier;
    Ok(Summary { lines, bytes, head, ended, truncated, fault })
}
