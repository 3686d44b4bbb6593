//! How the live list looks: the list above, the chosen question below, keys at the bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::lines;
use super::super::lines::Line;
use super::super::lines::Look;
use super::state::Mode;
use super::state::State;
use crate::approval::Card;
use crate::approval::Subject;
use crate::replay::Meaning;
use crate::replay::Pen;
use crate::replay::Theme;
use crate::replay::wrapped;
use crate::term::fit;
use crate::term::safe;
use crate::term::width;
use crate::types::Micros;

/// The smallest terminal that something can be read on.
const SMALLEST: (u16, u16) = (36, 10);
/// Columns of the names on the left.
const NAMES: u16 = 10;
/// From this width on there is room for words.
const WIDE: u16 = 78;
/// Rows of what is asked at the bottom.
const PANEL: usize = 4;

/// Draws everything; `now`: since the start, and in microseconds since the Unix epoch.
pub(super) fn draw(
    state: &mut State,
    theme: &Theme,
    (now, unix): (Micros, u64),
    area: Rect,
    buffer: &mut Buffer,
) {
    let mut pen = Pen::new(buffer, theme);
    pen.fill(area, Meaning::Text);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("{}x{} at least, or press q", SMALLEST.0, SMALLEST.1);
        pen.text(area, &text, Meaning::Text);
        return;
    }
    let row = |y: u16| Rect { y, height: 1, ..area };
    bar(state, row(area.y), &mut pen);
    let bottom = area.y + area.height;
    let (panel, hints) = panel(state, now, area.width);
    let panel_rows = u16::try_from(panel.len()).unwrap_or_default();
    pen.row(row(bottom - 1), Meaning::Bar, &hints_of(&hints));
    for (y, (text, meaning)) in (bottom - 1 - panel_rows..).zip(&panel) {
        pen.text(Rect { x: area.x + 1, width: area.width - 2, ..row(y) }, text, *meaning);
    }
    let middle = Rect { y: area.y + 1, height: area.height - 2 - panel_rows, ..area };
    if state.mode == Mode::Help {
        pen.paragraph(middle, HELP, Meaning::Text);
        return;
    }
    let Some(place) = state.place() else {
        pen.paragraph(
            middle,
            "\nnothing waits\n\nQuestions of your sessions appear here by themselves.",
            Meaning::Muted,
        );
        return;
    };
    let most = usize::from(middle.height / 3).max(2);
    let shown = state.all.len().min(most);
    let first = (place + 1).saturating_sub(shown).min(state.all.len() - shown);
    let first = first.max((place + shown / 2 + 1).saturating_sub(shown).min(state.all.len() - shown));
    for (y, (index, found)) in (middle.y..).zip(state.all.iter().enumerate().skip(first).take(shown)) {
        let busy = state.busy.contains(&(found.card.session, found.card.id));
        list_row(&found.card, (index == place, busy), unix, row(y), &mut pen);
    }
    let shown = u16::try_from(shown).unwrap_or(middle.height);
    let detail = Rect { y: middle.y + shown, height: middle.height - shown, ..middle };
    self::detail(state, unix, detail, &mut pen);
}

fn bar(state: &State, area: Rect, pen: &mut Pen<'_>) {
    let mut sessions: Vec<_> = state.all.iter().map(|found| found.card.session).collect();
    sessions.sort();
    sessions.dedup();
    let count = match (state.all.len(), sessions.len()) {
        (0, _) => "nothing waits".to_owned(),
        (count, 1) => format!("{count} waiting in 1 session"),
        (count, sessions) => format!("{count} waiting in {sessions} sessions"),
    };
    let name = if area.width >= WIDE { " hoopctl approvals   " } else { " approvals  " };
    pen.row(area, Meaning::Bar, &[(name, Meaning::Heading), (&count, Meaning::Bar)]);
}

