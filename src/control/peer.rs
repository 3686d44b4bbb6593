//! Who may be an approver's process: nobody from inside a session, by marks that a process cannot shed.
//!
//! A process in a sandbox carries `NoNewPrivs`, system call filters and a pid namespace, and so do all that it starts. One
//! of a session without a sandbox descends from its hoop-run, which takes over what loses its parent.

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::sys::peer;
use crate::sys::peer::Marks;
use crate::sys::peer::Peer;

/// Ancestors that are looked at.
const MOST_ANCESTORS: usize = 1_024;
/// How often a line of ancestors that changes meanwhile is looked at again.
const TRIES: usize = 5;
/// The program whose descendants are all inside a session.
const PROGRAM: &str = "hoop-run";

/// What peers are compared with.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// This process.
    pub(super) own: u32,
    /// What it carries itself, as in a container.
    pub(super) marks: Marks,
}

impl Rules {
    /// The rules for peers of this process.
    pub(super) fn of_this_process() -> Self {
        Self { own: std::process::id(), marks: peer::own_marks().unwrap_or_default() }
    }

    /// Whether the process at the other end may answer.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self, other: &Peer) -> Result<()> {
        if other.pid == 0 {
            return Err(refused("its process cannot be seen from here: it is in another container"));
        }
        let (Some(marks), Some(_)) = (peer::marks(other.pid), peer::descent(other.pid)) else {
            return Err(refused("the system does not say anything about its process (/proc)"));
        };
        self.check_marks(&marks)?;
        self.check_ancestors(other.pid)?;
        // All of it was about the process that connected, and not about one that came in its place.
        match other.is_there() {
            true => Ok(()),
            false => Err(refused("its process has ended")),
        }
    }

    fn check_marks(&self, marks: &Marks) -> Result<()> {
        if marks.depth > self.marks.depth {
            return Err(refused("its process is in another pid namespace, as those in a sandbox are"));
        }
        if marks.no_new_privileges && !self.marks.no_new_privileges {
            return Err(refused("its process is marked NoNewPrivs, as those in a sandbox are"));
        }
        if marks.filters > self.marks.filters {
            return Err(refused("its process has system call filters, as those in a sandbox have"));
        }
        Ok(())
    }

    fn check_ancestors(&self, pid: u32) -> Result<()> {
        for _ in 0..TRIES {
            if let Some(outcome) = self.look_at_ancestors(pid) {
                return outcome;
            }
        }
        Err(refused("it cannot be told what started its process"))
    }

    /// `None`: they changed meanwhile.
    fn look_at_ancestors(&self, pid: u32) -> Option<Result<()>> {
        let mut descent = peer::descent(pid)?;
        for _ in 0..MOST_ANCESTORS {
            if descent.parent == self.own {
                return Some(Err(refused("it was started inside this very session")));
            }
            if descent.name == PROGRAM {
                return Some(Err(refused("it was started inside a session of hoop-run")));
            }
            if descent.parent == 0 {
                return Some(Ok(()));
            }
            let parent = peer::descent(descent.parent)?;
            if parent.began > descent.began {
                // Another process has got the number.
                return None;
            }
            descent = parent;
        }
        Some(Err(refused("too many processes stand between it and the system's first")))
    }
}

fn refused(why: &str) -> Error {
    Error::new(Kind::Usage, "this process cannot answer")
        .why(why)
        .fix("run hoopctl in a terminal of your own: what is inside a session cannot answer its questions")
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::process::Stdio;

    use super::*;

    const PLAIN: Marks = Marks { no_new_privileges: false, filters: 0, depth: 1 };

    #[test]
    fn marks_count_beyond_our_own() {
        let rules = |marks| Rules { own: 0, marks };
        assert!(rules(PLAIN).check_marks(&PLAIN).is_ok());
        let contained = Marks { no_new_privileges: true, filters: 1, depth: 2 };
        assert!(rules(contained.clone()).check_marks(&contained).is_ok(), "all of it is in one container");
        for marked in [
            Marks { no_new_privileges: true, ..PLAIN },
            Marks { filters: 1, ..PLAIN },
            Marks { depth: 2, ..PLAIN },
        ] {
            assert!(rules(PLAIN).check_marks(&marked).is_err(), "{marked:?}");
        }
        assert!(rules(contained.clone()).check_marks(&Marks { filters: 2, ..contained }).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_descends_from_us_is_refused_and_others_are_not() {
        let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
        let ours = Rules { own: std::process::id(), marks: PLAIN };
        let refused = ours.check_ancestors(child.id()).unwrap_err();
        assert!(refused.causes()[0].contains("this very session"), "{refused:?}");
        let others = Rules { own: u32::MAX, marks: PLAIN };
        // Unless the tests themselves run in a session.
        if let Err(refused) = others.check_ancestors(child.id()) {
            assert!(refused.causes()[0].contains("a session of hoop-run"), "{refused:?}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(others.check_ancestors(child.id()).is_err(), "one that is gone");
    }
}
