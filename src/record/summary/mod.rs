//! What a session did, in numbers: who used which service how, what was decided, masked, refused and asked, which
//! commands took long or failed.
//!
//! Made in one pass over the audit log, in memory that does not grow with it: at most so many names of each kind are
//! kept, and those that occur most often stay ([`Summary::cut`] says where there were more).

mod counted;
mod facts;
mod heavy;
mod summing;
mod tempo;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

pub use counted::Counted;
pub use counted::moments;
pub use facts::CommandEnded;
pub(super) use facts::error;
pub use summing::Summing;
pub use tempo::Beat;
pub use tempo::Tempo;

use crate::audit::Answer;
use crate::audit::End;
use crate::types::AccessLevel;
use crate::types::Effect;
use crate::types::Micros;
use crate::types::SessionId;

/// The access levels in the order of a table's columns.
pub const LEVELS: [AccessLevel; 6] = [
    AccessLevel::List,
    AccessLevel::Read,
    AccessLevel::Write,
    AccessLevel::Tagging,
    AccessLevel::Permissions,
    AccessLevel::Unknown,
];

/// Parts of the session in the JSON form of [`Tempo`].
const PARTS: usize = 60;

/// A session in numbers. Times are microseconds since it began, but for `started`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// The session; none: its first line cannot be read.
    pub session: Option<SessionId>,
    /// Who.
    pub user: String,
    /// Where.
    pub host: String,
    /// The title given by a person, or the program and its arguments.
    pub command: String,
    /// The agent, where it is known.
    pub agent: Option<String>,
    /// When it began, in microseconds since the Unix epoch.
    pub started: u64,
    /// The last thing that was recorded.
    pub last: Micros,
    /// How it ended; none while it runs, or when its record breaks off.
    pub end: Option<End>,
    /// AWS calls of its programs.
    pub calls: u64,
    /// Those of them that were refused.
    pub denied: u64,
    /// Those of them that have no end.
    pub unfinished: u64,
    /// When the first of them came.
    pub first_call: Option<Micros>,
    /// When the last of them came.
    pub last_call: Option<Micros>,
    /// Calls that hoop made by itself, to tell people what a question is about; counted nowhere else here.
    pub look_ups: u64,
    /// Bytes of request bodies.
    pub sent: u64,
    /// Bytes of response bodies.
    pub received: u64,
    /// Calls over time.
    #[serde(serialize_with = "as_parts")]
    pub tempo: Tempo,
    /// By service, the most used first.
    pub services: Vec<Service>,
    /// What was decided, the strictest last.
    pub decisions: Vec<Decided>,
    /// Which rule decided, the most used first.
    pub rules: Vec<Named>,
    /// What people were asked.
    pub approvals: Approvals,
    /// Secrets that were masked.
    pub masked: u64,
    /// By rule, the most used first.
    pub masks: Vec<Masked>,
    /// Calls that did not succeed, by error, the most frequent first.
    pub errors: Vec<Named>,
    /// What calls were about, the most used first.
    pub resources: Vec<Named>,
    /// Programs that were executed.
    pub commands: u64,
    /// The commands that ran longest.
    pub longest: Vec<Ran>,
    /// Commands that did not do what was wanted, the most frequent first.
    pub failed: Vec<Unsuccessful>,
    /// Alerts by name.
    pub alerts: Vec<Named>,
    /// Events that say something is missing.
    pub lost: u64,
    /// Lines of the audit log that cannot be read.
    pub unreadable: u64,
    /// Tables of which only the most frequent rows are here: `resources`, …
    pub cut: Vec<&'static str>,
}

impl Summary {
    /// The access levels that any call had, as places in [`LEVELS`]. A column for what nobody did only takes room.
    #[must_use]
    pub fn levels(&self) -> Vec<usize> {
        let is_used = |level: &usize| self.services.iter().any(|service| service.levels[*level].calls > 0);
        (0..LEVELS.len()).filter(is_used).collect()
    }
}

