//! A set of four-letter beginnings, and a fast look for the next place in a text where one of them may stand.

/// Spreads four bytes over the table.
const SPREAD: u32 = 0x9e37_79b1;
/// Places in eight bytes that have four.
const PLACES: usize = 5;

/// Four bytes as a number.
pub fn gram(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|four| u32::from_le_bytes(*four))
}

/// Beginnings, by their hashes: a place that is not one may look like one, never the other way round.
///
/// The table has `WORDS` times 32 bits. Of a gram only the bits of `KEEP` count: so letters may lose their case.
#[derive(Clone, Debug)]
pub struct Grams<const WORDS: usize, const KEEP: u32> {
    table: Box<[u32; WORDS]>,
}

impl<const WORDS: usize, const KEEP: u32> Grams<WORDS, KEEP> {
    /// How far a hash is shifted to be a place in the table.
    const SHIFT: u32 = 32 - WORDS.trailing_zeros();

    /// A set of these beginnings.
    pub fn new(grams: impl Iterator<Item = u32>) -> Self {
        let mut own = Self { table: Box::new([0; WORDS]) };
        grams.for_each(|gram| own.add(gram));
        own
    }

    /// A gram without what does not count.
    pub const fn fold(gram: u32) -> u32 {
        gram & KEEP
    }

    /// The place of a folded gram in a table of as many words.
    pub const fn word(folded: u32) -> usize {
        (folded.wrapping_mul(SPREAD) >> Self::SHIFT) as usize % WORDS
    }

    /// Adds a beginning.
    pub fn add(&mut self, gram: u32) {
        let folded = Self::fold(gram);
        self.table[Self::word(folded)] |= 1 << (folded % 32);
    }

    /// The first place in `bytes`, at `from` or later, where one of the beginnings may stand whole.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        // The last bit tells whether a beginning may stand there; the others mean nothing.
        let bit = |gram: u32| {
            let folded = Self::fold(gram);
            self.table[Self::word(folded)] >> (folded % 32)
        };
        let mut at = from;
        while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let word = u64::from_le_bytes(*eight);
            let at_place = |place: usize| bit((word >> (8 * place)) as u32);
            if (0..PLACES).fold(0, |any, place| any | at_place(place)) & 1 == 1 {
                return (0..PLACES).find(|place| at_place(*place) & 1 == 1).map(|place| at + place);
            }
            at += PLACES;
        }
        let rest = bytes.get(at..)?;
        let is_one = |four: &[u8]| gram(four).is_some_and(|gram| bit(gram) & 1 == 1);
        rest.windows(4).position(is_one).map(|place| at + place)
    }
}
