//! The question to the person at the terminal: what they see, and which keys count as an answer.
//!
//! Pure: keys and times go in, answers and text to draw come out. The session draws and answers.

mod keyboard;
mod text;
mod view;

use std::time::Duration;

use crate::approval::Answer;
use crate::approval::QuestionId;
use crate::approval::Scope;
use crate::approval::Waiting;
use crate::sys::tty::Size;
use crate::types::Micros;
use keyboard::Key;
use keyboard::Keyboard;

/// How long the keyboard must have been silent, counted from drawing, before a key can be an answer. Whoever is
/// typing into the program when the question appears goes on typing for a moment.
pub const GUARD: Duration = Duration::from_millis(600);
/// Longest reason that can be typed, in characters.
const LONGEST_REASON: usize = 400;

/// Questions shown one after the other.
#[derive(Debug)]
pub struct Prompt {
    waiting: Vec<Waiting>,
    keyboard: Keyboard,
    /// No key counts before this time.
    guarded_until: Micros,
    /// The reason that is being typed, if so.
    reason: Option<String>,
    scroll: usize,
    /// Questions answered while this prompt is open.
    answered: usize,
}

/// A person's answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Which question.
    pub id: QuestionId,
    /// The answer.
    pub answer: Answer,
}

impl Prompt {
    /// A prompt that appears at `now`. It shows nothing before [`Prompt::update`].
    #[must_use]
    pub fn new(now: Micros) -> Self {
        Self {
            waiting: Vec::new(),
            keyboard: Keyboard::default(),
            guarded_until: after(now),
            reason: None,
            scroll: 0,
            answered: 0,
        }
    }

    /// Takes the questions that wait now; false when none is left and the prompt is done. Another question on top
    /// starts the guard time again.
    pub fn update(&mut self, waiting: Vec<Waiting>, now: Micros) -> bool {
        let before = self.waiting.first().map(|waiting| waiting.id);
        self.waiting = waiting;
        let shown = self.waiting.first().map(|waiting| waiting.id);
        if shown != before {
            self.guarded_until = after(now);
            self.reason = None;
            self.scroll = 0;
        }
        shown.is_some()
    }

    /// Takes typed bytes; gives the answer if they are one.
    pub fn typed(&mut self, bytes: &[u8], now: Micros) -> Option<Given> {
        let keys = self.keyboard.read(bytes);
        let guarded = now < self.guarded_until;
        // Several keys at once were not pressed to answer: a paste, or keys typed ahead.
        if self.reason.is_none() && (guarded || keys.len() > 1 || keys.contains(&Key::Pasted)) {
            self.guarded_until = after(now);
            return None;
        }
        keys.into_iter().find_map(|key| self.press(key, now))
    }

    fn press(&mut self, key: Key, now: Micros) -> Option<Given> {
        if let Some(reason) = &mut self.reason {
            match key {
                Key::Enter => {
                    return self
                        .give(Answer::Deny(self.reason.clone().unwrap_or_default().trim().to_owned()));
                }
                Key::Escape => {
                    self.reason = None;
                    self.guarded_until = after(now);
                }
                Key::Backspace => drop(reason.pop()),
                Key::Char(character) if reason.chars().count() < LONGEST_REASON => reason.push(character),
                _ => {}
            }
            return None;
        }
        match key {
            Key::Char('a') => return self.give(Answer::Allow(Scope::Once, String::new())),
            Key::Char('s') => return self.give(Answer::Allow(Scope::Session, String::new())),
            Key::Char('d') => return self.give(Answer::Deny(String::new())),
            Key::Char('D') => self.reason = Some(String::new()),
            Key::Down | Key::Char('j') => self.scroll += 1,
            Key::Up | Key::Char('k') => self.scroll = self.scroll.saturating_sub(1),
            Key::PageDown | Key::Char(' ') => self.scroll += 8,
            Key::PageUp => self.scroll = self.scroll.saturating_sub(8),
            _ => {}
        }
        None
    }

    fn give(&mut self, answer: Answer) -> Option<Given> {
        self.answered += 1;
        self.waiting.first().map(|waiting| Given { id: waiting.id, answer })
    }

    /// The whole screen as it is now, as sequences for a screen of `size`; nothing is left of what was there.
    pub fn draw(&mut self, size: Size, now: Micros) -> Vec<u8> {
        let Some(waiting) = self.waiting.first() else { return Vec::new() };
        let frame = view::Frame {
            waiting,
            number: self.answered + 1,
            of: self.answered + self.waiting.len(),
            reason: self.reason.as_deref(),
            ready: now >= self.guarded_until,
            now,
        };
        view::draw(&frame, size, &mut self.scroll).into_bytes()
    }

