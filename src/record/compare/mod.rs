//! Two sessions side by side: which calls and commands are in one of them only, or came out differently.
//!
//! What belongs together is found by meaning and order, not by time: the longest common subsequence of the calls by
//! action and resource, and of the commands by their line. Times, random names and numbers, which differ in every run,
//! do not keep two things apart; what is the same but for them counts as the same, except for short numbers (a port, a
//! limit), which count as a change.

mod align;
mod normal;
mod side;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::thread;

use serde_json::Value;

#[cfg(test)]
use crate::audit::Event;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::Effect;
#[cfg(test)]
use crate::types::Micros;
use align::align;
use normal::Grain;
use normal::normal;
pub use side::Item;
pub use side::MOST;
pub use side::Manner;
pub use side::Side;

/// Parameters looked at for saying which differ, of one call.
const PARAMETERS: usize = 2_000;

/// Two sessions compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The one.
    pub a: Side,
    /// The other.
    pub b: Side,
    /// Their calls.
    pub calls: Vec<Row>,
    /// Their commands.
    pub commands: Vec<Row>,
    manner: Manner,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// AWS calls.
    Calls,
    /// Commands.
    Commands,
}

/// One call or command of either session, or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place among those of A.
    pub a: Option<usize>,
    /// Its place among those of B.
    pub b: Option<usize>,
    /// What is to be said about it.
    pub state: State,
}

/// How A and B differ in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not at all.
    Same,
    /// In what was decided, how it ended, or in details: [`Comparison::changes`].
    Changed,
    /// It is in A only.
    OnlyA,
    /// It is in B only.
    OnlyB,
    /// It is in both, but not in the same order: this is its place in A.
    MovedFrom,
    /// The same, and this is its place in B.
    MovedTo,
}

/// How many rows there are of each kind. What moved counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The same in both.
    pub same: usize,
    /// In both, but different.
    pub changed: usize,
    /// In A only.
    pub only_a: usize,
    /// In B only.
    pub only_b: usize,
    /// In another order.
    pub moved: usize,
}

impl Counts {
    /// Of these rows.
    #[must_use]
    pub fn of(rows: &[Row]) -> Self {
        let mut counts = Self::default();
        for row in rows {
            match row.state {
                State::Same => counts.same += 1,
                State::Changed => counts.changed += 1,
                State::OnlyA => counts.only_a += 1,
                State::OnlyB => counts.only_b += 1,
                State::MovedFrom => counts.moved += 1,
                State::MovedTo => {}
            }
        }
        counts
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.changed + self.only_a + self.only_b + self.moved == 0
    }
}

/// One thing in which a call or a command of A differs from that of B.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What: `decision`, `result`, `Filters[0].Name`, …
    pub what: String,
    /// In A; none: A does not have it.
    pub a: Option<String>,
    /// In B.
    pub b: Option<String>,
}

impl fmt::Display for Change {
    /// `Port: 22 → 3389`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = [&self.a, &self.b].map(|value| value.as_deref().unwrap_or("(none)"));
        write!(f, "{}: {a} → {b}", self.what)
    }
}

/// Compares the sessions with the audit logs at `a` and `b`. Ends early, with what it has, when `go_on` says no.
///
/// Fails when one of them cannot be read. Takes memory in proportion to the calls and commands, of which it compares at
/// most [`MOST`] each, and about as much time as reading the longer log twice.
pub fn compare(a: &Path, b: &Path, exact: bool, go_on: &(dyn Fn() -> bool + Sync)) -> Result<Comparison> {
    let manner = Manner { exact, ..Manner::default() };
    let (a, b) = thread::scope(|scope| {
        let other = scope.spawn(|| side::read(b, &manner, go_on));
        let one = side::read(a, &manner, go_on);
        (one, other.join())
    });
    let broken = |_| Error::new(Kind::Record, "a session cannot be compared").why("its reading broke off");
    Ok(Comparison::new(a?, b.map_err(broken)??, manner))
}

impl Comparison {
    fn new(a: Side, b: Side, manner: Manner) -> Self {
        let calls = align(&a.calls, &b.calls);
        let commands = align(&a.commands, &b.commands);
        Self { a, b, calls, commands, manner }
    }

    /// The rows of a topic.
    #[must_use]
    pub fn rows(&self, topic: Topic) -> &[Row] {
        match topic {
            Topic::Calls => &self.calls,
            Topic::Commands => &self.commands,
        }
    }

