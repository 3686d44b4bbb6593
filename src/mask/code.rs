//! What stands beside a sensitive name in code and in texts about it: identifiers, types, expressions, sentences.

/// The most letters that are looked at as a name.
const LONGEST: usize = 120;
/// Words of names that are about secrets: a text that is made of them names one, and is none.
const KEYWORDS: &[&[u8]] = &[
    b"token",
    b"tokens",
    b"secret",
    b"secrets",
    b"password",
    b"passwords",
    b"passphrase",
    b"credential",
    b"credentials",
    b"key",
    b"keys",
    b"auth",
    b"authorization",
];
/// Words of sentences, none of which is in the word lists that phrases are drawn from.
const SMALL_WORDS: &[&[u8]] = &[
    b"the", b"to", b"of", b"is", b"your", b"for", b"be", b"with", b"in", b"and", b"an", b"or", b"not",
    b"are", b"if", b"on", b"by", b"must",
];

/// The words of an identifier: at signs, digits, and where small letters meet capitals.
fn words(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let start = rest.iter().position(u8::is_ascii_alphabetic)?;
        rest = &rest[start..];
        let letters = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let capitals = rest[..letters].iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        let small = rest[capitals..letters].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        // `HTTPServer`: the last capital begins the next word.
        let length = match (capitals, small) {
            (0 | 1, _) => capitals + small,
            (_, 0) => capitals,
            _ => capitals - 1,
        };
        let (word, after) = rest.split_at(length.max(1));
        rest = after;
        Some(word)
    })
}

/// Whether letters could be a word: with a vowel, and without a long row of consonants.
fn is_word(word: &[u8]) -> bool {
    let vowel = |byte: &u8| b"aeiouyAEIOUY".contains(byte);
    let short = word.len() <= 4 || word.len() <= 5 && word.iter().all(u8::is_ascii_uppercase);
    short || word.iter().any(vowel) && !word.split(vowel).any(|row| row.len() >= 5)
}

/// Whether a text is made of words: few digits, hardly a word of one letter.
fn is_made_of_words(name: &[u8], most_digits: usize) -> bool {
    let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    let (mut count, mut tiny, mut longest) = (0, 0, 0);
    for word in words(name) {
        if !is_word(word) {
            return false;
        }
        count += 1;
        longest = longest.max(word.len());
        tiny += usize::from(word.len() == 1);
    }
    digits <= most_digits && longest >= 3 && tiny <= 1 + count / 4
}

/// Whether the words are long enough, in the middle, not to be letters drawn by lot.
fn has_long_words(name: &[u8], least: usize) -> bool {
    let (count, letters) =
        words(name).fold((0, 0), |(count, letters), word| (count + 1, letters + word.len()));
    letters >= least * count
}

/// Whether a text is made of words that are long enough, in the middle, not to be letters drawn by lot.
pub fn is_wordy(text: &[u8]) -> bool {
    is_made_of_words(text, 6) && has_long_words(text, 3)
}

/// Whether a text is one identifier that a person has made up.
fn is_identifier(name: &[u8]) -> bool {
    name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && (name.len() <= 2 || is_made_of_words(name, 5))
}

/// `API_KEY_NAME`: a constant or a placeholder.
pub fn is_constant(name: &[u8]) -> bool {
    name.contains(&b'_')
        && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        && is_made_of_words(name, 1)
        && has_long_words(name, 3)
}

/// `AccessTokenModel`, `x-amz-security-token`: a name that says what it is about.
pub fn is_about_itself(name: &[u8]) -> bool {
    let sign = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/ ".contains(byte);
    let trailing = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let mut count = 0;
    let keyword = words(name)
        .inspect(|_| count += 1)
        .filter(|word| KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)))
        .count();
    keyword > 0
        && count > 1
        && trailing == 0
        && name.iter().all(sign)
        && is_made_of_words(name, 2)
        && has_long_words(name, 3)
}

/// A sentence: words and blanks, and one of the small words among them.
fn is_sentence(text: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphabetic() || b" .,:;'()-/".contains(byte);
    text.contains(&b' ')
        && text.iter().all(plain)
        && text.split(|byte| *byte == b' ').any(|word| {
            let word = word.strip_suffix(b",").unwrap_or(word);
            SMALL_WORDS.iter().any(|small| word.eq_ignore_ascii_case(small))
        })
}

