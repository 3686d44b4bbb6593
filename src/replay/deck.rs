//! The machine room of an open recording: threads that read, emulate and search, so that the event loop never
//! waits for a file.

use std::panic;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record::summary::Counted;
use crate::record::summary::moments;
use crate::replay::bodies;
use crate::replay::entries::Lines;
use crate::replay::keyframes::Keyframes;
use crate::replay::message::Hit;
use crate::replay::message::Message;
use crate::replay::message::News;
use crate::replay::message::Ticket;
use crate::replay::player::Goal;
use crate::replay::prepare::Works;
use crate::replay::prepare::prepare;
use crate::replay::project::project;
use crate::replay::rewind::rewind;
use crate::replay::search;
use crate::replay::search::Pattern;
use crate::replay::tape::Tape;
use crate::types::Micros;

/// Hits sent at once, and events after which they are sent however few.
const HITS_AT_ONCE: usize = 64;
const EVENTS_BETWEEN_HITS: u32 = 2_000;
/// Most moments of one row of a summary that are marked on the timeline.
const MOST_MOMENTS: usize = 100_000;
/// How often a recording that grows is looked at.
const REST: Duration = Duration::from_millis(100);

/// Where a recording is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The terminal recording.
    pub cast: PathBuf,
    /// The audit log beside it, if there is one.
    pub audit: Option<PathBuf>,
}

/// An open recording. Dropping it ends its threads.
pub struct Deck {
    source: Source,
    ticket: Ticket,
    news: Sender<Message>,
    wanted: Arc<Wanted>,
    keyframes: Arc<Keyframes>,
    search: Arc<AtomicU64>,
    inspected: Arc<AtomicU64>,
    look: Arc<AtomicU64>,
}

/// What a recording is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder where indexes of recordings are kept; none: they are made anew each time, in memory.
    pub cache: Option<PathBuf>,
    /// The time.
    pub clock: Clock,
    /// Whether to go on reading while it is still being written.
    pub follows: bool,
}

/// The newest question; older ones are not worth answering.
#[derive(Default)]
pub struct Wanted {
    slot: Mutex<Option<Goal>>,
    last: Mutex<Option<Goal>>,
    changed: Condvar,
    stop: AtomicBool,
    age: AtomicU64,
}

impl Wanted {
    /// Asks for a screen.
    pub fn ask(&self, goal: Goal) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(goal);
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(goal);
        self.changed.notify_all();
    }

    /// Waits for a question; none when it is time to stop.
    pub fn take(&self) -> Option<Goal> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.stopped() {
                return None;
            }
            if let Some(goal) = slot.take() {
                return Some(goal);
            }
            slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the answer that is being made is not wanted any more.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.stopped() || self.slot.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether the recording has been left.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits a little, less when it is time to stop.
    pub fn rest(&self) {
        let end = REST / 10;
        for _ in 0..10 {
            if self.stopped() {
                return;
            }
            thread::sleep(end);
        }
    }

    /// How often answers have become wrong; see [`Wanted::grow_old`].
    #[must_use]
    pub fn age(&self) -> u64 {
        self.age.load(Ordering::SeqCst)
    }

    /// Answers given until now may be wrong: asks the last question again.
    pub fn grow_old(&self) {
        self.age.fetch_add(1, Ordering::SeqCst);
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.into_iter().for_each(|goal| self.ask(goal));
    }

    fn leave(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }
}

impl Deck {
    /// Opens `source` on another thread; everything about it comes as news under `ticket`, the first screen too.
    #[must_use]
    pub fn open(source: Source, ticket: Ticket, news: Sender<Message>, options: Options) -> Self {
        let deck = Self {
            source,
            ticket,
            news,
            wanted: Arc::default(),
            keyframes: Arc::default(),
            search: Arc::default(),
            look: Arc::default(),
            inspected: Arc::default(),
        };
        deck.wanted.ask(Goal::Time(Micros(0)));
        let (source, wanted, keyframes) =
            (deck.source.clone(), Arc::clone(&deck.wanted), Arc::clone(&deck.keyframes));
        deck.desk().spawn(move |desk| {
            let tape = Tape::open(&source.cast)?;
            desk.send(News::Opened(Box::new(tape.header().clone())));
            let Options { cache, clock, follows } = options;
            let works = Works { source, tape, keyframes, wanted, clock, follows };
            let background = works.clone();
            desk.clone().spawn(move |desk| prepare(&background, cache.as_deref(), desk));
            project(&works.tape, &works.keyframes, &works.wanted, &works.clock, desk)
        });
        deck
    }

    /// Asks for a screen. A newer question replaces one that is still open.
    pub fn goto(&self, goal: Goal) {
        self.wanted.ask(goal);
    }

