//! The question to the person at the terminal: what they see, and which keys count as an answer.
//!
//! Pure: keys and times go in, answers and text to draw come out. The session draws and answers.

mod detail;
mod foot;
mod keyboard;
mod list;
mod text;
mod typing;
mod view;

use std::time::Duration;

use crate::approval::Answer;
use crate::approval::Answered;
use crate::approval::QuestionId;
use crate::approval::Scope;
use crate::approval::Waiting;
use crate::sys::tty::Size;
use crate::types::Micros;
use keyboard::Key;
use keyboard::Keyboard;
use typing::Typing;

pub use list::what;
pub use text::clipped;

/// How long the keyboard must have been silent, counted from drawing, before a key can be an answer. Whoever is
/// typing into the program when the question appears goes on typing for a moment.
pub const GUARD: Duration = Duration::from_millis(600);
/// How long a remark stands on the screen.
const REMARK: Duration = Duration::from_secs(8);
/// Lines that a page key moves.
const PAGE: usize = 8;

/// The questions that wait, one in full or all in a list.
#[derive(Debug)]
pub struct Prompt {
    look: Look,
    waiting: Vec<Waiting>,
    /// The question that is shown, or chosen in the list.
    current: Option<QuestionId>,
    page: Page,
    keyboard: Keyboard,
    /// No key answers before this time.
    guarded_until: Micros,
    /// What is being typed, if so.
    typing: Option<Typing>,
    scroll: usize,
    /// What became of the last answer, or of a question that is gone, and until when it is told.
    remark: Option<(String, Micros)>,
}

/// What a prompt looks like, and how it came.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Colours may be used.
    pub colour: bool,
    /// The person has asked for it with the hot-key; otherwise it came by itself, maybe in the middle of typing.
    pub asked_for: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    List,
    Detail,
    Help,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    /// Answered a question.
    Answered(QuestionId, Answer),
    /// Went back to the program; the questions go on waiting.
    Left,
}

impl Prompt {
    /// A prompt that appears at `now`. It shows nothing before [`Prompt::update`].
    #[must_use]
    pub fn new(look: Look, now: Micros) -> Self {
        Self {
            look,
            waiting: Vec::new(),
            current: None,
            page: Page::Detail,
            keyboard: Keyboard::default(),
            guarded_until: after(now, GUARD),
            typing: None,
            scroll: 0,
            remark: None,
        }
    }

    /// Takes the questions that wait now; false when none is left and the prompt is done. Another question on top
    /// starts the guard time again.
    pub fn update(&mut self, waiting: Vec<Waiting>, now: Micros) -> bool {
        let before = std::mem::replace(&mut self.waiting, waiting);
        let Some(first) = self.waiting.first().map(|waiting| waiting.id) else { return false };
        let Some(current) = self.current else {
            // Several are chosen from, unless the prompt came by itself, for one of them.
            if self.waiting.len() > 1 && self.look.asked_for {
                self.page = Page::List;
            }
            self.show(first, now);
            return true;
        };
        if self.place_of(current).is_some() {
            if self.page == Page::List && self.waiting.len() == 1 {
                self.page = Page::Detail;
                self.show(current, now);
            }
            return true;
        }
        let place = before.iter().position(|waiting| waiting.id == current).unwrap_or_default();
        if let Some(gone) = before.get(place).filter(|_| self.page == Page::Detail && self.remark.is_none()) {
            let why = if gone.deadline <= now {
                "its time is over"
            } else {
                "it was answered elsewhere, or whoever asked is gone"
            };
            self.remark(format!("{} waits no more: {why}", what(&gone.question)), now);
        }
        let next = self.waiting.get(place).map_or(first, |waiting| waiting.id);
        self.show(next, now);
        true
    }

    /// The questions that are on the screen in full: the one, if any.
    #[must_use]
    pub fn shown(&self) -> Option<QuestionId> {
        self.current.filter(|_| self.page == Page::Detail)
    }

    /// Takes what became of the answer that was given last.
    pub fn told(&mut self, answered: Answered, now: Micros) {
        match answered {
            Answered::Settled => self.remark = None,
            Answered::Counted(missing) => {
                self.remark(format!("your yes counts; still needed: {}", missing.join(", and ")), now);
            }
            Answered::NotWaiting => self.remark("too late: that question waits no more".to_owned(), now),
            Answered::Refused(why) => self.remark(why, now),
        }
    }

    /// Takes typed bytes; gives what they mean to the session, if anything.
    pub fn typed(&mut self, bytes: &[u8], now: Micros) -> Option<Did> {
        let keys = self.keyboard.read(bytes);
        if self.typing.is_some() {
            // A yes, or the session's end, needs Enter by itself: a paste with a line feed in it is none.
            let alone = keys.len() == 1;
            return keys.into_iter().find_map(|key| self.type_on(key, alone, now));
        }
        let [key] = keys.as_slice() else {
            // Several keys at once were not pressed to answer: a paste, or keys typed ahead.
            if !keys.is_empty() {
                self.guarded_until = after(now, GUARD);
            }
            return None;
        };
        let key = *key;
        if now < self.guarded_until || key == Key::Pasted {
            let moves = self.look.asked_for && is_harmless(key);
            self.guarded_until = after(now, GUARD);
            return if moves { self.go(key, now) } else { None };
        }
        if is_harmless(key) { self.go(key, now) } else { self.answer(key) }
    }

