//! A link of the recorded screen: its text, where it leads in full, and what speaks against it.

use ratatui::layout::Rect;

use crate::replay::layout;
use crate::replay::links;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::replay::view::pen::wrapped;
use crate::term::safe;

/// Columns of the names.
const NAMES: u16 = 11;

/// Draws the box over a part of `pane` where the link is not.
pub fn draw(play: &Play, pane: Rect, pen: &mut Pen<'_>) {
    let (Some(choice), false) = (play.link, pane.is_empty()) else { return };
    let all = links::shown(play, pane.height);
    let number = choice.number.min(all.len().saturating_sub(1));
    let Some(link) = all.get(number) else { return };
    let room = usize::from(pane.width.saturating_sub(NAMES + 2));
    let mut lines: Vec<(&str, String, Meaning)> = Vec::new();
    let mut add = |name: &'static str, text: &str, meaning: Meaning| {
        // Whole: a line feed or anything else in it is written out, not carried out.
        for (n, piece) in wrapped(&safe(text), room).into_iter().enumerate() {
            lines.push((if n == 0 { name } else { "" }, piece, meaning));
        }
    };
    add("text", link.text.trim(), Meaning::Text);
    for doubt in link.doubts() {
        add("!", &doubt, Meaning::Error);
    }
    add("leads to", &link.target, Meaning::Text);
    let height =
        u16::try_from(lines.len() + 1).unwrap_or(u16::MAX).min((pane.height / 2).max(4)).min(pane.height);
    let rows = usize::from(height.saturating_sub(1));
    let first = usize::from(choice.scroll).min(lines.len().saturating_sub(rows));
    // Where the link itself is not.
    let (_, top) = layout::corner(play, (pane.width, pane.height));
    let is_low = link.cells.last().is_some_and(|(_, row)| row.saturating_sub(top) >= pane.height - height);
    let y = if is_low { pane.y } else { pane.y + pane.height - height };
    let place = Rect { y, height, ..pane };
    pen.fill(place, Meaning::Text);
    let count = format!(" {} of {}", number + 1, all.len());
    let more = if lines.len() > rows {
        format!("  {}-{} of {}  PgUp PgDn", first + 1, first + rows, lines.len())
    } else {
        String::new()
    };
    let others = if all.len() > 1 { "  ↑ ↓ others" } else { "" };
    let heading = [
        (" link", Meaning::Heading),
        (count.as_str(), Meaning::Heading),
        (more.as_str(), Meaning::Muted),
        (others, Meaning::Muted),
    ];
    pen.row(Rect { height: 1, ..place }, Meaning::Bar, &heading);
    for (y, (name, text, meaning)) in (place.y + 1..place.y + place.height).zip(&lines[first..]) {
        let row = Rect { y, height: 1, ..place };
        pen.text(
            Rect { x: row.x + 1, width: NAMES.min(row.width.saturating_sub(1)), ..row },
            name,
            Meaning::Muted,
        );
        let x = row.x + (NAMES + 1).min(row.width);
        pen.text(Rect { x, width: row.width.saturating_sub(NAMES + 1), ..row }, text, *meaning);
    }
}
