//! Which modes the program has set on the terminal, so that a prompt can put them aside and give them back.
//!
//! Follows escape sequences only; plain text is skipped at memory speed. Bytes are what is shown, in any pieces.

use std::fmt::Write;

/// Private modes that a prompt must have off, or that it must put back as they were.
const PRIVATE: &[u16] = &[1, 5, 6, 9, 69, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026];
/// Private modes that are on by default: wrapping at the margin, the cursor.
const PRIVATE_ON: &[u16] = &[7, 25];
/// Longest title that is given back; of a longer one, nothing is.
const LONGEST_TITLE: usize = 512;
/// Longest parameters of a sequence that are looked at; longer ones set nothing that we keep.
const MOST_PARAMETERS: usize = 64;

/// What the program has set, and where in a sequence its output stands.
#[derive(Clone, Debug, Default)]
pub struct Modes {
    at: At,
    parameters: Vec<u8>,
    /// Modes of `PRIVATE` that are on and modes of `PRIVATE_ON` that are off.
    changed: Vec<u16>,
    alternate: bool,
    insert: bool,
    keypad: bool,
    margins: Option<(u16, u16)>,
    charsets: [u8; 2],
    shifted: bool,
    kitty: bool,
    /// What an operating system command has said so far.
    words: Vec<u8>,
    /// The window's title as the program has set it last, and how often it has.
    title: (Vec<u8>, u64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    Escape,
    /// After `ESC (` or `ESC )`: the slot, then the set.
    Charset(usize),
    /// After another intermediate byte.
    Intermediate,
    Csi,
    /// OSC, DCS, APC, PM, SOS; and the same after an ESC, which may end it.
    Words(bool),
}

/// What happened to the screen while bytes were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switched {
    /// Offset after the last change to the alternate screen.
    pub entered: Option<usize>,
    /// The alternate screen was left after that, or is not on.
    pub left: bool,
}

impl Modes {
    /// Follows `bytes`.
    pub fn feed(&mut self, bytes: &[u8]) -> Switched {
        let mut switched = Switched::default();
        let mut at = 0;
        while at < bytes.len() {
            if self.at == At::Text {
                let Some(next) = memchr::memchr3(0x1b, 0x0e, 0x0f, &bytes[at..]) else { break };
                at += next;
            }
            let was = self.alternate;
            self.step(bytes[at]);
            at += 1;
            if self.alternate && !was {
                switched = Switched { entered: Some(at), left: false };
            } else if was && !self.alternate {
                switched.left = true;
            }
        }
        switched
    }

    /// Whether the output stands between sequences, so that something else can be written.
    #[must_use]
    pub fn is_between_sequences(&self) -> bool {
        self.at == At::Text
    }

    /// Whether the program uses the alternate screen.
    #[must_use]
    pub fn is_alternate(&self) -> bool {
        self.alternate
    }

    /// The sequences that put the program's modes aside: what follows is shown as on a fresh terminal.
    #[must_use]
    pub fn set_aside(&self) -> String {
        let mut text = String::new();
        for mode in &self.changed {
            let _ = write!(text, "\x1b[?{mode}{}", if PRIVATE_ON.contains(mode) { 'h' } else { 'l' });
        }
        if self.insert {
            text.push_str("\x1b[4l");
        }
        if self.keypad {
            text.push_str("\x1b>");
        }
        if self.margins.is_some() {
            text.push_str("\x1b[r");
        }
        if self.shifted {
            text.push('\x0f');
        }
        for (slot, _) in self.other_charsets() {
            let _ = write!(text, "\x1b{slot}B");
        }
        if self.kitty {
            text.push_str("\x1b[>0u");
        }
        text.push_str("\x1b[0m");
        text
    }

    /// The sequences that give the program its modes back. They may move the cursor.
    #[must_use]
    pub fn give_back(&self) -> String {
        let mut text = String::new();
        if self.kitty {
            text.push_str("\x1b[<1u");
        }
        if let Some((top, bottom)) = self.margins {
            let _ = write!(text, "\x1b[{top};{bottom}r");
        }
        for (slot, set) in self.other_charsets() {
            let _ = write!(text, "\x1b{slot}{}", char::from(set));
        }
        if self.shifted {
            text.push('\x0e');
        }
        if self.keypad {
            text.push_str("\x1b=");
        }
        if self.insert {
            text.push_str("\x1b[4h");
        }
        for mode in &self.changed {
            let _ = write!(text, "\x1b[?{mode}{}", if PRIVATE_ON.contains(mode) { 'l' } else { 'h' });
        }
        text
    }

