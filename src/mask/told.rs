//! Secrets that words before them announce: sentences, pairs of arguments, options of programs, lines of devices.

use super::alphabet::VISIBLE;
use super::benign;
use super::loose;
use super::matchers;
use super::matchers::has_program;
use super::matchers::skip;
use super::near::is_phrase;
use super::pairs::is_strong;
use super::rules;
use super::runs::Run;
use super::users::Users;
use super::values::Reader;
use super::view::Look;
use super::view::Place;
use super::view::View;

/// The longest word that is looked at whole.
const WORD: usize = 256;

/// A word at `at` that `accepts`; quotes around it and a full stop after it are none of it.
fn word(at: usize, view: View<'_>, accepts: fn(&[u8]) -> bool) -> Look {
    let quote = view.at(at).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let start = at + usize::from(quote.is_some());
    let set = VISIBLE.without(b"\"'`");
    let rest = view.slice(start, start + WORD);
    let count = set.span(rest);
    if count == rest.len() && !view.is_last() {
        return match count {
            0 => Look::WAIT,
            WORD => Look::No,
            _ => Look::hold(start, set),
        };
    }
    let mut value = &rest[..count];
    if quote.is_some() && rest.get(count).copied() != quote {
        return Look::No;
    }
    while let (None, [shorter @ .., b'.' | b',' | b')' | b';']) = (quote, value) {
        value = shorter;
    }
    if accepts(value) { Look::closed(start, start, start + value.len()) } else { Look::No }
}

fn ending(view: View<'_>) -> Look {
    if view.is_last() { Look::No } else { Look::WAIT }
}

/// In a sentence only what no word, version or name looks like is a secret.
fn is_said(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let method = ["sha", "aes", "base", "utf", "md5", "rsa", "http", "rfc", "iso-"]
        .iter()
        .any(|word| lower.starts_with(word.as_bytes()));
    value.len() >= 8
        && !method
        && !value.starts_with(b"--")
        && !value.contains(&b';')
        && value.strip_suffix(b"=").is_none_or(|value| value.len() >= 24)
        && !value[..value.len() - 2].contains(&b'=')
        && (is_strong(value) || is_phrase(value))
}

/// Whether a text begins as the tokens of a rule do.
pub fn has_prefix(text: &[u8]) -> bool {
    rules::all().iter().flat_map(|rule| &rule.prefix).any(|prefix| text.starts_with(prefix.as_bytes()))
}

/// `the password is x`, `API key .....: x`
pub fn prose(place: Place, view: View<'_>) -> Look {
    let literal = view.slice(place.start, place.end);
    if view
        .before(place.start)
        .last()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    {
        return Look::No;
    }
    let spoken = literal.ends_with(b"is")
        || literal.ends_with(b"was")
        || literal.ends_with(b"to")
        || literal.ends_with(b"IS");
    // `Unseal Key 1: x`
    let gap: &[u8] = if spoken { b" .\t" } else { b" .\t0123456789" };
    let Some(mut at) = skip(view, place.end, 48, gap) else { return Look::WAIT };
    let known = view.slice(at, at + 4);
    if !spoken && (known.len() < 4 && b"is: ".starts_with(known)) {
        return ending(view);
    }
    let said = known.starts_with(b"is ") || known.starts_with(b"is:");
    if said {
        at += 2;
    }
    let Some(sign) = view.at(at) else { return ending(view) };
    let signed = sign == b':';
    if !(spoken || said || signed) || at == place.end && !signed {
        return Look::No;
    }
    let Some(at) = skip(view, at + usize::from(signed), 24, b" \t") else { return Look::WAIT };
    // A token has a rule of its own, which keeps its public beginning.
    if has_prefix(view.slice(at, at + 16)) {
        return Look::No;
    }
    word(at, view, is_said)
}

