//! A question in lines, for `show` and for the live list.

use std::time::Duration;

use crate::approval::Card;
use crate::approval::Difference;
use crate::approval::Fact;
use crate::approval::Subject;
use crate::config::duration;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// What is to be done.
    Strong,
    /// What matters less.
    Muted,
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// Something that is still needed.
    Needed,
}

/// A line: what stands at the left, and the text. Nothing in it is safe to print yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) look: Look,
}

/// Command lines above the one that called.
const ABOVE: usize = 6;
/// Lines of a comparison.
const COMPARED: usize = 400;

/// All that is known of a question; `now` in microseconds since the Unix epoch.
pub(super) fn lines(card: &Card, owner: Option<&str>, now: u64) -> Vec<Line> {
    let question = &card.question;
    let mut lines = Vec::new();
    let mut add = |name: &str, text: &str, look: Look| {
        if !text.is_empty() {
            lines.push(Line { name: name.to_owned(), text: text.to_owned(), look });
        }
    };
    add("question", &card.name(), Look::Plain);
    add("action", what(card), Look::Strong);
    for (number, resource) in question.resources.iter().enumerate() {
        add(if number == 0 { resource_name(question.subject) } else { "" }, resource, Look::Strong);
    }
    add("who", &who(card, owner), Look::Plain);
    add("agent", question.agent.as_deref().unwrap_or_default(), Look::Plain);
    add("in", question.repository.as_deref().unwrap_or_default(), Look::Plain);
    add("command", question.command.as_deref().unwrap_or_default(), Look::Plain);
    for (number, above) in question.above.iter().take(ABOVE).enumerate() {
        add(if number == 0 { "started by" } else { "" }, above, Look::Muted);
    }
    let account = question.account.as_deref().unwrap_or_default();
    let places: Vec<&str> = [account, &question.region].into_iter().filter(|part| !part.is_empty()).collect();
    add("where", &places.join(" · "), Look::Plain);
    add("signed as", question.identity.as_deref().unwrap_or_default(), Look::Plain);
    add("rule", &question.rule, Look::Plain);
    add("why", &question.reason, Look::Plain);
    facts(&mut add, "with", &question.parameters);
    facts(&mut add, "hits", &card.findings.facts);
    if card.findings.is_looking {
        add("hits", "still looking …", Look::Muted);
    }
    add("changes", &card.findings.compared, Look::Plain);
    for difference in card.findings.difference.iter().take(COMPARED) {
        match difference {
            Difference::Same(text) => add("", &format!("  {text}"), Look::Muted),
            Difference::Added(text) => add("", &format!("+ {text}"), Look::Added),
            Difference::Removed(text) => add("", &format!("- {text}"), Look::Removed),
        }
    }
    if card.findings.difference.len() > COMPARED {
        let more = card.findings.difference.len() - COMPARED;
        add("", &format!("… and {more} more lines"), Look::Muted);
    }
    for vote in &card.votes {
        let why = if vote.reason.is_empty() { String::new() } else { format!(": {}", vote.reason) };
        add("yes of", &format!("{} ({}){why}", vote.by, vote.via.as_str()), Look::Added);
    }
    let needs = match card.missing.as_slice() {
        [] => format!("a yes of {}", card.requester),
        missing => missing.join(", and "),
    };
    add("needs", &needs, Look::Needed);
    add("waiting", &waiting(card), Look::Plain);
    add("time left", &left_words(card, now), Look::Plain);
    lines
}

fn facts(add: &mut impl FnMut(&str, &str, Look), name: &str, facts: &[Fact]) {
    for (number, fact) in facts.iter().enumerate() {
        add(if number == 0 { name } else { "" }, &format!("{}: {}", fact.name, fact.value), Look::Plain);
    }
}

/// What is to be done, in the words of people.
fn what(card: &Card) -> &str {
    match card.question.subject {
        Subject::Call => &card.question.action,
        Subject::Command => "run a command",
        Subject::Connection => "connect to a host",
    }
}

fn resource_name(subject: Subject) -> &'static str {
    match subject {
        Subject::Call => "resource",
        Subject::Command => "line",
        Subject::Connection => "host",
    }
}

/// Whose session it is; `owner`: the user that it runs as, where that is somebody else than the approver.
pub(super) fn who(card: &Card, owner: Option<&str>) -> String {
    let host = if card.host.is_empty() { String::new() } else { format!(" on {}", card.host) };
    let runs = owner.map(|owner| format!(", session of {owner}")).unwrap_or_default();
    format!("{}{host}{runs}", card.requester)
}

fn waiting(card: &Card) -> String {
    match card.callers {
        0 => "the client has gone; it may come back for the answer".to_owned(),
        1 => String::new(),
        callers => format!("{callers} calls wait for this answer"),
    }
}

/// Until it turns into a refusal.
pub(super) fn left(card: &Card, now: u64) -> Duration {
    Duration::from_micros(card.deadline.saturating_sub(now))
}

/// The same, in whole seconds.
pub(super) fn left_words(card: &Card, now: u64) -> String {
    duration::format(Duration::from_secs(left(card, now).as_secs()))
}
