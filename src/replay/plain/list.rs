//! The list of sessions, one a line.

use std::io;

use jiff::tz::TimeZone;

use super::Plain;
use super::facts::moment;
use super::screen::spoken;
use crate::record::Place;
use crate::replay::entries::duration;
use crate::replay::layout::clock;
use crate::replay::sessions::Session;
use crate::replay::sessions::State;
use crate::store::SessionRow;
use crate::types::Micros;

/// Tells a session of the store at `place`.
///
/// # Errors
/// When it cannot be written.
pub fn session(row: SessionRow, place: &Place, zone: &TimeZone, plain: &mut Plain<'_>) -> io::Result<()> {
    let session = Session::new(row, place);
    let state = match session.state {
        State::Running => "running".to_owned(),
        State::Ended(None) => "ended".to_owned(),
        State::Ended(Some(status)) => format!("ended with exit status {status}"),
        State::Killed(signal) => format!("killed by signal {signal}"),
        State::Interrupted => "interrupted".to_owned(),
    };
    let took = session.length.map(|length| format!(", took {}", duration(length))).unwrap_or_default();
    let value = format!(
        "began {}{took}, user {} on {}, {state}, {} calls, {} denied, command {}",
        moment(session.started, zone),
        session.user,
        session.host,
        session.calls,
        session.denials,
        session.command,
    );
    plain.fact(&format!("session {}", session.id), &value)
}

/// Tells a place in a session that fits a query: when, what kind of thing it is, and its text.
///
/// # Errors
/// When it cannot be written.
pub fn hit(id: &str, at: Micros, kind: &str, text: &str, plain: &mut Plain<'_>) -> io::Result<()> {
    let text = spoken(text);
    plain.fact(&format!("found in {id} at {}", clock(at.0, true)), &format!("{kind}, {}", text.trim()))
}
