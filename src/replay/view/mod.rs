//! Drawing: the state in, cells out. Nothing here asks anyone, or changes what is known.

mod back;
mod calls;
mod detail;
mod diff;
mod entries;
mod following;
mod help;
mod links;
mod pen;
mod query;
mod recording;
mod screen;
mod sessions;
mod summary;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod tests;
mod themes;
mod timeline;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::replay::ascii;
use crate::replay::state::SMALLEST;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
pub use pen::Pen;
pub use pen::wrapped;
#[cfg(test)]
pub(super) use tests::text;

/// Lays out what has changed since the last picture, then draws everything on `area`.
pub fn draw(state: &mut State, area: Rect, buffer: &mut Buffer) {
    if let Some(play) = &mut state.play {
        play.settle(area);
    }
    paint(state, area, buffer);
}

fn paint(state: &State, area: Rect, buffer: &mut Buffer) {
    parts(state, area, &mut Pen::new(buffer, &state.theme).with_keys(&state.keys, state.look.ascii));
    if state.look.ascii {
        ascii::apply(buffer, area);
    }
}

fn parts(state: &State, area: Rect, pen: &mut Pen<'_>) {
    pen.fill(area, Meaning::Text);
    if state.is_too_small() {
        return too_small(state, area, pen);
    }
    match (&state.summary, &state.play, &state.diff) {
        (Some(sheet), ..) if sheet.is_open => summary::draw(state, sheet, area, pen),
        (_, Some(play), _) => recording::draw(state, play, area, pen),
        (_, None, Some(diff)) => diff::draw(state, diff, area, pen),
        (_, None, None) => sessions::draw(state, pen),
    }
    if let Some(picker) = &state.picker {
        themes::draw(state, picker, pen);
    }
    if let Some(open) = &state.help {
        help::draw(state, open, area, pen);
    }
    if !state.pending.is_empty() {
        following::draw(state, area, pen);
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
