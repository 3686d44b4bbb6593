//! Where a subcommand writes: text of recordings made harmless, columns fitted to the width.

use std::io;
use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

use crate::error::Error;
use crate::error::Result;
use crate::query;
use crate::term::is_unsafe;
use crate::term::safe;
use crate::types::Micros;

/// The two streams of a subcommand and what it must know to write on them.
pub struct Console<'a> {
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error, for notices.
    pub err: &'a mut dyn Write,
    /// Columns of the terminal; none when output goes elsewhere and nothing is to be cut off.
    pub width: Option<usize>,
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// The time now, in microseconds since the Unix epoch.
    pub now: u64,
}

impl Console<'_> {
    /// The time that a query's relative times are counted from.
    #[must_use]
    pub fn query_time(&self) -> query::Now {
        query::Now { unix_micros: self.now, zone: self.zone.clone() }
    }

    /// Writes a line. Whoever read our output may have gone away (`| head`): that is no error.
    pub fn line(&mut self, text: &str) -> Result<()> {
        match writeln!(self.out, "{text}") {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::io("cannot write the output", &cause))
            }
            _ => Ok(()),
        }
    }

    /// Writes bytes as they are, for programs that read them.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        match self.out.write_all(bytes) {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::io("cannot write the output", &cause))
            }
            _ => Ok(()),
        }
    }

    /// Writes a JSON value as a line, its hidden and control characters as `\u` escapes.
    pub fn json(&mut self, value: &serde_json::Value) -> Result<()> {
        let mut line = String::new();
        for letter in value.to_string().chars() {
            match is_unsafe(letter) {
                true => letter
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| line.push_str(&format!("\\u{unit:04x}"))),
                false => line.push(letter),
            }
        }
        self.line(&line)
    }

    /// Writes a notice; whether it can be written changes nothing.
    pub fn notice(&mut self, text: &str) {
        drop(writeln!(self.err, "hoopctl: {}", safe(text)));
    }

    /// Writes rows under their titles. Columns are as wide as they need to be; the last one gets what is left of the
    /// width. Numbers stand to the right. A row of one cell is a heading of its own, as long as it is. Cells must be
    /// [`safe`].
    pub fn table(&mut self, titles: &[&str], numbers: &[usize], rows: &[Vec<String>]) -> Result<()> {
        let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
        let widths: Vec<usize> = (0..titles.len())
            .map(|column| {
                let whole = rows.iter().chain([&titles]).filter(|row| row.len() > 1 || titles.len() == 1);
                whole.filter_map(|row| row.get(column)).map(|cell| cell.width()).max()
            })
            .map(Option::unwrap_or_default)
            .collect();
        for row in std::iter::once(&titles).chain(rows) {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let pad = " ".repeat(width.saturating_sub(cell.width()));
                let gap = if column == 0 { "" } else { "  " };
                match numbers.contains(&column) {
                    true => line.extend([gap, &pad, cell]),
                    false => line.extend([gap, cell, &pad]),
                }
            }
            let line = match self.width {
                Some(width) => fitted(&line, width),
                None => line,
            };
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// A moment as `2026-07-01 12:30:05` in the console's zone.
    #[must_use]
    pub fn moment(&self, unix_micros: u64) -> String {
        let moment = i64::try_from(unix_micros).ok().and_then(|at| Timestamp::from_microsecond(at).ok());
        let moment = moment.unwrap_or_default().to_zoned(self.zone.clone());
        moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// A moment as RFC 3339 in UTC, for machines.
#[must_use]
pub fn rfc3339(unix_micros: u64) -> String {
    let moment = i64::try_from(unix_micros).ok().and_then(|at| Timestamp::from_microsecond(at).ok());
    moment.unwrap_or_default().to_string()
}

/// A length of time as `4.2s`, `3m05s`, `2h07m`.
#[must_use]
pub fn length(took: Micros) -> String {
    let seconds = took.0 / 1_000_000;
    match seconds {
        0..60 => format!("{}.{}s", seconds, took.0 / 100_000 % 10),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A short length of time: `0.8ms`, `312ms`, then as [`length`].
#[must_use]
pub fn brief(took: Micros) -> String {
    match took.0 {
        0..10_000 => format!("{}.{}ms", took.0 / 1_000, took.0 / 100 % 10),
        10_000..1_000_000 => format!("{}ms", took.0 / 1_000),
        _ => length(took),
    }
}

/// A place in a recording as `1:02:03.4`.
#[must_use]
pub fn place(at: Micros) -> String {
    let (seconds, tenth) = (at.0 / 1_000_000, at.0 / 100_000 % 10);
    format!("{}:{:02}:{:02}.{tenth}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// At most `width` columns of a [`safe`] line, with `…` where something was cut off.
#[must_use]
pub fn fitted(line: &str, width: usize) -> String {
    if line.trim_end().width() <= width {
        return line.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for letter in line.chars() {
        used += letter.width().unwrap_or(0);
        if used >= width {
            break;
        }
        out.push(letter);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_the_width() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console =
            Console { out: &mut out, err: &mut err, width: Some(20), zone: TimeZone::UTC, now: 0 };
        let rows = [
            vec!["a".to_owned(), "1".to_owned(), "long 中文 text".to_owned()],
            vec!["bb".into(), "22".into(), "x".into()],
        ];
        console.table(&["ID", "N", "WHAT"], &[1], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "ID   N  WHAT\na    1  long 中文 t…\nbb  22  x\n");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(length(Micros(4_260_000)), "4.2s");
        assert_eq!(length(Micros(185_000_000)), "3m05s");
        assert_eq!(length(Micros(7_620_000_000)), "2h07m");
        assert_eq!([840, 312_900, 4_260_000].map(|took| brief(Micros(took))), ["0.8ms", "312ms", "4.2s"]);
        assert_eq!(place(Micros(3_723_450_000)), "1:02:03.4");
    }
}
