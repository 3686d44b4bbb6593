//! What a terminal sends, told apart: keys, the mouse and pasted text on one side, answers to our questions on the other.
//!
//! crossterm's own reader is not used: it takes an answer to OSC 11 for keys, sees one of a key and a new size that come
//! at once and leaves the other until the next input, and turns round at full speed on a terminal that is gone. The events
//! are crossterm's.

use std::time::Duration;

use crossterm::event::Event;
use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;
use crossterm::event::MouseButton;
use crossterm::event::MouseEvent;
use crossterm::event::MouseEventKind;

use crate::replay::theme::Ground;
use crate::term::Rgb;

/// Longest sequence that is kept, in bytes; what is longer is passed over to its end.
const LONGEST: usize = 4 << 10;
/// Longest pasted text that is kept, in bytes; the rest of it is passed over.
const LONGEST_PASTE: usize = 1 << 20;
/// How long Escape may be the beginning of something: terminals send a key at once.
const ESCAPE: Duration = Duration::from_millis(30);
/// How long an answer may take to arrive in full once it has begun.
const ANSWER: Duration = Duration::from_millis(500);
/// What ends pasted text.
const PASTE_END: &[u8] = b"\x1b[201~";

/// One thing that the terminal sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key, the mouse, pasted text, focus.
    Event(Event),
    /// An answer, or news of the terminal's own.
    Answer(Answer),
}

/// What the terminal told about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its background (OSC 11).
    Background(Rgb),
    /// Its colours have become dark or light (mode 2031).
    Ground(Ground),
    /// What it is (DA1). Nearly every terminal says that, and in order: what was asked before and is not answered by now
    /// never will be.
    Attributes,
}

/// Takes bytes as they come; a sequence may arrive in pieces.
#[derive(Default)]
pub struct Decoder {
    held: Vec<u8>,
    pasted: Option<Vec<u8>>,
    skipping: Option<Skipped>,
}

/// What is being passed over because it is too long.
#[derive(Clone, Copy)]
enum Skipped {
    Csi,
    String,
}

/// What the first bytes are.
enum Step {
    /// So many bytes, and what they mean if anything.
    Took(usize, Option<Input>),
    /// Pasted text begins after so many bytes.
    Paste(usize),
    /// The beginning of something.
    More,
}

impl Decoder {
    /// Takes bytes; adds what they mean to `out`.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let mut rest = held.as_slice();
        while !rest.is_empty() {
            if self.pasted.is_some() {
                rest = self.paste(rest, out);
                if self.pasted.is_some() {
                    break;
                }
                continue;
            }
            if let Some(kind) = self.skipping {
                let end = match kind {
                    Skipped::Csi => rest.iter().position(|byte| (0x40..=0x7e).contains(byte)),
                    Skipped::String => rest.iter().position(|byte| matches!(byte, 0x07 | b'\\')),
                };
                let Some(end) = end else { return };
                self.skipping = None;
                rest = &rest[end + 1..];
                continue;
            }
            match step(rest) {
                Step::Took(count, input) => {
                    out.extend(input);
                    rest = &rest[count..];
                }
                Step::Paste(count) => {
                    self.pasted = Some(Vec::new());
                    rest = &rest[count..];
                }
                Step::More if rest.len() > LONGEST => {
                    self.skipping =
                        Some(if rest.get(1) == Some(&b'[') { Skipped::Csi } else { Skipped::String });
                    return;
                }
                Step::More => break,
            }
        }
        self.held = rest.to_vec();
    }

    /// How long the rest of what has begun is waited for; none: nothing has.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        match self.held.len() {
            _ if self.pasted.is_some() => None,
            0 => None,
            1 | 2 => Some(ESCAPE),
            _ => Some(ANSWER),
        }
    }

    /// Nothing more came for that long: Escape was Escape, and half an answer is none.
    pub fn rest(&mut self, out: &mut Vec<Input>) {
        if self.pasted.is_some() {
            return;
        }
        match std::mem::take(&mut self.held).as_slice() {
            [0x1b] => out.push(key(KeyCode::Esc, KeyModifiers::NONE)),
            [0x1b, byte] if byte.is_ascii_graphic() => {
                out.extend(character(char::from(*byte), KeyModifiers::ALT));
            }
            _ => {}
        }
    }

    /// Takes pasted text; gives what comes after it, or what may be the beginning of its end.
    fn paste<'b>(&mut self, bytes: &'b [u8], out: &mut Vec<Input>) -> &'b [u8] {
        let Some(pasted) = &mut self.pasted else { return bytes };
        let end = bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        // The end may have come in part.
        let text = end.unwrap_or(bytes.len().saturating_sub(PASTE_END.len() - 1));
        let room = LONGEST_PASTE - pasted.len();
        pasted.extend_from_slice(&bytes[..text.min(room)]);
        if end.is_none() {
            return &bytes[text..];
        }
        let text = String::from_utf8_lossy(pasted).into_owned();
        self.pasted = None;
        out.push(Input::Event(Event::Paste(text)));
        &bytes[end.map_or(0, |end| end + PASTE_END.len())..]
    }
}

