//! The list of sessions.

use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::entries::duration;
use crate::replay::finder::Finder;
use crate::replay::finder::places;
use crate::replay::finder::places::Shown;
use crate::replay::finder::rows::Row;
use crate::replay::layout;
use crate::replay::sessions::Session;
use crate::replay::sessions::State as SessionState;
use crate::replay::state::State;
use crate::replay::state::moment;
use crate::replay::theme::Meaning;
use crate::replay::update;
use crate::replay::view::pen::Pen;
use crate::replay::view::query;
use crate::store::Hit;
use crate::store::Source;
use crate::term::clip;
use crate::term::fit;
use crate::term::fit_right;
use crate::term::safe;
use crate::term::tail;
use crate::term::width;

/// A column: its heading, its width, whether its text stands to the right.
type Column = (&'static str, u16, bool);

/// Widths from which all columns are shown, and most of them.
const WIDE: u16 = 110;
const MEDIUM: u16 = 72;

/// Columns from which a hit says in words where it stands.
const HIT_ROOMY: u16 = 60;
/// Columns from which the footer says what marked sessions are for.
const FOOTER_ROOMY: u16 = 60;

/// Draws the list.
pub fn draw(state: &State, pen: &mut Pen<'_>) {
    let all = places::places(state);
    let finder = &state.sessions;
    title(finder, all.title, pen);
    query::draw(finder, all.line, pen);
    match (&finder.error, &finder.answered) {
        (Some(error), _) => pen.paragraph(all.rows, &error.report("hoop-replay"), Meaning::Error),
        (None, Some(asked)) if finder.rows.end() == 0 => {
            pen.paragraph(all.rows, nothing(finder, asked), Meaning::Muted);
        }
        (None, Some(_)) => {
            headings(all.headings, pen);
            for (y, shown) in (all.rows.y..).zip(places::rows_shown(finder, &all)) {
                draw_row(state, shown, Rect { y, height: 1, ..all.rows }, pen);
            }
            if !all.hits.is_empty() {
                beside(state, all.hits, pen);
            }
        }
        (None, None) => {}
    }
    footer(state, all.footer, pen);
    query::popup(state, &all, pen);
    query::explanation(finder, &all, pen);
}

/// How many sessions, and what is being done about them.
fn title(finder: &Finder, area: Rect, pen: &mut Pen<'_>) {
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    let is_all = finder.answered.as_deref().is_none_or(str::is_empty);
    let count = match (finder.count, finder.total) {
        _ if finder.answered.is_none() => "reading …".to_owned(),
        (_, Some(total)) if is_all => format!("{total} session{}", plural(total)),
        (Some(count), Some(total)) => format!("{count} of {total} session{}", plural(total)),
        (Some(count), None) => format!("{count} session{}", plural(count)),
        (None, _) => format!("more than {} sessions", finder.rows.end().saturating_sub(1)),
    };
    let doing = match finder.reading {
        _ if finder.is_asking() && finder.answered.is_some() => "searching … ".to_owned(),
        Some((looked, of)) => format!("reading recordings, {looked} of {of} "),
        None => String::new(),
    };
    let left = format!(" hoop-replay  {count}");
    let doing = format!("{}{doing}", finder.marks());
    let room = usize::from(area.width).saturating_sub(width(&doing));
    pen.row(area, Meaning::Bar, &[(&fit(&left, room), Meaning::Bar), (&doing, Meaning::Bar)]);
}

/// Why there is no row.
fn nothing(finder: &Finder, asked: &str) -> &'static str {
    match (asked.is_empty(), finder.caught_up) {
        (_, false) => "reading the recordings …",
        (true, true) => "nothing has been recorded yet\n\nrecord something:\n  hoop-run -- aws s3 ls",
        (false, true) if finder.typing => "no session fits; Ctrl-U empties the line",
        (false, true) => "no session fits; Esc empties the line",
    }
}

fn footer(state: &State, area: Rect, pen: &mut Pen<'_>) {
    let bar = Meaning::Bar;
    let finder = &state.sessions;
    if let Some(name) = &finder.naming {
        let why = state.notice.as_deref().map(|why| format!("  {why} ")).unwrap_or_default();
        let keys = [("  Enter", Meaning::Key), (" save ", bar), (" Esc", Meaning::Key), (" cancel", bar)];
        let typed = [(" save as @", Meaning::Key), (name.text(), bar), ("▌", bar), (&why, Meaning::Error)];
        return pen.row(area, bar, &[typed.as_slice(), &keys].concat());
    }
    if let Some(notice) = &state.notice {
        return pen.row(area, bar, &[(" ", bar), (notice, bar)]);
    }
    if let Some(told) = query::trouble(finder).filter(|told| width(told) + 3 <= usize::from(area.width)) {
        return pen.row(area, bar, &[(" ! ", Meaning::Error), (&told, bar)]);
    }
    let context = update::context(state);
    let words = format!(" {} ", finder.comparing());
    let key = format!(" {}", pen.keys.first(context, Action::CompareSessions, pen.ascii));
    let columns = u16::try_from(width(&key) + width(&words)).unwrap_or(u16::MAX);
    if finder.comparing().is_empty() || key.trim().is_empty() || area.width < FOOTER_ROOMY {
        return pen.hints(area, context);
    }
    pen.row(area, bar, &[(&key, Meaning::Key), (&words, bar)]);
    pen.hints(Rect { x: area.x + columns, width: area.width.saturating_sub(columns), ..area }, context);
}

