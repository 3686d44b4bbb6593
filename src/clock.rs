//! Where time comes from. Everything that needs the time takes a [`Clock`], so that a test can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::types::Micros;

/// The time now, as a wall clock and as microseconds since the session began. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The machine's clocks; `Instant` is when the session began.
    System(Instant),
    /// Microseconds since the Unix epoch when the session began, and microseconds passed since.
    Fixed(u64, Arc<AtomicU64>),
}

impl Clock {
    /// The machine's own clock; the session begins now.
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System(Instant::now()))
    }

    /// A clock that stands still at `unix_micros` until [`Clock::advance`].
    #[must_use]
    pub fn fixed(unix_micros: u64) -> Self {
        Self(Source::Fixed(unix_micros, Arc::default()))
    }

    /// Time since the session began; never goes back.
    #[must_use]
    pub fn elapsed(&self) -> Micros {
        match &self.0 {
            Source::System(start) => Micros::from(start.elapsed()),
            Source::Fixed(_, passed) => Micros(passed.load(Ordering::SeqCst)),
        }
    }

    /// Microseconds since the Unix epoch, from the wall clock.
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    #[must_use]
    pub fn unix_micros(&self) -> u64 {
        match &self.0 {
            Source::System(_) => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
            }
            Source::Fixed(start, passed) => start + passed.load(Ordering::SeqCst),
        }
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub fn unix_seconds(&self) -> u64 {
        self.unix_micros() / 1_000_000
    }

    /// Moves a fixed clock on; a system clock goes by itself.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed(_, passed) = &self.0 {
            passed.fetch_add(Micros::from(by).0, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = Clock::fixed(1_700_000_000_000_000);
        assert_eq!(clock.elapsed(), Micros(0));
        clock.clone().advance(Duration::from_millis(3));
        assert_eq!(clock.elapsed(), Micros(3_000));
        assert_eq!(clock.unix_micros(), 1_700_000_000_003_000);
    }
}
