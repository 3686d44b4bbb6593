//! What became of a child, and process groups.

use nix::sys::signal::Signal;
use nix::sys::signal::killpg;
use nix::unistd::Pid;

/// A process group that is neither ours nor everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(Pid);

/// What became of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It ended by itself with this status.
    Exited(u8),
    /// A signal killed it.
    Killed(Signal),
    /// It is stopped and waits for `SIGCONT`.
    Stopped,
    /// Nobody can tell any more; it is gone.
    Lost,
}

impl Change {
    /// What a wait status (wait(2)) of a child that ended means.
    #[must_use]
    pub fn of_status(status: i32) -> Self {
        if libc::WIFEXITED(status) {
            return Self::Exited(u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX));
        }
        // Real-time signals have no name here; as for a shell, such a death is a status.
        let number = libc::WTERMSIG(status);
        Signal::try_from(number)
            .map_or(Self::Exited(u8::try_from(128 + number).unwrap_or(u8::MAX)), Self::Killed)
    }
}

impl Group {
    /// The group `pid`; none for 0, 1 and -1, which would mean more than one group.
    #[must_use]
    pub fn new(pid: Pid) -> Option<Self> {
        (pid.as_raw() > 1).then_some(Self(pid))
    }

    /// Sends `signal` to every process of the group; a group that is gone is fine.
    pub fn signal(self, signal: Signal) {
        let _ = killpg(self.0, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_status_is_read_as_the_shell_reads_it() {
        assert_eq!(Change::of_status(7 << 8), Change::Exited(7));
        assert_eq!(Change::of_status(9), Change::Killed(Signal::SIGKILL));
        assert_eq!(Change::of_status(40), Change::Exited(168));
    }
}
