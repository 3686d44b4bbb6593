//! Showing questions on the terminal and bringing the program's screen back.
//!
//! A question that waits is announced ([`super::announcing`]); the hot-key opens the prompt over the program's screen, or it
//! opens by itself where that is wanted.

use crate::approval::Answer;
use crate::approval::Approver;
use crate::error::Result;
use crate::session::bridge::Bridge;
use crate::session::bridge::Terminal;
use crate::session::prompt::Did;
use crate::session::prompt::Look;
use crate::session::prompt::Prompt;
use crate::sys::tty::Size;
use crate::types::Micros;

/// How long output that stands inside an escape sequence may go on before a prompt cuts it, in microseconds.
const SEQUENCE_WAIT: u64 = 200_000;
/// Between two tries to show something that the output did not allow, in microseconds.
const AGAIN: u64 = 10_000;

/// A prompt that covers the screen.
pub(super) struct Asking {
    pub(super) prompt: Prompt,
    /// It is drawn; before that, the program's output comes to the end of a sequence.
    pub(super) is_drawn: bool,
    /// The hot-key has opened it: what is typed is for it, drawn or not.
    asked_for: bool,
    draw_at: Micros,
}

impl Terminal {
    /// When there is something to do about questions without anything happening.
    pub(super) fn next_deadline(&self, now: Micros) -> Option<Micros> {
        let again = Some(Micros(now.0 + AGAIN)).filter(|_| self.questions && self.foreground.is_ours());
        let due = match &self.prompt {
            Some(asking) => Some(asking.draw_at),
            None => again,
        };
        [due, self.announced.due_at(), self.watch.until()].into_iter().flatten().min()
    }

    /// Whether what is typed is for the prompt.
    pub(super) fn is_for_prompt(&self) -> bool {
        self.prompt.as_ref().is_some_and(|asking| asking.is_drawn || asking.asked_for)
    }
}

impl Bridge {
    /// Whether a prompt covers the screen, so that the program's output is held.
    pub(super) fn is_asking(&self) -> bool {
        self.terminal
            .as_ref()
            .is_some_and(|terminal| terminal.prompt.as_ref().is_some_and(|asking| asking.is_drawn))
    }

    /// Whether a prompt only waits until the terminal has shown what was recorded.
    pub(super) fn is_about_to_ask(&self) -> bool {
        let waits = self.terminal.as_ref().is_some_and(|terminal| terminal.prompt.is_some());
        waits && self.lanes[0].screen.as_ref().is_some_and(|screen| screen.is_between_sequences())
    }

    /// The hot-key was pressed.
    pub(super) fn open_prompt(&mut self, asked_for: bool) {
        let now = self.clock.elapsed();
        let Some(terminal) = &mut self.terminal else { return };
        let look = Look { colour: terminal.asks.colour, asked_for };
        terminal.prompt.get_or_insert_with(|| Asking {
            prompt: Prompt::new(look, now),
            is_drawn: false,
            asked_for,
            draw_at: Micros(now.0 + SEQUENCE_WAIT),
        });
        terminal.questions = true;
    }

    /// Tells of questions that wait, shows them where that is wanted, draws the prompt again when it is time, and ends it
    /// when nothing waits.
    pub(super) fn ask_if_needed(&mut self) -> Result<()> {
        let now = self.clock.elapsed();
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        let due = match &terminal.prompt {
            Some(asking) => now >= asking.draw_at,
            None => terminal.announced.due_at().is_some_and(|at| now >= at),
        };
        if !(terminal.questions || due) || !terminal.foreground.is_ours() || self.ending.change.is_some() {
            return Ok(());
        }
        // `--approve-via hoopctl`: the questions are put elsewhere.
        let waiting = if self.broker.ways().terminal { self.broker.waiting() } else { Vec::new() };
        terminal.questions = false;
        if waiting.is_empty() {
            self.uncover();
            return Ok(());
        }
        let is_new = waiting.iter().any(|waiting| !terminal.announced.rung.contains(&waiting.id));
        if terminal.prompt.is_none() && terminal.asks.at_once && is_new {
            // First, so that the terminal is asked for what the question will cover.
            self.announce(&waiting)?;
            self.open_prompt(false);
        }
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        let Some(asking) = &mut terminal.prompt else { return self.announce(&waiting) };
        asking.prompt.update(waiting, now);
        if asking.is_drawn {
            terminal.questions = false;
            self.redraw();
            return Ok(());
        }
        let lane = &self.lanes[0];
        let between = lane.screen.as_ref().is_some_and(|screen| screen.is_between_sequences());
        terminal.questions = lane.has_pending() || (!between && now < asking.draw_at);
        // Otherwise it comes back with the next turn.
        if !terminal.questions {
            self.cover(true);
        }
        Ok(())
    }

