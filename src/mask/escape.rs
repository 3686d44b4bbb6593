//! Tells text from escape sequences, as a terminal does, across any cut of the input.

use memchr::memchr3;

use super::cells::Edit;

/// What a byte of the input belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text on the screen.
    Text,
    /// A sequence that does not move text: colours, modes, erasing, moves along the line.
    Passing,
    /// The last byte of a sequence that moves to another place: what follows stands elsewhere, in the first column
    /// if `at_edge`.
    Break { at_edge: bool },
    /// The last byte of a sequence that edits the line or moves along it.
    Edit(Edit),
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
    /// The beginning of a control sequence's parameters, and how many bytes they have.
    parameters: [u8; 16],
    length: usize,
    /// Bytes of the string so far.
    string: usize,
}

/// A string longer than this is given up, as terminals do: what follows is text.
const LONGEST_STRING: usize = 1 << 20;

impl Parser {
    /// How many bytes at the start of `input` are all text, found quickly.
    pub fn text(&self, input: &[u8]) -> usize {
        match self.state {
            State::Text => memchr3(0x1b, 0x00, 0x07, input).unwrap_or(input.len()),
            _ => 0,
        }
    }

    /// Whether `byte` is text if it comes next.
    pub fn is_text(&self, byte: u8) -> bool {
        self.state == State::Text && !matches!(byte, 0x1b | 0x00 | 0x07)
    }

    /// How many bytes at the start of `input` are all payload.
    pub fn payload(&mut self, input: &[u8]) -> usize {
        let State::Payload(_) = self.state else { return 0 };
        let left = LONGEST_STRING - self.string;
        let input = &input[..input.len().min(left)];
        let ends = |byte: &u8| matches!(byte, 0x07 | 0x18 | 0x1a | 0x1b);
        let count = input.iter().position(ends).unwrap_or(input.len());
        self.string += count;
        count
    }

    /// Whether the string has become too long: it is given up.
    pub fn gives_up(&mut self) -> bool {
        let gives_up = matches!(self.state, State::Payload(_)) && self.string >= LONGEST_STRING;
        if gives_up {
            self.state = State::Text;
        }
        gives_up
    }

    /// How many bytes at the start of `input` are inside one control sequence, before its last.
    pub fn parameters(&mut self, input: &[u8]) -> usize {
        let State::Control = self.state else { return 0 };
        let count = input.iter().position(|byte| !(0x20..=0x3f).contains(byte)).unwrap_or(input.len());
        for byte in &input[..count] {
            self.keep(*byte);
        }
        count
    }

    fn keep(&mut self, byte: u8) {
        if let Some(place) = self.parameters.get_mut(self.length) {
            *place = byte;
        }
        self.length += 1;
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
            (State::Control, 0x00..=0x1f) => Part::Passing,
            (State::Control, 0x20..=0x3f) => {
                self.keep(byte);
                Part::Passing
            }
            (State::Control, 0x80..) => self.enter(State::Text, Part::Text),
            (State::Control, _) => {
                let part = self.control(byte);
                self.enter(State::Text, part)
            }
        }
    }

    /// What a control sequence that ends with `last` does.
    fn control(&self, last: u8) -> Part {
        let parameters = self.parameters.get(..self.length).unwrap_or(&self.parameters);
        let is_private = parameters.first().is_some_and(|byte| (0x3c..=0x3f).contains(byte));
        if is_private {
            let is_screen = matches!(last, b'h' | b'l') && matches!(parameters, b"?1049" | b"?1047" | b"?47");
            return if is_screen { Part::Break { at_edge: false } } else { Part::Passing };
        }
        if parameters.iter().any(|byte| (0x20..=0x2f).contains(byte)) {
            return Part::Passing;
        }
        let number = |index: usize| {
            let text = parameters.split(|byte| *byte == b';').nth(index).unwrap_or_default();
            let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
            digits.fold(0usize, |number, digit| (number * 10 + usize::from(digit - b'0')).min(1 << 16))
        };
        let count = number(0).max(1);
        match last {
            b'A' => Part::Edit(Edit::Up(count)),
            b'C' | b'a' => Part::Edit(Edit::Right(count)),
            b'D' => Part::Edit(Edit::Left(count)),
            b'G' | b'`' => Part::Edit(Edit::Column(count - 1)),
            b'P' => Part::Edit(Edit::Delete(count)),
            b'@' => Part::Edit(Edit::Insert(count)),
            b'X' => Part::Edit(Edit::Blank(count)),
            b'K' | b'J' if number(0) == 0 => Part::Edit(Edit::EraseToEnd),
            b'K' if number(0) == 2 => Part::Edit(Edit::Erase),
            b'H' | b'f' => Part::Break { at_edge: number(1) <= 1 },
            b'E' | b'F' => Part::Break { at_edge: true },
            b'B' | b'd' | b'J' | b'L' | b'M' | b'S' | b'T' | b'r' | b'u' => Part::Break { at_edge: false },
            _ => Part::Passing,
        }
    }

    fn after_escape(&mut self, byte: u8) -> Part {
        match byte {
            b'[' => {
                self.length = 0;
                self.enter(State::Control, Part::Passing)
            }
            b']' => self.enter(State::Payload(true), Part::Opening),
            b'P' | b'X' | b'^' | b'_' => self.enter(State::Payload(false), Part::Opening),
            0x20..=0x2f => self.enter(State::Intermediate, Part::Passing),
            b'c' | b'E' => self.enter(State::Text, Part::Break { at_edge: true }),
            b'D' | b'M' | b'8' => self.enter(State::Text, Part::Break { at_edge: false }),
            0x80.. => self.enter(State::Text, Part::Text),
            _ => self.enter(State::Text, Part::Passing),
        }
    }

    fn enter(&mut self, state: State, part: Part) -> Part {
        self.string = 0;
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
            Part::Break { .. } => 'B',
            Part::Edit(_) => 'E',
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
        assert_eq!(parts(b"a\x1b[3D\x1b[K\x1b[1J\x1b[>1u"), "t...E..E...B.....");
        assert_eq!(parts(b"\x1b]0;ab\x1b[mx"), ".(pppp)..t");
    }
}
