//! A policy as data.

use std::time::Duration;

use crate::config::diagnostic::Fault;
use crate::policy::guard::Guard;
use crate::policy::limit::LimitRule;
use crate::policy::session::SessionRule;
use crate::policy::statement::PrincipalRule;
use crate::policy::statement::Statement;
use crate::types::AccessLevel;
use crate::types::Approvers;
use crate::types::Effect;

/// One policy file, read and sound.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file's name, or `built-in NAME`.
    pub origin: String,
    /// One line about it, if its author gave one.
    pub description: Option<String>,
    /// What happens to a call that no statement matches.
    pub default: Effect,
    /// The `[session]` table and the `[[role]]` rules.
    pub session: SessionRule,
    /// The `[guard]` table.
    pub guard: Option<Guard>,
    /// The `[[limit]]` rules.
    pub limits: Vec<LimitRule>,
    /// The `[[statement]]` rules, in the order of the file.
    pub statements: Vec<Statement>,
    /// The `[[command]]` rules.
    pub commands: Vec<CommandRule>,
    /// The `[[mask]]` rules.
    pub masks: Vec<MaskRule>,
    /// The `[[record]]` rules.
    pub records: Vec<RecordRule>,
    /// The `[[egress]]` rules.
    pub egress: Vec<EgressRule>,
    /// The `[[alert]]` rules.
    pub alerts: Vec<AlertRule>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Fault>,
}

/// A `[[command]]` entry: command lines, by pattern. A courtesy: what reaches AWS is decided on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRule {
    /// Where it stands: `policy.toml:52`.
    pub origin: String,
    /// What happens to such a command.
    pub effect: CommandEffect,
    /// Patterns for the whole command line, words joined by one space.
    pub patterns: Vec<String>,
    /// Why, in its author's words.
    pub reason: Option<String>,
    /// Command lines of which each must match one of the patterns.
    pub examples: Vec<String>,
    /// Command lines that must match none of them.
    pub counter_examples: Vec<String>,
}

/// What a `[[command]]` entry does; ordered from lenient to strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandEffect {
    /// It runs; the record names the rule.
    Note,
    /// It waits for a person.
    Ask,
    /// It does not run.
    Deny,
}

/// A `[[record]]` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRule {
    /// Action patterns in lower case.
    pub actions: Vec<String>,
    /// Resource patterns; empty: every resource.
    pub resources: Vec<String>,
    /// Whose calls.
    pub principal: PrincipalRule,
    /// How much is written down.
    pub level: RecordLevel,
}

/// An `[[egress]]` entry: hosts that are not AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressRule {
    /// Where it stands: `policy.toml:52`.
    pub origin: String,
    /// What happens to connections there.
    pub effect: Effect,
    /// The hosts.
    pub hosts: Vec<HostPattern>,
    /// Why, in its author's words; shown to whoever is asked.
    pub reason: Option<String>,
    /// Who may answer, where the effect is `ask`.
    pub approvers: Option<Approvers>,
    /// How long to wait for an answer.
    pub ttl: Option<Duration>,
}

/// A host of an `[[egress]]` entry: `*.example.org:443`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    /// The name in lower case; may hold `*` and `?`.
    pub host: String,
    /// The port; `None`: every port.
    pub port: Option<u16>,
}

/// A `[[mask]]` entry: what of which responses is hidden, besides the built-in rules. At least one of `fields`,
/// `columns`, `regex`, `restore` is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskRule {
    /// The rule's name; `policy.toml:52` if it has none.
    pub name: String,
    /// Where it stands: `policy.toml:52`.
    pub origin: String,
    /// Action patterns in lower case whose calls it is for; empty: every call, and the terminal too.
    pub actions: Vec<String>,
    /// Paths in the response, `Items[].ssn`.
    pub fields: Vec<String>,
    /// Column names of tabular results.
    pub columns: Vec<String>,
    /// A regular expression, not compiled.
    pub regex: Option<String>,
    /// Whether masks that come back in requests of `actions` are put back.
    pub restore: bool,
    /// Texts in which `regex` must find something.
    pub examples: Vec<String>,
    /// Texts in which `regex` must find nothing.
    pub counter_examples: Vec<String>,
}

/// How much of a call is written down; ordered from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordLevel {
    /// Only that it was decided.
    None,
    /// The call without its bodies.
    Summary,
    /// Everything.
    Full,
}

/// What happens when an alert goes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertAction {
    /// It is written down.
    Note,
    /// Further such calls are held for a person.
    Ask,
    /// The session ends.
    Stop,
}

/// An `[[alert]]` entry: too many calls in too short a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// The alert's name.
    pub name: String,
    /// Where it stands.
    pub origin: String,
    /// Action patterns in lower case that count.
    pub actions: Vec<String>,
    /// The number of calls that is still well.
    pub more_than: u64,
    /// The time within which they are counted.
    pub within: Duration,
    /// What to do.
    pub then: AlertAction,
}

impl Policy {
    /// Whether there are calls that it refuses whatever a person says: AWS could refuse them too.
    #[must_use]
    pub fn forbids(&self) -> bool {
        self.default == Effect::Deny || self.statements.iter().any(|it| it.effect == Effect::Deny)
    }

    /// Sections that are read and checked, but that this version does not act on, in the words of the file.
    #[must_use]
    pub fn idle_sections(&self) -> Vec<&'static str> {
        [("[[alert]]", !self.alerts.is_empty())]
            .into_iter()
            .filter_map(|(section, is_idle)| is_idle.then_some(section))
            .collect()
    }
}

/// The access levels as they are written, in the order of the documentation.
pub const ACCESS_LEVELS: &[(&str, AccessLevel)] = &[
    ("list", AccessLevel::List),
    ("read", AccessLevel::Read),
    ("write", AccessLevel::Write),
    ("tagging", AccessLevel::Tagging),
    ("permissions", AccessLevel::Permissions),
];

/// The effects as they are written.
pub const EFFECTS: &[(&str, Effect)] =
    &[("allow", Effect::Allow), ("ask", Effect::Ask), ("deny", Effect::Deny)];

impl CommandEffect {
    /// The effects as they are written.
    pub const WORDS: &[(&str, Self)] = &[("note", Self::Note), ("ask", Self::Ask), ("deny", Self::Deny)];
}

impl RecordLevel {
    /// The levels as they are written.
    pub const WORDS: &[(&str, Self)] =
        &[("full", Self::Full), ("summary", Self::Summary), ("none", Self::None)];
}

impl AlertAction {
    /// The actions as they are written.
    pub const WORDS: &[(&str, Self)] = &[("note", Self::Note), ("ask", Self::Ask), ("stop", Self::Stop)];
}