    /// What a row is about, in A and in B.
    #[must_use]
    pub fn items(&self, topic: Topic, row: Row) -> (Option<&Item>, Option<&Item>) {
        let (a, b) = match topic {
            Topic::Calls => (&self.a.calls, &self.b.calls),
            Topic::Commands => (&self.a.commands, &self.b.commands),
        };
        (row.a.and_then(|index| a.get(index)), row.b.and_then(|index| b.get(index)))
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_same(&self) -> bool {
        Counts::of(&self.calls).is_same() && Counts::of(&self.commands).is_same()
    }

    /// Whether all was compared: nothing was left out, and every line could be read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        [&self.a, &self.b].iter().all(|side| side.left_out == 0 && side.unreadable == 0)
    }

    /// In what the two differ.
    #[must_use]
    pub fn changes(&self, a: &Item, b: &Item) -> Vec<Change> {
        let word = |effect: Option<Effect>| effect.map_or("none", Effect::as_str).to_owned();
        let mut changes = Vec::new();
        let mut differ = |what: &str, a: &str, b: &str| {
            if a != b {
                changes.push(Change { what: what.to_owned(), a: Some(a.to_owned()), b: Some(b.to_owned()) });
            }
        };
        differ("decision", &word(a.decision), &word(b.decision));
        differ("result", &a.result, &b.result);
        if a.fine != b.fine {
            differ(if a.subject.is_empty() { "command" } else { "resource" }, a.about(), b.about());
        }
        differ("region", &a.region, &b.region);
        differ("account", &a.accounts, &b.accounts);
        if a.params_digest != b.params_digest {
            changes.extend(self.changed_params(a, b));
        }
        changes
    }

    fn changed_params(&self, a: &Item, b: &Item) -> Vec<Change> {
        let untold = || {
            let told = Some("(too long to be compared here)".to_owned());
            vec![Change { what: "parameters".to_owned(), a: told.clone(), b: told }]
        };
        let (Some(a), Some(b)) = (a.flat(), b.flat()) else { return untold() };
        let mut changes = Vec::new();
        for what in a.keys().chain(b.keys().filter(|what| !a.contains_key(*what))) {
            let (one, other) = (a.get(what), b.get(what));
            let compared = |value: Option<&Flat>| {
                value.map(|value| match value.is_text {
                    true => self.manner.parameter(&value.shown).into_owned(),
                    false => value.shown.clone(),
                })
            };
            if compared(one) != compared(other) {
                let shown = |value: Option<&Flat>| value.map(|value| value.shown.clone());
                changes.push(Change { what: what.clone(), a: shown(one), b: shown(other) });
            }
        }
        if changes.is_empty() { untold() } else { changes }
    }

    /// The text of a row as both sides have it: what differs in every run stands as a sign there.
    #[must_use]
    pub fn common(&self, a: &str, b: &str) -> String {
        if a == b { a.to_owned() } else { normal(a, Grain::Volatile).into_owned() }
    }
}

/// A parameter without the structure around it.
struct Flat {
    shown: String,
    is_text: bool,
}

impl Item {
    /// The command line, or the ARNs of a call.
    #[must_use]
    pub fn about(&self) -> &str {
        if self.subject.is_empty() { &self.title } else { &self.subject }
    }

    /// Whether it did not do what was wanted, as far as its result tells.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let status: Option<u16> = self.result.split(' ').next().and_then(|word| word.parse().ok());
        !matches!(status, Some(0..400)) && !["ok", "went on", "no end"].contains(&self.result.as_str())
    }

    /// The parameters by name; none: they were too long, or too many, to be kept.
    fn flat(&self) -> Option<BTreeMap<String, Flat>> {
        let mut flat = BTreeMap::new();
        if self.params_digest == 0 {
            return Some(flat);
        }
        let value: Value = serde_json::from_str(self.params.as_deref()?).ok()?;
        flatten(&value, String::new(), &mut flat)?;
        Some(flat)
    }
}

fn flatten(value: &Value, name: String, flat: &mut BTreeMap<String, Flat>) -> Option<()> {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flatten(value, name, flat)?;
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                flatten(value, format!("{name}[{index}]"), flat)?;
            }
        }
        _ if flat.len() >= PARAMETERS => return None,
        Value::String(text) => drop(flat.insert(name, Flat { shown: text.clone(), is_text: true })),
        other => drop(flat.insert(name, Flat { shown: other.to_string(), is_text: false })),
    }
    Some(())
}

/// What comparing logs of these events would give.
#[cfg(test)]
pub fn of_events(a: Vec<(Micros, Event)>, b: Vec<(Micros, Event)>) -> Comparison {
    let manner = Manner::default();
    let side = |events: Vec<(Micros, Event)>| {
        side::of_events(events.into_iter().map(|(at, event)| (at.0, event)), &manner)
    };
    let (a, b) = (side(a), side(b));
    Comparison::new(a, b, manner)
}

#[cfg(test)]
mod tests;
