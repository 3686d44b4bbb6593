//! Asking the index on threads of their own: one for sessions, one for completions, one that catches up with what was
//! recorded meanwhile. The newest question wins; the one before it is stopped.

use std::panic;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::thread;
use std::thread::JoinHandle;

use jiff::tz::TimeZone;

use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::query;
use crate::query::Field;
use crate::query::Now;
use crate::query::Query;
use crate::record;
use crate::record::Place;
use crate::record::index;
use crate::replay::finder::parts;
use crate::replay::finder::queries;
use crate::replay::finder::queries::Change;
use crate::replay::finder::queries::Queries;
use crate::replay::finder::rows::Row;
use crate::replay::message::Message;
use crate::replay::sessions::Session;
use crate::store::Index;
use crate::store::Interrupter;
use crate::store::Page;
use crate::types::Micros;

/// How often the list is told how far catching up has come.
const TOLD: Micros = Micros(500_000);
/// Values of a field that are asked for.
const VALUES: u32 = 50;

/// Says whether a query holds a secret and must not be written down.
pub type Secret = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Where the sessions are.
#[derive(Clone)]
pub struct Library {
    /// The folder of the store.
    pub state: PathBuf,
    /// Whether a query must not be written down.
    pub is_secret: Secret,
}

/// A question for sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Its number; older answers are ignored.
    pub number: u64,
    /// The query.
    pub text: String,
    /// From which row on.
    pub offset: usize,
    /// How many rows.
    pub limit: usize,
    /// The number of the answer that is shown: if this one would be the same, that is all that is to be told.
    pub shown: Option<u64>,
}

/// A question for values of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskValues {
    /// The field.
    pub field: Field,
    /// What they begin with.
    pub prefix: String,
}

/// What the threads tell.
pub enum News {
    /// The answer to the question of that number: rows from `offset` on; `ended` if they are the last.
    Page {
        /// The question's number.
        number: u64,
        /// Number of the first row.
        offset: usize,
        /// The rows.
        rows: Vec<Row>,
        /// Whether no more come after them.
        ended: bool,
    },
    /// Rows of the answer to the question of that number, from `offset` on, while the others are still looked for.
    Part {
        /// The question's number.
        number: u64,
        /// Number of the first row.
        offset: usize,
        /// The rows.
        rows: Vec<Row>,
    },
    /// The answer to the question of that number is the one that is shown.
    Same(u64),
    /// The question of that number cannot be answered.
    Failed(u64, Error),
    /// How many sessions the answer to that question has.
    Count(u64, u64),
    /// How many sessions the index has.
    Total(u64),
    /// The index turned out to be damaged; catching up makes it anew.
    Damaged,
    /// Values of a field and in how many sessions each is.
    Values(AskValues, Vec<(String, u64)>),
    /// Catching up: so many sessions of so many have been looked at.
    Reading(u64, u64),
    /// The index is up to date, as far as it can be.
    CaughtUp(Result<Vec<String>>),
    /// What is kept of queries; the name under which one was just saved.
    Queries(Result<Queries>, Option<String>),
}

/// The threads. Dropping it ends them.
pub struct Librarian {
    sessions: Arc<Desk<Ask>>,
    values: Arc<Desk<AskValues>>,
    changes: Arc<Desk<Vec<Change>>>,
    works: Works,
    is_catching_up: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Works {
    library: Library,
    clock: Clock,
    zone: TimeZone,
    news: Sender<Message>,
    /// How often the index has been made anew: what was opened before is another file.
    age: Arc<AtomicU64>,
    /// 1 when a question found it damaged, 2 when it was made anew because of that, which is done once.
    damage: Arc<AtomicU64>,
}

/// Where the newest question lies until it is taken.
struct Desk<T> {
    slot: Mutex<Slot<T>>,
    changed: Condvar,
}

struct Slot<T> {
    wish: Option<T>,
    /// Stops the question that is being answered.
    stop: Option<Interrupter>,
    left: bool,
}

impl<T> Default for Desk<T> {
    fn default() -> Self {
        Self { slot: Mutex::new(Slot { wish: None, stop: None, left: false }), changed: Condvar::new() }
    }
}

impl<T> Desk<T> {
    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a question there; `join` makes one of it and the one that still lies there.
    fn put(&self, join: impl FnOnce(Option<T>) -> T) {
        let mut slot = self.lock();
        let wish = join(slot.wish.take());
        slot.wish = Some(wish);
        slot.stop.iter().for_each(Interrupter::stop);
        self.changed.notify_all();
    }

