//! All that waits, a line each.

use super::text::clipped;
use super::text::visible;
use super::view::DIM;
use super::view::Frame;
use super::view::PLAIN;
use super::view::REVERSE;
use super::view::time_left;
use crate::approval::Question;
use crate::approval::Subject;
use crate::approval::Waiting;

/// One line for each, after an empty one.
pub(super) fn lines(frame: &Frame<'_>, cols: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (place, waiting) in frame.all.iter().enumerate() {
        let is_chosen = place == frame.place;
        let mark = if is_chosen { '>' } else { ' ' };
        let left = time_left(waiting, frame.now);
        let line = format!("{mark} {left:>7}  {}{}", what(&waiting.question), others(waiting));
        let line = clipped(&line, cols);
        lines.push(if is_chosen { format!("{REVERSE}{line}{PLAIN}") } else { line });
    }
    if frame.all.len() == 1 {
        lines.push(format!("{DIM}{}{PLAIN}", clipped("  nothing else waits", cols)));
    }
    lines
}

/// A question in one line, fit for a terminal.
pub fn what(question: &Question) -> String {
    let first = question.resources.first().map(String::as_str).unwrap_or_default();
    visible(&match question.subject {
        Subject::Call => question.line(),
        Subject::Command => format!("command {first}"),
        Subject::Connection => format!("connection to {first}"),
    })
}

/// Whose yes it waits for, where that is somebody else's.
fn others(waiting: &Waiting) -> String {
    match waiting.missing.as_slice() {
        [] => String::new(),
        missing => format!("  (needs {})", visible(&missing.join(", and "))),
    }
}
