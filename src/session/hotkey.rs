//! What a person types, while a question waits: keys for the program, the hot-key, and the terminal's own answer to where
//! its cursor is.

use crate::config::HotKey;
use crate::types::Micros;

/// Bytes of a sequence that are kept until its rest comes.
const LONGEST: usize = 32;
/// How long the rest of a sequence may take, in microseconds: terminals send one at once.
const WAIT: u64 = 50_000;

/// Takes what is meant for hoop out of what is typed.
#[derive(Debug)]
pub(super) struct Watch {
    key: HotKey,
    /// Between the marks of a bracketed paste: what is in there was not pressed.
    pasting: bool,
    /// The beginning of a sequence, and until when its rest is waited for.
    partial: Vec<u8>,
    until: Option<Micros>,
    /// Answers of the terminal that are ours, and have not come.
    asked: usize,
}

/// What came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    /// For the program.
    pub(super) keys: Vec<u8>,
    /// The hot-key was pressed; and what was typed after it.
    pub(super) pressed: Option<Vec<u8>>,
    /// Row and column of the cursor, from 1, as the terminal has answered.
    pub(super) position: Option<(u16, u16)>,
}

impl Watch {
    pub(super) fn new(key: HotKey) -> Self {
        Self { key, pasting: false, partial: Vec::new(), until: None, asked: 0 }
    }

    pub(super) fn key(&self) -> HotKey {
        self.key
    }

    /// The terminal has been asked where its cursor is.
    pub(super) fn asks(&mut self) {
        self.asked += 1;
    }

    /// Whether an answer of the terminal has to come yet.
    pub(super) fn is_asking(&self) -> bool {
        self.asked > 0
    }

    /// Whether what is typed has to be read here even though nothing waits.
    pub(super) fn is_busy(&self) -> bool {
        self.asked > 0 || !self.partial.is_empty()
    }

    /// Until when the rest of a sequence is waited for.
    pub(super) fn until(&self) -> Option<Micros> {
        self.until
    }

    /// The rest of a sequence has not come: it was none.
    pub(super) fn let_go(&mut self, now: Micros) -> Vec<u8> {
        if self.until.is_none_or(|until| now < until) {
            return Vec::new();
        }
        self.until = None;
        std::mem::take(&mut self.partial)
    }

    /// Takes typed bytes while nothing waits: all are the program's, and nobody follows where a paste begins and ends.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Came {
        self.pasting = false;
        Came { keys: bytes.to_vec(), ..Came::default() }
    }

    /// Takes typed bytes. `is_waiting`: a question waits, so that the hot-key is ours.
    pub(super) fn read(&mut self, bytes: &[u8], is_waiting: bool, now: Micros) -> Came {
        let mut came = Came::default();
        self.until = None;
        let joined = [std::mem::take(&mut self.partial).as_slice(), bytes].concat();
        let mut rest = joined.as_slice();
        while let Some((first, after)) = rest.split_first() {
            if *first == self.key.byte() && is_waiting && !self.pasting {
                came.pressed = Some(after.to_vec());
                return came;
            }
            if *first == 0x1b && after.is_empty() && self.asked > 0 {
                // It may be the beginning of the answer.
                self.partial = rest.to_vec();
                self.until = Some(Micros(now.0 + WAIT));
                return came;
            }
            if *first != 0x1b || after.first() != Some(&b'[') {
                came.keys.push(*first);
                rest = after;
                continue;
            }
            let Some(end) = rest[2..].iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
                if rest.len() > LONGEST {
                    came.keys.extend_from_slice(rest);
                } else {
                    self.partial = rest.to_vec();
                    self.until = Some(Micros(now.0 + WAIT));
                }
                return came;
            };
            let (sequence, after) = rest.split_at(end + 3);
            let (parameters, last) = (&sequence[2..end + 2], sequence[end + 2]);
            match (parameters, last) {
                (b"200", b'~') => self.pasting = true,
                (b"201", b'~') => self.pasting = false,
                _ => {}
            }
            if is_waiting && !self.pasting && self.key.is_sequence(parameters, last) {
                came.pressed = Some(after.to_vec());
                return came;
            }
            match position(parameters).filter(|_| last == b'R' && self.asked > 0) {
                Some(position) => {
                    self.asked -= 1;
                    came.position = Some(position);
                }
                None => came.keys.extend_from_slice(sequence),
            }
            rest = after;
        }
        came
    }
}

fn position(parameters: &[u8]) -> Option<(u16, u16)> {
    let (row, col) = str::from_utf8(parameters).ok()?.split_once(';')?;
    Some((row.parse().ok()?, col.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        Watch::new("ctrl-]".parse().unwrap())
    }

    #[test]
    fn the_hot_key_reaches_the_program_only_while_nothing_waits() {
        let came = watch().read(b"ab\x1dcd", true, Micros(0));
        assert_eq!((came.keys.as_slice(), came.pressed.as_deref()), (&b"ab"[..], Some(&b"cd"[..])));
        assert_eq!(watch().read(b"ab\x1dcd", false, Micros(0)).keys, b"ab\x1dcd");
        // A paste that ends when nothing waits any more is over at the next question.
        let mut later = watch();
        later.read(b"\x1b[200~a", true, Micros(0));
        assert_eq!(later.pass(b"b\x1b[201~").keys, b"b\x1b[201~");
        assert!(later.read(b"\x1d", true, Micros(0)).pressed.is_some());
        assert!(watch().read(b"x\x1b[93;5u", true, Micros(0)).pressed.is_some());
        let pasted = b"\x1b[200~a\x1db\x1b[201~";
        let came = watch().read(pasted, true, Micros(0));
        assert_eq!((came.keys.as_slice(), came.pressed), (&pasted[..], None));
    }

    #[test]
    fn only_the_answer_that_was_asked_for_is_taken_out_however_it_is_cut() {
        let typed = b"a\x1b[12;40Rb\x1b[1;2Rc";
        for cut in 0..typed.len() {
            let mut watch = watch();
            watch.asks();
            let first = watch.read(&typed[..cut], true, Micros(0));
            let second = watch.read(&typed[cut..], true, Micros(0));
            let keys = [first.keys, second.keys].concat();
            assert_eq!(first.position.or(second.position), Some((12, 40)), "{cut}");
            assert_eq!(keys, b"ab\x1b[1;2Rc", "{cut}");
        }
    }

    #[test]
    fn a_sequence_without_an_end_is_given_to_the_program() {
        let mut watch = watch();
        assert_eq!(watch.read(b"\x1b[1", true, Micros(0)).keys, b"");
        assert_eq!(watch.let_go(Micros(10_000)), b"");
        assert_eq!(watch.let_go(Micros(50_000)), b"\x1b[1");
        let long = [b"\x1b[".as_slice(), &[b'1'; 40]].concat();
        assert_eq!(watch.read(&long, true, Micros(0)).keys, long);
    }
}
