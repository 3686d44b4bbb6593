//! Access key ids with a number in them, so that whoever signs with one says which command it is.
//!
//! The first 12 of 20 characters are the session's, the last 8 the number. Commands can read each other's, so the number
//! attributes; it does not authenticate.

/// Letters and digits of access key ids; their values are their places.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Characters that are the session's.
pub const BASE_CHARACTERS: usize = 12;
/// Characters that are the number: 40 bits.
pub const NUMBER_CHARACTERS: usize = 8;

/// The letters of number `n`, of which the lowest 40 bits are kept.
#[must_use]
pub fn letters(n: u64) -> [u8; NUMBER_CHARACTERS] {
    std::array::from_fn(|place| {
        let shift = 5 * (NUMBER_CHARACTERS - 1 - place);
        ALPHABET[usize::try_from(n >> shift & 31).unwrap_or(0)]
    })
}

/// `id` (20 characters) with command number `n` in its last 8 letters. An id of another length stays as it is.
#[must_use]
pub fn numbered(id: &str, n: u64) -> String {
    let whole = BASE_CHARACTERS + NUMBER_CHARACTERS;
    let Some(base) = id.get(..BASE_CHARACTERS).filter(|_| id.len() == whole) else { return id.to_owned() };
    let number = letters(n);
    base.chars().chain(number.iter().map(|letter| char::from(*letter))).collect()
}

/// The number in `id`, if its first 12 letters are those of `base`; 0: the id as it was issued.
#[must_use]
pub fn number(base: &str, id: &str) -> Option<u64> {
    let whole = BASE_CHARACTERS + NUMBER_CHARACTERS;
    if id.len() != whole || base.len() < BASE_CHARACTERS || !id.is_ascii() {
        return None;
    }
    let (start, letters) = id.as_bytes().split_at(BASE_CHARACTERS);
    if !base.as_bytes().starts_with(start) {
        return None;
    }
    letters.iter().try_fold(0, |number, letter| {
        let value = ALPHABET.iter().position(|known| known == letter)?;
        Some(number << 5 | value as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_survives_its_letters() {
        let id = "ASIAQWERTYUIOPLKJHGF";
        for n in [0, 1, 31, 32, 123_456_789, (1 << 40) - 1] {
            let numbered = numbered(id, n);
            assert_eq!(numbered.len(), 20);
            assert_eq!(number(id, &numbered), Some(n), "{numbered}");
            assert!(numbered.starts_with("ASIAQWERTYUI"));
        }
        assert_eq!(numbered(id, 0), "ASIAQWERTYUIAAAAAAAA");
        assert_eq!(numbered(id, 1), "ASIAQWERTYUIAAAAAAAB");
    }

    #[test]
    fn other_ids_have_no_number() {
        let base = "ASIAQWERTYUIAAAAAAAA";
        for id in [
            "",
            "ASIAQWERTYUI",
            "ASIAQWERTYUXAAAAAAAB",
            "ASIAQWERTYUIAAAAAAA1",
            "ASIAQWERTYUIAAAAAAAé",
            "AKIAQWERTYUIAAAAAAAB",
        ] {
            assert_eq!(number(base, id), None, "{id}");
        }
        assert_eq!(numbered("short", 7), "short");
        assert_eq!(numbered("ASIAQWERTYUIOPLKJé1", 7).len(), 20);
    }
}
