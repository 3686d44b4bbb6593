//! The recorded screen at its true size: cut where the pane is smaller, framed where it is larger.

use std::collections::HashSet;

use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::style::Style;
use unicode_width::UnicodeWidthChar;

use crate::replay::layout;
use crate::replay::links;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::term::Attributes;
use crate::term::Cell;
use crate::term::is_unsafe;

/// Draws the screen that came last.
pub fn draw(play: &Play, pane: Rect, pen: &mut Pen<'_>) {
    if pane.is_empty() {
        return;
    }
    let Some(frame) = &play.frame else {
        pen.text(pane, " opening …", Meaning::Muted);
        return;
    };
    let screen = &frame.screen;
    let (left, top) = layout::window(play, (pane.width, pane.height));
    let rows = pane.height.min(screen.rows.saturating_sub(top));
    let columns = pane.width.min(screen.cols.saturating_sub(left));
    let found: HashSet<(u16, u16)> =
        play.search.pattern.iter().flat_map(|pattern| pattern.find_on(screen)).collect();
    for row in 0..rows {
        let place = Rect { x: pane.x, y: pane.y + row, width: columns, height: 1 };
        let is_hit = |col: u16| found.contains(&(col, row + top));
        draw_row(screen.row(row + top), left, place, &is_hit, pen);
    }
    mark_links(play, Rect { width: columns, height: rows, ..pane }, pane, pen);
    if let Some((col, row)) = screen.cursor
        && (left..left + columns).contains(&col)
        && (top..top + rows).contains(&row)
        && let Some(cell) = pen.buffer.cell_mut((pane.x + col - left, pane.y + row - top))
    {
        cell.modifier.toggle(Modifier::REVERSED);
    }
    frame_around(pane, (columns, rows), pen);
}

/// Underlines the links on `place`, the part of `pane` that has lines; those that may lead elsewhere than they say stand out,
/// and the one that is looked at too.
pub(super) fn mark_links(play: &Play, place: Rect, pane: Rect, pen: &mut Pen<'_>) {
    let (left, top) = layout::corner(play, (pane.width, pane.height));
    for (number, link) in links::shown(play, pane.height).iter().enumerate() {
        let mut look = Style::new().add_modifier(Modifier::UNDERLINED);
        if !link.doubts().is_empty() {
            look = pen.theme.style(Meaning::Error).patch(look);
        }
        if play.link.is_some_and(|choice| choice.number == number) {
            look = pen.theme.style(Meaning::Match).patch(look);
        }
        for (col, row) in &link.cells {
            let at = col.checked_sub(left).zip(row.checked_sub(top));
            let at = at.filter(|(x, y)| *x < place.width && *y < place.height);
            if let Some(cell) = at.and_then(|(x, y)| pen.buffer.cell_mut((place.x + x, place.y + y))) {
                cell.set_style(look);
            }
        }
    }
}

pub(super) fn draw_row(
    cells: &[Cell],
    left: u16,
    place: Rect,
    is_hit: &dyn Fn(u16) -> bool,
    pen: &mut Pen<'_>,
) {
    let mut base: Option<u16> = None;
    for x in 0..place.width {
        let Some(cell) = cells.get(usize::from(left + x)) else { break };
        let mut look = style(cell, pen);
        if is_hit(left + x) {
            look = look.patch(pen.theme.style(Meaning::Match));
        }
        let place_of = |x: u16| (place.x + x, place.y);
        // The emulator gives a combining mark a cell of its own; it belongs to the character before it.
        let combining = cell.columns == 1 && cell.character.width() == Some(0) && !is_unsafe(cell.character);
        let fits = x + u16::from(cell.columns) <= place.width;
        if combining && let Some(target) = base.and_then(|x| pen.buffer.cell_mut(place_of(x))) {
            let joined = format!("{}{}", target.symbol(), cell.character);
            target.set_symbol(&joined);
        }
        let Some(target) = pen.buffer.cell_mut(place_of(x)) else { break };
        target.reset();
        target.set_style(look);
        if combining || cell.columns == 0 || !fits {
            continue;
        }
        base = Some(x);
        target.set_char(if is_unsafe(cell.character) { '\u{fffd}' } else { cell.character });
    }
}

fn style(cell: &Cell, pen: &Pen<'_>) -> Style {
    let mut style = pen.theme.screen();
    style.fg = cell.foreground.and_then(|colour| pen.theme.recorded(colour)).or(style.fg);
    style.bg = cell.background.and_then(|colour| pen.theme.recorded(colour)).or(style.bg);
    for (attribute, modifier) in [
        (Attributes::BOLD, Modifier::BOLD),
        (Attributes::FAINT, Modifier::DIM),
        (Attributes::ITALIC, Modifier::ITALIC),
        (Attributes::UNDERLINE, Modifier::UNDERLINED),
        (Attributes::STRUCK, Modifier::CROSSED_OUT),
        (Attributes::BLINK, Modifier::SLOW_BLINK),
        (Attributes::INVERSE, Modifier::REVERSED),
    ] {
        if cell.attributes.has(attribute) {
            style = style.add_modifier(modifier);
        }
    }
    style
}

/// A line at the right and lower edge shows where the recorded screen ends.
fn frame_around(pane: Rect, (columns, rows): (u16, u16), pen: &mut Pen<'_>) {
    let (right, below) = (columns < pane.width, rows < pane.height);
    let place = |x: u16, y: u16| Rect { x: pane.x + x, y: pane.y + y, width: 1, height: 1 };
    if right {
        (0..rows).for_each(|y| _ = pen.text(place(columns, y), "│", Meaning::Border));
    }
    if below {
        (0..columns).for_each(|x| _ = pen.text(place(x, rows), "─", Meaning::Border));
    }
    if right && below {
        pen.text(place(columns, rows), "╯", Meaning::Border);
    }
}
