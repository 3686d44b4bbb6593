//! The sessions of the store, as the list shows them.

use std::path::PathBuf;

use crate::record::Place;
use crate::replay::deck::Source;
use crate::store::SessionRow;
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
    /// The session of a row of the index.
    #[must_use]
    pub fn new(row: SessionRow, place: &Place) -> Self {
        let interrupted =
            row.reason.as_deref() == Some("interrupted") || row.sealed.as_deref() == Some("interrupted");
        let state = match (row.reason.as_deref(), row.signal) {
            _ if interrupted => State::Interrupted,
            (None, _) => State::Running,
            (Some(_), Some(signal)) => State::Killed(signal),
            (Some(_), None) => State::Ended(row.status),
        };
        Self {
            id: row.id.to_string(),
            started: row.started,
            length: Some(row.last),
            user: row.user,
            host: row.host,
            command: row.title.unwrap_or(row.command),
            calls: row.calls,
            denials: row.denied,
            state,
            folder: place.folder(row.id),
        }
    }

    /// What to call it where it is shown.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}  {}@{}", self.command, self.user, self.host)
    }

    /// Where its recording is.
    #[must_use]
    pub fn source(&self) -> Source {
        Source { cast: self.folder.join("terminal.cast"), audit: Some(self.folder.join("audit.jsonl")) }
    }
}
