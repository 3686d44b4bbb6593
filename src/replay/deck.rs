//! The machine room of an open recording: threads that read, emulate and search, so that the event loop never
//! waits for a file.

use std::panic;
use std::panic::AssertUnwindSafe;
use std::path::Path;
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

use crate::cast::Event;
use crate::cast::Kind as EventKind;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::replay::entries;
use crate::replay::keyframes::Keyframes;
use crate::replay::message::Frame;
use crate::replay::message::Hit;
use crate::replay::message::Message;
use crate::replay::message::News;
use crate::replay::message::Overview;
use crate::replay::message::Ticket;
use crate::replay::moments::Moments;
use crate::replay::search;
use crate::replay::search::Pattern;
use crate::replay::tape::Cursor;
use crate::replay::tape::Mark;
use crate::replay::tape::Tape;
use crate::term::Screen;
use crate::types::Micros;

/// Most named places kept from a recording.
const MAX_MARKERS: usize = 10_000;
/// Hits sent at once, and events after which they are sent however few.
const HITS_AT_ONCE: usize = 64;
const EVENTS_BETWEEN_HITS: u32 = 2_000;
/// Events fed between looks for a newer question and for a keyframe nearer to the moment.
const EVENTS_BETWEEN_LOOKS: u32 = 64;

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
    search: Arc<AtomicU64>,
}

/// The newest question; older ones are not worth answering.
#[derive(Default)]
struct Wanted {
    slot: Mutex<Option<Micros>>,
    changed: Condvar,
    stop: AtomicBool,
}

