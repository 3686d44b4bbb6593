//! The way of the program's output: read, masked, recorded, and only then shown.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use crate::error::Error;
use crate::error::Result;
use crate::mask::Masks;
use crate::mask::Notes;
use crate::mask::Stream;
use crate::record::Recorder;
use crate::session::asked::Asked;
use crate::session::screen::Screen;
use crate::session::typed::Typed;
use crate::session::veil::Veil;
use crate::sys::fd;
use crate::sys::fd::Moved;
use crate::sys::outlet::Outlet;
use crate::sys::pty::Master;
use crate::sys::tty::Size;
use crate::types::Micros;

/// Bytes read at once. A PTY gives 4 KiB at a time and holds 12 KiB: with larger pieces the program and we wait for
/// each other in turn.
pub const CHUNK_BYTES: usize = 8 << 10;
/// Bytes that are masked and recorded ahead of a terminal that is busy: all that ever waits in memory.
const AHEAD_BYTES: usize = 32 << 10;
/// Silence after which held bytes are let go: long enough for the rest of a write, too short to be seen.
const QUIET: Duration = Duration::from_millis(10);

/// Where output comes from.
#[derive(Debug)]
pub enum Source {
    /// The pseudo-terminal.
    Terminal(Rc<Master>),
    /// A pipe that the program writes to.
    Pipe(OwnedFd),
    /// Nothing more will come.
    Ended,
}

/// Where output is shown.
#[derive(Debug)]
pub enum Sink {
    /// One of our outputs.
    Open(Rc<Outlet>),
    /// Nobody looks at it, on purpose (headless): it is recorded only.
    Nobody,
    /// It was closed: nobody reads any more.
    Closed,
}

/// One way from source to sink.
pub struct Lane {
    source: Source,
    sink: Sink,
    stream: Stream,
    /// The screen that the output paints, where it goes to a terminal.
    pub screen: Option<Screen>,
    /// What reads the screen for secrets that only show there, where a terminal's program writes.
    pub veil: Option<Veil>,
    /// The line that the cursor is on, where what is typed is recorded.
    pub asked: Option<Asked>,
    /// What finds the marks of a shell that tells what is typed.
    pub typed: Option<Typed>,
    /// Lines end in LF alone and are recorded with CR LF, so that the recording plays well.
    plain_lines: bool,
    ended_with_cr: bool,
    /// What was recorded last ended a line, or nothing was.
    at_line_start: bool,
    /// Masked and recorded; shown up to `shown`.
    pending: Vec<u8>,
    shown: usize,
    quiet_at: Option<Micros>,
    scratch: Vec<u8>,
}

/// What reading did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pumped {
    /// This many bytes came.
    Bytes(usize),
    /// Nothing now.
    Nothing,
}

impl Lane {
    /// A way from `source` through `stream` to `sink`.
    #[must_use]
    pub fn new(source: Source, stream: Stream, sink: Sink) -> Self {
        let plain_lines = matches!(source, Source::Pipe(_));
        Self {
            source,
            sink,
            stream,
            screen: None,
            veil: None,
            asked: None,
            typed: None,
            plain_lines,
            ended_with_cr: false,
            at_line_start: true,
            pending: Vec::with_capacity(2 * (AHEAD_BYTES + CHUNK_BYTES)),
            shown: 0,
            quiet_at: None,
            scratch: Vec::new(),
        }
    }