fn list_row(card: &Card, (is_chosen, is_busy): (bool, bool), unix: u64, area: Rect, pen: &mut Pen<'_>) {
    let ground = if is_chosen { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if is_chosen { ground } else { meaning };
    let left = if is_busy { "…".to_owned() } else { lines::left_words(card, unix) };
    let name = fit(&safe(&card.name()), 9);
    let left = format!(" {left:>6}  ");
    let mark = if is_chosen { "▸" } else { " " };
    let mut pieces =
        vec![(mark, ground), (name.as_str(), own(Meaning::Key)), (left.as_str(), own(Meaning::Ask))];
    let who = format!("{}  ", fit(&safe(&card.requester), 16));
    if area.width >= WIDE {
        pieces.push((&who, ground));
    }
    let line = card.question.line();
    pieces.push((&line, own(Meaning::Command)));
    pen.row(area, ground, &pieces);
}

fn detail(state: &mut State, unix: u64, area: Rect, pen: &mut Pen<'_>) {
    let Some(found) = state.chosen() else { return };
    if area.height < 2 {
        return;
    }
    let name = format!("── {} ", found.card.name());
    let rule = "─".repeat(usize::from(area.width).saturating_sub(width(&name)));
    let owner = found.owner();
    let all = lines::lines(&found.card, owner.as_deref(), unix);
    let rows: Vec<(String, String, Meaning)> =
        all.iter().skip(1).flat_map(|line| rows_of(line, area.width)).collect();
    let room = usize::from(area.height - 1);
    state.scroll = state.scroll.min(rows.len().saturating_sub(room));
    let hidden = rows.len().saturating_sub(state.scroll + room);
    let more = if hidden > 0 { format!(" {hidden} more: space ") } else { String::new() };
    let cut = rule.chars().count().saturating_sub(width(&more));
    let rule: String = rule.chars().take(cut).collect();
    pen.row(
        Rect { height: 1, ..area },
        Meaning::Border,
        &[(&name, Meaning::Heading), (&rule, Meaning::Border), (&more, Meaning::Muted)],
    );
    for (y, (left, text, meaning)) in (area.y + 1..area.y + area.height).zip(rows.iter().skip(state.scroll)) {
        let pieces = [(left.as_str(), Meaning::Muted), (text.as_str(), *meaning)];
        pen.row(Rect { y, height: 1, ..area }, Meaning::Text, &pieces);
    }
}

fn rows_of(line: &Line, columns: u16) -> Vec<(String, String, Meaning)> {
    let meaning = match line.look {
        Look::Plain => Meaning::Text,
        Look::Strong => Meaning::Command,
        Look::Muted => Meaning::Muted,
        Look::Added => Meaning::Allow,
        Look::Removed => Meaning::Deny,
        Look::Needed => Meaning::Ask,
    };
    let room = usize::from(columns.saturating_sub(NAMES + 3)).max(8);
    let mut left = format!(" {} ", fit(&safe(&line.name), usize::from(NAMES)));
    let pieces = wrapped(&line.text, room).into_iter().map(|text| {
        let name = std::mem::replace(&mut left, " ".repeat(usize::from(NAMES) + 2));
        (name, text, meaning)
    });
    pieces.collect()
}

type Panel = Vec<(String, Meaning)>;

/// What is asked or told at the bottom, and the keys that count.
fn panel(state: &State, now: Micros, columns: u16) -> (Panel, Vec<(&'static str, &'static str)>) {
    let about = state.chosen().map(|found| {
        let question = &found.card.question;
        let action = match question.subject {
            Subject::Call => question.action.as_str(),
            Subject::Command => "commands",
            Subject::Connection => "connections",
        };
        (action.to_owned(), question.resources.clone(), question.rule.clone())
    });
    let (action, resources, rule) = about.unwrap_or_default();
    let (text, meaning, hints): (String, Meaning, Vec<(&str, &str)>) = match &state.mode {
        Mode::Minutes(minutes) => (
            format!("allow {action} on anything, as far as {rule} asks, for {minutes}▌ minutes?"),
            Meaning::Ask,
            vec![("Enter", "allow"), ("Esc", "back")],
        ),
        Mode::Sure => {
            let on = match resources.as_slice() {
                [one] => one.clone(),
                several => format!("these {} resources", several.len()),
            };
            let text = format!("allow {action} on {on} until the session ends?");
            (text, Meaning::Ask, vec![("y", "allow"), ("Esc", "back")])
        }
        Mode::Reason { stop, text } => {
            let what = if *stop { "deny and end the session, because" } else { "deny, because" };
            let hint = if *stop { "deny and stop" } else { "deny" };
            (format!("{what} {text}▌"), Meaning::Deny, vec![("Enter", hint), ("Esc", "back")])
        }
        Mode::Help => (String::new(), Meaning::Text, vec![("any key", "back")]),
        Mode::List => {
            let (text, meaning) = match (&state.notice, state.chosen()) {
                (_, Some(_)) if state.is_busy() => ("answering …".to_owned(), Meaning::Muted),
                (Some((text, meaning)), _) => (text.clone(), *meaning),
                (None, Some(_)) if !state.is_ready(now) => {
                    ("keys count in a moment …".to_owned(), Meaning::Muted)
                }
                _ => (String::new(), Meaning::Muted),
            };
            let hints = match (state.chosen(), columns >= WIDE) {
                (None, _) => vec![("?", "help"), ("q", "quit")],
                (Some(_), true) => vec![
                    ("a", "allow once"),
                    ("m", "for minutes"),
                    ("s", "for session"),
                    ("d", "deny"),
                    ("D", "deny+stop"),
                    ("?", "help"),
                    ("q", "quit"),
                ],
                (Some(_), false) => {
                    vec![("a", "yes"), ("m", "min"), ("s", "sess"), ("d", "no"), ("D", "stop"), ("?", "")]
                }
            };
            (text, meaning, hints)
        }
    };
    let mut rows: Panel = Vec::new();
    if !text.is_empty() {
        let lines = wrapped(&text, usize::from(columns.saturating_sub(2)).max(8));
        // The end is where one types.
        let skip = lines.len().saturating_sub(PANEL);
        rows.extend(lines.into_iter().skip(skip).map(|line| (line, meaning)));
    }
    (rows, hints)
}

fn hints_of<'h>(hints: &'h [(&'static str, &'static str)]) -> Vec<(&'h str, Meaning)> {
    hints
        .iter()
        .flat_map(|(key, what)| {
            let gap = if what.is_empty() { "" } else { " " };
            [
                (" ", Meaning::Bar),
                (*key, Meaning::Key),
                (gap, Meaning::Bar),
                (*what, Meaning::Bar),
                (" ", Meaning::Bar),
            ]
        })
        .collect()
}

const HELP: &str = "
  a      allow this one call
  m      allow this action on anything, for some minutes
  s      allow this action on these resources, until the session ends
  d      deny; the agent reads the reason
  D      deny, and end the session
  ↑ ↓    choose another question
  space  more of it; PgUp goes back
  q      leave

A key counts once the keyboard has been silent for a moment.";
