//! The bytes as the program wrote them, out of the events of a recording.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Event;
use super::Kind;

/// Puts the exact bytes of one direction together again, event by event.
///
/// An `o` event may be followed directly by a `b` event with its true bytes, so each is given back one event late.
#[derive(Debug, Default)]
pub struct Exact {
    waiting: Option<String>,
}

impl Exact {
    /// Takes the next event (of any kind) of the recording, in order, and appends to `out` what is known by now.
    pub fn push(&mut self, event: Event, out: &mut Vec<u8>) {
        let before = self.waiting.take();
        if event.kind == Kind::Raw
            && let Some(text) = before
        {
            match STANDARD.decode(event.data.as_bytes()) {
                Ok(bytes) => out.extend_from_slice(&bytes),
                Err(_) => out.extend_from_slice(text.as_bytes()),
            }
            return;
        }
        out.extend_from_slice(before.unwrap_or_default().as_bytes());
        if event.kind == Kind::Output {
            self.waiting = Some(event.data);
        }
    }

    /// Appends what waited for the event after it.
    pub fn finish(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.waiting.unwrap_or_default().as_bytes());
    }
}

/// All output of a recording, byte for byte; needs that much memory.
#[must_use]
pub fn exact_output(events: impl IntoIterator<Item = Event>) -> Vec<u8> {
    let mut exact = Exact::default();
    let mut out = Vec::new();
    for event in events {
        exact.push(event, &mut out);
    }
    exact.finish(&mut out);
    out
}
