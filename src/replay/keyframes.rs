//! Screens kept from time to time, so that any moment is near one of them.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::replay::index::Screens;
use crate::replay::index::Stored;
use crate::replay::player::Goal;
use crate::replay::tape::Mark;
use crate::term::Keyframe;

/// Bytes of output between two keyframes: emulating that much takes 12 ms at worst, on a machine with nothing else to do.
const INTERVAL: u64 = 128 << 10;
/// Keyframes by which a recording is divided once it is so long that [`INTERVAL`] would give more.
const MOST: u64 = 16 << 10;
/// Memory for keyframes that are on no disk. When it is full every second one goes and the interval doubles.
const MEMORY: usize = 64 << 20;
/// What the emulator finds hard makes keyframes stand closer together: so much work lies between them, in microseconds.
const WORK: u64 = 15_000;

/// Keyframes of one recording, shared by the thread that makes them and the one that uses them.
pub struct Keyframes {
    inner: Mutex<Inner>,
}

struct Inner {
    kept: Vec<(Mark, Kept)>,
    screens: Option<Screens>,
    bytes: usize,
    interval: u64,
    memory: usize,
}

#[derive(Clone)]
enum Kept {
    Here(Keyframe),
    Stored(Stored),
}

impl Kept {
    fn frame(self, screens: Option<&Screens>) -> Option<Keyframe> {
        match self {
            Self::Here(frame) => Some(frame),
            Self::Stored(line) => screens.and_then(|screens| screens.read(&line)),
        }
    }
}

impl Default for Keyframes {
    fn default() -> Self {
        Self::with_memory(MEMORY)
    }
}

impl Keyframes {
    /// None yet; at most `memory` bytes of those that are not on disk.
    #[must_use]
    pub fn with_memory(memory: usize) -> Self {
        let (kept, screens, bytes, interval) = (Vec::new(), None, 0, INTERVAL);
        Self { inner: Mutex::new(Inner { kept, screens, bytes, interval, memory }) }
    }

    /// Where those are that were stored.
    pub fn set_screens(&self, screens: Screens) {
        self.lock().screens = Some(screens);
    }

    /// Whether the next keyframe is due: `output` bytes have been played since the last one and that took `work`
    /// microseconds, and `offset` bytes of the recording lie before it.
    #[must_use]
    pub fn is_due(&self, output: u64, work: u64, offset: u64) -> bool {
        let inner = self.lock();
        let is_sparse = inner.interval > INTERVAL;
        output >= inner.interval.max(offset / MOST) || work >= WORK && !is_sparse
    }

    /// Keeps a keyframe; they come in the order of time.
    pub fn push(&self, mark: Mark, frame: Keyframe) {
        let mut inner = self.lock();
        inner.bytes += frame.bytes();
        inner.kept.push((mark, Kept::Here(frame)));
        while inner.bytes > inner.memory && inner.kept.len() > 1 {
            let mut index = 0;
            inner.kept.retain(|(_, kept)| {
                index += 1;
                matches!(kept, Kept::Stored(_)) || index % 2 == 1
            });
            let bytes = |kept: &Kept| if let Kept::Here(frame) = kept { frame.bytes() } else { 0 };
            inner.bytes = inner.kept.iter().map(|(_, kept)| bytes(kept)).sum();
            inner.interval = inner.interval.saturating_mul(2);
        }
    }

    /// Keeps keyframes that are stored; they come in the order of time.
    pub fn push_stored(&self, lines: impl IntoIterator<Item = Stored>) {
        self.lock().kept.extend(lines.into_iter().map(|line| (line.mark, Kept::Stored(line))));
    }

    /// Forgets all but the first `count`.
    pub fn truncate(&self, count: usize) {
        self.lock().kept.truncate(count);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().kept.len()
    }

    /// The newest keyframe not after `goal` but after `beyond`, if there is one. One that cannot be read back is
    /// passed over.
    #[must_use]
    pub fn nearest(&self, goal: Goal, beyond: Option<Mark>) -> Option<(Mark, Keyframe)> {
        let (mut before, screens) = {
            let inner = self.lock();
            (inner.kept.partition_point(|(mark, _)| goal.is_past(mark)), inner.screens.clone())
        };
        loop {
            before = before.checked_sub(1)?;
            let (mark, kept) = self.lock().kept.get(before).cloned()?;
            if beyond.is_some_and(|beyond| mark.offset <= beyond.offset) {
                return None;
            }
            if let Some(frame) = kept.frame(screens.as_ref()) {
                return Some((mark, frame));
            }
        }
    }

    /// The newest keyframe that stands before `offset`, if there is one that can be read back.
    #[must_use]
    pub fn before(&self, offset: u64) -> Option<(Mark, Keyframe)> {
        let (mut before, screens) = {
            let inner = self.lock();
            (inner.kept.partition_point(|(mark, _)| mark.offset < offset), inner.screens.clone())
        };
        loop {
            before = before.checked_sub(1)?;
            let (mark, kept) = self.lock().kept.get(before).cloned()?;
            if let Some(frame) = kept.frame(screens.as_ref()) {
                return Some((mark, frame));
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Micros;

    fn frame(size: usize) -> Keyframe {
        Keyframe { cols: 80, rows: 24, drawing: "x".repeat(size), ..Keyframe::default() }
    }

    fn mark(n: u64) -> Mark {
        Mark { offset: n * 10, time: Micros(n), steps: n * 2, ..Mark::default() }
    }

    #[test]
    fn a_full_memory_thins_the_keyframes_and_spreads_the_next_ones() {
        let keyframes = Keyframes::with_memory(100_000);
        for n in 0..1_000_u64 {
            keyframes.push(mark(n), frame(1_000));
        }
        assert!(!keyframes.is_due(INTERVAL, 0, 0) && !keyframes.is_due(0, WORK, 0));
        let inner = keyframes.lock();
        assert!(inner.bytes <= 100_000 && inner.kept.len() > 20, "{} kept", inner.kept.len());
        assert!(inner.kept.windows(2).all(|pair| pair[0].0.time < pair[1].0.time));
        assert_eq!(inner.kept[0].0.time, Micros(0));
    }

    #[test]
    fn they_are_due_by_output_and_by_work() {
        let keyframes = Keyframes::default();
        assert!(keyframes.is_due(INTERVAL, 0, 0) && keyframes.is_due(1, WORK, 0));
        assert!(!keyframes.is_due(INTERVAL - 1, WORK - 1, 0));
        assert!(!keyframes.is_due(INTERVAL, 0, 100 << 30), "a long recording has no more of them");
    }

    #[test]
    fn the_nearest_one_is_not_after_the_moment() {
        let keyframes = Keyframes::default();
        [10, 20, 30].into_iter().for_each(|n| keyframes.push(mark(n), frame(1)));
        let nearest = |goal, beyond: Option<u64>| {
            let beyond = beyond.map(|n| Mark { offset: n * 10, ..Mark::default() });
            keyframes.nearest(goal, beyond).map(|(mark, _)| mark.offset / 10)
        };
        let time = |at| Goal::Time(Micros(at));
        assert_eq!(nearest(time(9), None), None);
        assert_eq!(nearest(time(20), None), Some(20));
        assert_eq!(nearest(time(29), Some(5)), Some(20));
        assert_eq!(nearest(time(29), Some(25)), None);
        assert_eq!((nearest(Goal::Step(39), None), nearest(Goal::Step(40), None)), (Some(10), Some(20)));
    }
}