    /// As [`Modes::give_back`], but only modes that neither move the cursor nor change how text is painted.
    #[must_use]
    pub fn give_back_unseen(&self) -> String {
        let unseen = Self {
            kitty: self.kitty,
            keypad: self.keypad,
            changed: self.changed.iter().copied().filter(|mode| !matches!(mode, 6 | 69)).collect(),
            ..Self::default()
        };
        unseen.give_back()
    }

    /// The sequences that a program should have written before it ended: for one that was killed.
    #[must_use]
    pub fn clean_up(&self) -> String {
        let mut text = self.set_aside();
        if self.alternate {
            text.push_str("\x1b[?1049l");
        }
        text
    }

    /// The window's title as the program has set it last, as it came, and how often it has set one.
    #[must_use]
    pub fn title_set(&self) -> (&[u8], u64) {
        (&self.title.0, self.title.1)
    }

    /// Whether part of the screen scrolls on its own.
    #[must_use]
    pub fn has_margins(&self) -> bool {
        self.margins.is_some()
    }

    /// The sequences that have text shown as it is, and those that bring the program's character sets back.
    #[must_use]
    pub fn plain_charsets(&self) -> (String, String) {
        let (mut before, mut after) = (String::new(), String::new());
        if self.shifted {
            before.push('\x0f');
        }
        for (slot, set) in self.other_charsets() {
            let _ = write!(before, "\x1b{slot}B");
            let _ = write!(after, "\x1b{slot}{}", char::from(set));
        }
        if self.shifted {
            after.push('\x0e');
        }
        (before, after)
    }

    /// A string of the program has ended: it may have been a title.
    fn title(&mut self) {
        let words = std::mem::take(&mut self.words);
        let words = words.strip_suffix(b"\x1b").unwrap_or(&words);
        let title = words.strip_prefix(b"]2;").or_else(|| words.strip_prefix(b"]0;"));
        if let Some(title) = title {
            let fits = words.len() <= LONGEST_TITLE;
            self.title = (if fits { title.to_vec() } else { Vec::new() }, self.title.1 + 1);
        }
    }

    fn other_charsets(&self) -> impl Iterator<Item = (char, u8)> + '_ {
        ['(', ')'].into_iter().zip(self.charsets).filter(|(_, set)| *set != 0 && *set != b'B')
    }

    fn step(&mut self, byte: u8) {
        self.at = match (self.at, byte) {
            // CAN and SUB end everything but text.
            (_, 0x18 | 0x1a) => At::Text,
            (At::Text, 0x0e | 0x0f) => {
                self.shifted = byte == 0x0e;
                At::Text
            }
            (At::Text, 0x1b) => At::Escape,
            (At::Text, _) => At::Text,
            (At::Words(_), 0x07) | (At::Words(true), b'\\') => {
                self.title();
                At::Text
            }
            (At::Words(_), _) => {
                if self.words.len() <= LONGEST_TITLE {
                    self.words.push(byte);
                }
                At::Words(byte == 0x1b)
            }
            (_, 0x1b) => At::Escape,
            (At::Escape, _) => self.escape(byte),
            (At::Charset(slot), 0x30..=0x7e) => {
                self.charsets[slot] = byte;
                At::Text
            }
            (At::Intermediate, 0x30..=0x7e) => At::Text,
            (At::Charset(_) | At::Intermediate, _) => self.at,
            (At::Csi, 0x40..=0x7e) => {
                self.csi(byte);
                At::Text
            }
            (At::Csi, 0x20..=0x3f) => {
                if self.parameters.len() < MOST_PARAMETERS {
                    self.parameters.push(byte);
                }
                At::Csi
            }
            // Control characters inside a sequence are carried out and change nothing of it.
            (At::Csi, _) => At::Csi,
        };
    }

    fn escape(&mut self, byte: u8) -> At {
        match byte {
            b'[' => {
                self.parameters.clear();
                return At::Csi;
            }
            b']' | b'P' | b'X' | b'^' | b'_' => {
                self.words.clear();
                self.words.push(byte);
                return At::Words(false);
            }
            b'(' => return At::Charset(0),
            b')' => return At::Charset(1),
            0x20..=0x2f => return At::Intermediate,
            b'=' => self.keypad = true,
            b'>' => self.keypad = false,
            b'c' => *self = Self { title: std::mem::take(&mut self.title), ..Self::default() },
            _ => {}
        }
        At::Text
    }

    fn csi(&mut self, last: u8) {
        let parameters = std::mem::take(&mut self.parameters);
        match (last, parameters.as_slice()) {
            (b'h' | b'l', [b'?', numbers @ ..]) => {
                numbers.split(|byte| *byte == b';').for_each(|number| self.private(number, last == b'h'));
            }
            (b'h' | b'l', numbers) if numbers.split(|byte| *byte == b';').any(|number| number == b"4") => {
                self.insert = last == b'h';
            }
            (b'r', numbers) if numbers.iter().all(|byte| byte.is_ascii_digit() || *byte == b';') => {
                let mut parts = numbers.split(|byte| *byte == b';').map(number);
                let (top, bottom) = (parts.next().flatten(), parts.next().flatten());
                self.margins = match (top.unwrap_or(1).max(1), bottom) {
                    (1, None | Some(0)) => None,
                    (top, Some(bottom)) if bottom > 0 => Some((top, bottom)),
                    (top, _) => Some((top, u16::MAX)),
                };
            }
            (b'p', b"!") => {
                let (alternate, kitty, charsets) = (self.alternate, self.kitty, self.charsets);
                let title = std::mem::take(&mut self.title);
                // A soft reset leaves mouse and paste modes alone.
                let changed =
                    self.changed.iter().copied().filter(|mode| *mode >= 9).filter(|mode| *mode != 25);
                let changed = changed.collect();
                *self = Self { alternate, kitty, charsets, changed, title, ..Self::default() };
            }
            (b'u', [b'>' | b'=', ..]) => self.kitty = true,
            _ => {}
        }
        self.parameters = parameters;
        self.parameters.clear();
    }

    fn private(&mut self, text: &[u8], on: bool) {
        let Some(mode) = number(text) else { return };
        if matches!(mode, 47 | 1047 | 1049) {
            self.alternate = on;
        }
        let changes = match (PRIVATE.contains(&mode), PRIVATE_ON.contains(&mode)) {
            (true, _) => on,
            (_, true) => !on,
            _ => return,
        };
        self.changed.retain(|other| *other != mode);
        if changes {
            self.changed.push(mode);
        }
    }
}