fn columns(width: u16) -> &'static [Column] {
    if width >= WIDE {
        &[
            ("STARTED", 16, false),
            ("LENGTH", 12, true),
            ("WHO", 20, false),
            ("STATE", 11, false),
            ("CALLS", 6, true),
            ("DENIED", 6, true),
        ]
    } else if width >= MEDIUM {
        &[
            ("STARTED", 11, false),
            ("LENGTH", 11, true),
            ("WHO", 8, false),
            ("STATE", 11, false),
            ("CALLS", 5, true),
            ("DENY", 4, true),
        ]
    } else {
        &[("STARTED", 11, false), ("CALLS", 5, true), ("DENY", 4, true)]
    }
}

fn headings(area: Rect, pen: &mut Pen<'_>) {
    let mut text = " ".to_owned();
    for (name, width, right) in columns(area.width) {
        text.push_str(&placed(name, *width, *right));
        text.push_str("  ");
    }
    text.push_str("COMMAND");
    pen.row(area, Meaning::Text, &[(&text, Meaning::Heading)]);
}

fn placed(text: &str, width: u16, right: bool) -> String {
    if right { fit_right(text, usize::from(width)) } else { fit(text, usize::from(width)) }
}

fn draw_row(state: &State, shown: Shown, area: Rect, pen: &mut Pen<'_>) {
    let finder = &state.sessions;
    match shown {
        Shown::Session(index) => match finder.rows.get(index) {
            Some(row) => draw_session(state, row, index == finder.selected, area, pen),
            None => pen.row(area, Meaning::Text, &[(" …", Meaning::Muted)]),
        },
        Shown::Hit(_) | Shown::More => draw_hit(finder, shown, 2, area, pen),
    }
}