/// What `bytes`, which are not empty, begin with.
fn step(bytes: &[u8]) -> Step {
    match bytes[0] {
        0x1b => escape(bytes),
        byte @ 0..0x80 => Step::Took(1, control_or_character(byte)),
        byte => {
            let length = match byte {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return Step::Took(1, None),
            };
            match str::from_utf8(&bytes[..length.min(bytes.len())]) {
                Ok(text) => {
                    Step::Took(length, text.chars().next().and_then(|c| character(c, KeyModifiers::NONE)))
                }
                Err(error) if error.error_len().is_none() && bytes.len() < length => Step::More,
                Err(_) => Step::Took(1, None),
            }
        }
    }
}

fn escape(bytes: &[u8]) -> Step {
    let Some(second) = bytes.get(1) else { return Step::More };
    match (second, bytes.get(2)) {
        (b'[' | b'O' | b']' | b'P' | b'_' | b'^' | b'X', None) => Step::More,
        (b'[', Some(_)) => csi(bytes),
        (b'O', Some(last)) => Step::Took(3, letter(*last).map(|code| key(code, KeyModifiers::NONE))),
        // Only what can be an answer: Alt and a bracket are keys that people press.
        (b']', Some(b'0'..=b'9'))
        | (b'P' | b'_' | b'^' | b'X', Some(b'0'..=b'9' | b'>' | b'!' | b'+' | b'$' | b'|')) => string(bytes),
        (0x1b, _) => Step::Took(1, Some(key(KeyCode::Esc, KeyModifiers::NONE))),
        _ => match step(&bytes[1..]) {
            Step::Took(count, Some(Input::Event(Event::Key(mut event)))) => {
                event.modifiers |= KeyModifiers::ALT;
                Step::Took(count + 1, Some(Input::Event(Event::Key(event))))
            }
            Step::Took(count, _) => Step::Took(count + 1, None),
            other => other,
        },
    }
}

/// A string up to BEL or ST: an answer of which only the background's colour is wanted.
fn string(bytes: &[u8]) -> Step {
    for (at, byte) in bytes.iter().enumerate().skip(2) {
        let (text, length) = match byte {
            0x07 => (&bytes[2..at], at + 1),
            0x1b => match bytes.get(at + 1) {
                None => return Step::More,
                Some(b'\\') => (&bytes[2..at], at + 2),
                // Broken off by another sequence.
                Some(_) => return Step::Took(at, None),
            },
            0x18 | 0x1a => return Step::Took(at + 1, None),
            _ => continue,
        };
        let colour = text.strip_prefix(b"11;").filter(|_| bytes[1] == b']').and_then(colour);
        return Step::Took(length, colour.map(|rgb| Input::Answer(Answer::Background(rgb))));
    }
    Step::More
}

