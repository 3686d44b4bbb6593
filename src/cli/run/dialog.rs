//! Questions on hoop-run's own terminal, before the program starts: which of several, and a code.

use std::fs::File;
use std::fs::OpenOptions;
use std::io::Read;
use std::io::Write;
use std::os::fd::AsFd;

use zeroize::Zeroizing;

use crate::error::IoContext;
use crate::error::Result;
use crate::sys::tty;
use crate::sys::tty::RawMode;
use crate::sys::tty::Size;
use crate::term::clip;
use crate::types::Secret;

/// What keys do in a list.
const KEYS: &str = "(arrow keys or a number, Enter; q: none)";

/// The longest text that is taken for an answer.
const LONGEST: usize = 64;

/// What a key comes to in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The list is drawn again.
    Stay,
    /// This one.
    Chosen(usize),
    /// None of them.
    Left,
}

/// A list, and where in it one is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Picker {
    count: usize,
    at: usize,
    /// Digits so far.
    typed: String,
}

impl Picker {
    fn new(count: usize) -> Self {
        Self { count, at: 0, typed: String::new() }
    }

    /// What was typed at once: arrow keys are several bytes.
    fn key(&mut self, bytes: &[u8]) -> Step {
        match bytes {
            b"\x1b[A" | b"\x1bOA" | b"k" => self.go(self.at.checked_sub(1).unwrap_or(self.count - 1)),
            b"\x1b[B" | b"\x1bOB" | b"j" | b"\t" => self.go((self.at + 1) % self.count),
            b"\x1b" | b"q" | b"Q" | b"\x03" | b"\x04" => Step::Left,
            b"\r" | b"\n" => Step::Chosen(self.at),
            [digit @ b'0'..=b'9'] => self.digit(char::from(*digit)),
            _ => Step::Stay,
        }
    }

    fn go(&mut self, at: usize) -> Step {
        self.at = at;
        self.typed.clear();
        Step::Stay
    }

    /// A number chooses as soon as no longer one is possible.
    fn digit(&mut self, digit: char) -> Step {
        self.typed.push(digit);
        let number = self.typed.parse::<usize>().unwrap_or_default();
        if number == 0 || number > self.count {
            self.typed.clear();
            return Step::Stay;
        }
        self.at = number - 1;
        if number * 10 > self.count { Step::Chosen(self.at) } else { Step::Stay }
    }
}

/// Lets a person choose one of `lines`; `None`: none of them.
///
/// # Errors
/// When there is no terminal.
pub(super) fn pick(title: &str, lines: &[String]) -> Result<Option<usize>> {
    let mut terminal = open()?;
    let mut picker = Picker::new(lines.len().max(1));
    let mut is_first = true;
    let raw = RawMode::enter(&terminal)?;
    loop {
        let size = tty::size_of(terminal.as_fd()).unwrap_or(Size::new(80, 24));
        let text = drawn(title, lines, (picker.at, is_first), size);
        terminal.write_all(text.as_bytes()).context(|| "cannot write to the terminal")?;
        is_first = false;
        let mut bytes = [0; 16];
        let read = terminal.read(&mut bytes).context(|| "cannot read from the terminal")?;
        let step = if read == 0 { Step::Left } else { picker.key(&bytes[..read]) };
        if step != Step::Stay {
            drop(raw);
            return Ok(if let Step::Chosen(at) = step { Some(at) } else { None });
        }
    }
}

/// The part of the list that fits, with the line `at` in it; drawn again, over itself. No line is longer than the terminal
/// is wide, or the next one would not begin where it is thought to.
fn drawn(title: &str, lines: &[String], (at, is_first): (usize, bool), size: Size) -> String {
    let columns = usize::from(size.cols).saturating_sub(1);
    let room = usize::from(size.rows).saturating_sub(2).clamp(1, lines.len().max(1));
    let from = at.saturating_sub(room / 2).min(lines.len().saturating_sub(room));
    let mut text = match is_first {
        true => format!("{}\r\n", clip(&plain(&format!("{title}  {KEYS}")), columns)),
        false => format!("\x1b[{room}A"),
    };
    for (number, line) in lines.iter().enumerate().skip(from).take(room) {
        let mark = if number == at { '>' } else { ' ' };
        let line = plain(&format!("{mark} {}  {line}", number + 1));
        text.push_str(&format!("\r\x1b[2K{}\r\n", clip(&line, columns)));
    }
    text
}

