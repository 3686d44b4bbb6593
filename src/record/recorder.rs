//! Recording a session while it runs.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;

use super::active::Active;
use super::body::Body;
use super::counts::Counts;
use super::head;
use super::label::Labels;
use super::net::Net;
use super::place::Place;
use super::private;
use super::ring::Ring;
use super::seal;
use super::seal::Seal;
use super::seal::SealedAs;
use super::sink::Sink;
use crate::audit::BodyRef;
use crate::audit::Chain;
use crate::audit::Checkpoint;
use crate::audit::End;
use crate::audit::EndReason;
use crate::audit::Event;
use crate::audit::Start;
use crate::cast;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask::Engine;
use crate::mask::Hidden;
use crate::types::Micros;
use crate::types::SessionId;

/// Terminal bytes that wait to be written, at most: when more come, the older half is written.
const MAX_PENDING: usize = 256 << 10;
/// How long terminal bytes wait at most: what a killed session can lose.
const MAX_WAIT: Duration = Duration::from_millis(250);
/// A checkpoint of the terminal recording is due after this many bytes …
const CHECKPOINT_BYTES: u64 = 1 << 20;
/// … or after this time, if anything was written since.
const CHECKPOINT_WAIT: Duration = Duration::from_secs(10);
/// Room that the bodies of one session may take on disk, in bytes; later ones keep only length and digest.
const BODIES_ROOM: u64 = 256 << 20;

/// What is told about the first failure.
type OnFailure = Box<dyn Fn(&Error) + Send + Sync>;

/// Records one session. Cheap to clone; every clone writes to the same recording.
///
/// Bytes of the terminal and bodies have been masked by the caller; events and markers should be, and are masked once
/// more before they are written. All methods write on the caller's thread, one at a time.
/// The first failure to write is final: every later call gives the same error, and whoever shows or forwards what
/// could not be recorded breaks the promise "nothing unrecorded".
#[derive(Clone)]
pub struct Recorder(pub(super) Arc<Shared>);

pub(super) struct Shared {
    place: Place,
    folder: PathBuf,
    id: SessionId,
    clock: Clock,
    net: Net,
    inner: Mutex<Inner>,
    on_failure: Mutex<Vec<OnFailure>>,
    /// Why the session must end although it can be recorded.
    pub(super) broken: OnceLock<Error>,
}

struct Inner {
    cast: Sink,
    writer: cast::Writer,
    /// What waits to be written, and can still be hidden.
    ring: Ring,
    /// What is written just now.
    pending: Vec<u8>,
    audit: Sink,
    chain: Chain,
    line: Vec<u8>,
    labels: Labels,
    counts: Counts,
    checkpoint: Checked,
    bodies: u64,
    active: Option<Active>,
    failure: Option<Error>,
    finished: bool,
}

/// Where the last checkpoint was.
#[derive(Clone, Copy)]
struct Checked {
    bytes: u64,
    at: Micros,
}

impl Recorder {
    /// Begins a recording as [`Recorder::masked`] does, with the built-in rules.
    pub fn create(state: &Path, start: &Start, clock: Clock) -> Result<Self> {
        Self::masked(state, start, clock, &Arc::new(Engine::builtin()))
    }

    /// Begins the recording of `start.id` below the state folder `state` (`$XDG_STATE_HOME/hoop`); times count from
    /// the beginning of `clock`; `masks` is the session's. Takes about 0.1 ms.
    ///
    /// Fails when the folder cannot be made; then the session must not begin.
    pub fn masked(state: &Path, start: &Start, clock: Clock, masks: &Arc<Engine>) -> Result<Self> {
        let net = Net::new(masks);
        let mut start = net.start(start)?;
        let place = Place::new(state);
        let active = Active::begin(&place, start.id, start.pid)?;
        let folder = place.folder(start.id);
        private::new_folder(&folder)?;
        let mut inner = Inner {
            cast: Sink::hashed(&folder.join("terminal.cast"))?,
            writer: cast::Writer::new(cast::Form::V3),
            ring: Ring::default(),
            pending: Vec::new(),
            audit: Sink::plain(&folder.join("audit.jsonl"))?,
            chain: Chain::new(start.id),
            line: Vec::new(),
            labels: Labels::default(),
            counts: Counts::default(),
            checkpoint: Checked { bytes: 0, at: clock.elapsed() },
            bodies: 0,
            active: Some(active),
            failure: None,
            finished: false,
        };
        start.swappable = !inner.ring.is_locked();
        inner.append(&Event::SessionStart(Box::new(start.clone())), clock.elapsed())?;
        inner.writer.header(&head::header(&start), &mut inner.pending);
        inner.write_pending()?;
        Ok(Self(Arc::new(Shared {
            place,
            folder,
            id: start.id,
            clock,
            net,
            inner: Mutex::new(inner),
            on_failure: Mutex::new(Vec::new()),
            broken: OnceLock::new(),
        })))
    }

