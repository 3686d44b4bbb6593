//! Drawing: the state in, cells out. Nothing here asks anyone, or changes what is known.

mod back;
mod calls;
mod detail;
mod diff;
mod entries;
mod help;
mod links;
mod pen;
mod query;
mod recording;
mod screen;
mod sessions;
mod summary;
#[cfg(test)]
mod tests;
mod timeline;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::replay::state::SMALLEST;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
pub use pen::Pen;
pub use pen::wrapped;

/// Lays out what has changed since the last picture, then draws everything on `area`.
pub fn draw(state: &mut State, area: Rect, buffer: &mut Buffer) {
    if let Some(play) = &mut state.play {
        play.settle(area);
    }
    paint(state, area, buffer);
}

fn paint(state: &State, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, &state.theme);
    pen.fill(area, Meaning::Text);
    if state.is_too_small() {
        return too_small(state, area, &mut pen);
    }
    match (&state.summary, &state.play, &state.diff) {
        (Some(sheet), ..) if sheet.is_open => summary::draw(state, sheet, area, &mut pen),
        (_, Some(play), _) => recording::draw(state, play, area, &mut pen),
        (_, None, Some(diff)) => diff::draw(state, diff, area, &mut pen),
        (_, None, None) => sessions::draw(state, &mut pen),
    }
    if let Some(scroll) = state.help {
        help::draw(state, scroll, area, &mut pen);
    }
}

fn too_small(state: &State, area: Rect, pen: &mut Pen<'_>) {
    let (cols, rows) = state.size;
    let lines = [
        "this terminal is too small".to_owned(),
        format!("it has {cols}x{rows}, {}x{} are needed", SMALLEST.0, SMALLEST.1),
        "make it larger, or press q".to_owned(),
    ];
    for (y, line) in (area.y..area.y + area.height).zip(&lines) {
        pen.text(Rect { y, height: 1, ..area }, line, Meaning::Text);
    }
}
