//! All that waits in all sessions, as it changes: for whoever shows it live.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crate::approval::Card;
use crate::control::client;
use crate::control::client::Seen;
use crate::control::client::Session;
use crate::error::Error;
use crate::error::Result;
use crate::types::SessionId;

/// How often new sessions are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// How long a watcher waits before it sees that nobody wants its news any more.
const PATIENCE: Duration = Duration::from_secs(1);
/// Sessions that are watched at once.
const MOST_WATCHED: usize = 256;

/// What a board tells.
#[derive(Debug)]
pub enum News {
    /// This is what waits in a session now.
    Cards(Session, Vec<Card>),
    /// A session is no longer there.
    Ended(SessionId),
    /// A session cannot be watched.
    Trouble(Session, Error),
}

/// Watches until dropped.
#[derive(Debug)]
pub struct Board(Arc<AtomicBool>);

impl Board {
    /// Begins to watch: a thread of its own, and one for each session. `tell` is called on them.
    ///
    /// # Errors
    /// There can be no further thread.
    pub fn open(
        state: &Path,
        shared: Option<&Path>,
        tell: impl Fn(News) + Send + Sync + 'static,
    ) -> Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let looking = Looking {
            state: state.to_owned(),
            shared: shared.map(Path::to_owned),
            is_over: Arc::clone(&is_over),
            known: Arc::default(),
            tell: Arc::new(tell),
        };
        let thread = thread::Builder::new().name("sessions".to_owned()).spawn(move || looking.look());
        match thread {
            Ok(_) => Ok(Self(is_over)),
            Err(cause) => Err(Error::io("cannot watch sessions", &cause)),
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[derive(Clone)]
struct Looking {
    state: PathBuf,
    shared: Option<PathBuf>,
    is_over: Arc<AtomicBool>,
    known: Arc<Mutex<BTreeSet<SessionId>>>,
    tell: Arc<dyn Fn(News) + Send + Sync>,
}

impl Looking {
    fn look(&self) {
        while !self.is_over.load(Ordering::SeqCst) {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for session in client::sessions_but(&self.state, self.shared.as_deref(), &known) {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                if known.len() >= MOST_WATCHED || !known.insert(session.id) {
                    continue;
                }
                drop(known);
                let (own, id) = (self.clone(), session.id);
                let watch =
                    thread::Builder::new().name("watch".to_owned()).spawn(move || own.watch(&session));
                if watch.is_err() {
                    self.forget(id);
                }
            }
            thread::sleep(LOOK);
        }
    }

    fn watch(&self, session: &Session) {
        let outcome = session.watch().and_then(|mut watch| {
            while !self.is_over.load(Ordering::SeqCst) {
                match watch.next(PATIENCE)? {
                    Seen::Cards(cards) => (self.tell)(News::Cards(session.clone(), cards)),
                    Seen::Nothing => {}
                    Seen::Ended => break,
                }
            }
            Ok(())
        });
        match outcome {
            Ok(()) => (self.tell)(News::Ended(session.id)),
            Err(error) => {
                (self.tell)(News::Trouble(session.clone(), error));
                // It is tried again, but not at once and for ever.
                thread::sleep(10 * LOOK);
            }
        }
        self.forget(session.id);
    }

    fn forget(&self, id: SessionId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}
