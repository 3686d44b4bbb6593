//! Telling that questions wait, while the program goes on: a line on the last row, the bell, the window's title.

use std::collections::BTreeSet;

use crate::approval::QuestionId;
use crate::approval::Waiting;
use crate::config::HotKey;
use crate::error::Result;
use crate::session::bridge::Bridge;
use crate::session::prompt::clipped;
use crate::session::prompt::what;
use crate::term::width;
use crate::types::Micros;

/// How long the terminal may take to tell where its cursor is, before the questions are told in another way, in
/// microseconds. Its answer is taken later, too.
const ANSWER_WAIT: u64 = 1_500_000;
/// Narrower screens get the shortest line.
const NARROW: usize = 44;

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Announced {
    /// The bell has rung for these.
    pub(super) rung: BTreeSet<QuestionId>,
    /// The record says that these were shown.
    shown: BTreeSet<QuestionId>,
    /// A line among the program's output has told of these.
    told: BTreeSet<QuestionId>,
    /// The line on the last row.
    line: String,
    /// The window's title is ours; how often the program had set one before.
    title: Option<u64>,
    /// When the terminal's answer is no more waited for.
    give_up_at: Option<Micros>,
}

impl Announced {
    /// When there is something to do without anything happening.
    pub(super) fn due_at(&self) -> Option<Micros> {
        self.give_up_at
    }
}

impl Bridge {
    /// Tells of all that waits; again once the output allows it.
    pub(super) fn announce(&mut self, waiting: &[Waiting]) -> Result<()> {
        let now = self.clock.elapsed();
        let (Some(terminal), Some(screen)) = (&mut self.terminal, &mut self.lanes[0].screen) else {
            return Ok(());
        };
        if !screen.is_between_sequences() {
            terminal.questions = true;
            return Ok(());
        }
        let ids: BTreeSet<QuestionId> = waiting.iter().map(|waiting| waiting.id).collect();
        let announced = &mut terminal.announced;
        for told in [&mut announced.rung, &mut announced.shown, &mut announced.told] {
            told.retain(|id| ids.contains(id));
        }
        let mut out = Vec::new();
        let rung = announced.rung.len();
        announced.rung.extend(&ids);
        if announced.rung.len() > rung {
            out.push(0x07);
        }
        let key = terminal.watch.key();
        let line = line(waiting, key, usize::from(screen.size().cols));
        if terminal.asks.title && (announced.title.is_none() || line != announced.line) {
            if announced.title.is_none() {
                announced.title = Some(screen.title().1);
                out.extend_from_slice(b"\x1b[22;2t");
            }
            let wait = if waiting.len() == 1 { "question waits" } else { "questions wait" };
            let title = format!("\x1b]2;hoop-run: {} {wait} ({key})\x07", waiting.len());
            out.extend_from_slice(title.as_bytes());
        }
        if terminal.asks.row && !terminal.fixed_size {
            if line != announced.line {
                out.extend(screen.ribbon(Some(line.clone())));
            }
            if let Some(question) = screen.ask_position() {
                terminal.watch.asks();
                announced.give_up_at = Some(Micros(now.0 + ANSWER_WAIT));
                out.extend_from_slice(question);
            }
        }
        announced.line = line;
        self.say(&out);
        self.tell_otherwise(waiting)
    }

    /// Nothing waits any more, or the terminal is left: everything is as it was.
    pub(super) fn announce_no_more(&mut self) {
        let Some(terminal) = &mut self.terminal else { return };
        let announced = std::mem::take(&mut terminal.announced);
        let Some(screen) = &mut self.lanes[0].screen else { return };
        let mut out = screen.ribbon(None);
        if let Some(before) = announced.title {
            // CAN ends a sequence that the program left half written; where the title was pushed, it is popped; where that
            // is not known, it is what the program has set.
            let cancel: &[u8] = if screen.is_between_sequences() { b"" } else { b"\x18" };
            let (title, times) = screen.title();
            let own = [b"\x1b]2;", title, b"\x07"].concat();
            out.extend([cancel, &own, b"\x1b[23;2t"].concat());
            if times != before {
                out.extend(own);
            }
        }
        self.say(&out);
    }

    /// The terminal has told where its cursor is.
    pub(super) fn on_position(&mut self, at: (u16, u16)) {
        let Some(terminal) = &mut self.terminal else { return };
        // An answer to an earlier question tells where the cursor was.
        if terminal.watch.is_asking() {
            return;
        }
        terminal.announced.give_up_at = None;
        terminal.questions = true;
        let out = self.lanes[0].screen.as_mut().map(|screen| screen.position(at)).unwrap_or_default();
        self.say(&out);
    }

