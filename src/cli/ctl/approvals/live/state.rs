//! What the live list shows, and what keys mean. Pure: events and times go in, effects come out.

use std::time::Duration;

use crossterm::event::Event as TerminalEvent;
use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;

use super::super::Found;
use super::super::answering::Asked;
use super::super::answering::Told;
use crate::approval::QuestionId;
use crate::approval::Scope;
use crate::control::wire::REASON_CHARACTERS;
use crate::control::wire::Word;
use crate::error::Error;
use crate::error::Result;
use crate::replay::Meaning;
use crate::types::Micros;
use crate::types::SessionId;

/// How long the keyboard must have been silent before a key can be an answer to a question that has just appeared.
pub(super) const GUARD: Duration = Duration::from_millis(600);
/// The same after the person has chosen another question.
const SHORT_GUARD: Duration = Duration::from_millis(200);
/// Minutes that are offered, and the most that can be given.
const MINUTES: &str = "10";
const MOST_MINUTES: u64 = 1_440;

/// Names a question among all.
pub(super) type Key = (SessionId, QuestionId);

/// What a key does beyond the list itself.
#[derive(Debug)]
pub(super) enum Effect {
    Answer(Box<Found>, Asked),
    Quit,
}

/// What keys are for at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Choosing and answering.
    #[default]
    List,
    /// Typing for how many minutes.
    Minutes(String),
    /// Confirming a yes for the session.
    Sure,
    /// Typing a reason; `stop`: the session is to end, too.
    Reason { stop: bool, text: String },
    /// Reading what keys there are.
    Help,
}

/// Everything on the screen.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) all: Vec<Found>,
    pub(super) mode: Mode,
    /// First line of the detail that is shown.
    pub(super) scroll: usize,
    /// The last thing to be said.
    pub(super) notice: Option<(String, Meaning)>,
    chosen: Option<Key>,
    guarded_until: Micros,
    /// Answers that are on their way.
    pub(super) busy: Vec<Key>,
}

fn key_of(found: &Found) -> Key {
    (found.card.session, found.card.id)
}

fn later(now: Micros, by: Duration) -> Micros {
    Micros(now.0.saturating_add(Micros::from(by).0))
}

impl State {
    /// Takes what waits now. The chosen question stays chosen; where it is gone, another one comes in its place, and keys
    /// count for it only after a while.
    pub(super) fn update(&mut self, all: Vec<Found>, now: Micros) {
        let place = self.place();
        self.all = all;
        if let Some(chosen) = self.chosen
            && self.place().is_none()
        {
            if !self.busy.contains(&chosen) && self.mode != Mode::List && self.mode != Mode::Help {
                self.notice = Some(("this question does not wait any more".to_owned(), Meaning::Ask));
            }
            self.chosen = None;
        }
        if self.chosen.is_none() {
            let place = place.unwrap_or_default().min(self.all.len().saturating_sub(1));
            self.chosen = self.all.get(place).map(key_of);
            self.scroll = 0;
            if self.mode != Mode::Help {
                self.mode = Mode::List;
            }
            self.guarded_until = later(now, GUARD);
        }
    }

    /// The chosen question.
    pub(super) fn chosen(&self) -> Option<&Found> {
        self.all.get(self.place()?)
    }

    /// Its place in the list.
    pub(super) fn place(&self) -> Option<usize> {
        let chosen = self.chosen?;
        self.all.iter().position(|found| key_of(found) == chosen)
    }

    /// Whether keys can answer.
    pub(super) fn is_ready(&self, now: Micros) -> bool {
        now >= self.guarded_until
    }

    /// Whether an answer to the chosen question is on its way.
    pub(super) fn is_busy(&self) -> bool {
        self.chosen.is_some_and(|chosen| self.busy.contains(&chosen))
    }

    /// Something is wrong with a session.
    pub(super) fn trouble(&mut self, error: &Error) {
        self.notice = Some((format!("{}: {}", error.what(), error.causes().join(": ")), Meaning::Error));
    }

    /// An answer has arrived, or has not.
    pub(super) fn answered(&mut self, key: Key, told: Result<Told>) {
        self.busy.retain(|busy| *busy != key);
        self.notice = Some(match told {
            Ok(Told { text, note: None, .. }) => (text, Meaning::Allow),
            Ok(Told { text, note: Some(note), .. }) => (format!("{text}; {note}"), Meaning::Ask),
            Err(error) => {
                let whys: Vec<&str> =
                    [error.what()].into_iter().chain(error.causes().iter().map(String::as_str)).collect();
                (whys.join(": "), Meaning::Error)
            }
        });
    }

