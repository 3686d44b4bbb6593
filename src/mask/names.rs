//! Values that stand next to a sensitive name: `DB_PASSWORD=x`, `"client_secret": "x"`, `--password x`, a table's column.

use super::alphabet::Set;
use super::alphabet::VALUE;
use super::alphabet::VISIBLE;
use super::benign;
use super::matchers;
use super::runs::Column;
use super::runs::Run;
use super::view::Look;
use super::view::Place;
use super::view::View;

/// The longest name looked at, on each side of its keyword.
const NAME: usize = 64;
/// A value of this length is no benign one.
const SURE: usize = 64;

/// Last words of names whose value is about the secret, and not it.
const ABOUT: &[&str] = &[
    "id", "ids", "arn", "arns", "name", "names", "path", "paths", "file", "files", "filename", "url", "uri", "ttl",
    "type", "types", "count", "expiry", "expires", "expiration", "policy", "enabled", "used", "algorithm", "alg", "scope",
    "scopes", "length", "len", "required", "version", "versions", "status", "state", "region", "date", "at", "in",
    "size", "index", "hint", "format", "manager", "provider", "endpoint", "host", "port", "user", "username",
    "stdin", "reset", "age", "days", "hours", "minutes", "seconds", "limit", "max", "min", "usage", "method", "mode",
    "source", "label", "field", "column", "prefix", "suffix", "pattern", "regex", "rotation", "lifetime", "interval",
    "timeout", "time", "created", "updated", "modified", "changed", "description", "title", "prompt", "error",
    "message", "class", "store", "ref", "spec", "usages", "list", "map", "set", "alias", "aliases", "owner", "length",
    "fingerprint", "specs", "store", "service", "budget", "left", "remaining", "per", "exists", "valid", "validity",
];
/// Words that make a name public.
const PUBLIC: &[&str] = &[
    "public", "publishable", "next", "continuation", "pagination", "page", "paging", "forward", "backward",
    "idempotency", "sequence", "lock", "marker", "starting", "sort", "partition", "primary", "foreign", "cancellation",
    "num", "max", "min", "total", "avg", "mean", "upload", "resume", "sync", "checkpoint", "tokenizer", "task",
];
/// What stands before `key` in a name that holds one.
const KEYS: &[&str] = &[
    "api", "access", "private", "signing", "encryption", "account", "app", "application", "secret", "storage", "master",
    "shared", "service", "license", "auth", "webhook", "consumer", "subscription", "jwt", "session", "crypt", "hmac",
    "decryption", "admin", "deploy", "tls", "ssl",
];

/// Looks on from a keyword at `place`.
pub fn look(place: Place, view: View<'_>) -> Look {
    let before = view.slice(place.start.saturating_sub(NAME), place.start);
    let left = before.iter().rev().take_while(|byte| in_name(**byte)).count();
    let rest = view.slice(place.end, place.end + NAME);
    let right = rest.iter().take_while(|byte| in_name(**byte)).count();
    if right == NAME || left == NAME {
        return Look::No;
    }
    if right == rest.len() && !view.is_last() {
        return Look::WAIT;
    }
    let start = place.start - left;
    let end = place.end + right;
    let name = view.slice(start, end);
    let keyword = Place { start: left, end: left + (place.end - place.start) };
    if !is_sensitive(name, keyword) {
        return Look::No;
    }
    let strict = name[keyword.start..keyword.end].eq_ignore_ascii_case(b"auth");
    Reader { view, start, name, strict }.after_name(end)
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)
}

/// Whether a whole name, such as a JSON key, is one whose value is a secret.
pub fn is_sensitive_name(name: &str) -> bool {
    if name.len() > NAME {
        return false;
    }
    let Some(rule) = super::rules::all().iter().find(|rule| rule.id == "sensitive-name") else { return false };
    let lower = name.to_ascii_lowercase();
    rule.after.iter().any(|keyword| {
        lower.match_indices(keyword).any(|(at, _)| {
            *keyword != "auth" && is_sensitive(name.as_bytes(), Place { start: at, end: at + keyword.len() })
        })
    })
}

