//! The terminal outside: its size, its modes, and raw mode that always ends.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::fd::RawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::panic;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering;
use std::thread;

use nix::pty::Winsize;
use nix::sys::signal::SaFlags;
use nix::sys::signal::SigAction;
use nix::sys::signal::SigHandler;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal;
use nix::sys::signal::sigaction;
use nix::sys::termios::SetArg;
use nix::sys::termios::Termios;
use nix::sys::termios::cfmakeraw;
use nix::sys::termios::tcgetattr;
use nix::sys::termios::tcsetattr;
use nix::unistd::getpgrp;
use nix::unistd::tcgetpgrp;

use crate::error::IoContext;
use crate::error::Result;

/// The size of a terminal, in cells and (0 where unknown) in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns, at least 1.
    pub cols: u16,
    /// Rows, at least 1.
    pub rows: u16,
    /// Width and height in pixels, for programs that draw pictures.
    pub pixels: (u16, u16),
}

impl Size {
    /// A size in cells; 0 becomes 80 or 24, as programs take it.
    #[must_use]
    pub fn new(cols: u16, rows: u16) -> Self {
        let or = |value, usual| if value == 0 { usual } else { value };
        Self { cols: or(cols, 80), rows: or(rows, 24), pixels: (0, 0) }
    }
}

impl From<Size> for Winsize {
    fn from(size: Size) -> Self {
        Self { ws_row: size.rows, ws_col: size.cols, ws_xpixel: size.pixels.0, ws_ypixel: size.pixels.1 }
    }
}

/// The size of the terminal behind `fd`; none if it is no terminal.
#[must_use]
pub fn size_of(fd: BorrowedFd<'_>) -> Option<Size> {
    let mut raw = Winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one `winsize` to the pointer, which is valid for it (ioctl_tty(2)).
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGWINSZ, &raw mut raw) };
    (result == 0)
        .then(|| Size { pixels: (raw.ws_xpixel, raw.ws_ypixel), ..Size::new(raw.ws_col, raw.ws_row) })
}

/// Sets the size of the terminal behind `fd`; what is no terminal stays as it is.
pub fn set_size(fd: BorrowedFd<'_>, size: Size) {
    let raw = Winsize::from(size);
    // SAFETY: TIOCSWINSZ reads one `winsize` from the pointer, which is valid for it (ioctl_tty(2)).
    let _ = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCSWINSZ, &raw const raw) };
}

/// The modes of a terminal (termios), to be copied to another one.
#[derive(Clone, Debug)]
pub struct Modes(Termios);

impl Modes {
    /// The modes of the terminal behind `fd`; none if it is no terminal.
    #[must_use]
    pub fn of(fd: BorrowedFd<'_>) -> Option<Self> {
        tcgetattr(fd).ok().map(Self)
    }

    pub(crate) fn as_termios(&self) -> &Termios {
        &self.0
    }
}

/// What brings most terminals back from whatever a killed program has left: the usual screen, a cursor, no reports.
const PLAIN: &[u8] =
    b"\x1b[?47l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b[m\r\n";

/// Brings the terminal behind `fd` back to `modes`, after whoever had it raw was killed.
pub fn bring_back(fd: BorrowedFd<'_>, modes: &Modes) {
    // A terminal that is gone needs nothing.
    let _ = tcsetattr(fd, SetArg::TCSANOW, &modes.0);
    let _ = nix::unistd::write(fd, PLAIN);
}

/// Writes `bytes` to the controlling terminal without ever waiting for it: what still waits to be shown there is dropped if
/// there is no room otherwise.
pub fn write_at_once(bytes: &[u8]) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let Ok(terminal) = options.open("/dev/tty") else { return };
    if !matches!(crate::sys::fd::write(&terminal, bytes), Ok(crate::sys::fd::Moved::Bytes(_))) {
        let _ = nix::sys::termios::tcflush(&terminal, nix::sys::termios::FlushArg::TCOFLUSH);
        let _ = crate::sys::fd::write(&terminal, bytes);
    }
}

/// Whether there is a terminal that controls this process.
#[must_use]
pub fn has_controlling_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Whether our process group is in the foreground of the terminal behind `fd`: may read keys and set modes.
///
/// A terminal that is not ours to control (of another session) counts as foreground: nobody would stop us.
#[must_use]
pub fn is_foreground(fd: BorrowedFd<'_>) -> bool {
    tcgetpgrp(fd).map_or(true, |group| group == getpgrp())
}

