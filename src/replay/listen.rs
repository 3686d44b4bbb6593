//! Keys and signals, each waited for on a thread of its own.

use std::thread;

use crossterm::event;
use crossterm::event::Event;
use signal_hook::iterator::Signals;

use crate::error::Error;

/// What came.
pub enum Heard {
    /// A key, the mouse, another size.
    Terminal(Event),
    /// The terminal cannot be read any more: nothing further comes from it.
    Lost(Error),
    /// One of the signals.
    Leave,
}

/// Waits for the terminal and for the first of `signals`; `tell` says whether anybody still listens.
pub fn listen(mut signals: Signals, tell: impl Fn(Heard) -> bool + Clone + Send + 'static) {
    let keys = tell.clone();
    thread::spawn(move || {
        loop {
            let heard = match event::read() {
                Ok(event) => Heard::Terminal(event),
                Err(error) => Heard::Lost(Error::io("cannot read the terminal", &error)),
            };
            let is_lost = matches!(heard, Heard::Lost(_));
            if !keys(heard) || is_lost {
                return;
            }
        }
    });
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            tell(Heard::Leave);
        }
    });
}