    /// The session that is recorded.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.0.id
    }

    /// The folder of the recording.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// What the program wrote, before it is shown. Waits in memory up to 256 KiB or 250 ms (see
    /// [`Recorder::flush_due`]), so that [`Recorder::hide`] can still reach it. Gives the position of its first byte
    /// among all output.
    pub fn output(&self, bytes: &[u8]) -> Result<u64> {
        self.terminal(|inner, at| inner.ring.output(at, bytes))
    }

    /// Hides characters of output that has not been written yet; gives how many were written already.
    pub fn hide(&self, characters: &[Hidden]) -> Result<usize> {
        self.locked(|inner, _| Ok(inner.ring.hide(characters)))
    }

    /// Makes sure that what waits can be written: the file is there, and room for it is taken. Then it may be shown
    /// before it is written.
    pub fn reserve(&self) -> Result<()> {
        self.locked(|inner, _| {
            let more = inner.ring.most_written();
            inner.cast.reserve(more).map_err(|error| inner.fail(error))
        })
    }

    /// What the person typed; only for sessions that record input.
    pub fn input(&self, bytes: &[u8]) -> Result<()> {
        self.terminal(|inner, at| inner.ring.input(at, bytes))
    }

    /// The terminal's new size.
    pub fn resize(&self, cols: u16, rows: u16) -> Result<()> {
        self.terminal(|inner, at| inner.ring.resize(at, cols, rows))
    }

    /// A named place in the terminal recording.
    pub fn marker(&self, text: &str) -> Result<()> {
        let text = &self.0.net.text(text);
        self.terminal(|inner, at| inner.ring.marker(at, text))
    }

    /// Writes an event to the audit log before it returns its `seq`; calls, denials, approvals, alerts and
    /// the commands near the wrapped program also get a marker in the terminal recording.
    ///
    /// Start, end and checkpoints are the recorder's own: to give one is an error, which is not final.
    pub fn event(&self, event: &Event) -> Result<u64> {
        self.events(std::slice::from_ref(event))
    }

    /// Writes events that belong together, such as a call and its verdict: a line each, one after the other and all in
    /// one write. Gives the `seq` of the last; nothing of them is written when one of them cannot be.
    ///
    /// No events are an error.
    pub fn events(&self, events: &[Event]) -> Result<u64> {
        let is_own = |event: &Event| {
            matches!(event, Event::SessionStart(_) | Event::SessionEnd(_) | Event::Checkpoint(_))
        };
        if events.is_empty() || events.iter().any(is_own) {
            return Err(Error::new(Kind::Record, "this event is written by the recorder itself"));
        }
        // Before it is our turn: nobody waits for the rules.
        let masked = events.iter().map(|event| self.0.net.event(event)).collect::<Result<Vec<_>>>()?;
        let changed: Vec<Event>;
        let events = if masked.iter().any(Option::is_some) {
            let both = masked.into_iter().zip(events);
            changed = both.map(|(masked, event)| masked.unwrap_or_else(|| event.clone())).collect();
            &changed
        } else {
            events
        };
        self.locked(|inner, at| {
            let seq = inner.append_all(events, at)?;
            for event in events {
                if let Some(label) = inner.labels.of(event, at) {
                    inner.ring.marker(at, &label);
                }
            }
            inner.settle(at)?;
            Ok(seq)
        })
    }

    /// Keeps a body: its first 1 MiB; of a longer one also length and digest. Write the event that refers to it
    /// afterwards.
    pub fn body(&self, bytes: &[u8]) -> Result<BodyRef> {
        let mut body = Body::default();
        body.push(bytes);
        self.store(body)
    }

    /// Keeps a body that came in pieces. When the bodies of this session have used up their 256 MiB only length and
    /// digest are kept.
    pub fn store(&self, body: Body) -> Result<BodyRef> {
        let room = self.locked(|inner, _| Ok(BODIES_ROOM.saturating_sub(inner.bodies)))?;
        // Compressing and writing need no order, so the terminal does not wait for them.
        let stored = body.store(&self.0.folder.join("bodies"), room);
        self.locked(|inner, _| match stored {
            Ok((reference, taken)) => {
                inner.bodies += taken;
                Ok(reference)
            }
            Err(error) => Err(inner.fail(error)),
        })
    }

    /// How long until [`Recorder::flush`] must be called; zero: now; none: nothing waits.
    #[must_use]
    pub fn flush_due(&self) -> Option<Duration> {
        let inner = self.lock();
        if inner.failure.is_some() || inner.finished {
            return None;
        }
        let now = self.0.clock.elapsed();
        let left = |since: Micros, wait: Duration| {
            wait.saturating_sub(Duration::from(Micros(now.0.saturating_sub(since.0))))
        };
        let flush = inner.ring.since().map(|since| left(since, MAX_WAIT));
        let unchecked = inner.cast.bytes() > inner.checkpoint.bytes;
        let check = unchecked.then(|| left(inner.checkpoint.at, CHECKPOINT_WAIT));
        flush.into_iter().chain(check).min()
    }

    /// Writes the terminal bytes that wait, and a checkpoint if one is due.
    pub fn flush(&self) -> Result<()> {
        self.locked(|inner, at| {
            inner.write_pending()?;
            inner.check_if_due(at)
        })
    }

    /// Why nothing more can be recorded; none while all is well.
    #[must_use]
    pub fn failure(&self) -> Option<Error> {
        self.lock().failure.clone()
    }

    /// Calls `callback` once, on the thread that failed, when recording has become impossible or the session must end; at
    /// once if it is so.
    pub fn on_failure(&self, callback: impl Fn(&Error) + Send + Sync + 'static) {
        // The list stays locked while we look, so that a failure at this moment finds the callback or is found.
        let mut waiting = self.0.on_failure.lock().unwrap_or_else(PoisonError::into_inner);
        match self.failure().or_else(|| self.broken()) {
            None => waiting.push(Box::new(callback)),
            Some(error) => {
                drop(waiting);
                callback(&error);
            }
        }
    }

    /// Numbers of events so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// Ends the recording: the exit status, a last checkpoint, `session.end`, the seal. Gives the folder.
    ///
    /// Fails when something could not be written. What is there stays readable, and the next start seals it.
    pub fn finish(&self, end: &End) -> Result<PathBuf> {
        let mut end = end.clone();
        end.message = end.message.map(|message| self.0.net.text(&message));
        let (seal, active) = self.locked(|inner, at| {
            inner.write_pending()?;
            inner.writer.finish(at, &mut inner.pending);
            let by_signal = end.signal.map(|signal| signal.saturating_add(128));
            if let Some(status) = end.status.or(by_signal) {
                inner.writer.exit(at, status, &mut inner.pending);
            }
            inner.write_encoded()?;
            inner.cast.end();
            inner.check(at)?;
            inner.append(&Event::SessionEnd(end.clone()), at)?;
            inner.finished = true;
            let mut seal = inner.seal(self.0.id, self.0.clock.unix_micros());
            if end.reason == EndReason::Interrupted {
                seal.sealed_as = SealedAs::Interrupted;
            }
            Ok((seal, inner.active.take()))
        })?;
        seal::write(&self.0.place, &self.0.folder, seal)?;
        if let Some(active) = active {
            active.end();
        }
        Ok(self.0.folder.clone())
    }

    fn terminal<T>(&self, add: impl FnOnce(&mut Inner, Micros) -> T) -> Result<T> {
        self.locked(|inner, at| {
            let added = add(inner, at);
            inner.settle(at)?;
            Ok(added)
        })
    }

    /// Does `work` with the time at which it has its turn, so that times in the files never go back.
    fn locked<T>(&self, work: impl FnOnce(&mut Inner, Micros) -> Result<T>) -> Result<T> {
        let mut inner = self.lock();
        if let Some(error) = &inner.failure {
            return Err(error.clone());
        }
        if inner.finished {
            return Err(Error::new(Kind::Record, "the recording is finished already"));
        }
        let done = work(&mut inner, self.0.clock.elapsed());
        let failure = inner.failure.clone();
        drop(inner);
        if let Some(error) = failure {
            self.tell(&error);
        }
        done
    }

    pub(super) fn tell(&self, error: &Error) {
        let waiting = std::mem::take(&mut *self.0.on_failure.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.iter().for_each(|callback| callback(error));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(|poisoned| {
            // Whoever panicked here may have left half of something: nothing may come after it.
            let mut inner = poisoned.into_inner();
            inner.failure.get_or_insert_with(|| {
                Error::new(Kind::Record, "a part of hoop-run died while it was recording")
            });
            inner
        })
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorder").field(&self.0.folder).finish()
    }
}

