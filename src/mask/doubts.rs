//! Known values that have begun, and after which something else came: a mistake that may be taken back.

use std::ops::Range;

use super::scan::Named;
use super::view::View;

/// As many bytes after a value's beginning a mistake may be taken back.
const MISTAKE: usize = 32;
/// A shorter beginning says nothing.
const LEAST: usize = 4;

/// Beginnings that wait for a while, and are shown if no mistake is taken back.
#[derive(Debug, Default)]
pub struct Doubts {
    /// The beginning, and after it the first byte that is not the value's.
    open: Vec<(Named, Range<usize>)>,
}

impl Doubts {
    /// Something else came after `range`.
    pub fn note(&mut self, rule: &Named, range: Range<usize>, view: View<'_>) {
        if range.len() < LEAST || !is_open(&range, view) {
            return;
        }
        match self.open.iter_mut().find(|(_, open)| open.start == range.start) {
            Some((_, open)) => open.end = open.end.max(range.end),
            None => self.open.push((rule.clone(), range)),
        }
    }

    /// Forgets those that nothing will be taken back from; gives the first byte that waits.
    pub fn first(&mut self, view: View<'_>) -> usize {
        self.open.retain(|(_, range)| is_open(range, view));
        self.open.iter().map(|(_, range)| range.start).min().unwrap_or(usize::MAX)
    }

    /// All of them; none is left.
    pub fn take(&mut self) -> Vec<(Named, Range<usize>)> {
        std::mem::take(&mut self.open)
    }
}

/// Whether the bytes after `range` are still few, and of the same line.
fn is_open(range: &Range<usize>, view: View<'_>) -> bool {
    let after = view.from(range.end);
    !view.is_last() && after.len() < MISTAKE && memchr::memchr3(b'\n', b'\r', 0x08, after).is_none()
}

/// How many bytes both begin with.
pub fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}