    /// A key that answers nothing.
    fn go(&mut self, key: Key, now: Micros) -> Option<Did> {
        match (self.page, key) {
            (Page::Help, _) => self.page = Page::Detail,
            (_, Key::Escape) => return Some(Did::Left),
            (_, Key::Char('?')) => (self.page, self.scroll) = (Page::Help, 0),
            (Page::List, Key::Up | Key::Char('k')) => self.choose(-1),
            (Page::List, Key::Down | Key::Char('j')) => self.choose(1),
            (Page::List, Key::PageUp) => self.choose(-(PAGE as isize)),
            (Page::List, Key::PageDown) => self.choose(PAGE as isize),
            (Page::List, Key::Home) => self.choose(isize::MIN),
            (Page::List, Key::End) => self.choose(isize::MAX),
            (Page::List, Key::Enter | Key::Right) => {
                if let Some(current) = self.current {
                    self.page = Page::Detail;
                    self.show(current, now);
                }
            }
            (Page::Detail, Key::Left | Key::Char('l')) if self.waiting.len() > 1 => self.page = Page::List,
            (Page::Detail, Key::Down | Key::Char('j')) => self.scroll = self.scroll.saturating_add(1),
            (Page::Detail, Key::Up | Key::Char('k')) => self.scroll = self.scroll.saturating_sub(1),
            (Page::Detail, Key::PageDown | Key::Char(' ')) => {
                self.scroll = self.scroll.saturating_add(PAGE);
            }
            (Page::Detail, Key::PageUp) => self.scroll = self.scroll.saturating_sub(PAGE),
            (Page::Detail, Key::Home) => self.scroll = 0,
            // Brought back into what there is when it is drawn.
            (Page::Detail, Key::End) => self.scroll = usize::MAX,
            _ => {}
        }
        None
    }

    /// A key that answers, or begins to.
    fn answer(&mut self, key: Key) -> Option<Did> {
        let question = self.waiting.get(self.place_of(self.shown()?)?)?;
        let may_allow = question.question.needs.is_empty();
        match key {
            Key::Char('a') if may_allow => self.give(Answer::Allow(Scope::Once, String::new())),
            Key::Char('s') if may_allow => self.give(Answer::Allow(Scope::Session, String::new())),
            Key::Char('m') if may_allow => self.begin(Typing::minutes()),
            Key::Char('d') => self.give(Answer::Deny(String::new())),
            Key::Char('r' | 'D') => self.begin(Typing::reason()),
            Key::Char('x') => self.begin(Typing::stop()),
            _ => None,
        }
    }

    fn begin(&mut self, typing: Typing) -> Option<Did> {
        self.typing = Some(typing);
        None
    }

    /// A key while something is being typed.
    fn type_on(&mut self, key: Key, alone: bool, now: Micros) -> Option<Did> {
        let typing = self.typing.as_mut()?;
        match key {
            Key::Enter if alone || typing.is_reason() => {
                let answer = typing.answer()?;
                return self.give(answer);
            }
            Key::Escape => {
                self.typing = None;
                self.guarded_until = after(now, GUARD);
            }
            Key::Backspace => typing.backspace(),
            Key::Char(character) => typing.push(character),
            _ => {}
        }
        None
    }

    fn give(&mut self, answer: Answer) -> Option<Did> {
        self.typing = None;
        self.shown().map(|id| Did::Answered(id, answer))
    }

    /// Moves the choice in the list.
    fn choose(&mut self, by: isize) {
        let place = self.current.and_then(|id| self.place_of(id)).unwrap_or_default();
        let place = place.saturating_add_signed(by).min(self.waiting.len().saturating_sub(1));
        self.current = self.waiting.get(place).map(|waiting| waiting.id);
    }

    /// Another question is the one: keys that were meant for the one before do not answer it.
    fn show(&mut self, id: QuestionId, now: Micros) {
        self.current = Some(id);
        self.guarded_until = after(now, GUARD);
        self.typing = None;
        self.scroll = 0;
    }

    fn remark(&mut self, text: String, now: Micros) {
        self.remark = Some((text, after(now, REMARK)));
    }

    fn place_of(&self, id: QuestionId) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.id == id)
    }

    /// The whole screen as it is now, as sequences for a screen of `size`; nothing is left of what was there. `name` gives
    /// what a question is called elsewhere.
    pub fn draw(&mut self, size: Size, now: Micros, name: impl Fn(QuestionId) -> String) -> Vec<u8> {
        if self.remark.as_ref().is_some_and(|(_, until)| now >= *until) {
            self.remark = None;
        }
        let place = self.current.and_then(|id| self.place_of(id)).unwrap_or_default();
        let Some(waiting) = self.waiting.get(place) else { return Vec::new() };
        let frame = view::Frame {
            all: &self.waiting,
            waiting,
            place,
            page: self.page,
            name: name(waiting.id),
            typing: self.typing.as_ref(),
            remark: self.remark.as_ref().map(|(text, _)| text.as_str()),
            is_ready: now >= self.guarded_until,
            colour: self.look.colour,
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

/// Keys that only look around.
fn is_harmless(key: Key) -> bool {
    !matches!(key, Key::Char('a' | 's' | 'm' | 'd' | 'r' | 'D' | 'x'))
}

fn after(now: Micros, time: Duration) -> Micros {
    Micros(now.0 + Micros::from(time).0)
}

#[cfg(test)]
mod tests;
