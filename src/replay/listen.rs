//! The terminal and signals, waited for together on a thread of its own.
//!
//! One thread for both: a key and a new size that come at once are both seen at once, in order.

use std::fs::File;
use std::io;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use crossterm::event::Event;

use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::replay::decode::Answer;
use crate::replay::decode::Decoder;
use crate::replay::decode::Input;
use crate::replay::guard;
use crate::sys::fd;
use crate::sys::fd::Moved;
use crate::sys::poll::PollSet;
use crate::sys::poll::Want;
use crate::sys::signals;
use crate::sys::signals::Signal;
use crate::sys::signals::Signals;
use crate::sys::tty;

/// Bytes read at once.
const CHUNK: usize = 4 << 10;
/// How long whoever was told to leave may take for it.
const LEAVING: Duration = Duration::from_secs(3);
/// The signals that end a program if nobody watches them.
const ENDING: [Signal; 10] = [
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGXCPU,
];

/// What came.
pub enum Heard {
    /// A key, the mouse, another size.
    Terminal(Event),
    /// The terminal told something about itself.
    Answer(Answer),
    /// The terminal cannot be read any more: nothing further comes from it.
    Lost(Error),
    /// A signal asks to leave. Whoever does not within three seconds, or until the next one, is ended by it, with the
    /// terminal put back.
    Leave,
    /// A signal asks to stop as a shell job.
    Stop,
    /// The process was stopped, and goes on: the terminal is to be entered anew.
    Continue,
}

/// Waits for the terminal and for signals; `tell` says whether anybody still listens.
///
/// # Errors
/// When there is no terminal to listen to, or signals cannot be watched.
pub fn listen(tell: impl Fn(Heard) -> bool + Send + 'static) -> Result<()> {
    let terminal = terminal().context(|| "cannot open the terminal")?;
    let others = [Signal::SIGWINCH, Signal::SIGTSTP, Signal::SIGCONT];
    let signals = Signals::watch(&[ENDING.as_slice(), &others].concat())?;
    thread::spawn(move || {
        let mut ear = Ear { terminal, signals, decoder: Decoder::default(), leaving: None };
        while ear.hear(&tell) {}
    });
    Ok(())
}

/// Standard input if that is a terminal, else the one that controls us.
fn terminal() -> io::Result<OwnedFd> {
    let input = io::stdin();
    if input.is_terminal() {
        input.as_fd().try_clone_to_owned()
    } else {
        File::open("/dev/tty").map(OwnedFd::from)
    }
}

struct Ear {
    terminal: OwnedFd,
    signals: Signals,
    decoder: Decoder,
    /// The signal that asked to leave.
    leaving: Option<Signal>,
}

impl Ear {
    /// Waits once and tells what came; says whether to go on.
    fn hear(&mut self, tell: &dyn Fn(Heard) -> bool) -> bool {
        let mut set = PollSet::new();
        let keys = set.add(self.terminal.as_fd(), Want::Read);
        let signals = set.add(self.signals.as_fd(), Want::Read);
        let patience = self.decoder.patience();
        let patience = if self.leaving.is_some() { Some(LEAVING) } else { patience };
        if let Err(error) = set.wait(patience) {
            tell(Heard::Lost(error));
            return false;
        }
        let (is_key, is_signal) = (set.is_readable(keys), set.is_readable(signals));
        if let Some(signal) = self.leaving.filter(|_| !is_key && !is_signal) {
            guard::rescue();
            signals::die_of(signal);
        }
        // The size first: a key pressed after it belongs to the new picture.
        if is_signal && !self.signal(tell) {
            return false;
        }
        let mut inputs = Vec::new();
        let mut lost = None;
        if is_key {
            let mut bytes = [0; CHUNK];
            match fd::read(&self.terminal, &mut bytes) {
                Ok(Moved::Bytes(count)) => self.decoder.feed(&bytes[..count], &mut inputs),
                Ok(Moved::Later) => {}
                Ok(Moved::Closed) => {
                    lost = Some(Error::new(Kind::System, "cannot read the terminal").why("it is gone"));
                }
                Err(error) => lost = Some(Error::io("cannot read the terminal", &error)),
            }
        } else if !is_signal {
            self.decoder.rest(&mut inputs);
        }
        for input in inputs {
            let heard = match input {
                Input::Event(event) => Heard::Terminal(event),
                Input::Answer(answer) => Heard::Answer(answer),
            };
            if !tell(heard) {
                return false;
            }
        }
        match lost {
            Some(error) => {
                tell(Heard::Lost(error));
                false
            }
            None => true,
        }
    }

    fn signal(&mut self, tell: &dyn Fn(Heard) -> bool) -> bool {
        let arrived = self.signals.take();
        if let Some(signal) = ENDING.into_iter().find(|signal| arrived.has(*signal)) {
            if self.leaving.replace(signal).is_some() {
                guard::rescue();
                signals::die_of(signal);
            }
            return tell(Heard::Leave);
        }
        if arrived.has(Signal::SIGTSTP) && !tell(Heard::Stop) {
            return false;
        }
        if arrived.has(Signal::SIGCONT) && !tell(Heard::Continue) {
            return false;
        }
        if !arrived.has(Signal::SIGWINCH) && !arrived.has(Signal::SIGCONT) {
            return true;
        }
        let size = tty::size_of(self.terminal.as_fd());
        size.is_none_or(|size| tell(Heard::Terminal(Event::Resize(size.cols, size.rows))))
    }
}
