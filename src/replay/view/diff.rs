//! Two sessions beside each other, row by row.

use ratatui::layout::Rect;

use crate::record::compare::Comparison;
use crate::record::compare::Counts;
use crate::record::compare::Item;
use crate::record::compare::Row;
use crate::record::compare::State as Difference;
use crate::record::compare::Topic;
use crate::replay::diff;
use crate::replay::diff::Diff;
use crate::replay::diff::Layout;
use crate::replay::keymap::Context;
use crate::replay::layout;
use crate::replay::layout::clock;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::replay::view::pen::titled;
use crate::replay::view::pen::wrapped;
use crate::term::fit;
use crate::term::fit_right;
use crate::term::safe;
use crate::term::tail;
use crate::term::width;

/// Columns of the time, of the result, and of a subject that is worth showing.
const TIME: usize = 7;
const RESULT: usize = 12;
const NARROW_RESULT: usize = 7;
const SUBJECT: usize = 8;
/// Columns from which the result has all its words.
const ROOMY: u16 = 60;

/// Draws the comparison on `area`.
pub fn draw(state: &State, diff: &Diff, area: Rect, pen: &mut Pen<'_>) {
    let places = diff::place(diff, area);
    let title = match diff.topic {
        Topic::Calls => " two sessions compared: calls",
        Topic::Commands => " two sessions compared: commands",
    };
    let only = if diff.only_differences { ", only what differs" } else { "" };
    pen.row(places.title, Meaning::Bar, &[(title, Meaning::Bar), (only, Meaning::Bar)]);
    match &diff.found {
        None => drop(pen.text(places.counts, " reading both …", Meaning::Muted)),
        Some(Err(error)) => {
            let body = Rect { y: places.counts.y, height: area.height.saturating_sub(2), ..area };
            pen.paragraph(body, &error.report("hoop-replay"), Meaning::Error);
        }
        Some(Ok(found)) => {
            counts(diff, found, places.counts, pen);
            headings(diff, &places, pen);
            rows(diff, found, &places, pen);
            detail(diff, found, places.detail, pen);
        }
    }
    let bar = Meaning::Bar;
    match &state.notice {
        Some(notice) => pen.row(places.footer, bar, &[(" ", bar), (notice, bar)]),
        None => pen.hints(places.footer, Context::Diff),
    }
}

/// How many rows there are of each kind, with the sign that they have below.
fn counts(diff: &Diff, found: &Comparison, area: Rect, pen: &mut Pen<'_>) {
    let counts = Counts::of(found.rows(diff.topic));
    let is_roomy = area.width >= ROOMY;
    let all = [
        (counts.same, "=", "same", Meaning::Muted),
        (counts.changed, "!", "changed", Meaning::Ask),
        (counts.only_a, "-", "first only", Meaning::Deny),
        (counts.only_b, "+", "second only", Meaning::Allow),
        (counts.moved, "<>", "other order", Meaning::Marker),
    ];
    let mut pieces: Vec<(String, Meaning)> = vec![(" ".to_owned(), Meaning::Text)];
    for (count, sign, words, meaning) in all {
        let text = if is_roomy { format!("{sign} {count} {words}   ") } else { format!("{sign} {count}  ") };
        pieces.push((text, if count == 0 { Meaning::Muted } else { meaning }));
    }
    if !found.is_whole() {
        pieces.push(("not all could be compared".to_owned(), Meaning::Error));
    }
    let pieces: Vec<(&str, Meaning)> =
        pieces.iter().map(|(text, meaning)| (text.as_str(), *meaning)).collect();
    pen.row(area, Meaning::Text, &pieces);
}

/// The parts of a row for the two sessions, without the column between them.
fn halves(area: Rect) -> [Rect; 2] {
    let left = area.width / 2;
    [
        Rect { width: left.saturating_sub(1), ..area },
        Rect { x: area.x + left, width: area.width - left, ..area },
    ]
}

fn headings(diff: &Diff, places: &Layout, pen: &mut Pen<'_>) {
    let name = |side: usize| {
        let letter = ["A", "B"][side];
        let sign = if side == diff.side { "▸" } else { " " };
        format!("{sign}{letter}  {}", diff.titles[side])
    };
    let look = |side| if side == diff.side { Meaning::Heading } else { Meaning::Muted };
    if !places.beside {
        let other = if diff.side == 0 { "  (→ B)" } else { "  (← A)" };
        let room = usize::from(places.headings.width).saturating_sub(width(other));
        let title = titled(&name(diff.side), room);
        return pen.row(
            places.headings,
            Meaning::Text,
            &[(&title, Meaning::Heading), (other, Meaning::Muted)],
        );
    }
    pen.fill(places.headings, Meaning::Text);
    for (side, half) in halves(places.headings).into_iter().enumerate() {
        pen.text(half, &titled(&name(side), usize::from(half.width)), look(side));
    }
}

