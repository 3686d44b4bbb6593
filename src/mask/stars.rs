//! Stars that take the place of letters on a screen.

use super::cells::columns_of;
use super::cells::letter_length;
use super::channel::STAR;

/// What fills up a letter of more bytes than columns: terminals pass over it, and every byte keeps its place in the stream.
const FILLER: u8 = 0;
/// The longest letter, in bytes.
const LONGEST: usize = 4;

/// Hides letters by the columns they take, so that what stands behind them on the screen stays in its place.
#[derive(Debug, Default)]
pub struct Stars {
    /// The bytes of a letter that had to leave before its last one came.
    cut: Vec<u8>,
    /// Where its next byte stands.
    at: usize,
}

impl Stars {
    /// Hides `bytes`, which stand at `at` of their text. A letter of two columns becomes two stars, one of none becomes
    /// none; what is no UTF-8 becomes a star for each byte. Line ends and tabs stay.
    pub fn hide(&mut self, bytes: &mut [u8], at: usize) {
        if self.at != at {
            self.cut.clear();
        }
        let mut done = 0;
        while let Some(byte) = bytes.get(done).copied() {
            if byte < 0x80 {
                self.cut.clear();
                if byte >= 0x20 {
                    bytes[done] = STAR;
                }
                done += 1;
                continue;
            }
            let mut letter = std::mem::take(&mut self.cut);
            let before = letter.len();
            letter.extend(bytes[done..].iter().take(LONGEST.saturating_sub(before)));
            match letter_length(&letter) {
                None => {
                    // Its last byte has not come, and this is all there is.
                    bytes[done..].fill(FILLER);
                    done = bytes.len();
                    self.cut = letter;
                }
                Some(length) if length > before => {
                    let own = length - before;
                    let columns = columns_of(&letter[..length], 0).unwrap_or(1);
                    // Of a letter that was cut nobody knows how wide it is until its last byte: that one is its star.
                    let columns = columns.min(if before == 0 { own } else { 1 });
                    bytes[done..done + own - columns].fill(FILLER);
                    bytes[done + own - columns..done + own].fill(STAR);
                    done += own;
                }
                // It never ends: this byte begins another.
                Some(_) => {}
            }
        }
        self.at = at + bytes.len();
    }
}

/// How many bytes at the end of `text` are the beginning of a letter.
pub fn unfinished(text: &[u8]) -> usize {
    let tail = &text[text.len().saturating_sub(LONGEST - 1)..];
    let lead = tail.iter().rposition(|byte| *byte >= 0xc2);
    lead.filter(|at| letter_length(&tail[*at..]).is_none()).map_or(0, |at| tail.len() - at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(pieces: &[&[u8]]) -> String {
        let mut stars = Stars::default();
        let mut at = 7;
        let mut out = Vec::new();
        for piece in pieces {
            let mut piece = piece.to_vec();
            stars.hide(&mut piece, at);
            at += piece.len();
            out.extend(piece);
        }
        out.escape_ascii().to_string().replace("\\x00", "_")
    }

    #[test]
    fn a_letter_becomes_as_many_stars_as_it_has_columns() {
        let text = "aé世e\u{301}🚀\r\n".as_bytes();
        assert_eq!(hidden(&[text]), "*_*_**".to_owned() + "*__" + "__**" + "\\r\\n");
        assert_eq!(hidden(&[b"\xff\x80x"]), "***");
        assert_eq!(hidden(&[b"\xe4\xb8x"]), "***");
    }

    #[test]
    fn a_letter_that_left_in_pieces_has_one_star_wherever_it_was_cut() {
        let letter = "世".as_bytes();
        for pieces in [
            &[&letter[..1], &letter[1..]][..],
            &[&letter[..2], &letter[2..]],
            &[&letter[..1], &letter[1..2], &letter[2..]],
        ] {
            assert_eq!(hidden(pieces), "__*");
        }
        assert_eq!(hidden(&[b"\xe4", b"a"]), "_*");
        assert_eq!((unfinished(b"ab\xe4\xb8"), unfinished("ab世".as_bytes()), unfinished(b"")), (2, 0, 0));
    }
}
