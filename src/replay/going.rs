//! Moments as people write them.

use std::time::Duration;

use crate::types::Micros;

/// A moment of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// So long after its start.
    At(Micros),
    /// At this part of it, in per cent.
    Percent(f64),
    /// After so many events that changed the screen.
    Event(u64),
    /// Its end.
    End,
}

impl Place {
    /// Reads `12.5` (seconds), `1:02.5`, `2:01:02`, `50%`, `#120` or `end`; the error says what can be given.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "give seconds, 1:02.5, 50%, #120 (an event) or `end`".to_owned();
        let text = text.trim();
        if text == "end" {
            return Ok(Self::End);
        }
        if let Some(number) = text.strip_prefix('#') {
            return number.parse().map(Self::Event).map_err(|_| wrong());
        }
        if let Some(part) = text.strip_suffix('%') {
            let part: Option<f64> = part.parse().ok().filter(|part| (0.0..=100.0).contains(part));
            return part.map(Self::Percent).ok_or_else(wrong);
        }
        if text.split(':').count() > 3 {
            return Err(wrong());
        }
        let mut seconds = 0.0;
        for part in text.split(':') {
            let plain = part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let part: f64 = part.parse().ok().filter(|_| plain).ok_or_else(wrong)?;
            seconds = seconds * 60.0 + part;
        }
        Duration::try_from_secs_f64(seconds).map(|time| Self::At(Micros::from(time))).map_err(|_| wrong())
    }
}

/// So many per cent of `whole`.
#[must_use]
pub fn part(whole: Micros, percent: f64) -> Micros {
    Micros((whole.0 as f64 * (percent / 100.0)) as u64).min(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_understood_as_people_write_them() {
        for (text, place) in [
            ("12.5", Place::At(Micros(12_500_000))),
            ("1:02.5", Place::At(Micros(62_500_000))),
            (" 1:00:00 ", Place::At(Micros(3_600_000_000))),
            ("12.5%", Place::Percent(12.5)),
            ("#120", Place::Event(120)),
            ("end", Place::End),
        ] {
            assert_eq!(Place::parse(text), Ok(place));
        }
        for text in ["", "-1", "nan", "1:x", "101%", "nan%", "#-1", "1e30", "inf", "\u{1b}", "1:1:1:1"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
        assert_eq!(part(Micros(u64::MAX), 100.0), Micros(u64::MAX));
        assert_eq!(part(Micros(1_000), 12.5), Micros(125));
    }
}
