//! The summary of a session: tables of what was counted.

use ratatui::layout::Rect;

use crate::record::summary::Cell;
use crate::record::summary::LEVELS;
use crate::record::summary::Summary;
use crate::replay::keymap::Context;
use crate::replay::layout::clock;
use crate::replay::sheet;
use crate::replay::sheet::PlacedLine;
use crate::replay::state::State;
use crate::replay::summary::Sheet;
use crate::replay::summary::Shows;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::replay::view::pen::titled;
use crate::term::clip;
use crate::term::fit;
use crate::term::fit_right;
use crate::term::safe;
use crate::term::spark;
use crate::term::tail;
use crate::term::width;

/// Columns from which access levels have their whole names, and columns of each then.
const WIDE: u16 = 78;
const LEVEL: usize = 8;
/// Columns of a cell where they have not, and of all calls.
const NARROW: usize = 4;
const ALL: usize = 5;
/// Columns of a count and of a moment.
const COUNT: usize = 6;
const MOMENT: usize = 8;
/// Columns of what stands before the text of a row, in lines of at least so many columns.
const ASIDE: usize = 10;
const ROOMY: u16 = 56;
/// Columns of the names of facts.
const FACT: usize = 10;

/// Draws the summary on `area`.
pub fn draw(state: &State, sheet: &Sheet, area: Rect, pen: &mut Pen<'_>) {
    let placed = sheet::place(sheet, area);
    title(state, sheet, placed.title, pen);
    match &sheet.found {
        None => drop(pen.text(Rect { x: placed.body.x + 1, ..placed.body }, "reading …", Meaning::Muted)),
        Some(Err(error)) => pen.paragraph(placed.body, &error.report("hoop-replay"), Meaning::Error),
        Some(Ok(sum)) => {
            for line in &placed.lines {
                draw_line(sheet, sum, *line, pen);
            }
        }
    }
    let bar = Meaning::Bar;
    match &state.notice {
        Some(notice) => pen.row(placed.footer, bar, &[(" ", bar), (notice, bar)]),
        None => pen.hints(placed.footer, Context::Summary),
    }
    if placed.hidden.0 + placed.hidden.1 > 0 {
        let sign = match placed.hidden {
            (0, _) => " ↓ ",
            (_, 0) => " ↑ ",
            _ => " ↑↓ ",
        };
        let columns = u16::try_from(width(sign)).unwrap_or(0).min(placed.title.width);
        let x = placed.title.x + placed.title.width - columns;
        pen.text(Rect { x, width: columns, ..placed.title }, sign, bar);
    }
}

/// The session, when it began, how long it took, how it ended; as much as there is room for.
fn title(state: &State, sheet: &Sheet, area: Rect, pen: &mut Pen<'_>) {
    let mut text = format!(" summary  {}", safe(&sheet.title));
    if let Some(sum) = sheet.sum() {
        let started = crate::replay::state::moment(sum.started, &state.zone);
        let ended = match &sum.end {
            Some(end) => match (end.status, end.signal) {
                (_, Some(signal)) => format!("signal {signal}"),
                (Some(status), None) => format!("exit {status}"),
                (None, None) => end.reason.as_str().to_owned(),
            },
            None if sheet.is_done => "no end".to_owned(),
            None => "running".to_owned(),
        };
        let words = format!("  {started}, {}, {ended}", clock(sum.last.0, false));
        let room = usize::from(area.width).saturating_sub(width(&words) + 5);
        if room >= 16 {
            text = titled(&text, width(&text).min(room)) + &words;
        }
    }
    pen.row(area, Meaning::Bar, &[(&text, Meaning::Bar)]);
}