/// `^3.972.84`, `>=1.2`, `1556311319.069`
pub fn is_version(value: &[u8]) -> bool {
    let from = value.iter().take_while(|byte| b"^~<>=v".contains(byte)).count();
    let rest = &value[from..];
    let numbers = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let dots = rest[..numbers].iter().filter(|byte| **byte == b'.').count();
    let suffix = &rest[numbers..];
    dots > 0
        && rest.first().is_some_and(u8::is_ascii_digit)
        && (suffix.is_empty()
            || suffix.len() <= 16
                && matches!(suffix[0], b'-' | b'+')
                && suffix[1..]
                    .iter()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(byte)))
}

/// `0x000D`, `1<<8`, `(1<<13)`, `8i32`, `464/udp`
pub fn is_constant_number(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"(").unwrap_or(value);
    let value = value.strip_suffix(b",").unwrap_or(value);
    let value = value.strip_suffix(b")").unwrap_or(value);
    if let Some(hex) = value.strip_prefix(b"0x") {
        let count = hex.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        return (1..=8).contains(&count) && matches!(&hex[count..], b"" | b"U" | b"L" | b"UL" | b"u");
    }
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &value[digits..];
    (1..=6).contains(&digits)
        && (matches!(rest, b"/tcp" | b"/udp" | b"/sctp" | b"i8" | b"i16" | b"i32" | b"i64" | b"u8")
            || matches!(rest, b"u16" | b"u32" | b"u64" | b"usize" | b"isize" | b"f32" | b"f64")
            || rest.strip_prefix(b"<<").is_some_and(|by| by.iter().all(u8::is_ascii_digit)))
}

/// The scope of a signature: `AKIDEXAMPLE/20150830/us-east-1/service/aws4_request`, also with `%2F`.
pub fn is_scope(value: &[u8]) -> bool {
    let key = value.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count();
    let rest = &value[key..];
    let rest = rest.strip_prefix(b"/").or(rest.strip_prefix(b"%2F")).unwrap_or_default();
    (8..=24).contains(&key)
        && rest.len() >= 9
        && rest[..8].iter().all(u8::is_ascii_digit)
        && matches!(rest[8], b'/' | b'%')
}

/// A type: `Optional[str]`, `Partial<T>`
fn is_type(value: &[u8]) -> bool {
    let ident = value.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(byte)).count();
    let rest = &value[ident..];
    ident >= 3
        && matches!(rest.first(), Some(b'[' | b'<'))
        && matches!(rest.last(), Some(b']' | b'>'))
        && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.,:| []<>'&".contains(byte))
}

/// `{token}`, `prefix-%s`: filled in by a program.
fn is_template(value: &[u8]) -> bool {
    let braces = value.iter().position(|byte| *byte == b'{').is_some_and(|open| {
        let inner = value[open + 1..].split(|byte| *byte == b'}').next().unwrap_or_default();
        let closed = open + 1 + inner.len() < value.len();
        closed
            && !inner.first().is_some_and(u8::is_ascii_digit)
            && inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.:?!()[]".contains(byte))
            && (open == 0 || value[open - 1] != b'$' || inner.len() > 1)
            && value.len() <= inner.len() + 12
    });
    braces || value.ends_with(b"%s") || value.starts_with(b"%s")
}

/// `Uint8Array`: capitals and small letters, in words.
pub fn is_type_name(value: &[u8]) -> bool {
    let capital = value.first().is_some_and(u8::is_ascii_uppercase);
    let digit_last = value.last().is_some_and(u8::is_ascii_digit);
    capital && !digit_last && is_identifier(value) && has_long_words(value, 4)
}

/// Whether a quoted text is the name of something, or says something, and is no secret.
pub fn is_name(value: &[u8]) -> bool {
    value.len() <= LONGEST
        && (is_constant(value)
            || is_about_itself(value)
            || is_sentence(value)
            || is_type(value)
            || is_template(value)
            || is_version(value))
}

