//! Sets of bytes: the letters a secret's body may have.

/// A set of bytes, as a bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set([u64; 4]);

impl Set {
    /// No byte: what is held for it is shown in a pause.
    pub const NONE: Self = Self([0; 4]);

    /// Every byte.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// The bytes of `ranges`, each from a first to a last byte.
    const fn of(ranges: &[(u8, u8)]) -> Self {
        let mut bits = [0u64; 4];
        let mut at = 0;
        while at < ranges.len() {
            let mut byte = ranges[at].0 as usize;
            while byte <= ranges[at].1 as usize {
                bits[byte / 64] |= 1 << (byte % 64);
                byte += 1;
            }
            at += 1;
        }
        Self(bits)
    }

    /// This set without the bytes of `taken`.
    pub const fn without(self, taken: &[u8]) -> Self {
        let mut bits = self.0;
        let mut at = 0;
        while at < taken.len() {
            bits[taken[at] as usize / 64] &= !(1 << (taken[at] % 64));
            at += 1;
        }
        Self(bits)
    }

    /// This set and one more byte.
    pub const fn with(self, byte: u8) -> Self {
        let mut bits = self.0;
        bits[byte as usize / 64] |= 1 << (byte % 64);
        Self(bits)
    }

    /// Whether `byte` is in the set.
    pub const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize / 64] >> (byte % 64) & 1 == 1
    }

    /// How many bytes at the start of `bytes` are in the set.
    pub fn span(&self, bytes: &[u8]) -> usize {
        bytes.iter().position(|byte| !self.has(*byte)).unwrap_or(bytes.len())
    }
}

const LOWER: (u8, u8) = (b'a', b'z');
const UPPER: (u8, u8) = (b'A', b'Z');
const DIGIT: (u8, u8) = (b'0', b'9');

const fn one(byte: u8) -> (u8, u8) {
    (byte, byte)
}

/// Everything that can be part of a word on a line: no blanks, no controls; UTF-8 included.
pub const VISIBLE: Set = Set::of(&[(0x21, 0x7e), (0x80, 0xff)]);
/// What an unquoted value may have.
pub const VALUE: Set = VISIBLE.without(b"\"'`,;");
/// What stays masked after a body that was cut short: letters of tokens, no brackets, quotes or separators.
pub const TOKEN: Set = Set::of(&[
    LOWER,
    UPPER,
    DIGIT,
    one(b'_'),
    one(b'-'),
    one(b'.'),
    one(b'+'),
    one(b'/'),
    one(b'='),
    one(b'~'),
    one(b'%'),
]);
/// Base64 with its padding.
pub const BASE64: Set = Set::of(&[LOWER, UPPER, DIGIT, one(b'+'), one(b'/'), one(b'=')]);

/// The sets that rule files may name.
const NAMED: &[(&str, Set)] = &[
    ("d", Set::of(&[DIGIT])),
    ("hex", Set::of(&[DIGIT, (b'a', b'f'), (b'A', b'F')])),
    ("hexd", Set::of(&[DIGIT, (b'a', b'f'), (b'A', b'F'), one(b'-')])),
    ("b62", Set::of(&[LOWER, UPPER, DIGIT])),
    ("b62d", Set::of(&[LOWER, UPPER, DIGIT, one(b'-')])),
    ("b64", BASE64),
    (
        "b64p",
        Set::of(&[LOWER, UPPER, DIGIT, one(b'+'), one(b'/'), one(b'='), one(b'%'), one(b'-'), one(b'_')]),
    ),
    ("b64u", Set::of(&[LOWER, UPPER, DIGIT, one(b'-'), one(b'_')])),
    ("b64ud", Set::of(&[LOWER, UPPER, DIGIT, one(b'-'), one(b'_'), one(b'.')])),
    ("b32", Set::of(&[UPPER, (b'2', b'7')])),
    ("low32", Set::of(&[LOWER, (b'2', b'7')])),
    ("low36", Set::of(&[LOWER, DIGIT])),
    ("up36", Set::of(&[UPPER, DIGIT])),
    ("azure", Set::of(&[LOWER, UPPER, DIGIT, one(b'_'), one(b'-'), one(b'.'), one(b'~')])),
    ("pct", Set::of(&[LOWER, UPPER, DIGIT, one(b'%'), one(b'-'), one(b'_'), one(b'.'), one(b'~')])),
    ("value", VALUE),
    ("url", VALUE.without(b"<>\\|{}")),
    (
        "crypt",
        Set::of(&[
            LOWER,
            UPPER,
            DIGIT,
            one(b'.'),
            one(b'/'),
            one(b'$'),
            one(b'='),
            one(b','),
            one(b'+'),
            one(b'-'),
            one(b'_'),
        ]),
    ),
];

/// The set a rule file calls `name`.
pub fn named(name: &str) -> Option<Set> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, set)| *set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_its_ranges_and_no_more() {
        let hex = named("hex").unwrap();
        assert_eq!(hex.span(b"09afAFg"), 6);
        assert!(!hex.has(b'g') && !hex.has(0xff));
        assert_eq!(VALUE.span("pä!;x".as_bytes()), 4);
    }
}