/// The calls to one service.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Service {
    /// Its name: `s3`.
    pub name: String,
    /// All of them.
    #[serde(flatten)]
    pub all: Cell,
    /// By what they do, as [`LEVELS`].
    #[serde(serialize_with = "by_level")]
    pub levels: [Cell; 6],
    /// When the first of them came that was refused; 0 when none was.
    pub first_denied: Micros,
    /// Bytes of request bodies.
    pub sent: u64,
    /// Bytes of response bodies.
    pub received: u64,
}

/// Some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// How many.
    pub calls: u64,
    /// Those of them that were refused.
    pub denied: u64,
    /// When the first came.
    pub first: Micros,
}

/// Calls of which the same was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// What.
    pub effect: Effect,
    /// How many.
    pub count: u64,
    /// When the first came.
    pub first: Micros,
}

/// Things of the same name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// How many.
    pub count: u64,
    /// When the first came.
    pub first: Micros,
}

/// Secrets that one rule masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Masked {
    /// The rule.
    pub rule: String,
    /// How many.
    pub count: u64,
    /// Where: `call`, `terminal`, `command`, …
    pub places: Vec<String>,
    /// When the first was.
    pub first: Micros,
}

/// Questions to people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Approvals {
    /// How many.
    pub asked: u64,
    /// Answered with yes.
    pub granted: u64,
    /// Answered with no.
    pub denied: u64,
    /// Not answered in time.
    pub expired: u64,
    /// Nobody could have answered.
    pub nobody: u64,
    /// Not waited for to the end.
    pub withdrawn: u64,
    /// Calls and commands that an earlier yes let through.
    pub used: u64,
    /// The first of them.
    pub questions: Vec<Question>,
}

impl Approvals {
    /// Those that have no answer.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let settled = [self.granted, self.denied, self.expired, self.nobody, self.withdrawn];
        settled.iter().fold(self.asked, |left, settled| left.saturating_sub(*settled))
    }
}

/// One question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Its name in the session.
    pub id: String,
    /// When it was asked.
    pub at: Micros,
    /// What.
    pub question: String,
    /// The answer; none: it waits, or the record breaks off.
    pub answer: Option<Answer>,
    /// Who answered.
    pub by: Option<String>,
    /// How long the answer took.
    pub took: Option<Micros>,
}

/// A command and how long it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// Program and arguments, or the line that was typed.
    pub line: String,
    /// Whether it was typed at a prompt.
    pub typed: bool,
    /// When it began.
    pub at: Micros,
    /// How long it ran; until now if it has no end.
    pub took: Micros,
    /// How it ended.
    pub end: CommandEnded,
}

/// The same command, ended in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unsuccessful {
    /// Program and arguments, or the line that was typed.
    pub line: String,
    /// Whether it was typed at a prompt.
    pub typed: bool,
    /// How it ended.
    pub end: CommandEnded,
    /// How often.
    pub count: u64,
    /// When for the first time.
    pub first: Micros,
}

impl Serialize for CommandEnded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.words())
    }
}

fn by_level<S: Serializer>(levels: &[Cell; 6], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (level, cell) in LEVELS.iter().zip(levels).filter(|(_, cell)| cell.calls > 0) {
        map.serialize_entry(level.as_str(), cell)?;
    }
    map.end()
}

/// The stretches of time in which there were calls, as far as [`Tempo`] tells them apart.
fn as_parts<S: Serializer>(tempo: &Tempo, serializer: S) -> Result<S::Ok, S::Error> {
    let parts = tempo.parts(tempo.end(), PARTS);
    let mut map = serializer.serialize_map(Some(3))?;
    map.serialize_entry("part_us", &(tempo.end().0 / PARTS as u64 + 1))?;
    map.serialize_entry("calls", &parts.iter().map(|beat| beat.calls).collect::<Vec<_>>())?;
    map.serialize_entry("denied", &parts.iter().map(|beat| beat.denied).collect::<Vec<_>>())?;
    map.end()
}
