//! The keys, from the same table that gives them their meaning.

use ratatui::layout::Rect;

use crate::replay::keymap;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
use crate::replay::update;
use crate::replay::view::pen::Pen;
use crate::term::fit;

/// Columns of the keys, and of the whole box at most.
const KEYS: usize = 14;
const WIDEST: u16 = 66;

/// Draws the box in the middle of `area`.
pub fn draw(state: &State, scroll: u16, area: Rect, pen: &mut Pen<'_>) {
    let lines: Vec<_> = keymap::lines(update::context(state)).collect();
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let width = area.width.min(WIDEST);
    let height = count.saturating_add(2).min(area.height);
    let (x, y) = (area.x + (area.width - width) / 2, area.y + (area.height - height) / 2);
    let place = Rect { x, y, width, height };
    let shown = height.saturating_sub(2);
    let scroll = scroll.min(count.saturating_sub(shown));
    pen.fill(place, Meaning::Text);
    frame(place, pen);
    let inner = Rect { x: place.x + 2, width: width.saturating_sub(4), height: 1, ..place };
    let title = if shown < count { " keys  ↓ ↑ scroll, Esc closes " } else { " keys  Esc closes " };
    pen.text(inner, title, Meaning::Heading);
    let rows = lines.iter().skip(usize::from(scroll)).take(usize::from(shown));
    for (y, binding) in (place.y + 1..).zip(rows) {
        let keys = fit(binding.shown, KEYS);
        let pieces = [(keys.as_str(), Meaning::Command), (" ", Meaning::Text), (binding.help, Meaning::Text)];
        pen.row(Rect { y, ..inner }, Meaning::Text, &pieces);
    }
}

fn frame(place: Rect, pen: &mut Pen<'_>) {
    let line = "─".repeat(usize::from(place.width.saturating_sub(2)));
    let last = place.y + place.height.saturating_sub(1);
    pen.text(place, &format!("╭{line}╮"), Meaning::Border);
    pen.text(Rect { y: last, height: 1, ..place }, &format!("╰{line}╯"), Meaning::Border);
    for y in place.y + 1..last {
        pen.text(Rect { y, height: 1, ..place }, "│", Meaning::Border);
        pen.text(Rect { x: place.x + place.width - 1, y, width: 1, height: 1 }, "│", Meaning::Border);
    }
}
