//! The terminal, entered and left: raw mode, alternate screen, mouse. Left by `Drop`, also when something panics.

use std::io;
use std::io::Write;
use std::panic;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;

use crossterm::cursor;
use crossterm::event::DisableBracketedPaste;
use crossterm::event::DisableMouseCapture;
use crossterm::event::EnableBracketedPaste;
use crossterm::event::EnableMouseCapture;
use crossterm::execute;
use crossterm::terminal;
use crossterm::terminal::EnterAlternateScreen;
use crossterm::terminal::LeaveAlternateScreen;

use crate::error::IoContext;
use crate::error::Result;
use crate::sys::tty;

/// Asks for the background (OSC 11) and for news of it (mode 2031), then what the terminal is (DA1): it answers that last,
/// and nearly all do, so that nobody waits for an answer that never comes.
const QUESTIONS: &[u8] = b"\x1b[?2031h\x1b]11;?\x1b\\\x1b[c";
/// Ends such news. A terminal that does not know the mode does nothing.
const NO_NEWS: &[u8] = b"\x1b[?2031l";
/// What [`leave`] writes, for where nothing may wait.
const PLAIN: &[u8] = b"\x1b[?2026l\x1b[?2031l\x1b[?2004l\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?1049l\x1b[?25h\x1b[m";

/// Whether the terminal is ours. Leaving twice would put the cursor back to where it was before, over what has been printed
/// since.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// Holds the terminal until dropped.
pub struct Guard(());

impl Guard {
    /// Enters. Whatever fails in here, the terminal is as it was before.
    pub fn enter() -> Result<Self> {
        terminal::enable_raw_mode().context(|| "cannot take over the terminal")?;
        // From here on dropping the guard undoes it all.
        let guard = Self(());
        guard.set_up()?;
        Ok(guard)
    }

    /// Enters anew, after the process was stopped and continued: whoever had the terminal meanwhile has set it up for itself.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn again(&self) -> Result<()> {
        // Raw mode is entered from what the terminal was at first, not from what it is now.
        let _ = terminal::disable_raw_mode();
        terminal::enable_raw_mode().context(|| "cannot take over the terminal")?;
        self.set_up()
    }

    fn set_up(&self) -> Result<()> {
        IS_OURS.store(true, Ordering::SeqCst);
        execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, cursor::Hide)
            .context(|| "cannot write to the terminal")
    }

    /// Asks the terminal for its background. The answers come as [`crate::replay::Answer`]s, the last of them
    /// `Attributes`.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ask(&self) -> Result<()> {
        let mut out = io::stdout();
        out.write_all(QUESTIONS).and_then(|()| out.flush()).context(|| "cannot write to the terminal")
    }
}

/// Puts the terminal back when whoever holds it does not get on: it has stopped taking what is drawn.
pub fn rescue() {
    let _ = terminal::disable_raw_mode();
    tty::write_at_once(PLAIN);
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Puts the terminal back. What cannot be undone any more is let be: there is no one left to tell.
fn leave() {
    if !IS_OURS.swap(false, Ordering::SeqCst) {
        let _ = terminal::disable_raw_mode();
        return;
    }
    let mut out = io::stdout();
    let _ = out.write_all(NO_NEWS);
    let _ = execute!(out, DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    let _ = out.flush();
    let _ = terminal::disable_raw_mode();
}

/// While it lives, a panic of this thread puts the terminal back before its message is printed, and a panic of a
/// worker prints nothing: the worker's owner reports it.
pub struct PanicGuard(());

impl PanicGuard {
    /// Sets the hook.
    pub fn set() -> Self {
        let before = panic::take_hook();
        let own = thread::current().id();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == own {
                leave();
                before(info);
            }
        }));
        Self(())
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        // A panicking thread must not touch the hook.
        if !thread::panicking() {
            drop(panic::take_hook());
        }
    }
}
