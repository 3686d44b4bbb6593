//! A card's facts in the order in which people read them, for whoever shows it: notifications and the page.

use std::time::Duration;

use crate::approval::Card;
use crate::approval::Subject;

/// One fact: its name and its value, which may have several lines. Nothing in it is escaped.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) lines: Vec<String>,
    /// It is to be read letter by letter: a command line, an ARN.
    pub(super) is_code: bool,
}

/// What is held, in a word: `call`, `command`, `connection`.
#[must_use]
pub(super) fn subject(card: &Card) -> &'static str {
    match card.question.subject {
        Subject::Call => "call",
        Subject::Command => "command",
        Subject::Connection => "connection",
    }
}

/// All but parameters and findings; facts that are not known are left out.
#[must_use]
pub(super) fn of(card: &Card) -> Vec<Fact> {
    let question = &card.question;
    let mut facts = Vec::new();
    let mut add = |name, lines: Vec<String>, is_code| {
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        if !lines.is_empty() {
            facts.push(Fact { name, lines, is_code });
        }
    };
    let resources = if question.resources.len() == 1 { "Resource" } else { "Resources" };
    add(resources, question.resources.clone(), true);
    let who = if question.who.is_empty() { &card.requester } else { &question.who };
    add("Who", vec![who.clone()], false);
    add("Agent", question.agent.iter().cloned().collect(), false);
    add("Repository", question.repository.iter().cloned().collect(), false);
    add("Command", question.command.iter().cloned().collect(), true);
    add("Started by", question.above.clone(), true);
    add("Credential", question.identity.iter().cloned().collect(), false);
    add("Account", question.account.iter().cloned().collect(), false);
    add("Region", vec![question.region.clone()], false);
    add("Rule", vec![question.rule.clone()], false);
    // A rule without a reason of its own is its own reason.
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    if !letters(&question.rule).contains(&letters(&question.reason)) {
        add("Why it asks", vec![question.reason.clone()], false);
    }
    add("Session", vec![format!("{} on {}", card.session, card.host)], false);
    facts
}

/// Who has to say yes, a phrase each; for a question without named approvers, the owner.
#[must_use]
pub(super) fn missing(card: &Card) -> String {
    match (card.missing.as_slice(), card.question.needs.is_empty()) {
        ([], true) => format!("{}, whose session it is", card.requester),
        ([], false) => "nobody more".to_owned(),
        (missing, _) => missing.join(", and "),
    }
}

/// How long people still have at `now`, in microseconds since the Unix epoch.
#[must_use]
pub(super) fn left(card: &Card, now: u64) -> Duration {
    Duration::from_micros(card.deadline.saturating_sub(now))
}

/// `45 s`, `4 min 10 s`, `2 h 5 min`.
#[must_use]
pub(super) fn time(left: Duration) -> String {
    match left.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// The callers that wait, where that is worth a word.
#[must_use]
pub(super) fn callers(card: &Card) -> Option<String> {
    match card.callers {
        0 => Some("The client has gone away; it may come back for the answer.".to_owned()),
        1 => None,
        many => Some(format!("{many} identical {}s wait for this answer.", subject(card))),
    }
}