fn number(text: &[u8]) -> Option<u16> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIM: &[u8] =
        b"\x1b[?1049h\x1b[22;0;0t\x1b[?1h\x1b=\x1b[?2004h\x1b[1;24r\x1b[?25l\x1b[?1006;1000h\x1b(0text";

    fn fed(chunks: &[&[u8]]) -> Modes {
        let mut modes = Modes::default();
        chunks.iter().for_each(|chunk| {
            modes.feed(chunk);
        });
        modes
    }

    #[test]
    fn modes_are_the_same_however_the_output_is_cut() {
        let whole = fed(&[VIM]);
        assert!(whole.is_alternate());
        for cut in 0..VIM.len() {
            let (one, two) = VIM.split_at(cut);
            assert_eq!(fed(&[one, two]).give_back(), whole.give_back(), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_set_aside_is_given_back() {
        let modes = fed(&[VIM]);
        let mut after = modes.clone();
        after.feed(modes.set_aside().as_bytes());
        let fresh = fed(&[b"\x1b[?1049h"]);
        assert_eq!(after.changed, fresh.changed);
        assert_eq!((after.margins, after.keypad), (None, false));
        after.feed(modes.give_back().as_bytes());
        assert_eq!(after.give_back(), modes.give_back());
        assert_eq!(after.margins, Some((1, 24)));
    }

    #[test]
    fn a_program_that_cleans_up_leaves_nothing_to_do() {
        let modes = fed(&[VIM, b"\x1b[?1049l\x1b[?1l\x1b>\x1b[?2004l\x1b[r\x1b[?25h\x1b[?1006;1000l\x1b(B"]);
        assert_eq!(modes.clean_up(), "\x1b[0m");
    }

    #[test]
    fn the_inside_of_a_title_is_no_mode() {
        let mut modes = fed(&[b"\x1b]0;\x1b[?1049h"]);
        assert!(!modes.is_alternate() && !modes.is_between_sequences());
        modes.feed(b"\x07");
        assert!(modes.is_between_sequences());
        assert_eq!(modes.title_set(), (&b"\x1b[?1049h"[..], 1));
        modes.feed(b"\x1b]2;two\x1b\\\x1b]52;c;eA==\x07");
        assert_eq!(modes.title_set(), (&b"two"[..], 2));
        assert_eq!(modes.feed(b"ab\x1b[?1049hcd"), Switched { entered: Some(10), left: false });
        assert!(modes.feed(b"\x1b[?1049l").left);
    }
}
