//! Telling output that only runs on, line after line, from output that moves about the screen.

use memchr::memchr2;

/// Parameters longer than this say nothing that is looked at.
const LONGEST: usize = 32;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    /// After the first byte of what may be a control character of two.
    Lead,
    Escape,
    Intermediate,
    Control,
    Words(bool),
}

/// What a byte is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text on the screen, and what ends its lines.
    Text,
    /// A sequence.
    Sequence,
    /// The last byte of a sequence that moves about the screen.
    Move,
    /// A string inside a sequence: a title, a link, the clipboard.
    Words,
}

/// Watches for sequences that move the cursor off its line, edit what is there, or switch screens.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    at: At,
    parameters: Vec<u8>,
}

impl Moves {
    /// Takes output; whether such a sequence has ended in it.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        let mut moved = false;
        loop {
            if self.at == At::Text {
                let Some(found) = memchr2(0x1b, 0xc2, rest) else { return moved };
                self.at = if rest[found] == 0x1b { At::Escape } else { At::Lead };
                rest = &rest[found + 1..];
            }
            let Some((byte, after)) = rest.split_first() else { return moved };
            rest = after;
            moved |= self.step(*byte);
        }
    }

    /// Takes one byte.
    pub fn part(&mut self, byte: u8) -> Part {
        let before = self.at;
        let moved = self.step(byte);
        match (before, self.at) {
            _ if moved => Part::Move,
            (At::Text | At::Lead, At::Text | At::Lead) if !matches!(byte, 0 | 7) => Part::Text,
            (At::Words(_), At::Words(false)) => Part::Words,
            _ => Part::Sequence,
        }
    }

    fn step(&mut self, byte: u8) -> bool {
        let mut moves = false;
        self.at = match (self.at, byte) {
            (_, 0x18 | 0x1a) => At::Text,
            (At::Text | At::Lead, 0xc2) => At::Lead,
            // U+0084, U+0085, U+008D and U+009B stand for ESC and D, E, M and [. What the last one does is not looked at.
            (At::Lead, 0x80..=0xbf) => {
                moves = matches!(byte, 0x84 | 0x85 | 0x8d | 0x9b);
                At::Text
            }
            (At::Text | At::Lead, byte) if byte != 0x1b => At::Text,
            (At::Words(_), 0x07) | (At::Words(true), b'\\') => At::Text,
            (At::Words(_), _) => At::Words(byte == 0x1b),
            (_, 0x1b) => At::Escape,
            (At::Escape, b'[') => {
                self.parameters.clear();
                At::Control
            }
            (At::Escape, b']' | b'P' | b'X' | b'^' | b'_') => At::Words(false),
            (At::Escape | At::Intermediate, 0x20..=0x2f) => At::Intermediate,
            (At::Escape, _) => {
                moves = matches!(byte, b'8' | b'D' | b'E' | b'M' | b'c');
                At::Text
            }
            (At::Control, 0x20..=0x3f) => {
                if self.parameters.len() < LONGEST {
                    self.parameters.push(byte);
                }
                At::Control
            }
            (At::Control, 0x40..=0x7e) => {
                moves = self.control(byte);
                At::Text
            }
            (At::Control | At::Intermediate, 0..=0x1f) => self.at,
            _ => At::Text,
        };
        moves
    }

    fn control(&self, last: u8) -> bool {
        match last {
            b'A'..=b'J'
            | b'L'
            | b'M'
            | b'P'
            | b'S'
            | b'T'
            | b'X'
            | b'Z'
            | b'@'
            | b'`'
            | b'a'
            | b'b'
            | b'd'
            | b'e'
            | b'f'
            | b'r' => true,
            b'u' => self.parameters.is_empty(),
            b'h' | b'l' => match self.parameters.strip_prefix(b"?") {
                Some(modes) => modes
                    .split(|byte| *byte == b';')
                    .any(|mode| matches!(mode, b"6" | b"47" | b"69" | b"1047" | b"1048" | b"1049" | b"2026")),
                None => self.parameters.split(|byte| *byte == b';').any(|mode| mode == b"4"),
            },
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_what_stands_around_it() {
        let mut moves = Moves::default();
        let letter = |part| match part {
            Part::Text => 't',
            Part::Sequence => '.',
            Part::Move => 'M',
            Part::Words => 'w',
        };
        let mut parts = |bytes: &[u8]| bytes.iter().map(|byte| letter(moves.part(*byte))).collect::<String>();
        assert_eq!(parts(b"a\x1b[1mb\r\n\x1b[2;1Hc"), "t....ttt.....Mt");
        assert_eq!(parts(b"\x1b]0;ti\x07x\x1b]8;;u\x1b\\y"), "..wwww.t..wwww..t");
    }

    #[test]
    fn what_runs_on_is_told_from_what_moves() {
        let plain = b"a\x1b[1;31mred\x1b[0m\x1b[K\r\n\x1b]0;[2J\x07\x1b[?25l\x1b[?2004h\x1b(B10%\r\t\x08x\x1b7\x1b[>1u";
        for bytes in plain.chunks(3) {
            assert!(!Moves::default().feed(bytes));
        }
        let mut moves = Moves::default();
        assert!(!moves.feed(plain));
        for moving in [
            "\u{9b}",
            "\u{8d}",
            "\x1b[A",
            "\x1b[2;1H",
            "\x1b[?1049h",
            "\x1b[3C",
            "\x1bM",
            "\x1b[J",
            "\x1b[4h",
            "\x1b8",
        ] {
            let (head, last) = moving.as_bytes().split_at(moving.len() - 1);
            let mut moves = Moves::default();
            assert!(!moves.feed(b"text") && !moves.feed(head));
            assert!(moves.feed(last), "{moving:?}");
        }
    }
}
