//! Words everybody uses: session ids, times, secrets, verdicts.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ulid::Ulid;
use zeroize::Zeroizing;

use crate::error::{Error, Kind};
use crate::pattern;

/// Names a session for ever: a ULID, so that ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(Ulid);

impl SessionId {
    /// An id for a session that begins at `unix_micros`, with 80 `random` bits.
    #[must_use]
    pub fn new(unix_micros: u64, random: u128) -> Self {
        Self(Ulid::from_parts(unix_micros / 1_000, random))
    }

    /// When the session began, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn unix_millis(self) -> u64 {
        self.0.timestamp_ms()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ulid::from_string(text).map(Self).map_err(|_| {
            Error::new(Kind::Usage, format!("`{}` is not a session id", text.escape_debug()))
                .why("a session id is 26 characters, such as 01J9ZK5WQ3H8V7T2M4N6P8R0S1")
                .fix("list them: hoop-replay list")
        })
    }
}

/// Microseconds since the session began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl From<Duration> for Micros {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }
}

impl From<Micros> for Duration {
    fn from(micros: Micros) -> Self {
        Self::from_micros(micros.0)
    }
}

/// Text that must not be shown or stored: no `Display`, no `Serialize`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for signing or masking; never for printing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹secret›")
    }
}

/// What is to happen to a call: the effect of a rule, and of the whole policy.
///
/// Ordered from lenient to strict, so that the stricter of two is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Forward it.
    Allow,
    /// Hold it until a person has answered.
    Ask,
    /// Refuse it.
    Deny,
}

impl Effect {
    /// The word used in policies, records and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who may answer a question, and how many of them must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvers {
    /// Names of people; may hold `*` and `?`.
    pub users: Vec<String>,
    /// Names of groups; may hold `*` and `?`.
    pub groups: Vec<String>,
    /// How many different people must say yes; at least 1.
    pub count: usize,
}

impl Approvers {
    /// Whether a person of this name and these groups is one of them.
    #[must_use]
    pub fn admit(&self, name: &str, groups: &[String]) -> bool {
        let is_meant = |patterns: &[String], name: &str| {
            !name.is_empty() && patterns.iter().any(|wanted| pattern::matches(wanted, name))
        };
        is_meant(&self.users, name) || groups.iter().any(|group| is_meant(&self.groups, group))
    }
}

impl fmt::Display for Approvers {
    /// `2 of group security or user ana`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.groups.iter().map(|group| format!("group {group}"));
        let users = self.users.iter().map(|user| format!("user {user}"));
        let named: Vec<String> = groups.chain(users).collect();
        write!(f, "{} of {}", self.count, named.join(" or "))
    }
}

/// What an IAM action does, in the words of the AWS service authorization reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads contents.
    Read,
    /// Creates, changes or deletes.
    Write,
    /// Changes tags only.
    Tagging,
    /// Changes who may do what.
    Permissions,
    /// Not known; treated as the strictest.
    Unknown,
}

impl AccessLevel {
    /// The word used in policies, records and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::Tagging => "tagging",
            Self::Permissions => "permissions",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for AccessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether the host of an address is this very machine, so that what is sent to it cannot be read on the way.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Who made a connection or a call, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The number of its command in the session.
    pub command: Option<u64>,
    /// Its process id, as seen inside the sandbox; 0: not known.
    pub pid: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_survives_its_text() {
        let id = SessionId::new(1_763_700_000_123_456, 7);
        assert_eq!(id.to_string().parse::<SessionId>().unwrap(), id);
        assert_eq!(id.unix_millis(), 1_763_700_000_123);
        assert!("nonsense".parse::<SessionId>().is_err());
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "‹secret›");
    }

    #[test]
    fn the_stricter_effect_is_the_greater() {
        assert_eq!(Effect::Allow.max(Effect::Ask).max(Effect::Deny), Effect::Deny);
    }
}
