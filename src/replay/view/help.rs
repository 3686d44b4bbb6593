//! The keys in force, in a box that scrolls.

use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::help;
use crate::replay::help::Help;
use crate::replay::help::Row;
use crate::replay::keymap::Context;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::term::fit;

/// Draws the box in the middle of `area`.
pub fn draw(state: &State, open: &Help, area: Rect, pen: &mut Pen<'_>) {
    let rows = help::rows(state, area.width);
    // One row says that nothing was found.
    let place = help::place(area, rows.len().max(1));
    let shown = usize::from(place.height.saturating_sub(2));
    let first = usize::from(open.scroll).min(rows.len().saturating_sub(shown));
    pen.fill(place, Meaning::Text);
    pen.frame(place);
    let inner = Rect { x: place.x + 2, width: place.width.saturating_sub(4), height: 1, ..place };
    title(open, (first, shown, rows.len()), inner, pen);
    if rows.is_empty() {
        pen.text(Rect { y: inner.y + 1, ..inner }, "no key is about that", Meaning::Muted);
    }
    for (y, row) in (place.y + 1..).zip(rows.iter().skip(first).take(shown)) {
        let line = Rect { y, ..inner };
        match row {
            Row::Title(words) => _ = pen.text(line, words, Meaning::Heading),
            Row::Keys(keys, words) => {
                let keys = fit(keys, help::keys_columns(state, area.width));
                let pieces = [
                    (keys.as_str(), Meaning::Command),
                    (" ", Meaning::Text),
                    (words.as_str(), Meaning::Text),
                ];
                pen.row(line, Meaning::Text, &pieces);
            }
        }
    }
}

/// `keys 1-10 of 41`, the search, and the keys for the list itself as far as there is room.
fn title(open: &Help, (first, shown, all): (usize, usize, usize), area: Rect, pen: &mut Pen<'_>) {
    let place =
        if shown < all { format!(" {}-{} of {all}", first + 1, first + shown) } else { String::new() };
    let cursor = if open.typing { "▌" } else { "" };
    let search = if open.typing || !open.search.is_empty() {
        format!("  /{}{cursor} ", open.search)
    } else {
        " ".to_owned()
    };
    let used = pen.text(area, &format!(" keys{place}{search}"), Meaning::Heading);
    let rest = Rect { x: area.x + used, width: area.width - used, ..area };
    let key = |action| pen.keys.first(Context::Help, action, pen.ascii);
    let [down, up, search, close] = [Action::Down, Action::Up, Action::StartTyping, Action::Back].map(key);
    let (search, close) = (format!("{search} search  "), format!("{close} close "));
    let hints = [format!("{down} {up} scroll  {search}{close}"), format!("{search}{close}"), close];
    let room = usize::from(rest.width);
    if let Some(hint) = hints.iter().find(|hint| crate::term::width(hint) <= room) {
        pen.text(rest, hint, Meaning::Muted);
    }
}
