//! Tells text from escape sequences, as a terminal does, across any cut of the input.

use memchr::memchr3;

/// What a byte of the input belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text on the screen.
    Text,
    /// A sequence that does not move text: colours, modes, erasing, moves along the line.
    Passing,
    /// The last byte of a sequence that moves to another place: what follows stands elsewhere.
    Break,
    /// The payload of a title, a link, the clipboard, or another string that a terminal interprets.
    Payload,
    /// The last byte before a payload begins.
    Opening,
    /// The first byte after a payload.
    Closing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escape,
    /// After `ESC (` and its like: one more byte.
    Intermediate,
    Control,
    /// In a string; `true` if BEL ends it too.
    Payload(bool),
    /// ESC in a string: its end, or the beginning of something else.
    PayloadEscape,
}

/// The state between two bytes.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    state: State,
}

impl Parser {
    /// How many bytes at the start of `input` are all text, found quickly.
    pub fn text(&self, input: &[u8]) -> usize {
        match self.state {
            State::Text => memchr3(0x1b, 0x00, 0x07, input).unwrap_or(input.len()),
            _ => 0,
        }
    }

    /// How many bytes at the start of `input` are all payload.
    pub fn payload(&self, input: &[u8]) -> usize {
        match self.state {
            State::Payload(_) => {
                input.iter().position(|byte| matches!(byte, 0x07 | 0x18 | 0x1a | 0x1b)).unwrap_or(input.len())
            }
            _ => 0,
        }
    }

    /// How many bytes at the start of `input` are inside one control sequence, before its last.
    pub fn parameters(&self, input: &[u8]) -> usize {
        match self.state {
            State::Control => {
                input.iter().position(|byte| !(0x20..=0x3f).contains(byte)).unwrap_or(input.len())
            }
            _ => 0,
        }
    }

    /// Takes one byte.
    pub fn step(&mut self, byte: u8) -> Part {
        match (self.state, byte) {
            (State::Payload(_), 0x1b) => self.enter(State::PayloadEscape, Part::Closing),
            (State::Payload(true), 0x07) | (State::Payload(_), 0x18 | 0x1a) => {
                self.enter(State::Text, Part::Closing)
            }
            (State::Payload(_), _) => Part::Payload,
            (State::PayloadEscape, b'\\') => self.enter(State::Text, Part::Passing),
            (_, 0x1b) => self.enter(State::Escape, Part::Passing),
            (State::Text, 0x00 | 0x07) => Part::Passing,
            (State::Text, _) => Part::Text,
            (_, 0x18 | 0x1a) => self.enter(State::Text, Part::Passing),
            (State::Escape | State::PayloadEscape, _) => self.after_escape(byte),
            (State::Intermediate, 0x20..=0x2f) => Part::Passing,
            (State::Intermediate, _) => self.enter(State::Text, Part::Passing),
            (State::Control, 0x00..=0x3f) => Part::Passing,
            (State::Control, 0x80..) => self.enter(State::Text, Part::Text),
            (State::Control, _) => {
                let breaks = matches!(
                    byte,
                    b'H' | b'f'
                        | b'd'
                        | b'A'
                        | b'B'
                        | b'E'
                        | b'F'
                        | b'J'
                        | b'L'
                        | b'M'
                        | b'S'
                        | b'T'
                        | b'r'
                        | b'u'
                );
                self.enter(State::Text, if breaks { Part::Break } else { Part::Passing })
            }
        }
    }

    fn after_escape(&mut self, byte: u8) -> Part {
        match byte {
            b'[' => self.enter(State::Control, Part::Passing),
            b']' => self.enter(State::Payload(true), Part::Opening),
            b'P' | b'X' | b'^' | b'_' => self.enter(State::Payload(false), Part::Opening),
            0x20..=0x2f => self.enter(State::Intermediate, Part::Passing),
            b'c' | b'D' | b'E' | b'M' | b'8' => self.enter(State::Text, Part::Break),
            0x80.. => self.enter(State::Text, Part::Text),
            _ => self.enter(State::Text, Part::Passing),
        }
    }

    fn enter(&mut self, state: State, part: Part) -> Part {
        self.state = state;
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(input: &[u8]) -> String {
        let mut parser = Parser::default();
        let letter = |part| match part {
            Part::Text => 't',
            Part::Passing => '.',
            Part::Break => 'B',
            Part::Payload => 'p',
            Part::Opening => '(',
            Part::Closing => ')',
        };
        input.iter().map(|byte| letter(parser.step(*byte))).collect()
    }

    #[test]
    fn sequences_are_told_from_text() {
        assert_eq!(parts(b"a\x1b[1;31mb\x1b[0m"), "t.......t....");
        assert_eq!(parts(b"a\x1b[2;1Hb"), "t.....Bt");
        assert_eq!(parts(b"\x1b]0;ti\x07x"), ".(pppp)t");
        assert_eq!(parts(b"\x1b]8;;u\x1b\\x"), ".(pppp).t");
        assert_eq!(parts(b"\x1bPq\x07q\x1b\\x"), ".(ppp).t");
        assert_eq!(parts(b"\x1b(Bx\x1b7y\x1b8z"), "...t..t.Bt");
        assert_eq!(parts(b"\x1b]0;ab\x1b[mx"), ".(pppp)..t");
    }
}
