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
pub struct Keys {
    waiting: VecDeque<u8>,
    record: Option<Stream>,
    quiet_at: Option<Micros>,
}

impl Keys {
    /// Nothing typed yet; with `record`, typed keys are recorded through that mask.
    #[must_use]
    pub fn new(record: Option<Stream>) -> Self {
        Self { waiting: VecDeque::new(), record, quiet_at: None }
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

    /// Takes typed `bytes` over, and records them unless a password is being typed.
    ///
    /// # Errors
    /// When they cannot be recorded.
    pub fn typed(&mut self, bytes: &[u8], master: &Master, recorder: &Recorder, now: Micros) -> Result<()> {
        self.waiting.extend(bytes);
        let Some(stream) = &mut self.record else { return Ok(()) };
        if master.is_reading_password() {
            return Ok(());
        }
        let mut masked = Vec::new();
        stream.push(bytes, &mut masked);
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

    /// Gives the program as many keys as it takes now.
    pub fn deliver(&mut self, master: &Master) {
        while self.has_waiting() {
            let (first, _) = self.waiting.as_slices();
            match master.write(first) {
                Ok(Moved::Bytes(count)) => drop(self.waiting.drain(..count)),
                Ok(Moved::Later) => return,
                // Nobody will ever read them.
                Ok(Moved::Closed) | Err(_) => self.waiting.clear(),
            }
        }
    }
}
