//! The loop: wait for something, then do what it asks for.

use std::panic;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::approval::Broker;
use crate::audit;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask::Engine;
use crate::record::Recorder;
use crate::sandbox::launcher::Launcher;
use crate::session::Asks;
use crate::session::Ended;
use crate::session::Exit;
use crate::session::announcing::Announced;
use crate::session::asked::Asked;
use crate::session::asking::Asking;
use crate::session::ending::Due;
use crate::session::ending::Ending;
use crate::session::hotkey::Watch;
use crate::session::job::Foreground;
use crate::session::keys::Keys;
use crate::session::lane::Lane;
use crate::session::lane::Pumped;
use crate::session::notices::Notices;
use crate::session::waiting::Ready;
use crate::sys::child::Change;
use crate::sys::fd;
use crate::sys::fd::Moved;
use crate::sys::outlet::Outlet;
use crate::sys::pty::Master;
use crate::sys::signals::Signal;
use crate::sys::signals::Signals;
use crate::sys::wake::Wakeups;
use crate::types::Micros;

/// Reads taken through to the terminal before looking at anything else.
const PUMPS: usize = 8;
/// Keys read at once.
const KEYS_BYTES: usize = 4096;
/// Masks of the terminal are told to the audit log at most this often.
const TELL_MASKS_EVERY: Duration = Duration::from_secs(1);

/// The alert that tells of secrets found when they had been written already.
const LATE: &str = "masked-too-late";

/// A running session.
pub(super) struct Bridge {
    pub(super) buffer: Vec<u8>,
    pub(super) signals: Signals,
    pub(super) launcher: Launcher,
    /// The program is in another session than we are.
    pub(super) is_own_session: bool,
    pub(super) ending: Ending,
    /// Our end of the pseudo-terminal, if there is one.
    pub(super) master: Option<Rc<Master>>,
    /// The first leads to the terminal, if there is one.
    pub(super) lanes: Vec<Lane>,
    pub(super) terminal: Option<Terminal>,
    pub(super) keys: Keys,
    pub(super) clock: Clock,
    pub(super) recorder: Recorder,
    pub(super) broker: Broker,
    pub(super) masks: Arc<Engine>,
    pub(super) wakeups: Wakeups,
    /// Lines of our own that wait to be shown.
    pub(super) notices: Option<Notices>,
    /// The command log records the program as it does all others.
    pub(super) watched: bool,
    pub(super) masks_told: Micros,
    /// When the program started.
    pub(super) started: Micros,
}

/// The terminal outside.
pub(super) struct Terminal {
    pub(super) outlet: Rc<Outlet>,
    pub(super) foreground: Foreground,
    pub(super) fixed_size: bool,
    /// The question that covers the screen, if so.
    pub(super) prompt: Option<Asking>,
    /// Somebody may have asked since the last look.
    pub(super) questions: bool,
    pub(super) asks: Asks,
    /// Takes the hot-key out of what is typed.
    pub(super) watch: Watch,
    pub(super) announced: Announced,
}