fn rows(diff: &Diff, found: &Comparison, places: &Layout, pen: &mut Pen<'_>) {
    if diff.shown.is_empty() {
        let words = match (diff.only_differences, diff.topic) {
            (true, _) => " nothing differs here; o shows all, c the others",
            (false, Topic::Calls) => " neither session made any call; c shows the commands",
            (false, Topic::Commands) => " no commands were recorded; c shows the calls",
        };
        pen.text(places.rows, words, Meaning::Muted);
        return;
    }
    let height = usize::from(places.rows.height);
    let first = layout::top(diff.selected, diff.shown.len(), height);
    for (y, (index, row)) in (places.rows.y..).zip(diff.shown.iter().enumerate().skip(first).take(height)) {
        let area = Rect { y, height: 1, ..places.rows };
        let (a, b) = found.items(diff.topic, *row);
        let whole = Half { row: *row, items: [a, b], side: diff.side, chosen: index == diff.selected };
        if !places.beside {
            draw_item(whole, area, pen);
            continue;
        }
        for (side, half) in halves(area).into_iter().enumerate() {
            draw_half(Half { side, chosen: whole.chosen && side == diff.side, ..whole }, half, pen);
        }
        let middle = Rect { x: area.x + area.width / 2 - 1, width: 1, ..area };
        pen.text(middle, "│", Meaning::Border);
    }
}

/// A row as one session has it.
#[derive(Clone, Copy)]
struct Half<'a> {
    row: Row,
    /// What it is about in both sessions.
    items: [Option<&'a Item>; 2],
    side: usize,
    chosen: bool,
}

/// Sign and colour of a row.
fn sign(state: Difference) -> (char, Meaning) {
    match state {
        Difference::Same => (' ', Meaning::Text),
        Difference::Changed => ('!', Meaning::Ask),
        Difference::OnlyA => ('-', Meaning::Deny),
        Difference::OnlyB => ('+', Meaning::Allow),
        Difference::MovedFrom => ('<', Meaning::Marker),
        Difference::MovedTo => ('>', Meaning::Marker),
    }
}

/// Whether a row stands in the column of a session.
fn is_there(state: Difference, side: usize) -> bool {
    match state {
        Difference::Same | Difference::Changed => true,
        Difference::OnlyA | Difference::MovedFrom => side == 0,
        Difference::OnlyB | Difference::MovedTo => side == 1,
    }
}

/// One session's half of a row.
fn draw_half(half: Half<'_>, area: Rect, pen: &mut Pen<'_>) {
    let Half { row, items, side, chosen } = half;
    if is_there(row.state, side) {
        return draw_item(half, area, pen);
    }
    let ground = if chosen { Meaning::Selected } else { Meaning::Text };
    let text = match (row.state, items[side]) {
        (Difference::MovedFrom | Difference::MovedTo, Some(item)) => {
            format!("{:TIME$}   (at {})", "", clock(item.at.0, false))
        }
        _ => format!("{:TIME$} ·", ""),
    };
    pen.row(area, ground, &[(&text, if chosen { ground } else { Meaning::Muted })]);
}

