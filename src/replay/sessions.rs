//! The sessions of the store, as the list shows them.

use std::path::PathBuf;

use crate::replay::deck::Source;
use crate::types::Micros;

/// One recorded session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// When it began, in microseconds since the Unix epoch.
    pub started: u64,
    /// How long it took; none while it runs or when nobody knows.
    pub length: Option<Micros>,
    /// Who.
    pub user: String,
    /// Where.
    pub host: String,
    /// The command line, or the title given by a person.
    pub command: String,
    /// AWS calls.
    pub calls: u64,
    /// Calls that were refused.
    pub denials: u64,
    /// What became of it.
    pub state: State,
    /// The recording's folder.
    pub folder: PathBuf,
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It still runs, as far as the record tells.
    Running,
    /// It ended with this status, if it is known.
    Ended(Option<i32>),
    /// A signal killed its program.
    Killed(i32),
    /// hoop itself died before it.
    Interrupted,
}

impl State {
    /// Whether more of it is to come.
    #[must_use]
    pub fn is_running(self) -> bool {
        self == Self::Running
    }

    /// The word for it.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Running => "running".to_owned(),
            Self::Ended(None | Some(0)) => "ok".to_owned(),
            Self::Ended(Some(status)) => format!("exit {status}"),
            Self::Killed(signal) => format!("signal {signal}"),
            Self::Interrupted => "interrupted".to_owned(),
        }
    }
}

impl Session {
    /// Where its recording is.
    #[must_use]
    pub fn source(&self) -> Source {
        Source { cast: self.folder.join("terminal.cast"), audit: Some(self.folder.join("audit.jsonl")) }
    }

    /// Whether every word of `filter` stands somewhere in it; `when` is its start as the list shows it.
    #[must_use]
    pub fn matches(&self, filter: &str, when: &str) -> bool {
        if filter.trim().is_empty() {
            return true;
        }
        let Self { id, user, host, command, state, .. } = self;
        let denied = if self.denials > 0 { "denied" } else { "" };
        let all = format!("{id} {when} {user}@{host} {command} {} {denied}", state.words()).to_lowercase();
        filter.to_lowercase().split_whitespace().all(|word| all.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_filter_must_match() {
        let session = Session {
            id: "01ABC".to_owned(),
            started: 0,
            length: None,
            user: "ana".to_owned(),
            host: "box".to_owned(),
            command: "aws s3 LS".to_owned(),
            calls: 3,
            denials: 1,
            state: State::Ended(Some(2)),
            folder: PathBuf::new(),
        };
        for (filter, fits) in [
            ("", true),
            ("s3 ls", true),
            ("ANA@box", true),
            ("2025-11 exit", true),
            ("denied", true),
            ("ana ec2", false),
        ] {
            assert_eq!(session.matches(filter, "2025-11-21 03:18"), fits, "{filter}");
        }
    }
}
