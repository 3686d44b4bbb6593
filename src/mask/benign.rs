//! What stands where a secret could, and is none: placeholders, names of things, numbers, dates.

use super::code;
use super::words::Words;

/// Whether `value`, which stands next to a sensitive name, is none. If it is not `complete`, `value` is its beginning.
///
/// What a beginning alone decides is decided for every longer value; the rest counts as a secret.
pub fn value(value: &[u8], complete: bool) -> bool {
    if Words::BenignBeginnings.list().iter().any(|beginning| value.starts_with(beginning.as_bytes())) {
        return true;
    }
    if !complete {
        return false;
    }
    value.len() < 4
        || Words::Benign.list().iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
        || number(value)
        || filler(value)
        || variable(value)
        || uuid(value)
        || date(value)
        || path(value)
        || is_reference(value)
        || position(value)
        || bracketed(value)
        || dotted(value)
        || value.windows(7).any(|word| word == b"EXAMPLE")
        || code::is_scope(value)
        || code::is_constant_number(value)
        || code::is_constant(value)
}

/// Whether a value is filled in elsewhere: a variable, a bracket, stars. For places where every other word is a secret.
pub fn placeholder(value: &[u8]) -> bool {
    Words::BenignBeginnings.list().iter().any(|beginning| value.starts_with(beginning.as_bytes()))
        || filler(value)
        || variable(value)
        || bracketed(value)
}

/// Few digits, or digits and a unit.
fn number(value: &[u8]) -> bool {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &value[digits..];
    digits > 0
        && (rest.is_empty() && digits <= 5
            || digits <= 6
                && (rest.starts_with(b" ") || rest.starts_with(b"."))
                && rest[1..].is_ascii()
                && rest[1..].iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                && rest.len() < 10)
}

