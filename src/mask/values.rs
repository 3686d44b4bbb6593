//! Reads from a sensitive name to its value: over quotes, signs and blanks, in shells, JSON, YAML, XML, SQL and tables.

use super::alphabet::Set;
use super::alphabet::VALUE;
use super::alphabet::VISIBLE;
use super::benign;
use super::code;
use super::matchers;
use super::near;
use super::pairs;
use super::runs::Run;
use super::view::LINE_BACK;
use super::view::Look;
use super::view::View;

/// The most blanks between a name and what follows it: a wide table's.
pub const BLANKS: usize = 200;
/// A value of this length is no benign one.
const SURE: usize = 64;

/// Reads from the end of a name to its value.
pub struct Reader<'a> {
    /// The text.
    pub view: View<'a>,
    /// Where the name begins.
    pub start: usize,
    /// The name.
    pub name: &'a [u8],
    /// Only what looks like an encoded credential counts.
    pub strict: bool,
}

/// What surrounds a value that is not quoted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// `NAME=value`
    Assigned,
    /// `?name=value&`, `;Name=value;`
    Query,
    /// `name: value`
    Colon,
    /// `--name value`
    Flag,
    /// `password value` of a netrc file
    Netrc,
    /// `<name>value<`
    Element,
}

impl Reader<'_> {
    /// The first byte at `at` or later that is not one of `of`, at most `most` on; `None`: wait.
    pub(super) fn skip(&self, at: usize, most: usize, of: &[u8]) -> Option<usize> {
        let rest = self.view.slice(at, at + most);
        let count = rest.iter().take_while(|byte| of.contains(byte)).count();
        (count < rest.len() || rest.len() == most || self.view.is_last()).then_some(at + count)
    }

    /// What stands after the name, which ends at `end`.
    pub fn after_name(&self, end: usize) -> Look {
        // `"name"`, `\"name\"`, `['name']`
        let Some(unslashed) = self.skip(end, 8, b"\\") else { return Look::WAIT };
        let mut at = unslashed;
        let mut closed = None;
        match self.view.at(at) {
            None => return self.ending(),
            Some(quote @ (b'"' | b'\'' | b'`')) => {
                closed = Some(quote);
                at += 1;
            }
            Some(b'&') => match self.entity(at) {
                Some(true) => at += 6,
                Some(false) => return Look::No,
                None => return Look::WAIT,
            },
            Some(_) if unslashed > end => return Look::No,
            Some(_) => {}
        }
        if let Some(look) = self.in_insert(at) {
            return look;
        }
        let Some(at) = self.skip(at, 4, b"])") else { return Look::WAIT };
        let before = self.view.line_before(self.start);
        if closed.is_none() && self.view.at(at) == Some(b'\t') {
            let is_row = before[before.len().saturating_sub(64)..].contains(&b'\t');
            return self.csv(at, before, b'\t').or(|| match is_row {
                true => self.word(at + 1, true),
                false => self.after_blanks(end, at, before, None),
            });
        }
        self.after_blanks(end, at, before, closed)
    }

    /// What stands after the blanks behind the name, which begin at `at`.
    fn after_blanks(&self, end: usize, unspaced: usize, before: &[u8], closed: Option<u8>) -> Look {
        let mut at = unspaced;
        match self.skip(at, BLANKS, b" \t") {
            Some(next) => at = next,
            None => return Look::WAIT,
        }
        let Some(sign) = self.view.at(at) else { return self.ending() };
        if sign == b'.' {
            return self.dotted(at);
        }
        if let Some(look) = self.in_insert(at) {
            return look;
        }
        match sign {
            b'=' => self.assigned(at, before),
            b':' => self.colon(at, closed.is_some() || at > end),
            b'>' if before.ends_with(b"<") => self.element(at + 1),
            b'>' if closed.is_some() => self.element_of_name(at + 1, before),
            b'<' if closed.is_none() => self.sibling(at),
            b'|' => self.further_cell(at, before).or(|| self.cell(at, before)).or(|| match closed {
                None => self.csv(at, before, b'|'),
                Some(_) => Look::No,
            }),
            _ if near::begins_bar(sign) => self.further_cell(at, before).or(|| self.apart(at, before)),
            b',' if closed == Some(b'\'') => self.sql_value(at).or(|| self.argument(at)),
            b',' if closed == Some(b'"') => self.after_comma(at, before),
            b',' if closed.is_none() => self
                .csv(at, before, b',')
                .or(|| if near::is_naming(before) { self.named_value(at) } else { Look::No }),
            b';' if closed.is_none() => self.csv(at, before, b';'),
            b'\r' | b'\n' if closed == Some(b'"') && before.ends_with(b"name=\"") => self.part(at),
            b'\r' | b'\n' if closed == Some(b'"') && before.starts_with(b"\"") => {
                self.quoted_header(at, before)
            }
            b'\r' | b'\n' if closed == Some(b'"') && near::is_naming(before) => self.named_value(at),
            b'\r' | b'\n' if closed == Some(b'"') => self.listed(at, before),
            b'\r' | b'\n' if before.contains(&b'\t') && closed.is_none() => self.csv(at, before, b'\t'),
            b'\r' | b'\n' if before.contains(&b',') && closed.is_none() => self.csv(at, before, b','),
            b'v' | b'c' if at > unspaced && closed == Some(b'"') => self.attribute(at),
            b'\r' | b'\n' if before.contains(&b'|') => self
                .cell(at, before)
                .or(|| if closed.is_none() { self.csv(at, before, b'|') } else { Look::No }),
            b'\r' | b'\n' if near::is_naming(before) => self.named_value(at),
            b'\r' | b'\n' if closed.is_none() && before.contains(&b';') => self.csv(at, before, b';'),
            b'\r' | b'\n' if closed.is_none() && unspaced == end => self.title(end),
            b'"' if at > unspaced && closed.is_none() && near::begins_word(before) => {
                self.quoted_word(at).or(|| self.apart(at, before))
            }
            b'\'' if at > unspaced && self.name.eq_ignore_ascii_case(b"password") => {
                matchers::quoted(at + 1, b'\'', 0, self.view)
            }
            _ if at > unspaced && closed.is_none() && pairs::sets(before, self.name) => self.set(at),
            _ if at > unspaced && closed.is_none() => self
                .spaced(at, before)
                .or(|| if pairs::begins_row(before) { self.row(end, at) } else { Look::No })
                .or(|| self.title(end))
                .or(|| self.apart(at, before)),
            _ => Look::No,
        }
    }

    /// The text stops before a value.
    pub(super) fn ending(&self) -> Look {
        if self.view.is_last() { Look::No } else { Look::WAIT }
    }

    /// Whether `&quot;` stands at `at`; `None`: wait.
    fn entity(&self, at: usize) -> Option<bool> {
        let rest = self.view.slice(at, at + 6);
        if rest == b"&quot;" {
            return Some(true);
        }
        (self.view.is_last() || !b"&quot;".starts_with(rest)).then_some(false)
    }

    /// `=`, `==` (no), `=>`
    fn assigned(&self, at: usize, before: &[u8]) -> Look {
        let Some(next) = self.view.at(at + 1) else { return self.ending() };
        if next == b'=' {
            return Look::No;
        }
        let at = if next == b'>' { at + 2 } else { at + 1 };
        let Some(value) = self.skip(at, 40, b" \t") else { return Look::WAIT };
        if next == b'>' && matches!(self.view.at(value), Some(b'\n' | b'\r')) {
            return self.dumped(value);
        }
        if let Some(look) = self.heredoc(value) {
            return look;
        }
        let query = before.last().is_some_and(|byte| matches!(byte, b'?' | b'&' | b';'));
        let set = if query { VALUE.without(b"&#<>)") } else { VALUE };
        // `KEY=value` to the end of the word, commas too, where the name begins the line.
        let line = before.iter().all(|byte| byte.is_ascii_whitespace() || b"+-".contains(byte))
            || before.ends_with(b"export ");
        let set = if line && value == at { VISIBLE.without(b"\"'`;") } else { set.without(b"\\") };
        self.value(value, set, if query { Around::Query } else { Around::Assigned })
    }

    /// `name: value`; `tight` if there must be no doubt without the space.
    pub(super) fn colon(&self, at: usize, sure: bool) -> Look {
        let Some(next) = self.view.at(at + 1) else { return self.ending() };
        // `userPassword:: base64` of a directory.
        if next == b':' && self.view.at(at + 2).is_none() && !self.view.is_last() {
            // Where it is no directory, the second colon is the value's.
            return if sure { Look::hold(at + 1, VISIBLE) } else { Look::WAIT };
        }
        let coded = next == b':'
            && self.view.at(at + 2) == Some(b' ')
            && self.view.line_before(self.start).is_empty();
        if next == b'*' && !sure {
            return self.set_bold(at + 1);
        }
        let at = if next == b'=' || coded { at + 2 } else { at + 1 };
        let Some(value) = self.skip(at, 40, b" \t") else { return Look::WAIT };
        if self.view.slice(value, value + 6) == b"!!str " {
            return self.word(value + 6, false);
        }
        if let Some(look) = self.declared(value).or_else(|| self.block(value)) {
            return look;
        }
        if self.view.at(value) == Some(b'{') && sure {
            return self.nested(value + 1);
        }
        let quoted = match self.view.at(value) {
            None => return self.ending(),
            Some(byte) => matches!(byte, b'"' | b'\'' | b'\\' | b'&'),
        };
        if value == at && !sure && !quoted && next != b'=' {
            // `arn:…:secret:prod/db-x`, `std::token::x`, but `password:hunter2!`
            let before = self.view.before(self.start);
            let first = before
                .last()
                .is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'{' | b'"' | b'['));
            if !first || next == b':' {
                return Look::No;
            }
        }
        let around = if next == b'=' { Around::Assigned } else { Around::Colon };
        let json = matches!(self.view.slice(self.start + self.name.len(), at), [.., b'"', b':']);
        self.value(value, if json { VALUE.without(b"}]") } else { VALUE }, around)
    }

    pub(super) fn element(&self, at: usize) -> Look {
        self.value(at, VISIBLE.with(b' ').without(b"<>"), Around::Element)
    }

    /// `--name value`, `-storepass value`, `password value` of a netrc file
    fn spaced(&self, at: usize, before: &[u8]) -> Look {
        let option =
            self.name.starts_with(b"--") || self.name.starts_with(b"-") && self.name.ends_with(b"pass");
        let directive = near::is_directive(self.name) && before.trim_ascii().is_empty();
        let flag = (option || directive) && !matches!(self.view.at(at), Some(b'-'));
        let has = |word: &[u8]| before.windows(word.len()).any(|window| window == word);
        let above = self.view.before(self.start);
        let machine = above.windows(8).rposition(|word| word == b"machine ").map(|at| &above[at..]);
        let lines = machine.is_some_and(|entry| entry.windows(6).any(|word| word == b"login "));
        if lines && before.trim_ascii_start().is_empty() && self.name == b"password" {
            // Some services give out UUIDs as passwords.
            return self.value(at, VISIBLE.without(b"\"'`"), Around::Netrc);
        }
        let netrc = has(b"login ") && (has(b"machine ") || before.trim_ascii_start().starts_with(b"login "));
        if flag || netrc { self.value(at, VISIBLE.without(b"\"'`"), Around::Flag) } else { Look::No }
    }

    /// `VALUES ('name', 'value')`
    fn sql_value(&self, at: usize) -> Look {
        let line = self.view.line_before(self.start);
        if !line.windows(6).any(|word| word.eq_ignore_ascii_case(b"values")) {
            return Look::No;
        }
        let Some(at) = self.skip(at + 1, 4, b" ") else { return Look::WAIT };
        match self.view.at(at) {
            None => self.ending(),
            Some(b'\'') => matchers::quoted(at + 1, b'\'', 0, self.view),
            Some(_) => Look::No,
        }
    }

    /// `"name": "DB_PASSWORD", "value": "x"`, `name: DB_PASSWORD\n value: x`
    pub(super) fn named_value(&self, at: usize) -> Look {
        let Some(at) = self.skip(at, 80, b" \t\r\n\"'\\,") else { return Look::WAIT };
        // `value`, `ParameterValue`, `option_value`
        let word = self.view.slice(at, at + 32);
        let letters = word.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        if letters == word.len() {
            return if letters < 32 { self.ending() } else { Look::No };
        }
        let word = &word[..letters];
        if word.len() < 5 || !word[word.len() - 5..].eq_ignore_ascii_case(b"value") {
            return Look::No;
        }
        let Some(colon) = self.skip(at + letters, 8, b"\"'\\ ") else { return Look::WAIT };
        match self.view.at(colon) {
            None => self.ending(),
            Some(b':') => self.colon(colon, true),
            Some(b'=') => self.assigned(colon, b""),
            Some(_) => Look::No,
        }
    }

    /// The value itself, from `at`.
    fn value(&self, at: usize, set: Set, around: Around) -> Look {
        let Some(unslashed) = self.skip(at, 8, b"\\") else { return Look::WAIT };
        match self.view.at(unslashed) {
            None => return self.ending(),
            Some(quote @ (b'"' | b'\'' | b'`')) if around != Around::Element => {
                if unslashed == at && self.closes(quote, at) {
                    return Look::No;
                }
                let triple = self.view.slice(unslashed, unslashed + 3);
                if unslashed == at && triple == [quote; 3] {
                    let Some(start) = self.skip(unslashed + 3, 2, b"\r\n") else { return Look::WAIT };
                    return self.in_quotes(start, quote, 0);
                }
                if unslashed == at && triple == [quote; 2] && !self.view.is_last() {
                    return Look::WAIT;
                }
                let look = self.in_quotes(unslashed + 1, quote, unslashed - at);
                let look = match look {
                    Look::Hit(hit) if hit.then.is_none() && quote == b'"' && self.is_change() => {
                        Look::open(hit.whole, hit.start, hit.end, Run::Changed(false))
                    }
                    look => look,
                };
                return if self.strict { self.only_encoded(look) } else { look };
            }
            Some(b'&')
                if !matches!(around, Around::Assigned | Around::Query) && self.entity(at) == Some(true) =>
            {
                return self.unquoted(at + 6, VALUE.without(b"&<>"), Around::Assigned);
            }
            Some(b'&')
                if !matches!(around, Around::Assigned | Around::Query) && self.entity(at).is_none() =>
            {
                return Look::hold(at, set);
            }
            Some(b'\r' | b'\n') if unslashed == at + 1 => {
                let Some(next) = self.skip(unslashed, 80, b"\r\n \t") else { return Look::WAIT };
                return self.word(next, true);
            }
            // `Some("…")`, `b'…'`
            Some(letter @ (b'S' | b'b' | b'u' | b'r')) if around != Around::Element => {
                if let Some(look) = self.wrapped(unslashed, letter, set) {
                    return look;
                }
            }
            Some(_) if unslashed == at && around != Around::Element => {
                if let Some(look) = self.called(at, set) {
                    return look;
                }
            }
            Some(_) => {}
        }
        // Backslashes in front are public: they were shown before it was known what follows.
        self.unquoted(unslashed, set, around)
    }

    /// Whether the quote at `at` ends a text that began before the name: `say("password: ")`.
    fn closes(&self, quote: u8, at: usize) -> bool {
        let before = self.view.line_before(self.start);
        if before.len() >= LINE_BACK {
            return false;
        }
        let line = self.view.slice(self.start - before.len(), at);
        let is_letter = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
        let count = line.iter().enumerate().filter(|(at, byte)| {
            let previous = at.checked_sub(1).and_then(|at| line.get(at));
            let apostrophe = quote == b'\'' && is_letter(previous) && is_letter(line.get(at + 1));
            **byte == quote && previous != Some(&b'\\') && !apostrophe
        });
        !count.count().is_multiple_of(2)
    }

    /// A quoted value that is no name and no sentence.
    pub(super) fn in_quotes(&self, start: usize, quote: u8, slashes: usize) -> Look {
        match matchers::quoted(start, quote, slashes, self.view) {
            Look::No if self.has_uuid(self.view.slice(start, start + 36)) => {
                let end = start + 36;
                match self.view.at(end) {
                    Some(byte) if byte == quote || byte == b'\\' => Look::closed(start, start, end),
                    _ => Look::No,
                }
            }
            Look::Hit(hit) if hit.then.is_none() && code::is_name(self.view.slice(hit.start, hit.end)) => {
                Look::No
            }
            look => look,
        }
    }

    fn unquoted(&self, at: usize, set: Set, around: Around) -> Look {
        let rest = self.view.slice(at, at + SURE);
        let count = set.span(rest);
        let known = &rest[..count];
        let run = Run::Letters(set);
        if benign::value(known, false) {
            return Look::No;
        }
        let prose = around == Around::Element && known.contains(&b' ');
        if count == SURE && (benign::long(known) || prose) {
            return Look::No;
        }
        if count == SURE {
            return self.only_encoded(Look::open(at, at, at + count, run));
        }
        if count == rest.len() && !self.view.is_last() {
            return if count == 0 { Look::WAIT } else { Look::hold(at, set) };
        }
        let none = match around {
            Around::Query => benign::value(known, true) && !benign::is_reference(known),
            Around::Netrc => benign::placeholder(known),
            _ => benign::value(known, true) && !self.has_uuid(known),
        };
        let code = matches!(around, Around::Assigned | Around::Colon)
            && (benign::is_code(known)
                || !self.is_setting() && (code::is_variable(known) || code::is_about_itself(known)));
        if none || code || self.is_prose(known, rest.get(count).copied(), around) {
            return Look::No;
        }
        self.only_encoded(Look::closed(at, at, at + count))
    }

    /// Whether the name is that of an environment variable.
    fn is_setting(&self) -> bool {
        !self.name.iter().any(u8::is_ascii_lowercase)
    }

    /// Words after `name:` in prose and code, and types.
    fn is_prose(&self, value: &[u8], next: Option<u8>, around: Around) -> bool {
        let word = benign::plain_word(value);
        let member = self.name.starts_with(b"self.") || self.name.starts_with(b"this.");
        if word && (member || self.name.ends_with(value)) {
            return true;
        }
        match around {
            Around::Colon if next == Some(b';') && code::is_type_name(value) => true,
            Around::Colon => word || next == Some(b' ') && !value.iter().any(u8::is_ascii_digit),
            Around::Assigned => word && (value.len() < 8 || matches!(next, Some(b';' | b',' | b' '))),
            Around::Flag => word && value.len() < 6,
            Around::Query | Around::Netrc => false,
            Around::Element => next != Some(b'<') || matches!(value.first(), Some(b',' | b' ')),
        }
    }

    /// `"auth": "…"` is a credential only if it looks like base64.
    fn only_encoded(&self, look: Look) -> Look {
        let Look::Hit(hit) = &look else { return look };
        let value = self.view.slice(hit.start, hit.end);
        let encoded = value.len() >= 16 && super::alphabet::BASE64.span(value) == value.len();
        if self.strict && !(encoded && benign::looks_random(value)) { Look::No } else { look }
    }
}
