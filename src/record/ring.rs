//! Terminal events that wait a moment before they are written, so that what the screen gives away about them can still
//! be hidden.

use std::collections::VecDeque;

use super::kept::Kept;
use super::kept::Store;
use crate::cast::Writer;
use crate::mask::Hidden;
use crate::mask::starred;
use crate::types::Micros;

/// Room for what waits: somewhat more than the recorder lets wait, because it is used round and round.
const STORE: usize = 512 << 10;
/// Bytes that an event takes besides its text.
const OVERHEAD: usize = 48;
/// Most bytes that one byte of text becomes in the file: `\u001b`.
const ESCAPED: usize = 6;

/// What happened on the terminal.
#[derive(Debug)]
enum Event {
    Output { position: u64, bytes: Kept, hidden: Vec<Hidden> },
    Input(Kept),
    Resize(u16, u16),
    Marker(String),
}

/// The events that wait, in order. Never spilled anywhere, and wiped when they go.
#[derive(Debug)]
pub(super) struct Ring {
    events: VecDeque<(Micros, Event)>,
    bytes: usize,
    /// The position of the next byte of output.
    position: u64,
    store: Store,
}

impl Default for Ring {
    fn default() -> Self {
        Self { events: VecDeque::new(), bytes: 0, position: 0, store: Store::new(STORE) }
    }
}

impl Ring {
    /// Whether what waits stays out of swap space.
    pub(super) fn is_locked(&self) -> bool {
        self.store.is_locked()
    }

    /// Adds output; gives the position of its first byte, counted over all output of the session.
    pub(super) fn output(&mut self, at: Micros, bytes: &[u8]) -> u64 {
        let position = self.position;
        self.position += bytes.len() as u64;
        let kept = self.store.put(bytes);
        self.push(at, bytes.len(), Event::Output { position, bytes: kept, hidden: Vec::new() });
        position
    }

    /// Adds input.
    pub(super) fn input(&mut self, at: Micros, bytes: &[u8]) {
        let kept = self.store.put(bytes);
        self.push(at, bytes.len(), Event::Input(kept));
    }

    /// Adds a change of size.
    pub(super) fn resize(&mut self, at: Micros, cols: u16, rows: u16) {
        self.push(at, 0, Event::Resize(cols, rows));
    }

    /// Adds a named place.
    pub(super) fn marker(&mut self, at: Micros, text: &str) {
        self.push(at, text.len(), Event::Marker(text.to_owned()));
    }

    fn push(&mut self, at: Micros, bytes: usize, event: Event) {
        self.bytes += bytes + OVERHEAD;
        self.events.push_back((at, event));
    }

    /// How many bytes wait, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The most that what waits can take in the file.
    pub(super) fn most_written(&self) -> u64 {
        (self.bytes * ESCAPED) as u64
    }

    /// When the oldest event happened.
    pub(super) fn since(&self) -> Option<Micros> {
        self.events.front().map(|(at, _)| *at)
    }

    /// Hides characters of output that still waits; gives how many were too late.
    pub(super) fn hide(&mut self, characters: &[Hidden]) -> usize {
        let mut late = 0;
        for character in characters {
            let store = &self.store;
            let found = self.events.iter_mut().rev().find_map(|(_, event)| match event {
                Event::Output { position, bytes, hidden } if *position <= character.at => {
                    let inside = character.at < *position + store.get(bytes).len() as u64;
                    inside.then_some(hidden)
                }
                _ => None,
            });
            match found {
                Some(hidden) => hidden.push(*character),
                None => late += 1,
            }
        }
        late
    }

    /// Encodes the oldest events, until at most `keep` bytes wait.
    pub(super) fn drain(&mut self, keep: usize, writer: &mut Writer, out: &mut Vec<u8>) {
        while self.bytes > keep
            && let Some((at, event)) = self.events.pop_front()
        {
            let bytes = match event {
                Event::Output { position, bytes, hidden } => {
                    let kept = self.store.get(&bytes);
                    let length = kept.len();
                    match hidden.is_empty() {
                        true => writer.output(at, kept, out),
                        false => writer.output(at, &starred(kept, position, hidden), out),
                    }
                    self.store.take(bytes);
                    length
                }
                Event::Input(bytes) => {
                    let kept = self.store.get(&bytes);
                    let length = kept.len();
                    writer.input(at, kept, out);
                    self.store.take(bytes);
                    length
                }
                Event::Resize(cols, rows) => {
                    writer.resize(at, cols, rows, out);
                    0
                }
                Event::Marker(text) => {
                    writer.marker(at, &text, out);
                    text.len()
                }
            };
            self.bytes -= bytes + OVERHEAD;
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // What waited may hold what was to be hidden.
        for (_, event) in self.events.drain(..) {
            if let Event::Output { bytes, .. } | Event::Input(bytes) = event {
                self.store.take(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::Form;

    fn hidden(at: u64, bytes: u8, columns: u8) -> Hidden {
        Hidden { at, bytes, columns }
    }

    #[test]
    fn what_is_hidden_in_time_is_written_as_stars_and_everything_keeps_its_order() {
        let mut ring = Ring::default();
        let mut writer = Writer::new(Form::V3);
        let mut out = Vec::new();
        assert_eq!(ring.output(Micros(1), b"early"), 0);
        ring.drain(0, &mut writer, &mut out);
        assert_eq!(ring.output(Micros(2), "a\u{1b}[1mbé世c".as_bytes()), 5);
        ring.marker(Micros(3), "mark");
        assert_eq!(ring.output(Micros(4), b"xyz"), 17);
        let late = ring.hide(&[
            hidden(2, 1, 1),
            hidden(10, 1, 1),
            hidden(11, 2, 1),
            hidden(13, 3, 2),
            hidden(18, 1, 1),
        ]);
        assert_eq!(late, 1);
        ring.drain(0, &mut writer, &mut out);
        assert!(ring.since().is_none() && ring.bytes() == 0);
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().map(|line| line.split_once(", ").unwrap().1).collect();
        assert_eq!(
            lines,
            [r#""o", "early"]"#, r#""o", "a\u001b[1m****c"]"#, r#""m", "mark"]"#, r#""o", "x*z"]"#]
        );
    }
}
