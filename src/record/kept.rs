//! Bytes that wait in the order in which they came, in memory that is not swapped to a disk, as far as there is room.

use crate::sys::locked::Locked;
use crate::sys::locked::wipe;

/// Bytes that are kept.
#[derive(Debug)]
pub(super) enum Kept {
    /// In the store: where, and how many.
    Stored(usize, usize),
    /// It had no room.
    Loose(Vec<u8>),
}

/// A store of one size, used round and round: what came first goes first.
#[derive(Debug)]
pub(super) struct Store {
    memory: Locked,
    /// Where the oldest begins, where the next may begin, and how many there are.
    first: usize,
    next: usize,
    count: usize,
}

impl Store {
    /// A store of `length` bytes.
    pub(super) fn new(length: usize) -> Self {
        Self { memory: Locked::new(length), first: 0, next: 0, count: 0 }
    }

    /// Whether it stays out of swap space.
    pub(super) fn is_locked(&self) -> bool {
        self.memory.is_locked()
    }

    /// Keeps a copy of `bytes`.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Kept {
        if self.count == 0 {
            (self.first, self.next) = (0, 0);
        }
        let room = |from: usize, to: usize| to.saturating_sub(from) > bytes.len();
        let at = match self.next >= self.first {
            true if room(self.next, self.memory.len()) => self.next,
            true if self.count > 0 && room(0, self.first) => 0,
            false if room(self.next, self.first) => self.next,
            _ => return Kept::Loose(bytes.to_vec()),
        };
        self.memory[at..at + bytes.len()].copy_from_slice(bytes);
        self.next = at + bytes.len();
        self.count += 1;
        Kept::Stored(at, bytes.len())
    }

    /// The bytes.
    pub(super) fn get<'k>(&'k self, kept: &'k Kept) -> &'k [u8] {
        match kept {
            Kept::Stored(at, length) => &self.memory[*at..at + length],
            Kept::Loose(bytes) => bytes,
        }
    }

    /// Lets go of the oldest, and wipes it.
    pub(super) fn take(&mut self, kept: Kept) {
        match kept {
            Kept::Stored(at, length) => {
                wipe(&mut self.memory[at..at + length]);
                self.first = at + length;
                self.count = self.count.saturating_sub(1);
            }
            Kept::Loose(mut bytes) => wipe(&mut bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn what_is_kept_stays_until_it_is_taken_and_is_wiped_then() {
        let mut store = Store::new(4096);
        let mut waiting: VecDeque<(Kept, Vec<u8>)> = VecDeque::new();
        let mut loose = 0;
        for number in 0..2000usize {
            // Lengths of all sorts, none among them; more than there is room for now and then.
            let bytes = vec![u8::try_from(number % 255).unwrap() + 1; number * 37 % 700];
            let kept = store.put(&bytes);
            loose += usize::from(matches!(kept, Kept::Loose(_)));
            waiting.push_back((kept, bytes));
            for (kept, bytes) in &waiting {
                assert_eq!(store.get(kept), bytes);
            }
            while waiting.len() > number % 13 {
                store.take(waiting.pop_front().unwrap().0);
            }
        }
        assert!(loose > 0 && loose < 1000, "{loose}");
        waiting.into_iter().for_each(|(kept, _)| store.take(kept));
        assert!(store.memory.iter().all(|byte| *byte == 0));
        assert!(matches!(store.put(&[1; 5000]), Kept::Loose(_)));
    }
}
