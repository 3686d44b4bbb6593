//! Names whose value stands beside them and not after a sign: in the next member or cell, one level further in, in the
//! row of an insert.

use super::benign;
use super::pairs;
use super::runs::BAR;
use super::runs::Column;
use super::runs::Rest;
use super::runs::Run;
use super::tuples::Tuples;
use super::values::BLANKS;
use super::values::Reader;
use super::view::Look;

/// Members that hold the value in an object that has the name.
const VALUES: &[&[u8]] = &[b"\"value\"", b"\"Value\"", b"\"result\"", b"\"plaintext\""];
/// Bars between the cells of boxes: `│`, `┃`, `║`, `┆`, `┊`.
const BARS: &[[u8; 3]] =
    &[[0xe2, 0x94, 0x82], [0xe2, 0x94, 0x83], [0xe2, 0x95, 0x91], [0xe2, 0x94, 0x86], [0xe2, 0x94, 0x8a]];

/// Whether a bar of a box may begin with `byte`.
pub fn begins_bar(byte: u8) -> bool {
    byte == 0xe2
}

/// Whether a member such as `"ParameterKey": "` or `name: ` ends `before`, so that the next one may have the value.
pub fn is_naming(before: &[u8]) -> bool {
    let rest = before.trim_ascii_end();
    let rest = rest.strip_suffix(b"\"").or(rest.strip_suffix(b"'")).unwrap_or(rest).trim_ascii_end();
    let Some(rest) = rest.strip_suffix(b":").or(rest.strip_suffix(b"=")) else { return false };
    let rest = rest.trim_ascii_end();
    let rest = rest.strip_suffix(b"\"").unwrap_or(rest);
    [&b"name"[..], b"key", b"field", b"variable"]
        .iter()
        .any(|word| rest.len() >= word.len() && rest[rest.len() - word.len()..].eq_ignore_ascii_case(word))
}

/// Whether a name is a setting of a server's configuration, which a blank alone parts from its value.
pub fn is_directive(name: &[u8]) -> bool {
    [&b"bindpw"[..], b"rootpw", b"requirepass", b"masterauth"].contains(&name)
}

/// Whether a name that follows `before` is a word of its own that may be set by a blank: `:password "x"`.
pub fn begins_word(before: &[u8]) -> bool {
    let before = before.strip_suffix(b":").unwrap_or(before);
    before.iter().all(u8::is_ascii_whitespace)
        || before.last().is_some_and(|byte| b"{( ".contains(byte)) && before.contains(&b':')
}

