//! Showing a question on the terminal and bringing the program's screen back.

use crate::approval::Approver;
use crate::error::Result;
use crate::session::bridge::Bridge;
use crate::session::bridge::Terminal;
use crate::session::prompt::Prompt;
use crate::sys::tty::Size;
use crate::types::Micros;

/// How long output that stands inside an escape sequence may go on before a prompt cuts it, in microseconds.
const SEQUENCE_WAIT: u64 = 200_000;

/// A question that covers the screen.
pub(super) struct Asking {
    prompt: Prompt,
    /// It is drawn; before that, the program's output comes to the end of a sequence.
    is_drawn: bool,
    draw_at: Micros,
}

impl Terminal {
    /// When the prompt has something to do.
    pub(super) fn next_deadline(&self, now: Micros) -> Option<Micros> {
        match &self.prompt {
            Some(asking) => Some(asking.draw_at),
            // Something is to be shown as soon as the output allows it.
            None if self.questions && self.foreground.is_ours() => Some(Micros(now.0 + 10_000)),
            None => None,
        }
    }
}

impl Bridge {
    /// Whether a question covers the screen, so that the program's output is held.
    pub(super) fn is_asking(&self) -> bool {
        self.terminal
            .as_ref()
            .is_some_and(|terminal| terminal.prompt.as_ref().is_some_and(|asking| asking.is_drawn))
    }

    /// Whether a question only waits until the terminal has shown what was recorded.
    pub(super) fn is_about_to_ask(&self) -> bool {
        let waits = self.terminal.as_ref().is_some_and(|terminal| terminal.prompt.is_some());
        waits && self.lanes[0].screen.as_ref().is_some_and(|screen| screen.is_between_sequences())
    }

    /// Shows a question if one waits, draws it again when it is time, and ends the prompt when none is left.
    pub(super) fn ask_if_needed(&mut self) -> Result<()> {
        let now = self.clock.elapsed();
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        let due = terminal.prompt.as_ref().is_some_and(|asking| now >= asking.draw_at);
        if !(terminal.questions || due) || !terminal.foreground.is_ours() || self.ending.change.is_some() {
            return Ok(());
        }
        // `--approve-via hoopctl`: the questions are put elsewhere.
        let waiting = if self.broker.ways().terminal { self.broker.waiting() } else { Vec::new() };
        terminal.questions = false;
        if waiting.is_empty() && terminal.prompt.is_none() {
            return Ok(());
        }
        let asking = terminal.prompt.get_or_insert_with(|| Asking {
            prompt: Prompt::new(now),
            is_drawn: false,
            draw_at: Micros(now.0 + SEQUENCE_WAIT),
        });
        if !asking.prompt.update(waiting, now) {
            self.cover(false);
            return Ok(());
        }
        if asking.is_drawn {
            self.redraw();
            return Ok(());
        }
        let lane = &self.lanes[0];
        let between = lane.screen.as_ref().is_some_and(|screen| screen.is_between_sequences());
        if lane.has_pending() || (!between && now < asking.draw_at) {
            // Comes back with the next turn.
            terminal.questions = true;
            return Ok(());
        }
        self.cover(true);
        Ok(())
    }

    /// Takes keys that were typed while a question was on the screen.
    pub(super) fn on_answer(&mut self, typed: &[u8]) {
        let now = self.clock.elapsed();
        let Some(terminal) = &mut self.terminal else { return };
        let Some(asking) = &mut terminal.prompt else { return };
        if let Some(given) = asking.prompt.typed(typed, now) {
            let person = Approver::at_terminal(self.broker.requester());
            self.broker.answer(given.id, given.answer, &person);
            terminal.questions = true;
        }
        self.redraw();
    }

    /// Draws the question again, as for another size.
    pub(super) fn redraw(&mut self) {
        let now = self.clock.elapsed();
        let size = self.size();
        let Some(asking) = self.terminal.as_mut().and_then(|terminal| terminal.prompt.as_mut()) else {
            return;
        };
        if !asking.is_drawn {
            return;
        }
        asking.draw_at = asking.prompt.redraw_at(now);
        // A terminal that has not taken the last picture gets no further one.
        if !self.lanes[0].has_pending() {
            let picture = asking.prompt.draw(size, now);
            self.say(&picture);
        }
    }

    /// Puts the question over the program's screen, or brings that back.
    pub(super) fn cover(&mut self, cover: bool) {
        let Some(terminal) = &mut self.terminal else { return };
        if let Some(veil) = &mut self.lanes[0].veil {
            veil.cover(cover);
        }
        if cover {
            let room = self.lanes[0].screen.as_ref().map(|screen| screen.make_room()).unwrap_or_default();
            if let Some(asking) = &mut terminal.prompt {
                asking.is_drawn = true;
            }
            self.say(&room);
            self.draw_first();
            return;
        }
        let Some(asking) = terminal.prompt.take() else { return };
        if !asking.is_drawn {
            return;
        }
        let Some(restored) = self.lanes[0].screen.as_ref().map(|screen| screen.put_back()) else { return };
        self.say(&restored.bytes);
        if restored.needs_repaint {
            self.nudge();
        }
    }

    fn draw_first(&mut self) {
        let now = self.clock.elapsed();
        let size = self.size();
        let Some(asking) = self.terminal.as_mut().and_then(|terminal| terminal.prompt.as_mut()) else {
            return;
        };
        asking.draw_at = asking.prompt.redraw_at(now);
        let picture = asking.prompt.draw(size, now);
        self.say(&picture);
    }

    /// Makes the program paint its screen again: programs do that when the size changes.
    fn nudge(&self) {
        let size = self.size();
        let Some(master) = &self.master else { return };
        master.resize(Size { rows: size.rows.saturating_sub(1).max(1), ..size });
        master.resize(size);
    }

    fn say(&mut self, bytes: &[u8]) {
        self.lanes[0].say(bytes);
        // A terminal that is gone is noticed by the next turn.
        let _ = self.lanes[0].show();
    }

    fn size(&self) -> Size {
        self.lanes[0].screen.as_ref().map_or(Size::new(80, 24), |screen| screen.size())
    }
}
