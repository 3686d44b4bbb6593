//! Typed bytes as keys.

/// A key, as far as the prompt knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Enter,
    Escape,
    Backspace,
    Up,
    Down,
    PageUp,
    PageDown,
    /// Something of a paste, whatever it says.
    Pasted,
    /// A key without meaning here.
    Other,
}

/// Follows what is typed.
#[derive(Debug, Default)]
pub(super) struct Keyboard {
    /// Between the marks of a bracketed paste.
    pasting: bool,
    /// The beginning of a character whose rest has not come.
    partial: Vec<u8>,
}

impl Keyboard {
    /// The keys in `bytes`.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        let mut rest = bytes;
        while let Some((key, after)) = self.next(rest) {
            rest = after;
            keys.extend(key.map(|key| if self.pasting { Key::Pasted } else { key }));
        }
        keys
    }

    fn next<'a>(&mut self, bytes: &'a [u8]) -> Option<(Option<Key>, &'a [u8])> {
        let (first, rest) = bytes.split_first()?;
        if !self.partial.is_empty() || *first >= 0x80 {
            return Some((self.character(*first), rest));
        }
        Some(match first {
            0x1b => match rest {
                [b'[' | b'O', sequence @ ..] => {
                    let length = sequence.iter().position(|byte| (0x40..=0x7e).contains(byte));
                    let length = length.map_or(sequence.len(), |last| last + 1);
                    let (sequence, rest) = sequence.split_at(length);
                    (Some(self.sequence(sequence)), rest)
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
            b"5~" => Key::PageUp,
            b"6~" => Key::PageDown,
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
