//! How a question looks.

use std::fmt::Write;

use super::text::clipped;
use super::text::visible;
use super::text::wrapped;
use crate::approval::Question;
use crate::approval::Waiting;
use crate::sys::tty::Size;
use crate::types::Micros;

/// What is shown at one moment.
pub(super) struct Frame<'a> {
    pub(super) waiting: &'a Waiting,
    pub(super) number: usize,
    pub(super) of: usize,
    pub(super) reason: Option<&'a str>,
    pub(super) ready: bool,
    pub(super) now: Micros,
}

/// Columns of the names on the left.
const NAME: usize = 10;
const BOLD: &str = "\x1b[1m";
const REVERSE: &str = "\x1b[1;7m";
const PLAIN: &str = "\x1b[0m";
const DIM: &str = "\x1b[2m";

/// The whole screen. `scroll` is brought back into what can be scrolled.
pub(super) fn draw(frame: &Frame<'_>, size: Size, scroll: &mut usize) -> String {
    let (cols, rows) = (usize::from(size.cols), usize::from(size.rows));
    let foot = foot(frame, cols);
    let body = body(&frame.waiting.question, cols);
    let room = rows.saturating_sub(2 + foot.len()).max(1);
    *scroll = (*scroll).min(body.len().saturating_sub(room));
    let hidden = body.len().saturating_sub(*scroll + room);
    let mut lines = vec![head(frame, cols)];
    lines.extend(body.into_iter().skip(*scroll).take(room));
    lines.resize(room + 1, String::new());
    lines.push(match (hidden, *scroll) {
        (0, 0) => String::new(),
        (0, _) => format!("{DIM}{}{PLAIN}", clipped("↑ more above", cols)),
        _ => format!("{DIM}{}{PLAIN}", clipped(&format!("↓ {hidden} more lines: arrow keys"), cols)),
    });
    lines.extend(foot);
    lines.truncate(rows);
    let mut text = String::from("\x1b[H");
    for (number, line) in lines.iter().enumerate() {
        let _ = write!(text, "\x1b[{};1H{PLAIN}{line}{PLAIN}\x1b[K", number + 1);
    }
    text.push_str("\x1b[J");
    text
}

fn head(frame: &Frame<'_>, cols: usize) -> String {
    let left = frame.waiting.deadline.0.saturating_sub(frame.now.0) / 1_000_000;
    let time = if left >= 120 { format!("{} min", left / 60) } else { format!("{left} s") };
    let right = format!("{} of {} · {time} left", frame.number, frame.of);
    let title = if cols >= 60 { " hoop-run: may this AWS call go on?" } else { " approval" };
    let gap = cols.saturating_sub(title.chars().count() + right.chars().count() + 1).max(1);
    format!("{REVERSE}{}{PLAIN}", clipped(&format!("{title}{}{right} ", " ".repeat(gap)), cols))
}

fn body(question: &Question, cols: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut field = |name: &str, value: &str, style: &str| {
        if value.is_empty() {
            return;
        }
        let width = cols.saturating_sub(NAME + 1).max(1);
        for (number, line) in wrapped(&visible(value), width).into_iter().enumerate() {
            let name = if number == 0 { name } else { "" };
            lines.push(format!(" {DIM}{name:<NAME$}{PLAIN}{style}{line}"));
        }
    };
    field("action", &question.action, BOLD);
    for (number, resource) in question.resources.iter().enumerate() {
        field(if number == 0 { "resource" } else { "" }, resource, BOLD);
    }
    field("who", &question.who, "");
    field("command", question.command.as_deref().unwrap_or_default(), "");
    let account = question.account.as_deref().unwrap_or_default();
    let place: Vec<&str> = [account, &question.region].into_iter().filter(|part| !part.is_empty()).collect();
    field("where", &place.join(" · "), "");
    field("rule", &question.rule, "");
    field("why", &question.reason, "");
    for (number, fact) in question.parameters.iter().enumerate() {
        let name = if number == 0 { "with" } else { "" };
        field(name, &format!("{} = {}", fact.name, fact.value), "");
    }
    lines
}

fn foot(frame: &Frame<'_>, cols: usize) -> Vec<String> {
    if let Some(reason) = frame.reason {
        let width = cols.saturating_sub(12).max(1);
        let line = wrapped(&visible(reason), width).pop().unwrap_or_default();
        let keys = clipped(" Enter denies with this reason · Esc goes back", cols);
        return vec![format!(" {BOLD}reason{PLAIN}  {line}{REVERSE} {PLAIN}"), format!("{DIM}{keys}{PLAIN}")];
    }
    let held = "the program's output is held meanwhile";
    let note = if frame.ready { held } else { "keys count in a moment …" };
    let note = format!("{DIM} {}{PLAIN}", clipped(note, cols.saturating_sub(1)));
    let style = if frame.ready { BOLD } else { DIM };
    let key = |key: &str, what: &str| format!("{style} {key}{PLAIN} {what} ");
    let wide = [
        ("a", "allow once"),
        ("s", "allow this for the session"),
        ("d", "deny"),
        ("D", "deny, with a reason"),
    ];
    if cols >= 78 {
        return vec![wide.map(|(name, what)| key(name, what)).concat(), note];
    }
    let short = [("a", "allow once"), ("s", "for session"), ("d", "deny"), ("D", "with reason")];
    let [a, s, d, reason] = short.map(|(name, what)| key(name, what));
    vec![format!("{a}{s}"), format!("{d}{reason}"), note]
}