    /// When the screen must be drawn again without a key: the guard ends, or a second has passed.
    #[must_use]
    pub fn redraw_at(&self, now: Micros) -> Micros {
        let tick = Micros(now.0 + 250_000);
        if now < self.guarded_until { tick.min(self.guarded_until) } else { tick }
    }
}

fn after(now: Micros) -> Micros {
    Micros(now.0 + Micros::from(GUARD).0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Findings;
    use crate::approval::Question;

    const SECOND: u64 = 1_000_000;

    fn waiting(id: u64) -> Waiting {
        let question = Question {
            action: "s3:DeleteObject".to_owned(),
            resources: vec!["arn:aws:s3:::billing/\x1b[2J07.csv".to_owned()],
            who: "ana".to_owned(),
            rule: "destructive (policy.toml:41)".to_owned(),
            ..Question::default()
        };
        Waiting {
            id: QuestionId(id),
            question,
            asked: Micros(0),
            deadline: Micros(60 * SECOND),
            callers: 1,
            votes: Vec::new(),
            missing: Vec::new(),
            findings: Findings::default(),
        }
    }

    fn open() -> Prompt {
        let mut prompt = Prompt::new(Micros(0));
        assert!(prompt.update(vec![waiting(1), waiting(2)], Micros(0)));
        prompt
    }

    fn allowed(id: u64) -> Option<Given> {
        Some(Given { id: QuestionId(id), answer: Answer::Allow(Scope::Once, String::new()) })
    }

    #[test]
    fn a_key_counts_only_after_the_keyboard_was_silent() {
        let mut prompt = open();
        assert_eq!(prompt.typed(b"a", Micros(300_000)), None);
        // Still typing: the silence has to start again.
        assert_eq!(prompt.typed(b"a", Micros(700_000)), None);
        assert_eq!(prompt.typed(b"a", Micros(2 * SECOND)), allowed(1));
    }

    #[test]
    fn the_next_question_has_a_guard_time_of_its_own() {
        let mut prompt = open();
        assert_eq!(prompt.typed(b"a", Micros(SECOND)), allowed(1));
        prompt.update(vec![waiting(2)], Micros(SECOND));
        assert_eq!(prompt.typed(b"a", Micros(SECOND + 100_000)), None);
        assert_eq!(prompt.typed(b"a", Micros(3 * SECOND)), allowed(2));
        assert!(!prompt.update(Vec::new(), Micros(3 * SECOND)));
    }

    #[test]
    fn a_paste_or_keys_typed_ahead_never_answer() {
        let mut prompt = open();
        assert_eq!(prompt.typed(b"aa", Micros(SECOND)), None);
        assert_eq!(prompt.typed(b"\x1b[200~a", Micros(3 * SECOND)), None);
        assert_eq!(prompt.typed(b"a", Micros(5 * SECOND)), None, "still inside the paste");
        assert_eq!(prompt.typed(b"\x1b[201~", Micros(6 * SECOND)), None);
        assert_eq!(prompt.typed(b"a", Micros(8 * SECOND)), allowed(1));
    }

    #[test]
    fn a_denial_carries_the_reason_that_was_typed() {
        let mut prompt = open();
        assert_eq!(prompt.typed(b"D", Micros(SECOND)), None);
        for byte in "use the stagin\u{7f}ng bücket".as_bytes() {
            assert_eq!(prompt.typed(&[*byte], Micros(SECOND)), None);
        }
        let given = prompt.typed(b"\r", Micros(2 * SECOND)).unwrap();
        assert_eq!(given.answer, Answer::Deny("use the staging bücket".to_owned()));
    }

    #[test]
    fn everything_needed_is_on_the_smallest_screen_and_nothing_reaches_it_unescaped() {
        for (cols, rows) in [(40, 12), (80, 24), (200, 50)] {
            let drawn = String::from_utf8(open().draw(Size::new(cols, rows), Micros(SECOND))).unwrap();
            let mut terminal = avt::Terminal::new(usize::from(cols), usize::from(rows)).unwrap();
            terminal.feed(drawn.as_str());
            let text: Vec<String> = terminal.screen().visible_lines().map(avt::Line::text).collect();
            let text = text.join("\n");
            for word in
                ["1 of 2", "s3:DeleteObject", "arn:aws:s3:::billing/", "59 s", "allow", "deny", "␛[2J07."]
            {
                assert!(text.contains(word), "{cols}x{rows} lacks {word}:\n{text}");
            }
        }
    }
}
