//! Access key ids with numbers in them, so that whoever signs with one says which identity and which command it is.
//!
//! Of 20 characters the first 12 are the session's, the next 3 say which of its identities (0: the session's own), the
//! last 5 which command. Commands can read each other's, so the command's number attributes; it does not authenticate.
//! An identity's does: each has a secret of its own.

/// Letters and digits of access key ids; their values are their places.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Characters that are the session's; the first 4 say what kind of key it is (`ASIA`, `AKIA`).
pub const BASE_CHARACTERS: usize = 12;
/// Characters that say which identity: 15 bits.
pub const IDENTITY_CHARACTERS: usize = 3;
/// Characters that are the command's number: 25 bits.
pub const NUMBER_CHARACTERS: usize = 5;
/// Characters of a whole id.
pub const CHARACTERS: usize = BASE_CHARACTERS + IDENTITY_CHARACTERS + NUMBER_CHARACTERS;

/// Characters that say what kind of key it is.
const KIND_CHARACTERS: usize = 4;

/// The letters of command number `n`, of which the lowest 25 bits are kept.
#[must_use]
pub fn letters(n: u64) -> [u8; NUMBER_CHARACTERS] {
    spelled(n)
}

fn spelled<const LETTERS: usize>(n: u64) -> [u8; LETTERS] {
    std::array::from_fn(|place| {
        let shift = 5 * (LETTERS - 1 - place);
        ALPHABET[usize::try_from(n >> shift & 31).unwrap_or(0)]
    })
}

/// `id` (20 characters) with command number `n` in its last letters. An id of another length stays as it is.
#[must_use]
pub fn numbered(id: &str, n: u64) -> String {
    let Some(kept) = id.get(..CHARACTERS - NUMBER_CHARACTERS).filter(|_| id.len() == CHARACTERS) else {
        return id.to_owned();
    };
    kept.chars().chain(letters(n).map(char::from)).collect()
}

/// The id of another identity of the session that `id` belongs to, of this kind (`ASIA`, `AKIA`), with the number of the
/// same command.
#[must_use]
pub fn of_identity(id: &str, kind: &str, identity: u16) -> String {
    let (Some(base), Some(number)) =
        (id.get(KIND_CHARACTERS..BASE_CHARACTERS), id.get(CHARACTERS - NUMBER_CHARACTERS..))
    else {
        return id.to_owned();
    };
    let letters: [u8; IDENTITY_CHARACTERS] = spelled(u64::from(identity));
    kind.chars().chain(base.chars()).chain(letters.map(char::from)).chain(number.chars()).collect()
}

/// Which identity of the session whose ids begin like `base` this is; 0: the session's own.
#[must_use]
pub fn identity(base: &str, id: &str) -> Option<u16> {
    number(base, id)?;
    let letters = id.as_bytes().get(BASE_CHARACTERS..CHARACTERS - NUMBER_CHARACTERS)?;
    u16::try_from(value(letters)?).ok()
}

/// The command's number in `id`, if it is one of the session whose ids begin like `base`; 0: the id as it was issued.
#[must_use]
pub fn number(base: &str, id: &str) -> Option<u64> {
    if id.len() != CHARACTERS || !id.is_ascii() {
        return None;
    }
    let same = KIND_CHARACTERS..BASE_CHARACTERS;
    if id.get(same.clone())? != base.get(same)? || !matches!(id.get(..KIND_CHARACTERS)?, "ASIA" | "AKIA") {
        return None;
    }
    value(id.as_bytes().get(CHARACTERS - NUMBER_CHARACTERS..)?)
}

fn value(letters: &[u8]) -> Option<u64> {
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
        let id = "ASIAQWERTYUIAAAAAAAA";
        for n in [0, 1, 31, 32, 12_345_678, (1 << 25) - 1] {
            let numbered = numbered(id, n);
            assert_eq!(numbered.len(), 20);
            assert_eq!((number(id, &numbered), identity(id, &numbered)), (Some(n), Some(0)), "{numbered}");
            assert!(numbered.starts_with("ASIAQWERTYUIAAA"));
        }
        assert_eq!(numbered(id, 1), "ASIAQWERTYUIAAAAAAAB");
    }

    #[test]
    fn an_identity_keeps_the_session_and_the_command() {
        let id = numbered("ASIAQWERTYUIAAAAAAAA", 7);
        for n in [1, 32, 32_767] {
            let other = of_identity(&id, "AKIA", n);
            assert!(other.starts_with("AKIAQWERTYUI") && other.len() == 20, "{other}");
            assert_eq!((number(&id, &other), identity(&id, &other)), (Some(7), Some(n)), "{other}");
            assert_eq!(identity(&id, &numbered(&other, 9)), Some(n));
        }
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
            "AIDAQWERTYUIAAAAAAAB",
        ] {
            assert_eq!(number(base, id), None, "{id}");
            assert_eq!(identity(base, id), None, "{id}");
        }
        assert_eq!(identity(base, "ASIAQWERTYUIA1AAAAAA"), None);
        assert_eq!(numbered("short", 7), "short");
        assert_eq!(numbered("ASIAQWERTYUIOPLKJé1", 7).len(), 20);
        assert_eq!(of_identity("short", "ASIA", 7), "short");
    }
}
