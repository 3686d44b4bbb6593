//! The calls, commands and other moments of a session, as the side list shows them.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;

use crate::audit::Approvals;
use crate::audit::CommandFailure;
use crate::audit::Credential;
use crate::audit::Event;
use crate::audit::Line;
use crate::audit::Reader;
use crate::error::Result;
use crate::export::Call;
use crate::export::Collector;
use crate::record::Attempts;
use crate::record::Node;
use crate::replay::alerts;
use crate::replay::alerts::Alerts;
use crate::replay::calls::call;
use crate::replay::commands;
use crate::replay::facts::Facts;
use crate::replay::questions;
use crate::replay::questions::Asked;
use crate::replay::questions::MAX_QUESTIONS;
use crate::replay::theme::Meaning;
use crate::types::Micros;

/// Most calls and other moments held in memory, and most commands; about 100 MiB with their details.
const MAX_ENTRIES: usize = 100_000;
const MAX_COMMANDS: usize = 100_000;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An AWS call.
    Call,
    /// A program that was executed, or was to be.
    Command,
    /// A line typed at a shell.
    Typed,
    /// A named place.
    Marker,
    /// A rule that watches for patterns fired.
    Alert,
    /// Trouble of our own: something lost, a credential that failed.
    Trouble,
    /// Something happened to a credential.
    Credential,
    /// Secrets were masked.
    Masked,
    /// A question to people.
    Question,
}

/// Where the audit log tells of a call, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Its beginning.
    pub begin: u64,
    /// Its end, if there is one.
    pub end: Option<u64>,
}

/// One moment worth jumping to.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// When it began.
    pub at: Micros,
    /// One character that says what it is.
    pub symbol: char,
    /// How it is coloured.
    pub meaning: Meaning,
    /// What happened: `s3:GetObject`, a command line.
    pub title: String,
    /// What it was about.
    pub subject: String,
    /// How it ended, in a word or number.
    pub result: String,
    /// How that is coloured.
    pub mood: Meaning,
    /// How long it took.
    pub took: Option<Micros>,
    /// Its place among the commands.
    pub node: Node,
    /// Its number, if it is a call, or the call that it is about.
    pub call: Option<u64>,
    /// What was decided about a call, in a word; empty for what is none.
    pub decision: &'static str,
    /// Whether secrets were masked in it.
    pub is_masked: bool,
    /// Where the audit log tells of a call: its parameters and bodies are read when they are wanted.
    pub lines: Option<Lines>,
    /// Everything known, as lines of name and value; a value may have several lines.
    pub detail: Vec<(&'static str, String)>,
}

impl Entry {
    /// How much a moment matters when there is room for one only.
    #[must_use]
    pub fn weight(&self) -> u8 {
        match self.meaning {
            _ if self.kind == Kind::Alert => 10,
            Meaning::Deny => 7,
            Meaning::Error => 6,
            Meaning::Ask => 5,
            Meaning::Marker => 3,
            Meaning::Command => 2,
            _ => 1,
        }
    }

    /// Whether it is an AWS call.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.kind == Kind::Call
    }

    /// Whether it is a command, or a line that was typed.
    #[must_use]
    pub fn is_command(&self) -> bool {
        matches!(self.kind, Kind::Command | Kind::Typed)
    }
}

/// All that an audit log tells.
#[derive(Debug, Default)]
pub struct Told {
    /// Calls, commands and other moments, in no order.
    pub entries: Vec<Entry>,
    /// The questions to people.
    pub asked: Vec<Asked>,
    /// Alerts, trouble, and where secrets were masked.
    pub alerts: Vec<Entry>,
    /// What is known of the session as a whole.
    pub facts: Facts,
}

/// Reads all moments of an audit log, the questions to people, and the facts.
///
/// Lines that cannot be read become one entry at the place of the first of them.
pub fn read(path: &Path) -> Result<Told> {
    let mut reading = Reading::default();
    for line in Reader::open(path)? {
        match line {
            Ok(line) => reading.take(line),
            Err(error) => {
                let last = reading.last;
                reading.unread.get_or_insert_with(|| (last, error.to_string(), 0)).2 += 1;
            }
        }
    }
    let mut told = reading.finish();
    told.facts.look(path.parent().unwrap_or(path));
    Ok(told)
}

