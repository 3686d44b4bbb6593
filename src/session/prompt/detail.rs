//! One question in full.

use super::text::flowed;
use super::text::visible;
use super::view::BOLD;
use super::view::DIM;
use super::view::Frame;
use super::view::PLAIN;
use crate::approval::Difference;
use crate::approval::Findings;
use crate::approval::Subject;
use crate::approval::Vote;

/// Columns of the names on the left.
const NAME: usize = 11;
const ADDED: &str = "\x1b[32m";
const REMOVED: &str = "\x1b[31m";

/// The page: what matters most comes first.
pub(super) fn lines(frame: &Frame<'_>, cols: usize) -> Vec<String> {
    let question = &frame.waiting.question;
    let mut page = Lines { cols, lines: vec![String::new()] };
    let resources = question.resources.iter().map(String::as_str);
    match question.subject {
        Subject::Call => {
            page.field("action", &question.action, BOLD);
            page.several("resource", resources, BOLD);
        }
        Subject::Command => page.several("run", resources, BOLD),
        Subject::Connection => page.several("connect to", resources, BOLD),
    }
    let place = [question.account.as_deref().unwrap_or_default(), &question.region];
    let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
    page.field("where", &place.join(" · "), "");
    page.field("as", question.identity.as_deref().unwrap_or_default(), "");
    let agent = question.agent.as_ref().map(|agent| format!(", agent {agent}")).unwrap_or_default();
    page.field("who", &format!("{}{agent}", question.who), "");
    page.field("in", question.repository.as_deref().unwrap_or_default(), "");
    page.field(
        if question.subject == Subject::Command { "from" } else { "command" },
        question.command.as_deref().unwrap_or_default(),
        "",
    );
    page.several("under", question.above.iter().map(String::as_str), "");
    page.field("rule", &question.rule, "");
    page.field("why", &question.reason, "");
    page.several(
        "said yes",
        frame.waiting.votes.iter().map(said).collect::<Vec<_>>().iter().map(String::as_str),
        "",
    );
    page.several("needed", frame.waiting.missing.iter().map(String::as_str), BOLD);
    page.findings(&frame.waiting.findings, frame.colour);
    let parameters: Vec<String> =
        question.parameters.iter().map(|fact| format!("{} = {}", fact.name, fact.value)).collect();
    page.several("with", parameters.iter().map(String::as_str), "");
    page.lines
}

fn said(vote: &Vote) -> String {
    let groups = match vote.groups.as_slice() {
        [] => String::new(),
        groups => format!(" ({})", groups.join(", ")),
    };
    let reason = if vote.reason.is_empty() { String::new() } else { format!(": {}", vote.reason) };
    format!("{}{groups}, by {}{reason}", vote.by, vote.via.as_str())
}

struct Lines {
    cols: usize,
    lines: Vec<String>,
}

impl Lines {
    /// A value with its name; nothing where there is none.
    fn field(&mut self, name: &str, value: &str, style: &str) {
        if value.is_empty() {
            return;
        }
        // On the narrowest screens the value has a line of its own.
        let is_narrow = self.cols < 3 * NAME;
        let indent = if is_narrow { 1 } else { NAME };
        if is_narrow && !name.is_empty() {
            self.lines.push(format!(" {DIM}{name}{PLAIN}"));
        }
        let width = self.cols.saturating_sub(indent + 1).max(1);
        for (number, line) in flowed(&visible(value), width).into_iter().enumerate() {
            let name = if number == 0 && !is_narrow { name } else { "" };
            self.lines.push(format!(" {DIM}{name:<indent$}{PLAIN}{style}{line}"));
        }
    }

    /// The same for several values: the name stands before the first.
    fn several<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str>, style: &str) {
        for (number, value) in values.filter(|value| !value.is_empty()).enumerate() {
            self.field(if number == 0 { name } else { "" }, value, style);
        }
    }

    fn findings(&mut self, findings: &Findings, colour: bool) {
        let facts: Vec<String> =
            findings.facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
        let looking = findings.is_looking.then_some("looking …");
        self.several("found", facts.iter().map(String::as_str).chain(looking), "");
        if findings.difference.is_empty() {
            return;
        }
        self.field("changes", &findings.compared, "");
        for line in &findings.difference {
            let (mark, text, style) = match line {
                Difference::Same(text) => (' ', text, ""),
                Difference::Added(text) => ('+', text, ADDED),
                Difference::Removed(text) => ('-', text, REMOVED),
            };
            let style = if colour { style } else { "" };
            let width = self.cols.saturating_sub(4).max(1);
            for (number, part) in flowed(&visible(text), width).into_iter().enumerate() {
                let mark = if number == 0 { mark } else { ' ' };
                self.lines.push(format!(" {style}{mark} {part}{PLAIN}"));
            }
        }
    }
}