fn draw_session(state: &State, row: &Row, chosen: bool, area: Rect, pen: &mut Pen<'_>) {
    let session = &row.session;
    // A hit of it is chosen instead: the session keeps its sign alone.
    let selected = chosen && state.sessions.hit.is_none();
    let ground = if selected { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if selected { ground } else { meaning };
    let mut pieces = vec![(if chosen { "▸" } else { " " }.to_owned(), ground)];
    // Between two columns, so that nothing moves when a session is marked.
    let mut letter = state.sessions.letter(session);
    for (name, width, right) in columns(area.width) {
        let (text, meaning) = field(state, session, name, *width);
        pieces.push((placed(&safe(&text), *width, *right), own(meaning)));
        match letter.take() {
            Some(letter) => pieces.extend([(" ".to_owned(), ground), (letter.to_owned(), Meaning::Match)]),
            None => pieces.push(("  ".to_owned(), ground)),
        }
    }
    let used: usize = pieces.iter().map(|(text, _)| width(text)).sum();
    let room = usize::from(area.width).saturating_sub(used);
    pieces.push((fit(&safe(&session.command), room), own(Meaning::Command)));
    let pieces: Vec<(&str, Meaning)> =
        pieces.iter().map(|(text, meaning)| (text.as_str(), *meaning)).collect();
    pen.row(area, ground, &pieces);
}

/// The pane with the hits of the chosen session.
fn beside(state: &State, area: Rect, pen: &mut Pen<'_>) {
    let finder = &state.sessions;
    let x = area.x - 1;
    for y in area.y - 1..area.y + area.height {
        pen.text(Rect { x, y, width: 1, height: 1 }, "│", Meaning::Border);
    }
    let found = finder.row().map(|row| {
        let more = if row.more { "more than " } else { "" };
        let plural = if row.hits.len() == 1 { "" } else { "s" };
        format!(" {more}{} hit{plural}", row.hits.len())
    });
    let heading = Rect { y: area.y - 1, height: 1, ..area };
    pen.row(heading, Meaning::Text, &[(&found.unwrap_or_default(), Meaning::Heading)]);
    for (y, shown) in (area.y..).zip(places::hits_shown(finder, usize::from(area.height))) {
        draw_hit(finder, shown, 0, Rect { y, height: 1, ..area }, pen);
    }
}

/// One place in the chosen session: when, where, and the words with what stands around them.
fn draw_hit(finder: &Finder, shown: Shown, indent: usize, area: Rect, pen: &mut Pen<'_>) {
    let indent = " ".repeat(indent);
    let hit = match shown {
        Shown::Hit(index) => finder.row().and_then(|row| row.hits.get(index)).map(|hit| (index, hit)),
        _ => None,
    };
    let Some((index, hit)) = hit else {
        return pen.row(area, Meaning::Text, &[(&indent, Meaning::Text), ("   … and more", Meaning::Muted)]);
    };
    let chosen = finder.hit == Some(index);
    let ground = if chosen { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if chosen { ground } else { meaning };
    let sign = if chosen { "▸" } else { " " };
    let when = format!("{:>7}  ", layout::clock(hit.at.0, true));
    // Where there is little room its colour says where it stands.
    let (source, colour) = match area.width {
        ..HIT_ROOMY => (String::new(), source_meaning(hit.source)),
        _ => (format!("{:<9}", hit.source.as_str()), Meaning::Muted),
    };
    let source = (&*source, own(source_meaning(hit.source)));
    let lead = [(&*indent, ground), (sign, ground), (&*when, own(colour)), source];
    let used: usize = lead.iter().map(|(text, _)| width(text)).sum();
    let texts = around(hit, usize::from(area.width).saturating_sub(used));
    let texts = texts.iter().map(|(text, is_hit)| (&**text, if *is_hit { Meaning::Match } else { ground }));
    let pieces: Vec<(&str, Meaning)> = lead.into_iter().chain(texts).collect();
    pen.row(area, ground, &pieces);
}

/// The snippet in parts, each with whether it was looked for, in `columns`; cut at its beginning when the first of these
/// would not fit else.
fn around(hit: &Hit, columns: usize) -> Vec<(String, bool)> {
    let mut parts = Vec::new();
    let mut end = 0;
    let mut part = |range: std::ops::Range<usize>, is_hit| {
        let text = safe(hit.snippet.get(range).unwrap_or_default()).into_owned();
        parts.push((text, is_hit));
    };
    for range in &hit.found {
        part(end..range.start.max(end), false);
        part(range.start.max(end)..range.end, true);
        end = range.end.max(end);
    }
    part(end..hit.snippet.len(), false);
    let rest: usize = parts.iter().skip(1).map(|(text, _)| width(text)).sum();
    if parts.len() > 1 {
        parts[0].0 = tail(&parts[0].0, columns.saturating_sub(rest).max(columns / 3));
    }
    let all: usize = parts.iter().map(|(text, _)| width(text)).sum();
    if all > columns {
        // One column is for the sign that it goes on.
        let mut room = columns.saturating_sub(1);
        for (text, _) in &mut parts {
            *text = clip(text, room).to_owned();
            room -= width(text);
        }
        parts.push(("…".to_owned(), false));
    }
    parts
}

fn source_meaning(source: Source) -> Meaning {
    match source {
        Source::Screen | Source::Session => Meaning::Muted,
        Source::Command => Meaning::Command,
        Source::Call => Meaning::Allow,
        Source::Approval => Meaning::Ask,
    }
}

fn field(state: &State, session: &Session, name: &str, width: u16) -> (String, Meaning) {
    match name {
        "STARTED" => {
            let when = moment(session.started, &state.zone);
            // Without the year where there is little room.
            let short = when.get(5..).filter(|_| width < 16).map(str::to_owned);
            (short.unwrap_or(when), Meaning::Text)
        }
        "LENGTH" => (session.length.map(duration).unwrap_or_default(), Meaning::Muted),
        "WHO" if width < 16 => (session.user.clone(), Meaning::Text),
        "WHO" => (format!("{}@{}", session.user, session.host), Meaning::Text),
        "STATE" => (session.state.words(), state_meaning(session.state)),
        "CALLS" => number(session.calls, Meaning::Text),
        _ => number(session.denials, Meaning::Deny),
    }
}

fn state_meaning(state: SessionState) -> Meaning {
    match state {
        SessionState::Running => Meaning::Ask,
        SessionState::Ended(None | Some(0)) => Meaning::Allow,
        SessionState::Ended(Some(_)) | SessionState::Killed(_) => Meaning::Error,
        SessionState::Interrupted => Meaning::Deny,
    }
}

/// A dot for none, so that numbers stand out; thousands from 10,000 on.
fn number(number: u64, meaning: Meaning) -> (String, Meaning) {
    match number {
        0 => ("·".to_owned(), Meaning::Muted),
        1..10_000 => (number.to_string(), meaning),
        _ => (format!("{}k", number / 1_000), meaning),
    }
}