impl Reader<'_> {
    /// `"name": {"sensitive": true, "value": "x"}`, from the brace on.
    pub fn nested(&self, at: usize) -> Look {
        const LONGEST: usize = 512;
        let rest = self.view.slice(at, at + LONGEST);
        let mut from = 0;
        while let Some(byte) = rest.get(from) {
            match byte {
                b'{' | b'}' | b'[' => return Look::No,
                b'"' => {
                    let Some(length) = rest[from + 1..].iter().position(|byte| matches!(byte, b'"' | b'\n'))
                    else {
                        break;
                    };
                    let end = from + length + 2;
                    if VALUES.contains(&&rest[from..end]) {
                        let Some(colon) = self.skip(at + end, 8, b" ") else { return Look::WAIT };
                        if self.view.at(colon).is_none() {
                            return self.ending();
                        }
                        if self.view.at(colon) == Some(b':') {
                            return self.nested_value(colon + 1);
                        }
                    }
                    from = end;
                }
                _ => from += 1,
            }
        }
        if rest.len() < LONGEST { self.ending() } else { Look::No }
    }

    fn nested_value(&self, at: usize) -> Look {
        let Some(at) = self.skip(at, 8, b" ") else { return Look::WAIT };
        match self.view.at(at) {
            None => self.ending(),
            Some(b'"') => self.in_quotes(at + 1, b'"', 0),
            Some(_) => Look::No,
        }
    }

    /// `<property name="name">x</property>`, from the text on.
    pub fn element_of_name(&self, at: usize, before: &[u8]) -> Look {
        let opening = before.iter().rposition(|byte| *byte == b'<').map(|open| &before[open..]);
        let named = opening.is_some_and(|tag| {
            [&b" name="[..], b" key=", b" id="]
                .iter()
                .any(|word| tag.windows(word.len()).any(|part| part == *word))
        });
        if named { self.only_text(at) } else { Look::No }
    }

    /// `<key>name</key><string>x</string>`, from the closing tag on.
    pub fn sibling(&self, at: usize) -> Look {
        let rest = self.view.slice(at, at + 200);
        let Some(close) = rest.iter().position(|byte| *byte == b'>') else {
            return if rest.len() < 200 { self.ending() } else { Look::No };
        };
        if !rest.starts_with(b"</") {
            return Look::No;
        }
        let Some(open) = self.skip(at + close + 1, 80, b" \t\r\n") else { return Look::WAIT };
        let rest = self.view.slice(open, open + 24);
        let Some(end) = rest.iter().position(|byte| *byte == b'>') else {
            return if rest.len() < 24 && b"<".starts_with(&rest[..rest.len().min(1)]) {
                self.ending()
            } else {
                Look::No
            };
        };
        let tag = rest[..end].to_ascii_lowercase();
        if tag == b"<string" || tag.starts_with(b"<") && tag.ends_with(b"value") {
            self.only_text(open + end + 1)
        } else {
            Look::No
        }
    }

    /// The text of an element, if it is one word and no word of a language.
    fn only_text(&self, at: usize) -> Look {
        let rest = self.view.slice(at, at + 512);
        let Some(end) = rest.iter().position(|byte| matches!(byte, b'<' | b'\n')) else {
            let set = super::alphabet::VISIBLE.without(b"<");
            let word = set.span(rest) == rest.len();
            return match rest.len() {
                0 => self.ending(),
                length if length < 512 && word && !self.view.is_last() => Look::hold(at, set),
                _ => Look::No,
            };
        };
        let value = &rest[..end];
        let is_one = rest[end] == b'<'
            && !value.iter().any(u8::is_ascii_whitespace)
            && !benign::value(value, true)
            && !benign::plain_word(value);
        if is_one { Look::closed(at, at, at + end) } else { Look::No }
    }

    /// `name "x"` with nothing but a blank between them.
    pub fn quoted_word(&self, at: usize) -> Look {
        let rest = self.view.slice(at + 1, at + 201);
        let Some(end) = rest.iter().position(|byte| matches!(byte, b'"' | b'\n' | b' ')) else {
            let set = super::alphabet::VISIBLE.without(b"\"");
            return match rest.len() {
                0 => self.ending(),
                length if length < 200 && !self.view.is_last() => Look::hold(at + 1, set),
                _ => Look::No,
            };
        };
        let value = &rest[..end];
        let is_one = rest[end] == b'"' && !benign::value(value, true) && !benign::plain_word(value);
        if is_one { Look::closed(at + 1, at + 1, at + 1 + end) } else { Look::No }
    }

    /// The cell after the name's, in a row of a table: a value where it is no word and no name.
    pub fn further_cell(&self, at: usize, before: &[u8]) -> Look {
        let bar = self.view.slice(at, at + 3);
        let width = match bar.first() {
            Some(b'|') => 1,
            _ if bar.len() < 3 && BARS.iter().any(|known| known.starts_with(bar)) => return self.ending(),
            _ if BARS.iter().any(|known| known == bar) => 3,
            _ => return Look::No,
        };
        let boxed = before.trim_ascii_end().last().is_some_and(|byte| *byte == b'|' || !byte.is_ascii());
        if !boxed && before.trim_ascii().is_empty() && width == 1 {
            return Look::No;
        }
        let Some(start) = self.skip(at + width, BLANKS, b" ") else { return Look::WAIT };
        let rest = self.view.slice(start, start + 512);
        let first = bar[0];
        let Some(end) = rest.iter().position(|byte| *byte == first || matches!(byte, b' ' | b'\n' | b'\r'))
        else {
            let set = super::alphabet::VISIBLE.without(b"|");
            return match rest.len() {
                0 => self.ending(),
                length if length < 512 && !self.view.is_last() => Look::hold(start, set),
                _ => Look::No,
            };
        };
        let value = &rest[..end];
        let code = value.strip_prefix(b"`").and_then(|value| value.strip_suffix(b"`"));
        let (from, value) = code.map_or((start, value), |code| (start + 1, code));
        // A bar must follow the value, or the end of the line.
        let Some(next) = self.skip(start + end, BLANKS, b" ") else {
            return Look::hold(start, super::alphabet::VISIBLE.without(b"|"));
        };
        let Some(byte) = self.view.at(next) else { return self.ending() };
        if width == 3
            && let Some(look) = self.boxed_title(at, before)
        {
            let waits = matches!(look, Look::More(_)) && !value.is_empty();
            return if waits { Look::hold(from, super::alphabet::VISIBLE.without(b"|")) } else { look };
        }
        let is_one = matches!(byte, b'\r' | b'\n') || byte == first;
        let looks = pairs::is_strong(value) || is_phrase(value);
        if is_one && looks { Look::closed(from, from, from + value.len()) } else { Look::No }
    }

    /// `COPY t (a, name) FROM stdin;`, and rows parted by tabs.
    fn copied(&self, at: usize, columns: &[u8]) -> Look {
        let rest = self.view.slice(at, at + 512);
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return if rest.len() < 512 { self.ending() } else { Look::No };
        };
        if !rest[..end].to_ascii_lowercase().windows(11).any(|words| words == b" from stdin") {
            return Look::No;
        }
        let index = columns.iter().filter(|byte| **byte == b',').count();
        let start = at + end + 1;
        Look::open(start, start, start, Run::Column(Column { index, separator: b'\t', rest: Rest::Fresh }))
    }

    /// `│ user │ password │` over a ruler: a column's title in a box. `None`: it is none.
    fn boxed_title(&self, at: usize, before: &[u8]) -> Option<Look> {
        let rest = self.view.slice(at, at + 1024);
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return (rest.len() < 1024 && !self.view.is_last()).then_some(Look::WAIT);
        };
        let next = self.view.slice(at + end + 1, at + end + 1025);
        let Some(ruler) = next.iter().position(|byte| *byte == b'\n') else {
            let could =
                !next.iter().any(u8::is_ascii_alphanumeric) && next.len() < 1024 && !self.view.is_last();
            return could.then_some(Look::WAIT);
        };
        if next[..ruler].iter().any(u8::is_ascii_alphanumeric) || !next.starts_with(&[0xe2]) {
            return None;
        }
        let index = before.iter().filter(|byte| **byte == BAR).count();
        let start = at + end + 1;
        Some(Look::open(
            start,
            start,
            start,
            Run::Column(Column { index, separator: BAR, rest: Rest::Fresh }),
        ))
    }

    /// A column of `INSERT INTO t (a, name) VALUES`, if this is one.
    pub fn in_insert(&self, at: usize) -> Option<Look> {
        if !matches!(self.view.at(at), Some(b',' | b')')) {
            return None;
        }
        let before = self.view.before(self.start);
        let open = before.iter().rposition(|byte| *byte == b'(')?;
        let columns = &before[open + 1..];
        if columns.contains(&b')') || columns.contains(&b';') {
            return None;
        }
        let head = before[..open].to_ascii_lowercase();
        if let Some(copy) = head.windows(5).rposition(|words| words == b"copy ")
            && !head[copy..].contains(&b'\n')
        {
            return Some(self.copied(at, columns));
        }
        let into = head.windows(12).rposition(|words| words == b"insert into ")?;
        if head[into + 12..].iter().any(|byte| b"();=".contains(byte)) {
            return None;
        }
        let index = columns.iter().filter(|byte| **byte == b',').count();
        let rest = self.view.slice(at, at + 1024);
        let waiting = if rest.len() < 1024 { self.ending() } else { Look::No };
        let Some(close) = rest.iter().position(|byte| *byte == b')') else { return Some(waiting) };
        let Some(word) = self.skip(at + close + 1, 80, b" \t\r\n") else { return Some(Look::WAIT) };
        let values = self.view.slice(word, word + 6);
        if !b"values".starts_with(&values.to_ascii_lowercase()) {
            return Some(Look::No);
        }
        if values.len() < 6 {
            return Some(self.ending());
        }
        let start = word + 6;
        Some(Look::open(start, start, start, Run::Tuples(Tuples::of(index))))
    }
}

/// Words joined by dashes with a number at the end: how people make up passwords.
pub fn is_phrase(value: &[u8]) -> bool {
    value.len() >= 8
        && value.last().is_some_and(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
        && !value.starts_with(b"sha")
        && !value.starts_with(b"aes")
        && !value.iter().any(|byte| b"./:<>(){}[]".contains(byte) || byte.is_ascii_whitespace())
        && !benign::value(value, true)
}
