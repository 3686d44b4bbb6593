//! Threads that read audit logs as a whole: for the summary of a session, and to compare two.

use std::cell::Cell;
use std::fs;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record::compare::compare;
use crate::record::summary::Summing;
use crate::replay::message::Message;
use crate::replay::message::Ticket;

/// Lines after which a summary is shown as far as it has come.
const LINES_AT_ONCE: u64 = 30_000;
/// How often a log that grows is looked at, in steps of which each may be the last.
const REST: Duration = Duration::from_millis(100);
const STEPS: u32 = 10;

/// A thread at work. Dropping it ends it.
pub struct Work {
    stop: Arc<AtomicBool>,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What the thread is given.
struct Task {
    stop: Arc<AtomicBool>,
    ticket: Ticket,
    news: Sender<Message>,
}

impl Task {
    fn may_go_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

impl Work {
    /// Sums up the audit log at `path`; goes on for as long as its session runs.
    #[must_use]
    pub fn summarise(path: PathBuf, ticket: Ticket, news: Sender<Message>) -> Self {
        Self::start(ticket, news, move |task| {
            if let Err(error) = summarise(&path, task) {
                let _ = task.news.send(Message::Summary(task.ticket, Err(error), true));
            }
        })
    }

    /// Compares the audit logs at `a` and `b`.
    #[must_use]
    pub fn compare([a, b]: [PathBuf; 2], exact: bool, ticket: Ticket, news: Sender<Message>) -> Self {
        Self::start(ticket, news, move |task| {
            let compared = || compare(&a, &b, exact, &|| task.may_go_on());
            let found = panic::catch_unwind(AssertUnwindSafe(compared)).unwrap_or_else(|_| Err(stopped()));
            if task.may_go_on() {
                let _ = task.news.send(Message::Compared(task.ticket, found.map(Box::new)));
            }
        })
    }

    fn start(ticket: Ticket, news: Sender<Message>, work: impl FnOnce(&Task) + Send + 'static) -> Self {
        let stop: Arc<AtomicBool> = Arc::default();
        let task = Task { stop: Arc::clone(&stop), ticket, news };
        thread::spawn(move || work(&task));
        Self { stop }
    }
}

fn stopped() -> Error {
    Error::new(Kind::Record, "this session cannot be summed up")
        .why("something in its audit log stopped the reading")
        .fix("see what is wrong: hoopctl verify")
}

fn summarise(path: &Path, task: &Task) -> Result<()> {
    let mut summing = Summing::new(path);
    let mut length = u64::MAX;
    while task.may_go_on() {
        // Asked first: what was sealed before it is read to its end is whole.
        let is_sealed = path.with_file_name("seal.json").exists();
        let now = fs::metadata(path).map_or(0, |meta| meta.len());
        let has_grown = now != length;
        if has_grown {
            length = now;
            read(&mut summing, task)?;
        }
        let is_done = is_sealed || summing.has_ended();
        if has_grown || is_done {
            send(&summing, task, is_done);
        }
        if is_done {
            break;
        }
        (0..STEPS).take_while(|_| task.may_go_on()).for_each(|_| thread::sleep(REST));
    }
    Ok(())
}

/// Reads on to the end of the log, and tells how far it has come now and then.
fn read(summing: &mut Summing, task: &Task) -> Result<()> {
    loop {
        let lines = Cell::new(0);
        let go_on = || {
            lines.set(lines.get() + 1);
            lines.get() < LINES_AT_ONCE && task.may_go_on()
        };
        panic::catch_unwind(AssertUnwindSafe(|| summing.read(&go_on))).unwrap_or_else(|_| Err(stopped()))?;
        if lines.get() < LINES_AT_ONCE || !task.may_go_on() {
            return Ok(());
        }
        send(summing, task, false);
    }
}

fn send(summing: &Summing, task: &Task, is_done: bool) {
    let _ = task.news.send(Message::Summary(task.ticket, Ok(Box::new(summing.summary())), is_done));
}
