//! The lines that have left the screen.

use ratatui::layout::Rect;

use crate::replay::back::Back;
use crate::replay::layout;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::replay::view::screen;
use crate::term::fit;
use crate::term::safe;
use crate::term::width;

/// Columns from which the footer names keys.
const ROOMY: u16 = 100;

/// Draws them on `pane`.
pub fn draw(play: &Play, back: &Back, pane: Rect, pen: &mut Pen<'_>) {
    let shown = back.shown(usize::from(pane.height));
    let found = back.found(shown.clone());
    let on_screen = back.rows.len() - back.on_screen.min(back.rows.len());
    for (y, row) in (pane.y..pane.y + pane.height).zip(shown) {
        let Some(line) = back.rows.get(row) else { continue };
        let place = Rect { y, height: 1, ..pane };
        screen::draw_row(&line.cells, back.left, place, &|col| found.contains(&(row, col)), pen);
        if row >= on_screen {
            // What is still there stands apart.
            pen.buffer
                .set_style(place, ratatui::style::Style::new().add_modifier(ratatui::style::Modifier::DIM));
        }
    }
    screen::mark_links(play, pane, pane, pen);
    if back.rows.is_empty() {
        let words = if back.is_done { " nothing has left this screen" } else { " looking back …" };
        pen.text(pane, words, Meaning::Muted);
    }
}

/// Draws the footer.
pub fn footer(back: &Back, height: u16, area: Rect, pen: &mut Pen<'_>) {
    let shown = back.shown(usize::from(height));
    let all = back.rows.len();
    let more = match (back.is_done, back.is_cut) {
        (false, _) => format!(" … back to {}", layout::clock(back.since.0, false)),
        (true, true) => ", older ones are not kept".to_owned(),
        (true, false) => String::new(),
    };
    let covered = if back.is_covered { ", behind a full-screen program" } else { "" };
    let left = back.left_at(usize::from(height)).map(|left| format!("to {} ", layout::clock(left.0, true)));
    let words = match &back.wanted {
        Some((text, _)) => {
            let text = safe(text);
            format!(" \"{}\" {} ", fit(&text, width(&text).min(20)), back.search_words())
        }
        None => format!(" lines {}-{} of {all}{more}{covered} ", (shown.start + 1).min(all), shown.end),
    };
    let bar = Meaning::Bar;
    let key = Meaning::Key;
    let mut pieces = vec![(words.as_str(), bar)];
    let moment = left.map(|left| format!(" {left}"));
    if back.wanted.is_some() {
        pieces.extend([(" n", key), (" older ", bar), (" N", key), (" newer ", bar)]);
    } else if area.width >= ROOMY {
        pieces.extend([(" ↑ ↓ PgUp PgDn g G", key), (" move ", bar), (" /", key), (" search ", bar)]);
    }
    if let Some(moment) = &moment {
        pieces.extend([(" Enter", key), (moment.as_str(), bar)]);
    }
    pieces.extend([(" Esc", key), (" close", bar)]);
    pen.row(area, bar, &pieces);
}
