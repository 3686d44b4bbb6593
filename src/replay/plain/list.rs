//! The list of sessions, one a line.

use jiff::tz::TimeZone;

use super::Plain;
use super::facts::moment;
use crate::replay::entries::duration;
use crate::replay::sessions::Session;
use crate::replay::sessions::State;

/// Tells sessions in their order.
///
/// # Errors
/// When they cannot be written.
pub fn sessions(
    all: impl Iterator<Item = Session>,
    zone: &TimeZone,
    plain: &mut Plain<'_>,
) -> std::io::Result<u64> {
    let mut count = 0;
    for session in all {
        count += 1;
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
        plain.fact(&format!("session {}", session.id), &value)?;
    }
    Ok(count)
}
