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
    packing: Option<JoinHandle<()>>,
}

impl Beside {
    /// Begins what there is to do: there may be gigabytes to read. With nothing to do it costs two looks into a folder.
    pub(super) fn begin(state: &Path, clock: &Clock, packs: bool) -> Self {
        let (place, clock) = (state.to_owned(), clock.clone());
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
        let mut beside = Self::packing(state, packs);
        beside.recovery = recovery;
        beside
    }

    /// As [`Beside::begin`], but nothing is sealed.
    pub(super) fn packing(state: &Path, packs: bool) -> Self {
        let stop: Arc<AtomicBool> = Arc::default();
        let packing = (packs && record::is_pack_due(state, PACKED_AFTER)).then(|| {
            let (state, stop) = (state.to_owned(), Arc::clone(&stop));
            thread::spawn(move || {
                nice::yield_to_others();
                record::pack_due(&state, PACKED_AFTER, &|| stop.load(Ordering::Relaxed));
            })
        });
        Self { stop, recovery: None, packing }
    }

    /// Ends it: what is sealed just now is waited for, what is packed is left for the next time.
    pub(super) fn end(self) -> Vec<Recovered> {
        self.stop.store(true, Ordering::Relaxed);
        // One that panicked has told so itself.
        if let Some(packing) = self.packing {
            drop(packing.join());
        }
        self.recovery.and_then(|recovery| recovery.join().ok()).unwrap_or_default()
    }
}
