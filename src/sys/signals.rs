//! Signals as something to poll: a handler notes the number and writes one byte to a pipe.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::IntoRawFd;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use nix::errno::Errno;
use nix::sys::signal::SaFlags;
use nix::sys::signal::SigAction;
use nix::sys::signal::SigHandler;
use nix::sys::signal::SigSet;
use nix::sys::signal::raise;
use nix::sys::signal::sigaction;

pub use nix::sys::signal::Signal;

use crate::error::IoContext;
use crate::error::Result;
use crate::sys::fd;

/// Bit `n` is set when signal `n` came and was not taken yet. Signals have numbers below 64.
static PENDING: AtomicU64 = AtomicU64::new(0);
/// As `PENDING`, for those that a process has sent; the terminal's and the kernel's are not among them.
static SENT: AtomicU64 = AtomicU64::new(0);
/// Where the handler writes; -1 before the first watch.
static WRITER: AtomicI32 = AtomicI32::new(-1);

/// The signals that this process watches, until dropped.
#[derive(Debug)]
pub struct Signals {
    reader: OwnedFd,
    before: Vec<(Signal, SigAction)>,
}

/// Signals that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    all: u64,
    sent: u64,
}

/// What signal dispositions a child is started with: those that we were started with.
#[derive(Clone, Debug, Default)]
pub struct Dispositions(Vec<(Signal, SigAction)>);

impl Signals {
    /// Watches `watched`, but for those that whoever started us has ignored (`nohup`).
    ///
    /// # Errors
    /// When the process has too many descriptors.
    pub fn watch(watched: &[Signal]) -> Result<Self> {
        let (reader, writer) = fd::pipe()?;
        fd::set_nonblocking(&reader)?;
        fd::set_nonblocking(&writer)?;
        // The previous writer, if any, stays open: a handler may be using it at this moment.
        WRITER.store(writer.into_raw_fd(), Ordering::SeqCst);
        let mut signals = Self { reader, before: Vec::new() };
        for signal in watched {
            signals.set(*signal, SigHandler::SigAction(note))?;
            let was_ignored = signals
                .before
                .last()
                .is_some_and(|(_, before)| matches!(before.handler(), SigHandler::SigIgn));
            if was_ignored {
                install(*signal, SigHandler::SigIgn)?;
            }
        }
        Ok(signals)
    }

    fn set(&mut self, signal: Signal, handler: SigHandler) -> Result<()> {
        let before = install(signal, handler)?;
        self.before.push((signal, before));
        Ok(())
    }

    /// Takes the signals that came since the last time.
    #[must_use]
    pub fn take(&self) -> Arrived {
        let mut buffer = [0; 64];
        while let Ok(fd::Moved::Bytes(_)) = fd::read(&self.reader, &mut buffer) {}
        Arrived { all: PENDING.swap(0, Ordering::SeqCst), sent: SENT.swap(0, Ordering::SeqCst) }
    }

    /// What a child has to be given back.
    #[must_use]
    pub fn dispositions(&self) -> Dispositions {
        Dispositions(self.before.clone())
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        Dispositions(std::mem::take(&mut self.before)).apply();
    }
}

impl Dispositions {
    /// Puts them in place. Calls sigaction(2) only, so a forked child may use it.
    pub(crate) fn apply(&self) {
        for (signal, action) in &self.0 {
            // SAFETY: the action is one that the process had before, so its handler, if any, is still valid.
            let _ = unsafe { sigaction(*signal, action) };
        }
    }
}

impl Arrived {
    /// Whether `signal` is among them.
    #[must_use]
    pub fn has(self, signal: Signal) -> bool {
        self.all & bit(signal as libc::c_int) != 0
    }

    /// Whether a process has sent `signal`, rather than the terminal or the kernel.
    #[must_use]
    pub fn is_from_process(self, signal: Signal) -> bool {
        self.sent & bit(signal as libc::c_int) != 0
    }
}

fn install(signal: Signal, handler: SigHandler) -> Result<SigAction> {
    // No SA_RESTART on purpose: a signal must end the wait.
    let action = SigAction::new(handler, SaFlags::SA_SIGINFO, SigSet::empty());
    // SAFETY: `note` is async-signal-safe: two atomics, write(2), and errno put back.
    unsafe { sigaction(signal, &action) }
        .map_err(io::Error::from)
        .context(|| format!("cannot watch {}", signal.as_str()))
}

fn bit(signal: libc::c_int) -> u64 {
    1 << (signal & 63)
}

extern "C" fn note(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let errno = Errno::last_raw();
    // SAFETY: with SA_SIGINFO the kernel passes a valid siginfo_t, or null.
    let code = unsafe { info.as_ref() }.map_or(0, |info| info.si_code);
    // Codes up to 0 mean kill(2) and its like; the kernel's own are positive (sigaction(2)).
    if code <= 0 {
        SENT.fetch_or(bit(signal), Ordering::SeqCst);
    }
    PENDING.fetch_or(bit(signal), Ordering::SeqCst);
    let byte = 1_u8;
    // SAFETY: write(2) is async-signal-safe, reads one byte that lives here, and a bad descriptor only fails.
    let _ = unsafe { libc::write(WRITER.load(Ordering::SeqCst), (&raw const byte).cast(), 1) };
    Errno::set_raw(errno);
}

/// Stops this process as job control does; returns when somebody continues it.
pub fn stop_ourselves() {
    let _ = raise(Signal::SIGSTOP);
}

/// Stops the whole job as the terminal's own Ctrl-Z does; returns when somebody continues it. From the main thread: the
/// kernel hands the signal to the thread that sends it, before anything else happens there.
pub fn stop_job() {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action has no handler.
    let before = unsafe { sigaction(Signal::SIGTSTP, &default) };
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(0), Signal::SIGTSTP);
    if let Ok(before) = before {
        // SAFETY: the action is one that the process had before, so its handler, if any, is still valid.
        let _ = unsafe { sigaction(Signal::SIGTSTP, &before) };
    }
}

/// Ends this process by `signal`, so that whoever started it sees the truth. Returns only if the signal does not kill.
pub fn die_of(signal: Signal) {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action has no handler.
    let _ = unsafe { sigaction(signal, &default) };
    let mut only = SigSet::empty();
    only.add(signal);
    let _ = only.thread_unblock();
    let _ = raise(signal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_signal_is_noted_once() {
        let signals = Signals::watch(&[Signal::SIGUSR1]).unwrap();
        raise(Signal::SIGUSR1).unwrap();
        raise(Signal::SIGUSR1).unwrap();
        let arrived = signals.take();
        assert!(arrived.has(Signal::SIGUSR1) && arrived.is_from_process(Signal::SIGUSR1));
        assert!(!arrived.has(Signal::SIGUSR2));
        assert_eq!(signals.take(), Arrived::default());
    }
}
