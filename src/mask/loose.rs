//! Values that stand apart from their name: after a blank, an arrow or a sentence, in a further column, on the line
//! that answers a command. Only what looks drawn by lot counts there, because most words after a name are words.

use super::alphabet::Set;
use super::alphabet::VISIBLE;
use super::benign;
use super::code;
use super::pairs;
use super::pairs::is_strong;
use super::told;
use super::values::BLANKS;
use super::values::Reader;
use super::view::LINE_BACK;
use super::view::Look;
use super::view::View;

/// The longest value.
const LONGEST: usize = 200;
/// The longest rest of a sentence or of a command.
const SENTENCE: usize = 160;
/// Words between a name and its value that say how the value is written.
const KINDS: &[&[u8]] = &[
    b"0",
    b"5",
    b"6",
    b"7",
    b"8",
    b"9",
    b"sha",
    b"sha1",
    b"sha256",
    b"sha512",
    b"md5",
    b"aes",
    b"des",
    b"3des",
    b"128",
    b"192",
    b"256",
    b"ascii",
    b"hex",
    b"ascii-text",
    b"plaintext",
    b"cleartext",
    b"plain-text",
    b"simple",
    b"cipher",
    b"encrypted",
    b"hash",
    b"0:",
    b"->",
    b"\xe2\x86\x92",
    b"=>",
];

/// Whether a value looks drawn by lot: small letters, capitals and digits, and hardly a word among them; or a word
/// with capitals, digits and a sign, as people make up passwords.
pub fn is_drawn(value: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+/=!@#$%^&*~?;".contains(byte);
    (8..=LONGEST).contains(&value.len())
        && value.iter().all(letters)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && !matches!(value[0], b'-' | b'*' | b'&' | b'!')
        && !code::is_about_itself(value)
        && value.iter().filter(|byte| **byte == b'/').count() * 8 <= value.len()
        && !benign::value(value, true)
        && (!code::is_wordy(value)
            || value.iter().any(|byte| b"!@#$%^&*~".contains(byte)) && is_strong(value))
}

/// How a value that is held leaves in a pause: what begins like a word may be one that is being typed.
fn holding(at: usize, known: &[u8]) -> Look {
    let set = VISIBLE.without(b"\"'`");
    match known {
        [] => Look::WAIT,
        _ if !known.iter().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) => {
            Look::hold(at, Set::NONE)
        }
        _ => Look::hold(at, set),
    }
}

