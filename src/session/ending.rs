//! The end of a session: the program has ended, the terminal is gone, or we have to stop.

use std::time::Duration;

use crate::error::Error;
use crate::sys::child::Change;
use crate::types::Micros;

/// After the program has ended, output that others still write is waited for this long.
const LINGER: Duration = Duration::from_millis(100);
/// … and at most this many bytes of it are shown: what pipes and terminals can have held at the end, and more.
const LINGER_BYTES: usize = 4 << 20;
/// Between SIGHUP and SIGKILL when we have to stop a session.
const GRACE: Duration = Duration::from_secs(1);
/// How long a program whose terminal is gone may still write before its side is cut off, too.
const HANG_UP_GRACE: Duration = Duration::from_secs(2);
/// A killed program that does not go away (waiting for a dead disk) is left behind after this time.
const LEAVE_BEHIND: Duration = Duration::from_secs(5);

/// How far the end has come.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// What became of the program.
    pub(super) change: Option<Change>,
    /// When lingering output is given up, once the program has ended.
    linger_until: Option<Micros>,
    linger_bytes: usize,
    /// Why we stop the session.
    pub(super) trouble: Vec<Error>,
    stop: Option<Stop>,
    /// Who ended the session at a question, and why.
    dismissal: Option<String>,
    dismissed: Option<Stop>,
    /// When a program without a terminal is cut off.
    cut_off_at: Option<Micros>,
}

#[derive(Debug)]
struct Stop {
    kill_at: Option<Micros>,
    leave_at: Micros,
}

/// What is due now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing.
    Nothing,
    /// Kill the program.
    Kill,
    /// Close our end of the pseudo-terminal.
    CutOff,
    /// Give lingering output up.
    StopLingering,
}

impl Ending {
    /// The program has ended.
    pub(super) fn ended(&mut self, change: Change, now: Micros) {
        self.change = Some(change);
        self.linger_until = Some(later(now, LINGER));
    }

    /// Output came or could not be shown yet: after the program's end, wait for more.
    pub(super) fn moved(&mut self, bytes: usize, now: Micros) {
        if self.linger_until.is_some() {
            self.linger_bytes += bytes;
            self.linger_until = Some(later(now, LINGER));
        }
    }

    /// Whether more came after the program's end than can have been under way then.
    pub(super) fn has_had_enough(&self) -> bool {
        self.linger_bytes > LINGER_BYTES
    }

    /// We must stop, because of `error`. True the first time.
    pub(super) fn stop(&mut self, error: Error, now: Micros) -> bool {
        if self.is_stopping() {
            return false;
        }
        self.trouble.push(error);
        self.stop = Some(Stop { kill_at: Some(later(now, GRACE)), leave_at: later(now, LEAVE_BEHIND) });
        true
    }

    /// The session ends because somebody said so: `why`. True the first time.
    pub(super) fn dismiss(&mut self, why: &str, now: Micros) -> bool {
        if self.dismissed.is_some() || self.is_stopping() || self.change.is_some() {
            return false;
        }
        self.dismissal = Some(why.to_owned());
        let (kill_at, leave_at) = (Some(later(now, HANG_UP_GRACE)), later(now, LEAVE_BEHIND));
        self.dismissed = Some(Stop { kill_at, leave_at });
        true
    }

    /// Why somebody ended the session, if so.
    pub(super) fn take_dismissal(&mut self) -> Option<String> {
        self.dismissal.take()
    }

    /// Whether we stop the session.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_some()
    }

    /// The terminal is gone. True the first time.
    pub(super) fn hang_up(&mut self, now: Micros) -> bool {
        let first = self.cut_off_at.is_none();
        self.cut_off_at.get_or_insert(later(now, HANG_UP_GRACE));
        first
    }

    /// Whether the program is gone, or is left behind.
    pub(super) fn is_gone(&self, now: Micros) -> bool {
        let is_late = |stop: &Option<Stop>| stop.as_ref().is_some_and(|stop| now >= stop.leave_at);
        self.change.is_some() || is_late(&self.stop) || is_late(&self.dismissed)
    }

    /// What is due at `now`; each is told once.
    pub(super) fn due(&mut self, now: Micros) -> Due {
        if self.has_had_enough() || self.linger_until.is_some_and(|at| now >= at) {
            return Due::StopLingering;
        }
        for stop in [&mut self.stop, &mut self.dismissed].into_iter().flatten() {
            if stop.kill_at.is_some_and(|at| now >= at) {
                stop.kill_at = None;
                return Due::Kill;
            }
        }
        if self.cut_off_at.is_some_and(|at| now >= at) {
            self.cut_off_at = Some(Micros(u64::MAX));
            return Due::CutOff;
        }
        Due::Nothing
    }

    /// When something will be due.
    pub(super) fn next(&self) -> Option<Micros> {
        let next = |stop: &Option<Stop>| stop.as_ref().map(|stop| stop.kill_at.unwrap_or(stop.leave_at));
        let cut_off = self.cut_off_at.filter(|at| at.0 != u64::MAX);
        [self.linger_until, next(&self.stop), next(&self.dismissed), cut_off].into_iter().flatten().min()
    }
}

fn later(now: Micros, by: Duration) -> Micros {
    Micros(now.0.saturating_add(Micros::from(by).0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_must_stop_is_killed_once_and_left_behind_at_last() {
        let mut ending = Ending::default();
        assert!(ending.stop(Error::new(crate::error::Kind::Record, "disk full"), Micros(0)));
        assert!(!ending.stop(Error::new(crate::error::Kind::Record, "again"), Micros(0)));
        assert_eq!(ending.due(Micros(999_999)), Due::Nothing);
        assert_eq!(ending.due(Micros(1_000_000)), Due::Kill);
        assert_eq!(ending.due(Micros(1_000_001)), Due::Nothing);
        assert!(!ending.is_gone(Micros(4_000_000)));
        assert!(ending.is_gone(Micros(5_000_000)));
    }

    #[test]
    fn a_program_that_stays_after_it_was_told_to_go_is_killed() {
        let mut ending = Ending::default();
        assert!(ending.dismiss("ana ended it", Micros(0)));
        assert!(!ending.dismiss("bo ended it", Micros(0)) && !ending.is_stopping());
        assert_eq!(ending.due(Micros(1_999_999)), Due::Nothing);
        assert_eq!(ending.due(Micros(2_000_000)), Due::Kill);
        assert_eq!(ending.due(Micros(2_000_001)), Due::Nothing);
        assert_eq!(ending.take_dismissal().as_deref(), Some("ana ended it"));
    }

    #[test]
    fn lingering_output_has_an_end() {
        let mut ending = Ending::default();
        ending.ended(Change::Exited(0), Micros(0));
        ending.moved(10, Micros(90_000));
        assert_eq!(ending.due(Micros(150_000)), Due::Nothing);
        assert_eq!(ending.due(Micros(190_000)), Due::StopLingering);
        ending.moved(LINGER_BYTES, Micros(190_000));
        assert_eq!(ending.due(Micros(190_001)), Due::StopLingering);
    }
}