impl Drop for Inner {
    /// A session that ends without [`Recorder::finish`] still keeps what it was given.
    fn drop(&mut self) {
        if !self.finished && self.failure.is_none() {
            drop(self.write_pending());
        }
    }
}

impl Inner {
    /// After something was added to the ring: the newest half of it always waits.
    fn settle(&mut self, at: Micros) -> Result<()> {
        if self.ring.bytes() < MAX_PENDING {
            return Ok(());
        }
        self.ring.drain(MAX_PENDING / 2, &mut self.writer, &mut self.pending);
        self.write_encoded()?;
        self.check_if_due(at)
    }

    fn write_pending(&mut self) -> Result<()> {
        self.ring.drain(0, &mut self.writer, &mut self.pending);
        self.write_encoded()
    }

    fn write_encoded(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self.cast.write(&self.pending);
        self.pending.clear();
        written.map_err(|error| self.fail(error))
    }

    fn append(&mut self, event: &Event, at: Micros) -> Result<u64> {
        self.append_all(std::slice::from_ref(event), at)
    }

    fn append_all(&mut self, events: &[Event], at: Micros) -> Result<u64> {
        self.line.clear();
        // A line that cannot be made leaves the chain where it was.
        let before = (events.len() > 1).then(|| self.chain.clone());
        let mut last = 0;
        for event in events {
            match self.chain.append(event, at, &mut self.line) {
                Ok(seq) => last = seq,
                Err(error) => {
                    if let Some(before) = before {
                        self.chain = before;
                    }
                    return Err(error);
                }
            }
        }
        self.audit.write(&self.line).map_err(|error| self.fail(error))?;
        events.iter().for_each(|event| self.counts.add(event));
        Ok(last)
    }

