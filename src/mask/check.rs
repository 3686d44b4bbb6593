//! What a number must stand up to before it counts as somebody's: check digits, countries, ranges.

use super::view::View;

/// A test of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// An address, and not the `user@host` of a URL or of git.
    Email,
    /// Enough digits, and not a number in a diff or a sum.
    Phone,
    /// An issuer's range and the check digit of Luhn.
    Card,
    /// A country's length and the remainder of ISO 13616.
    Iban,
    /// Areas, groups and serials that were given out.
    Ssn,
}

/// Lengths of IBANs (SWIFT's registry, release 99).
const IBANS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SC", 31),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
];

impl Check {
    /// The check that rule files call `name`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "email" => Some(Self::Email),
            "phone" => Some(Self::Phone),
            "card" => Some(Self::Card),
            "iban" => Some(Self::Iban),
            "ssn" => Some(Self::Ssn),
            _ => None,
        }
    }

    /// How much of the match from `at` to `end` stands up to it; `None`: nothing does.
    pub fn accepts(self, view: View<'_>, at: usize, end: usize) -> Option<usize> {
        let before = view.before(at);
        let value = view.slice(at, end);
        let digits = || value.iter().filter(|byte| byte.is_ascii_digit());
        let glued = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.+/".contains(byte);
        // Names of sessions and paths end in addresses; those of Kerberos have their realm in capitals.
        let is_small = || {
            value
                .rsplit(|byte| *byte == b'@')
                .next()
                .is_some_and(|host| host.iter().any(u8::is_ascii_lowercase))
        };
        let is_path = self == Self::Email && before.last() == Some(&b'/') && is_small();
        if before.last().is_some_and(glued) && !is_path {
            return None;
        }
        if self == Self::Iban {
            return iban(value)
                .filter(|length| !view.at(at + length).is_some_and(|byte| byte.is_ascii_alphanumeric()));
        }
        let next = view.slice(end, end + 2);
        if matches!(next, [b'-' | b'.', byte, ..] if byte.is_ascii_alphanumeric())
            || next.first() == Some(&b'_')
        {
            return None;
        }
        let is_one = match self {
            Self::Email => {
                let token = before
                    .iter()
                    .rposition(u8::is_ascii_whitespace)
                    .map_or(before, |space| &before[space + 1..]);
                // A token in front of a host is no name.
                let name = value.iter().position(|byte| *byte == b'@').unwrap_or_default();
                name < 40 && !value.starts_with(b"git@") && !token.windows(3).any(|three| three == b"://")
            }
            Self::Phone => {
                let signs = value.iter().skip(1).any(|byte| !byte.is_ascii_digit());
                let begins_line = before.last().is_none_or(|byte| *byte == b'\n');
                // A value of its own, such as that of a parameter, is no line of a diff.
                let is_whole = before.is_empty() && view.is_last() && end == view.end();
                let count = digits().count();
                let enough = if signs { (9..=15).contains(&count) } else { (10..=15).contains(&count) };
                enough && (is_whole || !(begins_line && !signs && value.first() == Some(&b'+')))
            }
            Self::Card => card(&digits().copied().collect::<Vec<u8>>()),
            Self::Ssn => {
                !value.starts_with(b"000")
                    && !value.starts_with(b"666")
                    && &value[4..6] != b"00"
                    && &value[7..] != b"0000"
            }
            Self::Iban => false,
        };
        is_one.then_some(value.len())
    }
}

/// Issuers' ranges and lengths, and the check digit.
fn card(digits: &[u8]) -> bool {
    let head = digits.iter().take(4).fold(0u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    let known = match digits.len() {
        13 | 19 => head / 1000 == 4,
        15 => matches!(head / 100, 34 | 37),
        16 => {
            head / 1000 == 4
                || matches!(head, 2221..=2720 | 3528..=3589 | 6011 | 6440..=6599)
                || matches!(head / 100, 51..=55 | 65)
        }
        _ => false,
    };
    let sum = digits.iter().rev().enumerate().fold(0u32, |sum, (place, digit)| {
        let digit = u32::from(digit - b'0') << (place % 2);
        sum + if digit > 9 { digit - 9 } else { digit }
    });
    let all_same = digits.iter().all(|digit| Some(digit) == digits.first());
    known && !all_same && sum.is_multiple_of(10)
}

/// The length of the IBAN that begins `text`, with its spaces.
fn iban(text: &[u8]) -> Option<usize> {
    let country = text.get(..2)?;
    let length = IBANS.iter().find(|(known, _)| known.as_bytes() == country)?.1;
    let letters: Vec<(usize, u8)> =
        text.iter().copied().enumerate().filter(|(_, byte)| *byte != b' ').take(length).collect();
    if letters.len() < length {
        return None;
    }
    let rest =
        letters.iter().skip(4).chain(letters.iter().take(4)).fold(0u64, |rest, (_, byte)| match byte {
            b'0'..=b'9' => (rest * 10 + u64::from(byte - b'0')) % 97,
            _ => (rest * 100 + u64::from(byte - b'A') + 10) % 97,
        });
    (rest == 1).then(|| letters.last().map_or(0, |(at, _)| at + 1))
}
