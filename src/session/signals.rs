//! What signals mean here: the program changed, the terminal changed, somebody wants something of the program.

use std::os::fd::AsFd;

use crate::audit::CommandEnd;
use crate::audit::Event;
use crate::error::Result;
use crate::session::bridge::Bridge;
use crate::session::start::COMMAND;
use crate::sys::child::Change;
use crate::sys::signals;
use crate::sys::signals::Arrived;
use crate::sys::signals::Signal;
use crate::sys::tty;
use crate::types::Micros;

impl Bridge {
    pub(super) fn on_signals(&mut self, arrived: Arrived) -> Result<()> {
        if arrived.has(Signal::SIGTSTP) {
            // As if typed inside: once the program has stopped, so do we.
            self.launcher.signal(Signal::SIGTSTP);
        }
        if arrived.has(Signal::SIGCONT)
            && let Some(terminal) = &mut self.terminal
        {
            // Somebody stopped us without asking; the shell has set its own modes meanwhile.
            terminal.foreground.lost();
            self.take_terminal();
        }
        if arrived.has(Signal::SIGWINCH) || arrived.has(Signal::SIGCONT) {
            self.resize()?;
        }
        for signal in [
            Signal::SIGTERM,
            Signal::SIGHUP,
            Signal::SIGINT,
            Signal::SIGQUIT,
            Signal::SIGUSR1,
            Signal::SIGUSR2,
        ] {
            // In our own process group, a signal from the terminal has reached the program already.
            if arrived.has(signal) && (self.is_own_session || arrived.is_from_process(signal)) {
                self.forward(signal);
            }
        }
        Ok(())
    }

    /// Passes a signal on: to the program, and to what it has put into the foreground of its terminal.
    pub(super) fn forward(&self, signal: Signal) {
        let foreground = self.master.as_ref().and_then(|master| master.foreground());
        match (foreground, signal) {
            // As if typed: only who is in the foreground.
            (Some(group), Signal::SIGINT | Signal::SIGQUIT) => group.signal(signal),
            (other, _) => {
                self.launcher.signal(signal);
                if let Some(group) = other {
                    group.signal(signal);
                }
            }
        }
    }

    /// A recorder that fails says so by itself.
    fn tell_command_end(&self, change: Change, now: Micros) {
        let (status, signal) = match change {
            Change::Exited(status) => (Some(i32::from(status)), None),
            Change::Killed(signal) => (None, Some(signal as i32)),
            Change::Stopped | Change::Lost => (None, None),
        };
        let took = Micros(now.0.saturating_sub(self.started.0));
        drop(self.recorder.event(&Event::CommandEnd(CommandEnd {
            id: COMMAND,
            status,
            signal,
            took,
            replaced_by: None,
        })));
    }

    /// The program stopped or ended.
    pub(super) fn on_change(&mut self) {
        while let Some(change) = self.launcher.change() {
            match change {
                // In our own process group it was stopped together with us, and goes on together with us.
                Change::Stopped if self.is_own_session => self.suspend(),
                Change::Stopped => {}
                change if self.ending.change.is_none() => {
                    let now = self.clock.elapsed();
                    self.ending.ended(change, now);
                    if !self.watched {
                        self.tell_command_end(change, now);
                    }
                    // Who asked is gone; what the program has written last must be seen.
                    self.uncover();
                }
                _ => {}
            }
        }
    }

    /// Stops ourselves with the terminal given back; goes on, and lets the program go on, when somebody continues us.
    fn suspend(&mut self) {
        self.uncover();
        if let Some(terminal) = &mut self.terminal {
            terminal.foreground.give_back();
            self.launcher.hold_terminal(false);
        }
        signals::stop_ourselves();
        self.take_terminal();
        let _ = self.resize();
        if let Some(terminal) = &mut self.terminal {
            terminal.questions = true;
        }
        self.launcher.resume();
    }

    /// Makes the terminal raw, if we are in the foreground.
    pub(super) fn take_terminal(&mut self) {
        let now = self.clock.elapsed();
        let Some(terminal) = &mut self.terminal else { return };
        match terminal.foreground.take(now) {
            Ok(true) => self.launcher.hold_terminal(true),
            Ok(false) => {}
            Err(_) => self.hang_up(),
        }
    }

    fn resize(&mut self) -> Result<()> {
        let Some(terminal) = &self.terminal else { return Ok(()) };
        let (Some(size), Some(master)) = (tty::size_of(terminal.outlet.as_fd()), &self.master) else {
            return Ok(());
        };
        let before = self.lanes[0].screen.as_ref().map(|screen| screen.size());
        if terminal.fixed_size || before == Some(size) {
            return Ok(());
        }
        self.recorder.resize(size.cols, size.rows)?;
        self.lanes[0].resize(size);
        master.resize(size);
        if let Some(terminal) = &mut self.terminal {
            terminal.questions = true;
        }
        self.redraw();
        Ok(())
    }
}