impl Wanted {
    fn ask(&self, at: Micros) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
        self.changed.notify_one();
    }

    /// Waits for a question; none when it is time to stop.
    fn take(&self) -> Option<Micros> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.stopped() {
                return None;
            }
            if let Some(at) = slot.take() {
                return Some(at);
            }
            slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is_newer(&self) -> bool {
        self.stopped() || self.slot.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Deck {
    /// Opens `source` on another thread; everything about it comes as news under `ticket`, the first screen too.
    #[must_use]
    pub fn open(source: Source, ticket: Ticket, news: Sender<Message>) -> Self {
        let deck = Self { source, ticket, news, wanted: Arc::default(), search: Arc::default() };
        deck.wanted.ask(Micros(0));
        let (cast, desk, wanted) = (deck.source.cast.clone(), deck.desk(), Arc::clone(&deck.wanted));
        let audit = deck.source.audit.clone();
        desk.clone().spawn(move |desk| {
            let tape = Tape::open(&cast)?;
            desk.send(News::Opened(Box::new(tape.header().clone())));
            let keyframes = Arc::new(Keyframes::default());
            let (other_tape, others, watch) = (tape.clone(), Arc::clone(&keyframes), Arc::clone(&wanted));
            desk.clone().spawn(move |desk| prepare(&other_tape, audit.as_deref(), &others, &watch, desk));
            project(&tape, &keyframes, &wanted, desk)
        });
        deck
    }

    /// Asks for the screen at `at`. A newer question replaces one that is still open.
    pub fn goto(&self, at: Micros) {
        self.wanted.ask(at);
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

    fn desk(&self) -> Desk {
        Desk { ticket: self.ticket, news: self.news.clone() }
    }
}

impl Drop for Deck {
    fn drop(&mut self) {
        self.wanted.stop.store(true, Ordering::Relaxed);
        self.wanted.changed.notify_all();
    }
}

#[derive(Clone)]
struct Desk {
    ticket: Ticket,
    news: Sender<Message>,
}

impl Desk {
    fn send(&self, news: News) {
        // Nobody listens any more when the viewer is leaving.
        let _ = self.news.send(Message::Recording(self.ticket, news));
    }

    /// Works on a thread of its own. Failures become news; so does a panic, which a hostile recording may cause in the
    /// emulator.
    fn spawn(self, work: impl FnOnce(&Self) -> Result<()> + Send + 'static) {
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

/// Reads what the first screen does not need: calls, length, keyframes.
fn prepare(
    tape: &Tape,
    audit: Option<&Path>,
    keyframes: &Keyframes,
    wanted: &Wanted,
    desk: &Desk,
) -> Result<()> {
    match audit.map(entries::read).transpose() {
        Ok(read) => {
            read.into_iter().for_each(|(entries, asked)| {
                desk.send(News::Moments(Box::new(Moments::new(entries)), asked));
            });
        }
        // The terminal recording is worth seeing without its audit log.
        Err(error) => desk.send(News::Failed(error)),
    }
    desk.send(News::Overview(survey(tape, wanted)?));
    make_keyframes(tape, keyframes, wanted)
}

/// Reads through the recording once, without emulating it.
fn survey(tape: &Tape, wanted: &Wanted) -> Result<Overview> {
    let mut overview = Overview::default();
    let mut cursor = tape.read_from(tape.start())?;
    for event in cursor.by_ref() {
        if wanted.stopped() {
            break;
        }
        match event {
            Ok(event) => {
                overview.events += 1;
                overview.duration = overview.duration.max(event.time);
                if event.kind == EventKind::Marker && overview.markers.len() < MAX_MARKERS {
                    overview.markers.push((event.time, event.data));
                }
            }
            Err(error) => {
                overview.unread += 1;
                overview.first_fault.get_or_insert_with(|| error.to_string());
            }
        }
    }
    overview.truncated = cursor.truncated();
    Ok(overview)
}

/// Emulates the whole recording and keeps a screen from time to time.
fn make_keyframes(tape: &Tape, keyframes: &Keyframes, wanted: &Wanted) -> Result<()> {
    let mut player = Player::new(tape)?;
    let mut due = keyframes.interval();
    let mut fed = 0;
    while !wanted.stopped() {
        let Some(length) = player.play_next(None) else { break };
        fed += length as u64;
        if fed >= due {
            keyframes.push(player.mark(), player.screen.keyframe());
            due = fed + keyframes.interval();
        }
    }
    Ok(())
}

/// Answers questions for screens until told to stop.
fn project(tape: &Tape, keyframes: &Keyframes, wanted: &Wanted, desk: &Desk) -> Result<()> {
    let mut player = Player::new(tape)?;
    while let Some(at) = wanted.take() {
        // Going back needs a place before; going far needs a keyframe beyond where we are.
        let here = player.mark();
        if at < here.time {
            player = match keyframes.nearest(at, None) {
                Some((mark, frame)) => Player::resume(tape, mark, Screen::restore(&frame))?,
                None => Player::new(tape)?,
            };
        } else if let Some((mark, frame)) = keyframes.nearest(at, Some(here)) {
            player = Player::resume(tape, mark, Screen::restore(&frame))?;
        }
        let mut reached = true;
        let mut events = 0_u32;
        while player.play_next(Some(at)).is_some() {
            events += 1;
            if !events.is_multiple_of(EVENTS_BETWEEN_LOOKS) {
                continue;
            }
            if wanted.is_newer() {
                reached = false;
                break;
            }
            // The thread that makes keyframes may be ahead by now.
            if let Some((mark, frame)) = keyframes.nearest(at, Some(player.mark())) {
                player = Player::resume(tape, mark, Screen::restore(&frame))?;
            }
        }
        let last = player.mark().time;
        let next = player.peek();
        let at = if reached { at } else { last };
        desk.send(News::Frame(Frame { at, last, next, screen: player.screen.snapshot() }));
    }
    Ok(())
}

/// A screen and the place up to which it has been fed.
struct Player {
    cursor: Cursor,
    screen: Screen,
    /// Where the screen is, and the event after it, if it has been read already.
    mark: Mark,
    ahead: Option<Event>,
}

impl Player {
    fn new(tape: &Tape) -> Result<Self> {
        let header = tape.header();
        Self::resume(tape, tape.start(), Screen::new(header.cols, header.rows))
    }

    fn resume(tape: &Tape, mark: Mark, screen: Screen) -> Result<Self> {
        Ok(Self { cursor: tape.read_from(mark)?, screen, mark, ahead: None })
    }

    /// The place after the last event fed.
    fn mark(&self) -> Mark {
        self.mark
    }

    /// Time of the next event that can be read.
    fn peek(&mut self) -> Option<Micros> {
        if self.ahead.is_none() {
            self.ahead = self.cursor.by_ref().find_map(Result::ok);
        }
        self.ahead.as_ref().map(|event| event.time)
    }

    /// Feeds the next event, unless it is after `until`; gives its length in bytes.
    fn play_next(&mut self, until: Option<Micros>) -> Option<usize> {
        let next = self.peek()?;
        if until.is_some_and(|until| next > until) {
            return None;
        }
        let event = self.ahead.take()?;
        self.mark = self.cursor.mark();
        match event.kind {
            EventKind::Output => self.screen.feed(&event.data),
            EventKind::Resize => {
                if let Some((cols, rows)) = event.size() {
                    self.screen.resize(cols, rows);
                }
            }
            _ => {}
        }
        Some(event.data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;
    use std::sync::mpsc;
    use std::time::Duration;

    /// About 3 MiB of output in 3,000 events, with colours, resizes and full-screen parts.
    fn recording() -> tempfile::NamedTempFile {
        let mut text = "{\"version\":2,\"width\":80,\"height\":24}\n".to_owned();
        for n in 0..3_000_u32 {
            let time = f64::from(n) * 0.01;
            let data = match n % 100 {
                30 => "\u{1b}[?1049h\u{1b}[2J".to_owned(),
                60 => "\u{1b}[?1049l".to_owned(),
                _ => format!("\u{1b}[3{}m{}{}\r\n", n % 8, n, "lorem ipsum 世界 ".repeat(60)),
            };
            let data = serde_json::to_string(&data).unwrap();
            writeln!(text, "[{time:.6}, \"o\", {data}]").unwrap();
            if n % 500 == 250 {
                writeln!(text, "[{time:.6}, \"r\", \"{}x30\"]", 60 + n % 50).unwrap();
            }
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn next_frame(news: &mpsc::Receiver<Message>, at: Micros) -> Frame {
        loop {
            let message = news.recv_timeout(Duration::from_secs(60)).unwrap();
            if let Message::Recording(_, News::Frame(frame)) = message
                && frame.at == at
            {
                return frame;
            }
        }
    }

    #[test]
    fn any_seek_shows_what_playing_through_shows() {
        let file = recording();
        let tape = Tape::open(file.path()).unwrap();
        let (sender, news) = mpsc::channel();
        let source = Source { cast: file.path().to_owned(), audit: None };
        let deck = Deck::open(source, 1, sender);
        for at in
            [29_990_000, 5_000, 12_345_678, 12_400_000, 12_300_000, 0, 20_000_000, 19_999_999, 99_000_000]
        {
            let at = Micros(at);
            deck.goto(at);
            let frame = next_frame(&news, at);
            let mut straight = Player::new(&tape).unwrap();
            while straight.play_next(Some(at)).is_some() {}
            assert_eq!(frame.screen, straight.screen.snapshot(), "at {at:?}");
            assert_eq!(frame.next, straight.peek());
        }
    }

    #[test]
    fn keyframes_are_made_and_used() {
        let file = recording();
        let tape = Tape::open(file.path()).unwrap();
        let keyframes = Keyframes::default();
        make_keyframes(&tape, &keyframes, &Wanted::default()).unwrap();
        let (mark, frame) = keyframes.nearest(Micros(20_000_000), None).unwrap();
        assert!(mark.time > Micros(15_000_000), "{mark:?}");
        let mut resumed = Player::resume(&tape, mark, Screen::restore(&frame)).unwrap();
        let mut straight = Player::new(&tape).unwrap();
        while straight.play_next(Some(mark.time)).is_some() {}
        assert_eq!(resumed.screen.snapshot(), straight.screen.snapshot());
        assert_eq!(resumed.peek(), straight.peek());
    }

    #[test]
    fn an_overview_counts_what_cannot_be_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "{\"version\":2,\"width\":80,\"height\":24}\n[1,\"o\",\"a\"]\nnonsense\n[2.5,\"m\",\"here\"]\n[3,\"o";
        std::fs::write(file.path(), text).unwrap();
        let tape = Tape::open(file.path()).unwrap();
        let overview = survey(&tape, &Wanted::default()).unwrap();
        assert_eq!(overview.duration, Micros(2_500_000));
        assert_eq!(overview.markers, [(Micros(2_500_000), "here".to_owned())]);
        assert!(overview.truncated && overview.unread == 1, "{overview:?}");
        assert!(overview.first_fault.unwrap().contains("line 3"));
    }
}
