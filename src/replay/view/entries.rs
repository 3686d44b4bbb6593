//! The list of calls, commands and markers.

use ratatui::layout::Rect;

use crate::replay::commands::short;
use crate::replay::entries::Entry;
use crate::replay::layout;
use crate::replay::moments::Row;
use crate::replay::play::Play;
use crate::replay::questions::Which;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::term::fit;
use crate::term::fit_right;
use crate::term::safe;
use crate::term::tail;
use crate::term::width;

/// Columns of the time, and of the result at the right edge.
const TIME: usize = 7;
const RESULT: usize = 9;
/// Columns of how long it took, in lists of at least so many columns.
const TOOK: usize = 7;
const ROOMY: u16 = 60;
/// Columns from which the end of an ARN is worth showing.
const SUBJECT: usize = 8;

/// Draws the list on `area`: a heading, then the rows around the chosen one.
pub fn draw(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    if area.is_empty() {
        return;
    }
    if play.questions.is_open {
        return draw_questions(play, area, pen);
    }
    let moments = &play.moments;
    let denied = if moments.denied() > 0 { format!(", {} denied", moments.denied()) } else { String::new() };
    let heading = format!(" calls and commands  {}{denied}", moments.entries().len());
    pen.row(area, Meaning::Text, &[(&heading, Meaning::Heading)]);
    let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if moments.is_empty() {
        let words = if play.overview.is_some() { " none in this recording" } else { " reading …" };
        pen.text(rows, words, Meaning::Muted);
        return;
    }
    let height = usize::from(rows.height);
    let first = layout::top(play.selected, moments.rows().len(), height);
    for (y, (index, row)) in (rows.y..).zip(moments.rows().iter().enumerate().skip(first).take(height)) {
        if let Some(entry) = moments.entries().get(row.entry) {
            draw_row(play, (entry, row), index == play.selected, Rect { y, height: 1, ..rows }, pen);
        }
    }
}

/// Draws the questions to people instead.
fn draw_questions(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    let questions = &play.questions;
    let refused = questions.all().iter().filter(|asked| asked.entry.meaning == Meaning::Deny).count();
    let refused = if refused > 0 { format!(", {refused} not granted") } else { String::new() };
    let (heading, which) = match questions.which {
        Which::All => (format!(" approvals  {}{refused}", questions.all().len()), "  w: which".to_owned()),
        which => {
            let (shown, all) = (questions.shown().len(), questions.all().len());
            (" approvals".to_owned(), format!("  only {}: {shown} of {all}", which.words()))
        }
    };
    pen.row(area, Meaning::Text, &[(&heading, Meaning::Heading), (&which, Meaning::Muted)]);
    let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let (selected, count) = play.list_place();
    if count == 0 {
        pen.text(rows, " none; w for others, a for the calls", Meaning::Muted);
        return;
    }
    let height = usize::from(rows.height);
    let first = layout::top(selected, count, height);
    let alone = Row { entry: 0, times: 1, depth: 0, behind: None };
    for (y, (index, asked)) in (rows.y..).zip(questions.shown().enumerate().skip(first).take(height)) {
        let place = Rect { y, height: 1, ..rows };
        draw_row(play, (&asked.entry, &alone), index == selected, place, pen);
    }
}

fn draw_row(play: &Play, (entry, row): (&Entry, &Row), selected: bool, area: Rect, pen: &mut Pen<'_>) {
    let ground = if selected { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if selected { ground } else { meaning };
    let begun = entry.at <= play.position;
    let sign = if selected { "▸" } else { " " };
    let time = format!("{sign}{}", fit_right(&layout::clock(entry.at.0, false), TIME - 1));
    let took = match entry.took {
        _ if area.width < ROOMY => String::new(),
        // Of those that are shown as one it would be the first one's.
        _ if row.times > 1 => " ".repeat(TOOK),
        took => fit_right(&took.map(short).unwrap_or_default(), TOOK),
    };
    let room = usize::from(area.width).saturating_sub(TIME + 3 + width(&took) + RESULT + 1);
    let indent = indent(row.depth, room);
    let times = if row.times > 1 { format!(" ×{}", row.times) } else { String::new() };
    let middle = room.saturating_sub(indent + width(&times));
    let title = safe(&entry.title);
    // The action matters more than the ARN: it is not cut for it.
    let rest = middle.saturating_sub(width(&title) + 1);
    let (title, subject) = if rest >= SUBJECT && !entry.subject.is_empty() {
        (format!("{title} "), fit(&tail(&safe(&entry.subject), rest), rest))
    } else if times.is_empty() {
        (fit(&title, middle), String::new())
    } else {
        // The number stands right behind what it counts.
        (fit(&title, middle.min(width(&title))), " ".repeat(rest + usize::from(width(&title) < middle)))
    };
    let result = fit_right(&safe(&entry.result), RESULT);
    let symbol = format!(" {}{} ", " ".repeat(indent), entry.symbol);
    let shown = |meaning| own(if begun { meaning } else { Meaning::Muted });
    let pieces = [
        (time.as_str(), own(Meaning::Muted)),
        (symbol.as_str(), own(entry.meaning)),
        (title.as_str(), shown(entry.meaning)),
        (times.as_str(), own(Meaning::Muted)),
        (subject.as_str(), own(Meaning::Muted)),
        (took.as_str(), own(Meaning::Muted)),
        (result.as_str(), shown(entry.mood)),
        (" ", own(Meaning::Text)),
    ];
    pen.row(area, ground, &pieces);
}

/// Columns before a row of that level: at most a third of the room.
fn indent(depth: u16, room: usize) -> usize {
    let step = if room >= 40 { 2 } else { 1 };
    (usize::from(depth) * step).min(room / 3)
}
