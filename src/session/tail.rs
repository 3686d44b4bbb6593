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
}

impl Tail {
    /// Nothing yet, on a screen of `size`.
    pub(super) fn new(size: Size) -> Self {
        Self { bytes: Vec::new(), sizes: vec![(0, size)], cuts: 0 }
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

    pub(super) fn first_size(&self) -> Option<Size> {
        self.sizes.first().map(|(_, size)| *size)
    }

    /// What was shown from one offset to another, each piece with the size that the screen had then; at the end maybe an
    /// empty one, of a size that nothing was shown at.
    pub(super) fn pieces(&self, from: usize, to: usize) -> impl Iterator<Item = (&[u8], Size)> {
        self.sizes.iter().enumerate().filter_map(move |(number, (start, size))| {
            let end = self.sizes.get(number + 1).map_or(usize::MAX, |(next, _)| *next);
            let (start, end) = ((*start).max(from), end.min(to).min(self.bytes.len()));
            (start <= end).then(|| (&self.bytes[start..end], *size))
        })
    }
}
