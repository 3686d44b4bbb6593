//! Reads on from a rule's literal, and says what is there.

use super::alphabet::VALUE;
use super::alphabet::VISIBLE;
use super::answers;
use super::benign;
use super::cookies::Cookies;
use super::encoded;
use super::names;
use super::pattern::Seen;
use super::rules::Matcher;
use super::rules::RuleInfo;
use super::runs::Kubernetes;
use super::runs::Pem;
use super::runs::QuotedEnd;
use super::runs::Run;
use super::runs::quoted_end;
use super::told;
use super::view::Look;
use super::view::Place;
use super::view::View;

/// How far after an AWS key id its secret may stand.
const NEAR_KEY_ID: usize = 200;

/// Looks at what follows a literal of `rule` at `place`; `is_prefix` if the literal is part of the secret.
pub fn look(rule: &RuleInfo, is_prefix: bool, place: Place, view: View<'_>) -> Look {
    if rule.boundary && !boundary(view.before(place.start)) {
        return Look::No;
    }
    match rule.matcher {
        Matcher::Name => names::look(place, view),
        Matcher::Pem => pem(place, view),
        Matcher::UrlUserinfo => url_userinfo(place, view),
        Matcher::Authorization => authorization(place, view),
        Matcher::Cookie => cookie(place, view),
        Matcher::Kubernetes => {
            Look::open(place.end, place.end, place.end, Run::Kubernetes(Kubernetes::default()))
        }
        Matcher::CredentialsRow => Look::open(place.end, place.end, place.end, Run::Fields),
        Matcher::CliUser => cli_user(place, view),
        Matcher::CliPassword => cli_password(place, view),
        Matcher::SqlPassword => sql_password(place, view),
        Matcher::Putty => putty(place, view),
        Matcher::Pgpass => pgpass(place, view),
        Matcher::Prose => told::prose(place, view),
        Matcher::Pair => told::pair(place, view),
        Matcher::SecureString => told::secure_string(place, view),
        Matcher::Generated => told::generated(place, view),
        Matcher::Device => told::device(place, view),
        Matcher::Option => told::option(place, view),
        Matcher::Drawn => told::beside(place, view),
        Matcher::Users => told::users(place, view),
        Matcher::Answer => answers::answer(place, view),
        Matcher::Piped => answers::piped(place, view),
        Matcher::Phrase => answers::phrase(place, view),
        Matcher::Redis => answers::redis(place, view),
        Matcher::KeyLog => answers::key_log(place, view),
        Matcher::Encoded => encoded::look(place, view),
        _ => body(rule, is_prefix, place, view),
    }
}