/// A row as a session has it; as the other one has it where it does not.
fn draw_item(half: Half<'_>, area: Rect, pen: &mut Pen<'_>) {
    let Half { row, items, side, chosen } = half;
    let Some(item) = items[side].or(items[1 - side]) else { return };
    let ground = if chosen { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if chosen { ground } else { meaning };
    let (symbol, meaning) = sign(row.state);
    let present = is_there(row.state, side);
    let look = if present { meaning } else { Meaning::Muted };
    let mark = if chosen { "▸" } else { " " };
    let time = format!("{mark}{} {symbol} ", fit_right(&clock(item.at.0, false), TIME - 1));
    // Where there is little room, the status says enough.
    let (columns, result) = match area.width {
        ROOMY.. => (RESULT, item.result.as_str()),
        _ if item.decision.is_some() => (NARROW_RESULT, item.result.split(' ').next().unwrap_or_default()),
        _ => (NARROW_RESULT, item.result.as_str()),
    };
    let result = fit_right(&safe(result), columns);
    let room = usize::from(area.width).saturating_sub(width(&time) + columns + 2);
    let title = safe(&item.title);
    let rest = room.saturating_sub(width(&title) + 1);
    let (title, subject) = if rest >= SUBJECT && !item.subject.is_empty() {
        (format!("{title} "), fit(&tail(&safe(&item.subject), rest), rest))
    } else {
        (fit(&title, room), String::new())
    };
    let refused = item.decision == Some(crate::types::Effect::Deny);
    let failed = refused || item.has_failed();
    let mood = if failed { Meaning::Error } else { Meaning::Muted };
    let pieces = [
        (time.as_str(), own(look)),
        (title.as_str(), own(look)),
        (subject.as_str(), own(Meaning::Muted)),
        (" ", own(Meaning::Text)),
        (result.as_str(), own(if present { mood } else { Meaning::Muted })),
        (" ", own(Meaning::Text)),
    ];
    pen.row(area, ground, &pieces);
}

/// How the two of the chosen row differ.
fn detail(diff: &Diff, found: &Comparison, area: Rect, pen: &mut Pen<'_>) {
    let (Some((row, items)), false) = (diff.chosen(), area.is_empty()) else { return };
    let heading = match row.state {
        Difference::Same => "the same",
        Difference::Changed => "in both, but different",
        Difference::OnlyA => "in the first session only",
        Difference::OnlyB => "in the second session only",
        Difference::MovedFrom | Difference::MovedTo => "in both, but in another order",
    };
    let line = "─".repeat(usize::from(area.width).saturating_sub(width(heading) + 4));
    pen.row(
        area,
        Meaning::Text,
        &[
            ("─ ", Meaning::Border),
            (heading, Meaning::Heading),
            (" ", Meaning::Border),
            (&line, Meaning::Border),
        ],
    );
    let mut lines: Vec<(String, Meaning)> = Vec::new();
    let room = usize::from(area.width.saturating_sub(2));
    let mut add =
        |text: &str, meaning| lines.extend(wrapped(text, room).into_iter().map(|line| (line, meaning)));
    if let [Some(a), Some(b)] = items {
        let changes = found.changes(a, b);
        for change in &changes {
            add(&change.to_string(), Meaning::Ask);
        }
        if changes.is_empty() && a.about() != b.about() {
            add(&format!("A {}", a.about()), Meaning::Muted);
            add(&format!("B {}", b.about()), Meaning::Muted);
            add("the same but for times, random names and numbers", Meaning::Muted);
        }
    }
    for (item, letter) in items.iter().zip(["A", "B"]) {
        let Some(item) = item else { continue };
        let decision = item.decision.map(|effect| format!("  {effect}")).unwrap_or_default();
        let place = [item.region.as_str(), item.accounts.as_str()].join(" ");
        let place = if place.trim().is_empty() { String::new() } else { format!("  {}", place.trim()) };
        let about = if item.subject.is_empty() { String::new() } else { format!("  {}", item.subject) };
        let at = clock(item.at.0, true);
        add(
            &format!("{letter} {at}  {}{about}{decision}  {}{place}", item.title, item.result),
            Meaning::Text,
        );
    }
    for (y, (text, meaning)) in (area.y + 1..area.y + area.height).zip(&lines) {
        pen.text(Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: 1 }, text, *meaning);
    }
}

#[cfg(test)]
mod tests {
    use crate::replay::action::Action;
    use crate::replay::fixture;
    use crate::replay::update::Effect;
    use crate::replay::update::update;
    use crate::replay::view::tests::SIZES;
    use crate::replay::view::tests::text;
    use crate::types::Micros;

    #[test]
    fn both_sessions_stand_beside_each_other_where_there_is_room() {
        for size in SIZES {
            let mut state = fixture::compared();
            let shown = text(&mut state, size);
            for part in [
                "two sessions compared: calls",
                "! s3:GetObject",
                "+ s3:DeleteObject",
                "▸A  first\\e[31m",
                "help",
            ] {
                assert!(shown.contains(part), "{part} at {size:?}:\n{shown}");
            }
            assert_eq!(shown.contains(" B  second"), size.0 >= 90, "{size:?}:\n{shown}");
            update(&mut state, Action::Right);
            assert!(text(&mut state, size).contains("▸B  second"), "{size:?}");
            state.diff.as_mut().unwrap().detail = Some(true);
            assert!(text(&mut state, size).contains("decision: allow → deny"), "{size:?}");
        }
    }

    #[test]
    fn differences_are_walked_through_and_alone_if_that_is_wanted() {
        let mut state = fixture::compared();
        assert_eq!(state.diff.as_ref().unwrap().selected, 1, "the first that differs");
        update(&mut state, Action::NextDifference);
        assert_eq!(state.diff.as_ref().unwrap().selected, 2);
        update(&mut state, Action::OnlyDifferences);
        let diff = state.diff.as_ref().unwrap();
        assert_eq!((diff.shown.len(), diff.selected), (2, 1));
        update(&mut state, Action::NextDifference);
        assert!(state.notice.as_ref().unwrap().contains("no more"));
        update(&mut state, Action::NextTopic);
        assert!(text(&mut state, (80, 24)).contains("nothing differs here"));
        update(&mut state, Action::OnlyDifferences);
        assert!(text(&mut state, (80, 24)).contains("no commands were recorded"));
    }

    #[test]
    fn a_row_opens_its_session_at_its_moment_and_back_leads_here() {
        let mut state = fixture::compared();
        state.has_list = false;
        let effects = update(&mut state, Action::Open);
        let [Effect::Open(source, _), Effect::Goto(at)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!((source.cast.to_str(), *at), (Some("a.cast"), Micros(2_000_000)));
        assert_eq!(update(&mut state, Action::Back), [Effect::Close]);
        // What only the second one has is there.
        update(&mut state, Action::NextDifference);
        let effects = update(&mut state, Action::Open);
        assert!(
            matches!(&effects[..], [Effect::Open(source, _), ..] if source.cast.to_str() == Some("b.cast"))
        );
        update(&mut state, Action::Back);
        assert_eq!(update(&mut state, Action::Back), [Effect::Quit]);
    }
}