    /// Writes down for whom questions were put on the screen, once they are.
    pub(super) fn note_shown(&mut self) {
        let Some(terminal) = &mut self.terminal else { return };
        let lane = &self.lanes[0];
        if lane.has_pending() || lane.is_closed() {
            return;
        }
        let is_open = terminal.prompt.as_ref().is_some_and(|asking| asking.is_drawn);
        let has_row = lane.screen.as_ref().is_some_and(|screen| screen.has_ribbon());
        let who = &self.broker.requester().name;
        let announced = &mut terminal.announced;
        let seen: Vec<QuestionId> = match (is_open, has_row) {
            (true, _) => terminal.prompt.iter().filter_map(|asking| asking.prompt.shown()).collect(),
            (false, true) => announced.rung.iter().copied().collect(),
            (false, false) => announced.told.iter().copied().collect(),
        };
        for id in seen {
            if announced.shown.insert(id) {
                self.broker.shown(id, who, "terminal", None);
            }
        }
    }

    /// Where no line can stand on the last row, one goes between the program's; where none can, only bell and title tell.
    pub(super) fn tell_otherwise(&mut self, waiting: &[Waiting]) -> Result<()> {
        let now = self.clock.elapsed();
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        let Some(screen) = &self.lanes[0].screen else { return Ok(()) };
        let announced = &mut terminal.announced;
        let gave_up = announced.give_up_at.is_some_and(|at| now >= at);
        if gave_up {
            announced.give_up_at = None;
        }
        let is_without = terminal.fixed_size || !terminal.asks.row || gave_up || screen.cannot_have_ribbon();
        if screen.has_ribbon() || !is_without {
            return Ok(());
        }
        let key = terminal.watch.key();
        let may = self.lanes[0].takes_lines();
        let mut lines = Vec::new();
        for waiting in waiting {
            let new = !announced.told.contains(&waiting.id) && !announced.shown.contains(&waiting.id);
            if new && may {
                announced.told.insert(waiting.id);
                lines.push(format!("hoop-run: {} waits for an answer: press {key}", what(&waiting.question)));
            } else if new {
                announced.shown.insert(waiting.id);
                let why = "the screen is the program's: only the bell and the title told of it".to_owned();
                self.broker.shown(waiting.id, &self.broker.requester().name, "terminal", Some(why));
            }
        }
        for line in lines {
            self.lanes[0].insert(&line, &self.recorder)?;
        }
        self.say(b"");
        Ok(())
    }
}

/// What stands on the last row: what waits, and always the key; narrower than the screen.
fn line(waiting: &[Waiting], key: HotKey, cols: usize) -> String {
    let count = waiting.len();
    let first = waiting.first().map(|waiting| what(&waiting.question)).unwrap_or_default();
    let mine = waiting.iter().any(|waiting| waiting.question.needs.is_empty());
    let text = if cols < NARROW {
        clipped(&format!("{key}: hoop asks {count}"), cols.saturating_sub(1))
    } else {
        let right = match (mine, count) {
            (true, 1) => format!(" · {key} answers "),
            (false, 1) => format!(" · others answer, {key} shows it "),
            _ => format!(" · {key} shows them "),
        };
        let left = if count == 1 {
            format!(" hoop-run: {first}")
        } else {
            format!(" hoop-run: {count} questions wait: {first}")
        };
        let room = cols.saturating_sub(1 + width(&right));
        format!("{}{right}", clipped(&left, room))
    };
    format!("\x1b[1;7m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Findings;
    use crate::approval::Question;

    fn waiting(action: &str) -> Waiting {
        Waiting {
            id: QuestionId(1),
            question: Question {
                action: action.to_owned(),
                resources: vec!["arn:aws:s3:::世界/\x1b[2J".to_owned()],
                ..Question::default()
            },
            asked: Micros(0),
            deadline: Micros(0),
            callers: 1,
            votes: Vec::new(),
            missing: Vec::new(),
            findings: Findings::default(),
        }
    }

    #[test]
    fn the_line_is_narrower_than_the_screen_has_the_key_and_nothing_unescaped() {
        let key: HotKey = "ctrl-]".parse().unwrap();
        for cols in 1..300 {
            for waiting in [vec![waiting("s3:DeleteObject")], vec![waiting("a"), waiting("b")]] {
                let line = line(&waiting, key, cols);
                let text = line.strip_prefix("\x1b[1;7m").unwrap().strip_suffix("\x1b[0m").unwrap();
                assert!(!text.contains('\x1b') && width(text) < cols.max(2), "{cols}: {text}");
                assert!(cols < 20 || text.contains("Ctrl-]"), "{cols}: {text}");
            }
        }
        assert!(
            line(&[waiting("s3:DeleteObject")], key, 100)
                .contains("s3:DeleteObject on arn:aws:s3:::世界/␛[2J")
        );
    }
}
