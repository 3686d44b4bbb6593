//! The sessions of the store, for the viewer's list and for `hoop-replay list`.

use std::env;
use std::io;
use std::io::IsTerminal;
use std::path::Path;

use jiff::tz::TimeZone;

use super::place;
use crate::cli::ctl::console::Console;
use crate::cli::ctl::sessions;
use crate::clock::Clock;
use crate::error::Result;
use crate::record;
use crate::record::Place;
use crate::record::index;
use crate::replay::Session;
use crate::replay::SessionState;
use crate::store::Filter;
use crate::store::Page;
use crate::store::SessionRow;

/// Most sessions in the viewer's list, about 50 MiB.
const MOST: u32 = 100_000;

/// The examples of `hoop-replay list --help`.
pub const AFTER_HELP: &str = "\
Examples:
  hoop-replay list --since 2d --decision deny
  hoop-replay list --action 's3:Delete*' --user ana
  hoop-replay list --text 'AccessDenied' --json | jq .id

Times: 2026-07-01, 2026-07-01T12:30, RFC 3339, or a length of time ago: 90m, 2h, 3d, 1w.";

/// Prints the list.
pub fn run(args: &sessions::Args) -> Result<()> {
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    let width = io::stdout().is_terminal().then(columns).flatten();
    let now = Clock::system().unix_micros();
    let mut console = Console { out: &mut out, err: &mut err, width, zone: TimeZone::system(), now };
    sessions::run(args, &place::state()?, &mut console).map(|_| ())
}

pub(super) fn columns() -> Option<usize> {
    let set = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    set.or_else(|| crossterm::terminal::size().ok().map(|(cols, _)| usize::from(cols)))
}

/// All sessions below `state`, newest first; those whose process died are sealed on the way.
pub fn sessions(state: &Path) -> Result<Vec<Session>> {
    record::recover(state, &Clock::system());
    let (index, _) = index::open(state)?;
    let rows = index.sessions(&Filter::default(), Page { limit: MOST, offset: 0 })?;
    let place = Place::new(state);
    Ok(rows.into_iter().map(|row| session(&place, row)).collect())
}

fn session(place: &Place, row: SessionRow) -> Session {
    let interrupted =
        row.reason.as_deref() == Some("interrupted") || row.sealed.as_deref() == Some("interrupted");
    let state = match (row.reason.as_deref(), row.signal) {
        _ if interrupted => SessionState::Interrupted,
        (None, _) => SessionState::Running,
        (Some(_), Some(signal)) => SessionState::Killed(signal),
        (Some(_), None) => SessionState::Ended(row.status),
    };
    Session {
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
