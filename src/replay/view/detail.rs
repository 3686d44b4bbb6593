//! All about the chosen call or command.

use ratatui::layout::Rect;

use crate::replay::entries::Entry;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::replay::view::pen::wrapped;
use crate::term::fit;

/// Columns of the names.
const NAMES: u16 = 11;

/// A line: what stands at the left, the text, how it is coloured.
struct Line {
    left: String,
    text: String,
    meaning: Meaning,
}

/// Draws it on `area`: a heading, then the lines from the one scrolled to.
pub fn draw(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    let (Some(scroll), Some(entry), false) = (play.detail, play.chosen(), area.is_empty()) else { return };
    pen.fill(area, Meaning::Text);
    let lines = lines(entry, area.width);
    let height = usize::from(area.height - 1);
    let first = usize::from(scroll).min(lines.len().saturating_sub(height));
    let last = (first + height).min(lines.len());
    let place = if lines.len() > height {
        format!("  {}-{last} of {}  PgUp PgDn", first + 1, lines.len())
    } else {
        String::new()
    };
    pen.row(area, Meaning::Text, &[(" detail", Meaning::Heading), (&place, Meaning::Muted)]);
    for (y, line) in (area.y + 1..area.y + area.height).zip(&lines[first..last]) {
        let pieces = [(line.left.as_str(), Meaning::Muted), (line.text.as_str(), line.meaning)];
        pen.row(Rect { y, height: 1, ..area }, Meaning::Text, &pieces);
    }
}

/// The last line that can be the first one shown.
fn lines(entry: &Entry, width: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    for (name, value) in &entry.detail {
        let meaning = match *name {
            "action" | "command" | "decision" | "status" | "ended" => entry.meaning,
            _ => Meaning::Text,
        };
        // Parameters take the whole width, below their name; the rest stands beside its name.
        let below = *name == "parameters";
        let margin = if below { 2 } else { NAMES + 2 };
        let mut left = format!(" {} ", fit(name, usize::from(NAMES)));
        if below {
            lines.push(Line { left, text: String::new(), meaning });
            left = "  ".to_owned();
        }
        let room = usize::from(width.saturating_sub(margin + 1));
        for piece in value.lines().flat_map(|line| wrapped(line, room)) {
            lines.push(Line { left: std::mem::take(&mut left), text: piece, meaning });
            left = " ".repeat(usize::from(margin));
        }
    }
    lines
}
