//! What keeps other programs of the same user out of our memory, and our secrets out of core files.
//!
//! A courtesy towards honest mistakes, not a boundary: the sandbox is the boundary.

use nix::sys::resource::Resource;
use nix::sys::resource::getrlimit;
use nix::sys::resource::setrlimit;
use nix::sys::signal::SaFlags;
use nix::sys::signal::SigAction;
use nix::sys::signal::SigHandler;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal;
use nix::sys::signal::sigaction;

/// What was changed for ourselves and is given back to the child.
#[derive(Clone, Copy, Debug)]
pub struct Hardened {
    core: Option<(u64, u64)>,
    file_size: Option<SigAction>,
}

/// Makes a file that grows too long an error of write(2), which is told, instead of a signal that kills us before we can
/// say so. Forbids core files and (on Linux) reading our memory through /proc or ptrace without privileges.
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
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: ignoring a signal runs no code of ours (sigaction(2)).
    let file_size = unsafe { sigaction(Signal::SIGXFSZ, &ignore) }.ok();
    Hardened { core, file_size }
}

/// Whatever descends from this process and loses its parent becomes our child (where the system has such a thing): it
/// cannot get rid of where it comes from. To be used by processes that end when such children can come.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

impl Hardened {
    /// Gives a forked child the limits and dispositions that we were started with. Async-signal-safe.
    pub(crate) fn undo_in_child(self) {
        if let Some((soft, hard)) = self.core {
            let _ = setrlimit(Resource::RLIMIT_CORE, soft, hard);
        }
        if let Some(before) = &self.file_size {
            // SAFETY: the action is the one that the process had before; execve(2) resets handlers.
            let _ = unsafe { sigaction(Signal::SIGXFSZ, before) };
        }
    }
}