/// Asks for a text that is not shown; `None`: the person gave none.
///
/// # Errors
/// When there is no terminal.
pub(super) fn hidden(question: &str) -> Result<Option<Secret>> {
    let mut terminal = open()?;
    let raw = RawMode::enter(&terminal)?;
    let asked = write!(terminal, "{}: ", plain(question));
    asked.context(|| "cannot write to the terminal")?;
    let mut typed = Zeroizing::new(String::with_capacity(LONGEST));
    let given = loop {
        let mut byte = [0];
        let read = terminal.read(&mut byte).context(|| "cannot read from the terminal")?;
        match byte[0] {
            _ if read == 0 => break false,
            b'\r' | b'\n' => break !typed.is_empty(),
            0x03 | 0x04 | 0x1b => break false,
            0x08 | 0x7f => drop(typed.pop()),
            byte if byte.is_ascii_graphic() && typed.len() < LONGEST => typed.push(char::from(byte)),
            _ => {}
        }
    };
    drop(raw);
    drop(terminal.write_all(b"\n"));
    Ok(given.then(|| Secret::new(typed.as_str())))
}

fn open() -> Result<File> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    terminal.context(|| "there is no terminal to ask on")
}

/// Nothing in it moves the cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_and_choose() {
        let mut picker = Picker::new(3);
        assert_eq!((picker.key(b"\x1b[B"), picker.at), (Step::Stay, 1));
        assert_eq!((picker.key(b"\x1bOA"), picker.at), (Step::Stay, 0));
        assert_eq!((picker.key(b"k"), picker.at), (Step::Stay, 2));
        assert_eq!(picker.key(b"\r"), Step::Chosen(2));
        assert_eq!(picker.key(b"2"), Step::Chosen(1));
        assert_eq!(picker.key(b"7"), Step::Stay);
        for key in [&b"q"[..], b"\x1b", b"\x03"] {
            assert_eq!(picker.key(key), Step::Left);
        }
    }

    #[test]
    fn of_more_than_nine_a_number_may_have_two_digits() {
        let mut picker = Picker::new(12);
        assert_eq!((picker.key(b"1"), picker.at), (Step::Stay, 0));
        assert_eq!(picker.key(b"2"), Step::Chosen(11));
        let mut picker = Picker::new(12);
        assert_eq!(picker.key(b"5"), Step::Chosen(4));
        let mut picker = Picker::new(12);
        assert_eq!((picker.key(b"1"), picker.key(b"\r")), (Step::Stay, Step::Chosen(0)));
    }

    #[test]
    fn a_list_is_drawn_over_itself_and_holds_no_controls() {
        let lines = vec!["prod".to_owned(), "de\x1b[2Jv".to_owned()];
        let first = drawn("Role", &lines, (1, true), Size::new(80, 24));
        assert!(first.contains("  1  prod\r\n") && first.contains("> 2  de\u{fffd}[2Jv\r\n"), "{first}");
        assert!(drawn("Role", &lines, (0, false), Size::new(80, 24)).starts_with("\x1b[2A"));
    }
    #[test]
    fn a_list_fits_a_small_terminal() {
        let lines: Vec<String> = (0..30).map(|number| format!("role-{number} {}", "x".repeat(90))).collect();
        let shown = drawn("Role", &lines, (20, false), Size::new(20, 8));
        assert!(shown.starts_with("\x1b[6A") && shown.matches("\r\n").count() == 6, "{shown}");
        assert!(shown.contains("> 21  role-20 ") && !shown.contains(&"x".repeat(12)), "{shown}");
        let last = drawn("Role", &lines, (29, false), Size::new(20, 8));
        assert!(last.contains("> 30") && last.contains("  25  role-24"), "{last}");
        assert!(drawn("Role", &lines, (3, true), Size::new(1, 1)).contains("\r\n"));
    }
}
