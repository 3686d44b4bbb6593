//! The second layer of the mask on the way of a terminal's output: between what is recorded and what is shown.
//!
//! What the screen gives away is hidden in three places: in the bytes that are about to be shown, in those that wait to
//! be written to the recording, and, where it has been shown already, by stars painted over it. Those are recorded like
//! all output, so that the recording ends with the screen that the person saw.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::mask::Engine;
use crate::mask::Grid;
use crate::mask::Masks;
use crate::mask::starred;
use crate::record::Recorder;
use crate::sys::tty::Size;
use crate::types::Micros;

/// Silence after which a frame is taken for complete.
const QUIET: Duration = Duration::from_millis(10);

/// The screen is looked at after this time even if the program has not finished drawing: terminals show by then what
/// has come, and a program may never finish.
const LONGEST_FRAME: Duration = Duration::from_millis(150);

/// See the module.
#[derive(Debug)]
pub struct Veil {
    grid: Grid,
    /// What the program wrote that has not left the byte layer yet.
    raw: Vec<u8>,
    look_at: Option<Micros>,
    now: Micros,
    /// When something came that the screen has not been looked at for.
    unlooked: Option<Micros>,
    /// What has come is all there was.
    drained: bool,
    /// A prompt covers the screen: nothing can be painted.
    covered: bool,
    /// Characters that were found when the recording had them already.
    late: u64,
}

impl Veil {
    /// Follows a terminal of `size`, masked by `engine`.
    #[must_use]
    pub fn new(engine: Arc<Engine>, size: Size) -> Self {
        Self {
            grid: Grid::new(engine, size.cols, size.rows),
            raw: Vec::new(),
            look_at: None,
            now: Micros(0),
            unlooked: None,
            drained: false,
            covered: false,
            late: 0,
        }
    }

    /// The program wrote `bytes`, which go into the byte layer now.
    pub fn came(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
    }

    /// `bytes` of our own, which the byte layer does not see, come next.
    pub fn inserts(&mut self, bytes: &[u8]) {
        self.raw.splice(0..0, bytes.iter().copied());
    }

    /// What comes next came at `now`; `drained` if it was all there was to read.
    pub fn now(&mut self, now: Micros, drained: bool) {
        self.now = now;
        self.drained = drained;
    }

    /// When the screen is to be looked at, if nothing comes before.
    #[must_use]
    pub fn look_at(&self) -> Option<Micros> {
        self.look_at.filter(|_| !self.covered)
    }

    /// Takes what has left the byte layer; records it, and gives what is to be shown.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn record<'m>(&mut self, masked: &'m [u8], recorder: &Recorder) -> Result<Cow<'m, [u8]>> {
        let position = recorder.output(masked)?;
        // Should the byte layer ever say more than it heard, that much is taken as it is.
        if let Some(more) = masked.get(self.raw.len()..) {
            self.raw.extend_from_slice(more);
        }
        self.grid.feed(masked, &self.raw[..masked.len()], position);
        self.raw.drain(..masked.len());
        let since = *self.unlooked.get_or_insert(self.now);
        let is_late = self.now.0.saturating_sub(since.0) >= Micros::from(LONGEST_FRAME).0;
        let may_look = is_late || self.drained && !self.grid.is_mid_frame();
        if may_look {
            self.grid.look(false);
            self.unlooked = None;
        }
        let hits = self.grid.take_hits();
        if hits.is_empty() && !self.grid.waits() {
            self.look_at = None;
            return Ok(Cow::Borrowed(masked));
        }
        self.late += recorder.hide(&hits)? as u64;
        let mut shown = starred(masked, position, hits);
        if may_look {
            shown.extend(self.paint(recorder)?);
        }
        self.look_at = self.grid.waits().then(|| Micros(self.now.0 + Micros::from(QUIET).0));
        Ok(Cow::Owned(shown))
    }

    /// The program has paused: gives what paints over what its screen gives away.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn quiet(&mut self, recorder: &Recorder) -> Result<Vec<u8>> {
        self.look_at = None;
        self.unlooked = None;
        self.grid.look(true);
        let hits = self.grid.take_hits();
        self.late += recorder.hide(&hits)? as u64;
        self.paint(recorder)
    }

    /// What is painted over the screen, recorded.
    fn paint(&mut self, recorder: &Recorder) -> Result<Vec<u8>> {
        let mut stars = Vec::new();
        if !self.covered {
            self.grid.paint(&mut stars);
        }
        if !stars.is_empty() {
            recorder.output(&stars)?;
        }
        Ok(stars)
    }

    /// A prompt covers the screen now, or does no more.
    pub fn cover(&mut self, covered: bool) {
        self.covered = covered;
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, size: Size) {
        self.grid.resize(size.cols, size.rows);
    }

    /// How many characters since the last call were found too late: the recording has them as they are.
    pub fn take_late(&mut self) -> u64 {
        std::mem::take(&mut self.late)
    }

    /// What was hidden since the last call.
    pub fn take_masks(&mut self) -> Masks {
        self.grid.take_masks()
    }
}
