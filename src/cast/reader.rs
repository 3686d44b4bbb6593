//! Reading asciicast 1, 2 and 3, event by event.

use std::io::BufRead;
use std::io::Read;
use std::path::Path;
use std::vec;

use super::Event;
use super::Header;
use super::MAX_LINE;
use super::input::Entry;
use super::input::Input;
use super::parse;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind as ErrorKind;
use crate::error::Result;
use crate::lines;
use crate::lines::Ending;
use crate::types::Micros;

/// Most bytes of a version 1 file, which must be read whole. Recordings of that time were small.
const MAX_V1: u64 = 64 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Gives the events of a recording in order, with absolute times.
///
/// A line that cannot be read is an `Err` that names it; the lines after it follow. A last line without its end is
/// not an error: it ends the recording, and [`Reader::truncated`] says so. Holds one line in memory (at most
/// [`MAX_LINE`]), for version 1 the whole file (at most 64 MiB).
pub struct Reader<R> {
    source: R,
    header: Header,
    v1: vec::IntoIter<Event>,
    buffer: Vec<u8>,
    time: Micros,
    line: u64,
    offset: u64,
    truncated: bool,
    done: bool,
}

impl Reader<Input> {
    /// Opens a file, plain or packed with zstd. Fails when it cannot be read or does not begin with a header of
    /// asciicast 1, 2 or 3.
    pub fn open(path: &Path) -> Result<Self> {
        let input = Input::open(path).context(|| format!("cannot open {}", path.display()))?;
        Self::new(input).map_err(|error| {
            let mut again = Error::new(error.kind(), format!("cannot read {}", path.display()));
            // What is wrong with a file that is no recording is in the reasons.
            if error.kind() != ErrorKind::System {
                again = again.why(error.what());
            }
            let again = error.causes().iter().fold(again, |again, cause| again.why(cause));
            error.advice().into_iter().fold(again, |again, advice| again.fix(advice))
        })
    }

    /// The last place where the file can be entered to read the next line.
    pub fn entry(&self) -> Entry {
        self.source.entry()
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the header from `source`.
    pub fn new(mut source: R) -> Result<Self> {
        let mut buffer = Vec::new();
        let first = lines::read(&mut (&mut source).take(MAX_LINE as u64), &mut buffer, MAX_LINE);
        let (ending, mut offset) = first.context(|| "cannot read the header")?;
        // Some editors put this before any text.
        if buffer.starts_with(BYTE_ORDER_MARK) {
            buffer.drain(..BYTE_ORDER_MARK.len());
        }
        let wrong = |reason: &str| {
            Error::new(ErrorKind::Record, "this is not an asciicast file")
                .why(format!("line 1: {reason}"))
                .fix("asciinema recordings of versions 1, 2 and 3 can be read")
        };
        if buffer.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(wrong(if buffer.is_empty() { "it is empty" } else { "it does not begin with `{`" }));
        }
        let (header, v1) = match parse::header(&buffer) {
            Ok(found) => found,
            Err(reason) => {
                // Version 1 is one JSON document, often over many lines.
                if ending == Ending::Complete {
                    buffer.push(b'\n');
                }
                let rest = (&mut source)
                    .take(MAX_V1)
                    .read_to_end(&mut buffer)
                    .context(|| "cannot read the header")?;
                offset += rest as u64;
                match parse::header(&buffer) {
                    Ok(found) if found.0.version == 1 => found,
                    // Which of the two reasons helps: the first, unless the document goes on.
                    Err(later) if reason.contains("EOF while parsing") && rest > 0 => {
                        return Err(wrong(&later));
                    }
                    _ => return Err(wrong(&reason)),
                }
            }
        };
        let v1 = v1.into_iter();
        let (time, line) = (Micros(0), 1);
        // What was read whole is not needed any more.
        let buffer = Vec::new();
        Ok(Self { source, header, v1, buffer, time, line, offset, truncated: false, done: false })
    }

    /// Goes on in the middle: `source` stands at `offset`, the start of a line, and the event before it was at `time`.
    /// For recordings that still grow; not for version 1.
    pub fn resume(source: R, header: Header, offset: u64, time: Micros) -> Self {
        let (v1, buffer) = (Vec::new().into_iter(), Vec::new());
        Self { source, header, v1, buffer, time, line: 0, offset, truncated: false, done: false }
    }

    /// `lines` lines come before the place where it goes on: its errors name lines by their number in the file.
    #[must_use]
    pub fn after_lines(self, lines: u64) -> Self {
        Self { line: lines, ..self }
    }

    /// How many lines have been read, the header with them; 1 for a version 1 document.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// What the recording says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the last line had no end, so that what it held is missing. Known after the last event.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// How many bytes of the file have been read as whole lines: where [`Reader::resume`] can go on.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The time of the last event given.
    pub fn time(&self) -> Micros {
        self.time
    }

    fn bad(&self, reason: &str) -> Error {
        Error::new(ErrorKind::Record, format!("line {} of the recording cannot be read", self.line))
            .why(reason)
    }

    fn next_line(&mut self) -> Option<Result<Event>> {
        loop {
            let (ending, taken) = match lines::read(&mut self.source, &mut self.buffer, MAX_LINE) {
                Ok(read) => read,
                Err(error) => {
                    self.done = true;
                    return Some(Err(Error::io("cannot read the recording", &error)));
                }
            };
            self.line += u64::from(ending != Ending::End);
            let blank = self.buffer.first().is_none_or(|byte| *byte == b'#')
                || self.buffer.iter().all(u8::is_ascii_whitespace);
            match ending {
                Ending::End => {
                    self.done = true;
                    return None;
                }
                Ending::TooLong => {
                    self.offset += taken;
                    return Some(Err(self.bad(&format!("it is longer than {MAX_LINE} bytes"))));
                }
                Ending::Complete if blank => self.offset += taken,
                Ending::Complete | Ending::Unfinished => {
                    return match (self.event(), ending) {
                        (Err(_), Ending::Unfinished) => {
                            // It has not been read: a later look may find it whole.
                            self.line -= 1;
                            self.truncated = true;
                            self.done = true;
                            None
                        }
                        (event, _) => {
                            self.offset += taken;
                            Some(event)
                        }
                    };
                }
            }
        }
    }

    fn event(&mut self) -> Result<Event> {
        let (time, kind, data) = parse::event(&self.buffer).map_err(|reason| self.bad(&reason))?;
        self.time = match self.header.version {
            3 => Micros(self.time.0.saturating_add(time).min(parse::LONGEST)),
            // Absolute; one that goes back is damage, and whoever looks for a moment relies on their order.
            _ => Micros(time).max(self.time),
        };
        Ok(Event { time: self.time, kind, data })
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        if self.header.version == 1 {
            let event = self.v1.next()?;
            self.time = event.time;
            return Some(Ok(event));
        }
        self.next_line()
    }
}
