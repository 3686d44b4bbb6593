//! Finds the places where a literal of a rule may begin, fast: a look at four bytes tells most places that nothing
//! begins there.

use super::grams::Grams;
use super::grams::gram;

/// Of the first three bytes everything counts but what tells small letters from capitals: other bytes may collide, which
/// costs a look and no more. Of the fourth the sort of letter is enough, because a literal of three letters is entered
/// with everything that may follow.
const KEEP: u32 = 0x1fdf_dfdf;
/// 8 KiB, so that it stays in the first cache.
type Beginnings = Grams<2048, KEEP>;

/// The places worth a look.
#[derive(Clone, Debug)]
pub struct Filter {
    grams: Beginnings,
    /// Each literal's beginnings, folded, and its number; in the order of their places in the table.
    literals: Vec<(u32, u16)>,
    /// Where the literals of each place begin.
    firsts: Vec<u16>,
}

impl Filter {
    /// A filter for `literals` of three bytes or more, numbered as they come.
    pub fn new<'l>(literals: impl Iterator<Item = &'l [u8]>) -> Self {
        let mut numbered = Vec::new();
        for (number, literal) in literals.enumerate() {
            let Ok(number) = u16::try_from(number) else { continue };
            let mut enter = |gram: u32| numbered.push((Beginnings::fold(gram), number));
            match *literal {
                [a, b, c] => (0..32).for_each(|d| enter(u32::from_le_bytes([a, b, c, d]))),
                _ => gram(literal).into_iter().for_each(enter),
            }
        }
        numbered.sort_unstable_by_key(|(gram, number)| (Beginnings::word(*gram), *gram, *number));
        numbered.truncate(usize::from(u16::MAX));
        let words = numbered.iter().map(|(gram, _)| Beginnings::word(*gram));
        let mut firsts = Vec::with_capacity(2049);
        for (place, word) in words.enumerate() {
            firsts.resize(firsts.len().max(word + 1), place as u16);
        }
        firsts.resize(2049, numbered.len() as u16);
        Self { grams: Grams::new(numbered.iter().map(|(gram, _)| *gram)), literals: numbered, firsts }
    }

    /// The first place in `bytes`, at `from` or later, where a literal may begin. One more byte than three must stand
    /// there: where none does, nothing follows the literal yet.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.grams.find(bytes, from)
    }

    /// The numbers of the literals that may begin `bytes`.
    pub fn at<'f>(&'f self, bytes: &[u8]) -> impl Iterator<Item = usize> + 'f {
        let wanted = gram(bytes).map(Beginnings::fold);
        let place = wanted.map_or(2048, Beginnings::word);
        let bounds = self.firsts.get(place).zip(self.firsts.get(place + 1));
        let range = bounds.map_or(0..0, |(first, end)| usize::from(*first)..usize::from(*end));
        let here = self.literals.get(range).unwrap_or_default().iter();
        here.filter(move |(gram, _)| Some(*gram) == wanted).map(|(_, number)| usize::from(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_is_found_at_every_place() {
        let literals: [&[u8]; 4] = [b"ghp_", b"password", b"SG.", b"pwd"];
        let filter = Filter::new(literals.into_iter());
        for (number, literal) in literals.iter().enumerate() {
            for lead in 0..40 {
                for next in 0..=255 {
                    let mut text = vec![b' '; lead];
                    text.extend_from_slice(literal);
                    text.push(next);
                    let at = filter.find(&text, 0).unwrap();
                    assert_eq!(at, lead);
                    assert!(filter.at(&text[at..]).any(|found| found == number));
                }
            }
        }
        assert_eq!(filter.find(b"nothing of the sort here", 0), None);
        assert_eq!(filter.find(b"gh", 0), None);
    }
}
