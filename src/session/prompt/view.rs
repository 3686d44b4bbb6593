//! How the prompt looks: a head, what the page shows, and the keys.

use std::fmt::Write;

use super::Page;
use super::detail;
use super::foot;
use super::list;
use super::text::clipped;
use super::typing::Typing;
use crate::approval::Subject;
use crate::approval::Waiting;
use crate::sys::tty::Size;
use crate::types::Micros;

/// What is shown at one moment.
pub(super) struct Frame<'a> {
    /// All that waits, oldest first.
    pub(super) all: &'a [Waiting],
    /// The one that is shown, or chosen.
    pub(super) waiting: &'a Waiting,
    /// Its place among all.
    pub(super) place: usize,
    pub(super) page: Page,
    /// What the question is called elsewhere.
    pub(super) name: String,
    pub(super) typing: Option<&'a Typing>,
    pub(super) remark: Option<&'a str>,
    /// Keys answer.
    pub(super) is_ready: bool,
    pub(super) colour: bool,
    pub(super) now: Micros,
}

pub(super) const BOLD: &str = "\x1b[1m";
pub(super) const REVERSE: &str = "\x1b[1;7m";
pub(super) const PLAIN: &str = "\x1b[0m";
pub(super) const DIM: &str = "\x1b[2m";

/// Lines of the page that must be seen, however many the keys would take.
const LEAST_BODY: usize = 3;

/// The whole screen. `scroll` is brought back into what can be scrolled.
pub(super) fn draw(frame: &Frame<'_>, size: Size, scroll: &mut usize) -> String {
    let (cols, rows) = (usize::from(size.cols).max(1), usize::from(size.rows).max(1));
    let foot = foot::lines(frame, cols, rows.saturating_sub(2 + LEAST_BODY).max(1));
    let body = match frame.page {
        Page::Detail => detail::lines(frame, cols),
        Page::List => list::lines(frame, cols),
        Page::Help => help(frame, cols),
    };
    let room = rows.saturating_sub(2 + foot.len()).max(1);
    // The empty line after the head is for screens that have room for it.
    let body: Vec<String> = body.into_iter().skip(usize::from(rows < 12)).collect();
    let mut from = (*scroll).min(body.len().saturating_sub(room));
    if frame.page == Page::List {
        // The chosen one is always seen.
        from = (frame.place + 2).saturating_sub(room).min(body.len().saturating_sub(room));
    }
    *scroll = from;
    let hidden = body.len().saturating_sub(from + room);
    let mut lines = vec![head(frame, cols)];
    lines.extend(body.into_iter().skip(from).take(room));
    lines.resize(room + 1, String::new());
    let more = match (hidden, from) {
        (0, 0) => String::new(),
        (0, _) => " ↑ more above".to_owned(),
        _ => format!(" ↓ {hidden} more lines: arrow keys"),
    };
    lines.push(format!("{DIM}{}{PLAIN}", clipped(&more, cols)));
    lines.extend(foot);
    if lines.len() > rows {
        // On the smallest screens the line about scrolling goes first.
        lines.remove(room + 1);
    }
    lines.truncate(rows);
    let mut text = String::from("\x1b[H");
    // Erased before it is written: afterwards the cursor may stand on the last column, and take what is there along.
    for number in 0..rows {
        let line = lines.get(number).map_or("", String::as_str);
        let _ = write!(text, "\x1b[{};1H{PLAIN}\x1b[2K{line}{PLAIN}", number + 1);
    }
    text
}

fn head(frame: &Frame<'_>, cols: usize) -> String {
    let title = match (frame.page, frame.waiting.question.subject) {
        (Page::List, _) => "these wait for you",
        (Page::Help, _) => "help",
        (_, Subject::Call) => "may this AWS call go on?",
        (_, Subject::Command) => "may this command run?",
        (_, Subject::Connection) => "may this connection open?",
    };
    let left = time_left(frame.waiting, frame.now);
    let count = format!("{} of {}", frame.place + 1, frame.all.len());
    let widest = format!(" hoop-run: {title}");
    let choices = [
        (widest.clone(), format!("{} · {count} · {left} left ", frame.name)),
        (widest, format!("{count} · {left} left ")),
        (" approval".to_owned(), format!("{count} · {left} left ")),
        (String::new(), format!("{count} · {left}")),
    ];
    let fits = |(title, right): &&(String, String)| title.chars().count() + right.chars().count() < cols;
    let (title, right) = choices.iter().find(fits).unwrap_or(&choices[3]);
    let gap = cols.saturating_sub(title.chars().count() + right.chars().count());
    format!("{REVERSE}{}{PLAIN}", clipped(&format!("{title}{}{right}", " ".repeat(gap)), cols))
}

/// Until it counts as denied: `4 min`, `59 s`.
pub(super) fn time_left(waiting: &Waiting, now: Micros) -> String {
    let left = waiting.deadline.0.saturating_sub(now.0) / 1_000_000;
    if left >= 120 { format!("{} min", left / 60) } else { format!("{left} s") }
}

fn help(frame: &Frame<'_>, cols: usize) -> Vec<String> {
    let lines = [
        ("a", "allow this one call, now"),
        ("s", "allow it, and this action on these resources until the session ends"),
        ("m", "allow it, and this action on anything for some minutes, which are asked for"),
        ("d", "deny"),
        ("r", "deny with a reason, which the agent reads"),
        ("x", "deny, and end the session; asks before it does"),
        ("Esc", "back to the program; the question waits on"),
        ("l, ←", "all that waits; Enter opens one"),
        ("↑ ↓ Space", "scroll; Home and End go to the ends"),
    ];
    let mut text = vec![String::new()];
    for (key, what) in lines {
        for (number, part) in words(what, cols.saturating_sub(13).max(8)).into_iter().enumerate() {
            let key = if number == 0 { key } else { "" };
            text.push(format!(" {BOLD}{key:<11}{PLAIN}{part}"));
        }
    }
    let more = "A yes further than one call covers the same rule, action, identity, account and region only. Keys \
                count after a moment without typing; pastes and keys typed ahead never answer. The program's output is \
                held while this is on the screen, and its time runs on. Elsewhere: hoopctl approvals";
    text.push(String::new());
    text.extend(
        words(&format!("{more} show {}", frame.name), cols.saturating_sub(2))
            .into_iter()
            .map(|line| format!(" {line}")),
    );
    text
}

/// A text of ours in lines that break between words.
pub(super) fn words(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.into_iter().map(|line| clipped(&line, width.max(1))).collect()
}