/// A value at `at`, quoted or not, that looks drawn by lot; `alone`: to the end of its line.
pub fn drawn(at: usize, view: View<'_>, alone: bool) -> Look {
    let quote = view.at(at).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let start = at + usize::from(quote.is_some());
    let rest = view.slice(start, start + LONGEST + 1);
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`,)]}<>|".contains(byte);
    // Those have rules of their own, which keep the public beginning.
    if told::has_prefix(&rest[..rest.len().min(16)]) || rest.starts_with(b"eyJ") {
        return Look::No;
    }
    let length = match rest.iter().position(ends) {
        Some(length) => length,
        None if rest.len() > LONGEST => return Look::No,
        None if view.is_last() => rest.len(),
        None => return holding(start, rest),
    };
    let mut value = &rest[..length];
    let next = rest.get(length).copied();
    if quote.is_some() && next != quote {
        return Look::No;
    }
    let line = matches!(next, None | Some(b'\r' | b'\n'));
    while let (None, [shorter @ .., b'.' | b';']) = (quote, value) {
        value = shorter;
    }
    let is_one = (quote.is_some() || line || !alone && matches!(next, Some(b' ' | b'\t' | b',' | b')')))
        && (is_drawn(value) || quote.is_some() && alone && is_strong(value));
    if is_one { Look::closed(start, start, start + value.len()) } else { Look::No }
}

/// Whether a line begins with the prompt of a shell or of a language.
fn has_prompt(before: &[u8]) -> bool {
    let sign = before.windows(2).position(|two| matches!(two, [b'$' | b'#' | b'%' | b'>' | b':', b' ']));
    sign.is_some_and(|at| match before[at] {
        b':' => before.starts_with(b"In [") && at < 12,
        _ => at < 64 && before[..at].iter().filter(|byte| **byte == b' ').count() <= 2,
    })
}

impl Reader<'_> {
    /// `ppp chap password 0 x`, `X-Api-Key "x"`, `token -> x`; `password for bob: x`; `NAME   kind   x   3d`
    pub(super) fn apart(&self, at: usize, before: &[u8]) -> Look {
        self.after_kinds(at).or(|| self.announced(at)).or(|| match pairs::begins_row(before) {
            true => self.further_column(at),
            false => Look::No,
        })
    }

    fn after_kinds(&self, at: usize) -> Look {
        let mut at = at;
        for _ in 0..3 {
            let rest = self.view.slice(at, at + 16);
            let Some(length) = rest.iter().position(|byte| *byte == b' ') else {
                let could = rest.len() < 16 && KINDS.iter().any(|kind| kind.starts_with(rest));
                match could && !self.view.is_last() {
                    true => return holding(at, rest),
                    false => break,
                }
            };
            if !KINDS.contains(&&rest[..length]) {
                break;
            }
            let Some(next) = self.skip(at + length, 8, b" ") else { return Look::WAIT };
            at = next;
        }
        drawn(at, self.view, false)
    }

    /// `password is generated for root@localhost: x`, from the word after the name on.
    fn announced(&self, at: usize) -> Look {
        let rest = self.view.slice(at, at + SENTENCE);
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" @_-.'()[]/".contains(byte);
        let length = rest.iter().take_while(|byte| plain(byte)).count();
        match rest.get(length) {
            None => return if rest.len() < SENTENCE { self.ending() } else { Look::No },
            Some(b':') => {}
            Some(_) => return Look::No,
        }
        let sign = at + length + 1;
        let Some(value) = self.skip(sign, 24, b" \t") else { return Look::WAIT };
        if value == sign {
            return if self.view.at(value).is_none() { self.ending() } else { Look::No };
        }
        drawn(value, self.view, true)
    }

    /// `DB_PASSWORD   secret   x   3d`: the first cell that looks drawn by lot.
    fn further_column(&self, at: usize) -> Look {
        if self.is_lower_word() {
            return Look::No;
        }
        let mut at = at;
        for _ in 0..4 {
            match drawn(at, self.view, false) {
                Look::No => {}
                look => return look,
            }
            let rest = self.view.slice(at, at + LONGEST);
            let Some(length) = rest.iter().position(u8::is_ascii_whitespace) else {
                return if rest.len() < LONGEST { self.ending() } else { Look::No };
            };
            let Some(next) = self.skip(at + length, BLANKS, b" ") else { return Look::WAIT };
            if next < at + length + 2 {
                return if self.view.at(next).is_none() { self.ending() } else { Look::No };
            }
            at = next;
        }
        Look::No
    }

    /// A name of small letters alone: a word of prose, too.
    fn is_lower_word(&self) -> bool {
        self.name.iter().all(u8::is_ascii_lowercase)
    }

    /// `>>> settings.SECRET_KEY`, `$ echo $API_TOKEN`, `$ x initial-password`: the value alone on the next line.
    pub(super) fn answered(&self, end: usize) -> Look {
        let before = self.view.line_before(self.start);
        if before.len() >= LINE_BACK || !has_prompt(before) {
            return Look::No;
        }
        let rest = self.view.slice(end, end + SENTENCE);
        let Some(line) = rest.iter().position(|byte| *byte == b'\n') else {
            return if rest.len() < SENTENCE { self.ending() } else { Look::No };
        };
        if rest[..line].iter().any(|byte| b">;&".contains(byte)) {
            return Look::No;
        }
        let mut at = end + line + 1;
        for mark in [&b"=> "[..], b"[1] ", b"$1 = "] {
            let known = self.view.slice(at, at + mark.len());
            if known == mark {
                at += mark.len();
            } else if known.len() < mark.len() && mark.starts_with(known) && !self.view.is_last() {
                return holding(at, known);
            }
        }
        let known = self.view.slice(at, at + 12);
        if known.starts_with(b"Out[") {
            match known.windows(2).position(|two| two == b": ") {
                Some(sign) => at += sign + 2,
                None if known.len() < 12 && !self.view.is_last() => return holding(at, known),
                None => return Look::No,
            }
        } else if b"Out[".starts_with(known) && !self.view.is_last() {
            return holding(at, known);
        }
        drawn(at, self.view, true)
    }

    /// `Token("x")`, `hash('x')`, from the name of the call on; `None`: it is no call of a text.
    pub(super) fn called(&self, at: usize, set: Set) -> Option<Look> {
        const NAME: usize = 40;
        let rest = self.view.slice(at, at + NAME + 2);
        let name =
            rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.:".contains(byte)).count();
        if name == 0 || name > NAME || benign::value(&rest[..name], false) {
            return None;
        }
        match (rest.get(name), rest.get(name + 1)) {
            (Some(b'('), Some(quote @ (b'"' | b'\''))) => Some(self.text_of_call(at + name + 2, *quote)),
            (None, _) | (Some(b'('), None) if !self.view.is_last() => Some(Look::hold(at, set)),
            _ => None,
        }
    }

    /// `**password:** x`, from the stars on.
    pub(super) fn set_bold(&self, at: usize) -> Look {
        let rest = self.view.slice(at, at + 3);
        if rest != b"** " {
            return if b"** ".starts_with(rest) { self.ending() } else { Look::No };
        }
        drawn(at + 3, self.view, true)
    }

    /// A text that is long enough not to be the name of a method, such as `sha512`.
    fn text_of_call(&self, at: usize, quote: u8) -> Look {
        match self.strong(at, quote, true) {
            Look::Hit(hit) if hit.end < at + 8 || code::is_name(self.view.slice(at, hit.end)) => Look::No,
            look => look,
        }
    }

    /// Whether a UUID beside the name is a secret: the name says it is one, and not which.
    pub(super) fn has_uuid(&self, value: &[u8]) -> bool {
        let name: Vec<u8> =
            self.name.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
        let sure = [
            &b"password"[..],
            b"passwd",
            b"passphrase",
            b"secretkey",
            b"apikey",
            b"apitoken",
            b"authtoken",
            b"accesstoken",
            b"bearertoken",
            b"clientsecret",
            b"apisecret",
            b"acltoken",
        ];
        benign::uuid(value) && sure.iter().any(|word| name.ends_with(word))
    }
}
