//! The second layer: secrets that only show on the screen.
//!
//! A program may draw the end of a line before its beginning, leave out what stands there already, or break a value
//! where its pane ends. The byte layer ([`super::Stream`]) cannot see such a secret; this one emulates the screen and
//! reads it. What it finds is hidden in the bytes that have not been shown or written yet, painted over where it has
//! been shown, and taught to the byte layer, so that the next redraw is stopped there.
//!
//! Output that only runs on, line after line, is not emulated: the byte layer reads it as the screen shows it. Its end
//! is kept, and emulated once something moves about the screen.

mod file;
mod hidden;
mod moves;
mod rows;
mod scan;
mod tail;
mod texts;

use std::collections::HashSet;
use std::sync::Arc;

use memchr::memchr_iter;

pub use file::find_in_terminal;
pub use hidden::Hidden;
pub use hidden::starred;

use self::moves::Moves;
use self::tail::Tail;
use super::Confidence;
use super::Engine;
use super::Masks;
use crate::term::Stop;
use crate::term::Traced;
use crate::term::Veil;

/// Looks at the screen that one piece of output may cause; more would let a program slow the terminal down.
const LOOKS: usize = 8;
/// The shortest value that is taught to the byte layer: what is found on a screen may be cut short.
const TAUGHT: usize = 8;
/// Values that one session may teach.
const MOST_TAUGHT: usize = 512;

/// Follows a terminal's output and finds the secrets that only its screen shows.
#[derive(Debug)]
pub struct Grid {
    engine: Arc<Engine>,
    screen: Traced,
    moves: Moves,
    tail: Tail,
    /// The screen is emulated.
    active: bool,
    /// Lines since something moved about the screen.
    lines: usize,
    /// Bytes before this position have been shown.
    shown: u64,
    looks: usize,
    hits: Vec<Hidden>,
    masks: Masks,
    taught: HashSet<Vec<u8>>,
    /// Something has come since the last look that counted as settled.
    unsettled: bool,
}

impl Grid {
    /// Follows a terminal of this size, from its first output on.
    #[must_use]
    pub fn new(engine: Arc<Engine>, cols: u16, rows: u16) -> Self {
        Self {
            engine,
            screen: Traced::new(cols, rows),
            moves: Moves::default(),
            tail: Tail::default(),
            active: false,
            lines: 0,
            shown: 0,
            looks: 0,
            hits: Vec::new(),
            masks: Masks::default(),
            taught: HashSet::new(),
            unsettled: false,
        }
    }

    /// Takes output that has passed the byte layer and is about to be shown: `shown` as it left it, `raw` as the
    /// program wrote it, of the same length; `at` is the position of its first byte, which never goes back.
    pub fn feed(&mut self, shown: &[u8], raw: &[u8], at: u64) {
        let moved = self.moves.feed(shown);
        if moved {
            self.lines = 0;
        }
        if !self.active {
            if !moved {
                self.tail.push(shown, raw, at);
                return;
            }
            self.wake();
        }
        if !moved {
            self.lines += memchr_iter(b'\n', shown).count();
        }
        self.looks = 0;
        self.shown = at;
        let mut taken = 0;
        loop {
            let (count, stop) = self.screen.feed(&shown[taken..], &raw[taken..], at + taken as u64);
            taken += count;
            match stop {
                Stop::End => break,
                Stop::Frame | Stop::Losing if self.looks < LOOKS => self.look(stop == Stop::Frame),
                Stop::Frame | Stop::Losing => self.screen.settle(),
            }
        }
        self.unsettled = true;
        let rows = self.screen.size().1;
        if self.lines > 2 * rows && !self.screen.is_alternate() && !self.screen.has_margins() {
            self.look(true);
            self.active = false;
        }
    }

    /// Looks at the screen now. `settled`: the program has finished drawing, so that what is found is worth to be
    /// taught; before that a line may still be half new and half old.
    pub fn look(&mut self, settled: bool) {
        self.looks += 1;
        if !self.active || !(self.screen.is_fresh() || settled && self.unsettled) {
            return;
        }
        for secret in scan::find(&self.engine, &self.screen) {
            let mut open = false;
            let mut ours = false;
            for number in &secret.hidden {
                let Some(print) = self.screen.print(*number).copied() else { continue };
                ours |= matches!(print.veil, Veil::Hidden | Veil::Owed);
                if print.veil != Veil::Open || print.shown == ' ' {
                    continue;
                }
                open = true;
                self.screen.hide(*number, print.at >= self.shown);
                let bytes = u8::try_from(print.raw().len()).unwrap_or(1);
                self.hits.push(Hidden { at: print.at, bytes, columns: print.columns() });
            }
            if open {
                self.masks.add(Arc::clone(&secret.rule), 1);
            }
            if settled && (open || ours) && secret.confidence != Confidence::Medium {
                secret.values.iter().for_each(|value| self.teach(&secret.kind, value));
            }
        }
        self.screen.settle();
        if settled {
            self.unsettled = false;
        }
    }

    /// Whether the screen is to be looked at once the program pauses.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.active && (self.unsettled || self.screen.owes())
    }

    /// Whether the output stands in the middle of a frame that the program will end.
    #[must_use]
    pub fn is_mid_frame(&self) -> bool {
        self.active && self.screen.is_synchronized()
    }

    /// What is to be hidden in the bytes since the last call, by position.
    pub fn take_hits(&mut self) -> Vec<Hidden> {
        let mut hits = std::mem::take(&mut self.hits);
        hits.sort_unstable_by_key(|hit| hit.at);
        hits
    }

    /// Appends what paints over characters that have been shown already, if the output stands where that can be done.
    pub fn paint(&mut self, out: &mut Vec<u8>) {
        if self.active {
            self.screen.paint(out);
        }
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.screen.resize(cols, rows);
        self.unsettled |= self.active;
    }

    /// What was hidden since the last call.
    pub fn take_masks(&mut self) -> Masks {
        std::mem::take(&mut self.masks)
    }

    /// Something moves about the screen: emulates what stands on it.
    fn wake(&mut self) {
        self.active = true;
        for piece in self.tail.take() {
            let mut taken = 0;
            loop {
                let (shown, raw) = (&piece.shown()[taken..], &piece.raw()[taken..]);
                let (count, stop) = self.screen.feed(shown, raw, piece.at() + taken as u64);
                taken += count;
                if stop == Stop::End {
                    break;
                }
                // The byte layer has read it.
                self.screen.settle();
            }
        }
    }

    fn teach(&mut self, kind: &str, value: &[u8]) {
        let Ok(text) = str::from_utf8(value) else { return };
        if value.len() >= TAUGHT && self.taught.len() < MOST_TAUGHT && self.taught.insert(value.to_vec()) {
            self.engine.learn(kind, text);
        }
    }
}

#[cfg(test)]
mod drawn_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