/// A token begins here: after nothing, a sign, a glued option (`-pghp_…`) or an escape (`\nAKIA…`, `%3DAKIA…`).
fn boundary(before: &[u8]) -> bool {
    match before {
        [.., b'-', b'p' | b'u'] | [.., b'\\', b'n' | b't' | b'r'] => true,
        [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
        [.., byte] => !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-'),
        [] => true,
    }
}

fn body(rule: &RuleInfo, is_prefix: bool, place: Place, view: View<'_>) -> Look {
    let Some(body) = rule.body() else { return Look::No };
    let Some(whole) = whole(rule, is_prefix, place, view) else { return Look::No };
    let start = place.end;
    match body.read(view.from(start), view.is_last()) {
        Seen::No => Look::No,
        Seen::Part(_) if view.from(start).is_empty() => Look::WAIT,
        Seen::Part(set) => Look::hold(start, set),
        Seen::Open(length, set) => Look::open(whole, start, start + length, Run::Letters(set)),
        Seen::Closed(length) => {
            let end = start + length;
            if rule.matcher != Matcher::AwsKeyId {
                return Look::closed(whole, start, end);
            }
            if view.slice(start, end).ends_with(b"EXAMPLE") {
                return Look::No;
            }
            Look::open(whole, start, end, Run::NearKeyId { until: end + NEAR_KEY_ID, skipping: false })
        }
    }
}

/// Where the secret's text begins: at its prefix, or before an infix that is as sure a sign.
fn whole(rule: &RuleInfo, is_prefix: bool, place: Place, view: View<'_>) -> Option<usize> {
    let before = view.before(place.start);
    let back = |test: fn(&u8) -> bool| before.iter().rev().take_while(|byte| test(byte)).count();
    match rule.matcher {
        Matcher::AzureSecret => (back(u8::is_ascii_alphanumeric) == 3).then(|| place.start - 3),
        Matcher::TerraformToken => (back(u8::is_ascii_alphanumeric) == 14).then(|| place.start - 14),
        Matcher::TelegramToken => {
            let digits = back(u8::is_ascii_digit);
            let glued = before.len() > digits && before[before.len() - digits - 1].is_ascii_alphanumeric();
            ((8..=10).contains(&digits) && !glued).then(|| place.start - digits)
        }
        Matcher::RdsToken => {
            let host = back(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(byte));
            Some(place.start - host)
        }
        _ => Some(if is_prefix { place.start } else { place.end }),
    }
}

/// `-----BEGIN [words] PRIVATE KEY[ BLOCK]-----`, then the block.
fn pem(place: Place, view: View<'_>) -> Look {
    let rest = view.slice(place.end, place.end + 64);
    let are_words =
        |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_uppercase() || b" -0123456789".contains(byte));
    let Some(dashes) = rest.windows(5).position(|five| five == b"-----") else {
        return if are_words(rest) && rest.len() < 64 && !view.is_last() { Look::WAIT } else { Look::No };
    };
    let words = &rest[..dashes];
    // As while it was waited for: a header must not be one or none by how it was cut.
    if !are_words(words) {
        return Look::No;
    }
    if !words.ends_with(b"PRIVATE KEY") && !words.ends_with(b"PRIVATE KEY BLOCK") {
        return Look::No;
    }
    let start = place.end + dashes + 5;
    Look::open(place.start, start, start, Run::Pem(Pem::default()))
}

/// `scheme://user:password@`
fn url_userinfo(place: Place, view: View<'_>) -> Look {
    const USER: usize = 128;
    const PASSWORD: usize = 512;
    let scheme = view.before(place.start).last().is_some_and(u8::is_ascii_alphanumeric);
    if !scheme {
        return Look::No;
    }
    let rest = view.slice(place.end, place.end + USER);
    let plain = |byte: &u8| VALUE.has(*byte) && !b"/@:?#[]<>(){}\\".contains(byte);
    let user = rest.iter().take_while(|byte| plain(byte)).count();
    // `SENTRY_DSN=https://0123…@host`: a key in the place of a user's name.
    let before = view.before(place.start);
    let before = before[before.len().saturating_sub(16)..].to_ascii_lowercase();
    let is_key = before.windows(3).any(|word| word == b"dsn");
    if user == rest.len() {
        return match rest.len() < USER && !view.is_last() {
            true if is_key && !rest.is_empty() => Look::hold(place.end, VALUE.without(b"/@?#<>\\:.")),
            true => Look::WAIT,
            false => Look::No,
        };
    }
    if is_key && rest[user] == b'@' && is_token(&rest[..user]) {
        return Look::closed(place.end, place.end, place.end + user);
    }
    if rest[user] != b':' {
        return Look::No;
    }
    let start = place.end + user + 1;
    let rest = view.slice(start, start + PASSWORD);
    let password =
        rest.iter().take_while(|byte| VISIBLE.has(**byte) && !b"/@?#\"'`<>\\".contains(byte)).count();
    let complete = rest.get(password).is_some_and(|byte| *byte == b'@');
    if password < rest.len() || rest.len() == PASSWORD || view.is_last() {
        let value = &rest[..password];
        let none = value.len() < 3 || benign::placeholder(value) || value == b"password";
        return if complete && !none { Look::closed(start, start, start + password) } else { Look::No };
    }
    // Digits may be a port: shown when nothing more comes.
    if rest.len() <= 5 && rest.iter().all(u8::is_ascii_digit) {
        return if rest.is_empty() { Look::WAIT } else { Look::hold(start, VALUE.without(b"0123456789")) };
    }
    Look::hold(start, VALUE.without(b"/@?#<>\\"))
}

/// A key of 24 letters or more, some of them digits.
fn is_token(user: &[u8]) -> bool {
    user.len() >= 24
        && user.iter().all(u8::is_ascii_alphanumeric)
        && user.iter().filter(|byte| byte.is_ascii_digit()).count() >= 3
}

