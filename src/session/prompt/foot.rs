//! The keys, and what is being typed.

use super::Page;
use super::text::clipped;
use super::text::visible;
use super::text::wrapped;
use super::view::BOLD;
use super::view::DIM;
use super::view::Frame;
use super::view::PLAIN;
use super::view::REVERSE;
use super::view::words;

/// A key: what it is called, what it does in many words, in few, and whether it is pressed when the guard time is over only.
type Key = (&'static str, &'static str, &'static str, bool);

const ALLOW: [Key; 3] = [
    ("a", "allow once", "allow", true),
    ("s", "allow for the session", "session", true),
    ("m", "allow for minutes …", "minutes", true),
];
const DENY: [Key; 3] = [
    ("d", "deny", "deny", true),
    ("r", "deny, saying why", "reason", true),
    ("x", "deny and end the session", "end", true),
];
const LEAVE: [Key; 2] = [("Esc", "back, it waits on", "back", false), ("?", "help", "help", false)];
const ALL: Key = ("l", "all that waits", "list", false);
const LIST: [Key; 4] = [
    ("↑ ↓", "choose", "choose", false),
    ("Enter", "open", "open", false),
    ("Esc", "back, they wait on", "back", false),
    ("?", "help", "help", false),
];

/// The last lines of the screen: at most `most`.
pub(super) fn lines(frame: &Frame<'_>, cols: usize, most: usize) -> Vec<String> {
    if let Some(typing) = frame.typing {
        let room = cols.saturating_sub(typing.label().len() + 5).max(1);
        // The end of it, where the cursor is.
        let line = wrapped(&visible(typing.text()), room).pop().unwrap_or_default();
        let mut lines = vec![format!(" {BOLD}{}{PLAIN}  {line}{REVERSE} {PLAIN}", typing.label())];
        let keys = words(typing.keys(), cols.saturating_sub(2));
        lines.extend(keys.into_iter().map(|line| format!("{DIM} {line}{PLAIN}")));
        lines.truncate(most.max(2));
        return lines;
    }
    let mut keys: Vec<Key> = Vec::new();
    match frame.page {
        Page::Help => keys.push(("any key", "goes back", "back", false)),
        Page::List => keys.extend(LIST),
        Page::Detail => {
            if frame.waiting.question.needs.is_empty() {
                keys.extend(ALLOW);
            }
            keys.extend(DENY);
            if frame.all.len() > 1 {
                keys.push(ALL);
            }
            keys.extend(LEAVE);
        }
    }
    let mut lines: Vec<String> = note(frame, cols);
    let ready = frame.is_ready;
    let styled = |key: &Key, what: &str| {
        let style = if ready || !key.3 { BOLD } else { DIM };
        let name = key.0.chars().count();
        match what.is_empty() {
            true => (format!(" {style}{}{PLAIN}", key.0), 1 + name),
            false => (format!(" {style}{}{PLAIN} {what} ", key.0), 3 + name + what.chars().count()),
        }
    };
    let choices: [Vec<(String, usize)>; 3] = [
        keys.iter().map(|key| styled(key, key.1)).collect(),
        keys.iter().map(|key| styled(key, key.2)).collect(),
        keys.iter().map(|key| styled(key, "")).collect(),
    ];
    let mut keys = choices.iter().map(|choice| flowed(choice, cols));
    let wide = keys.next().unwrap_or_default();
    let wanted = most.min(3);
    let keys = match wide.len() <= wanted {
        true => wide,
        false => {
            let (short, letters) = (keys.next().unwrap_or_default(), keys.next().unwrap_or_default());
            if short.len() <= wanted { short } else { letters }
        }
    };
    // Who cannot say yes must know why, before all; else the keys.
    lines.truncate(most.saturating_sub(keys.len()));
    lines.extend(keys);
    lines
}

/// Keys in lines as wide as the screen.
fn flowed(keys: &[(String, usize)], cols: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for (text, width) in keys {
        if used + width > cols && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        used += width;
        if let Some(line) = lines.last_mut() {
            line.push_str(text);
        }
    }
    lines
}

/// What stands above the keys.
fn note(frame: &Frame<'_>, cols: usize) -> Vec<String> {
    let width = cols.saturating_sub(2).max(1);
    let line = |style: &str, text: &str| -> Vec<String> {
        words(&visible(text), width).into_iter().map(|line| format!("{style} {line}{PLAIN}")).collect()
    };
    if let Some(remark) = frame.remark {
        return line(BOLD, remark);
    }
    let waiting = frame.waiting;
    if frame.page == Page::Detail && !waiting.question.needs.is_empty() {
        let who = waiting.missing.join(", and ");
        let text = format!("you cannot say yes: it needs {who}, who answer with `hoopctl approvals`");
        return line(BOLD, &text);
    }
    let text = match (frame.page, frame.is_ready) {
        (Page::Help, _) => return Vec::new(),
        (Page::Detail, false) => "answers count in a moment …",
        _ => "the program's output is held meanwhile",
    };
    vec![format!("{DIM} {}{PLAIN}", clipped(text, width))]
}
