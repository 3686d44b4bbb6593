//! Playing faster, and without long pauses.

use crate::types::Micros;

/// Turns recorded times into shown ones: pauses cut to a limit, then everything divided by the speed.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    limit: Option<Micros>,
    speed: f64,
    last: Micros,
    shown: f64,
}

impl Pace {
    /// Pauses longer than `limit` are shortened to it; `speed` 2.0 is twice as fast. A speed that is not above
    /// zero counts as 1.
    #[must_use]
    pub fn new(limit: Option<Micros>, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self { limit, speed, last: Micros(0), shown: 0.0 }
    }

    /// The shown time of an event recorded at `time`; times that go back count as no pause.
    pub fn shown(&mut self, time: Micros) -> Micros {
        let pause = time.0.saturating_sub(self.last.0);
        let pause = self.limit.map_or(pause, |limit| pause.min(limit.0));
        self.last = self.last.max(time);
        #[expect(clippy::cast_precision_loss, reason = "exact to a microsecond for 285 years")]
        let step = pause as f64 / self.speed;
        self.shown += step;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "never negative; saturates"
        )]
        let shown = self.shown as u64;
        Micros(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_cut_before_the_speed_counts() {
        let mut pace = Pace::new(Some(Micros(2_000_000)), 2.0);
        let shown: Vec<u64> =
            [500_000, 10_500_000, 10_400_000, 11_500_000].map(|t| pace.shown(Micros(t)).0).to_vec();
        assert_eq!(shown, [250_000, 1_250_000, 1_250_000, 1_750_000]);
    }
}
