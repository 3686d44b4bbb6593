//! Finding out what a sandbox would hold here, by making one and letting it go: nothing runs in it, nothing stays.

use std::time::Duration;

use crate::error::Result;
use crate::sandbox::hide::Hidden;
use crate::sandbox::launcher::Impossible;
use crate::sandbox::launcher::Launcher;
use crate::sandbox::level::Lacks;
use crate::sandbox::level::Level;
use crate::sandbox::network::Wanted;
use crate::sandbox::plan::Isolation;
use crate::sandbox::plan::Place;
use crate::sandbox::plan::Plan;
use crate::sys::poll::PollSet;
use crate::sys::poll::Want;

/// What a sandbox would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// How much it would hold.
    pub level: Level,
    /// What it would lack.
    pub lacks: Lacks,
    /// The step that did not work, and why, where namespaces are not to be had.
    pub refused: Option<(String, String)>,
}

/// Makes the best sandbox there is, as a session would, and ends it. `hidden` must name nothing to be made.
///
/// No thread may exist yet. `None`: it took longer than `limit`.
///
/// # Errors
/// When no process can be made.
pub fn probe(hidden: Hidden, limit: Duration) -> Result<Option<Probed>> {
    let isolation = Isolation { hidden, network: Some(Wanted { more: Vec::new() }) };
    let plan = |isolation| Plan {
        isolation,
        is_watched: true,
        terminal: None,
        place: Place::OwnSession,
        hardened: None,
    };
    let full = cfg!(target_os = "linux").then_some(isolation);
    let refused = match attempt(&plan(full), limit)? {
        Attempt::Made(lacks) => {
            return Ok(Some(Probed { level: Level::without(lacks), lacks, refused: None }));
        }
        Attempt::Late => return Ok(None),
        Attempt::Refused(refused) => Some((refused.step, refused.why)),
    };
    Ok(match attempt(&plan(None), limit)? {
        Attempt::Made(lacks) => Some(Probed { level: Level::without(lacks), lacks, refused }),
        Attempt::Refused(_) => Some(Probed { level: Level::None, lacks: Lacks::default(), refused }),
        Attempt::Late => None,
    })
}

enum Attempt {
    Made(Lacks),
    Refused(Impossible),
    Late,
}

fn attempt(plan: &Plan, limit: Duration) -> Result<Attempt> {
    let mut launcher = match Launcher::fork(plan)? {
        Ok(launcher) => launcher,
        Err(refused) => return Ok(Attempt::Refused(refused)),
    };
    let mut waits = PollSet::new();
    let told = launcher.changes().map(|fd| waits.add(fd, Want::Read));
    waits.wait(Some(limit))?;
    if !told.is_some_and(|told| waits.is_readable(told) || waits.is_gone(told)) {
        return Ok(Attempt::Late);
    }
    // Dropping the launcher ends it.
    Ok(match launcher.ready(plan) {
        Ok(ready) => Attempt::Made(ready.lacks),
        Err(refused) => Attempt::Refused(refused),
    })
}

/// The version of landlock that the kernel has; `None`: none, or it is switched off.
#[cfg(target_os = "linux")]
#[must_use]
pub fn landlock() -> Option<u32> {
    /// landlock_create_ruleset(2): only tell the version.
    const VERSION: libc::c_ulong = 1;
    // SAFETY: with this flag the call takes no structure, touches no memory and opens nothing
    // (landlock_create_ruleset(2)).
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0_usize, VERSION) };
    u32::try_from(version).ok().filter(|version| *version > 0)
}

/// Other systems have none.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn landlock() -> Option<u32> {
    None
}
