//! After the first key of several: what may follow, above the bottom line.

use ratatui::layout::Rect;

use crate::replay::keys::label;
use crate::replay::press;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::term::fit;
use crate::term::width;

/// Columns of one key with its words, at least and at most.
const COLUMNS: (usize, usize) = (18, 28);

/// Draws it at the bottom of `area`.
pub fn draw(state: &State, area: Rect, pen: &mut Pen<'_>) {
    let following = state.keys.following(press::context(state), &state.pending, pen.ascii);
    if following.is_empty() || area.height < 3 {
        return;
    }
    let keys = following.iter().map(|(key, _)| width(key)).max().unwrap_or(1);
    let longest = following.iter().map(|(_, words)| width(words) + keys + 3).max().unwrap_or(1);
    let each = longest.clamp(COLUMNS.0, COLUMNS.1).min(usize::from(area.width));
    let across = (usize::from(area.width) / each).max(1);
    let count = following.len().div_ceil(across);
    let height = u16::try_from(count).unwrap_or(u16::MAX).min(area.height - 2);
    let bottom = area.y + area.height - 1;
    let footer = Rect { y: bottom, height: 1, ..area };
    let begun = format!(" {} ", label(&state.pending.join(" "), pen.ascii));
    let rest = [
        (begun.as_str(), Meaning::Key),
        ("and then …  ", Meaning::Bar),
        ("Esc", Meaning::Key),
        (" nothing", Meaning::Bar),
    ];
    pen.row(footer, Meaning::Bar, &rest);
    for row in 0..height {
        let line = Rect { y: bottom - height + row, height: 1, ..area };
        // Down the columns, as people read lists.
        let cells: Vec<(String, String)> = (0..across)
            .filter_map(|column| following.get(column * count + usize::from(row)))
            .map(|(key, words)| (format!(" {} ", fit(key, keys)), fit(words, each - keys - 2)))
            .collect();
        let pieces: Vec<(&str, Meaning)> = cells
            .iter()
            .flat_map(|(key, words)| [(key.as_str(), Meaning::Key), (words.as_str(), Meaning::Bar)])
            .collect();
        pen.row(line, Meaning::Bar, &pieces);
    }
}
