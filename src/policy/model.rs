//! A policy as data.

use std::time::Duration;

use crate::error::Error;
use crate::error::Kind;
use crate::types::AccessLevel;
use crate::types::Effect;

/// One policy file, read and sound.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file's name, or `built-in NAME`.
    pub origin: String,
    /// What happens to a call that no statement matches.
    pub default: Effect,
    /// The `[[mask]]` rules.
    pub masks: Vec<MaskRule>,
    /// The `[[alert]]` rules.
    pub alerts: Vec<AlertRule>,
}

/// A `[[mask]]` entry: what of which responses is hidden, besides the built-in rules. At least one of `fields`,
/// `columns`, `regex` is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskRule {
    /// The rule's name; `policy.toml:52` if it has none.
    pub name: String,
    /// Where it stands: `policy.toml:52`.
    pub origin: String,
    /// Action patterns whose calls it is for; empty: every call, and the terminal too.
    pub actions: Vec<String>,
    /// Paths in the response, `Items[].ssn`.
    pub fields: Vec<String>,
    /// Column names of tabular results.
    pub columns: Vec<String>,
    /// A regular expression, not compiled.
    pub regex: Option<String>,
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
    /// Action patterns that count.
    pub actions: Vec<String>,
    /// The number of calls that is still well.
    pub more_than: u64,
    /// The time within which they are counted.
    pub within: Duration,
    /// What to do.
    pub then: AlertAction,
}

/// The `[session]` table: which credential the session gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRule {
    /// Where the identity comes from.
    pub source: Option<CredentialSource>,
    /// The role to assume.
    pub role: Option<String>,
    /// How long the credential lasts.
    pub duration: Option<Duration>,
}

/// Where the session's identity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// An OpenID Connect provider.
    Oidc,
    /// A SAML provider.
    Saml,
    /// The AWS profile chain.
    Profile,
}

impl Policy {
    /// Reads a policy; `origin` is the file name that messages show.
    ///
    /// # Errors
    /// `Kind::Config` with every fault found, each with place and advice.
    pub fn parse(_text: &str, _origin: &str) -> Result<Self, Error> {
        Err(Error::new(Kind::Config, "policies cannot be read yet"))
    }

    /// A built-in policy: `guarded`, `readonly` or `observe`.
    #[must_use]
    pub fn builtin(_name: &str) -> Option<Self> {
        None
    }
}

/// The levels in the order of the documentation.
pub const ACCESS_LEVELS: &[AccessLevel] = &[
    AccessLevel::List,
    AccessLevel::Read,
    AccessLevel::Write,
    AccessLevel::Tagging,
    AccessLevel::Permissions,
];
