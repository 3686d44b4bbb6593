//! Values in something: a wrapper of a language, a dump's type, the next lines.

use super::alphabet::Set;
use super::alphabet::VISIBLE;
use super::values::Reader;
use super::view::LINE_BACK;
use super::view::Look;

impl Reader<'_> {
    /// `Some("x")`, also over lines, and `b'x'`; `None`: it is something else.
    pub(super) fn wrapped(&self, at: usize, letter: u8, set: Set) -> Option<Look> {
        if letter != b'S' {
            return match self.view.at(at + 1) {
                Some(quote @ (b'"' | b'\'')) => Some(self.strong(at + 2, quote, true)),
                None if !self.view.is_last() => Some(Look::hold(at, set)),
                _ => None,
            };
        }
        let known = self.view.slice(at, at + 5);
        if known != b"Some(" {
            let could = b"Some(".starts_with(known) && !self.view.is_last();
            return could.then(|| Look::hold(at, set));
        }
        let Some(next) = self.skip(at + 5, 80, b" \t\r\n") else { return Some(Look::hold(at, set)) };
        match self.view.at(next) {
            None => Some(if self.view.is_last() { Look::No } else { Look::hold(at, set) }),
            Some(quote @ b'"') => Some(self.in_quotes(next + 1, quote, 0)),
            Some(_) => None,
        }
    }

    /// `["password"]=>` and on the next line `string(14) "x"`
    pub(super) fn dumped(&self, at: usize) -> Look {
        let Some(at) = self.skip(at, 80, b"\r\n \t") else { return Look::WAIT };
        let rest = self.view.slice(at, at + 20);
        let known = rest.len().min(7);
        if rest[..known] != b"string("[..known] {
            return Look::No;
        }
        let Some(quote) = rest.iter().position(|byte| *byte == b'"') else {
            return if rest.len() < 20 { self.ending() } else { Look::No };
        };
        self.in_quotes(at + quote + 1, b'"', 0)
    }

    /// `<<EOT`, and the value on the next line.
    pub(super) fn heredoc(&self, at: usize) -> Option<Look> {
        let rest = self.view.slice(at, at + 24);
        if !b"<<".starts_with(&rest[..rest.len().min(2)]) || rest.is_empty() {
            return None;
        }
        if rest.len() < 2 && !self.view.is_last() {
            return Some(Look::hold(at, VISIBLE));
        }
        let Some(line) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            return Some(if rest.len() < 24 { self.ending() } else { Look::No });
        };
        let Some(value) = self.skip(at + line, 80, b"\r\n \t") else { return Some(Look::WAIT) };
        Some(self.word(value, true))
    }

    /// `name="password"`, an empty line, and the value: a part of a form.
    pub(super) fn part(&self, at: usize) -> Look {
        let Some(value) = self.skip(at, 4, b"\r\n") else { return Look::WAIT };
        let lines = self.view.slice(at, value).iter().filter(|byte| **byte == b'\n').count();
        if lines == 2 { self.word(value, true) } else { Look::No }
    }

    /// `password.......... x`, from the first dot on.
    pub(super) fn dotted(&self, at: usize) -> Look {
        let Some(end) = self.skip(at, 200, b".") else { return Look::WAIT };
        if end < at + 3 {
            return Look::No;
        }
        let Some(value) = self.skip(end, 8, b" ") else { return Look::WAIT };
        match self.view.at(value) {
            None => self.ending(),
            Some(quote @ (b'"' | b'\'')) => self.in_quotes(value + 1, quote, 0),
            Some(_) => self.word(value, true),
        }
    }

    /// Whether the line shows a change of a plan: `~ name = "old" -> "new"`.
    pub(super) fn is_change(&self) -> bool {
        let before = self.view.line_before(self.start);
        before.len() < LINE_BACK && before.trim_ascii_start().starts_with(b"~")
    }
}