/// Whether an unquoted text is an expression or a type of a programming language.
pub fn is_expression(value: &[u8]) -> bool {
    let sigils = value.iter().take_while(|byte| b"&*([!@-".contains(byte)).count();
    let mut rest = &value[sigils..];
    let rooted = rest.starts_with(b"::");
    rest = rest.strip_prefix(b"::").unwrap_or(rest);
    let mut parts = 0;
    loop {
        let ident = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let is_indexed = rest[ident..].strip_prefix(b"[").is_some_and(|index| {
            let inner = index.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            index[inner..].starts_with(b"]") && inner <= 3
        });
        let is_primitive = rest[..ident].starts_with(b"__") && ident <= 6;
        if ident == 0 || !(is_identifier(&rest[..ident]) || is_indexed || is_primitive) {
            let numbers = sigils > 0 && parts == 0 && value[0] == b'[' && ident > 0;
            return numbers && rest[..ident].iter().all(|byte| byte.is_ascii_digit() || b"xu".contains(byte));
        }
        let name = &rest[..ident];
        parts += 1;
        rest = &rest[ident..];
        let joined = [&b"::"[..], b"->", b"?.", b"."].iter().find_map(|sign| rest.strip_prefix(*sign));
        if let Some(next) = joined
            && next.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        {
            rest = next;
            continue;
        }
        let digit_last = name.last().is_some_and(u8::is_ascii_digit) && name.len() > 3 && !is_primitive;
        let complete = rest.iter().all(|byte| b",;):>]".contains(byte)) && !digit_last;
        return match rest.first() {
            None => {
                is_primitive
                    || (parts > 1 || sigils > 0 || rooted) && !digit_last
                    || name.starts_with(b"_") && name.len() > 3
            }
            Some(b'(' | b'[') => name.len() >= 3 || parts > 1 || is_indexed,
            Some(b'?') => rest.starts_with(b"?.") || rest == b"?",
            Some(b'!') => matches!(rest.get(1), Some(b'(' | b'[' | b'{')),
            Some(b'<') => name.len() >= 2 && rest.len() > 1 && !digit_last,
            Some(b'{') => name[0].is_ascii_uppercase() && name.len() >= 3 && rest.len() == 1,
            Some(b',' | b';' | b')') => complete,
            _ => complete && sigils > 0,
        };
    }
}

/// `token_cache`, `CreateTokenRequestBody`: the name of a variable or a type, where values are not quoted.
pub fn is_variable(value: &[u8]) -> bool {
    let letters = value.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let snake = letters && value.contains(&b'_');
    let capital = value.first().is_some_and(u8::is_ascii_uppercase);
    let camel = capital
        && !value.last().is_some_and(u8::is_ascii_digit)
        && value.iter().all(u8::is_ascii_alphanumeric)
        && value.iter().any(u8::is_ascii_lowercase)
        && words(value).count() >= 3
        && has_long_words(value, 4);
    (snake || camel) && is_made_of_words(value, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sentences_are_told_from_secrets() {
        for text in [
            "AWS_SHARED_CREDENTIALS_FILE",
            "CLIENT_TRAFFIC_SECRET_0",
            "BatchGetSecretValue",
            "v1Token",
            "dns-token",
            "x-aws-ec2-metadata-token",
            "not-accepting-credentials",
            "The grant token.",
            "Password used to generate key",
            "Optional[str]",
            "{token}",
            "token-%s",
            "^3.972.84",
        ] {
            assert!(is_name(text.as_bytes()), "{text}");
        }
        for text in [
            "correct horse battery staple",
            "abandon ability able about above absent",
            "Falcon2019!",
            "amber-river-42",
            "MySecretPassword123",
            "hunter2",
            "K7_QX_ZPT",
            "4c1f{9}x",
            "SunnyOtter55",
            "abcdefg",
        ] {
            assert!(!is_name(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn expressions_are_told_from_secrets() {
        for text in [
            "&hkdf::Prk",
            "Token![trait]",
            "Option<Result<Token",
            "_bindgen_ty_7",
            "&[u8]",
            "[0u8",
            "(*token_response",
            "rsa::RsaPrivateKey::from_pkcs1_der(RSA_2048).unwrap()",
            "found[0].secret.clone()",
            "sys.argv[1]",
            "utf8_to_utf16_dup(v)",
            "crate::__u32",
            "None,",
            "str):",
            "prefix[i]",
            "Partial<{",
        ] {
            assert!(is_expression(text.as_bytes()), "{text}");
        }
        for text in
            ["Falcon2019!", "xK9(qZ2", "amber-river-42", "Sunflower", "P@ssw0rd(1", "aB3x[9kQ", "q7.Zp.4x"]
        {
            assert!(!is_expression(text.as_bytes()), "{text}");
        }
        for text in ["token_cache", "CreateOAuth2TokenRequestBody", "frozen_credentials"] {
            assert!(is_variable(text.as_bytes()), "{text}");
        }
        for text in ["SunnyOtter55", "sunflower", "BraveOtter", "xK_zq_pt"] {
            assert!(!is_variable(text.as_bytes()), "{text}");
        }
    }
}
