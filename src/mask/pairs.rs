//! Names and values that no `=` or `:` joins: arguments of calls, numbered listings, declared types, blocks, columns.

use super::alphabet::VISIBLE;
use super::benign;
use super::matchers;
use super::values::BLANKS;
use super::values::Reader;
use super::view::Look;

/// Types that may stand between a name and its value, and what stands between the type and the value.
const TYPES: &[&[u8]] = &[
    b"str = ",
    b"&str = ",
    b"&'static str = ",
    b"String = ",
    b"string = ",
    b"String? = ",
    b"string | undefined = ",
    b"Optional[str] = ",
    b"Final = ",
    b"Final[str] = ",
    b"std::string = ",
];
/// Words after which a name and its value stand apart by a blank.
const SETTERS: &[&[u8]] = &[b"setx", b"setenv", b"ENV"];

/// Whether a command that sets a variable ends `before`, so that `name` and its value follow.
pub fn sets(before: &[u8], name: &[u8]) -> bool {
    let mut before = before.trim_ascii_end();
    let ends = |before: &[u8], setter: &[u8]| {
        before
            .strip_suffix(setter)
            .is_some_and(|rest| rest.last().is_none_or(|byte| !byte.is_ascii_alphanumeric()))
    };
    if SETTERS.iter().any(|setter| ends(before, setter)) {
        return true;
    }
    // `set NAME value`, `set -gx name value`: `set` is a word of prose too, but not before a name in capitals.
    let mut options = false;
    while let Some(blank) = before.iter().rposition(|byte| *byte == b' ')
        && before[blank + 1..].starts_with(b"-")
    {
        options = true;
        before = before[..blank].trim_ascii_end();
    }
    ends(before, b"set") && (options || !name.iter().any(u8::is_ascii_lowercase))
}

/// Whether the name of a column begins `before`'s line, so that its value may stand after blanks.
pub fn begins_row(before: &[u8]) -> bool {
    // A box's border, a mark of the row that is chosen.
    before.len() <= 8
        && !before.iter().any(|byte| byte.is_ascii_alphanumeric() || b"=:\"'#/;`$".contains(byte))
}

/// What is no word and no placeholder: for places where most texts are names.
pub fn is_strong(value: &[u8]) -> bool {
    value.len() >= 6
        && !benign::value(value, true)
        && !benign::plain_word(value)
        && (value.iter().filter(|byte| byte.is_ascii_digit()).count() > 2
            || value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_uppercase)
            || value.iter().any(|byte| b"!@#$%^&+=~".contains(byte)))
        && !value.iter().any(|byte| b"{}<>()".contains(byte))
        && !value.iter().any(u8::is_ascii_whitespace)
}