fn draw_line(sheet: &Sheet, sum: &Summary, placed: PlacedLine<'_>, pen: &mut Pen<'_>) {
    let PlacedLine { area, line, number } = placed;
    let chosen = number.is_some() && number == sheet.chosen;
    let ground = if chosen { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if chosen { ground } else { meaning };
    let sign = if chosen { "▸" } else { " " };
    let mut pieces: Vec<(String, Meaning)> = Vec::new();
    match &line.shows {
        Shows::Fact(name, text, meaning) => {
            pieces.push((format!(" {}", fit(name, FACT)), Meaning::Muted));
            pieces.push((text.clone(), *meaning));
        }
        Shows::Spark => return draw_spark(sum, area, pen),
        Shows::Denials => {
            let parts = sum.tempo.parts(sum.last, usize::from(area.width.saturating_sub(2)));
            let marks: String = parts.iter().map(|beat| if beat.denied > 0 { '✗' } else { ' ' }).collect();
            pieces.push((format!(" {marks}"), Meaning::Deny));
        }
        Shows::Axis => pieces.push((axis(sum, area.width), Meaning::Muted)),
        Shows::Heading(name) => pieces.push((format!(" {name}"), Meaning::Heading)),
        Shows::ServiceHeadings => pieces.push((service_headings(sum, area.width), Meaning::Heading)),
        Shows::Service(index) => {
            let Some(service) = sum.services.get(*index) else { return };
            let (name, cells) = service_cells(sum, service, area.width);
            pieces.push((format!("{sign}{name}"), own(Meaning::Text)));
            for (place, (text, meaning)) in cells.into_iter().enumerate() {
                let is_it = chosen && place == sheet.cell.min(line.goals.len() - 1);
                pieces.push((text, if is_it { Meaning::Match } else { own(meaning) }));
            }
        }
        Shows::More(count) => pieces.push((format!("{sign}  … {count} more"), own(Meaning::Muted))),
        Shows::Row { count, at, aside, text, meaning } => {
            let shown = count.map(|count| format!("{} ", fit_right(&short(count), COUNT)));
            let lead = format!("{sign}{}", shown.unwrap_or_default());
            pieces.push((lead, own(Meaning::Text)));
            pieces.push((format!("{} ", fit_right(&clock(at.0, false), MOMENT)), own(Meaning::Muted)));
            if let Some(aside) = aside {
                let columns = if area.width >= ROOMY { ASIDE } else { ASIDE - 2 };
                pieces.push((format!("{} ", fit(&safe(aside), columns)), own(*meaning)));
            }
            let used: usize = pieces.iter().map(|(text, _)| width(text)).sum();
            let room = usize::from(area.width).saturating_sub(used);
            let text = safe(text);
            // The end of an ARN says more than its beginning.
            let shown = if text.starts_with("arn:") { tail(&text, room) } else { fit(&text, room) };
            pieces.push((shown, own(*meaning)));
        }
    }
    let pieces: Vec<(&str, Meaning)> =
        pieces.iter().map(|(text, meaning)| (text.as_str(), *meaning)).collect();
    pen.row(area, ground, &pieces);
}

/// Columns of the name of a service.
fn name_columns(sum: &Summary, columns: u16) -> usize {
    let levels = sum.levels().len();
    let taken = if columns >= WIDE { (levels + 2) * LEVEL } else { levels * NARROW + 2 * ALL };
    usize::from(columns).saturating_sub(taken + 1).min(24)
}

fn service_headings(sum: &Summary, columns: u16) -> String {
    let name = fit(" services", name_columns(sum, columns) + 1);
    let levels = sum.levels().into_iter().map(|level| LEVELS[level]).map(|level| match columns >= WIDE {
        // The longest name has more letters than its column.
        true => fit_right(&clip(level.as_str(), LEVEL - 1).replace("permiss", "perms"), LEVEL),
        false => fit_right(&level.as_str()[..1].to_uppercase(), NARROW),
    });
    let last = if columns >= WIDE { LEVEL } else { ALL };
    let (all, denied) = ("all", if columns >= WIDE { "denied" } else { "✗" });
    let (all, denied) = (fit_right(all, last), fit_right(denied, last));
    format!("{name}{all}{}{denied}", levels.collect::<String>())
}

/// The name, and a cell for all calls, for each access level, for what was denied.
fn service_cells(
    sum: &Summary,
    service: &crate::record::summary::Service,
    columns: u16,
) -> (String, Vec<(String, Meaning)>) {
    let (level, all) = if columns >= WIDE { (LEVEL, LEVEL) } else { (NARROW, ALL) };
    let cell = |cell: Cell, columns: usize| {
        let text = match (cell.calls, cell.denied) {
            (0, _) => "·".to_owned(),
            (calls, 0) => short(calls),
            (calls, _) => format!("{}✗", short(calls)),
        };
        let meaning = match (cell.calls, cell.denied) {
            (0, _) => Meaning::Muted,
            (_, 0) => Meaning::Text,
            _ => Meaning::Deny,
        };
        (fit_right(&text, columns), meaning)
    };
    let mut cells = vec![(fit_right(&short(service.all.calls), all), Meaning::Heading)];
    cells.extend(sum.levels().into_iter().map(|used| cell(service.levels[used], level)));
    cells.push(match service.all.denied {
        0 => (fit_right("·", all), Meaning::Muted),
        denied => (fit_right(&short(denied), all), Meaning::Deny),
    });
    (fit(&safe(&service.name), name_columns(sum, columns)), cells)
}

/// At most four columns: `9999`, `12k`, `3M`.
fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", (count / 1_000_000).min(999)),
    }
}

/// Calls over time, red where some were denied.
fn draw_spark(sum: &Summary, area: Rect, pen: &mut Pen<'_>) {
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let parts = sum.tempo.parts(sum.last, usize::from(inner.width));
    let calls: Vec<u64> = parts.iter().map(|beat| beat.calls).collect();
    for ((x, bar), beat) in (inner.x..).zip(spark(&calls, false).chars()).zip(&parts) {
        let meaning = match (beat.calls, beat.denied) {
            (0, _) => Meaning::Unplayed,
            (_, 0) => Meaning::Allow,
            _ => Meaning::Deny,
        };
        let place = Rect { x, width: 1, ..inner };
        pen.text(place, bar.encode_utf8(&mut [0; 4]), meaning);
    }
}

