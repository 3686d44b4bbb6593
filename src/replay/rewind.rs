//! What had left the screen before a moment, found from the newest line back to the oldest.
//!
//! A line leaves the screen the same way however the moment is reached. So the recording is played stretch by stretch,
//! from a kept screen to the next one, the last stretch first: what is looked at first is there first, and nothing is
//! kept of a recording that nobody looks back in.

use crate::error::Result;
use crate::replay::keyframes::Keyframes;
use crate::replay::player::Goal;
use crate::replay::player::Player;
use crate::replay::tape::Mark;
use crate::replay::tape::Tape;
use crate::term::History;
use crate::term::Row;
use crate::term::Screen;
use crate::types::Micros;

/// Bytes of lines given in all; about 40,000 lines of log.
const MOST: usize = 48 << 20;

/// Lines of one stretch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// The lines, oldest first, stamped with the time at which they left. They stand before those of the stretch before.
    pub rows: Vec<Row>,
    /// How many of them, at their end, are what is still on the main screen: in the first stretch only.
    pub on_screen: usize,
    /// Whether a full-screen program covers the main screen: as above.
    pub is_covered: bool,
    /// Where the stretch begins.
    pub since: Micros,
    /// Whether it is the last one.
    pub is_last: bool,
    /// Whether there were older lines, for which there is no room.
    pub is_cut: bool,
}

/// Gives what had left the screen when `steps` events had changed it, until there is no more of it, or nobody wants it.
pub fn rewind(
    tape: &Tape,
    keyframes: &Keyframes,
    steps: u64,
    is_wanted: &dyn Fn() -> bool,
    mut give: impl FnMut(Stretch),
) -> Result<()> {
    let goal = Goal::Step(steps);
    let mut room = MOST;
    let mut end: Option<Mark> = None;
    loop {
        let kept = match &end {
            None => keyframes.nearest(goal, None),
            Some(end) => keyframes.before(end.offset),
        };
        let mut player = match kept {
            Some((mark, frame)) => Player::resume(tape, mark, Screen::restore(&frame))?,
            None => Player::new(tape)?,
        };
        let begin = player.mark();
        player.history = Some(History::within(room));
        let stop = || !is_wanted();
        match &end {
            None => while player.play_next(Some(goal), &stop).is_some() && is_wanted() {},
            Some(end) => {
                while player.mark().offset < end.offset
                    && player.play_next(None, &stop).is_some()
                    && is_wanted()
                {}
            }
        }
        if !is_wanted() {
            return Ok(());
        }
        let history = player.history.take().unwrap_or_else(|| History::within(0));
        let is_cut = history.has_lost();
        let is_last = is_cut || begin.offset <= tape.start().offset;
        room = room.saturating_sub(history.bytes());
        let mut rows: Vec<Row> = history.into_rows().into();
        let mut on_screen = 0;
        if end.is_none() {
            let screen = player.screen.main_rows(player.mark().time.0);
            on_screen = screen.len();
            rows.extend(screen);
        }
        let is_covered = end.is_none() && player.screen.is_alternate();
        give(Stretch { rows, on_screen, is_covered, since: begin.time, is_last, is_cut });
        if is_last {
            return Ok(());
        }
        end = Some(begin);
    }
}
