//! Durations as people write them: `90s`, `5m`, `1h30m`, `250ms`.

use std::time::Duration;

const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a duration: numbers with a unit (`ms`, `s`, `m`, `h`, `d`), one after the other.
///
/// # Errors
/// What is wrong, in words that follow "a duration".
pub fn parse(text: &str) -> Result<Duration, &'static str> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("is empty");
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = match rest[..digits].parse() {
            Ok(number) => number,
            Err(_) if digits == 0 => return Err("begins with a number"),
            Err(_) => return Err("is too long"),
        };
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        if letters == 0 {
            return Err("needs a unit: ms, s, m, h or d");
        }
        let Some((_, millis)) = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters]) else {
            return Err("has the units ms, s, m, h and d");
        };
        total = number.checked_mul(*millis).and_then(|part| total.checked_add(part)).ok_or("is too long")?;
        rest = &rest[letters..];
    }
    Ok(Duration::from_millis(total))
}

/// Writes a duration the way [`parse`] reads it, in the largest units that are exact: `1h30m`.
#[must_use]
pub fn format(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, size) in UNITS.iter().rev() {
        if millis >= *size {
            text.push_str(&format!("{}{unit}", millis / size));
            millis %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, millis) in [("5m", 300_000), ("1h30m", 5_400_000), ("250ms", 250), ("1d", 86_400_000)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)));
            assert_eq!(format(Duration::from_millis(millis)), text);
        }
        assert_eq!(format(Duration::ZERO), "0s");
    }

    #[test]
    fn a_wrong_duration_says_what_is_missing() {
        assert_eq!(parse("5"), Err("needs a unit: ms, s, m, h or d"));
        assert_eq!(parse("m"), Err("begins with a number"));
        assert_eq!(parse("5 m"), Err("needs a unit: ms, s, m, h or d"));
        assert_eq!(parse("5y"), Err("has the units ms, s, m, h and d"));
        assert_eq!(parse("99999999999999999999d"), Err("is too long"));
        assert_eq!(parse("9999999999999999d"), Err("is too long"));
        assert_eq!(parse(""), Err("is empty"));
    }
}
