//! The end of what ran over the screen, kept until it has to be emulated.

use std::collections::VecDeque;

/// Bytes kept: more than a screen of text.
const MOST: usize = 64 * 1024;

/// A piece of output.
#[derive(Debug)]
pub struct Piece {
    at: u64,
    shown: Vec<u8>,
    /// As it was before the mask, where that differs.
    raw: Option<Vec<u8>>,
}

impl Piece {
    /// The position of its first byte.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// As it was shown.
    pub fn shown(&self) -> &[u8] {
        &self.shown
    }

    /// As it was before the mask.
    pub fn raw(&self) -> &[u8] {
        self.raw.as_ref().unwrap_or(&self.shown)
    }
}

/// The last pieces of output.
#[derive(Debug, Default)]
pub struct Tail {
    pieces: VecDeque<Piece>,
    bytes: usize,
    /// The beginning is not there any more.
    is_cut: bool,
    /// A piece to be used again.
    spare: Vec<u8>,
}

impl Tail {
    /// Adds output.
    pub fn push(&mut self, shown: &[u8], raw: &[u8], at: u64) {
        let skip = shown.len().saturating_sub(MOST);
        self.is_cut |= skip > 0;
        let (shown, raw, at) = (&shown[skip..], &raw[skip..], at + skip as u64);
        self.bytes += shown.len();
        while self.bytes > MOST
            && let Some(piece) = self.pieces.pop_front()
        {
            self.bytes -= piece.shown.len();
            self.is_cut = true;
            self.spare = piece.shown;
        }
        let mut copy = std::mem::take(&mut self.spare);
        copy.clear();
        copy.extend_from_slice(shown);
        let raw = (shown != raw).then(|| raw.to_vec());
        self.pieces.push_back(Piece { at, shown: copy, raw });
    }

    /// Gives all pieces. Where the beginning is missing they begin with a whole line, in the first column.
    pub fn take(&mut self) -> Vec<Piece> {
        self.bytes = 0;
        let mut pieces: Vec<Piece> = std::mem::take(&mut self.pieces).into();
        if !std::mem::take(&mut self.is_cut) {
            return pieces;
        }
        let first = pieces.iter().position(|piece| piece.shown.contains(&b'\n')).unwrap_or(pieces.len());
        pieces.drain(..first);
        if let Some(piece) = pieces.first_mut() {
            let line = memchr::memchr(b'\n', &piece.shown).map_or(0, |end| end + 1);
            piece.at += line as u64;
            piece.shown.drain(..line);
            if let Some(raw) = &mut piece.raw {
                raw.drain(..line);
            }
        }
        let home = Piece { at: pieces.first().map_or(0, Piece::at), shown: b"\x18\r\n".to_vec(), raw: None };
        pieces.insert(0, home);
        pieces
    }
}