/// `rgb:ffff/ffff/ffff`, `rgba:…`, with one to four digits each; or `#rrggbb`.
fn colour(text: &[u8]) -> Option<Rgb> {
    let text = str::from_utf8(text).ok()?;
    let Some(parts) = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:")) else {
        return Rgb::parse(text);
    };
    let mut parts = parts.split('/').map(|part| {
        let most =
            (1_u32 << (4 * u32::try_from(part.len()).ok().filter(|digits| (1..=4).contains(digits))?)) - 1;
        u8::try_from(u32::from_str_radix(part, 16).ok()? * 255 / most).ok()
    });
    let mut next = || parts.next().flatten();
    Some(Rgb(next()?, next()?, next()?))
}

fn csi(bytes: &[u8]) -> Step {
    // The keys F1 to F5 of the Linux console.
    if bytes[2] == b'[' {
        let Some(last) = bytes.get(3) else { return Step::More };
        let number = last.wrapping_sub(b'A').wrapping_add(1);
        let code = (1..=5).contains(&number).then_some(KeyCode::F(number));
        return Step::Took(4, code.map(|code| key(code, KeyModifiers::NONE)));
    }
    let Some(end) = bytes.iter().skip(2).position(|byte| !(0x20..0x40).contains(byte)).map(|at| at + 2)
    else {
        return Step::More;
    };
    let last = bytes[end];
    if !(0x40..=0x7e).contains(&last) {
        return Step::Took(end, None);
    }
    // ASCII, as every byte was looked at.
    let text = str::from_utf8(&bytes[2..end]).unwrap_or_default();
    if last == b'M' && text.is_empty() {
        // X10's mouse: three bytes follow.
        let Some(&[button, x, y]) = bytes.get(end + 1..end + 4) else { return Step::More };
        let from = |byte: u8| u16::from(byte.saturating_sub(32));
        return Step::Took(end + 4, mouse(button.saturating_sub(32), (from(x), from(y)), false));
    }
    if (text, last) == ("200", b'~') {
        return Step::Paste(end + 1);
    }
    Step::Took(end + 1, sequence(text, last))
}

/// What the sequence with these parameters and this last byte means.
fn sequence(text: &str, last: u8) -> Option<Input> {
    if let Some(text) = text.strip_prefix('<') {
        let mut numbers = text.split(';').map(|number| number.parse::<u16>().ok());
        let mut next = || numbers.next().flatten();
        let (button, x, y) = (u8::try_from(next()?).ok()?, next()?, next()?);
        return matches!(last, b'M' | b'm').then(|| mouse(button, (x, y), last == b'm')).flatten();
    }
    if let Some(text) = text.strip_prefix('?') {
        return match (text, last) {
            (_, b'c') => Some(Input::Answer(Answer::Attributes)),
            ("997;1", b'n') => Some(Input::Answer(Answer::Ground(Ground::Dark))),
            ("997;2", b'n') => Some(Input::Answer(Answer::Ground(Ground::Light))),
            _ => None,
        };
    }
    let mut fields = text.split(';');
    let mut number = || {
        let mut parts = fields.next().unwrap_or_default().split(':');
        let value = parts.next().and_then(|part| part.parse::<u32>().ok());
        (value, parts.next().and_then(|part| part.parse::<u32>().ok()))
    };
    let (first, second, third) = (number(), number(), number());
    let (held, kind) = (modifiers(second.0), second.1);
    let event = |code: KeyCode, held: KeyModifiers| {
        let kind = if kind == Some(3) { KeyEventKind::Release } else { KeyEventKind::Press };
        Input::Event(Event::Key(KeyEvent::new_with_kind(code, held, kind)))
    };
    match last {
        b'I' if text.is_empty() => Some(Input::Event(Event::FocusGained)),
        b'O' if text.is_empty() => Some(Input::Event(Event::FocusLost)),
        b'Z' => Some(key(KeyCode::BackTab, KeyModifiers::SHIFT)),
        b'M' => {
            let place = (u16::try_from(second.0?).ok()?, u16::try_from(third.0?).ok()?);
            mouse(u8::try_from(first.0?.checked_sub(32)?).ok()?, place, false)
        }
        b'~' if first.0 == Some(27) => typed(third.0?, held),
        b'~' => Some(event(numbered(first.0?)?, held)),
        b'u' => typed(first.0?, held).filter(|_| kind != Some(3)),
        // A report of the cursor's place ends like F3.
        b'R' if !matches!(first.0, None | Some(1)) => None,
        _ => Some(event(letter(last)?, held)),
    }
}

