//! The list beside the screen: its tabs, and the rows of the one that is shown.

use ratatui::layout::Rect;

use crate::replay::commands::short;
use crate::replay::entries::Entry;
use crate::replay::entries::Kind;
use crate::replay::layout;
use crate::replay::layout::PlayLayout;
use crate::replay::moments::Row;
use crate::replay::panes::Tab;
use crate::replay::panes::Which;
use crate::replay::play::Play;
use crate::replay::questions;
use crate::replay::tabs;
use crate::replay::theme::Meaning;
use crate::replay::view::calls;
use crate::replay::view::detail;
use crate::replay::view::pen::Pen;
use crate::term::fit;
use crate::term::fit_right;
use crate::term::safe;
use crate::term::tail;
use crate::term::width;

/// Columns of the time, and of the result at the right edge.
pub const TIME: usize = 7;
const RESULT: usize = 9;
/// Columns of how often something was masked.
const TIMES: usize = 6;
/// Columns of how long it took, in lists of at least so many columns.
pub const TOOK: usize = 7;
const ROOMY: u16 = 60;
/// Columns of the calls that a command made, in lists of at least so many columns.
const MADE: usize = 9;
const WIDE: u16 = 48;
/// Columns from which the end of an ARN is worth showing.
const SUBJECT: usize = 8;

/// Draws the list: its tabs, what narrows it, then the rows around the chosen one.
pub fn draw(play: &Play, places: &PlayLayout, pen: &mut Pen<'_>) {
    if places.list.is_empty() {
        return;
    }
    tabs(play, places.tabs, pen);
    note(play, places.note, pen);
    names(play, places.names, pen);
    let rows = places.rows;
    if play.panes.tab == Tab::Session {
        let facts = play.panes.facts.rows().iter().skip(play.panes.scroll);
        return detail::rows(facts, None, rows, pen);
    }
    let (selected, count) = play.list_place();
    if count == 0 {
        pen.text(rows, &nothing(play), Meaning::Muted);
        return;
    }
    let height = usize::from(rows.height);
    let first = layout::top(selected, count, height);
    let last = (first + height).min(count);
    let alone = Row { entry: 0, times: 1, depth: 0, behind: None };
    for (y, index) in (rows.y..).zip(first..last) {
        let place = Rect { y, height: 1, ..rows };
        let is_chosen = index == selected;
        match play.panes.tab {
            Tab::All => {
                let row = &play.moments.rows()[index];
                draw_row(play, (&play.moments.entries()[row.entry], row), is_chosen, place, pen);
            }
            Tab::Commands => {
                let row = &play.moments.command_rows()[play.panes.commands.shown[index]];
                draw_row(play, (&play.moments.entries()[row.entry], row), is_chosen, place, pen);
            }
            Tab::Calls => {
                let entry = &play.moments.entries()[play.panes.calls.shown[index]];
                calls::draw(play, entry, is_chosen, place, pen);
            }
            Tab::Alerts => {
                let entry = &play.alerts[play.panes.alerts.shown[index]];
                draw_row(play, (entry, &alone), is_chosen, place, pen);
            }
            Tab::Approvals => {
                let Some(asked) = play.questions.shown_at(index) else { break };
                draw_row(play, (&asked.entry, &alone), is_chosen, place, pen);
            }
            Tab::Session => {}
        }
    }
}

fn tabs(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    let tabs = tabs::words(play, area.width);
    let look = |tab: Tab| if tab == play.panes.tab { Meaning::Selected } else { Meaning::Muted };
    let pieces: Vec<(&str, Meaning)> = tabs.iter().map(|(tab, words)| (words.as_str(), look(*tab))).collect();
    pen.row(area, Meaning::Text, &pieces);
}

/// What narrows the list, how many rows are left, and how to see all again.
fn note(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    if area.is_empty() {
        return;
    }
    let panes = &play.panes;
    let (_, shown) = play.list_place();
    let mut parts = Vec::new();
    let all = match panes.tab {
        Tab::Approvals => {
            parts.push(play.questions.which.words().to_owned());
            play.questions.all().len()
        }
        Tab::Calls => {
            parts.extend((panes.which != Which::All).then(|| panes.which.word().to_owned()));
            let of = panes.of.and_then(|command| play.moments.entries().get(command));
            parts.extend(of.map(|command| format!("of {}", safe(&command.title))));
            play.moments.calls().len()
        }
        Tab::Commands => play.moments.command_rows().len(),
        _ => play.alerts.len(),
    };
    let typed = panes.list().map(|list| list.filter.text().trim()).filter(|text| !text.is_empty());
    parts.extend(typed.map(|text| format!("\"{}\"", safe(text))));
    let end = format!(": {shown} of {all} ");
    let keys = if panes.tab == Tab::Approvals { "w others" } else { "Esc all" };
    let room = usize::from(area.width).saturating_sub(width(&end) + 1);
    let what = format!("only {}", parts.join(", "));
    let what = fit(&what, width(&what).min(room));
    let left = usize::from(area.width).saturating_sub(width(&what) + width(&end) + 1);
    let keys = if left > width(keys) { format!("{keys:>left$}") } else { String::new() };
    pen.row(
        area,
        Meaning::Text,
        &[(" ", Meaning::Text), (&what, Meaning::Ask), (&end, Meaning::Ask), (&keys, Meaning::Muted)],
    );
}

