//! The terminal, entered and left: raw mode, alternate screen, mouse. Left by `Drop`, also when something panics.

use std::io;
use std::io::Write;
use std::panic;
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

/// Holds the terminal until dropped.
pub struct Guard(());

impl Guard {
    /// Enters. Whatever fails in here, the terminal is as it was before.
    pub fn enter() -> Result<Self> {
        terminal::enable_raw_mode().context(|| "cannot take over the terminal")?;
        // From here on dropping the guard undoes it all.
        let guard = Self(());
        execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, cursor::Hide)
            .context(|| "cannot write to the terminal")?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Puts the terminal back. What cannot be undone any more is let be: there is no one left to tell.
fn leave() {
    let mut out = io::stdout();
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
