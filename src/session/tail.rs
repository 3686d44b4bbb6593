//! The end of what was shown, with the sizes that the screen had: enough to paint it again.

use crate::sys::tty::Size;

/// What was shown last.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
    /// Sizes that the screen had, each from an offset on.
    sizes: Vec<(usize, Size)>,
    /// How often the beginning has been let go.
    cuts: u64,
    /// Row and column, from 0, that it began at; none: not known.
    begin: Option<(usize, usize)>,
}

impl Tail {
    /// Nothing yet, on a screen of `size`.
    pub(super) fn new(size: Size) -> Self {
        Self { bytes: Vec::new(), sizes: vec![(0, size)], cuts: 0, begin: None }
    }

    /// Adds `bytes`; of more than `most`, half is let go.
    pub(super) fn push(&mut self, bytes: &[u8], most: usize) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() <= most {
            return;
        }
        // Half at once, so that moving the rest costs little per byte; and from the beginning of a line on.
        let gone = self.bytes.len() - most / 2;
        let gone = memchr::memchr(b'\n', &self.bytes[gone..]).map_or(gone, |at| gone + at + 1);
        self.bytes.drain(..gone);
        self.cuts += 1;
        self.begin = None;
        let last = self.sizes.iter().rposition(|(offset, _)| *offset <= gone).unwrap_or(0);
        self.sizes.drain(..last);
        for (offset, _) in &mut self.sizes {
            *offset = offset.saturating_sub(gone);
        }
    }

    /// The screen has another size from now on.
    pub(super) fn resize(&mut self, size: Size) {
        self.sizes.push((self.bytes.len(), size));
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The beginning is not there any more.
    pub(super) fn is_cut(&self) -> bool {
        self.cuts > 0
    }

    pub(super) fn cuts(&self) -> u64 {
        self.cuts
    }

    /// Row and column, from 0, that it began at, where that is known.
    pub(super) fn begin(&self) -> Option<(usize, usize)> {
        self.begin
    }

    /// It began at this row and column.
    pub(super) fn began(&mut self, at: (usize, usize)) {
        self.begin = Some(at);
    }

    pub(super) fn first_size(&self) -> Option<Size> {
        self.sizes.first().map(|(_, size)| *size)
    }

    /// What was shown from one offset to another, each piece with the size that the screen had then. From the beginning, also
    /// sizes that nothing was shown at; else only the last.
    pub(super) fn pieces(&self, from: usize, to: usize) -> impl Iterator<Item = (&[u8], Size)> {
        self.sizes.iter().enumerate().filter_map(move |(number, (start, size))| {
            let next = self.sizes.get(number + 1).map(|(next, _)| *next);
            let (start, end) = ((*start).max(from), next.unwrap_or(usize::MAX).min(to).min(self.bytes.len()));
            let is_size = start == end && (from == 0 || next.is_none());
            (start < end || is_size).then(|| (&self.bytes[start..end], *size))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_told_once_however_often_the_rest_is_read() {
        let mut tail = Tail::new(Size::new(80, 24));
        tail.push(b"one", 100);
        tail.resize(Size::new(60, 10));
        tail.resize(Size::new(97, 31));
        let read = |tail: &Tail, from, to| -> Vec<(Vec<u8>, u16)> {
            tail.pieces(from, to).map(|(piece, size)| (piece.to_vec(), size.cols)).collect()
        };
        assert_eq!(read(&tail, 0, 3), [(b"one".to_vec(), 80), (vec![], 60), (vec![], 97)]);
        tail.push(b"two", 100);
        assert_eq!(read(&tail, 3, 6), [(b"two".to_vec(), 97)]);
        assert_eq!(read(&tail, 6, 6), [(vec![], 97)]);
    }

    #[test]
    fn a_tail_begins_with_a_line_once_it_is_cut() {
        let mut tail = Tail::new(Size::new(80, 24));
        for number in 0..40 {
            tail.push(format!("line {number}\n").as_bytes(), 100);
        }
        assert!(tail.is_cut() && tail.len() <= 100 && tail.bytes.starts_with(b"line "));
        assert!(tail.bytes.ends_with(b"line 39\n"));
    }
}