/// The times below it, and how high the highest bar is.
fn axis(sum: &Summary, columns: u16) -> String {
    let room = usize::from(columns.saturating_sub(2));
    let parts = sum.tempo.parts(sum.last, room);
    let most = parts.iter().map(|beat| beat.calls).max().unwrap_or(0);
    let end = clock(sum.last.0, false);
    let first = format!("0:00  at most {most} at a time");
    let begin = if width(&first) + width(&end) + 2 <= room { &first } else { "0:00" };
    format!(" {begin}{}", fit_right(&end, room.saturating_sub(width(begin))))
}

#[cfg(test)]
mod tests {
    use crate::replay::action::Action;
    use crate::replay::fixture;
    use crate::replay::theme::Depth;
    use crate::replay::theme::Theme;
    use crate::replay::update::Effect;
    use crate::replay::update::update;
    use crate::replay::view::tests::SIZES;
    use crate::replay::view::tests::text;
    use crate::types::Micros;

    #[test]
    fn the_summary_shows_what_was_counted_at_every_size() {
        for size in SIZES {
            let mut state = fixture::summed();
            let shown = text(&mut state, size);
            for part in ["summary  aws s3 ls", "calls     3, 1 denied", "calls over time", "Enter", "help"] {
                assert!(shown.contains(part), "{part} at {size:?}:\n{shown}");
            }
            update(&mut state, Action::Down);
            assert!(text(&mut state, size).contains("▸s3"), "{size:?}:\n{}", text(&mut state, size));
            update(&mut state, Action::Last);
            assert!(text(&mut state, size).contains("▸     3"), "{size:?}:\n{}", text(&mut state, size));
        }
        let shown = text(&mut fixture::summed(), (100, 50));
        for part in [
            "services                     all    list   write  denied",
            "s3                             2       1      1✗       1",
            "ec2                            1       1       ·       ·",
            "1     0:02 deny",
            "calls that failed",
            "1     0:02 Access\\e[31mDenied",
            "longest commands",
            "0:05 9.0s       sleep 9",
            "commands that failed",
            "1     0:05 exit 3     sleep 9",
        ] {
            assert!(shown.contains(part), "{part}:\n{shown}");
        }
    }

    #[test]
    fn what_was_denied_is_marked_without_colours_too() {
        let mut state = fixture::summed();
        state.theme = Theme::load("dark", Depth::None).unwrap();
        let shown = text(&mut state, (80, 24));
        let bars = shown.lines().position(|line| line.contains("calls over time")).unwrap();
        let marks = shown.lines().nth(bars + 2).unwrap();
        assert_eq!(marks.trim(), "✗", "{shown}");
    }

    #[test]
    fn a_line_leads_to_the_first_of_its_calls_and_marks_them_all() {
        let mut state = fixture::summed();
        update(&mut state, Action::Down);
        for _ in 0..9 {
            update(&mut state, Action::Right);
        }
        let effects = update(&mut state, Action::Open);
        let [Effect::Goto(at), Effect::FindMoments(number, _)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(*at, Micros(2_000_000), "the denied one");
        let play = state.play.as_ref().unwrap();
        assert_eq!((play.search.number, play.search.text.as_str()), (*number, "s3 denied"));
        assert!(!play.playing && !crate::replay::summary::is_open(&state));
    }

    #[test]
    fn from_the_list_the_recording_is_opened_first() {
        let mut state = fixture::list();
        let effects = update(&mut state, Action::Summary);
        let [Effect::Summarise(_, ticket)] = effects[..] else { panic!("{effects:?}") };
        assert!(text(&mut state, (80, 24)).contains("reading …"));
        let sum = fixture::summed().summary.unwrap().found.unwrap();
        crate::replay::summary::told(&mut state, ticket + 1, sum.clone(), true);
        assert!(text(&mut state, (80, 24)).contains("reading …"), "news of another one");
        crate::replay::summary::told(&mut state, ticket, sum, true);
        update(&mut state, Action::Down);
        let effects = update(&mut state, Action::Open);
        assert!(
            matches!(&effects[..], [Effect::Open(..), Effect::Goto(_), Effect::FindMoments(..)]),
            "{effects:?}"
        );
        // And back to the list, whose summary waits where it was left.
        update(&mut state, Action::Back);
        assert!(state.play.is_none());
        update(&mut state, Action::Summary);
        assert_eq!(state.summary.as_ref().unwrap().chosen, Some(0));
        update(&mut state, Action::Back);
        assert!(text(&mut state, (80, 24)).contains("4 sessions"));
    }

    #[test]
    fn a_recording_without_an_audit_log_has_no_summary() {
        let mut state = fixture::playing();
        assert_eq!(update(&mut state, Action::Summary), []);
        assert!(state.notice.unwrap().contains("nobody wrote down"));
    }
}