/// `1.3.6.1.5.5`, `10.0.0.7`: numbers of things.
fn dotted(value: &[u8]) -> bool {
    value.iter().filter(|byte| **byte == b'.').count() >= 3
        && value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// `********`, `xxxxxxxx`, `........`
fn filler(value: &[u8]) -> bool {
    let Some(first) = value.first() else { return true };
    let same = value.iter().all(|byte| byte == first);
    same && !first.is_ascii_digit()
        || value.windows(4).any(|four| four == b"****")
        || value.windows(11).any(|word| word.eq_ignore_ascii_case(b"placeholder"))
}

/// `$NAME`, `%NAME%`, `@name@`
fn variable(value: &[u8]) -> bool {
    let word = |bytes: &[u8]| {
        !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    match value {
        [b'$', rest @ ..] => word(rest),
        [b'%', rest @ .., b'%'] | [b'@', rest @ .., b'@'] => word(rest),
        _ => false,
    }
}

/// `<your-password>`, `(sensitive value)`, `[REDACTED]`
fn bracketed(value: &[u8]) -> bool {
    let [b'<' | b'(' | b'[', rest @ ..] = value else { return false };
    rest.iter().all(|byte| byte.is_ascii_alphanumeric() || b" _-.'>)]".contains(byte))
        && rest.iter().filter(|byte| byte.is_ascii_digit()).count() <= 2
}

/// A place in a log stream: `f/`, many digits, `/s`.
fn position(value: &[u8]) -> bool {
    matches!(value, [b'f' | b'b', b'/', rest @ ..] if rest.len() > 20 && rest.iter().all(|byte| byte.is_ascii_digit() || b"/s".contains(byte)))
}

/// Eight, four, four, four and twelve hexadecimal digits.
pub fn uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A date, or a time on one.
pub fn date(value: &[u8]) -> bool {
    value.len() >= 10
        && value[..10].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
        && value[10..].iter().all(|byte| b"T:.Z+- 0123456789".contains(byte))
}

/// A path of words: `/var/run/secrets/token`, `prod/orders/db`, `./x`, `~/x`.
fn path(value: &[u8]) -> bool {
    if value.starts_with(b"./") || value.starts_with(b"../") || value.starts_with(b"~/") {
        return true;
    }
    let mut parts = value.split(|byte| *byte == b'/').skip_while(|part| part.is_empty()).peekable();
    let several = value.iter().filter(|byte| **byte == b'/').count() >= 1 && parts.peek().is_some();
    several
        && parts.all(|part| {
            !part.is_empty()
                && part.iter().all(|byte| byte.is_ascii_lowercase() || b"._-0123456789".contains(byte))
                && part.iter().filter(|byte| byte.is_ascii_digit()).count() * 3 <= part.len()
        })
}

/// Whether a value is code: `config.db.password`, `get_secret()`, `String,`, `user:read`.
pub fn is_reference(value: &[u8]) -> bool {
    if let Some(call) = value.iter().position(|byte| *byte == b'(') {
        return call > 0
            && value[..call].iter().all(|byte| byte.is_ascii_alphabetic() || b"_.".contains(byte));
    }
    let dots = value.iter().filter(|byte| **byte == b'.' || **byte == b':').count();
    dots > 0 && value.iter().all(|byte| byte.is_ascii_alphabetic() || b"_.:[]".contains(byte))
}

/// Whether an unquoted value is code: `Option<Secret>`, `&key.token`, `Secret::new(x)`, `u64)`, `{scope}`.
pub fn is_code(value: &[u8]) -> bool {
    if code::is_expression(value) || code::is_version(value) {
        return true;
    }
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let ident = value.iter().take_while(|byte| word(byte)).count();
    let rest = &value[ident..];
    match value {
        [b'&', name @ ..] => name.iter().all(|byte| byte.is_ascii_alphabetic() || b"_.".contains(byte)),
        [b'(', first, inner @ ..] => {
            first.is_ascii_alphabetic()
                && (inner.iter().any(|byte| b".(".contains(byte))
                    || inner.contains(&b'_') && inner.iter().all(word))
        }
        [b'|', name @ .., b':' | b'|'] => name.iter().all(word),
        [b'{', inner @ ..] => {
            inner.contains(&b'}') && inner.iter().take_while(|byte| word(byte)).count() < inner.len()
        }
        [first, ..] if first.is_ascii_alphabetic() || *first == b'_' => {
            let digits = value[..ident].iter().filter(|byte| byte.is_ascii_digit()).count();
            rest.starts_with(b"->") && rest.get(2).is_some_and(u8::is_ascii_alphabetic)
                || rest.starts_with(b"(") && value[..ident].contains(&b'_') && rest[1..].iter().all(word)
                || matches!(rest, b"<" | b"<&" | b"[" | b"!(") && digits == 0
                || rest.starts_with(b"::") && rest.get(2).is_some_and(u8::is_ascii_alphabetic)
                || rest.starts_with(b"<") && first.is_ascii_uppercase() && rest.contains(&b'>') && digits == 0
                || rest.iter().all(|byte| b");{".contains(byte))
                    && !rest.is_empty()
                    && ident < 16
                    && digits <= 2
        }
        _ => false,
    }
}

/// Whether a value too long to be looked at as a whole is a path or a fingerprint, by its beginning.
pub fn long(value: &[u8]) -> bool {
    path(value) && value.starts_with(b"/")
        || position(value)
        || code::is_scope(value)
        || value.windows(2).any(|two| two == b"::") && code::is_expression(value)
}

/// One word of letters: what stands after a name in prose and code.
pub fn plain_word(value: &[u8]) -> bool {
    let word = value.strip_suffix(b".").or(value.strip_suffix(b")")).unwrap_or(value);
    let word = word.strip_prefix(b"&").unwrap_or(word);
    // Base64 of a short text has no digits at times.
    let changes =
        word.windows(2).filter(|two| two[0].is_ascii_lowercase() != two[1].is_ascii_lowercase()).count();
    if word.len() >= 12 && changes * 20 > word.len() * 9 && !word.contains(&b'_') {
        return false;
    }
    word.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_' || *byte == b'?' || *byte == b'!')
}

/// Upper and lower case and digits mixed, not many slashes: no path, no digest.
pub fn looks_random(value: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && value.iter().filter(|byte| **byte == b'/').count() < 6
        && !value.ends_with(b"EXAMPLEKEY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_names_are_benign() {
        for text in [
            "3600",
            "true",
            "Bearer",
            "${X}",
            "{{ .x }}",
            "var.x",
            "process.env.X",
            "(sensitive value)",
            "****",
            "<your-password>",
            "arn:aws:iam::1:role/x",
            "0e9c2f1a-1b2c-4d3e-8f90-a1b2c3d4e5f6",
            "2026-05-01T00:00:00Z",
            "prod/orders/db",
            "/var/run/secrets/token",
            "$token",
            "%DB_PASS%",
            "30 days",
            "get_secret()",
            "config.token",
            "user:read,user:write",
            "xxxxxxxxxxxx",
        ] {
            assert!(value(text.as_bytes(), true) || text.contains(','), "{text}");
        }
    }

    #[test]
    fn passwords_are_not() {
        for text in
            ["Falcon2019!", "amber-anchor-apple-arrow", "cedar1234", "123456", "P@amber12#APPLE", "hunter"]
        {
            assert!(!value(text.as_bytes(), true), "{text}");
        }
    }
}
