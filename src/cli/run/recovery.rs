//! Sealing sessions whose hoop-run was killed.

use std::path::Path;
use std::thread;

use crate::cli::run::notes;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::record;
use crate::record::Recovered;

/// Seals sessions that were killed, beside the one that begins: there may be gigabytes to read.
pub(super) fn recover(state: &Path, clock: &Clock) -> Option<thread::JoinHandle<Vec<Recovered>>> {
    let (state, clock) = (state.to_owned(), clock.clone());
    record::may_need_recovery(&state).then(|| thread::spawn(move || record::recover(&state, &clock)))
}

/// Tells what could not be sealed: a recording that is not what was written is nothing to be silent about.
pub(super) fn tell_recovered(recovered: &[Recovered]) {
    for one in recovered {
        let error = match one {
            Recovered::Sealed(_) | Recovered::Finished(_) | Recovered::Empty(_) => continue,
            Recovered::Damaged(id) => {
                Error::new(Kind::Record, format!("the recording of an earlier session, {id}, is damaged"))
                    .why("its process died, and what it left is not what was written")
                    .fix(format!("see where: hoopctl verify {id}"))
            }
            Recovered::Failed(id, reason) => Error::new(
                Kind::Record,
                format!("the recording of an earlier session, {id}, cannot be sealed"),
            )
            .why(reason)
            .fix("the next start of hoop-run tries again"),
        };
        notes::complain(&error);
    }
}
