//! What a person types to complete an answer: a number of minutes, a reason.

use std::time::Duration;

use crate::approval::Answer;
use crate::approval::Scope;

/// Longest reason that can be typed, in characters.
const LONGEST_REASON: usize = 400;
/// Minutes that a yes counts for unless another number is typed.
const MINUTES: &str = "10";
/// The most that can be typed: a day.
const MOST_MINUTES: u64 = 1_440;

/// A line that is being typed, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typing {
    kind: Kind,
    text: String,
    /// The text is ours, not yet the person's: the first key replaces it.
    is_given: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Minutes,
    Reason,
    Stop,
}

impl Typing {
    /// For how many minutes the action is allowed.
    pub(super) fn minutes() -> Self {
        Self { kind: Kind::Minutes, text: MINUTES.to_owned(), is_given: true }
    }

    /// Why it is denied.
    pub(super) fn reason() -> Self {
        Self { kind: Kind::Reason, text: String::new(), is_given: false }
    }

    /// Why it is denied and the session ended.
    pub(super) fn stop() -> Self {
        Self { kind: Kind::Stop, ..Self::reason() }
    }

    pub(super) fn push(&mut self, character: char) {
        let fits = match self.kind {
            Kind::Minutes => character.is_ascii_digit() && (self.is_given || self.text.len() < 4),
            _ => self.text.chars().count() < LONGEST_REASON,
        };
        if !fits {
            return;
        }
        if std::mem::take(&mut self.is_given) {
            self.text.clear();
        }
        self.text.push(character);
    }

    pub(super) fn backspace(&mut self) {
        self.is_given = false;
        self.text.pop();
    }

    /// What Enter answers; none: it is no answer yet.
    pub(super) fn answer(&self) -> Option<Answer> {
        let text = self.text.trim().to_owned();
        match self.kind {
            Kind::Minutes => {
                let minutes: u64 = text.parse().ok()?;
                let fits = (1..=MOST_MINUTES).contains(&minutes);
                fits.then(|| Answer::Allow(Scope::For(Duration::from_secs(minutes * 60)), String::new()))
            }
            Kind::Reason => Some(Answer::Deny(text)),
            Kind::Stop => Some(Answer::Stop(text)),
        }
    }

    /// A denial is what Enter means.
    pub(super) fn is_reason(&self) -> bool {
        self.kind == Kind::Reason
    }

    /// What is typed so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What stands before it.
    pub(super) fn label(&self) -> &'static str {
        match self.kind {
            Kind::Minutes => "minutes",
            Kind::Reason => "reason",
            Kind::Stop => "why",
        }
    }

    /// What the keys do now.
    pub(super) fn keys(&self) -> &'static str {
        match (self.kind, self.answer()) {
            (Kind::Minutes, None) => "1 to 1440 minutes · Esc goes back",
            (Kind::Minutes, _) => "Enter allows this action, on anything, for so long · Esc goes back",
            (Kind::Reason, _) => "Enter denies with this reason, which the agent reads · Esc goes back",
            (Kind::Stop, _) => "Enter denies and ENDS THE SESSION (may be empty) · Esc goes back",
        }
    }
}
