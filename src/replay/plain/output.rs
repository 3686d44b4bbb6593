//! Output of a recording that is followed, line by line: each line once, when the cursor has left it.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use super::Plain;
use super::screen::spoken;
use crate::cast::Event;
use crate::cast::Kind;
use crate::term::Screen;
use crate::term::Watcher;

/// Longest line put together from rows that wrapped, in bytes.
const MAX_LINE: usize = 64 << 10;

/// What the screen shows, and how much of it has been told.
pub struct Output {
    screen: Screen,
    lines: Lines,
    is_alternate: bool,
}

/// Lines of the main screen, each named by the number of its last row, counted from the first row of all.
#[derive(Default)]
struct Lines {
    /// How many rows have left the top of the screen.
    gone: u64,
    /// The beginning of a line whose last row is still on the screen.
    pending: String,
    /// What was told of the rows that are on the screen.
    told: BTreeMap<u64, String>,
    /// What is to be told.
    due: Vec<String>,
    /// The last screen of a full-screen program.
    left: Option<String>,
}

impl Lines {
    /// A line stands there: tells it, if it is another one than before.
    fn line(&mut self, number: u64, text: &str) {
        let line = spoken(text);
        if line.is_empty() {
            self.told.remove(&number);
        } else if self.told.get(&number) != Some(&line) {
            self.told.insert(number, line.clone());
            self.due.push(line);
        }
    }

    fn joined(text: &mut String, row: &str) {
        if text.len() < MAX_LINE {
            text.push_str(row);
        }
    }
}

impl Watcher for Lines {
    fn changed(&mut self, _: Range<usize>) {}

    fn scrolled_off(&mut self, text: &str, wrapped: bool) {
        Self::joined(&mut self.pending, text);
        if !wrapped {
            let line = std::mem::take(&mut self.pending);
            self.line(self.gone, &line);
        }
        self.told.remove(&self.gone);
        self.gone += 1;
    }

    fn left_alternate(&mut self, text: &str) {
        // Only the newest can matter to whoever listens now.
        self.left = Some(text.to_owned());
    }
}

impl Output {
    /// An empty screen of that size.
    pub fn new(cols: u16, rows: u16) -> Self {
        Self { screen: Screen::new(cols, rows), lines: Lines::default(), is_alternate: false }
    }

    /// Takes what came.
    pub fn take(&mut self, event: &Event) {
        match (event.kind, event.size()) {
            (Kind::Output, _) => self.screen.feed_watched(&event.data, &mut self.lines),
            (Kind::Resize, Some((cols, rows))) => self.screen.resize(cols, rows),
            _ => {}
        }
    }

    /// Tells the lines that are finished. Call it before something else is told, and when nothing more has come.
    pub fn tell(&mut self, plain: &mut Plain<'_>) -> io::Result<()> {
        let row = self.screen.snapshot().focus.1;
        if !self.screen.is_alternate() {
            self.take_rows(usize::from(row));
        }
        self.write(plain)?;
        if std::mem::replace(&mut self.is_alternate, self.screen.is_alternate()) != self.is_alternate {
            let words = if self.is_alternate { "began" } else { "ended" };
            plain.fact("full-screen program", words)?;
        }
        Ok(())
    }

    /// Tells the rest: the line that the cursor stands in, too.
    pub fn finish(mut self, plain: &mut Plain<'_>) -> io::Result<()> {
        self.tell(plain)?;
        if !self.screen.is_alternate() {
            self.take_rows(usize::MAX);
            self.write(plain)?;
        }
        Ok(())
    }

    /// Takes the rows of the main screen above `end`.
    fn take_rows(&mut self, end: usize) {
        let mut line = self.lines.pending.clone();
        let rows = self.screen.main_lines();
        let last = rows.len() - 1;
        for (row, (text, wraps)) in rows.into_iter().enumerate().take(end) {
            Lines::joined(&mut line, &text);
            if !wraps || row == last {
                self.lines.line(self.lines.gone + row as u64, &std::mem::take(&mut line));
            }
        }
    }

    fn write(&mut self, plain: &mut Plain<'_>) -> io::Result<()> {
        if let Some(text) = self.lines.left.take() {
            for (row, line) in (1..).zip(text.lines()) {
                plain.fact(&format!("full-screen program, last row {row}"), &spoken(line))?;
            }
        }
        self.lines.due.drain(..).try_for_each(|line| plain.fact("output", &line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Micros;

    fn told(pieces: &[&str]) -> String {
        let mut out = Vec::new();
        let mut plain = Plain::new(&mut out);
        let mut output = Output::new(10, 3);
        for piece in pieces {
            let event = Event { time: Micros(0), kind: Kind::Output, data: (*piece).to_owned() };
            output.take(&event);
            output.tell(&mut plain).unwrap();
        }
        output.finish(&mut plain).unwrap();
        String::from_utf8(out).unwrap().replace("output: ", "")
    }

    #[test]
    fn every_line_is_told_once_when_it_is_finished() {
        assert_eq!(told(&["one\r\ntw", "o\r\nthree\r\nfour\r\nfi", "ve"]), "one\ntwo\nthree\nfour\nfive\n");
        assert_eq!(told(&["10 %\r", "50 %\r", "100 %\r\n", "$ "]), "100 %\n$\n");
        assert_eq!(told(&["0123456789abcd\r\n", "x"]), "0123456789abcd\nx\n");
        assert_eq!(told(&["a\r\nb\r\n", "\x1b[2J\x1b[Hc\r\n", "d"]), "a\nb\nc\nd\n");
        assert_eq!(told(&["a\r\nb\r\n\x1b[2A", "a\r\nb\r\n\x1b[2A", "a\r\nB\r\n"]), "a\nB\n");
    }

    #[test]
    fn a_full_screen_program_says_when_it_comes_and_what_it_leaves() {
        assert_eq!(
            told(&["x\r\n", "\x1b[?1049h\x1b[2J\x1b[Hin vim", "\x1b[?1049l", "y\r\n"]),
            "x\nfull-screen program: began\nfull-screen program, last row 1: in vim\nfull-screen program: ended\ny\n"
        );
    }
}
