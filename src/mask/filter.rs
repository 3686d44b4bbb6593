//! Finds the places where a literal of a rule may begin, fast: a look at three bytes tells most places that nothing
//! begins there.

/// Bits of the table; 4 KiB, so that it stays in the first cache.
const BITS: u32 = 15;
/// Spreads three bytes over the table.
const SPREAD: u32 = 0x9e37_79b1;

/// The places worth a look.
#[derive(Clone, Debug)]
pub struct Filter {
    table: Box<[u64]>,
    /// Each literal's first three bytes, folded, and its number; sorted.
    grams: Vec<(u32, u16)>,
}

/// Letters lose their case; other bytes may collide, which costs a look and no more.
const fn fold(gram: u32) -> u32 {
    (gram & 0x00ff_ffff) | 0x0020_2020
}

const fn slot(gram: u32) -> u32 {
    gram.wrapping_mul(SPREAD) >> (32 - BITS)
}

fn gram(bytes: &[u8]) -> Option<u32> {
    let [a, b, c, ..] = bytes else { return None };
    Some(fold(u32::from_le_bytes([*a, *b, *c, 0])))
}

impl Filter {
    /// A filter for `literals` of three bytes or more, numbered as they come.
    pub fn new<'l>(literals: impl Iterator<Item = &'l [u8]>) -> Self {
        let mut table = vec![0u64; 1 << (BITS - 6)].into_boxed_slice();
        let mut grams = Vec::new();
        for (number, literal) in literals.enumerate() {
            let (Some(gram), Ok(number)) = (gram(literal), u16::try_from(number)) else { continue };
            let slot = slot(gram) as usize;
            table[slot / 64] |= 1 << (slot % 64);
            grams.push((gram, number));
        }
        grams.sort_unstable();
        Self { table, grams }
    }

    /// The first place in `bytes`, at `from` or later, where a literal may begin.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let Ok(table) = <&[u64; 1 << (BITS - 6)]>::try_from(&*self.table) else { return None };
        let hit = |gram: u32| {
            let slot = slot(fold(gram));
            table[(slot / 64) as usize & ((1 << (BITS - 6)) - 1)] >> (slot % 64) & 1 == 1
        };
        let mut at = from;
        // Eight bytes give six places.
        while let Some(eight) = bytes.get(at..at + 8).and_then(|eight| <[u8; 8]>::try_from(eight).ok()) {
            let word = u64::from_le_bytes(eight);
            let mut found = 0u32;
            for place in 0..6 {
                found |= u32::from(hit((word >> (8 * place)) as u32)) << place;
            }
            if found != 0 {
                return Some(at + found.trailing_zeros() as usize);
            }
            at += 6;
        }
        while let Some(gram) = bytes.get(at..).and_then(gram) {
            if hit(gram) {
                return Some(at);
            }
            at += 1;
        }
        None
    }

    /// The numbers of the literals that may begin `bytes`.
    pub fn at<'f>(&'f self, bytes: &[u8]) -> impl Iterator<Item = usize> + 'f {
        let wanted = gram(bytes).unwrap_or_default();
        let first = self.grams.partition_point(|(gram, _)| *gram < wanted);
        self.grams[first..]
            .iter()
            .take_while(move |(gram, _)| *gram == wanted)
            .map(|(_, number)| usize::from(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_is_found_at_every_place() {
        let literals: [&[u8]; 3] = [b"ghp_", b"password", b"SG."];
        let filter = Filter::new(literals.into_iter());
        for (number, literal) in literals.iter().enumerate() {
            for lead in 0..20 {
                let mut text = vec![b' '; lead];
                text.extend_from_slice(literal);
                let at = filter.find(&text, 0).unwrap();
                assert_eq!(at, lead);
                assert!(filter.at(&text[at..]).any(|found| found == number));
            }
        }
        assert_eq!(filter.find(b"nothing of the sort here", 0), None);
        assert_eq!(filter.find(b"gh", 0), None);
    }
}
