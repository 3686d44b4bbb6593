//! Lines of our own for the terminal, from other threads: what was refused, and why.
//!
//! What could not be shown before the session's end is there to be taken afterwards ([`Notices::next`]).

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::error::Result;
use crate::session::bridge::Bridge;
use crate::sys::wake::Waker;

/// Lines that wait to be shown; with more, the oldest are not shown. All are in the record.
const MOST_WAITING: usize = 64;

/// Lines that wait. Cheap to clone, callable from any thread.
#[derive(Clone)]
pub struct Notices(Arc<Inner>);

struct Inner {
    waker: Waker,
    waiting: Mutex<VecDeque<String>>,
}

impl Notices {
    /// None yet; `waker` is called for each, and whoever it wakes shows them.
    #[must_use]
    pub fn new(waker: Waker) -> Self {
        Self(Arc::new(Inner { waker, waiting: Mutex::default() }))
    }

    /// Has `text` shown: masked already, one or more lines. Control characters in it are made visible.
    pub fn tell(&self, text: &str) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MOST_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(visible(text));
        drop(waiting);
        self.0.waker.wake();
    }

    /// The next one that waits.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Whether one waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}

impl Bridge {
    /// Shows what waits, where it does not spoil what is on the screen: as part of the session's output, on standard error
    /// where that is apart.
    pub(super) fn tell_notices(&mut self) -> Result<()> {
        let Some(notices) = self.notices.clone().filter(|notices| !notices.is_empty()) else { return Ok(()) };
        let number = if self.terminal.is_some() { 0 } else { self.lanes.len().saturating_sub(1) };
        let covered = self.is_asking() || self.is_about_to_ask();
        let Some(lane) = self.lanes.get_mut(number) else { return Ok(()) };
        while lane.takes_lines() && !covered {
            let Some(notice) = notices.next() else { break };
            lane.insert(&notice, &self.recorder)?;
            if let Err(error) = lane.show() {
                self.ending.trouble.push(error);
            }
        }
        Ok(())
    }
}

/// The text with everything escaped that a terminal might act on, but for its line feeds.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => shown.push('\n'),
            letter if letter.is_control() || is_invisible(letter) => shown.extend(letter.escape_default()),
            letter => shown.push(letter),
        }
    }
    shown
}

/// Letters that turn the direction of what follows, or cannot be seen.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::wake;

    #[test]
    fn a_notice_cannot_play_with_the_terminal() {
        let (waker, _wakeups) = wake::channel().unwrap();
        let notices = Notices::new(waker);
        notices.tell("refused: \u{1b}[2J\u{202e}x\n  why: é");
        assert_eq!(notices.next().unwrap(), "refused: \\u{1b}[2J\\u{202e}x\n  why: é");
        (0..100).for_each(|number| notices.tell(&number.to_string()));
        assert_eq!(notices.next().unwrap(), "36");
    }
}
