//! The timeline: time, what happened when, speed.

use ratatui::layout::Rect;

use crate::replay::layout;
use crate::replay::layout::PlayLayout;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;
use crate::replay::timeline;
use crate::replay::view::pen::Pen;

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
    let (duration, width) = (play.duration(), layout.track.width);
    let head = timeline::column(play.position, duration, width);
    let chosen = play.chosen().map(|entry| (timeline::column(entry.at, duration, width), entry));
    for (x, mark) in (0..width).zip(timeline::marks(play, width)) {
        let line = if x <= head { ('━', Meaning::Played) } else { ('─', Meaning::Unplayed) };
        let shown = mark.map_or(line, |mark| (mark.symbol, mark.meaning));
        let (symbol, meaning) = match chosen.filter(|(column, _)| *column == x) {
            _ if x == head => ('●', Meaning::Played),
            // What is chosen stands out, whatever else happened then.
            Some((_, entry)) => (timeline::symbol(entry), Meaning::Selected),
            None if play.hover == Some(x) => (shown.0, Meaning::Match),
            None => shown,
        };
        let place = Rect { x: layout.track.x + x, width: 1, ..layout.track };
        pen.text(place, symbol.encode_utf8(&mut [0; 4]), meaning);
    }
}

/// What the mouse is on: when, what, and how much more there is in that column; none when it is not on the timeline.
#[must_use]
pub fn words(play: &Play, layout: &PlayLayout) -> Option<(String, Meaning)> {
    let column = play.hover.filter(|column| *column < layout.track.width)?;
    let width = layout.track.width;
    let Some(mark) = timeline::mark(play, column, width) else {
        let at = timeline::moment(column, play.duration(), width);
        return Some((format!(" {}  click: go there", layout::clock(at.0, true)), Meaning::Bar));
    };
    let more = match timeline::count(play, column, width) {
        0 | 1 => String::new(),
        count => format!("  and {} more", count - 1),
    };
    let words = timeline::words(play, &mark);
    Some((format!(" {}  {} {words}{more}", layout::clock(mark.at.0, true), mark.symbol), Meaning::Bar))
}
