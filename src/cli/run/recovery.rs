//! Telling what became of sessions whose hoop-run was killed.

use crate::cli::run::notes;
use crate::error::Error;
use crate::error::Kind;
use crate::record::Recovered;

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
