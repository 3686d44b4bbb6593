//! The timeline: time, what happened when, speed.

use ratatui::layout::Rect;

use crate::replay::layout;
use crate::replay::layout::PlayLayout;
use crate::replay::play::Play;
use crate::replay::questions::WAITS;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::types::Micros;

/// Draws the line with the timeline.
pub fn draw(play: &Play, layout: &PlayLayout, pen: &mut Pen<'_>) {
    if layout.bar.is_empty() {
        return;
    }
    let (before, after) = layout::bar_words(play, layout.bar.width);
    pen.row(layout.bar, Meaning::Text, &[(&before, Meaning::Heading)]);
    let end = layout.track.x + layout.track.width;
    let rest = Rect { x: end, width: (layout.bar.x + layout.bar.width).saturating_sub(end), ..layout.bar };
    pen.text(rest, &after, Meaning::Muted);
    let duration = play.duration();
    let width = layout.track.width;
    let head = cell(play.position, duration, width);
    for (x, mark) in (0..width).zip(marks(play, duration, width)) {
        let line = if x <= head { ('━', Meaning::Played) } else { ('─', Meaning::Unplayed) };
        let (symbol, meaning) = if x == head { ('●', Meaning::Played) } else { mark.unwrap_or(line) };
        let place = Rect { x: layout.track.x + x, width: 1, ..layout.track };
        pen.text(place, symbol.encode_utf8(&mut [0; 4]), meaning);
    }
}

/// The cell of the timeline that `at` falls into.
fn cell(at: Micros, duration: Micros, width: u16) -> u16 {
    if duration.0 == 0 {
        return 0;
    }
    let cells = u128::from(width.saturating_sub(1));
    let part = u128::from(at.0.min(duration.0)) * cells / u128::from(duration.0);
    u16::try_from(part).unwrap_or(0)
}

/// For each cell the gravest thing that happens in it.
fn marks(play: &Play, duration: Micros, width: u16) -> Vec<Option<(char, Meaning)>> {
    let mut marks: Vec<Option<(u8, char, Meaning)>> = vec![None; usize::from(width)];
    let mut put = |at: Micros, weight: u8, symbol: char, meaning: Meaning| {
        let slot = marks.get_mut(usize::from(cell(at, duration, width)));
        if let Some(slot) = slot.filter(|slot| slot.is_none_or(|(held, ..)| held < weight)) {
            *slot = Some((weight, symbol, meaning));
        }
    };
    let entries = play.moments.entries();
    let mut begin = 0;
    for x in 0..width {
        let end = entries.partition_point(|entry| cell(entry.at, duration, width) <= x);
        if let Some(entry) = play.moments.gravest(begin..end) {
            let symbol = match entry.meaning {
                Meaning::Command => '┷',
                _ if entry.weight() > 1 => entry.symbol,
                _ => '┿',
            };
            put(entry.at, entry.weight(), symbol, entry.meaning);
        }
        begin = end;
    }
    // People are rare, and what they decide is what a reviewer looks for first: the answer before all, then the question.
    for asked in play.questions.all() {
        put(asked.entry.at, 8, WAITS, Meaning::Ask);
        if let Some(answered) = asked.answered {
            put(answered, 9, asked.entry.symbol, asked.entry.meaning);
        }
    }
    for hit in &play.search.hits {
        put(hit.at, 4, '▪', Meaning::Match);
    }
    marks.into_iter().map(|mark| mark.map(|(_, symbol, meaning)| (symbol, meaning))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_time_are_the_ends_of_the_line() {
        let whole = Micros(u64::MAX);
        assert_eq!(cell(Micros(0), whole, 40), 0);
        assert_eq!(cell(whole, whole, 40), 39);
        assert_eq!(cell(Micros(5), Micros(0), 40), 0);
        assert_eq!(cell(Micros(50), Micros(100), 41), 20);
    }
}