fn names(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    if area.is_empty() {
        return;
    }
    if play.panes.tab == Tab::Calls {
        return calls::names(play, area, pen);
    }
    let columns = Columns::of(play, area.width);
    let room = columns.room(area.width);
    let made = if columns.made > 0 { fit_right("CALLS", columns.made) } else { String::new() };
    let took = if columns.took > 0 { fit_right("TOOK", columns.took) } else { String::new() };
    let text = format!(
        "{}   {}{made}{took}{}",
        fit_right("TIME", TIME),
        fit("COMMAND", room),
        fit_right("END", RESULT)
    );
    pen.row(area, Meaning::Text, &[(&text, Meaning::Muted)]);
}

/// Why a list has no rows.
fn nothing(play: &Play) -> String {
    let panes = &play.panes;
    let words = match panes.tab {
        _ if panes.is_narrowed() => " nothing fits; Esc shows all",
        Tab::Approvals if play.questions.which != questions::Which::All => {
            " none; w for others, a for the calls"
        }
        Tab::Approvals if play.has_audit => " nobody was asked anything",
        Tab::Alerts if play.has_audit => " no alerts, nothing was masked",
        Tab::Calls if play.has_audit => " no AWS calls",
        Tab::Commands if play.has_audit => " no commands",
        _ if play.overview.is_some() => " none in this recording",
        _ => " reading …",
    };
    words.to_owned()
}

/// Columns at the right of a row.
struct Columns {
    made: usize,
    took: usize,
    result: usize,
}

impl Columns {
    fn of(play: &Play, columns: u16) -> Self {
        let made = if play.panes.tab == Tab::Commands && columns >= WIDE { MADE } else { 0 };
        // Alerts have no end, and how often something was masked is short.
        let is_alert = play.panes.tab == Tab::Alerts;
        let took = if columns < ROOMY || is_alert { 0 } else { TOOK };
        Self { made, took, result: if is_alert { TIMES } else { RESULT } }
    }

    /// What is left for what happened.
    fn room(&self, columns: u16) -> usize {
        usize::from(columns).saturating_sub(TIME + 3 + self.made + self.took + self.result + 1)
    }
}

fn draw_row(play: &Play, (entry, row): (&Entry, &Row), selected: bool, area: Rect, pen: &mut Pen<'_>) {
    let ground = if selected { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if selected { ground } else { meaning };
    let begun = entry.at <= play.position;
    let sign = if selected { "▸" } else { " " };
    let time = format!("{sign}{}", fit_right(&layout::clock(entry.at.0, false), TIME - 1));
    let columns = Columns::of(play, area.width);
    let took = match entry.took {
        _ if columns.took == 0 => String::new(),
        // Of those that are shown as one it would be the first one's.
        _ if row.times > 1 => " ".repeat(TOOK),
        took => fit_right(&took.map(short).unwrap_or_default(), TOOK),
    };
    let made =
        play.moments.command_row_of(row.entry).map(|row| play.moments.made_by_row(row)).unwrap_or_default();
    let made_words = match (made.calls, made.denied) {
        (0, _) => String::new(),
        (calls, 0) => calls.to_string(),
        (calls, denied) => format!("{calls} ✗{denied}"),
    };
    let made_words = if columns.made == 0 { String::new() } else { fit_right(&made_words, columns.made) };
    let room = columns.room(area.width);
    let indent = indent(row.depth, room);
    let times = if row.times > 1 { format!(" ×{}", row.times) } else { String::new() };
    let middle = room.saturating_sub(indent + width(&times));
    let title = safe(&entry.title);
    // The action matters more than the ARN: it is not cut for it.
    let rest = middle.saturating_sub(width(&title) + 1);
    let (title, subject) = if rest >= SUBJECT && !entry.subject.is_empty() {
        let subject = safe(&entry.subject);
        // The end of an ARN says more than its beginning; words begin at their beginning.
        let is_words = matches!(entry.kind, Kind::Alert | Kind::Trouble | Kind::Masked);
        let subject = if is_words { fit(&subject, rest) } else { fit(&tail(&subject, rest), rest) };
        (format!("{title} "), subject)
    } else if times.is_empty() {
        (fit(&title, middle), String::new())
    } else {
        // The number stands right behind what it counts.
        (fit(&title, middle.min(width(&title))), " ".repeat(rest + usize::from(width(&title) < middle)))
    };
    let result = fit_right(&safe(&entry.result), columns.result);
    let symbol = format!(" {}{} ", " ".repeat(indent), entry.symbol);
    let shown = |meaning| own(if begun { meaning } else { Meaning::Muted });
    let made_look = if made.denied > 0 { Meaning::Deny } else { Meaning::Text };
    let pieces = [
        (time.as_str(), own(Meaning::Muted)),
        (symbol.as_str(), own(entry.meaning)),
        (title.as_str(), shown(entry.meaning)),
        (times.as_str(), own(Meaning::Muted)),
        (subject.as_str(), own(Meaning::Muted)),
        (made_words.as_str(), shown(made_look)),
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
