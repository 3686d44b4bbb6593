//! The terminal side: starts the program, carries its output and the person's keys, asks, and sees it end.
//!
//! One thread and one poll(2); see [`run`] for the order of things. Output goes the way read → mask → record → show,
//! and nothing of it is shown that is not in the recording.

mod announcing;
mod asked;
mod asking;
mod bridge;
pub mod commands;
mod ending;
pub mod environment;
mod hotkey;
mod job;
mod keys;
mod lane;
mod modes;
pub mod notices;
mod prompt;
mod ribbon;
mod screen;
mod signals;
mod start;
mod surroundings;
mod tail;
pub mod typed;
mod veil;
mod waiting;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use crate::approval::Broker;
use crate::clock::Clock;
use crate::config::HotKey;
use crate::error::Error;
use crate::error::Result;
use crate::mask::Engine;
use crate::record::Recorder;
use crate::sandbox::launcher::Launcher;
use crate::session::commands::Commands;
use crate::session::typed::Typed;
use crate::sys::exec::Unstartable;
use crate::sys::pty::Master;
use crate::sys::tty::Size;
use crate::sys::wake::Wakeups;

pub use crate::sys::signals::Signal;
pub use surroundings::Face;
pub use surroundings::Surroundings;

/// A program to run, and everything that its session needs.
pub struct Spec {
    /// The file to run.
    pub program: PathBuf,
    /// All arguments, the program's name first.
    pub argv: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Where it runs; none: where we run.
    pub directory: Option<PathBuf>,
    /// What hoop-run was started on.
    pub surroundings: Surroundings,
    /// The size of the pseudo-terminal.
    pub size: Size,
    /// The size was asked for and does not follow the terminal's.
    pub fixed_size: bool,
    /// What the person types is recorded, too.
    pub record_input: bool,
    /// The program is a shell that tells what is typed at its prompt.
    pub typed: Option<Typed>,
    /// The clock of the session.
    pub clock: Clock,
    /// Where everything is recorded.
    pub recorder: Recorder,
    /// What hides secrets.
    pub masks: Arc<Engine>,
    /// How questions are told on the terminal.
    pub asks: Asks,
    /// Where questions come from.
    pub broker: Broker,
    /// Polled beside the terminal: the broker and others wake it.
    pub wakeups: Wakeups,
    /// Called once when the program has started, for what needs threads; an error ends the session.
    pub started: Box<dyn FnOnce() -> Result<()>>,
    /// Where the program runs.
    pub sandbox: Sandbox,
    /// What answers and records the commands that the sandbox's listener reports; without it, there must be no listener.
    pub commands: Option<Commands>,
}

/// How questions are told on the terminal, and opened.
#[derive(Clone, Copy, Debug)]
pub struct Asks {
    /// They cover the program as soon as they are asked.
    pub at_once: bool,
    /// What opens them.
    pub key: HotKey,
    /// Colours may be used.
    pub colour: bool,
    /// The window's title may be ours meanwhile.
    pub title: bool,
    /// A line of ours may stand on the last row.
    pub row: bool,
}

/// A finished sandbox, with a process in it that waits to become the program.
pub struct Sandbox {
    /// Who has made it.
    pub launcher: Launcher,
    /// The number of that process, as it sees it.
    pub pid: u32,
    /// Our end of its terminal, where it has one.
    pub master: Option<Master>,
    /// Reports the program's commands, where they are watched.
    pub listener: Option<OwnedFd>,
    /// Files that stand in the place of others inside: (what, where).
    pub binds: Vec<(PathBuf, PathBuf)>,
    /// The program has a session of its own: what the terminal outside sends to us must be passed on.
    pub is_own_session: bool,
}

/// How a session ended.
#[derive(Debug)]
pub struct Ended {
    /// What became of the program.
    pub exit: Exit,
    /// What else went wrong, to be told after the terminal is back.
    pub trouble: Vec<Error>,
}

/// What became of the program.
#[derive(Debug)]
pub enum Exit {
    /// It exited with this status.
    Status(u8),
    /// This signal killed it.
    Signal(Signal),
    /// Somebody who answered a question ended the session: who and why, as a sentence without a full stop.
    Dismissed(String),
    /// It did not start.
    NotStarted(Unstartable),
    /// We ended the session; the trouble says why.
    Stopped,
}

/// Runs the program to its end. The terminal is as it was when this returns, whatever happens.
///
/// The recorder is left open: the caller adds what it knows and finishes it.
#[must_use]
pub fn run(spec: Spec) -> Ended {
    match start::start(spec) {
        Ok(bridge) => bridge.run(),
        Err(unstartable) => Ended { exit: Exit::NotStarted(unstartable), trouble: Vec::new() },
    }
}
