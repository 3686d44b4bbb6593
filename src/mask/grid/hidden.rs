//! What is to be hidden in output that exists already.

/// A character to hide in output that has been recorded or is about to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The position of its first byte.
    pub at: u64,
    /// How many bytes it has.
    pub bytes: u8,
    /// How many stars stand for it.
    pub columns: u8,
}

/// `bytes`, which begin at `position`, with as many stars for each hidden character as it takes columns.
#[must_use]
pub fn starred(bytes: &[u8], position: u64, mut hidden: Vec<Hidden>) -> Vec<u8> {
    hidden.sort_unstable_by_key(|character| character.at);
    hidden.dedup_by_key(|character| character.at);
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for character in hidden {
        let Some(at) = character.at.checked_sub(position).and_then(|at| usize::try_from(at).ok()) else {
            continue;
        };
        if at < from || at >= bytes.len() {
            continue;
        }
        out.extend_from_slice(&bytes[from..at]);
        // The rest of a character that is cut at the end follows in the next piece, and is no character there.
        from = (at + usize::from(character.bytes)).min(bytes.len());
        out.resize(out.len() + usize::from(character.columns), b'*');
    }
    out.extend_from_slice(&bytes[from..]);
    out
}