    /// Looks for `pattern` in the background as search number `number`; ends the search before.
    pub fn search(&self, number: u64, pattern: Pattern) {
        self.search.store(number, Ordering::Relaxed);
        let (cast, desk, current) = (self.source.cast.clone(), self.desk(), Arc::clone(&self.search));
        let wanted = Arc::clone(&self.wanted);
        desk.spawn(move |desk| {
            let mut hits = Vec::new();
            let mut quiet = 0;
            search::search(&Tape::open(&cast)?, &pattern, |hit: Option<Hit>| {
                hits.extend(hit);
                quiet += 1;
                if !hits.is_empty() && (hits.len() >= HITS_AT_ONCE || quiet >= EVENTS_BETWEEN_HITS) {
                    desk.send(News::Hits(number, std::mem::take(&mut hits)));
                    quiet = 0;
                }
                current.load(Ordering::Relaxed) == number && !wanted.stopped()
            })?;
            desk.send(News::Hits(number, hits));
            desk.send(News::SearchDone(number));
            Ok(())
        });
    }

    /// Looks for the moments that a row of the summary counts, as search number `number`; ends the search before.
    pub fn find_moments(&self, number: u64, counted: Counted) {
        self.search.store(number, Ordering::Relaxed);
        let Some(audit) = self.source.audit.clone() else { return };
        let (current, stopped) = (Arc::clone(&self.search), Arc::clone(&self.wanted));
        self.desk().spawn(move |desk| {
            let go_on = || current.load(Ordering::Relaxed) == number && !stopped.stopped();
            let found = moments(&audit, &counted, MOST_MOMENTS, &go_on)?;
            desk.send(News::Hits(number, found.into_iter().map(|at| Hit { at }).collect()));
            desk.send(News::SearchDone(number));
            Ok(())
        });
    }

    /// Reads what the call at `lines` of the audit log sent and got, as question number `number`; the one before is not
    /// worth answering any more.
    pub fn inspect(&self, number: u64, lines: Lines) {
        let Some(audit) = self.source.audit.clone() else { return };
        self.inspected.store(number, Ordering::Relaxed);
        let (inspected, wanted) = (Arc::clone(&self.inspected), Arc::clone(&self.wanted));
        self.desk().spawn(move |desk| {
            let stop = || inspected.load(Ordering::Relaxed) != number || wanted.stopped();
            if !stop() {
                desk.send(News::Parts(number, lines, bodies::read(&audit, lines, &stop)));
            }
            Ok(())
        });
    }

    /// Looks for the first moment from `from` on at which `pattern` appears, for search number `number`.
    pub fn land(&self, number: u64, pattern: Pattern, from: Micros) {
        let (cast, wanted) = (self.source.cast.clone(), Arc::clone(&self.wanted));
        self.desk().spawn(move |desk| {
            let found = search::first(&Tape::open(&cast)?, &pattern, from, &|| wanted.stopped())?;
            desk.send(News::Landed(number, found));
            Ok(())
        });
    }

    /// Gives what had left the screen when `steps` events had changed it, as look number `number`; ends the look before.
    pub fn rewind(&self, number: u64, steps: u64) {
        self.stop_rewind(number);
        let (cast, desk, current) = (self.source.cast.clone(), self.desk(), Arc::clone(&self.look));
        let (wanted, keyframes) = (Arc::clone(&self.wanted), Arc::clone(&self.keyframes));
        desk.spawn(move |desk| {
            let is_wanted = || current.load(Ordering::Relaxed) == number && !wanted.stopped();
            rewind(&Tape::open(&cast)?, &keyframes, steps, &is_wanted, |stretch| {
                desk.send(News::LookedBack(number, stretch));
            })
        });
    }

    /// Ends the look before number `number`.
    pub fn stop_rewind(&self, number: u64) {
        self.look.store(number, Ordering::Relaxed);
    }

    fn desk(&self) -> Desk {
        Desk { ticket: self.ticket, news: self.news.clone() }
    }
}

impl Drop for Deck {
    fn drop(&mut self) {
        self.wanted.leave();
    }
}

/// Where workers lay their news.
#[derive(Clone)]
pub struct Desk {
    ticket: Ticket,
    news: Sender<Message>,
}

impl Desk {
    /// News of what was opened under `ticket` go to `news`.
    #[must_use]
    pub fn new(ticket: Ticket, news: Sender<Message>) -> Self {
        Self { ticket, news }
    }

    /// Tells the viewer.
    pub fn send(&self, news: News) {
        // Nobody listens any more when the viewer is leaving.
        let _ = self.news.send(Message::Recording(self.ticket, news));
    }

    /// Works on a thread of its own. Failures become news; so does a panic, which a hostile recording may cause in the
    /// emulator.
    pub fn spawn(self, work: impl FnOnce(&Self) -> Result<()> + Send + 'static) {
        thread::spawn(move || {
            let done = panic::catch_unwind(AssertUnwindSafe(|| work(&self)));
            let failed = |_| {
                Err(Error::new(Kind::Record, "this recording cannot be played")
                    .why("something in its output stopped the emulator")
                    .fix("what happened can still be read: hoop-replay export … --format jsonl"))
            };
            if let Err(error) = done.unwrap_or_else(failed) {
                self.send(News::Failed(error));
            }
        });
    }
}

#[cfg(test)]
mod tests;
