//! The list of sessions.

use ratatui::layout::Rect;

use crate::replay::entries::duration;
use crate::replay::keymap::Context;
use crate::replay::layout;
use crate::replay::sessions::Session;
use crate::replay::sessions::State as SessionState;
use crate::replay::state::State;
use crate::replay::state::moment;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::term::fit;
use crate::term::fit_right;
use crate::term::safe;

/// A column: its heading, its width, whether its text stands to the right.
type Column = (&'static str, u16, bool);

/// Widths from which all columns are shown, and most of them.
const WIDE: u16 = 110;
const MEDIUM: u16 = 72;

/// Draws the list on `area`.
pub fn draw(state: &State, area: Rect, pen: &mut Pen<'_>) {
    let layout = layout::sessions(area);
    let list = &state.sessions;
    let count = match &list.read {
        Some(Ok(all)) if list.shown.len() == all.len() => format!("{} sessions", all.len()),
        Some(Ok(all)) => format!("{} of {} sessions", list.shown.len(), all.len()),
        Some(Err(_)) => String::new(),
        None => "reading …".to_owned(),
    };
    pen.row(layout.title, Meaning::Bar, &[(" hoop-replay  ", Meaning::Bar), (&count, Meaning::Bar)]);
    filter(state, layout.filter, pen);
    match &list.read {
        Some(Err(error)) => pen.paragraph(layout.rows, &error.report("hoop-replay"), Meaning::Error),
        Some(Ok(all)) if all.is_empty() => {
            let hint = "nothing has been recorded yet\n\nrecord something:\n  hoop-run -- aws s3 ls";
            pen.paragraph(layout.rows, hint, Meaning::Muted);
        }
        Some(Ok(_)) if list.shown.is_empty() => {
            pen.paragraph(layout.rows, "no session fits this filter; Esc clears it", Meaning::Muted);
        }
        Some(Ok(all)) => {
            headings(layout.headings, pen);
            let height = usize::from(layout.rows.height);
            let first = layout::top(list.selected, list.shown.len(), height);
            let rows = list.shown.iter().enumerate().skip(first).take(height);
            for (y, (index, row)) in (layout.rows.y..).zip(rows) {
                if let Some(session) = all.get(*row) {
                    let place = Rect { y, height: 1, ..layout.rows };
                    draw_session(state, session, index == list.selected, place, pen);
                }
            }
        }
        None => {}
    }
    match &state.notice {
        Some(notice) => pen.row(layout.footer, Meaning::Bar, &[(" ", Meaning::Bar), (notice, Meaning::Bar)]),
        None if state.picker.is_some() => pen.hints(layout.footer, Context::Themes),
        None => pen.hints(layout.footer, Context::Sessions),
    }
}

fn filter(state: &State, area: Rect, pen: &mut Pen<'_>) {
    let list = &state.sessions;
    let cursor = if list.typing { "▌" } else { "" };
    if list.typing || !list.filter.is_empty() {
        let pieces = [(" / ", Meaning::Heading), (&*list.filter, Meaning::Text), (cursor, Meaning::Heading)];
        pen.row(area, Meaning::Text, &pieces);
    } else {
        let hint = if area.width < MEDIUM {
            " type to filter"
        } else {
            " type to filter: command, who, date, state"
        };
        pen.row(area, Meaning::Text, &[(hint, Meaning::Muted)]);
    }
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

fn draw_session(state: &State, session: &Session, selected: bool, area: Rect, pen: &mut Pen<'_>) {
    let ground = if selected { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if selected { ground } else { meaning };
    let mut pieces = vec![(if selected { "▸" } else { " " }.to_owned(), ground)];
    for (name, width, right) in columns(area.width) {
        let (text, meaning) = field(state, session, name, *width);
        pieces.push((placed(&safe(&text), *width, *right), own(meaning)));
        pieces.push(("  ".to_owned(), ground));
    }
    pieces.push((session.command.clone(), own(Meaning::Command)));
    let pieces: Vec<(&str, Meaning)> =
        pieces.iter().map(|(text, meaning)| (text.as_str(), *meaning)).collect();
    pen.row(area, ground, &pieces);
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