/// Shift, Alt and Ctrl, as sequences write them: one more than the sum of their bits.
fn modifiers(number: Option<u32>) -> KeyModifiers {
    let bits = number.unwrap_or(1).saturating_sub(1);
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
    ] {
        if bits & bit != 0 {
            held |= modifier;
        }
    }
    held
}

/// A key told by its character's number.
fn typed(code: u32, held: KeyModifiers) -> Option<Input> {
    let code = match code {
        9 if held.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        9 => KeyCode::Tab,
        13 | 57_414 => KeyCode::Enter,
        27 => KeyCode::Esc,
        8 | 127 => KeyCode::Backspace,
        // Keys of the number pad, and others that have no character.
        57_344..=63_743 => return None,
        code => {
            let c = char::from_u32(code).filter(|c| !c.is_control())?;
            return character(if held.contains(KeyModifiers::SHIFT) { upper(c) } else { c }, held);
        }
    };
    Some(key(code, held))
}

fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    upper.next().filter(|_| upper.next().is_none()).unwrap_or(c)
}

/// Keys that end in a letter.
fn letter(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

/// Keys that are a number before `~`.
fn numbered(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(u8::try_from(number).ok()? - 10),
        17..=21 => KeyCode::F(u8::try_from(number).ok()? - 11),
        23..=26 => KeyCode::F(u8::try_from(number).ok()? - 12),
        28 | 29 => KeyCode::F(u8::try_from(number).ok()? - 13),
        31..=34 => KeyCode::F(u8::try_from(number).ok()? - 14),
        _ => return None,
    })
}

/// The mouse: the button with its bits, and the place from 1.
fn mouse(button: u8, (x, y): (u16, u16), released: bool) -> Option<Input> {
    let number = button & 3 | (button & 0xc0) >> 4;
    let which = match number {
        0 => MouseButton::Left,
        1 => MouseButton::Middle,
        _ => MouseButton::Right,
    };
    let kind = match (number, button & 32 != 0) {
        (0..=2, false) if released => MouseEventKind::Up(which),
        (0..=2, false) => MouseEventKind::Down(which),
        (0..=2, true) => MouseEventKind::Drag(which),
        (3, false) => MouseEventKind::Up(MouseButton::Left),
        (3..=5, true) => MouseEventKind::Moved,
        (4, false) => MouseEventKind::ScrollUp,
        (5, false) => MouseEventKind::ScrollDown,
        (6, false) => MouseEventKind::ScrollLeft,
        (7, false) => MouseEventKind::ScrollRight,
        _ => return None,
    };
    let modifiers = modifiers(Some(u32::from(button >> 2 & 7) + 1));
    Some(Input::Event(Event::Mouse(MouseEvent {
        kind,
        column: x.saturating_sub(1),
        row: y.saturating_sub(1),
        modifiers,
    })))
}

fn control_or_character(byte: u8) -> Option<Input> {
    let control = |c: char| Some(key(KeyCode::Char(c), KeyModifiers::CONTROL));
    match byte {
        0 => control(' '),
        // Some terminals send ^H for the key.
        0x08 | 0x7f => Some(key(KeyCode::Backspace, KeyModifiers::NONE)),
        b'\t' => Some(key(KeyCode::Tab, KeyModifiers::NONE)),
        b'\r' => Some(key(KeyCode::Enter, KeyModifiers::NONE)),
        0x01..=0x1a => control(char::from(byte - 1 + b'a')),
        0x1c..=0x1f => control(char::from(byte + 0x40)),
        _ => character(char::from(byte), KeyModifiers::NONE),
    }
}

fn character(c: char, held: KeyModifiers) -> Option<Input> {
    let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    (!c.is_control()).then(|| key(KeyCode::Char(c), held | shift))
}