    /// Takes keys that were typed while the prompt was on the screen.
    pub(super) fn on_answer(&mut self, typed: &[u8]) {
        let now = self.clock.elapsed();
        let Some(terminal) = &mut self.terminal else { return };
        let Some(asking) = &mut terminal.prompt else { return };
        match asking.prompt.typed(typed, now) {
            Some(Did::Answered(id, answer)) => {
                let person = Approver::at_terminal(self.broker.requester());
                let masked = |reason: String| self.masks.text(&reason).into_owned();
                let answer = match answer {
                    Answer::Allow(scope, reason) => Answer::Allow(scope, masked(reason)),
                    Answer::Deny(reason) => Answer::Deny(masked(reason)),
                    Answer::Stop(reason) => Answer::Stop(masked(reason)),
                };
                let answered = self.broker.answer(id, answer, &person);
                asking.prompt.told(answered, now);
                terminal.questions = true;
            }
            Some(Did::Left) => {
                terminal.questions = true;
                terminal.announced.rung.extend(self.broker.waiting().iter().map(|waiting| waiting.id));
                self.cover(false);
                return;
            }
            None => {}
        }
        self.redraw();
    }

    /// Draws the prompt again, as for another size.
    pub(super) fn redraw(&mut self) {
        // A terminal that has not taken the last picture gets no further one.
        self.draw(!self.lanes[0].has_pending());
    }

    /// Puts the prompt over the program's screen, or brings that back.
    pub(super) fn cover(&mut self, cover: bool) {
        let Some(terminal) = &mut self.terminal else { return };
        let Some(screen) = &mut self.lanes[0].screen else { return };
        if cover {
            let mut room = screen.before();
            screen.cover(true);
            room.extend(screen.make_room());
            if let Some(asking) = &mut terminal.prompt {
                asking.is_drawn = true;
            }
            self.veil(true);
            self.say(&room);
            self.draw(true);
            return;
        }
        let Some(asking) = terminal.prompt.take().filter(|asking| asking.is_drawn) else { return };
        drop(asking);
        let restored = screen.put_back();
        screen.cover(false);
        let line = screen.after();
        self.veil(false);
        self.say(&restored.bytes);
        self.say(&line);
        if restored.needs_repaint {
            self.nudge();
        }
    }

    /// Brings the program's screen back and takes everything of ours away.
    pub(super) fn uncover(&mut self) {
        // First, so that it is not drawn once more.
        let row = self.lanes[0].screen.as_mut().map(|screen| screen.ribbon(None)).unwrap_or_default();
        self.say(&row);
        self.cover(false);
        if let Some(terminal) = &mut self.terminal {
            terminal.prompt = None;
        }
        self.announce_no_more();
    }

    fn veil(&mut self, is_covered: bool) {
        if let Some(veil) = &mut self.lanes[0].veil {
            veil.cover(is_covered);
        }
    }

    fn draw(&mut self, may_write: bool) {
        let now = self.clock.elapsed();
        let size = self.size();
        let asking = self.terminal.as_mut().and_then(|terminal| terminal.prompt.as_mut());
        let Some(asking) = asking.filter(|asking| asking.is_drawn) else { return };
        asking.draw_at = asking.prompt.redraw_at(now);
        if may_write {
            let picture = asking.prompt.draw(size, now, |id| self.broker.name_of(id));
            self.say(&picture);
        }
    }

    /// Makes the program paint its screen again: programs do that when the size changes.
    fn nudge(&self) {
        let size = self.size();
        let Some(master) = &self.master else { return };
        master.resize(Size { rows: size.rows.saturating_sub(1).max(1), ..size });
        master.resize(size);
    }

    pub(super) fn say(&mut self, bytes: &[u8]) {
        self.lanes[0].say(bytes);
        // A terminal that is gone is noticed by the next turn.
        let _ = self.lanes[0].show();
    }

    fn size(&self) -> Size {
        self.lanes[0].screen.as_ref().map_or(Size::new(80, 24), |screen| screen.size())
    }
}
