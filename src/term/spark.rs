//! Numbers as a line of bars.

/// The bars of a sparkline, the lowest first: eighths of a cell, and what comes nearest to them in ASCII.
const BARS: [[char; 8]; 2] =
    [['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'], ['_', ',', '-', '~', '=', '+', '*', '#']];
/// What stands for nothing.
const NOTHING: [char; 2] = ['·', '.'];

/// One bar for each of `values`, as high as it is beside the greatest. Nothing is a dot; anything more is seen.
#[must_use]
pub fn spark(values: &[u64], ascii: bool) -> String {
    let most = values.iter().copied().max().unwrap_or(0);
    values.iter().map(|value| bar(*value, most, usize::from(ascii))).collect()
}

fn bar(value: u64, most: u64, kind: usize) -> char {
    let height = u128::from(value) * 8;
    match height.checked_div(u128::from(most)) {
        Some(eighths) if value > 0 => {
            let index = usize::try_from(eighths).unwrap_or(8);
            BARS[kind][index.clamp(1, 8) - 1]
        }
        _ => NOTHING[kind],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_as_high_as_it_is_beside_the_greatest() {
        assert_eq!(spark(&[0, 1, 4, 8, 1_000], false), "·▁▁▁█");
        assert_eq!(spark(&[1, 2, 3, 4, 5, 6, 7, 8], false), "▁▂▃▄▅▆▇█");
        assert_eq!(spark(&[0, 4, 8], true), ".~#");
        assert_eq!(spark(&[0, 0], false), "··");
        assert_eq!(spark(&[u64::MAX, u64::MAX / 2, 1], false), "█▃▁");
        assert_eq!(spark(&[], false), "");
    }
}