impl Bridge {
    /// Carries bytes until the program has ended and everything is shown.
    pub(super) fn run(mut self) -> Ended {
        let mut panics = 0;
        // What goes wrong twice cannot be waited for.
        while !self.is_over() && panics < 2 {
            match panic::catch_unwind(AssertUnwindSafe(|| self.turn())) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.stop(error),
                Err(_) => {
                    panics += 1;
                    self.recorder.watch("the terminal side").died("a fault in hoop-run itself, told above");
                    self.stop_if_broken();
                }
            }
        }
        self.finish()
    }

    /// Something that the session cannot do without is gone.
    fn stop_if_broken(&mut self) {
        if let Some(error) = self.recorder.failure().or_else(|| self.recorder.broken()) {
            self.stop(error);
        }
    }

    fn turn(&mut self) -> Result<()> {
        let ready = self.wait()?;
        if ready.wakeups {
            self.wakeups.clear();
            if let Some(terminal) = &mut self.terminal {
                terminal.questions = true;
            }
            self.stop_if_broken();
            self.dismiss_if_wanted();
        }
        if ready.changes {
            self.on_change();
        }
        if ready.signals {
            let arrived = self.signals.take();
            self.on_signals(arrived)?;
        }
        if ready.keys {
            self.on_keys()?;
        }
        if ready.deliver {
            self.deliver()?;
        }
        for number in 0..self.lanes.len() {
            self.on_lane(number, &ready)?;
        }
        self.on_time()
    }

    fn on_lane(&mut self, number: usize, ready: &Ready) -> Result<()> {
        let now = self.clock.elapsed();
        let lane = &mut self.lanes[number];
        if ready.gone[number] && !lane.has_pending() {
            lane.close();
        }
        if ready.read[number] {
            for _ in 0..PUMPS {
                let Pumped::Bytes(count) = lane.pump(&mut self.buffer, &self.recorder, now)? else { break };
                self.ending.moved(count, now);
                if let Err(error) = lane.show() {
                    // The program learns it as any writer does; we tell it at the end.
                    self.ending.trouble.push(error);
                }
                if !lane.has_room() {
                    break;
                }
            }
        } else if ready.show[number]
            && let Err(error) = lane.show()
        {
            self.ending.trouble.push(error);
        }
        if lane.has_pending() {
            self.ending.moved(0, now);
        }
        let is_gone = number == 0 && self.terminal.is_some() && self.lanes[0].is_closed();
        // A session that is being stopped has closed it itself, and still has the terminal to tidy up.
        if is_gone && !self.ending.is_stopping() {
            self.hang_up();
        }
        Ok(())
    }

    fn on_time(&mut self) -> Result<()> {
        let now = self.clock.elapsed();
        // First what ends the session: it must happen even if nothing can be recorded any more.
        match self.ending.due(now) {
            Due::Nothing => {}
            Due::Kill => self.launcher.kill(),
            Due::CutOff => self.cut_off()?,
            Due::StopLingering => self.end_lanes()?,
        }
        if self.ending.is_stopping() {
            return Ok(());
        }
        for lane in &mut self.lanes {
            if lane.quiet_at().is_some_and(|at| now >= at) {
                lane.let_go(&self.recorder, now)?;
                if let Err(error) = lane.show() {
                    self.ending.trouble.push(error);
                }
            }
        }
        self.keys.let_go(&self.recorder, now)?;
        if self.recorder.flush_due().is_some_and(|left| left.is_zero()) {
            self.recorder.flush()?;
        }
        if self
            .terminal
            .as_ref()
            .is_some_and(|terminal| terminal.foreground.look_at().is_some_and(|at| now >= at))
        {
            self.take_terminal();
        }
        self.let_go_keys()?;
        self.ask_if_needed()?;
        self.note_shown();
        self.tell_notices()?;
        self.tell_masks(now, TELL_MASKS_EVERY)
    }

    /// Gives the program its keys.
    fn deliver(&mut self) -> Result<()> {
        let Some(master) = &self.master else { return Ok(()) };
        let asked = self.lanes[0].asked.as_ref().is_some_and(Asked::for_a_secret);
        self.keys.deliver(master, asked, &self.recorder, self.clock.elapsed())
    }

    fn on_keys(&mut self) -> Result<()> {
        let now = self.clock.elapsed();
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        let mut keys = [0; KEYS_BYTES];
        let came = match fd::read(&*terminal.outlet, &mut keys) {
            Ok(Moved::Bytes(count)) => {
                let is_waiting = terminal.prompt.is_none() && self.broker.has_waiting();
                match is_waiting || terminal.watch.is_busy() {
                    true => terminal.watch.read(&keys[..count], is_waiting, now),
                    false => terminal.watch.pass(&keys[..count]),
                }
            }
            Ok(Moved::Later) => return Ok(()),
            Ok(Moved::Closed) | Err(_) => {
                self.hang_up();
                return Ok(());
            }
        };
        if !came.keys.is_empty() {
            self.on_typed(&came.keys)?;
        }
        if let Some(position) = came.position {
            self.on_position(position);
        }
        if let Some(rest) = came.pressed {
            self.open_prompt(true);
            if !rest.is_empty() {
                self.on_answer(&rest);
            }
        }
        Ok(())
    }

    /// Keys for the prompt, or for the program.
    fn on_typed(&mut self, keys: &[u8]) -> Result<()> {
        if self.terminal.as_ref().is_some_and(Terminal::is_for_prompt) {
            self.on_answer(keys);
            return Ok(());
        }
        if let Some(typed) = &mut self.lanes[0].typed {
            typed.keys(keys);
        }
        if self.master.is_some() {
            self.keys.typed(keys);
            self.deliver()?;
        }
        Ok(())
    }

    /// The beginning of a sequence whose rest has not come was typed.
    fn let_go_keys(&mut self) -> Result<()> {
        let now = self.clock.elapsed();
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        let keys = terminal.watch.let_go(now);
        if keys.is_empty() { Ok(()) } else { self.on_typed(&keys) }
    }

    /// The terminal outside is gone: the program gets SIGHUP, as the kernel would send it.
    pub(super) fn hang_up(&mut self) {
        if self.ending.hang_up(self.clock.elapsed()) {
            self.terminal = None;
            self.lanes[0].close();
            self.broker.close("the terminal was closed");
            self.forward(Signal::SIGHUP);
            self.launcher.signal(Signal::SIGCONT);
        }
    }

    /// The program ignores SIGHUP: its terminal goes now, too, and it learns it by reading and writing.
    fn cut_off(&mut self) -> Result<()> {
        self.lanes[0].end(&self.recorder)?;
        self.keys.end(&self.recorder)?;
        self.master = None;
        Ok(())
    }

    /// Ends the session because nothing more can be recorded: shows nothing more, ends the program.
    pub(super) fn stop(&mut self, error: Error) {
        let now = self.clock.elapsed();
        if !self.ending.stop(error, now) {
            return;
        }
        self.broker.close("the session had to stop");
        self.uncover();
        self.lanes.iter_mut().for_each(Lane::abandon);
        self.forward(Signal::SIGHUP);
        self.launcher.signal(Signal::SIGCONT);
    }

    /// Somebody who answered a question wants the session to end: the program is told as when its terminal goes.
    fn dismiss_if_wanted(&mut self) {
        let Some(why) = self.broker.stopping() else { return };
        if !self.ending.dismiss(&why, self.clock.elapsed()) {
            return;
        }
        self.broker.close(why);
        self.uncover();
        self.forward(Signal::SIGHUP);
        self.launcher.signal(Signal::SIGCONT);
    }

    /// Gives up what others may still write; not what had come, or waits, when we got no time to look.
    fn end_lanes(&mut self) -> Result<()> {
        let now = self.clock.elapsed();
        let mut is_silent = true;
        for lane in &mut self.lanes {
            if lane.has_room()
                && let Pumped::Bytes(count) = lane.pump(&mut self.buffer, &self.recorder, now)?
            {
                self.ending.moved(count, now);
                is_silent = false;
            }
            if lane.has_pending() {
                self.ending.moved(0, now);
                is_silent = false;
            }
        }
        for lane in &mut self.lanes {
            if is_silent || self.ending.has_had_enough() {
                lane.end(&self.recorder)?;
            }
            if let Err(error) = lane.show() {
                self.ending.trouble.push(error);
            }
        }
        Ok(())
    }

    fn tell_masks(&mut self, now: Micros, every: Duration) -> Result<()> {
        if now.0 < self.masks_told.0.saturating_add(Micros::from(every).0) {
            return Ok(());
        }
        self.masks_told = now;
        for lane in &mut self.lanes {
            let masks = lane.take_masks();
            if !masks.is_empty() {
                let rules = masks.iter().map(|hit| (hit.rule.to_string(), hit.count)).collect();
                let mask = audit::Mask { place: "terminal".to_owned(), rules, call: None };
                self.recorder.event(&audit::Event::Mask(mask))?;
            }
            for (doing, count, bytes) in lane.take_notes().iter() {
                let (what, done) = doing.words();
                let note = audit::Terminal { what: what.to_owned(), done: done.to_owned(), count, bytes };
                self.recorder.event(&audit::Event::Terminal(note))?;
            }
            let late = lane.take_late();
            if late > 0 {
                self.recorder.event(&audit::Event::Alert(found_late(late)))?;
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let gone = self.ending.is_gone(self.clock.elapsed());
        gone && (self.ending.is_stopping() || self.lanes.iter().all(Lane::is_done))
    }

    /// Tidies up and tells how it went.
    fn finish(mut self) -> Ended {
        self.broker.close("the session ended");
        self.uncover();
        if !self.ending.is_stopping() {
            let told = self
                .keys
                .end(&self.recorder)
                .and_then(|()| self.tell_masks(Micros(u64::MAX), Duration::ZERO));
            if let Err(error) = told.and_then(|()| self.recorder.flush()) {
                self.ending.stop(error, self.clock.elapsed());
            }
        }
        // Whoever is left in the sandbox goes now: the session is over.
        self.launcher.end();
        let change = self.ending.change;
        let is_stopping = self.ending.is_stopping();
        let killed = !matches!(change, Some(Change::Exited(_)));
        if let (true, Some(terminal)) = (killed || is_stopping, &self.terminal)
            && let Some(screen) = &self.lanes[0].screen
        {
            // A program that was killed could not tidy up the terminal itself, and what one wrote to that end after we had to
            // stop was not shown. CAN ends what was half shown then.
            let cancel: &[u8] = if is_stopping { b"\x18" } else { b"" };
            let _ = terminal.outlet.write(&[cancel, &screen.clean_up()].concat());
        }
        let dismissal = self.ending.take_dismissal();
        let exit = match change {
            _ if self.ending.is_stopping() => Exit::Stopped,
            _ if dismissal.is_some() => Exit::Dismissed(dismissal.unwrap_or_default()),
            Some(Change::Exited(status)) => Exit::Status(status),
            Some(Change::Killed(signal)) => Exit::Signal(signal),
            Some(Change::Stopped | Change::Lost) | None => {
                let error = Error::new(Kind::System, "the program's exit status is lost");
                self.ending.trouble.push(error.why("another part of this process took it"));
                Exit::Stopped
            }
        };
        Ended { exit, trouble: std::mem::take(&mut self.ending.trouble) }
    }
}

/// What a reader of the record must know: the recording holds characters of a secret.
fn found_late(characters: u64) -> audit::Alert {
    audit::Alert {
        name: LATE.to_owned(),
        message: format!(
            "the screen gave a secret away when {characters} of its characters were in the recording already: there they are not masked"
        ),
        ..audit::Alert::default()
    }
}
