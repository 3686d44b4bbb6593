//! Typed bytes as keys.

/// Bytes of a sequence that are kept until the rest comes; a longer one is no key that we know.
const LONGEST: usize = 64;

/// A key, as far as the prompt knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Enter,
    Escape,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    /// Something of a paste, whatever it says.
    Pasted,
    /// A key without meaning here, or what the terminal itself says.
    Other,
}

/// Follows what is typed.
#[derive(Debug, Default)]
pub(super) struct Keyboard {
    /// Between the marks of a bracketed paste.
    pasting: bool,
    /// The beginning of a character whose rest has not come.
    partial: Vec<u8>,
    /// The beginning of a sequence whose rest has not come.
    sequence: Vec<u8>,
    /// Inside a string that the terminal answers an earlier question of the program with; whether the last byte was ESC.
    string: Option<bool>,
}

impl Keyboard {
    /// The keys in `bytes`.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        let joined = [std::mem::take(&mut self.sequence).as_slice(), bytes].concat();
        let mut rest = joined.as_slice();
        while let Some((key, after)) = self.next(rest) {
            rest = after;
            keys.extend(key.map(|key| if self.pasting { Key::Pasted } else { key }));
        }
        keys
    }

    fn next<'a>(&mut self, bytes: &'a [u8]) -> Option<(Option<Key>, &'a [u8])> {
        let (first, rest) = bytes.split_first()?;
        if let Some(escaped) = self.string {
            self.string = match (escaped, first) {
                (_, 0x07 | 0x18 | 0x1a | 0x9c) | (true, b'\\') => None,
                _ => Some(*first == 0x1b),
            };
            return Some((Some(Key::Other), rest));
        }
        if !self.partial.is_empty() || *first >= 0x80 {
            return Some((self.character(*first), rest));
        }
        Some(match first {
            0x1b => match rest {
                [b'[' | b'O', sequence @ ..] => {
                    let last = sequence.iter().position(|byte| (0x40..=0x7e).contains(byte));
                    let Some(last) = last else {
                        if bytes.len() <= LONGEST {
                            self.sequence = bytes.to_vec();
                        }
                        return Some((Some(Key::Other), &[]));
                    };
                    let (sequence, rest) = sequence.split_at(last + 1);
                    (Some(self.sequence(sequence)), rest)
                }
                [b']' | b'P' | b'_' | b'^' | b'X', rest @ ..] => {
                    self.string = Some(false);
                    (Some(Key::Other), rest)
                }
                [] => (Some(Key::Escape), rest),
                // Alt and a key.
                [_, rest @ ..] => (Some(Key::Other), rest),
            },
            b'\r' | b'\n' => (Some(Key::Enter), rest),
            0x7f | 0x08 => (Some(Key::Backspace), rest),
            0x20..=0x7e => (Some(Key::Char(char::from(*first))), rest),
            _ => (Some(Key::Other), rest),
        })
    }

    fn sequence(&mut self, sequence: &[u8]) -> Key {
        match sequence {
            b"200~" => {
                self.pasting = true;
                Key::Pasted
            }
            b"201~" => {
                self.pasting = false;
                Key::Pasted
            }
            b"A" => Key::Up,
            b"B" => Key::Down,
            b"C" => Key::Right,
            b"D" => Key::Left,
            b"5~" => Key::PageUp,
            b"6~" => Key::PageDown,
            b"H" | b"1~" | b"7~" => Key::Home,
            b"F" | b"4~" | b"8~" => Key::End,
            _ => Key::Other,
        }
    }

    /// A byte of a character of more than one.
    fn character(&mut self, byte: u8) -> Option<Key> {
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                let character = text.chars().next();
                self.partial.clear();
                character
                    .map(|character| if character.is_control() { Key::Other } else { Key::Char(character) })
            }
            Err(error) if error.error_len().is_none() => None,
            Err(_) => {
                self.partial.clear();
                Some(Key::Other)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_answers_is_no_key_however_it_is_cut() {
        let answers: [&[u8]; 4] =
            [b"\x1b[24;80R", b"\x1b]11;rgb:aaaa/dddd/ssss\x1b\\", b"\x1bP1$r0;asd\x1b\\", b"\x1b]lads\x07"];
        for answer in answers {
            for cut in 0..answer.len() {
                let mut keyboard = Keyboard::default();
                let mut keys = keyboard.read(&answer[..cut]);
                // ESC and its rest in two reads are Esc and a key, as a person would have typed them.
                if cut == 1 {
                    continue;
                }
                keys.extend(keyboard.read(&answer[cut..]));
                assert!(keys.iter().all(|key| *key == Key::Other), "{answer:?} cut at {cut}: {keys:?}");
                assert_eq!(keyboard.read(b"a"), [Key::Char('a')]);
            }
        }
    }
}
