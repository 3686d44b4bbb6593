//! Answers from elsewhere: a socket that no sandbox shows, and telling people that a question waits.
//!
//! One thread and one runtime for a session, made when the first question is asked: most sessions ask nothing.

mod approver;
pub mod board;
pub mod client;
mod facts;
pub mod links;
pub mod notify;
pub mod page;
mod peer;
pub mod place;
mod serve;
pub mod wire;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::approval::Broker;
use crate::config::providers::Provider;
use crate::error::Error;
use crate::error::Result;
use crate::identity::Surroundings;
use crate::mask::Engine;
use crate::sys::user::Person;

/// How long notifications may still take at the session's end.
pub const STOP_WITHIN: Duration = Duration::from_secs(2);

/// What answering from elsewhere needs of a session.
#[derive(Clone)]
pub struct Setup {
    /// Where the questions are.
    pub broker: Broker,
    /// What hides secrets in reasons.
    pub masks: Arc<Engine>,
    /// The user that the session runs as.
    pub person: Person,
    /// hoop's state folder.
    pub state: PathBuf,
    /// A folder that a team shares, where there is one.
    pub shared: Option<PathBuf>,
    /// Who can be signed in with.
    pub providers: Vec<Provider>,
    /// Time and environment, for asking them.
    pub around: Surroundings,
    /// Tells the person at the session's terminal.
    pub tell: Arc<dyn Fn(&str) + Send + Sync>,
    /// Whom to tell that a question waits.
    pub notify: notify::Settings,
}

/// The way from elsewhere into a session.
#[derive(Clone, Debug)]
pub struct Control(Option<Arc<Shared>>);

struct Shared {
    /// Until the thread has it.
    setup: Mutex<Option<Setup>>,
    /// Counts the changes of what waits.
    changes: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Opens the way when the first question waits, if the broker knows of one.
#[must_use]
pub fn attach(setup: Setup) -> Control {
    let broker = setup.broker.clone();
    if !broker.ways().remote {
        return Control(None);
    }
    let shared = Arc::new(Shared {
        setup: Mutex::new(Some(setup)),
        changes: watch::channel(0).0,
        stop: watch::channel(false).0,
        thread: Mutex::default(),
    });
    // The broker keeps its listeners, and the thread keeps the broker: one of them must let go.
    let listening = Arc::downgrade(&shared);
    broker.on_change(move || {
        if let Some(shared) = listening.upgrade() {
            shared.changes.send_modify(|count| *count = count.wrapping_add(1));
            shared.begin();
        }
    });
    Control(Some(shared))
}

impl Control {
    /// Closes the way. Waits for notifications that are on it, [`STOP_WITHIN`] at most.
    pub fn stop(&self) {
        let Some(shared) = &self.0 else { return };
        lock(&shared.setup).take();
        shared.stop.send_replace(true);
        if let Some(thread) = lock(&shared.thread).take() {
            // One that panicked has told so itself.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Starts the thread, once there is something to answer.
    fn begin(self: &Arc<Self>) {
        let Some(setup) = lock(&self.setup).take_if(|setup| setup.broker.has_waiting()) else { return };
        let (changes, stop) = (self.changes.subscribe(), self.stop.subscribe());
        let (tell, broker) = (Arc::clone(&setup.tell), setup.broker.clone());
        let work = move || {
            if let Err(error) = run(setup.clone(), changes, stop) {
                close(&setup.broker, &setup.tell, &error);
            }
        };
        match thread::Builder::new().name("approvals".to_owned()).spawn(work) {
            Ok(thread) => *lock(&self.thread) = Some(thread),
            Err(cause) => {
                close(&broker, &tell, &Error::io("there can be no further thread", &cause));
            }
        }
    }
}

/// What waits is refused where nobody else could answer it: nobody is to wait for nothing.
fn close(broker: &Broker, tell: &Arc<dyn Fn(&str) + Send + Sync>, error: &Error) {
    let why = error.causes().iter().fold(error.what().to_owned(), |text, why| format!("{text}: {why}"));
    tell(&format!("hoop-run: questions can be answered at this terminal only: {why}"));
    if !broker.ways().terminal {
        broker.close(format!("nobody could be reached: {why}"));
    }
}

fn run(setup: Setup, changes: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Error::io("cannot begin to take answers", &cause))?;
    let session = setup.broker.session();
    let own = place::listen(&setup.state, session)?;
    let shared = setup.shared.as_deref().map(|folder| place::listen_shared(folder, session));
    let shared = match shared {
        Some(Err(error)) => {
            // One's own approvers can answer all the same.
            let why = error.causes().join(": ");
            (setup.tell)(&format!("hoop-run: {}: {why}", error.what()));
            None
        }
        Some(Ok(listening)) => Some(listening),
        None => None,
    };
    let outcome = runtime.block_on(async {
        let cannot = |cause: std::io::Error| Error::io("cannot begin to take answers", &cause);
        let notify = notify::run(setup.broker.clone(), setup.notify.clone(), changes.clone(), stop.clone());
        let notify = tokio::spawn(notify);
        if !setup.broker.ways().terminal {
            tokio::spawn(serve::announce(setup.clone(), changes.clone()));
        }
        let serving = Arc::new(serve::Serving::new(setup, changes));
        for listening in [Some(&own), shared.as_ref()].into_iter().flatten() {
            let listener = listening.listener.try_clone().map_err(cannot)?;
            tokio::spawn(serve::serve(Arc::clone(&serving), listener).map_err(cannot)?);
        }
        let _ = stop.wait_for(|stop| *stop).await;
        let _ = timeout(STOP_WITHIN, notify).await;
        Ok(())
    });
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    outcome
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