    /// Takes an event of the terminal.
    pub(super) fn terminal(&mut self, event: &TerminalEvent, now: Micros) -> Option<Effect> {
        match event {
            TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => self.key(*key, now),
            // What is pasted is text where text is typed, and never an answer.
            TerminalEvent::Paste(text) => {
                text.chars().filter(|c| !c.is_control()).for_each(|c| self.push(c));
                None
            }
            _ => None,
        }
    }

    fn key(&mut self, key: KeyEvent, now: Micros) -> Option<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && matches!(key.code, KeyCode::Char('c' | 'd')) {
            return Some(Effect::Quit);
        }
        if control || key.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        match (self.mode.clone(), key.code) {
            (Mode::Help, _) => {
                self.mode = Mode::List;
                None
            }
            (Mode::List, code) => self.list_key(code, now),
            (_, KeyCode::Esc) => {
                self.mode = Mode::List;
                self.guarded_until = later(now, SHORT_GUARD);
                None
            }
            (Mode::Sure, KeyCode::Char('y')) if self.may_answer(now) => {
                self.answer(Word::Allow, Some(Scope::Session), String::new())
            }
            (Mode::Minutes(text), KeyCode::Enter) => {
                let minutes = text.parse::<u64>().ok().filter(|minutes| (1..=MOST_MINUTES).contains(minutes));
                match minutes {
                    Some(minutes) if self.may_answer(now) => {
                        let scope = Scope::For(Duration::from_secs(minutes * 60));
                        self.answer(Word::Allow, Some(scope), String::new())
                    }
                    Some(_) => None,
                    None => {
                        let text = format!("from 1 to {MOST_MINUTES} minutes");
                        self.notice = Some((text, Meaning::Ask));
                        None
                    }
                }
            }
            (Mode::Reason { stop, text }, KeyCode::Enter) => {
                let word = if stop { Word::Stop } else { Word::Deny };
                self.answer(word, None, text)
            }
            (_, KeyCode::Backspace) => {
                if let Mode::Minutes(text) | Mode::Reason { text, .. } = &mut self.mode {
                    text.pop();
                }
                None
            }
            (_, KeyCode::Char(c)) => {
                self.push(c);
                None
            }
            _ => None,
        }
    }

    fn list_key(&mut self, code: KeyCode, now: Micros) -> Option<Effect> {
        match code {
            KeyCode::Char('q') => return Some(Effect::Quit),
            KeyCode::Char('?') | KeyCode::F(1) => self.mode = Mode::Help,
            KeyCode::Up | KeyCode::Char('k') => self.choose(-1, now),
            KeyCode::Down | KeyCode::Char('j') => self.choose(1, now),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll = self.scroll.saturating_add(8),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(8),
            KeyCode::Char(answer @ ('a' | 'm' | 's' | 'd' | 'D')) => {
                if !self.may_answer(now) {
                    return None;
                }
                self.notice = None;
                match answer {
                    'a' => return self.answer(Word::Allow, Some(Scope::Once), String::new()),
                    'm' => self.mode = Mode::Minutes(MINUTES.to_owned()),
                    's' => self.mode = Mode::Sure,
                    _ => self.mode = Mode::Reason { stop: answer == 'D', text: String::new() },
                }
                // A second key of what was typed ahead must not confirm it.
                self.guarded_until = later(now, SHORT_GUARD);
            }
            _ => {}
        }
        None
    }

    /// Whether a key counts now. One that comes too early makes the next wait, too: somebody is typing something else.
    fn may_answer(&mut self, now: Micros) -> bool {
        if self.chosen().is_none() || self.is_busy() {
            return false;
        }
        let is_ready = self.is_ready(now);
        if !is_ready {
            self.guarded_until = later(now, GUARD);
        }
        is_ready
    }

    fn answer(&mut self, word: Word, scope: Option<Scope>, reason: String) -> Option<Effect> {
        self.mode = Mode::List;
        let found = self.chosen()?.clone();
        self.busy.push(key_of(&found));
        Some(Effect::Answer(Box::new(found), Asked { word, scope, reason }))
    }

    fn choose(&mut self, by: isize, now: Micros) {
        let Some(place) = self.place() else { return };
        let place = place.saturating_add_signed(by).min(self.all.len().saturating_sub(1));
        let chosen = self.all.get(place).map(key_of);
        if chosen != self.chosen {
            self.chosen = chosen;
            self.scroll = 0;
            self.guarded_until = self.guarded_until.max(later(now, SHORT_GUARD));
        }
    }

    fn push(&mut self, c: char) {
        match &mut self.mode {
            Mode::Minutes(text) if c.is_ascii_digit() && text.len() < 4 => text.push(c),
            Mode::Reason { text, .. } if text.chars().count() < REASON_CHARACTERS => text.push(c),
            _ => {}
        }
    }
}
