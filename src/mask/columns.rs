//! Tables: a name in one cell and its value in the next, or a name at the head of a column, parted by bars, commas and
//! their like.

use super::alphabet::Set;
use super::alphabet::VISIBLE;
use super::benign;
use super::runs::Column;
use super::runs::Rest;
use super::runs::Run;
use super::values::Reader;
use super::view::Look;

/// What a table's cell may have.
const CELL: Set = VISIBLE.with(b' ').with(b'\t').without(b"|");

impl Reader<'_> {
    /// `name | value` alone on its line, or a column's header.
    pub(super) fn cell(&self, at: usize, before: &[u8]) -> Look {
        if before.iter().all(|byte| matches!(byte, b' ' | b'|' | b'`')) && self.view.at(at) == Some(b'|') {
            let boxed = before.contains(&b'|');
            let key_value = self.key_value_cell(at, boxed);
            if boxed || !matches!(key_value, Look::No) {
                return key_value;
            }
        }
        // The rest of the header, then a ruler.
        let rest = self.view.slice(at, at + 1024);
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return if rest.len() < 1024 { self.ending() } else { Look::No };
        };
        let Some(ruler) = self.skip(at + end + 1, 1024, b"-+|= ") else { return Look::WAIT };
        if ruler < at + end + 4 {
            return Look::No;
        }
        let Some(start) = self.skip(ruler, 2, b"\r\n") else { return Look::WAIT };
        if self.view.slice(ruler, start).last() != Some(&b'\n') {
            return Look::No;
        }
        let index = before.iter().filter(|byte| **byte == b'|').count();
        Look::open(start, start, start, Run::Column(Column { index, separator: b'|', rest: Rest::Fresh }))
    }

    /// `|  name  |  value  |` or `name | value`; a ruler on the next line makes it a header.
    fn key_value_cell(&self, at: usize, boxed: bool) -> Look {
        let Some(start) = self.skip(at + 1, 80, b" ") else { return Look::WAIT };
        let rest = self.view.slice(start, start + 2048);
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            let held = rest.len() < 2048 && !rest.is_empty() && !self.view.is_last();
            return match held {
                true => Look::hold(start, CELL),
                false if self.view.is_last() && !rest.is_empty() => self.cell_value(start, rest),
                false => self.ending(),
            };
        };
        let next = self.view.slice(start + end + 1, start + end + 3);
        if next.len() < 2 && !self.view.is_last() && (next.is_empty() || next == b"-") {
            return Look::hold(start, CELL);
        }
        if next == b"--" && !boxed {
            return Look::No;
        }
        self.cell_value(start, &rest[..end])
    }

    fn cell_value(&self, start: usize, line: &[u8]) -> Look {
        let cell = line.split(|byte| *byte == b'|').next().unwrap_or_default().trim_ascii_end();
        // Markdown sets code in backticks.
        if let Some(code) = cell.strip_prefix(b"`").and_then(|cell| cell.strip_suffix(b"`"))
            && !benign::value(code, true)
        {
            return Look::closed(start + 1, start + 1, start + 1 + code.len());
        }
        let more = line[cell.len()..].iter().filter(|byte| **byte == b'|').count();
        if cell.is_empty() || more > 1 || benign::value(cell, true) {
            return Look::No;
        }
        Look::closed(start, start, start + cell.len())
    }

    /// `"name": "DB_PASSWORD", "value": "x"`, `f("name", "value")`, or a header of quoted names.
    pub(super) fn after_comma(&self, at: usize, before: &[u8]) -> Look {
        self.named_value(at + 1).or(|| self.argument(at)).or(|| self.quoted_header(at, before))
    }

    /// `"user","password"` at the beginning of a line.
    pub(super) fn quoted_header(&self, at: usize, before: &[u8]) -> Look {
        if before.starts_with(b"\"") { self.csv(at, before, b',') } else { Look::No }
    }

    /// A header of names without spaces, then rows.
    pub(super) fn csv(&self, at: usize, before: &[u8], separator: u8) -> Look {
        let name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-\"".contains(byte) || *byte == separator;
        if !before.iter().all(name) {
            return Look::No;
        }
        let rest = self.view.slice(at, at + 1024);
        let names = rest.iter().take_while(|byte| name(byte)).count();
        let end = match rest.get(names) {
            None => return if rest.len() < 1024 { self.ending() } else { Look::No },
            Some(b'\r') => names + 1,
            Some(_) => names,
        };
        match rest.get(end) {
            None => return self.ending(),
            Some(b'\n') => {}
            Some(_) => return Look::No,
        }
        let commas = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == separator).count();
        let index = commas(before);
        if index + commas(&rest[..end]) < 2 {
            return Look::No;
        }
        let start = at + end + 1;
        Look::open(start, start, start, Run::Column(Column { index, separator, rest: Rest::Fresh }))
    }
}