    /// What to read from, while little waits to be shown: a slow reader stops the program, not us.
    #[must_use]
    pub fn wants_read(&self) -> Option<BorrowedFd<'_>> {
        if !self.has_room() {
            return None;
        }
        match &self.source {
            Source::Terminal(master) => Some(master.as_fd()),
            Source::Pipe(fd) => Some(fd.as_fd()),
            Source::Ended => None,
        }
    }

    /// What to write to: while something waits to be shown, or to learn that nobody reads any more.
    #[must_use]
    pub fn outlet(&self) -> Option<&Rc<Outlet>> {
        match &self.sink {
            Sink::Open(outlet) => Some(outlet),
            Sink::Nobody | Sink::Closed => None,
        }
    }

    /// Whether more may be read, so that it can be masked and recorded while the terminal is still busy.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.pending.len() - self.shown < AHEAD_BYTES
    }

    /// Whether something waits to be shown.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        self.shown < self.pending.len()
    }

    /// Whether nothing more will come and everything is shown.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.source, Source::Ended) && !self.has_pending()
    }

    /// When held bytes must be let go.
    #[must_use]
    pub fn quiet_at(&self) -> Option<Micros> {
        let typed = self.typed.as_ref().and_then(Typed::let_go_at);
        let veil = self.veil.as_ref().and_then(Veil::look_at);
        self.quiet_at.into_iter().chain(typed).chain(veil).min()
    }

    /// Reads what is there, up to `buffer`, and takes it through mask and record: one record and one write for all.
    ///
    /// # Errors
    /// When it cannot be recorded; then it must not be shown.
    pub fn pump(&mut self, buffer: &mut [u8], recorder: &Recorder, now: Micros) -> Result<Pumped> {
        let mut got = 0;
        let mut ended = false;
        while got < buffer.len() {
            let moved = match &self.source {
                Source::Terminal(master) => master.read(&mut buffer[got..]),
                Source::Pipe(fd) => fd::read(fd, &mut buffer[got..]),
                Source::Ended => return Ok(Pumped::Nothing),
            };
            match moved {
                Ok(Moved::Bytes(count)) => got += count,
                Ok(Moved::Later) => break,
                // A source that cannot be read is as good as ended; the program sees its own side.
                Ok(Moved::Closed) | Err(_) => {
                    ended = true;
                    break;
                }
            }
        }
        if got > 0 {
            self.scratch.clear();
            let mut masked = std::mem::take(&mut self.scratch);
            let Self { stream, veil, typed, .. } = self;
            let mut push = |bytes: &[u8]| mask(bytes, stream, veil, &mut masked);
            match typed {
                Some(typed) => typed.take(&buffer[..got], now, push),
                None => push(&buffer[..got]),
            }
            if let Some(veil) = &mut self.veil {
                // A full buffer is most likely a part of what the program writes just now.
                veil.now(now, got < buffer.len());
            }
            let recorded = self.record_program(&masked, recorder);
            self.scratch = masked;
            recorded?;
            self.tell_typed(recorder)?;
            self.quiet_at = self.stream.is_holding().then(|| Micros(now.0 + Micros::from(QUIET).0));
        }
        if ended {
            self.end(recorder)?;
        }
        Ok(if got > 0 { Pumped::Bytes(got) } else { Pumped::Nothing })
    }

    /// Lets held bytes go if the program has been silent long enough.
    ///
    /// # Errors
    /// When they cannot be recorded.
    pub fn let_go(&mut self, recorder: &Recorder, now: Micros) -> Result<()> {
        let mut masked = Vec::new();
        let Self { stream, veil, typed, .. } = self;
        if let Some(typed) = typed {
            // What is let go has waited already: it is not to wait for the mask as well.
            typed.let_go(now, |bytes| {
                mask(bytes, stream, veil, &mut masked);
                stream.quiet(&mut masked);
            });
        }
        if self.quiet_at.is_some_and(|at| now >= at) {
            self.quiet_at = None;
            self.stream.quiet(&mut masked);
        }
        self.record_program(&masked, recorder)?;
        if self.veil.as_ref().and_then(Veil::look_at).is_some_and(|at| now >= at)
            && let Some(veil) = &mut self.veil
        {
            let stars = veil.quiet(recorder)?;
            self.make_pending(&stars, recorder)?;
        }
        Ok(())
    }

    /// The source has ended, or is given up: what was held is let go.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn end(&mut self, recorder: &Recorder) -> Result<()> {
        if matches!(self.source, Source::Ended) {
            return Ok(());
        }
        self.source = Source::Ended;
        self.quiet_at = None;
        let mut masked = Vec::new();
        let Self { stream, veil, typed, .. } = self;
        if let Some(typed) = typed {
            typed.end(|bytes| mask(bytes, stream, veil, &mut masked));
        }
        self.stream.finish(&mut masked);
        self.record_program(&masked, recorder)?;
        if let Some(veil) = &mut self.veil {
            let stars = veil.quiet(recorder)?;
            self.make_pending(&stars, recorder)?;
        }
        self.tell_typed(recorder)
    }

    /// Shows as much as the sink takes now.
    ///
    /// # Errors
    /// When the sink cannot be written for another reason than that nobody reads it: disk full, for example. It is
    /// closed then.
    pub fn show(&mut self) -> Result<()> {
        while self.has_pending() {
            let Sink::Open(outlet) = &self.sink else {
                self.shown = self.pending.len();
                break;
            };
            let rest = &self.pending[self.shown..];
            match outlet.write(rest) {
                // A short write means no more room: trying again at once would only say so.
                Ok(Moved::Bytes(count)) if count < rest.len() => {
                    self.shown += count;
                    return Ok(());
                }
                Ok(Moved::Bytes(count)) => self.shown += count,
                Ok(Moved::Later) => return Ok(()),
                Ok(Moved::Closed) => self.close(),
                Err(cause) => {
                    self.close();
                    return Err(Error::io("cannot write the program's output", &cause));
                }
            }
        }
        self.pending.clear();
        self.shown = 0;
        Ok(())
    }

    /// Nobody reads any more: the program learns it as from any closed pipe. What a terminal's program writes is
    /// recorded on.
    pub fn close(&mut self) {
        self.sink = Sink::Closed;
        self.shown = self.pending.len();
        if matches!(self.source, Source::Pipe(_)) {
            self.source = Source::Ended;
        }
    }

    /// Shows nothing more, not even what waits, and reads nothing more.
    pub fn abandon(&mut self) {
        self.sink = Sink::Closed;
        self.source = Source::Ended;
        self.shown = self.pending.len();
        self.quiet_at = None;
        self.typed = None;
        self.veil = None;
    }

    /// Whether the sink was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.sink, Sink::Closed)
    }

    /// Shows something of our own, which is not the program's output and not recorded as such.
    pub fn say(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// Whether lines of our own can stand between the program's now: nothing is half written, no screen is painted over.
    #[must_use]
    pub fn takes_lines(&self) -> bool {
        !self.is_closed() && self.screen.as_ref().is_none_or(Screen::takes_lines)
    }

    /// Puts a text of our own, one or more lines, between the program's output: recorded, then shown as all of it.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn insert(&mut self, text: &str, recorder: &Recorder) -> Result<()> {
        let end = if self.plain_lines { "\n" } else { "\r\n" };
        let mut lines = String::from(if self.at_line_start { "" } else { end });
        for line in text.lines() {
            lines.push_str(line);
            lines.push_str(end);
        }
        if let Some(veil) = &mut self.veil {
            veil.inserts(lines.as_bytes());
        }
        self.record(lines.as_bytes(), recorder)
    }

    /// What was masked since the last time.
    pub fn take_masks(&mut self) -> Masks {
        let mut masks = self.stream.take_masks();
        if let Some(veil) = &mut self.veil {
            masks.merge(veil.take_masks());
        }
        masks
    }

    /// What the program did through strings that only the terminal reads, since the last time.
    pub fn take_notes(&mut self) -> Notes {
        self.stream.take_notes()
    }

    /// How many characters of secrets the recording had already when the screen gave them away, since the last time.
    pub fn take_late(&mut self) -> u64 {
        self.veil.as_mut().map_or(0, Veil::take_late)
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, size: Size) {
        self.stream.resize(size.cols);
        if let Some(screen) = &mut self.screen {
            screen.resize(size);
        }
        if let Some(veil) = &mut self.veil {
            veil.resize(size);
        }
    }

    fn tell_typed(&mut self, recorder: &Recorder) -> Result<()> {
        let events = self.typed.as_mut().map(Typed::events).unwrap_or_default();
        events.iter().try_for_each(|event| recorder.event(event).map(drop))
    }

    /// What the program wrote. It alone asks for what is typed: our own lines and stars end none of its questions.
    fn record_program(&mut self, masked: &[u8], recorder: &Recorder) -> Result<()> {
        if let Some(asked) = &mut self.asked {
            asked.follow(masked);
        }
        self.record(masked, recorder)
    }

    /// Log before effect: only what has been recorded becomes pending.
    fn record(&mut self, masked: &[u8], recorder: &Recorder) -> Result<()> {
        let Some(last) = masked.last() else { return Ok(()) };
        self.at_line_start = *last == b'\n';
        if let Some(veil) = &mut self.veil {
            let shown = veil.record(masked, recorder)?;
            return self.make_pending(&shown, recorder);
        }
        if self.plain_lines {
            recorder.output(&self.with_carriage_returns(masked))?;
        } else {
            recorder.output(masked)?;
        }
        self.make_pending(masked, recorder)
    }

    /// Makes what was recorded ready to be shown. What only waits to be written has room on the disk; where no screen
    /// can make us hide it any more, it is written first.
    fn make_pending(&mut self, shown: &[u8], recorder: &Recorder) -> Result<()> {
        if shown.is_empty() || !matches!(self.sink, Sink::Open(_)) {
            return Ok(());
        }
        if self.veil.is_some() {
            recorder.reserve()?
        } else {
            recorder.flush()?
        }
        if self.shown > AHEAD_BYTES {
            self.pending.drain(..self.shown);
            self.shown = 0;
        }
        let Some(screen) = &mut self.screen else {
            self.pending.extend_from_slice(shown);
            return Ok(());
        };
        let before = screen.before();
        self.pending.extend_from_slice(&before);
        screen.feed(shown);
        self.pending.extend_from_slice(shown);
        let after = screen.after();
        self.pending.extend_from_slice(&after);
        Ok(())
    }

    fn with_carriage_returns(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 32);
        let mut rest = bytes;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let before = at.checked_sub(1).map_or(self.ended_with_cr, |last| rest[last] == b'\r');
            text.extend_from_slice(&rest[..at]);
            text.extend_from_slice(if before { b"\n" } else { b"\r\n" });
            self.ended_with_cr = false;
            rest = &rest[at + 1..];
        }
        if let Some(last) = rest.last() {
            self.ended_with_cr = *last == b'\r';
        }
        text.extend_from_slice(rest);
        text
    }
}

/// What the program wrote goes into both layers of the mask; what leaves the first is appended to `masked`.
fn mask(bytes: &[u8], stream: &mut Stream, veil: &mut Option<Veil>, masked: &mut Vec<u8>) {
    if let Some(veil) = veil {
        veil.came(bytes);
    }
    stream.push(bytes, masked);
}
