//! Secrets that a command gives out or takes: the line after `pass show x`, `echo x | sudo -S`, words of a recovery
//! phrase, what a database's shell is told.

use super::alphabet::Set;
use super::alphabet::VISIBLE;
use super::benign;
use super::matchers;
use super::matchers::skip;
use super::pairs::is_strong;
use super::view::Look;
use super::view::Place;
use super::view::View;

/// The longest command looked at.
const LINE: usize = 240;
/// What reads a secret from its standard input.
const SINKS: &[&[u8]] = &[
    b"sudo -S",
    b"--password-stdin",
    b"passwd --stdin",
    b"chpasswd",
    b"kinit",
    b"base64 -d",
    b"base64 --decode",
    b"cryptsetup",
    b"openssl passwd",
    b"secret set",
    b"secret put",
    b"secrets create",
];

fn ending(view: View<'_>) -> Look {
    if view.is_last() { Look::No } else { Look::WAIT }
}

/// Whether a prompt, or nothing, stands before a command.
fn is_prompt(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.is_empty() || line.len() < 80 && matches!(line.last(), Some(b'$' | b'#' | b'%' | b'>' | b'+'))
}

/// `pass show db`, and the secret alone on the next line.
pub fn answer(place: Place, view: View<'_>) -> Look {
    const LONGEST: usize = 600;
    let before = view.line_before(place.start);
    let command =
        before.iter().rposition(|byte| *byte == b'$' || *byte == b'#').map_or(before, |at| &before[..at]);
    if before.iter().any(|byte| b"|;\"'=".contains(byte))
        || !is_prompt(before) && command.len() == before.len()
    {
        return Look::No;
    }
    let rest = view.slice(place.end, place.end + LINE);
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
        return if rest.len() < LINE { ending(view) } else { Look::No };
    };
    if rest[..end].iter().any(|byte| b"|>;`&".contains(byte)) {
        return Look::No;
    }
    let start = place.end + end + 1;
    let rest = view.slice(start, start + LONGEST);
    let count = VISIBLE.span(rest);
    if count == rest.len() && !view.is_last() {
        return if count == 0 { Look::WAIT } else { Look::hold(start, VISIBLE) };
    }
    let value = &rest[..count];
    let alone = matches!(rest.get(count), None | Some(b'\n' | b'\r'));
    let is_one = alone && value.len() >= 8 && is_strong(value) && !value.contains(&b':');
    if is_one { Look::closed(start, start, start + count) } else { Look::No }
}

/// `echo x | sudo -S`, `printf '%s\n' 'x' | docker login --password-stdin`, `sudo -S true <<< 'x'`
pub fn piped(place: Place, view: View<'_>) -> Look {
    let literal = view.slice(place.start, place.end);
    let here = literal.starts_with(b"<<<");
    // The end of `printf `: its beginning is that of many words.
    let start = if literal == b"ntf " { place.start.saturating_sub(3) } else { place.start };
    if start < place.start && !view.before(place.start).ends_with(b"pri") {
        return Look::No;
    }
    let glued =
        view.before(start).last().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_/.".contains(byte));
    if glued && !here {
        return Look::No;
    }
    if here {
        let line = view.line_before(place.start);
        if !SINKS.iter().any(|sink| line.windows(sink.len()).any(|part| part == *sink)) {
            return Look::No;
        }
    }
    let rest = view.slice(place.end, place.end + LINE);
    // The format of printf, and options of echo.
    let mut from = 0;
    loop {
        let word = &rest[from..];
        let skipped = match word {
            [b'-', b'n' | b'e' | b'E', b' ', ..] => 3,
            [b'\'' | b'"', b'%', ..] => match word.iter().position(|byte| *byte == b' ') {
                Some(blank) => blank + 1,
                None => return if rest.len() < LINE { ending(view) } else { Look::No },
            },
            [b'%', b's', b' ', ..] => 3,
            _ => break,
        };
        from += skipped;
    }
    let quote = rest.get(from).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let start = from + usize::from(quote.is_some());
    let ends = |byte: &u8| match quote {
        Some(quote) => *byte == quote || *byte == b'\n',
        None => byte.is_ascii_whitespace() || b"|;&<>\"'`(){}".contains(byte),
    };
    let line = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let length = rest.get(start..).and_then(|rest| rest.iter().position(ends));
    let hold = || if start < rest.len() { Look::hold(place.end + start, Set::NONE) } else { Look::WAIT };
    let length = match length {
        Some(length) => length,
        None if rest.len() < LINE && !view.is_last() => return hold(),
        None if rest.len() < LINE && start < rest.len() => rest.len() - start,
        None => return Look::No,
    };
    let value = &rest[start..start + length];
    if value.len() < 4 || benign::placeholder(value) || value.contains(&b' ') && quote.is_none() {
        return Look::No;
    }
    if here {
        return Look::closed(place.end + start, place.end + start, place.end + start + length);
    }
    // Only what is passed on counts, and that stands at the end of the line.
    let after =
        rest[start + length..].strip_prefix(&[quote.unwrap_or(b' ')]).unwrap_or(&rest[start + length..]);
    let after = after.trim_ascii_start();
    let could = after.is_empty() || after.starts_with(b"|");
    if !could {
        return Look::No;
    }
    match line {
        Some(line) => verdict(place, rest, start, length, line),
        None if view.is_last() => verdict(place, rest, start, length, rest.len()),
        None if rest.len() < LINE => hold(),
        None => Look::No,
    }
}