/// Spaces, quotes and separators between a name and its value; `None` if more of them may come.
pub fn skip(view: View<'_>, from: usize, most: usize, of: &[u8]) -> Option<usize> {
    let rest = view.slice(from, from + most);
    let count = rest.iter().take_while(|byte| of.contains(byte)).count();
    (count < rest.len() || rest.len() == most || view.is_last()).then_some(from + count)
}

/// `Authorization: Bearer x`, in a header, in JSON, on a command line.
fn authorization(place: Place, view: View<'_>) -> Look {
    const SCHEMES: [&[u8]; 5] = [b"bearer", b"basic", b"token", b"apikey", b"negotiate"];
    let Some(colon) = skip(view, place.end, 8, b"\"'\\ ") else { return Look::WAIT };
    match view.at(colon) {
        None => return if view.is_last() { Look::No } else { Look::WAIT },
        Some(b':' | b'=' | b',') => {}
        Some(_) => return Look::No,
    }
    // The next member may stand on its own line.
    let (most, gap): (usize, &[u8]) =
        if view.at(colon) == Some(b',') { (80, b"\"'\\ \t=\r\n") } else { (16, b"\"'\\ \t=") };
    let Some(word) = skip(view, colon + 1, most, gap) else { return Look::WAIT };
    let rest = view.slice(word, word + 12);
    let letters = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    if letters == rest.len() && rest.len() < 12 && !view.is_last() {
        return Look::WAIT;
    }
    // `"name": "Authorization", "value": "Bearer x"`
    if rest[..letters] == *b"value" && view.at(colon) == Some(b',') {
        return authorization(Place { start: place.start, end: word + letters }, view);
    }
    if !SCHEMES.iter().any(|scheme| rest[..letters].eq_ignore_ascii_case(scheme)) {
        return Look::No;
    }
    let Some(start) = skip(view, word + letters, 8, b" \t") else { return Look::WAIT };
    if start == word + letters {
        return Look::No;
    }
    value(start, view, 8, VISIBLE.without(b"\"'`\\,"))
}

/// A value of letters of `set`: held until it ends or is long enough to be none of the benign ones.
pub fn value(start: usize, view: View<'_>, least: usize, set: super::alphabet::Set) -> Look {
    const SURE: usize = 64;
    let rest = view.slice(start, start + SURE);
    let count = set.span(rest);
    let known = &rest[..count];
    if benign::value(known, false) {
        return Look::No;
    }
    if count == SURE {
        if benign::long(known) {
            return Look::No;
        }
        return Look::open(start, start, start + count, Run::Letters(set));
    }
    if count < rest.len() || view.is_last() {
        let none = count < least || benign::value(known, true);
        return if none { Look::No } else { Look::closed(start, start, start + count) };
    }
    if count == 0 { Look::WAIT } else { Look::hold(start, set) }
}

/// The cookies of a header.
fn cookie(place: Place, _: View<'_>) -> Look {
    Look::open(place.end, place.end, place.end, Run::Cookies(Cookies::default()))
}

/// The last command of the line so far, from its program's name on.
pub fn has_program(line: &[u8], programs: &[&[u8]]) -> bool {
    programs.iter().any(|program| {
        line.windows(program.len()).enumerate().any(|(at, window)| {
            window == *program
                && (at == 0 || !line[at - 1].is_ascii_alphanumeric() && line[at - 1] != b'-')
                && line.get(at + program.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric())
        })
    })
}

/// `curl -u name:password`
fn cli_user(place: Place, view: View<'_>) -> Look {
    const USER: usize = 96;
    if !has_program(view.line_before(place.start), &[b"curl", b"http", b"https", b"xh", b"wget"]) {
        return Look::No;
    }
    let Some(from) = skip(view, place.end, 4, b"\"' ") else { return Look::WAIT };
    let rest = view.slice(from, from + USER);
    let user = rest.iter().take_while(|byte| VALUE.has(**byte) && **byte != b':').count();
    match rest.get(user) {
        None => return if rest.len() < USER && !view.is_last() { Look::WAIT } else { Look::No },
        Some(b':') => {}
        Some(_) => return Look::No,
    }
    value(from + user + 1, view, 4, VISIBLE.without(b"\"'`"))
}

