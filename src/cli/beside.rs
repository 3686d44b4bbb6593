//! What is done beside a session, or the viewer, for earlier sessions: sealing what was killed, packing what is over.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::record;
use crate::record::Recovered;
use crate::sys::nice;

/// How long a recording stays as it is after its end: whoever wants to use it with other programs does so soon.
const PACKED_AFTER: Duration = Duration::from_secs(3_600);

/// Works for earlier sessions while one runs.
pub(super) struct Beside {
    stop: Arc<AtomicBool>,
    recovery: Option<JoinHandle<Vec<Recovered>>>,
}

impl Beside {
    /// Begins what there is to do: there may be gigabytes to read. With nothing to do it costs two looks into a folder.
    pub(super) fn begin(state: &Path, clock: &Clock, packs: bool) -> Self {
        let (place, clock, for_packing) = (state.to_owned(), clock.clone(), clock.clone());
        let recovery = record::may_need_recovery(state).then(|| {
            thread::spawn(move || {
                let recovered = record::recover(&place, &clock);
                for one in &recovered {
                    if let Recovered::Sealed(id) | Recovered::Finished(id) = one
                        && packs
                    {
                        record::pack_later(&place, *id);
                    }
                }
                recovered
            })
        });
        let mut beside = Self::packing(state, &for_packing, packs);
        beside.recovery = recovery;
        beside
    }

    /// As [`Beside::begin`], but nothing is sealed.
    pub(super) fn packing(state: &Path, clock: &Clock, packs: bool) -> Self {
        let stop: Arc<AtomicBool> = Arc::default();
        if packs && record::is_pack_due(state, PACKED_AFTER, clock) {
            let (state, clock, stop) = (state.to_owned(), clock.clone(), Arc::clone(&stop));
            thread::spawn(move || {
                nice::yield_to_others();
                record::pack_due(&state, PACKED_AFTER, &clock, &|| stop.load(Ordering::Relaxed));
            });
        }
        Self { stop, recovery: None }
    }

    /// Ends it: what is sealed just now is waited for, what is packed is left for the next time. Nobody waits for that: the
    /// end of this process harms no recording, wherever it meets it.
    pub(super) fn end(self) -> Vec<Recovered> {
        self.stop.store(true, Ordering::Relaxed);
        // One that panicked has told so itself.
        self.recovery.and_then(|recovery| recovery.join().ok()).unwrap_or_default()
    }
}
