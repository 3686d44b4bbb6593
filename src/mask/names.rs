//! Which names are those of secrets: `DB_PASSWORD`, `client_secret`, `--password`, `apiKey`.

use std::sync::OnceLock;

use super::values::Reader;
use super::view::Look;
use super::view::Place;
use super::view::View;
use super::words::Words;

/// The longest name looked at, on each side of its keyword.
const NAME: usize = 64;

/// See [`is_weak`].
const WEAK: [&str; 6] = ["auth", "encrypt", "jwt", "seed", "salt", "bearer"];

/// Looks on from a keyword at `place`.
pub fn look(place: Place, view: View<'_>) -> Look {
    let before = view.slice(place.start.saturating_sub(NAME), place.start);
    let left = before.iter().rev().take_while(|byte| in_name(**byte)).count();
    let rest = view.slice(place.end, place.end + NAME);
    let right = rest.iter().take_while(|byte| in_name(**byte)).count();
    // `password.......... x`: dots that lead to the value.
    let dots = rest[..right].windows(3).position(|three| three == b"...");
    let right = dots.unwrap_or(right);
    if right == NAME || left == NAME {
        return Look::No;
    }
    if right == rest.len() && !view.is_last() {
        return Look::WAIT;
    }
    let start = place.start - left;
    let end = place.end + right;
    let name = view.slice(start, end);
    // A type or a resource: `AWS::IAM::AccessKey`, `std::token`.
    if view.before(start).ends_with(b"::") {
        return Look::No;
    }
    if !may_lead_to_value(view, end) {
        return Look::No;
    }
    let keyword = Place { start: left, end: left + (place.end - place.start) };
    if !is_sensitive(name, keyword) {
        if name == b"Key" && names_of_key(view.line_before(start)) {
            return Reader { view, start, name, strict: true }.after_name(end);
        }
        if name.eq_ignore_ascii_case(b"key") && view.line_before(start).ends_with(b" ") {
            return key_title(place, view, end);
        }
        match is_pwd(view, name, end) {
            Some(true) => {}
            Some(false) => return Look::No,
            None if view.at(end + 1).is_none_or(|byte| !byte.is_ascii_alphanumeric()) => return Look::WAIT,
            // A pause must not show its first letter.
            None => return Look::hold(end + 1, super::alphabet::VALUE),
        }
    }
    let strict = is_weak(&name[keyword.start..keyword.end]) || name == b"pass";
    let reader = Reader { view, start, name, strict };
    reader.after_name(end).or(|| reader.answered(end))
}

/// Whether `Jwt:` or the like stands before `Key`, as .NET joins the names of settings.
fn names_of_key(before: &[u8]) -> bool {
    let Some(before) = before.strip_suffix(b":") else { return false };
    let first = before.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    Words::Keys.list().iter().any(|known| before[first..].eq_ignore_ascii_case(known.as_bytes()))
}

/// `API KEY` as the title of a column.
fn key_title(place: Place, view: View<'_>, end: usize) -> Look {
    let before = view.line_before(place.start);
    let known = [&b"API "[..], b"ACCESS ", b"SECRET ", b"Api ", b"API\t"];
    let name = view.slice(place.start, end);
    if !known.iter().any(|word| before.ends_with(word)) || name.first().is_some_and(u8::is_ascii_lowercase) {
        return Look::No;
    }
    Reader { view, start: place.start, name, strict: false }.title(end)
}

/// Whether a keyword says too little by itself: only what looks like an encoded credential is one beside it.
fn is_weak(word: &[u8]) -> bool {
    WEAK.iter().any(|weak| word.eq_ignore_ascii_case(weak.as_bytes()))
}

/// A quick look at what follows a name.
fn may_lead_to_value(view: View<'_>, end: usize) -> bool {
    view.at(end)
        .is_none_or(|byte| b" \t.\"'`\\=:|>,])}&\r\n<;".contains(&byte) || super::near::begins_bar(byte))
}

/// `PWD=x` in a settings file or a connection string, and not the folder a shell is in.
///
/// `None`: that cannot be told yet.
fn is_pwd(view: View<'_>, name: &[u8], end: usize) -> Option<bool> {
    if !name.eq_ignore_ascii_case(b"pwd") {
        return Some(false);
    }
    match view.slice(end, end + 3) {
        [b'=', first, second] => Some(
            (first.is_ascii_alphanumeric() || matches!(first, b'\'' | b'"'))
                && !matches!(second, b':' | b'/' | b'.'),
        ),
        short if short.len() < 3 && !view.is_last() && matches!(short.first(), None | Some(b'=')) => None,
        _ => Some(false),
    }
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)
}