fn key(code: KeyCode, held: KeyModifiers) -> Input {
    Input::Event(Event::Key(KeyEvent::new(code, held)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All at once, and byte by byte: the same.
    fn decoded(bytes: &[u8]) -> Vec<Input> {
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        let (mut one, mut other) = (Decoder::default(), Decoder::default());
        one.feed(bytes, &mut whole);
        one.rest(&mut whole);
        bytes.iter().for_each(|byte| other.feed(&[*byte], &mut pieces));
        other.rest(&mut pieces);
        assert_eq!(whole, pieces, "{bytes:?}");
        whole
    }

    fn keys(bytes: &[u8]) -> Vec<(KeyCode, KeyModifiers)> {
        let keys = decoded(bytes).into_iter().map(|input| match input {
            Input::Event(Event::Key(key)) => (key.code, key.modifiers),
            other => panic!("{other:?} is no key"),
        });
        keys.collect()
    }

    #[test]
    fn keys_are_known_in_every_form_that_terminals_send() {
        const NONE: KeyModifiers = KeyModifiers::NONE;
        for (bytes, code, held) in [
            (&b"\x1b[A"[..], KeyCode::Up, NONE),
            (b"\x1bOA", KeyCode::Up, NONE),
            (b"\x1b[1;2D", KeyCode::Left, KeyModifiers::SHIFT),
            (b"\x1b[1;5C", KeyCode::Right, KeyModifiers::CONTROL),
            (b"\x1b[5~", KeyCode::PageUp, NONE),
            (b"\x1b[4~", KeyCode::End, NONE),
            (b"\x1b[15~", KeyCode::F(5), NONE),
            (b"\x1b[24~", KeyCode::F(12), NONE),
            (b"\x1b[[A", KeyCode::F(1), NONE),
            (b"\x1bOP", KeyCode::F(1), NONE),
            (b"\x1b[1;2R", KeyCode::F(3), KeyModifiers::SHIFT),
            (b"\x1b[Z", KeyCode::BackTab, KeyModifiers::SHIFT),
            (b"\x1b", KeyCode::Esc, NONE),
            (b"\x1bx", KeyCode::Char('x'), KeyModifiers::ALT),
            (b"\x1b]", KeyCode::Char(']'), KeyModifiers::ALT),
            (b"\x1b[", KeyCode::Char('['), KeyModifiers::ALT),
            (b"\x1bP", KeyCode::Char('P'), KeyModifiers::ALT | KeyModifiers::SHIFT),
            (b"G", KeyCode::Char('G'), KeyModifiers::SHIFT),
            ("é".as_bytes(), KeyCode::Char('é'), NONE),
            ("世".as_bytes(), KeyCode::Char('世'), NONE),
            (b"\x03", KeyCode::Char('c'), KeyModifiers::CONTROL),
            (b"\x1d", KeyCode::Char(']'), KeyModifiers::CONTROL),
            (b"\x1b[99;5u", KeyCode::Char('c'), KeyModifiers::CONTROL),
            (b"\x1b[27;5;99~", KeyCode::Char('c'), KeyModifiers::CONTROL),
            (b"\x7f", KeyCode::Backspace, NONE),
            (b"\x08", KeyCode::Backspace, NONE),
        ] {
            assert_eq!(keys(bytes), [(code, held)], "{}", bytes.escape_ascii());
        }
        assert_eq!(keys(b"\x1b\x1b[B"), [(KeyCode::Esc, NONE), (KeyCode::Down, NONE)]);
    }

    #[test]
    fn answers_never_become_keys() {
        let white = Input::Answer(Answer::Background(Rgb(255, 255, 255)));
        for (bytes, wanted) in [
            (&b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\"[..], Some(white.clone())),
            (b"\x1b]11;rgb:ff/ff/ff\x07", Some(white.clone())),
            (b"\x1b]11;rgba:ffff/ffff/ffff/8000\x07", Some(white.clone())),
            (b"\x1b]11;#ffffff\x07", Some(white)),
            (b"\x1b]11;rgb:0000/8080/ffff\x07", Some(Input::Answer(Answer::Background(Rgb(0, 128, 255))))),
            (b"\x1b]10;rgb:ffff/ffff/ffff\x07", None),
            (b"\x1b]11;rgb:fffff/g/\x07", None),
            (b"\x1b]11;?\x07", None),
            (b"\x1b[?62;22c", Some(Input::Answer(Answer::Attributes))),
            (b"\x1b[?997;1n", Some(Input::Answer(Answer::Ground(Ground::Dark)))),
            (b"\x1b[?997;2n", Some(Input::Answer(Answer::Ground(Ground::Light)))),
            (b"\x1b[?2031;1$y", None),
            (b"\x1b[24;80R", None),
            (b"\x1bP>|XTerm(390)\x1b\\", None),
            (b"\x1b[>41;390;0c", None),
            (b"\x1b]11;rgb:ffff/ff", None),
        ] {
            assert_eq!(decoded(bytes), wanted.into_iter().collect::<Vec<_>>(), "{}", bytes.escape_ascii());
        }
        // With keys around it.
        let mixed = decoded(b"a\x1b]11;rgb:00/00/00\x1b\\b\x1b[?1cq");
        assert_eq!(mixed.len(), 5, "{mixed:?}");
    }

    #[test]
    fn the_mouse_is_known_in_its_three_forms() {
        let place = |bytes: &[u8]| match decoded(bytes)[..] {
            [Input::Event(Event::Mouse(mouse))] => (mouse.kind, mouse.column, mouse.row),
            ref other => panic!("{other:?}"),
        };
        let down = MouseEventKind::Down(MouseButton::Left);
        assert_eq!(place(b"\x1b[<0;80;29M"), (down, 79, 28));
        assert_eq!(place(b"\x1b[<0;80;29m"), (MouseEventKind::Up(MouseButton::Left), 79, 28));
        assert_eq!(place(b"\x1b[<65;1;1M"), (MouseEventKind::ScrollDown, 0, 0));
        assert_eq!(place(b"\x1b[32;80;29M"), (down, 79, 28));
        assert_eq!(place(b"\x1b[M !\""), (down, 0, 1));
    }

    #[test]
    fn pasted_text_comes_whole_and_has_a_bound() {
        let paste = |text: &str| Input::Event(Event::Paste(text.to_owned()));
        let all = decoded(b"\x1b[200~a\x1b[A b\x1b[201~q");
        assert_eq!(all[0], paste("a\x1b[A b"));
        assert_eq!(all.len(), 2);
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.feed(b"\x1b[200~", &mut out);
        (0..3 * LONGEST_PASTE / 4_096).for_each(|_| decoder.feed(&[b'x'; 4_096], &mut out));
        decoder.feed(PASTE_END, &mut out);
        assert_eq!(out, [paste(&"x".repeat(LONGEST_PASTE))]);
    }

    #[test]
    fn a_sequence_without_end_is_passed_over() {
        for (begin, end) in [("\x1b]11;", "\x07"), ("\x1b[1", "A"), ("\x1bP1", "\x1b\\")] {
            let (mut decoder, mut out) = (Decoder::default(), Vec::new());
            decoder.feed(begin.as_bytes(), &mut out);
            (0..100).for_each(|_| decoder.feed(&[b'1'; 1_024], &mut out));
            assert!(decoder.held.len() <= LONGEST, "{}", decoder.held.len());
            decoder.feed(format!("{end}q").as_bytes(), &mut out);
            assert_eq!(out, [key(KeyCode::Char('q'), KeyModifiers::NONE)], "{begin:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_survived(bytes in proptest::collection::vec(prop_oneof![
            any::<u8>(), Just(0x1b), Just(b'['), Just(b']'), Just(b';'), Just(b'1'), Just(b'M'), Just(b'<')
        ], 0..200)) {
            let (mut decoder, mut out) = (Decoder::default(), Vec::new());
            bytes.chunks(7).for_each(|chunk| decoder.feed(chunk, &mut out));
            decoder.rest(&mut out);
        }
    }
}
