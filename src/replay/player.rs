//! A screen that is played to a moment of its recording.

use crate::cast::Event;
use crate::cast::Kind as EventKind;
use crate::error::Result;
use crate::replay::tape::Cursor;
use crate::replay::tape::Mark;
use crate::replay::tape::Tape;
use crate::replay::tape::is_step;
use crate::term::History;
use crate::term::Screen;
use crate::types::Micros;

/// Where to play to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Everything up to this time.
    Time(Micros),
    /// So many events that change the screen.
    Step(u64),
}

impl Goal {
    /// Whether it is not before a place: playing on from there reaches it.
    #[must_use]
    pub fn is_past(self, mark: &Mark) -> bool {
        match self {
            Self::Time(at) => mark.time <= at,
            Self::Step(steps) => mark.steps <= steps,
        }
    }

    /// Whether `event`, which comes after `mark`, belongs before it.
    fn takes(self, mark: &Mark, event: &Event) -> bool {
        match self {
            Self::Time(at) => event.time <= at,
            Self::Step(steps) => mark.steps + u64::from(is_step(event)) <= steps,
        }
    }
}

/// A screen and the place up to which it has been fed.
pub struct Player {
    cursor: Cursor,
    /// What is shown there.
    pub screen: Screen,
    /// What leaves the screen is kept in it, if there is one, stamped with the time.
    pub history: Option<History>,
    /// Where the screen is, and the event after it, if it has been read already.
    mark: Mark,
    ahead: Option<Event>,
    at_end: bool,
    /// Whether the screen is somewhere inside an event: good for nothing.
    torn: bool,
}

/// A single event may hold 8 MiB of the most expensive commands there are, minutes of work; so much of it is done
/// between looks whether to go on, in bytes.
const PIECE: usize = 1 << 10;

impl Player {
    /// At the start of a recording.
    pub fn new(tape: &Tape) -> Result<Self> {
        let header = tape.header();
        Self::resume(tape, tape.start(), Screen::new(header.cols, header.rows))
    }

    /// At `mark`, where `screen` is shown.
    pub fn resume(tape: &Tape, mark: Mark, screen: Screen) -> Result<Self> {
        let cursor = tape.read_from(mark)?;
        Ok(Self { cursor, screen, history: None, mark, ahead: None, at_end: false, torn: false })
    }

    /// At the same place, but the recording may have grown: it is looked at anew if its end was met.
    pub fn refreshed(self, tape: &Tape) -> Result<Self> {
        if self.at_end && self.ahead.is_none() {
            Self::resume(tape, self.mark, self.screen)
        } else {
            Ok(self)
        }
    }

    /// The place after the last event fed.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Time of the next event that can be read.
    pub fn peek(&mut self) -> Option<Micros> {
        if self.ahead.is_none() && !self.at_end {
            // A line that cannot be read hides nothing else.
            self.ahead = self.cursor.by_ref().find_map(Result::ok);
            self.at_end = self.ahead.is_none();
        }
        self.ahead.as_ref().map(|event| event.time)
    }

    /// Whether it was stopped inside an event, so that nothing it shows is right.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// Feeds the next event, unless it is after `goal`, or it takes long and it is time to `stop`; gives its length in
    /// bytes.
    pub fn play_next(&mut self, goal: Option<Goal>, stop: &dyn Fn() -> bool) -> Option<usize> {
        self.peek()?;
        let event = self.ahead.take_if(|event| goal.is_none_or(|goal| goal.takes(&self.mark, event)))?;
        self.mark = self.cursor.mark();
        self.history.iter_mut().for_each(|history| history.stamp = event.time.0);
        match event.kind {
            EventKind::Output => {
                let mut rest = event.data.as_str();
                while rest.len() > PIECE {
                    let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
                    self.feed(piece);
                    rest = after;
                    if stop() {
                        self.torn = true;
                        return None;
                    }
                }
                self.feed(rest);
            }
            EventKind::Resize => {
                if let Some((cols, rows)) = event.size() {
                    match &mut self.history {
                        Some(history) => self.screen.resize_into(cols, rows, history),
                        None => self.screen.resize(cols, rows),
                    }
                }
            }
            _ => {}
        }
        Some(event.data.len())
    }

    fn feed(&mut self, text: &str) {
        match &mut self.history {
            Some(history) => self.screen.feed_into(text, history),
            None => self.screen.feed(text),
        }
    }

    /// Plays to `goal`, or to the end.
    #[cfg(test)]
    pub fn play_to(&mut self, goal: Goal) {
        while self.play_next(Some(goal), &|| false).is_some() {}
    }
}