    /// Waits for a question; none when it is time to stop.
    fn take(&self) -> Option<T> {
        let mut slot = self.lock();
        slot.stop = None;
        loop {
            if let Some(wish) = slot.wish.take() {
                return Some(wish);
            }
            if slot.left {
                return None;
            }
            slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// From now on a newer question stops what `stop` stops.
    fn working(&self, stop: Option<Interrupter>) {
        self.lock().stop = stop;
    }

    /// Whether what is being answered is not wanted any more.
    fn is_newer(&self) -> bool {
        let slot = self.lock();
        slot.left || slot.wish.is_some()
    }

    /// No more questions come; what still lies there is taken.
    fn finish(&self) {
        self.lock().left = true;
        self.changed.notify_all();
    }

    /// Nobody waits for answers any more.
    fn leave(&self) {
        let mut slot = self.lock();
        slot.wish = None;
        slot.stop.iter().for_each(Interrupter::stop);
        drop(slot);
        self.finish();
    }
}

impl Librarian {
    /// Starts the threads; what they find out goes to `news`. The first thing told is which queries are kept.
    #[must_use]
    pub fn start(library: Library, clock: Clock, zone: TimeZone, news: Sender<Message>) -> Self {
        let works = Works { library, clock, zone, news, age: Arc::default(), damage: Arc::default() };
        let mut librarian = Self {
            sessions: Arc::default(),
            values: Arc::default(),
            changes: Arc::default(),
            works,
            is_catching_up: Arc::default(),
            keeper: None,
        };
        let (works, desk) = (librarian.works.clone(), Arc::clone(&librarian.sessions));
        thread::spawn(move || works.find_sessions(&desk));
        let (works, desk) = (librarian.works.clone(), Arc::clone(&librarian.values));
        thread::spawn(move || works.find_values(&desk));
        let (works, desk) = (librarian.works.clone(), Arc::clone(&librarian.changes));
        librarian.keeper = Some(thread::spawn(move || works.keep(&desk)));
        librarian
    }

    /// Asks for sessions.
    pub fn ask(&self, ask: Ask) {
        self.sessions.put(|_| ask);
    }

    /// Asks for values of a field.
    pub fn ask_values(&self, ask: AskValues) {
        self.values.put(|_| ask);
    }

    /// Keeps a query, or no longer.
    pub fn keep(&self, change: Change) {
        self.changes.put(|before| {
            let mut changes = before.unwrap_or_default();
            changes.push(change);
            changes
        });
    }

    /// Reads what is new in the recordings into the index, unless that is being done; also seals what dead processes
    /// left behind.
    pub fn catch_up(&self) {
        if self.is_catching_up.swap(true, Ordering::SeqCst) {
            return;
        }
        let (works, busy) = (self.works.clone(), Arc::clone(&self.is_catching_up));
        thread::spawn(move || {
            let once = || panic::catch_unwind(AssertUnwindSafe(|| works.catch_up()));
            let mut done = once();
            if works.damage.load(Ordering::SeqCst) == 1 {
                // Found while it was being read.
                done = once();
            }
            busy.store(false, Ordering::SeqCst);
            works.tell(News::CaughtUp(done.unwrap_or_else(|_| Err(panicked()))));
        });
    }
}

impl Drop for Librarian {
    fn drop(&mut self) {
        self.sessions.leave();
        self.values.leave();
        self.changes.finish();
        // What was to be kept is written before the program ends.
        let _ = self.keeper.take().map(JoinHandle::join);
    }
}

fn panicked() -> Error {
    Error::new(Kind::Record, "the index cannot be read")
        .why("something in it stopped the reader")
        .fix("make it anew: hoopctl index rebuild")
}

impl Works {
    fn tell(&self, news: News) {
        // Nobody listens any more when the viewer is leaving.
        let _ = self.news.send(Message::Library(news));
    }

    fn catch_up(&self) -> Result<Vec<String>> {
        let state = &self.library.state;
        record::recover(state, &self.clock);
        let mut told = self.clock.elapsed();
        if self.damage.compare_exchange(1, 2, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            self.age.fetch_add(1, Ordering::SeqCst);
            index::rebuild(state)?;
        }
        let (index, notices) = index::open_telling(state, &mut |at| {
            let now = self.clock.elapsed();
            if now.0.saturating_sub(told.0) >= TOLD.0 {
                told = now;
                self.tell(News::Reading(at.looked, at.of));
            }
        })?;
        if !notices.is_empty() {
            self.age.fetch_add(1, Ordering::SeqCst);
        }
        drop(index);
        Ok(notices)
    }

    /// Answers questions for sessions until it is time to stop.
    fn find_sessions(&self, desk: &Desk<Ask>) {
        let mut opened = Opened::default();
        while let Some(ask) = desk.take() {
            let answer = panic::catch_unwind(AssertUnwindSafe(|| {
                let index = opened.get(self)?;
                desk.working(Some(index.interrupter()));
                let query = self.understood(&ask)?;
                // Before the answer: what is written meanwhile makes the next one another.
                let answer = Answer {
                    number: ask.number,
                    state: index.state()?,
                    query: query.clone(),
                    offset: ask.offset,
                    limit: ask.limit,
                };
                let last = opened.answer.take();
                if let Some(last) =
                    last.filter(|last| ask.shown == Some(last.number) && last.is_same(&answer))
                {
                    self.tell(News::Same(ask.number));
                    opened.answer = Some(last);
                    return Ok(());
                }
                let index = opened.get(self)?;
                let (offset, rows) = self.page(index, &query, &ask)?;
                let ended = offset + rows.len() < ask.offset + ask.limit;
                self.tell(News::Page { number: ask.number, offset, rows, ended });
                let mut is_whole = !desk.is_newer();
                if is_whole {
                    self.tell(News::Total(index.count(&Query::default())?));
                }
                if !ended && ask.offset == 0 {
                    is_whole &= !desk.is_newer();
                    if is_whole {
                        self.tell(News::Count(ask.number, index.count(&query)?));
                    }
                }
                opened.answer = Some(answer).filter(|_| is_whole);
                Ok(())
            }));
            desk.working(None);
            let answer = answer.unwrap_or_else(|_| Err(panicked()));
            match answer {
                // Stopped for a newer question; or too late to be the one that was meant.
                Err(error) if Interrupter::has_stopped(&error) => desk.put(|newer| newer.unwrap_or(ask)),
                Err(error) => {
                    self.tell(News::Failed(ask.number, error));
                    opened.check(self);
                }
                Ok(()) => {}
            }
        }
    }

    fn now(&self) -> Now {
        Now { unix_micros: self.clock.unix_micros(), zone: self.zone.clone() }
    }

    fn understood(&self, ask: &Ask) -> Result<Query> {
        query::parse(&ask.text, &self.now()).map_err(|trouble| {
            let error = Error::new(Kind::Usage, "this query cannot be answered").why(trouble.why);
            error.fix(trouble.fix)
        })
    }

    /// The last rows of the answer, and the number of the first of them: those before have been told.
    fn page(&self, index: &Index, query: &Query, ask: &Ask) -> Result<(usize, Vec<Row>)> {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let page = Page { limit: number(ask.limit), offset: number(ask.offset) };
        let place = Place::new(&self.library.state);
        let tell = |offset, rows| self.tell(News::Part { number: ask.number, offset, rows });
        parts::gather(ask.offset, tell, |give| {
            index.find_each(query, page, Index::HITS, &mut |found| {
                let session = Session::new(found.session, &place);
                give(Row { session, hits: found.hits, more: found.has_more });
            })
        })
    }

    /// Answers questions for values until it is time to stop.
    fn find_values(&self, desk: &Desk<AskValues>) {
        let mut opened = Opened::default();
        while let Some(ask) = desk.take() {
            let found = panic::catch_unwind(AssertUnwindSafe(|| {
                let index = opened.get(self)?;
                desk.working(Some(index.interrupter()));
                index.values(ask.field, &ask.prefix, VALUES)
            }));
            desk.working(None);
            // Without values the query can still be typed: trouble of the index is told by the list.
            match found {
                Ok(Ok(values)) => self.tell(News::Values(ask, values)),
                Ok(Err(error)) if Interrupter::has_stopped(&error) => desk.put(|newer| newer.unwrap_or(ask)),
                _ => opened.check(self),
            }
        }
    }

    /// Keeps queries until it is time to stop.
    fn keep(&self, desk: &Desk<Vec<Change>>) {
        let state = &self.library.state;
        self.tell(News::Queries(queries::read(state), None));
        while let Some(changes) = desk.take() {
            for change in changes {
                let saved = match &change {
                    Change::Save { name, .. } => Some(name.clone()),
                    _ => None,
                };
                let done = queries::change(state, change, &*self.library.is_secret);
                self.tell(News::Queries(done, saved));
            }
        }
    }
}

/// A question that was answered, and what the answer depends on.
struct Answer {
    /// The question's number.
    number: u64,
    /// That of the index.
    state: i64,
    /// With the moments that `2d` and the like meant then.
    query: Query,
    offset: usize,
    limit: usize,
}

impl Answer {
    fn is_same(&self, other: &Self) -> bool {
        let of = |answer: &Self| (answer.state, answer.offset, answer.limit);
        of(self) == of(other) && self.query == other.query
    }
}

/// The index, opened when it is first needed and again when it has become another file.
#[derive(Default)]
struct Opened {
    index: Option<Index>,
    age: u64,
    /// What was answered last from this index.
    answer: Option<Answer>,
}

impl Opened {
    fn get(&mut self, works: &Works) -> Result<&Index> {
        let age = works.age.load(Ordering::SeqCst);
        if self.age != age {
            (self.index, self.age, self.answer) = (None, age, None);
        }
        match &mut self.index {
            Some(index) => Ok(index),
            none => Ok(none.insert(index::open_as_it_is(&works.library.state)?)),
        }
    }

    /// After trouble: an index that is damaged is made anew, once.
    fn check(&mut self, works: &Works) {
        let damaged = self.index.take_if(|index| index.is_damaged());
        self.answer = self.answer.take().filter(|_| damaged.is_none());
        if damaged.is_some()
            && works.damage.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        {
            works.tell(News::Damaged);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::store::NewSession;
    use crate::types::SessionId;

    fn session(number: u128) -> NewSession {
        NewSession {
            id: SessionId::new(1_700_000_000_000_000, number),
            started: 1_700_000_000_000_000,
            user: "ana".to_owned(),
            identity: None,
            host: "build-7".to_owned(),
            agent: None,
            command: "make".to_owned(),
            title: None,
            cwd: "/".to_owned(),
            profile: None,
            region: None,
            groups: Vec::new(),
        }
    }

    #[test]
    fn what_is_shown_already_is_not_looked_for_again_until_something_is_new() {
        let dir = tempfile::tempdir().unwrap();
        let writer = index::open_as_it_is(dir.path()).unwrap();
        let add = |number| _ = writer.batch(|batch| batch.add_session(&session(number))).unwrap();
        add(1);
        let (sender, news) = mpsc::channel();
        let library = Library { state: dir.path().to_owned(), is_secret: Arc::new(|_| false) };
        let librarian = Librarian::start(library, Clock::fixed(1_700_000_000_000_000), TimeZone::UTC, sender);
        // How many rows came, once all is told; none: the answer is the one that is shown.
        let asked = |number, text: &str, shown| {
            librarian.ask(Ask { number, text: text.to_owned(), offset: 0, limit: 100, shown });
            let mut count = None;
            loop {
                let Message::Library(told) = news.recv().unwrap() else { continue };
                match told {
                    News::Page { number: of, rows, .. } if of == number => count = Some(rows.len()),
                    News::Total(_) if count.is_some() => return count,
                    News::Same(of) if of == number => return None,
                    News::Failed(_, error) => panic!("{error}"),
                    _ => {}
                }
            }
        };
        assert_eq!(asked(1, "", None), Some(1));
        assert_eq!(asked(2, "", Some(1)), None);
        assert_eq!(asked(3, "", Some(1)), None, "the answer is still that of the first question");
        add(2);
        assert_eq!(asked(4, "", Some(1)), Some(2));
        assert_eq!(asked(5, "", Some(1)), Some(2), "another answer is shown than the last one");
        assert_eq!(asked(6, "user:ana", Some(5)), Some(2), "another query");
        assert_eq!(asked(7, "user:ana", Some(6)), None);
        assert_eq!(asked(8, "user:ana", None), Some(2), "nothing is shown yet");
    }
}