/// `Private-Lines: 14`, then the lines.
fn putty(place: Place, view: View<'_>) -> Look {
    let rest = view.slice(place.end, place.end + 6);
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(digits) {
        None if rest.len() < 6 && !view.is_last() => Look::WAIT,
        Some(b'\r' | b'\n') if digits > 0 => {
            let Some(start) = skip(view, place.end + digits, 2, b"\r\n") else { return Look::WAIT };
            Look::open(start, start, start, Run::Pem(Pem::default()))
        }
        _ => Look::No,
    }
}

/// `host:5432:database:user:password` alone on its line.
fn pgpass(place: Place, view: View<'_>) -> Look {
    const FIELD: usize = 64;
    let line = view.line_before(place.start);
    if line.iter().any(|byte| byte.is_ascii_whitespace() || *byte == b'/' || *byte == b'"') {
        return Look::No;
    }
    let fields = if view.at(place.start) == Some(b'*') { 1 } else { 2 };
    let mut at = place.end;
    for _ in 0..fields {
        let rest = view.slice(at, at + FIELD);
        let count = rest.iter().take_while(|byte| VALUE.has(**byte) && **byte != b':').count();
        match rest.get(count) {
            None if rest.len() < FIELD && !view.is_last() => return Look::WAIT,
            Some(b':') if count > 0 => at += count + 1,
            _ => return Look::No,
        }
    }
    value(at, view, 4, VISIBLE)
}

/// `mysql -pX`, `docker login -p X`, `sshpass -p X`
fn cli_password(place: Place, view: View<'_>) -> Look {
    let line = view.line_before(place.start);
    let glued = has_program(line, &[b"mysql", b"mysqldump", b"mysqladmin", b"mariadb", b"sshpass"]);
    let spaced = has_program(line, &[b"sshpass"])
        || has_program(line, &[b"login"])
            && has_program(line, &[b"docker", b"podman", b"az", b"helm", b"oc"]);
    match view.at(place.end) {
        None if view.is_last() => Look::No,
        None => Look::WAIT,
        Some(_) if view.at(place.end - 1) == Some(b' ') => match has_program(line, &[b"redis-cli"]) {
            true => value(place.end, view, 4, VISIBLE.without(b"\"'`")),
            false => Look::No,
        },
        Some(b' ') if spaced => {
            let Some(start) = skip(view, place.end, 8, b" \"'") else { return Look::WAIT };
            value(start, view, 4, VISIBLE.without(b"\"'`"))
        }
        Some(b' ' | b'\n' | b'\r') => Look::No,
        Some(b'"' | b'\'') if glued => value(place.end + 1, view, 4, VISIBLE.without(b"\"'`")),
        Some(_) if glued => value(place.end, view, 4, VISIBLE.without(b"\"'`")),
        Some(_) => Look::No,
    }
}

/// `IDENTIFIED BY 'password'`
fn sql_password(place: Place, view: View<'_>) -> Look {
    match view.at(place.end) {
        None if !view.is_last() => Look::WAIT,
        Some(quote @ (b'\'' | b'"')) => quoted(place.end + 1, quote, 0, view),
        _ => Look::No,
    }
}

/// A quoted value that begins at `start`.
pub fn quoted(start: usize, quote: u8, slashes: usize, view: View<'_>) -> Look {
    const SURE: usize = 64;
    let rest = view.slice(start, start + SURE);
    let run = Run::Quoted { quote, slashes };
    match quoted_end(rest, quote, slashes) {
        QuotedEnd::At(count) if benign::value(&rest[..count], true) => Look::No,
        QuotedEnd::At(count) => Look::closed(start, start, start + count),
        QuotedEnd::NotYet(_) if benign::value(rest, false) => Look::No,
        QuotedEnd::NotYet(_) if rest.len() == SURE && benign::long(rest) => Look::No,
        QuotedEnd::NotYet(count) if rest.len() == SURE => Look::open(start, start, start + count, run),
        QuotedEnd::NotYet(count) if view.is_last() => {
            let none = benign::value(&rest[..count], true);
            if none { Look::No } else { Look::closed(start, start, start + count) }
        }
        QuotedEnd::NotYet(_) if rest.is_empty() => Look::WAIT,
        QuotedEnd::NotYet(_) => Look::More(Some(super::view::Hold { from: start, otherwise: run })),
    }
}
