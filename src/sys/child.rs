//! A started program: how it changed, and sending it signals.

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::sys::signal::killpg;
use nix::sys::wait::WaitPidFlag;
use nix::sys::wait::WaitStatus;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

/// A program that we started.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    pid: Pid,
    group: Option<Group>,
}

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
    /// Somebody else took its status; it is gone.
    Lost,
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

impl Child {
    /// The process `pid`, which leads a group of its own if `leads`.
    pub(crate) fn new(pid: Pid, leads: bool) -> Self {
        Self { pid, group: Group::new(pid).filter(|_| leads) }
    }

    /// The process id.
    #[must_use]
    pub fn pid(self) -> i32 {
        self.pid.as_raw()
    }

    /// The group that it leads.
    #[must_use]
    pub fn group(self) -> Option<Group> {
        self.group
    }

    /// What changed since the last time, if anything; never waits.
    #[must_use]
    pub fn change(self) -> Option<Change> {
        match waitpid(self.pid, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Exited(_, status)) => {
                Some(Change::Exited(u8::try_from(status & 0xff).unwrap_or(0)))
            }
            Ok(WaitStatus::Signaled(_, signal, _)) => Some(Change::Killed(signal)),
            Ok(WaitStatus::Stopped(..)) => Some(Change::Stopped),
            Ok(_) => None,
            Err(nix::errno::Errno::ECHILD) => Some(Change::Lost),
            Err(_) => None,
        }
    }

    /// Sends `signal` to its group, or to it alone if it shares ours.
    pub fn signal(self, signal: Signal) {
        match self.group {
            Some(group) => group.signal(signal),
            None => {
                let _ = kill(self.pid, signal);
            }
        }
    }
}