/// Whether a whole name, such as a JSON key, is one whose value is a secret.
pub fn is_sensitive_name(name: &str) -> bool {
    if name.len() > NAME || name.contains("::") {
        return false;
    }
    let keywords = keywords();
    let lower = name.to_ascii_lowercase();
    let lower = lower.as_bytes();
    lower.iter().enumerate().any(|(at, first)| {
        let here = keywords[usize::from(*first)]
            .iter()
            .filter(|keyword| lower[at..].starts_with(keyword.as_bytes()));
        here.map(|keyword| Place { start: at, end: at + keyword.len() })
            .any(|place| is_sensitive(name.as_bytes(), place))
    })
}

/// The keywords of names, by their first byte. `auth` alone says too little of a whole name.
fn keywords() -> &'static [Vec<&'static str>; 256] {
    static KEYWORDS: OnceLock<[Vec<&'static str>; 256]> = OnceLock::new();
    KEYWORDS.get_or_init(|| {
        let mut keywords = [const { Vec::new() }; 256];
        let rule = super::rules::all().iter().find(|rule| rule.id == "sensitive-name");
        for keyword in rule.iter().flat_map(|rule| &rule.after).filter(|keyword| !is_weak(keyword.as_bytes()))
        {
            if let Some(first) = keyword.bytes().next() {
                keywords[usize::from(first)].push(*keyword);
            }
        }
        keywords
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
    let short = ["pwd", "pass", "key", "totp", "psk", "heslo", "senha"]
        .iter()
        .chain(&WEAK)
        .any(|short| lower(word, short));
    let words = words_of(name);
    let place = words.iter().position(|(from, to)| *from <= keyword.start && keyword.start < *to);
    if lower(word, "key") {
        let before =
            place.and_then(|place| place.checked_sub(1)).map(|place| &name[words[place].0..words[place].1]);
        let glued = place.map(|place| &name[words[place].0..keyword.start]).filter(|part| !part.is_empty());
        let wanted = glued.or(before);
        let is_known = |wanted: &[u8]| {
            Words::Keys.list().iter().any(|known| {
                wanted.len() >= known.len() && lower(&wanted[wanted.len() - known.len()..], known)
            })
        };
        if !wanted.is_some_and(is_known) {
            return false;
        }
    } else if short && !begins {
        return false;
    }
    if lower(word, "pass") && name != b"pass" && !(keyword.start > 0 && after.is_empty()) {
        return false;
    }
    if lower(word, "pwd") && (name.eq_ignore_ascii_case(b"pwd") || name.eq_ignore_ascii_case(b"oldpwd")) {
        return false;
    }
    if (is_weak(word) || lower(word, "_pw")) && !after.is_empty() {
        return false;
    }
    // A later keyword of the same name speaks for it.
    let last = words.last().map(|(from, to)| &name[*from..*to]).unwrap_or_default();
    if keyword.end <= name.len() - last.len() && Words::About.list().iter().any(|about| lower(last, about)) {
        return false;
    }
    let all = |wanted: &str| words.iter().any(|(from, to)| lower(&name[*from..*to], wanted));
    if Words::Public.list().iter().any(|public| all(public)) {
        return false;
    }
    if !lower(word, "token") && !lower(word, "key") {
        return true;
    }
    let glued: Vec<u8> =
        name.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
    if Words::Positions
        .list()
        .iter()
        .any(|position| glued.windows(position.len()).any(|window| window == position.as_bytes()))
    {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for name in [
            "password",
            "DB_PASSWORD",
            "MasterUserPassword",
            "apiKey",
            "x-api-key",
            "SECRET_KEY_BASE",
            "client_secret",
            "PGPASSWORD",
            "SMTP_PASS",
            "aws_session_token",
            "AccountKey",
            "AZURE_STORAGE_KEY",
            "authorizationToken",
            "basicAuthCredentials",
            "password_hash",
            "AWS_SECRET_ACCESS_KEY",
            "SecretAccessKey",
            "TLS_KEY",
        ] {
            assert!(is_sensitive_name(name), "{name}");
        }
        for name in [
            "NextToken",
            "ClientToken",
            "ClientRequestToken",
            "secretsmanager",
            "tokenizer",
            "TOKEN_TTL",
            "token_type",
            "PasswordLastUsed",
            "SecretArn",
            "PWD",
            "Key",
            "KeyId",
            "PublicKey",
            "monkey",
            "author",
            "compass",
            "publishable_key",
            "TokenScope",
            "SSEAlgorithm",
            "KEY_ALGORITHM",
            "AccessKeyId",
            "tokens",
            "ObjectKey",
        ] {
            assert!(!is_sensitive_name(name), "{name}");
        }
    }
}