impl Reader<'_> {
    /// `("NAME", "value"`, `["--flag", "value"`: from the comma on.
    pub fn argument(&self, comma: usize) -> Look {
        let Some(at) = self.skip(comma + 1, 80, b" \t\r\n") else { return Look::WAIT };
        if !self.name.starts_with(b"-") && self.view.slice(comma, at).contains(&b'\n') {
            return Look::No;
        }
        match self.view.at(at) {
            None => self.ending(),
            Some(quote @ (b'"' | b'\'' | b'`')) => {
                let before = self.view.line_before(self.start);
                let defined =
                    before[before.len().saturating_sub(24)..].windows(7).any(|word| word == b"define(");
                self.strong(at + 1, quote, !self.name.starts_with(b"-") && !defined)
            }
            Some(_) => Look::No,
        }
    }

    /// A quoted value of at most 200 letters that is no name itself.
    pub(super) fn strong(&self, at: usize, quote: u8, strict: bool) -> Look {
        let rest = self.view.slice(at, at + 200);
        let Some(end) = rest.iter().position(|byte| *byte == quote || *byte == b'\n' || *byte == b'\\')
        else {
            return if rest.len() < 200 && !self.view.is_last() && !rest.is_empty() {
                Look::hold(at, VISIBLE.without(b"\"'`"))
            } else {
                self.ending()
            };
        };
        let value = &rest[..end];
        let is_one =
            if strict { is_strong(value) } else { !value.starts_with(b"-") && !benign::value(value, true) };
        if is_one && rest[end] == quote { Look::closed(at, at, at + end) } else { Look::No }
    }

    /// `3) "name"`, and on the next line `4) "value"`, as redis-cli lists them.
    pub fn listed(&self, at: usize, before: &[u8]) -> Look {
        let number = before.trim_ascii_start().strip_suffix(b") \"").unwrap_or_default();
        if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
            return Look::No;
        }
        let Some(next) = self.skip(at, 32, b"\r\n ") else { return Look::WAIT };
        let rest = self.view.slice(next, next + 12);
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let known = &rest[digits..rest.len().min(digits + 3)];
        if !b") \"".starts_with(known) || digits == 0 && !rest.is_empty() {
            return Look::No;
        }
        if known.len() < 3 {
            return self.ending();
        }
        matchers::quoted(next + digits + 3, b'"', 0, self.view)
    }

    /// `name: type = "value"`, from the type on; `None`: there is no type.
    pub fn declared(&self, at: usize) -> Option<Look> {
        let known = self.view.slice(at, at + 24);
        for written in TYPES {
            if let Some(rest) = known.strip_prefix(*written) {
                return Some(match rest.first() {
                    Some(quote @ (b'"' | b'\'' | b'`')) => self.in_quotes(at + written.len() + 1, *quote, 0),
                    Some(_) => Look::No,
                    None => self.ending(),
                });
            }
        }
        // Without its blank a type may be a value's beginning; with it, it is none and has been shown.
        let blank = known.contains(&b' ');
        let may_follow = TYPES.iter().any(|written| written.starts_with(known));
        if may_follow && !known.is_empty() && !self.view.is_last() {
            return Some(if blank { Look::WAIT } else { Look::hold(at, VISIBLE.without(b"\"'`")) });
        }
        let word = known.split(|byte| *byte == b' ').next().unwrap_or_default();
        let is_type = |written: &&[u8]| written.strip_prefix(word).is_some_and(|rest| rest.starts_with(b" "));
        (blank && TYPES.iter().any(is_type)).then_some(Look::No)
    }

    /// `name: |` or `name: >-`, and the value on the next line.
    pub fn block(&self, at: usize) -> Option<Look> {
        let known = self.view.slice(at, at + 3);
        let signs = known.iter().skip(1).take_while(|byte| matches!(byte, b'+' | b'-')).count();
        if !matches!(known.first(), Some(b'|' | b'>')) {
            return None;
        }
        match known.get(1 + signs) {
            // The signs may begin a value, too.
            None if known.len() < 3 && !self.view.is_last() => {
                return Some(Look::hold(at, VISIBLE.without(b"\"'`")));
            }
            Some(b'\r' | b'\n') => {}
            _ => return None,
        }
        let from = at + 1 + signs;
        let Some(value) = self.skip(from, 80, b"\r\n \t") else { return Some(Look::WAIT) };
        let gap = self.view.slice(from, value);
        let indented = gap.last().is_some_and(|byte| *byte == b' ' || *byte == b'\t');
        Some(if indented { self.word(value, true) } else { Look::No })
    }

    /// `set -gx NAME value`, `setx NAME "value"`
    pub fn set(&self, at: usize) -> Look {
        match self.view.at(at) {
            None => self.ending(),
            Some(b'-' | b'/') => Look::No,
            Some(quote @ (b'"' | b'\'')) => matchers::quoted(at + 1, quote, 0, self.view),
            Some(_) => self.word(at, false),
        }
    }

    /// `name      value` alone on its line, with three blanks or more between them.
    pub fn row(&self, end: usize, at: usize) -> Look {
        if at < end + 2 || at > end + BLANKS { Look::No } else { self.word(at, true) }
    }

    /// One word; `strict`: alone to the end of its line, and no word of a language.
    pub(super) fn word(&self, at: usize, strict: bool) -> Look {
        const LONGEST: usize = 512;
        let set = VISIBLE.without(b"\"'`");
        let rest = self.view.slice(at, at + LONGEST);
        let count = set.span(rest);
        if count == rest.len() && !self.view.is_last() {
            return if count == LONGEST {
                Look::No
            } else if count == 0 {
                Look::WAIT
            } else {
                Look::hold(at, set)
            };
        }
        let value = &rest[..count];
        // The border of a box may follow.
        if strict
            && rest.len() < LONGEST
            && !self.view.is_last()
            && rest[count..].iter().all(|byte| *byte == b' ')
        {
            return Look::hold(at, set);
        }
        let bar = matches!(rest.get(count..).unwrap_or_default().trim_ascii_start(), [0xe2, ..]);
        let alone = matches!(rest.get(count), None | Some(b'\n' | b'\r')) || bar;
        let is_one = if strict { alone && is_strong(value) } else { !benign::value(value, true) };
        if is_one { Look::closed(at, at, at + count) } else { Look::No }
    }

    /// `"name" value="…"`, `"name" content="…"`: from the second name on.
    pub fn attribute(&self, at: usize) -> Look {
        for written in [&b"value=\""[..], b"content=\"", b"value='", b"content='"] {
            let known = self.view.slice(at, at + written.len());
            if known == written {
                return matchers::quoted(at + written.len(), written[written.len() - 1], 0, self.view);
            }
            if known.len() < written.len() && written.starts_with(known) {
                return self.ending();
            }
        }
        Look::No
    }
}