/// Whether the keyword is a word of the name, and the name is not about something else.
fn is_sensitive(name: &[u8], keyword: Place) -> bool {
    let word = &name[keyword.start..keyword.end];
    let lower = |bytes: &[u8], text: &str| bytes.eq_ignore_ascii_case(text.as_bytes());
    let capital = word.first().is_some_and(u8::is_ascii_uppercase);
    let small_end = word.last().is_some_and(u8::is_ascii_lowercase);
    let mut after = &name[keyword.end..];
    if lower(word, "credential") && after.first().is_some_and(|byte| matches!(byte, b's' | b'S')) {
        after = &after[1..];
    }
    let ends = match after.first() {
        None => true,
        Some(byte) if byte.is_ascii_alphabetic() => small_end && byte.is_ascii_uppercase(),
        Some(_) => true,
    };
    let begins = match name[..keyword.start].last() {
        None => true,
        Some(byte) if byte.is_ascii_alphabetic() => capital && byte.is_ascii_lowercase(),
        Some(_) => true,
    };
    if !ends {
        return false;
    }
    let short = ["pwd", "pass", "key", "auth", "totp"].iter().any(|short| lower(word, short));
    let words = words_of(name);
    let place = words.iter().position(|(from, to)| *from <= keyword.start && keyword.start < *to);
    if lower(word, "key") {
        let before = place.and_then(|place| place.checked_sub(1)).map(|place| &name[words[place].0..words[place].1]);
        let glued = place.map(|place| &name[words[place].0..keyword.start]).filter(|part| !part.is_empty());
        let wanted = glued.or(before);
        if !wanted.is_some_and(|wanted| KEYS.iter().any(|known| lower(wanted, known))) {
            return false;
        }
    } else if short && !begins {
        return false;
    }
    if lower(word, "pass") && !(keyword.start > 0 && after.is_empty()) {
        return false;
    }
    if lower(word, "pwd") && (name.eq_ignore_ascii_case(b"pwd") || name.eq_ignore_ascii_case(b"oldpwd")) {
        return false;
    }
    if lower(word, "auth") && !after.is_empty() {
        return false;
    }
    // A later keyword of the same name speaks for it.
    let last = words.last().map(|(from, to)| &name[*from..*to]).unwrap_or_default();
    if keyword.end <= name.len() - last.len() && ABOUT.iter().any(|about| lower(last, about)) {
        return false;
    }
    let all = |wanted: &str| words.iter().any(|(from, to)| lower(&name[*from..*to], wanted));
    if PUBLIC.iter().any(|public| all(public)) {
        return false;
    }
    // ClientToken and ClientRequestToken make a call idempotent; client_secret is a secret.
    !(all("client") && lower(word, "token") && (words.len() == 2 || all("request")))
}

/// The words of a name: at `_`, `-`, `.`, and where small letters meet capitals.
fn words_of(name: &[u8]) -> Vec<(usize, usize)> {
    let mut words = Vec::with_capacity(8);
    let mut start = 0;
    for at in 0..=name.len() {
        let cut = at == name.len() || b"_-.".contains(&name[at]);
        let camel = !cut
            && at > start
            && name[at].is_ascii_uppercase()
            && (name[at - 1].is_ascii_lowercase() || name.get(at + 1).is_some_and(u8::is_ascii_lowercase));
        if cut || camel {
            if at > start {
                words.push((start, at));
            }
            start = if cut { at + 1 } else { at };
        }
    }
    words
}

/// Reads from the end of a name to its value.
struct Reader<'a> {
    view: View<'a>,
    /// Where the name begins.
    start: usize,
    name: &'a [u8],
    /// Only what looks like an encoded credential counts.
    strict: bool,
}

/// What surrounds a value that is not quoted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// `NAME=value`
    Assigned,
    /// `name: value`
    Colon,
    /// `--name value`
    Flag,
    /// `<name>value<`
    Element,
    /// `name | value`
    Cell,
}

