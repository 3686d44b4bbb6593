//! Parts of hoop-run that a session cannot do without: if one dies, the session ends.

use std::thread;

use super::recorder::Recorder;
use crate::error::Error;
use crate::error::Kind;

/// Held by a part for as long as it works. A panic that takes it along ends the session.
#[derive(Debug)]
pub struct Watch {
    recorder: Recorder,
    part: &'static str,
}

impl Recorder {
    /// Ends the session because of `error`, although it can be recorded: something else that it needs is gone.
    pub fn break_off(&self, error: Error) {
        if self.0.broken.set(error.clone()).is_ok() {
            self.tell(&error);
        }
    }

    /// The error of [`Recorder::break_off`].
    #[must_use]
    pub fn broken(&self) -> Option<Error> {
        self.0.broken.get().cloned()
    }

    /// Watches over `part`, such as `the gateway`: to be held by the thread or the task that does its work.
    #[must_use]
    pub fn watch(&self, part: &'static str) -> Watch {
        Watch { recorder: self.clone(), part }
    }
}

impl Watch {
    /// The part cannot go on, because of `why`, which has no secret in it: ends the session.
    pub fn died(&self, why: &str) {
        let error = Error::new(Kind::System, format!("{} has failed, so the session was stopped", self.part))
            .why(why)
            .why("without it something would go unrecorded or unmasked")
            .fix("what was recorded until then is kept: hoop-replay last");
        self.recorder.break_off(error);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if thread::panicking() {
            self.died("a fault in hoop-run itself, told above");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    use crate::audit::End;
    use crate::audit::EndReason;
    use crate::audit::Start;
    use crate::clock::Clock;
    use crate::record::State;
    use crate::record::verify;
    use crate::types::SessionId;

    fn recorder(state: &std::path::Path) -> Recorder {
        let start = Start::new(SessionId::new(1_763_700_000_000_000, 7), 1, vec!["sh".to_owned()]);
        Recorder::create(state, &start, Clock::system()).unwrap()
    }

    #[test]
    fn a_thread_that_panics_ends_the_session_once_and_the_recording_says_interrupted() {
        let state = tempfile::tempdir().unwrap();
        let recorder = recorder(state.path());
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        recorder.on_failure(move |error| {
            assert!(error.what().contains("the gateway has failed"), "{error}");
            count.fetch_add(1, Ordering::SeqCst);
        });
        for _ in 0..2 {
            let watch = recorder.watch("the gateway");
            let died = thread::spawn(move || {
                let _watch = watch;
                panic!("for the test");
            });
            assert!(died.join().is_err());
        }
        assert_eq!(told.load(Ordering::SeqCst), 1);
        assert!(recorder.failure().is_none() && recorder.broken().is_some());
        // Whoever comes late learns it at once.
        let count = Arc::clone(&told);
        recorder.on_failure(move |_| assert!(count.fetch_add(1, Ordering::SeqCst) > 0));
        assert_eq!(told.load(Ordering::SeqCst), 2);
        recorder.output(b"until then").unwrap();
        let folder = recorder.finish(&End { reason: EndReason::Interrupted, ..End::default() }).unwrap();
        assert_eq!(verify(&folder).unwrap().state, State::Interrupted);
    }

    #[test]
    fn a_part_that_ends_well_ends_nothing() {
        let state = tempfile::tempdir().unwrap();
        let recorder = recorder(state.path());
        let watch = recorder.watch("the gateway");
        thread::spawn(move || drop(watch)).join().unwrap();
        assert!(recorder.broken().is_none());
    }
}
