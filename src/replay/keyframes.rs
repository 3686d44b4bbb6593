//! Screens kept from time to time, so that any moment is near one of them.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::replay::tape::Mark;
use crate::term::Keyframe;
use crate::types::Micros;

/// Bytes of output between two keyframes: emulating that much takes 25 ms at worst.
const INTERVAL: u64 = 256 << 10;
/// Memory for all keyframes of a recording. When it is full every second one goes and the interval doubles.
const MEMORY: usize = 64 << 20;

/// Keyframes of one recording, shared by the thread that makes them and the one that uses them.
pub struct Keyframes {
    inner: Mutex<Inner>,
}

struct Inner {
    kept: Vec<(Mark, Keyframe)>,
    bytes: usize,
    interval: u64,
    memory: usize,
}

impl Default for Keyframes {
    fn default() -> Self {
        Self::with_memory(MEMORY)
    }
}

impl Keyframes {
    /// None yet; at most `memory` bytes.
    #[must_use]
    pub fn with_memory(memory: usize) -> Self {
        Self { inner: Mutex::new(Inner { kept: Vec::new(), bytes: 0, interval: INTERVAL, memory }) }
    }

    /// Bytes of output after which the next keyframe is due.
    #[must_use]
    pub fn interval(&self) -> u64 {
        self.lock().interval
    }

    /// Keeps a keyframe; they come in the order of time.
    pub fn push(&self, mark: Mark, frame: Keyframe) {
        let mut inner = self.lock();
        inner.bytes += frame.bytes();
        inner.kept.push((mark, frame));
        while inner.bytes > inner.memory && inner.kept.len() > 1 {
            let mut index = 0;
            inner.kept.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            inner.bytes = inner.kept.iter().map(|(_, frame)| frame.bytes()).sum();
            inner.interval = inner.interval.saturating_mul(2);
        }
    }

    /// The newest keyframe not after `at` but after `beyond`, if there is one.
    #[must_use]
    pub fn nearest(&self, at: Micros, beyond: Option<Mark>) -> Option<(Mark, Keyframe)> {
        let inner = self.lock();
        let after = inner.kept.partition_point(|(mark, _)| mark.time <= at);
        let (mark, frame) = inner.kept.get(after.checked_sub(1)?)?;
        beyond.is_none_or(|beyond| mark.offset > beyond.offset).then(|| (*mark, frame.clone()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(size: usize) -> Keyframe {
        Keyframe { cols: 80, rows: 24, drawing: "x".repeat(size) }
    }

    #[test]
    fn a_full_memory_thins_the_keyframes_and_spreads_the_next_ones() {
        let keyframes = Keyframes::with_memory(100_000);
        for n in 0..1_000_u64 {
            keyframes.push(Mark { offset: n * 10, time: Micros(n) }, frame(1_000));
        }
        let inner = keyframes.lock();
        assert!(inner.bytes <= 100_000 && inner.kept.len() > 20, "{} kept", inner.kept.len());
        assert!(inner.interval > INTERVAL);
        assert!(inner.kept.windows(2).all(|pair| pair[0].0.time < pair[1].0.time));
        assert_eq!(inner.kept[0].0.time, Micros(0));
    }

    #[test]
    fn the_nearest_one_is_not_after_the_moment() {
        let keyframes = Keyframes::default();
        for n in [10, 20, 30] {
            keyframes.push(Mark { offset: n, time: Micros(n) }, frame(1));
        }
        let nearest = |at, beyond: Option<u64>| {
            let beyond = beyond.map(|offset| Mark { offset, time: Micros(0) });
            keyframes.nearest(Micros(at), beyond).map(|(mark, _)| mark.offset)
        };
        assert_eq!(nearest(9, None), None);
        assert_eq!(nearest(20, None), Some(20));
        assert_eq!(nearest(29, Some(5)), Some(20));
        assert_eq!(nearest(29, Some(25)), None);
    }
}