/// `("user", "password")`, from the bracket on.
pub fn pair(place: Place, view: View<'_>) -> Look {
    let Some(quote @ (b'"' | b'\'')) = view.at(place.end) else {
        return if view.at(place.end).is_none() { ending(view) } else { Look::No };
    };
    let rest = view.slice(place.end + 1, place.end + 97);
    let Some(user) = rest.iter().position(|byte| *byte == quote || *byte == b'\n') else {
        return if rest.len() < 96 { ending(view) } else { Look::No };
    };
    let after = place.end + 2 + user;
    let Some(at) = skip(view, after, 8, b", ") else { return Look::WAIT };
    if at == after {
        return if view.at(at).is_none() { ending(view) } else { Look::No };
    }
    let known = view.slice(at, at + 6);
    let at = match known.first() {
        Some(b'S') if known.len() < 6 && b"Some(\"".starts_with(known) => return ending(view),
        Some(b'S') if known.starts_with(b"Some(") => at + 5,
        _ => at,
    };
    match view.at(at) {
        None => ending(view),
        Some(quote @ (b'"' | b'\'')) => matchers::quoted(at + 1, quote, 0, view),
        Some(_) => Look::No,
    }
}

/// `Type: SecureString`, and the value in the next member.
pub fn secure_string(place: Place, view: View<'_>) -> Look {
    let Some(at) = skip(view, place.end, 80, b"\"', \r\n\t+~-") else { return Look::WAIT };
    let word = view.slice(at, at + 5);
    if !word.eq_ignore_ascii_case(b"value") {
        let could = word.len() < 5 && b"value".starts_with(&word.to_ascii_lowercase());
        return if could { ending(view) } else { Look::No };
    }
    let Some(colon) = skip(view, at + 5, 24, b"\"' ") else { return Look::WAIT };
    match view.at(colon) {
        None => ending(view),
        Some(b'=') => match view.slice(colon + 1, colon + 3) {
            b" \"" => matchers::quoted(colon + 3, b'"', 0, view),
            short if short.len() < 2 => ending(view),
            _ => Look::No,
        },
        Some(b':') => Reader { view, start: at, name: b"Value", strict: false }.colon(colon, true),
        Some(_) => Look::No,
    }
}

/// `random_password`, and its `result` in the same block.
pub fn generated(place: Place, view: View<'_>) -> Look {
    const LONGEST: usize = 2048;
    let rest = view.slice(place.end, place.end + LONGEST);
    let stop = rest.windows(3).position(|bytes| bytes == b"\n}\n").unwrap_or(rest.len());
    let result = rest.windows(6).position(|bytes| bytes == b"result");
    let Some(result) = result.filter(|at| *at < stop) else {
        return if stop == rest.len() && rest.len() < LONGEST { ending(view) } else { Look::No };
    };
    let Some(at) = skip(view, place.end + result + 6, 24, b"\" =:") else { return Look::WAIT };
    match (view.at(at - 1), view.at(at)) {
        (_, None) => ending(view),
        (Some(b'"'), Some(_)) => matchers::quoted(at, b'"', 0, view),
        _ => Look::No,
    }
}

/// `username x password 0 y`, `tacacs-server key 7 y`, `snmp-server community y RO`
pub fn device(place: Place, view: View<'_>) -> Look {
    const LINE: usize = 160;
    let line = view.line_before(place.start);
    if !line.iter().all(|byte| byte.is_ascii_whitespace() || b"#>-+".contains(byte))
        && !line.ends_with(b"# ")
        && !line.ends_with(b"#")
    {
        return Look::No;
    }
    let literal = view.slice(place.start, place.end);
    let mut at = place.end;
    let direct = literal.ends_with(b"community ") || literal.starts_with(b"enable");
    let mut found = direct;
    while !found {
        let rest = view.slice(at, place.end + LINE);
        let length = rest.iter().take_while(|byte| byte.is_ascii_graphic()).count();
        match rest.get(length) {
            None => return if at + rest.len() < place.end + LINE { ending(view) } else { Look::No },
            Some(b' ') => found = matches!(&rest[..length], b"password" | b"secret" | b"key"),
            Some(_) => return Look::No,
        }
        at += length + 1;
    }
    // The way it is written: 0, 5, 7, 8, 9.
    let kind = view.slice(at, at + 2);
    match kind {
        [digit, b' '] if digit.is_ascii_digit() => at += 2,
        // The value itself may begin with a digit.
        [digit] if digit.is_ascii_digit() && !view.is_last() => {
            return Look::hold(at, VISIBLE.without(b"\"'`"));
        }
        [] => return ending(view),
        _ => {}
    }
    word(at, view, |value| value.len() >= 6 && (is_strong(value) || is_phrase(value)))
}