    fn check_if_due(&mut self, at: Micros) -> Result<()> {
        let new = self.cast.bytes() - self.checkpoint.bytes;
        let waited = Duration::from(Micros(at.0.saturating_sub(self.checkpoint.at.0)));
        match new >= CHECKPOINT_BYTES || new > 0 && waited >= CHECKPOINT_WAIT {
            true => self.check(at),
            false => Ok(()),
        }
    }

    fn check(&mut self, at: Micros) -> Result<()> {
        let offset = self.cast.bytes();
        let sha256 = self.cast.sha256();
        self.append(&Event::Checkpoint(Checkpoint { offset, sha256 }), at)?;
        self.checkpoint = Checked { bytes: offset, at };
        Ok(())
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failure.get_or_insert(error).clone()
    }

    fn seal(&self, session: SessionId, sealed: u64) -> Seal {
        Seal {
            format: 1,
            session,
            sealed_as: SealedAs::Complete,
            sealed,
            audit_lines: self.chain.lines(),
            audit_bytes: self.audit.bytes(),
            audit_head: self.chain.head().to_owned(),
            cast_bytes: self.cast.bytes(),
            cast_sha256: self.cast.sha256(),
            counts: self.counts,
            previous: None,
            key: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_in_the_middle_of_writing_leaves_nothing_to_be_written_after_it() {
        let state = tempfile::tempdir().unwrap();
        let start = Start::new(SessionId::new(1_763_700_000_000_000, 7), 1, vec!["sh".to_owned()]);
        let recorder = Recorder::create(state.path(), &start, Clock::system()).unwrap();
        let broken = recorder.clone();
        let died = std::thread::spawn(move || broken.locked::<()>(|_, _| panic!("for the test")));
        assert!(died.join().is_err());
        assert!(recorder.output(b"x").is_err() && recorder.failure().is_some());
        assert!(recorder.finish(&End::default()).is_err());
    }
}
