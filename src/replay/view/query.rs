//! The query line, coloured while it is typed, and the box below it.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::query;
use crate::query::Part;
use crate::replay::finder::Finder;
use crate::replay::finder::places;
use crate::replay::finder::places::Places;
use crate::replay::finder::places::SIGN;
use crate::replay::finder::popup::Kind;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::replay::view::pen::wrapped;
use crate::term::fit;
use crate::term::safe;
use crate::term::width;

/// Draws the line.
pub fn draw(finder: &Finder, area: Rect, pen: &mut Pen<'_>) {
    let text = finder.line.text();
    let sign = if finder.typing { Meaning::Key } else { Meaning::Muted };
    pen.row(area, Meaning::Text, &[(" / ", sign)]);
    let place = Rect { x: area.x + SIGN, width: area.width.saturating_sub(SIGN), ..area };
    if text.is_empty() && !finder.typing {
        pen.text(place, "press / and type what to look for", Meaning::Muted);
        return;
    }
    if text.is_empty() {
        let room = Rect { x: place.x + 1, width: place.width.saturating_sub(1), ..place };
        let hint = match area.width {
            ..60 => " words, or user:ana …",
            60..100 => " words, or fields such as user:ana decision:deny after:2d",
            _ => {
                " words on the screen, in commands and calls, or fields such as user:ana decision:deny after:2d"
            }
        };
        pen.text(room, hint, Meaning::Muted);
    }
    let skipped = places::skipped(finder, area.width);
    for (range, part) in pieces(text) {
        let wrong = finder.trouble().is_some_and(|wrong| {
            let at_end = wrong.range.is_empty() && range.end == text.trim_end().len();
            at_end || wrong.range.start < range.end && range.start < wrong.range.end
        });
        let meaning = if wrong { Meaning::Error } else { meaning(part) };
        let column = width(&safe(&text[..range.start]));
        // A piece that begins left of the line is cut there.
        let shown = safe(&text[range]).into_owned();
        let cut = skipped.saturating_sub(column);
        let head = crate::term::clip(&shown, cut).len();
        let Ok(x) = u16::try_from((column + cut).saturating_sub(skipped)) else { break };
        if x >= place.width {
            break;
        }
        let room = Rect { x: place.x + x, width: place.width - x, height: 1, ..place };
        let used = pen.text(room, &shown[head..], meaning);
        if wrong {
            underline(Rect { width: used, ..room }, pen);
        }
    }
    if finder.typing {
        let column = width(&safe(&text[..finder.line.cursor()])).saturating_sub(skipped);
        let x = place.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
        if let Some(cell) = pen.buffer.cell_mut((x, place.y)).filter(|_| x < place.x + place.width) {
            cell.modifier.toggle(Modifier::REVERSED);
        }
    }
}

/// The parts of the query with what stands between them.
fn pieces(text: &str) -> Vec<(std::ops::Range<usize>, Option<Part>)> {
    let mut pieces = Vec::new();
    let mut end = 0;
    for (range, part) in query::paint(text) {
        if range.start > end {
            pieces.push((end..range.start, None));
        }
        end = range.end;
        pieces.push((range, Some(part)));
    }
    if end < text.len() {
        pieces.push((end..text.len(), None));
    }
    pieces
}

fn meaning(part: Option<Part>) -> Meaning {
    match part {
        Some(Part::Field) => Meaning::Heading,
        Some(Part::Value) => Meaning::Command,
        Some(Part::Operator) => Meaning::Ask,
        Some(Part::Phrase) => Meaning::Marker,
        Some(Part::Word) | None => Meaning::Text,
    }
}

fn underline(area: Rect, pen: &mut Pen<'_>) {
    for position in area.intersection(pen.buffer.area).positions() {
        if let Some(cell) = pen.buffer.cell_mut(position) {
            cell.modifier |= Modifier::UNDERLINED;
        }
    }
}

/// What is wrong with the query and what to write instead, if that is to be told.
#[must_use]
pub fn trouble(finder: &Finder) -> Option<String> {
    let wrong = finder.trouble()?;
    Some(if wrong.fix.is_empty() { wrong.why.clone() } else { format!("{}; {}", wrong.why, wrong.fix) })
}

/// The same below the line, where the footer has no room for all of it.
pub fn explanation(finder: &Finder, all: &Places, pen: &mut Pen<'_>) {
    let room = usize::from(all.footer.width).saturating_sub(3);
    let Some(told) = trouble(finder).filter(|told| width(told) > room) else { return };
    let rows = wrapped(&told, room);
    let signs = [" ! "].into_iter().chain(std::iter::repeat("   "));
    for ((y, row), sign) in (all.line.y + 1..all.footer.y).zip(&rows).zip(signs) {
        let pieces = [(sign, Meaning::Error), (row.as_str(), Meaning::Bar)];
        pen.row(Rect { y, height: 1, ..all.footer }, Meaning::Bar, &pieces);
    }
}

/// Draws the box, over what is below the line.
pub fn popup(state: &State, all: &Places, pen: &mut Pen<'_>) {
    let (Some(popup), Some(place)) = (&state.sessions.popup, places::popup(state, all)) else { return };
    pen.fill(place.place, Meaning::Bar);
    if popup.items.is_empty() {
        let nothing = match popup.kind {
            Kind::Saved => " no saved query fits; Ctrl-S saves the one in the line",
            _ => " no query asked before fits",
        };
        pen.row(place.place, Meaning::Bar, &[(nothing, Meaning::Bar)]);
        return;
    }
    let columns = match popup.kind {
        Kind::Asked => usize::from(place.place.width).saturating_sub(2),
        _ => places::popup_columns(popup, usize::from(place.place.width)).0.saturating_sub(2),
    };
    let rows = popup.items.iter().enumerate().skip(place.first).take(usize::from(place.place.height));
    for (y, (index, item)) in (place.place.y..).zip(rows) {
        let ground = if popup.chosen == Some(index) { Meaning::Selected } else { Meaning::Bar };
        let shown = format!(" {} ", fit(&safe(&item.shown), columns));
        let note = format!(" {} ", safe(&item.note));
        let row = Rect { y, height: 1, ..place.place };
        let pieces = [(shown.as_str(), ground), (note.as_str(), ground)];
        pen.row(row, ground, &pieces);
    }
}
