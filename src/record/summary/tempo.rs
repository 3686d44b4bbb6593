//! Calls over time, in bounded memory whatever the length of the session.

use serde::Serialize;

use crate::types::Micros;

/// Stretches of time kept; at least half of them lie within a session longer than two seconds.
const STRETCHES: usize = 2_048;
/// How long a stretch is at first, in microseconds; twice as long each time that they do not reach far enough.
const SHORTEST: u64 = 1_000;

/// How many calls began in each stretch of time, and how many of these were refused.
#[derive(Clone, Debug)]
pub struct Tempo {
    width: u64,
    beats: Vec<Beat>,
}

/// One stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Beat {
    /// Calls that began in it.
    pub calls: u64,
    /// Those of them that were refused.
    pub denied: u64,
}

impl Default for Tempo {
    fn default() -> Self {
        Self { width: SHORTEST, beats: Vec::new() }
    }
}

impl Tempo {
    /// The stretch that `at` falls into.
    pub(super) fn at(&mut self, at: Micros) -> &mut Beat {
        while at.0 / self.width >= STRETCHES as u64 {
            self.width = self.width.saturating_mul(2);
            let halved = self.beats.chunks(2).map(|two| two.iter().fold(Beat::default(), Beat::plus));
            self.beats = halved.collect();
        }
        let index = usize::try_from(at.0 / self.width).unwrap_or(STRETCHES - 1);
        if self.beats.len() <= index {
            self.beats.resize(index + 1, Beat::default());
        }
        &mut self.beats[index]
    }

    /// Where the last stretch ends in which there was a call.
    #[must_use]
    pub fn end(&self) -> Micros {
        Micros(self.width.saturating_mul(self.beats.len() as u64))
    }

    /// The time from the beginning to `until` in that many equal parts.
    #[must_use]
    pub fn parts(&self, until: Micros, parts: usize) -> Vec<Beat> {
        let mut all = vec![Beat::default(); parts];
        let whole = u128::from(until.0) + 1;
        for (beat, index) in self.beats.iter().zip(0_u128..) {
            let part = index * u128::from(self.width) * parts as u128 / whole;
            let part = usize::try_from(part).unwrap_or(usize::MAX).min(parts.saturating_sub(1));
            if let Some(sum) = all.get_mut(part) {
                *sum = sum.plus(beat);
            }
        }
        all
    }
}

impl Beat {
    fn plus(self, other: &Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            denied: self.denied.saturating_add(other.denied),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_however_long_it_gets() {
        let mut tempo = Tempo::default();
        let times = [0, 999, 1_000, 2_048_000, 60_000_000, 3_600_000_000, u64::MAX / 2, u64::MAX];
        for at in times {
            let beat = tempo.at(Micros(at));
            beat.calls += 1;
            beat.denied += at % 2;
        }
        assert!(tempo.beats.len() <= STRETCHES);
        for parts in [1, 7, 300] {
            let all = tempo.parts(Micros(u64::MAX), parts);
            assert_eq!(all.iter().map(|beat| beat.calls).sum::<u64>(), times.len() as u64);
            assert_eq!(all.last().map(|beat| beat.calls > 0), Some(true));
        }
        assert_eq!(tempo.parts(Micros(0), 0), []);
    }

    #[test]
    fn calls_stand_where_they_were() {
        let mut tempo = Tempo::default();
        for seconds in [0, 1, 1, 9] {
            tempo.at(Micros(seconds * 1_000_000)).calls += 1;
        }
        let calls: Vec<u64> = tempo.parts(Micros(9_999_999), 10).iter().map(|beat| beat.calls).collect();
        assert_eq!(calls, [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