/// Entries as they come out of the audit log.
#[derive(Default)]
struct Reading {
    entries: Vec<Entry>,
    calls: Collector,
    approvals: Approvals,
    /// Running commands, and all of them.
    commands: HashMap<u64, usize>,
    all_commands: usize,
    attempts: Attempts,
    /// Steps of a search along `PATH`, and how many came before the attempt that counts.
    steps: HashSet<usize>,
    steps_before: HashMap<usize, usize>,
    unread: Option<(Micros, String, u64)>,
    last: Micros,
    left_out: usize,
    /// Where the calls under way begin in the log.
    begun: HashMap<u64, u64>,
    alerts: Alerts,
    facts: Facts,
}

impl Reading {
    fn take(&mut self, line: Line) {
        self.last = line.t;
        self.approvals.take(line.t, &line.event);
        self.facts.take(&line);
        match &line.event {
            Event::CommandStart(start) => {
                let step = self.attempts.started(start.pid, &start.argv);
                if let Some(index) = self.push_command(commands::started(line.t, start)) {
                    self.commands.insert(start.id, index);
                    self.found(step, index);
                }
            }
            Event::CommandEnd(end) => {
                let entry = self.commands.remove(&end.id).and_then(|index| self.entries.get_mut(index));
                if let Some(entry) = entry {
                    commands::ended(entry, end);
                }
            }
            Event::CommandFailed(failed) => {
                let index = self.push_command(commands::failed(line.t, failed));
                if let Some(index) = index.filter(|_| failed.why != CommandFailure::Refused) {
                    let step = self.attempts.failed(failed.pid, &failed.argv, index);
                    self.found(step, index);
                }
            }
            Event::CommandTyped(typed) => drop(self.push_command(commands::typed(line.t, typed))),
            Event::Alert(alert) => self.warn(alerts::alert(line.t, alert)),
            Event::Mask(mask) => self.alerts.add(alerts::masked(line.t, mask)),
            Event::Lost(lost) => {
                self.warn(trouble(line.t, "lost", format!("{}: {}", lost.what, lost.reason)));
            }
            Event::Credential(credential) if credential.is_told() => self.push(about(line.t, credential)),
            Event::Credential(credential) if credential.what == "failed" => {
                let reason = credential.reason.clone().unwrap_or_default();
                self.warn(trouble(line.t, "credential failed", reason));
            }
            _ => {}
        }
        let (offset, is_end) = (line.offset, matches!(line.event, Event::CallEnd(_)));
        let number = if let Event::CallBegin(begin) = &line.event { Some(begin.call) } else { None };
        let before = number.and_then(|number| self.begun.insert(number, offset));
        if let Some(done) = self.calls.push(line) {
            // A second beginning of one number gives the first.
            let begin = match before {
                Some(begin) if number == Some(done.begin.call) => Some(begin),
                _ => self.begun.remove(&done.begin.call),
            };
            let end = is_end.then_some(offset);
            self.push_call(&done, begin.map(|begin| Lines { begin, end }));
        }
    }

    /// Something that whoever reads the record must know.
    fn warn(&mut self, entry: Entry) {
        self.alerts.add(entry.clone());
        self.push(entry);
    }

    fn push(&mut self, entry: Entry) {
        match self.entries.len() < MAX_ENTRIES + self.all_commands {
            true => self.entries.push(entry),
            false => self.left_out += 1,
        }
    }

    fn push_command(&mut self, entry: Entry) -> Option<usize> {
        if self.all_commands >= MAX_COMMANDS {
            self.left_out += 1;
            return None;
        }
        self.all_commands += 1;
        self.entries.push(entry);
        Some(self.entries.len() - 1)
    }

    fn push_call(&mut self, done: &Call, lines: Option<Lines>) {
        let entry = Entry { lines, ..call(done) };
        if let Some(end) = done.end.as_ref().filter(|_| entry.is_masked) {
            self.alerts.add(alerts::masked_in(&entry, end));
        }
        self.push(entry);
    }

    /// The attempt `step` was one of the search that led to `index`.
    fn found(&mut self, step: Option<usize>, index: usize) {
        if let Some(step) = step {
            self.steps.insert(step);
            let before = self.steps_before.remove(&step).unwrap_or(0);
            self.steps_before.insert(index, before + 1);
        }
    }

