//! Job control: being in the foreground or not, being stopped and continued.

use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use crate::error::Result;
use crate::sys::outlet::Outlet;
use crate::sys::tty;
use crate::sys::tty::RawMode;
use crate::types::Micros;

/// How often a session in the background looks whether it came to the foreground: no signal tells it.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Whether the terminal is ours at the moment: raw, its keys ours to read.
#[derive(Debug)]
pub(super) struct Foreground {
    outlet: Rc<Outlet>,
    raw: Option<RawMode>,
    /// Raw mode is on.
    on: bool,
    look_at: Micros,
}

impl Foreground {
    /// Not taken yet.
    pub(super) fn new(outlet: &Rc<Outlet>) -> Self {
        Self { outlet: Rc::clone(outlet), raw: None, on: false, look_at: Micros(0) }
    }

    /// Takes the terminal if we are in the foreground. True if it was taken just now.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn take(&mut self, now: Micros) -> Result<bool> {
        self.look_at = Micros(now.0 + Micros::from(LOOK_EVERY).0);
        if self.on || !tty::is_foreground(self.outlet.as_fd()) {
            return Ok(false);
        }
        match &self.raw {
            Some(raw) => raw.resume()?,
            None => self.raw = Some(RawMode::enter(&*self.outlet)?),
        }
        self.on = true;
        Ok(true)
    }

    /// Gives the terminal its modes back, until the next take.
    pub(super) fn give_back(&mut self) {
        if let Some(raw) = &self.raw
            && self.on
        {
            raw.pause();
        }
        self.on = false;
    }

    /// The shell may have changed the modes while we were stopped: the next take sets them again.
    pub(super) fn lost(&mut self) {
        self.on = false;
    }

    /// Whether the terminal is ours now.
    pub(super) fn is_ours(&self) -> bool {
        self.on
    }

    /// When to look again, while it is not.
    pub(super) fn look_at(&self) -> Option<Micros> {
        (!self.on).then_some(self.look_at)
    }
}
