//! The command log: every program that is executed inside the session, in the record.
//!
//! Three threads. The supervisor answers the kernel's notifications and does nothing else: it never waits for the disk, for
//! a person, or for a lock of the gateway's or the terminal's. What it saw goes through a bounded queue to the writer, which
//! masks and records it. Questions are put by the asker. If the supervisor ends, programs can no longer be executed at all:
//! nothing runs unrecorded.

mod asker;
mod exec;
mod identity;
mod lookup;
mod queue;
mod supervisor;
mod table;
mod words;
mod writer;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::approval::Broker;
use crate::clock::Clock;
use crate::error::IoContext;
use crate::error::Result;
use crate::mask::Engine;
use crate::policy::PolicySet;
use crate::record::Recorder;
use crate::record::command_line;
use crate::sandbox::notify::Listener;
use crate::sandbox::process;
use crate::sandbox::process::PidNamespace;
use crate::session::commands::asker::Asker;
use crate::session::commands::lookup::Holders;
use crate::session::commands::queue::Queue;
use crate::session::commands::supervisor::Stop;
use crate::session::commands::supervisor::Supervisor;
use crate::session::commands::table::Table;
use crate::session::commands::words::Words;
use crate::session::commands::writer::Fact;
use crate::session::commands::writer::Writer;
use crate::session::notices::Notices;
use crate::types::Caller;

/// Command lines above one that are told.
const MOST_ABOVE: usize = 8;

/// What the command log works with.
pub struct Setup {
    /// Where commands are recorded.
    pub recorder: Recorder,
    /// What hides secrets in them.
    pub masks: Arc<Engine>,
    /// Whose `[[command]]` rules count.
    pub policies: PolicySet,
    /// The clock of the session.
    pub clock: Clock,
    /// Who is asked where a rule says so.
    pub broker: Broker,
    /// In whose name.
    pub who: String,
    /// The agent that runs, where one is known.
    pub agent: Option<String>,
    /// The repository that the session works in, where one is known.
    pub repository: Option<String>,
    /// How long a person has to answer.
    pub approval_ttl: Duration,
    /// The access key id that the session was given; each command gets its own variation of it.
    pub key_id: Option<String>,
    /// Where refusals are told.
    pub notices: Notices,
}

/// The command log of a session. Cheap to clone, callable from any thread.
#[derive(Clone)]
pub struct Commands(Arc<Shared>);

struct Shared {
    setup: Setup,
    /// hoop-run's process: what its ancestors run is none of ours.
    own: i32,
    table: Mutex<Table>,
    holders: Holders,
    queue: Queue<Fact>,
    /// The pid namespace of the program, once it has one.
    namespace: OnceLock<PidNamespace>,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    stop: Stop,
    supervisor: JoinHandle<()>,
    asker: JoinHandle<()>,
    writer: JoinHandle<()>,
}

impl Commands {
    /// A log without entries. Starts no thread.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self(Arc::new(Shared {
            setup,
            own: i32::try_from(std::process::id()).unwrap_or(0),
            table: Mutex::default(),
            holders: Holders::default(),
            queue: Queue::default(),
            namespace: OnceLock::new(),
            threads: Mutex::default(),
        }))
    }

    /// Starts to watch `listener`. Programs inside wait from their first execve(2) until this is called. Once per session.
    ///
    /// Raises the limit of descriptors of this process, so whatever is to have the old one must have been forked.
    ///
    /// # Errors
    /// When there are no threads or descriptors to be had.
    pub fn watch(&self, listener: OwnedFd) -> Result<()> {
        process::raise_descriptor_limit();
        let what = || "cannot watch commands";
        let listener = Listener::new(listener).context(what)?;
        let asker = Asker::new(Arc::clone(&self.0), &listener).context(what)?;
        let (supervisor, stop) = Supervisor::new(Arc::clone(&self.0), listener, asker.desk())?;
        let writer = Writer::new(Arc::clone(&self.0));
        let start = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let watch = self.0.setup.recorder.watch("the command log");
            let watched = move || {
                let _watch = watch;
                work();
            };
            thread::Builder::new().name(name.to_owned()).spawn(watched).context(what)
        };
        let closing = Closing(Arc::clone(&self.0));
        let writing = move || {
            let _closing = closing;
            writer.run();
        };
        let writer = start("command writer", Box::new(writing))?;
        let answers = stop.clone();
        let asker = start("command asker", Box::new(move || asker.run(&answers)))?;
        let supervisor = start("commands", Box::new(move || supervisor.run()))?;
        *lock(&self.0.threads) = Some(Threads { stop, supervisor, asker, writer });
        Ok(())
    }

    /// Which process of the session holds the socket `inode`: the one that executed something last, where several do.
    ///
    /// Looks through /proc: some ten microseconds for each process with few descriptors. A socket that was found once, and
    /// still is where it was, costs one or two while no command begins.
    #[must_use]
    pub fn holder_of_socket(&self, inode: u64) -> Option<Caller> {
        lookup::holder_of_socket(&self.0, inode)
    }

    /// The process that command `n` runs, or ran, in.
    #[must_use]
    pub fn of_number(&self, n: u64) -> Option<Caller> {
        let pid = lock(&self.0.table).inside(n)?;
        Some(Caller { command: Some(n), pid })
    }

    /// The command line of `command` and those above it in the process tree, nearest first, masked; of those that run and
    /// of the last thousand or so that ended.
    #[must_use]
    pub fn lines(&self, command: u64) -> Vec<String> {
        lines(&self.0, command)
    }

    /// Whether the process that runs `command` has not ended.
    #[must_use]
    pub fn is_running(&self, command: u64) -> bool {
        lock(&self.0.table).is_running(command)
    }

    /// Where refusals are told.
    #[must_use]
    pub fn notices(&self) -> &Notices {
        &self.0.setup.notices
    }

    /// All processes are gone: records what is left, and ends the threads. Before the recording is finished.
    pub fn finish(&self) {
        let Some(threads) = lock(&self.0.threads).take() else { return };
        threads.stop.stop();
        // One that panicked has ended the session; the others must still come to their end.
        let _ = threads.supervisor.join();
        let _ = threads.asker.join();
        self.0.queue.close();
        let _ = threads.writer.join();
    }
}

/// The command line of a command and those above it, masked; what is not known any more is left out.
fn lines(shared: &Shared, command: u64) -> Vec<String> {
    let words: Vec<_> = {
        let table = lock(&shared.table);
        table.family(command, MOST_ABOVE + 1).into_iter().map_while(|command| table.words(command)).collect()
    };
    let line = |words: &Arc<Words>| command_line(&shared.setup.masks.argv(&words.argv_text()));
    words.iter().map(line).collect()
}

/// Closes the queue when the writer ends, however it does: nobody may wait for room in it any more.
struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
