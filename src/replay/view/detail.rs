//! All about the chosen call, command or approval.

use ratatui::layout::Rect;

use crate::replay::entries::Entry;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::replay::view::pen::wrapped;
use crate::term::clip;
use crate::term::fit;

/// Columns of the names.
const NAMES: u16 = 11;

/// Commands shown behind the chosen one, and characters of each.
const NEAR: usize = 4;
const LONGEST: usize = 240;

/// A line: what stands at the left, the text, how it is coloured.
struct Line {
    left: String,
    text: String,
    meaning: Meaning,
}

/// Draws it on `area`: a heading, then the lines from the one scrolled to.
pub fn draw(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    let (Some(scroll), Some(entry), false) = (play.detail, play.chosen(), area.is_empty()) else { return };
    let relatives = relatives(play);
    pen.fill(area, Meaning::Text);
    let lines = lines(entry, &relatives, area.width);
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

/// The commands behind the chosen one, and the calls it made.
fn relatives(play: &Play) -> Vec<(&'static str, String)> {
    if play.questions.is_open {
        return Vec::new();
    }
    let moments = &play.moments;
    let title = |row: usize| moments.at_row(row).map_or("", |entry| entry.title.as_str());
    let mut rows = Vec::new();
    for (row, name) in moments.behind(play.selected).take(NEAR).zip(["made by", "by", "by", "by"]) {
        let is_call = play.chosen().is_some_and(Entry::is_call);
        let name = if name == "made by" && !is_call { "started by" } else { name };
        let number = moments.at_row(row).and_then(|entry| entry.node.id);
        let number = number.map(|number| format!("{number} ")).unwrap_or_default();
        rows.push((name, format!("{number}{}", clip(title(row), LONGEST))));
    }
    if let Some((first, count)) = moments.calls_of(play.selected) {
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        rows.push(("made", format!("{}{more}", title(first))));
    }
    if let Some(times) = moments.rows().get(play.selected).map(|row| row.times).filter(|times| *times > 1) {
        rows.push(("times", format!("{times}; this is the first")));
    }
    rows
}

/// The last line that can be the first one shown.
fn lines(entry: &Entry, relatives: &[(&'static str, String)], width: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    // Who made a call stands below what it was about.
    let about = entry.detail.iter().position(|(name, _)| *name == "resource");
    let (before, after) = entry.detail.split_at(about.map_or(entry.detail.len(), |at| at + 1));
    for (name, value) in before.iter().chain(relatives).chain(after) {
        let meaning = match *name {
            "action" | "command" | "typed" | "decision" | "status" | "answer" => entry.meaning,
            "ended" => entry.mood,
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
