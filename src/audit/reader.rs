//! Reading `audit.jsonl`, also while it still grows or after it was cut off.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;

use super::Event;
use super::MAX_LINE;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::lines;
use crate::lines::Ending;
use crate::types::Micros;

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its number, from 0.
    pub seq: u64,
    /// When, since the session began.
    pub t: Micros,
    /// What.
    pub event: Event,
    /// Hash of the line before.
    pub prev: String,
    /// Hash of this line.
    pub hash: String,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
}

#[derive(Deserialize)]
struct Envelope {
    seq: u64,
    t: Micros,
    prev: String,
    hash: String,
}

/// Reads a line without its line feed; the reason when it is none.
pub(super) fn parse(text: &[u8], offset: u64) -> Result<Line, String> {
    let envelope: Envelope = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let mut event: Event = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if let Event::Other(fields) = &mut event {
        for name in ["seq", "t", "prev", "hash"] {
            fields.shift_remove(name);
        }
    }
    let Envelope { seq, t, prev, hash } = envelope;
    Ok(Line { seq, t, event, prev, hash, offset })
}

/// Gives the lines in order; does not check their hashes (see [`super::verify`]).
///
/// A line that cannot be read is an `Err` that names it; the lines after it follow. A last line without its line
/// feed is not given: [`Reader::truncated`] says that it is there. Holds one line in memory.
pub struct Reader<R> {
    source: R,
    buffer: Vec<u8>,
    line: u64,
    offset: u64,
    truncated: u64,
    done: bool,
}

impl Reader<BufReader<File>> {
    /// Opens a file at its start.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).context(|| format!("cannot open {}", path.display()))?;
        Ok(Self::new(BufReader::with_capacity(64 << 10, file), 0))
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads from `source`, which stands at `offset` of the file, the start of a line.
    pub fn new(source: R, offset: u64) -> Self {
        Self { source, buffer: Vec::new(), line: 0, offset, truncated: 0, done: false }
    }

    /// How many bytes stand after the last line feed: a line that is being written, or was cut off.
    pub fn truncated(&self) -> u64 {
        self.truncated
    }

    /// Where the next line begins: everything before it has been read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The exact text of the line given last, without its line feed.
    pub fn text(&self) -> &[u8] {
        &self.buffer
    }

    /// Number of the line given last, counted from 1 at the place where reading began.
    pub fn line_number(&self) -> u64 {
        self.line
    }

    fn bad(&self, reason: &str) -> Error {
        Error::new(Kind::Record, format!("line {} of the audit log cannot be read", self.line)).why(reason)
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let (ending, taken) = match lines::read(&mut self.source, &mut self.buffer, MAX_LINE) {
            Ok(read) => read,
            Err(error) => {
                self.done = true;
                return Some(Err(Error::io("cannot read the audit log", &error)));
            }
        };
        self.line += 1;
        let start = self.offset;
        match ending {
            Ending::End | Ending::Unfinished => {
                self.truncated = taken;
                self.done = true;
                None
            }
            Ending::TooLong => {
                self.offset += taken;
                Some(Err(self.bad(&format!("it is longer than {MAX_LINE} bytes"))))
            }
            Ending::Complete => {
                self.offset += taken;
                Some(parse(&self.buffer, start).map_err(|reason| self.bad(&reason)))
            }
        }
    }
}