/// A terminal in raw mode. It gets its modes back when this is dropped, on a panic, and on a fatal signal.
#[derive(Debug)]
pub struct RawMode {
    terminal: OwnedFd,
    saved: Modes,
}

/// What the handler of fatal signals needs; leaked, because a signal may come at any time.
struct Rescue {
    terminal: RawFd,
    modes: libc::termios,
    thread: thread::ThreadId,
}

static RESCUE: AtomicPtr<Rescue> = AtomicPtr::new(ptr::null_mut());
static HOOKS: Once = Once::new();

impl RawMode {
    /// Makes the terminal raw. Do it last, after everything else that may fail.
    ///
    /// # Errors
    /// When `terminal` is none, or is gone.
    pub fn enter(terminal: impl AsFd) -> Result<Self> {
        let terminal = terminal.as_fd().try_clone_to_owned().context(|| "cannot duplicate the terminal")?;
        let saved = tcgetattr(&terminal)
            .map(Modes)
            .map_err(io::Error::from)
            .context(|| "cannot read the terminal's modes")?;
        HOOKS.call_once(install_hooks);
        let guard = Self { terminal, saved };
        guard.resume()?;
        Ok(guard)
    }

    /// Gives the terminal its modes back for a while, as before stopping ourselves.
    pub fn pause(&self) {
        RESCUE.store(ptr::null_mut(), Ordering::SeqCst);
        let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.saved.0);
    }

    /// Makes the terminal raw again after [`RawMode::pause`].
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn resume(&self) -> Result<()> {
        let rescue = Rescue {
            terminal: self.terminal.as_raw_fd(),
            modes: self.saved.0.clone().into(),
            thread: thread::current().id(),
        };
        // Leaked on purpose: a few bytes each time the session comes back from being stopped.
        RESCUE.store(Box::leak(Box::new(rescue)), Ordering::SeqCst);
        let mut raw = self.saved.0.clone();
        cfmakeraw(&mut raw);
        tcsetattr(&self.terminal, SetArg::TCSANOW, &raw)
            .map_err(io::Error::from)
            .context(|| "cannot make the terminal raw")
    }

    /// The modes that the terminal had.
    #[must_use]
    pub fn saved(&self) -> &Modes {
        &self.saved
    }
}

/// Whether a [`RawMode`] of this process is in force.
#[must_use]
pub fn is_raw() -> bool {
    !RESCUE.load(Ordering::SeqCst).is_null()
}

impl Drop for RawMode {
    fn drop(&mut self) {
        self.pause();
    }
}

/// Restores the terminal. Called from signal handlers: loads, compares and calls tcsetattr(3), nothing else.
fn rescue(only: Option<thread::ThreadId>) {
    // SAFETY: the pointer is null or to a leaked `Rescue` that is never written again.
    let Some(rescue) = (unsafe { RESCUE.load(Ordering::SeqCst).as_ref() }) else { return };
    if only.is_some_and(|thread| thread != rescue.thread) {
        return;
    }
    // SAFETY: tcsetattr(3) is async-signal-safe (signal-safety(7)) and only reads the termios.
    let _ = unsafe { libc::tcsetattr(rescue.terminal, libc::TCSANOW, &raw const rescue.modes) };
}

extern "C" fn on_fatal_signal(_: libc::c_int) {
    // The handler is gone after one call (SA_RESETHAND): going back repeats the fault, which then kills.
    rescue(None);
}

fn install_hooks() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // A panic of another thread must not unmake raw mode under the terminal thread.
        rescue(Some(thread::current().id()));
        previous(panic);
    }));
    let action = SigAction::new(
        SigHandler::Handler(on_fatal_signal),
        SaFlags::SA_RESETHAND | SaFlags::SA_ONSTACK | SaFlags::SA_NODEFER,
        SigSet::empty(),
    );
    for signal in [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGILL, Signal::SIGFPE, Signal::SIGABRT] {
        // SAFETY: the handler is async-signal-safe (see `rescue`) and stays for the life of the process.
        let _ = unsafe { sigaction(signal, &action) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::pty;
    use nix::sys::termios::LocalFlags;

    #[test]
    fn raw_mode_ends_with_its_guard() {
        let (_master, slave) = pty::open(Size::new(80, 24), None).unwrap();
        let echoes = || tcgetattr(&slave).unwrap().local_flags.contains(LocalFlags::ECHO);
        assert!(echoes());
        let guard = RawMode::enter(&slave).unwrap();
        assert!(!echoes());
        guard.pause();
        assert!(echoes());
        guard.resume().unwrap();
        assert!(!echoes());
        drop(guard);
        assert!(echoes());
    }
}