/// Options that take a password, and the programs that have them.
const OPTIONS: &[(&[u8], &[&[u8]])] = &[
    (b"-P", &[b"zip", b"unzip", b"sqlcmd", b"bcp", b"isql", b"ipmitool", b"ssh-keygen"]),
    (b"-N", &[b"ssh-keygen"]),
    (
        b"-w",
        &[
            b"ldapsearch",
            b"ldapadd",
            b"ldapmodify",
            b"ldapdelete",
            b"ldappasswd",
            b"ldapwhoami",
            b"ldapcompare",
        ],
    ),
];

/// `zip -P x`, `ldapsearch -w x`, `htpasswd -b file user x`, `gh secret set NAME --body x`
pub fn option(place: Place, view: View<'_>) -> Look {
    let line = view.line_before(place.start);
    let option = view.slice(place.start, place.end).trim_ascii();
    let mut at = place.end;
    let known = OPTIONS.iter().any(|(known, programs)| *known == option && has_program(line, programs));
    let body =
        option.starts_with(b"--body") && has_program(line, &[b"gh"]) && has_program(line, &[b"secret"]);
    if matches!(option, b"-b" | b"-bc" | b"-nb") && has_program(line, &[b"htpasswd"]) {
        // A file and a user stand before it, or a user alone.
        for _ in 0..if option == b"-nb" { 1 } else { 2 } {
            match next_word(at, view) {
                Ok(next) => at = next,
                Err(look) => return look,
            }
        }
    } else if !known && !body {
        return Look::No;
    }
    word(at, view, |value| value.len() >= 4 && !value.starts_with(b"-") && !benign::value(value, true))
}

/// Where the word after the one at `at` begins; else what that comes to.
fn next_word(at: usize, view: View<'_>) -> Result<usize, Look> {
    let rest = view.slice(at, at + 96);
    let length = rest.iter().take_while(|byte| byte.is_ascii_graphic()).count();
    match rest.get(length) {
        None if rest.len() < 96 => Err(ending(view)),
        Some(b' ') => Ok(at + length + 1),
        None | Some(_) => Err(Look::No),
    }
}

/// `Bearer x`, `-p x`, `add_user name x`, `::add-mask::x`: what looks drawn by lot where a secret stands.
pub fn beside(place: Place, view: View<'_>) -> Look {
    let literal = view.slice(place.start, place.end);
    let mut at = place.end;
    if view.before(place.start).last().is_some_and(u8::is_ascii_alphanumeric) && !literal.starts_with(b" ") {
        return Look::No;
    }
    // A user's name stands before it.
    if literal.contains(&b'_') {
        match next_word(at, view) {
            Ok(next) => at = next,
            Err(look) => return look,
        }
    }
    // `-U user%x`
    if literal == b" -U " {
        if !has_program(view.line_before(place.start), &[b"smbclient", b"rpcclient", b"net", b"smbget"]) {
            return Look::No;
        }
        let rest = view.slice(at, at + 96);
        match rest.iter().position(|byte| *byte == b'%' || byte.is_ascii_whitespace()) {
            None => return if rest.len() < 96 { ending(view) } else { Look::No },
            Some(sign) if rest[sign] == b'%' => at += sign + 1,
            Some(_) => return Look::No,
        }
    }
    loose::drawn(at, view, false)
}

/// `chpasswd:` and `chpasswd <<EOF`, with a list of `user:password` on the lines below.
pub fn users(place: Place, view: View<'_>) -> Look {
    let rest = view.slice(place.end, place.end + 32);
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
        return if rest.len() < 32 { ending(view) } else { Look::No };
    };
    let indented = view.at(place.end - 1) == Some(b':');
    if indented && !rest[..end].trim_ascii().is_empty() {
        return Look::No;
    }
    let start = place.end + end + 1;
    Look::open(start, start, start, Run::Users(Users::of(indented)))
}
