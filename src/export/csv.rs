//! Calls as a table, CSV as RFC 4180 has it.

use std::io;
use std::io::Write;

use super::told::Failure;
use crate::error::Result;
use crate::export::Session;
use crate::export::Told;
use crate::term::safe;

const TITLES: [&str; 33] = [
    "time",
    "seconds",
    "session",
    "user",
    "host",
    "call",
    "action",
    "service",
    "operation",
    "access",
    "region",
    "account",
    "identity",
    "role",
    "resources",
    "decision",
    "rule",
    "reason",
    "approval",
    "approver",
    "outcome",
    "status",
    "error",
    "message",
    "request_id",
    "bytes_in",
    "bytes_out",
    "took_ms",
    "command",
    "pid",
    "agent",
    "params",
    "masked_at_export",
];

/// Writes a line of titles and a line for each call. Cells hold no control characters, and none that a spreadsheet would take
/// for a formula.
///
/// # Errors
/// When a call cannot be masked, or the output cannot be written.
pub fn write_csv(
    session: Session<'_>,
    calls: impl Iterator<Item = Result<Told>>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    write_csv_titles(out)?;
    for told in calls {
        let cells: Vec<String> = row(session, &told?).iter().map(|text| cell(text)).collect();
        write!(out, "{}\r\n", cells.join(","))?;
    }
    Ok(())
}

/// Writes the line of titles alone.
///
/// # Errors
/// When the output cannot be written.
pub fn write_csv_titles(out: &mut impl Write) -> io::Result<()> {
    write!(out, "{}\r\n", TITLES.join(","))
}

fn row(session: Session<'_>, told: &Told) -> [String; TITLES.len()] {
    let (call, begin, start) = (&told.call, &told.call.begin, session.start);
    let (decision, answered, end) = (call.decision.as_ref(), call.answered.as_ref(), call.end.as_ref());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let told_end = |read: fn(&crate::audit::CallEnd) -> String| end.map(read).unwrap_or_default();
    let masked = session.masked(told);
    [
        session.rfc3339(call.t),
        format!("{}.{:06}", call.t.0 / 1_000_000, call.t.0 % 1_000_000),
        start.id.to_string(),
        start.user.clone(),
        start.host.clone(),
        begin.call.to_string(),
        begin.action.clone(),
        begin.service.clone(),
        begin.operation.clone(),
        begin.access.to_string(),
        begin.region.clone(),
        text(&begin.account),
        text(&begin.identity),
        text(&begin.role),
        begin.resources.join(" "),
        decision.map(|decision| decision.effect.to_string()).unwrap_or_default(),
        decision.and_then(|decision| decision.rule.clone()).unwrap_or_default(),
        decision.map(|decision| decision.reason.clone()).unwrap_or_default(),
        answered.map(|answered| answered.answer.as_str().to_owned()).unwrap_or_default(),
        answered.and_then(|answered| answered.by.clone()).unwrap_or_default(),
        told_end(|end| end.outcome.as_str().to_owned()),
        told_end(|end| end.status.map(|status| status.to_string()).unwrap_or_default()),
        told_end(|end| end.error.clone().unwrap_or_default()),
        told_end(|end| end.message.clone().unwrap_or_default()),
        told_end(|end| end.request_id.clone().unwrap_or_default()),
        told_end(|end| end.bytes_in.to_string()),
        told_end(|end| end.bytes_out.to_string()),
        told_end(|end| format!("{}.{:03}", end.took.0 / 1_000, end.took.0 % 1_000)),
        told.command.clone().unwrap_or_default(),
        begin.pid.map(|pid| pid.to_string()).unwrap_or_default(),
        text(&begin.agent),
        if begin.params.is_null() { String::new() } else { begin.params.to_string() },
        if masked.is_null() { String::new() } else { masked.to_string() },
    ]
}

/// A cell: quoted where it must be, harmless in a spreadsheet.
fn cell(text: &str) -> String {
    let text = guarded(&safe(text));
    match text.contains([',', '"', '\n', '\r', ' ', ';', '\'']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// An apostrophe before what a spreadsheet takes for a formula. Where a comma is the decimal sign, it begins a new cell
/// behind each semicolon, quoted or not.
fn guarded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut is_begin = true;
    for letter in text.chars() {
        if is_begin && matches!(letter, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
            out.push('\'');
        }
        is_begin = letter == ';' || is_begin && (letter.is_whitespace() || letter == '"');
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"");
        assert_eq!(cell("a;=1+1; \"@x\";b-c=d"), "\"a;'=1+1; \"\"'@x\"\";b-c=d\"");
        assert_eq!(cell(" ＋1"), "\" '＋1\"");
        assert_eq!(cell("{\"a\":-1}"), "\"{\"\"a\"\":-1}\"");
        assert_eq!(cell("x\r\n\u{1b}[2J"), "x\\r\\n\\e[2J");
    }
}