    fn finish(mut self) -> Told {
        for unfinished in std::mem::take(&mut self.calls).finish() {
            let begin = self.begun.remove(&unfinished.begin.call);
            self.push_call(&unfinished, begin.map(|begin| Lines { begin, end: None }));
        }
        for (index, count) in &self.steps_before {
            let places = if *count == 1 { "place" } else { "places" };
            self.entries[*index]
                .detail
                .push(("looked for", format!("in {count} {places} along PATH before")));
        }
        let mut index = 0;
        self.entries.retain(|_| {
            index += 1;
            !self.steps.contains(&(index - 1))
        });
        let all = self.approvals.all();
        let asked = all.iter().take(MAX_QUESTIONS).map(questions::asked).collect();
        if all.len() > MAX_QUESTIONS {
            let words = format!("{} later approvals are not shown: hoopctl calls", all.len() - MAX_QUESTIONS);
            self.entries.push(trouble(self.last, "approvals cut here", words));
        }
        if self.left_out > 0 {
            let words =
                format!("{} later moments are not shown: hoopctl commands, hoopctl search", self.left_out);
            self.entries.push(trouble(self.last, "list cut here", words));
        }
        if let Some((at, reason, count)) = self.unread {
            let words = format!("{count} lines cannot be read; the first: {reason}");
            let damaged = trouble(at, "audit log damaged", words);
            self.alerts.add(damaged.clone());
            self.entries.push(damaged);
        }
        Told { entries: self.entries, asked, alerts: self.alerts.finish(), facts: self.facts }
    }
}

/// A named place of the terminal recording.
#[must_use]
pub fn marker(at: Micros, name: &str) -> Entry {
    Entry {
        kind: Kind::Marker,
        symbol: '◆',
        meaning: Meaning::Marker,
        detail: vec![("marker", name.to_owned())],
        ..trouble(at, if name.is_empty() { "marker" } else { name }, String::new())
    }
}

/// What happened to a credential, its access key id and what AWS enforces with it.
fn about(at: Micros, credential: &Credential) -> Entry {
    let whose = credential.role.as_ref().or(credential.arn.as_ref()).unwrap_or(&credential.source);
    let expires =
        credential.expires.and_then(|at| jiff::Timestamp::from_second(i64::try_from(at).ok()?).ok());
    let named = [
        ("credential", Some(credential.what.clone())),
        ("from", Some(credential.source.clone())),
        ("key", credential.key.clone()),
        ("role", credential.role.clone()),
        ("session", credential.arn.clone()),
        ("ends", expires.map(|at| at.to_string())),
        ("enforced", credential.enforced.clone()),
        ("remark", credential.reason.clone()),
    ];
    Entry {
        kind: Kind::Credential,
        title: format!("credential {}", credential.what),
        subject: whose.clone(),
        symbol: '·',
        meaning: Meaning::Text,
        detail: named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        ..trouble(at, "", String::new())
    }
}

/// Trouble of our own; the least that an entry is.
#[must_use]
pub fn trouble(at: Micros, title: &str, subject: String) -> Entry {
    Entry {
        kind: Kind::Trouble,
        at,
        symbol: '!',
        meaning: Meaning::Error,
        title: title.to_owned(),
        detail: vec![("trouble", title.to_owned()), ("why", subject.clone())],
        subject,
        result: String::new(),
        mood: Meaning::Text,
        took: None,
        node: Node::default(),
        call: None,
        decision: "",
        is_masked: false,
        lines: None,
    }
}

/// `0.8 ms`, `312 ms`, `4.2 s`, `3 min 05 s`.
#[must_use]
pub fn duration(time: Micros) -> String {
    let micros = time.0;
    match micros {
        0..10_000 => format!("{}.{} ms", micros / 1_000, micros / 100 % 10),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..60_000_000 => format!("{}.{} s", micros / 1_000_000, micros / 100_000 % 10),
        _ => format!("{} min {:02} s", micros / 60_000_000, micros / 1_000_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let texts = [800, 312_000, 4_250_000, 185_000_000].map(|t| duration(Micros(t)));
        assert_eq!(texts, ["0.8 ms", "312 ms", "4.2 s", "3 min 05 s"]);
    }
}