fn verdict(place: Place, rest: &[u8], start: usize, length: usize, line: usize) -> Look {
    let command = &rest[(start + length).min(line)..line];
    let Some(pipe) = command.iter().position(|byte| *byte == b'|') else { return Look::No };
    let sinks = SINKS.iter().any(|sink| command[pipe..].windows(sink.len()).any(|part| part == *sink));
    let at = place.end + start;
    if sinks { Look::closed(at, at, at + length) } else { Look::No }
}

/// `recovery phrase: twelve words or more`
pub fn phrase(place: Place, view: View<'_>) -> Look {
    const LONGEST: usize = 260;
    let Some(start) = skip(view, place.end, 16, b"\"': =\r\n\t`[") else { return Look::WAIT };
    if start == place.end {
        return if view.at(start).is_none() { ending(view) } else { Look::No };
    }
    let rest = view.slice(start, start + LONGEST);
    let (mut count, mut at, mut length) = (0, 0, 0);
    loop {
        let word = rest[at..].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        let known = at + word < rest.len() || view.is_last();
        if !known && rest.len() < LONGEST {
            return match () {
                () if word > 8 => Look::No,
                () if rest.is_empty() => Look::WAIT,
                // Most texts that begin so are sentences, and those end soon.
                () => Look::hold(start, Set::NONE),
            };
        }
        if !(3..=8).contains(&word) {
            break;
        }
        (count, length) = (count + 1, at + word);
        if count == 24 || rest.get(at + word) != Some(&b' ') {
            break;
        }
        at += word + 1;
    }
    if count >= 12 { Look::closed(start, start, start + length) } else { Look::No }
}

/// `> AUTH x`, `> auth user x`, `CONFIG SET requirepass x`, `ACL SETUSER u on >x`
pub fn redis(place: Place, view: View<'_>) -> Look {
    let literal = view.slice(place.start, place.end).to_ascii_lowercase();
    let rest = view.slice(place.end, place.end + LINE);
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if literal.starts_with(b"acl") {
        let line = rest.iter().position(is_end).unwrap_or(rest.len());
        let Some(sign) = rest[..line].windows(2).position(|two| two == b" >") else {
            return if line == rest.len() && line < LINE { ending(view) } else { Look::No };
        };
        return matchers::value(place.end + sign + 2, view, 4, VISIBLE);
    }
    let Some(end) = rest.iter().position(is_end).or(view.is_last().then_some(rest.len())) else {
        let from = rest.iter().rposition(|byte| *byte == b' ').map_or(0, |blank| blank + 1);
        return match rest.len() {
            LINE.. => Look::No,
            length if from == length => Look::WAIT,
            _ => Look::hold(place.end + from, VISIBLE),
        };
    };
    let line = &rest[..end];
    let at = |from: usize| {
        let length = VISIBLE.span(&line[from..]);
        let value = &line[from..from + length];
        let is_one = value.len() >= 4 && !benign::placeholder(value);
        if is_one {
            Look::closed(place.end + from, place.end + from, place.end + from + length)
        } else {
            Look::No
        }
    };
    let words = line.iter().filter(|byte| **byte == b' ').count();
    match words {
        0 => at(0),
        1 if literal.ends_with(b"auth ") => {
            at(line.iter().position(|byte| *byte == b' ').unwrap_or_default() + 1)
        }
        _ => Look::No,
    }
}

/// `CLIENT_RANDOM 64 digits 96 digits`: the secrets of a TLS connection.
pub fn key_log(place: Place, view: View<'_>) -> Look {
    let rest = view.slice(place.end, place.end + 65);
    if !rest.iter().take(64).all(u8::is_ascii_hexdigit) {
        return Look::No;
    }
    match rest.get(64) {
        None => return ending(view),
        Some(b' ') => {}
        Some(_) => return Look::No,
    }
    let start = place.end + 65;
    let rest = view.slice(start, start + 160);
    let count = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if count == rest.len() && count < 160 && !view.is_last() {
        return if count == 0 { Look::WAIT } else { Look::hold(start, VISIBLE) };
    }
    if count >= 32 { Look::closed(start, start, start + count) } else { Look::No }
}
