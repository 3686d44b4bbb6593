//! What the side list says of commands: run, failed, refused, typed.

use crate::audit::CommandEnd;
use crate::audit::CommandFailed;
use crate::audit::CommandFailure;
use crate::audit::CommandStart;
use crate::audit::CommandTyped;
use crate::record::Node;
use crate::record::command_line;
use crate::replay::entries::Entry;
use crate::replay::entries::Kind;
use crate::replay::entries::duration;
use crate::replay::entries::trouble;
use crate::replay::theme::Meaning;
use crate::types::Micros;

/// Longest command line in the list, and in the detail, in bytes.
const MAX_TITLE: usize = 512;
const MAX_LINE: usize = 16 << 10;

/// What stands for a line that the shell did not tell.
const UNTOLD: &str = "(kept out of the shell's history)";

/// A command that begins.
pub(super) fn started(at: Micros, start: &CommandStart) -> Entry {
    let line = command_line(&start.argv);
    let mut detail = vec![("command", cut(&line, MAX_LINE))];
    if start.truncated {
        detail.push(("", "… (longer than what is recorded)".to_owned()));
    }
    if let Some(rule) = &start.rule {
        detail.push(("noted by", rule.clone()));
    }
    detail.extend(start.exe.clone().map(|exe| ("program", exe)));
    detail.extend(start.cwd.clone().map(|cwd| ("folder", cwd)));
    let parent = start.ppid.map(|ppid| format!(", started by {ppid}")).unwrap_or_default();
    detail.push(("process", format!("{}{parent}", start.pid)));
    detail.push(("number", start.id.to_string()));
    Entry {
        kind: Kind::Command,
        symbol: if start.replaces.is_some() { '→' } else { '$' },
        meaning: Meaning::Command,
        node: Node {
            at,
            id: Some(start.id),
            parent: start.parent,
            replaces: start.replaces,
            typed_until: None,
        },
        detail,
        ..trouble(at, &cut(&line, MAX_TITLE), String::new())
    }
}

/// The same command has ended.
pub(super) fn ended(entry: &mut Entry, end: &CommandEnd) {
    let went_on = end.replaced_by.map(|_| "went on".to_owned());
    (entry.result, entry.mood) = result(end.status, end.signal, went_on);
    entry.took = Some(end.took);
    match end.replaced_by {
        Some(next) => entry.detail.push(("went on as", format!("command {next}, in the same process"))),
        None => entry.detail.push(("ended", entry.result.clone())),
    }
    entry.detail.push(("took", duration(end.took)));
}

/// A command that was not executed.
pub(super) fn failed(at: Micros, failed: &CommandFailed) -> Entry {
    let line = command_line(&failed.argv);
    let (symbol, meaning, result, why) = match failed.why {
        CommandFailure::NotFound => ('∅', Meaning::Muted, "no file", "not executed: there is no such file"),
        CommandFailure::NotExecutable => {
            ('∅', Meaning::Muted, "no exec", "not executed: the file is no program")
        }
        CommandFailure::Refused => ('✗', Meaning::Deny, "refused", "refused"),
    };
    let mut detail = vec![("command", cut(&line, MAX_LINE)), ("decision", why.to_owned())];
    detail.extend(failed.rule.clone().map(|rule| ("rule", rule)));
    detail.extend(failed.exe.clone().map(|exe| ("program", exe)));
    detail.extend(failed.cwd.clone().map(|cwd| ("folder", cwd)));
    detail.push(("process", failed.pid.to_string()));
    Entry {
        kind: Kind::Command,
        symbol,
        meaning,
        result: result.to_owned(),
        mood: meaning,
        node: Node { at, parent: failed.parent, ..Node::default() },
        detail,
        ..trouble(at, &cut(&line, MAX_TITLE), String::new())
    }
}

/// A line that was typed; it is told when it is over.
pub(super) fn typed(over: Micros, typed: &CommandTyped) -> Entry {
    let at = Micros(over.0.saturating_sub(typed.took.0));
    let (result, mood) = result(typed.status, None, None);
    let line = if typed.line.is_empty() { UNTOLD } else { &typed.line };
    let mut detail = vec![("typed", cut(line, MAX_LINE))];
    detail.extend(typed.cwd.clone().map(|cwd| ("folder", cwd)));
    if !result.is_empty() {
        detail.push(("ended", result.clone()));
    }
    detail.push(("took", duration(typed.took)));
    Entry {
        kind: Kind::Typed,
        symbol: '»',
        meaning: Meaning::Marker,
        result,
        mood,
        took: Some(typed.took),
        node: Node { at, typed_until: Some(over), ..Node::default() },
        detail,
        ..trouble(at, &cut(line, MAX_TITLE), String::new())
    }
}

fn result(status: Option<i32>, signal: Option<i32>, went_on: Option<String>) -> (String, Meaning) {
    match (status, signal) {
        (Some(0), _) => ("ok".to_owned(), Meaning::Text),
        (Some(status), _) => (format!("exit {status}"), Meaning::Error),
        (None, Some(signal)) => (format!("sig {signal}"), Meaning::Error),
        (None, None) => (went_on.unwrap_or_default(), Meaning::Muted),
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.len() > most {
        true => format!("{}…", &text[..text.floor_char_boundary(most)]),
        false => text.to_owned(),
    }
}

/// A length of time in at most six columns: `0.8ms`, `312ms`, `4.2s`, `3m05s`, `2h07m`, `99d`.
#[must_use]
pub(super) fn short(took: Micros) -> String {
    let (micros, seconds) = (took.0, took.0 / 1_000_000);
    match seconds {
        0 if micros < 10_000 => format!("{}.{}ms", micros / 1_000, micros / 100 % 10),
        0 => format!("{}ms", micros / 1_000),
        1..60 => format!("{seconds}.{}s", micros / 100_000 % 10),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..360_000 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d", (seconds / 86_400).min(99_999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_command_went_on_and_a_killed_one_is_told() {
        let start =
            CommandStart { id: 4, argv: vec!["sh".into(), "-c".into(), "a b".into()], ..Default::default() };
        let mut entry = started(Micros(1), &start);
        ended(&mut entry, &CommandEnd { id: 4, replaced_by: Some(5), ..Default::default() });
        assert_eq!(
            (entry.title.as_str(), entry.result.as_str(), entry.mood),
            ("sh -c 'a b'", "went on", Meaning::Muted)
        );
        ended(&mut entry, &CommandEnd { id: 4, signal: Some(9), ..Default::default() });
        assert_eq!((entry.result.as_str(), entry.mood), ("sig 9", Meaning::Error));
        let next = started(Micros(1), &CommandStart { replaces: Some(4), ..start });
        assert_eq!(next.symbol, '→');
    }

    #[test]
    fn a_typed_line_stands_where_it_began() {
        let line =
            CommandTyped { line: "cd /".into(), status: Some(0), took: Micros(40), ..Default::default() };
        assert_eq!(typed(Micros(100), &line).at, Micros(60));
    }

    #[test]
    fn lengths_take_six_columns() {
        for took in [0, 9_999, 10_000, 999_999, 59_999_999, 3_599_999_999, 359_999_000_000, u64::MAX] {
            assert!(short(Micros(took)).len() <= 6, "{}", short(Micros(took)));
        }
    }
}
