//! The words of a terminal recording: output without its escape sequences, cut into pieces that a search can find.

use vte::Params;
use vte::Parser;
use vte::Perform;

use crate::store::Piece;
use crate::types::Micros;

/// A piece ends at the first line end after this many bytes …
const PIECE: usize = 1_536;
/// … or anywhere after this many …
const LONGEST: usize = 4_096;
/// … or when output came this much later than its start, so that a hit leads near to its moment.
const PAUSE: u64 = 3_000_000;

/// Collects the text that output puts on the screen.
pub(super) struct Screen {
    parser: Parser,
    text: Text,
    at: Micros,
}

#[derive(Default)]
struct Text {
    out: String,
    returned: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { parser: Parser::new(), text: Text::default(), at: Micros(0) }
    }

    /// Takes output at its time; gives the piece that is complete by now, if one is.
    pub(super) fn push(&mut self, at: Micros, output: &str, pieces: &mut Vec<Piece>) {
        if !self.text.out.is_empty() && at.0.saturating_sub(self.at.0) > PAUSE {
            pieces.extend(self.take());
        }
        for part in output.as_bytes().chunks(LONGEST / 2) {
            if self.text.out.is_empty() {
                self.at = at;
            }
            self.parser.advance(&mut self.text, part);
            let length = self.text.out.len();
            if length > LONGEST || length > PIECE && self.text.out.ends_with('\n') {
                pieces.extend(self.take());
            }
        }
    }

    /// What has been collected since the last piece.
    pub(super) fn take(&mut self) -> Option<Piece> {
        let text = std::mem::take(&mut self.text.out);
        (!text.trim().is_empty()).then_some(Piece { at: self.at, text })
    }
}

impl Text {
    fn line_end(&mut self) {
        self.returned = false;
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }
}

impl Perform for Text {
    fn print(&mut self, letter: char) {
        if self.returned {
            self.line_end();
        }
        self.out.push(letter);
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' | 0x0b | 0x0c => self.line_end(),
            b'\r' => self.returned = true,
            b'\t' => self.out.push(' '),
            0x08 if !self.out.ends_with('\n') => drop(self.out.pop()),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, _: &Params, _: &[u8], _: bool, action: char) {
        match action {
            'H' | 'f' | 'A' | 'B' | 'E' | 'F' | 'd' | 'J' => self.line_end(),
            'C' | 'G' if !self.out.ends_with([' ', '\n']) && !self.out.is_empty() => self.out.push(' '),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(output: &str) -> String {
        let mut screen = Screen::new();
        let mut pieces = Vec::new();
        screen.push(Micros(0), output, &mut pieces);
        pieces.extend(screen.take());
        pieces.into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn escape_sequences_leave_no_trace() {
        assert_eq!(text("\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain\r\nnext"), "red plain\nnext");
        assert_eq!(text("\x1b[2J\x1b[5;3Hcell\x1b[6;1Hother"), "cell\nother");
        assert_eq!(text("10%\r20%\r\ndone\x08\x08ne"), "10%\n20%\ndone");
    }

    #[test]
    fn a_long_pause_begins_a_new_piece() {
        let mut screen = Screen::new();
        let mut pieces = Vec::new();
        screen.push(Micros(10), "one\r\n", &mut pieces);
        screen.push(Micros(9_000_000), "two\r\n", &mut pieces);
        pieces.extend(screen.take());
        let found: Vec<(u64, &str)> = pieces.iter().map(|piece| (piece.at.0, piece.text.as_str())).collect();
        assert_eq!(found, [(10, "one\n"), (9_000_000, "two\n")]);
    }
}
