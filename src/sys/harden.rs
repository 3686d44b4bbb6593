//! What keeps other programs of the same user out of our memory, and our secrets out of core files.
//!
//! A courtesy towards honest mistakes, not a boundary: the sandbox is the boundary.

use nix::sys::resource::Resource;
use nix::sys::resource::getrlimit;
use nix::sys::resource::setrlimit;

/// What was changed for ourselves and is given back to the child.
#[derive(Clone, Copy, Debug)]
pub struct Hardened {
    core: Option<(u64, u64)>,
}

/// Forbids core files and (on Linux) reading our memory through /proc or ptrace without privileges.
///
/// Best effort: what the system refuses stays as it was.
#[must_use]
pub fn harden() -> Hardened {
    let core = getrlimit(Resource::RLIMIT_CORE).ok();
    if let Some((_, hard)) = core {
        // Only the soft limit: the child gets its own back.
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, hard);
    }
    #[cfg(target_os = "linux")]
    // SAFETY: PR_SET_DUMPABLE takes one integer and touches no memory (prctl(2)).
    let _ = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    Hardened { core }
}

impl Hardened {
    /// Gives a forked child the limits that we were started with. Async-signal-safe.
    pub(crate) fn undo_in_child(self) {
        if let Some((soft, hard)) = self.core {
            let _ = setrlimit(Resource::RLIMIT_CORE, soft, hard);
        }
    }
}
