//! Letting recorded output draw on a real terminal, and do nothing else.
//!
//! A recording is untrusted: it may hold sequences that write the clipboard, set titles, ask the terminal to type
//! an answer, or talk to tmux. What draws goes through; the rest is dropped.

use vte::Params;
use vte::Parser;
use vte::Perform;

/// Passes drawing through and drops everything else; keeps its place between calls.
#[derive(Default)]
pub struct Filter {
    parser: Parser,
}

impl Filter {
    /// A filter at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to `out` what of `bytes` may be written to a terminal.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.parser.advance(&mut Writer { out }, bytes);
    }
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn sequence(&mut self, intermediates: &[u8], params: &Params, last: char) {
        self.out.extend_from_slice(b"\x1b[");
        let (private, rest): (Vec<u8>, Vec<u8>) =
            intermediates.iter().partition(|byte| matches!(byte, b'<'..=b'?'));
        self.out.extend(private);
        let groups =
            params.iter().map(|group| group.iter().map(u16::to_string).collect::<Vec<_>>().join(":"));
        let text = groups.collect::<Vec<_>>().join(";");
        if !(params.len() == 1 && text == "0") {
            self.out.extend_from_slice(text.as_bytes());
        }
        self.out.extend(rest);
        let mut buffer = [0; 4];
        self.out.extend_from_slice(last.encode_utf8(&mut buffer).as_bytes());
    }
}

/// Private modes that change what is drawn; mouse reports, focus reports and paste brackets are input matters.
const DRAWING_MODES: &[u16] = &[3, 5, 6, 7, 12, 25, 47, 1047, 1048, 1049, 2026];

impl Perform for Writer<'_> {
    fn print(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
    }

    fn execute(&mut self, byte: u8) {
        // Not ENQ (0x05): it asks for an answer.
        if matches!(byte, 0x07..=0x0f) {
            self.out.push(byte);
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, last: char) {
        if ignore {
            return;
        }
        let draws = match (intermediates, last) {
            (
                [],
                '@'..='M'
                | 'P'
                | 'S'
                | 'T'
                | 'X'
                | 'Z'
                | '`'
                | 'a'
                | 'b'
                | 'd'..='h'
                | 'l'
                | 'm'
                | 'r'
                | 's'
                | 'u',
            )
            | ([b' '], 'q')
            | ([b'!'], 'p') => true,
            ([b'?'], 'h' | 'l') => params.iter().all(|group| DRAWING_MODES.contains(&group[0])),
            ([b'?'], 'J' | 'K') => true,
            _ => false,
        };
        if draws {
            self.sequence(intermediates, params, last);
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        let draws = matches!(
            (intermediates, byte),
            ([], b'7' | b'8' | b'D' | b'E' | b'H' | b'M' | b'c' | b'=' | b'>' | b'n' | b'o')
                | ([b'(' | b')' | b'*' | b'+'], b'0' | b'A' | b'B')
                | ([b'#'], b'8')
        );
        if draws && !ignore {
            self.out.push(0x1b);
            self.out.extend_from_slice(intermediates);
            self.out.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(text: &str) -> String {
        let mut out = Vec::new();
        let mut filter = Filter::new();
        // Byte by byte: the cut must not matter.
        text.bytes().for_each(|byte| filter.push(&[byte], &mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn drawing_passes_unchanged() {
        for text in [
            "plain 世界\r\n\t",
            "\x1b[1;31mred\x1b[m",
            "\x1b[38:2:1:2:3mx\x1b[38;5;200my",
            "\x1b[?1049h\x1b[2J\x1b[10;20H\x1b[?25l",
            "\x1b(0lqk\x1b(B",
            "\x1b[2 q\x1b[3;10r",
            "\x1b7\x1b8\x1bM",
        ] {
            assert_eq!(filtered(text), text);
        }
    }

    #[test]
    fn what_reaches_beyond_the_screen_is_dropped() {
        for text in [
            "\x1b]52;c;aGk=\x07",
            "\x1b]0;title\x1b\\",
            "\x1b[c",
            "\x1b[6n",
            "\x1b[21t",
            "\x1bPtmux;x\x1b\\",
            "\x1b_payload\x1b\\",
            "\x1b[?1000h",
            "\x1b[?2004h",
            "\x1bZ",
            "\x05",
        ] {
            assert_eq!(filtered(&format!("a{text}b")), "ab", "{text:?}");
        }
    }
}
