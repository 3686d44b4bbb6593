//! Tables whose columns only blanks keep apart: a header of words, and rows whose cells begin below them.

use super::benign;
use super::near::is_phrase;
use super::pairs::is_strong;
use super::runs::Lines;
use super::runs::Rest;
use super::runs::Run;
use super::values::Reader;
use super::view::LINE_BACK;
use super::view::Look;

/// The longest header looked at after the name.
const HEADER: usize = 512;

/// A column that begins below a name in the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aligned {
    /// Letters before the column.
    column: usize,
    /// A ruler stands below the header: one blank between cells is enough.
    ruled: bool,
    /// What the column's name says of its cells.
    cells: Cells,
    rest: Rest,
}

/// What a column may have besides secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cells {
    /// Passwords, also such as people make up.
    Passwords,
    /// Tokens.
    Tokens,
    /// Secrets, or the names of secrets.
    Names,
}

fn letters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// Whether the text has nothing but a header's words: none that begins small, where the name does not.
fn are_titles(text: &[u8], ruled: bool) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" _-/()%#.".contains(byte) || !byte.is_ascii();
    text.iter().all(plain)
        && (ruled
            || !text.split(|byte| *byte == b' ').any(|word| word.first().is_some_and(u8::is_ascii_lowercase)))
}

impl Reader<'_> {
    /// `NAME   PASSWORD   AGE`: the name, which ends at `end`, as the title of a column.
    pub fn title(&self, end: usize) -> Look {
        let before = self.view.line_before(self.start);
        if before.len() >= LINE_BACK {
            return Look::No;
        }
        // `API KEY` is one title.
        let words = [&b"API "[..], b"ACCESS ", b"SECRET ", b"Api ", b"Access ", b"Secret "];
        let first = words.iter().find(|word| before.ends_with(word)).map_or(0, |word| word.len());
        let before = &before[..before.len() - first];
        let rest = self.view.slice(end, end + HEADER);
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            return if rest.len() < HEADER && are_titles(rest, true) { self.ending() } else { Look::No };
        };
        let after = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
        // As while the line was waited for.
        if !are_titles(&rest[..length], true) && !are_titles(after, true) {
            return Look::No;
        }
        let small = self.name.first().is_some_and(u8::is_ascii_lowercase);
        let next = self.view.slice(end + length + 1, end + length + 4);
        let ruled = match next {
            [b'-' | b'=', b'-' | b'=', ..] | [b' ', b'-', b'-'] => true,
            [] | [b'-' | b' ' | b'='] | [b' ', b'-'] if !self.view.is_last() => return Look::WAIT,
            _ => false,
        };
        let gap: &[u8] = if ruled { b" " } else { b"  " };
        let apart =
            (before.is_empty() || before.ends_with(gap)) && (after.is_empty() || after.starts_with(gap));
        let alone = before.trim_ascii().is_empty() && after.trim_ascii().is_empty();
        if small && !ruled || !apart || alone || !are_titles(before, ruled) || !are_titles(after, ruled) {
            return Look::No;
        }
        let lower = self.name.to_ascii_lowercase();
        let is = |words: &[&[u8]]| words.iter().any(|word| lower.ends_with(word));
        let cells = match () {
            () if is(&[b"password", b"passwd", b"pwd", b"passphrase", b"pass"]) => Cells::Passwords,
            () if is(&[b"secret", b"secrets", b"credential", b"credentials"]) => Cells::Names,
            () => Cells::Tokens,
        };
        let start = end + length + 1;
        let run = Aligned { column: letters(before), ruled, cells, rest: Rest::Fresh };
        Look::open(start, start, start, Run::Aligned(run))
    }
}

impl Aligned {
    /// Where the column's cell begins in a line; `None`: the line is no row.
    fn cell(&self, line: &[u8]) -> Option<usize> {
        let mut count = 0;
        let at = line.iter().position(|byte| {
            count += usize::from(*byte & 0xc0 != 0x80);
            count > self.column
        })?;
        let gap = if self.ruled { 1 } else { 2 };
        let before = &line[at.saturating_sub(gap)..at];
        before.iter().all(|byte| *byte == b' ').then_some(at)
    }

    fn is_secret(&self, value: &[u8]) -> bool {
        match self.cells {
            Cells::Passwords => value.len() >= 6 && !benign::value(value, true) && !benign::plain_word(value),
            Cells::Tokens => value.len() >= 8 && (is_strong(value) || is_phrase(value)),
            Cells::Names => value.len() >= 8 && is_strong(value) && !value.contains(&b'-'),
        }
    }
}

impl Lines for Aligned {
    fn line(&mut self, line: &[u8], at: usize, hide: &mut dyn FnMut(usize, usize, bool)) -> bool {
        let whole = line.ends_with(b"\n");
        let text = line.trim_ascii_end();
        if self.rest != Rest::Fresh {
            let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
            if self.rest == Rest::Hidden {
                hide(at, at + end, false);
            }
            self.rest = match whole {
                true => Rest::Fresh,
                false if end < text.len() => Rest::Shown,
                false => self.rest,
            };
            return true;
        }
        if text.is_empty() {
            return false;
        }
        if text.iter().all(|byte| b"-= ".contains(byte)) {
            return true;
        }
        // The titles of the next table.
        let titles = !text.iter().any(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if titles && text.windows(2).any(|two| two == b"  ") {
            return false;
        }
        let Some(start) = self.cell(text) else { return false };
        let length = text[start..].iter().position(|byte| *byte == b' ').unwrap_or(text.len() - start);
        let is_secret = self.is_secret(&text[start..start + length]);
        if is_secret {
            hide(at + start, at + start + length, true);
        }
        self.rest = match (whole, is_secret && start + length == text.len()) {
            (true, _) => Rest::Fresh,
            (false, true) => Rest::Hidden,
            (false, false) => Rest::Shown,
        };
        true
    }

    fn shown(&self, line: &[u8]) -> usize {
        match self.rest {
            Rest::Hidden => 0,
            Rest::Shown => line.len(),
            Rest::Fresh => self.cell(line).unwrap_or(line.len()),
        }
    }
}
