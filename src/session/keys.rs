//! The way of the person's keys: from the terminal outside to the pseudo-terminal.

use std::collections::VecDeque;
use std::time::Duration;

use crate::error::Result;
use crate::mask::Stream;
use crate::record::Recorder;
use crate::sys::fd::Moved;
use crate::sys::pty::Master;
use crate::types::Micros;

/// Keys that may wait for a program that does not read; then the terminal outside has to wait.
const MOST_WAITING: usize = 64 << 10;
/// Silence after which typed text is no longer held back as the beginning of a secret. Nobody waits to see it, and
/// a person types slowly.
const QUIET: Duration = Duration::from_secs(1);

/// Keys on their way, and their recording if it is asked for.
///
/// What the program does not echo is never recorded: keys are recorded as the program is given them, not as they are
/// typed, because only then it is known whether the terminal echoes them.
pub struct Keys {
    waiting: VecDeque<u8>,
    record: Option<Stream>,
    quiet_at: Option<Micros>,
    /// A secret is being asked for and its line has not ended.
    is_secret: bool,
}

impl Keys {
    /// Nothing typed yet; with `record`, typed keys are recorded through that mask.
    #[must_use]
    pub fn new(record: Option<Stream>) -> Self {
        Self { waiting: VecDeque::new(), record, quiet_at: None, is_secret: false }
    }

    /// Whether there is room for more keys.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.waiting.len() < MOST_WAITING
    }

    /// Whether keys wait for the program.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// When held text must be recorded.
    #[must_use]
    pub fn quiet_at(&self) -> Option<Micros> {
        self.quiet_at
    }

    /// Takes typed `bytes` over.
    pub fn typed(&mut self, bytes: &[u8]) {
        self.waiting.extend(bytes);
    }

    /// Records `bytes`, which the program is about to read, as far as they are not secret. `silent`: the terminal does
    /// not echo lines; `asked`: what is on the screen asks for a secret.
    fn note(
        &mut self,
        bytes: &[u8],
        silent: bool,
        asked: bool,
        recorder: &Recorder,
        now: Micros,
    ) -> Result<()> {
        if self.record.is_none() {
            return Ok(());
        }
        if silent {
            // What came before is no part of it; what comes after begins anew.
            return self.settle(recorder, Stream::quiet);
        }
        let mut shown = bytes;
        if asked || self.is_secret {
            // As much as the question is about: to the end of the line.
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0x03 | 0x04));
            self.is_secret = end.is_none();
            shown = &bytes[end.unwrap_or(bytes.len())..];
            self.settle(recorder, Stream::quiet)?;
        }
        let Some(stream) = &mut self.record else { return Ok(()) };
        let mut masked = Vec::new();
        stream.push(shown, &mut masked);
        self.quiet_at = stream.is_holding().then(|| Micros(now.0 + Micros::from(QUIET).0));
        if masked.is_empty() { Ok(()) } else { recorder.input(&masked) }
    }

    /// Records text that was held if enough time has passed.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn let_go(&mut self, recorder: &Recorder, now: Micros) -> Result<()> {
        if self.quiet_at.is_none_or(|at| now < at) {
            return Ok(());
        }
        self.settle(recorder, Stream::quiet)
    }

    /// Nothing more will be typed: records what was held.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn end(&mut self, recorder: &Recorder) -> Result<()> {
        self.waiting.clear();
        self.settle(recorder, Stream::finish)
    }

    fn settle(&mut self, recorder: &Recorder, how: fn(&mut Stream, &mut Vec<u8>)) -> Result<()> {
        self.quiet_at = None;
        let Some(stream) = &mut self.record else { return Ok(()) };
        let mut masked = Vec::new();
        how(stream, &mut masked);
        if masked.is_empty() { Ok(()) } else { recorder.input(&masked) }
    }

    /// Gives the program as many keys as it takes now, and records what it took. `asked`: what is on the screen asks
    /// for a secret.
    ///
    /// # Errors
    /// When they cannot be recorded.
    pub fn deliver(&mut self, master: &Master, asked: bool, recorder: &Recorder, now: Micros) -> Result<()> {
        while self.has_waiting() {
            // A line at a time: a program that has read one may have the next one typed unseen.
            let (first, _) = self.waiting.as_slices();
            let is_end = |byte: &u8| self.record.is_some() && matches!(byte, b'\r' | b'\n');
            let line = first.iter().position(is_end);
            let piece = &first[..line.map_or(first.len(), |at| at + 1)];
            let silent = self.record.is_some() && master.is_reading_password();
            match master.write(piece) {
                Ok(Moved::Bytes(count)) => {
                    let taken: Vec<u8> = self.waiting.drain(..count).collect();
                    // Looked at again: it may have fallen silent while we wrote.
                    let silent = silent || self.record.is_some() && master.is_reading_password();
                    self.note(&taken, silent, asked, recorder, now)?;
                }
                Ok(Moved::Later) => return Ok(()),
                // Nobody will ever read them.
                Ok(Moved::Closed) | Err(_) => self.waiting.clear(),
            }
        }
        Ok(())
    }
}
