//! A recording as text: the lines as they were seen, then the last screen of each full-screen program.

use std::io;
use std::io::Write;
use std::ops::Range;

use crate::cast::Event;
use crate::cast::Header;
use crate::cast::Kind;
use crate::term::Screen;
use crate::term::Snapshot;
use crate::term::Watcher;
use crate::term::safe;
use crate::types::Micros;

/// Most screens of full-screen programs kept; one is at most 2 MiB, usually 4 KiB.
const MAX_SCREENS: usize = 1_000;

/// Writes the text, then `note` as a line of its own. Every line is safe to print: control characters are written out.
///
/// # Errors
/// When the output cannot be written.
pub fn write_text(
    header: &Header,
    events: impl Iterator<Item = Event>,
    note: Option<&str>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut screen = Screen::new(header.cols, header.rows);
    let mut log = Log::default();
    let mut screens: Vec<(Micros, String)> = Vec::new();
    let (mut left_out, mut last) = (0_u64, Micros(0));
    for event in events {
        last = event.time;
        match event.kind {
            Kind::Output => screen.feed_watched(&event.data, &mut log),
            Kind::Resize => {
                if let Some((cols, rows)) = event.size() {
                    screen.resize(cols, rows);
                }
            }
            _ => {}
        }
        for text in log.alternate.drain(..) {
            if screens.len() < MAX_SCREENS {
                screens.push((event.time, text));
            } else {
                left_out += 1;
            }
        }
        log.lines.drain(..).try_for_each(|line| write_line(out, &line))?;
    }
    if screen.is_alternate() {
        screens.push((last, screen.text()));
    }
    let rest = screen.main_lines();
    let used = rest.iter().rposition(|(text, _)| !text.trim_end().is_empty()).map_or(0, |at| at + 1);
    rest[..used].iter().for_each(|(text, wrapped)| log.scrolled_off(text, *wrapped));
    log.end();
    log.lines.iter().try_for_each(|line| write_line(out, line))?;
    for (time, text) in &screens {
        writeln!(out, "\n--- full-screen program, last screen at {} ---", clock(*time))?;
        text.lines().try_for_each(|line| write_line(out, line))?;
    }
    if left_out > 0 {
        writeln!(out, "\n--- {left_out} more full-screen programs left out ---")?;
    }
    note.map_or(Ok(()), |note| writeln!(out, "\n--- {} ---", safe(note)))
}

/// Writes what one screen shows, then `note`.
///
/// # Errors
/// When the output cannot be written.
pub fn write_screen(screen: &Snapshot, note: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<String> = (0..screen.rows).map(|row| screen.row_text(row)).collect();
    let used = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |at| at + 1);
    rows[..used].iter().try_for_each(|row| write_line(out, row))?;
    note.map_or(Ok(()), |note| writeln!(out, "\n--- {} ---", safe(note)))
}

fn write_line(out: &mut impl Write, line: &str) -> io::Result<()> {
    writeln!(out, "{}", safe(line.trim_end()))
}

/// `1:02:03.456`, without hours when there are none.
#[must_use]
pub fn clock(time: Micros) -> String {
    let millis = time.0 / 1_000;
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}.{millis:03}")
    } else {
        format!("{minutes}:{seconds:02}.{millis:03}")
    }
}

#[derive(Default)]
struct Log {
    pending: String,
    lines: Vec<String>,
    alternate: Vec<String>,
}

/// Longest logical line put together from wrapped rows, in bytes.
const MAX_LINE: usize = 1 << 20;

impl Log {
    fn end(&mut self) {
        if !self.pending.is_empty() {
            self.lines.push(std::mem::take(&mut self.pending));
        }
    }
}

impl Watcher for Log {
    fn changed(&mut self, _: Range<usize>) {}

    fn scrolled_off(&mut self, text: &str, wrapped: bool) {
        self.pending.push_str(text);
        if !wrapped || self.pending.len() > MAX_LINE {
            self.lines.push(std::mem::take(&mut self.pending));
        }
    }

    fn left_alternate(&mut self, text: &str) {
        if self.alternate.len() < MAX_SCREENS {
            self.alternate.push(text.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outputs: &[&str]) -> String {
        let header = Header { cols: 10, rows: 3, ..Header::default() };
        let events = outputs.iter().zip(1..).map(|(data, n)| Event {
            time: Micros(n * 1_000_000),
            kind: Kind::Output,
            data: (*data).to_owned(),
        });
        let mut out = Vec::new();
        write_text(&header, events, None, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_that_wrapped_are_one_again_and_colours_are_gone() {
        assert_eq!(
            text(&["\x1b[32mone\x1b[m\r\n", "0123456789abcdef\r\n", "three\r\nfour\r\n"]),
            "one\n0123456789abcdef\nthree\nfour\n"
        );
    }

    #[test]
    fn progress_that_overwrites_itself_shows_its_end() {
        assert_eq!(text(&["10 %\r", "50 %\r", "100 %\r\nok\u{202e}"]), "100 %\nok\\u{202e}\n");
    }

    #[test]
    fn a_full_screen_program_leaves_its_last_screen() {
        assert_eq!(
            text(&[
                "$ vim\r\n",
                "\x1b[?1049h\x1b[Hfirst",
                "\x1b[2J\x1b[Hsecond",
                "\x1b[?1049l",
                "$ exit\r\n"
            ]),
            "$ vim\n$ exit\n\n--- full-screen program, last screen at 0:04.000 ---\nsecond\n"
        );
    }

    #[test]
    fn a_reset_does_not_lose_what_was_seen() {
        assert_eq!(text(&["before\r\n", "\x1bc", "after\r\n"]), "before\n\n\nafter\n");
    }
}
