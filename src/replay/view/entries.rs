//! The list of calls, commands and markers.

use ratatui::layout::Rect;

use crate::replay::entries::Entry;
use crate::replay::layout;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::term::clip;
use crate::term::fit;
use crate::term::fit_right;
use crate::term::safe;
use crate::term::width;

/// Columns of the time, and of the result at the right edge.
const TIME: usize = 7;
const RESULT: usize = 8;
/// Columns from which the end of an ARN is worth showing.
const SUBJECT: usize = 8;

/// Draws the list on `area`: a heading, then the rows around the chosen one.
pub fn draw(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    if area.is_empty() {
        return;
    }
    let denied = play.entries.iter().filter(|entry| entry.meaning == Meaning::Deny).count();
    let denied = if denied > 0 { format!(", {denied} denied") } else { String::new() };
    let heading = format!(" calls and commands  {}{denied}", play.entries.len());
    pen.row(area, Meaning::Text, &[(&heading, Meaning::Heading)]);
    let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if play.entries.is_empty() {
        let words = if play.overview.is_some() { " none in this recording" } else { " reading …" };
        pen.text(rows, words, Meaning::Muted);
        return;
    }
    let height = usize::from(rows.height);
    let first = layout::top(play.selected, play.entries.len(), height);
    for (y, (index, entry)) in (rows.y..).zip(play.entries.iter().enumerate().skip(first).take(height)) {
        draw_entry(play, entry, index == play.selected, Rect { y, height: 1, ..rows }, pen);
    }
}

fn draw_entry(play: &Play, entry: &Entry, selected: bool, area: Rect, pen: &mut Pen<'_>) {
    let ground = if selected { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if selected { ground } else { meaning };
    let begun = entry.at <= play.position;
    let sign = if selected { "▸" } else { " " };
    let time = format!("{sign}{}", fit_right(&layout::clock(entry.at.0, false), TIME - 1));
    let middle = usize::from(area.width).saturating_sub(TIME + 3 + RESULT + 1);
    let title = safe(&entry.title);
    // The action matters more than the ARN: it is not cut for it.
    let rest = middle.saturating_sub(width(&title) + 1);
    let (title, subject) = if rest >= SUBJECT && !entry.subject.is_empty() {
        (format!("{title} "), fit(&tail(&safe(&entry.subject), rest), rest))
    } else {
        (fit(&title, middle), String::new())
    };
    let result = fit_right(&safe(&entry.result), RESULT);
    let symbol = format!(" {} ", entry.symbol);
    let pieces = [
        (time.as_str(), own(Meaning::Muted)),
        (symbol.as_str(), own(entry.meaning)),
        (title.as_str(), own(if begun { entry.meaning } else { Meaning::Muted })),
        (subject.as_str(), own(Meaning::Muted)),
        (result.as_str(), own(if begun { Meaning::Text } else { Meaning::Muted })),
        (" ", own(Meaning::Text)),
    ];
    pen.row(area, ground, &pieces);
}

/// The end of an ARN says more than its beginning.
fn tail(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let backwards: String = text.chars().rev().collect();
    let kept: String = clip(&backwards, columns.saturating_sub(1)).chars().rev().collect();
    format!("…{kept}")
}