impl Reader<'_> {
    /// The first byte at `at` or later that is not one of `of`, at most `most` on; `None`: wait.
    fn skip(&self, at: usize, most: usize, of: &[u8]) -> Option<usize> {
        let rest = self.view.slice(at, at + most);
        let count = rest.iter().take_while(|byte| of.contains(byte)).count();
        (count < rest.len() || rest.len() == most || self.view.is_last()).then_some(at + count)
    }

    fn after_name(&self, end: usize) -> Look {
        // `"name"`, `\"name\"`, `['name']`
        let Some(unslashed) = self.skip(end, 8, b"\\") else { return Look::WAIT };
        let mut at = unslashed;
        let mut closed = None;
        match self.view.at(at) {
            None => return self.ending(),
            Some(quote @ (b'"' | b'\'')) => {
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
        let Some(mut at) = self.skip(at, 4, b"])") else { return Look::WAIT };
        let unspaced = at;
        match self.skip(at, 40, b" \t") {
            Some(next) => at = next,
            None => return Look::WAIT,
        }
        let Some(sign) = self.view.at(at) else { return self.ending() };
        let before = self.view.line_before(self.start);
        match sign {
            b'=' => self.assigned(at, before),
            b':' => self.colon(at, closed.is_some() || at > unspaced || unspaced > end),
            b'>' if before.ends_with(b"<") => self.element(at + 1),
            b'|' => self.cell(at, before),
            b',' if closed == Some(b'\'') => self.sql_value(at),
            b',' if closed == Some(b'"') => self.named_value(at + 1),
            b',' if closed.is_none() => self.csv(at, before),
            b'\r' | b'\n' if before.contains(&b',') && closed.is_none() => self.csv(at, before),
            b'\r' | b'\n' if before.contains(&b'|') => self.cell(at, before),
            b'\r' | b'\n' if before.ends_with(b"name: ") || before.ends_with(b"name: \"") => self.named_value(at),
            b'\'' if at > unspaced && self.name.eq_ignore_ascii_case(b"password") => {
                matchers::quoted(at + 1, b'\'', 0, self.view)
            }
            _ if at > unspaced && closed.is_none() => self.spaced(at, before),
            _ => Look::No,
        }
    }

    /// The text stops before a value.
    fn ending(&self) -> Look {
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
        if next == b'=' || next == b'~' {
            return Look::No;
        }
        let at = if next == b'>' { at + 2 } else { at + 1 };
        let Some(value) = self.skip(at, 40, b" \t") else { return Look::WAIT };
        let query = before.last().is_some_and(|byte| matches!(byte, b'?' | b'&' | b';'));
        let set = if query { VALUE.without(b"&#<>") } else { VALUE };
        // `KEY=value` to the end of the word, commas too, where the name begins the line.
        let line = before.iter().all(|byte| byte.is_ascii_whitespace() || b"+-".contains(byte))
            || before.ends_with(b"export ");
        let set = if line && value == at { VISIBLE.without(b"\"'`") } else { set };
        self.value(value, set, Around::Assigned)
    }

    /// `name: value`; `tight` if there must be no doubt without the space.
    fn colon(&self, at: usize, sure: bool) -> Look {
        let Some(next) = self.view.at(at + 1) else { return self.ending() };
        let at = if next == b'=' { at + 2 } else { at + 1 };
        let Some(value) = self.skip(at, 40, b" \t") else { return Look::WAIT };
        let quoted = match self.view.at(value) {
            None => return self.ending(),
            Some(byte) => matches!(byte, b'"' | b'\'' | b'\\' | b'&'),
        };
        if value == at && !sure && !quoted && next != b'=' {
            // `arn:…:secret:prod/db-x`, `std::token::x`, but `password:hunter2!`
            let before = self.view.before(self.start);
            let first = before.last().is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'{' | b'"'));
            if !first || next == b':' {
                return Look::No;
            }
        }
        let around = if next == b'=' { Around::Assigned } else { Around::Colon };
        let json = matches!(self.view.slice(self.start + self.name.len(), at), [.., b'"', b':']);
        self.value(value, if json { VALUE.without(b"}]") } else { VALUE }, around)
    }

    fn element(&self, at: usize) -> Look {
        self.value(at, VISIBLE.without(b"<>"), Around::Element)
    }

    /// `--name value`, `password value` of a netrc file
    fn spaced(&self, at: usize, before: &[u8]) -> Look {
        let flag = self.name.starts_with(b"--") && !matches!(self.view.at(at), Some(b'-'));
        let has = |word: &[u8]| before.windows(word.len()).any(|window| window == word);
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
    fn named_value(&self, at: usize) -> Look {
        let Some(at) = self.skip(at, 80, b" \t\r\n\"'\\") else { return Look::WAIT };
        let word = self.view.slice(at, at + 5);
        if !b"value".get(..word.len()).is_some_and(|known| known.eq_ignore_ascii_case(word)) {
            return Look::No;
        }
        if word.len() < 5 {
            return self.ending();
        }
        let Some(colon) = self.skip(at + 5, 8, b"\"'\\ ") else { return Look::WAIT };
        match self.view.at(colon) {
            None => self.ending(),
            Some(b':') => self.colon(colon, true),
            Some(_) => Look::No,
        }
    }

    /// `name | value` alone on its line, or a column's header.
    fn cell(&self, at: usize, before: &[u8]) -> Look {
        if before.iter().all(|byte| matches!(byte, b' ' | b'|')) && self.view.at(at) == Some(b'|') {
            let key_value = self.key_value_cell(at, before.contains(&b'|'));
            if !matches!(key_value, Look::No) {
                return key_value;
            }
        }
        // The rest of the header, then a ruler.
        let rest = self.view.slice(at, at + 1024);
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return if rest.len() < 1024 { self.ending() } else { Look::No };
        };
        let Some(ruler) = self.skip(at + end + 1, 1024, b"-+|=") else { return Look::WAIT };
        if ruler < at + end + 4 {
            return Look::No;
        }
        let index = before.iter().filter(|byte| **byte == b'|').count();
        let start = at + end + 1;
        Look::open(start, start, start, Run::Column(Column { index, separator: b'|' }))
    }

    /// `|  name  |  value  |` or `name | value`; a ruler on the next line makes it a header.
    fn key_value_cell(&self, at: usize, boxed: bool) -> Look {
        let Some(start) = self.skip(at + 1, 80, b" ") else { return Look::WAIT };
        let rest = self.view.slice(start, start + 2048);
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            let held = rest.len() < 2048 && !rest.is_empty() && !self.view.is_last();
            return match held {
                true => Look::hold(start, VISIBLE.without(b"|")),
                false if self.view.is_last() && !rest.is_empty() => self.cell_value(start, rest),
                false => self.ending(),
            };
        };
        let next = self.view.slice(start + end + 1, start + end + 3);
        if next.len() < 2 && !self.view.is_last() && (next.is_empty() || next == b"-") {
            return Look::hold(start, VISIBLE.without(b"|"));
        }
        if next == b"--" && !boxed {
            return Look::No;
        }
        self.cell_value(start, &rest[..end])
    }

    fn cell_value(&self, start: usize, line: &[u8]) -> Look {
        let cell = line.split(|byte| *byte == b'|').next().unwrap_or_default().trim_ascii_end();
        let more = line[cell.len()..].iter().filter(|byte| **byte == b'|').count();
        if cell.is_empty() || more > 1 || benign::value(cell, true) {
            return Look::No;
        }
        Look::closed(start, start, start + cell.len())
    }

    /// A header of names without spaces, then rows.
    fn csv(&self, at: usize, before: &[u8]) -> Look {
        let name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-,\"".contains(byte);
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
        let commas = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b',').count();
        let index = commas(before);
        if index + commas(&rest[..end]) < 2 {
            return Look::No;
        }
        let start = at + end + 1;
        Look::open(start, start, start, Run::Column(Column { index, separator: b',' }))
    }

    /// The value itself, from `at`.
    fn value(&self, at: usize, set: Set, around: Around) -> Look {
        let Some(unslashed) = self.skip(at, 8, b"\\") else { return Look::WAIT };
        match self.view.at(unslashed) {
            None => return self.ending(),
            Some(quote @ (b'"' | b'\'' | b'`')) if around != Around::Element => {
                let look = matchers::quoted(unslashed + 1, quote, unslashed - at, self.view);
                return if self.strict { self.only_encoded(look) } else { look };
            }
            Some(b'&') if around != Around::Assigned && self.entity(at) == Some(true) => {
                return self.unquoted(at + 6, VALUE.without(b"&<>"), Around::Assigned);
            }
            Some(b'&') if around != Around::Assigned && self.entity(at).is_none() => return Look::WAIT,
            Some(_) => {}
        }
        self.unquoted(at, set, around)
    }

    fn unquoted(&self, at: usize, set: Set, around: Around) -> Look {
        let rest = self.view.slice(at, at + SURE);
        let count = set.span(rest);
        let known = &rest[..count];
        let run = Run::Letters(set);
        if benign::value(known, false) {
            return Look::No;
        }
        if count == SURE && benign::long(known) {
            return Look::No;
        }
        if count == SURE {
            return self.only_encoded(Look::open(at, at, at + count, run));
        }
        if count == rest.len() && !self.view.is_last() {
            return if count == 0 { Look::WAIT } else { Look::hold(at, set) };
        }
        if benign::value(known, true) || self.is_prose(known, rest.get(count).copied(), around) {
            return Look::No;
        }
        self.only_encoded(Look::closed(at, at, at + count))
    }

    /// Words after `name:` in prose and code, and types.
    fn is_prose(&self, value: &[u8], next: Option<u8>, around: Around) -> bool {
        let word = benign::plain_word(value);
        match around {
            Around::Colon => word || next == Some(b' ') && !value.iter().any(u8::is_ascii_digit),
            Around::Assigned => word && (value.len() < 8 || matches!(next, Some(b';' | b',' | b' '))),
            Around::Flag => word && value.len() < 6,
            Around::Element | Around::Cell => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for name in [
            "password", "DB_PASSWORD", "MasterUserPassword", "apiKey", "x-api-key", "SECRET_KEY_BASE", "client_secret",
            "PGPASSWORD", "SMTP_PASS", "aws_session_token", "AccountKey", "AZURE_STORAGE_KEY", "authorizationToken",
            "basicAuthCredentials", "password_hash", "AWS_SECRET_ACCESS_KEY", "SecretAccessKey", "TLS_KEY",
        ] {
            assert!(is_sensitive_name(name), "{name}");
        }
        for name in [
            "NextToken", "ClientToken", "ClientRequestToken", "secretsmanager", "tokenizer", "TOKEN_TTL", "token_type",
            "PasswordLastUsed", "SecretArn", "PWD", "Key", "KeyId", "PublicKey", "monkey", "author", "compass",
            "publishable_key", "TokenScope", "SSEAlgorithm", "KEY_ALGORITHM", "AccessKeyId", "tokens", "ObjectKey",
        ] {
            assert!(!is_sensitive_name(name), "{name}");
        }
    }
}
