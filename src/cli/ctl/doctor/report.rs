//! How findings are shown: in groups, aligned, coloured by meaning; or as JSON, one object each.

use serde_json::Value;
use serde_json::json;
use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

use super::finding::Check;
use super::finding::Finding;
use super::finding::State;
use super::finding::counted;
use crate::cli::ctl::console::Console;
use crate::error::Result;
use crate::term::safe;

/// Below so many columns a fact stands under its subject instead of beside it.
const NARROW: usize = 64;

/// The longest word of a state.
const STATE_COLUMNS: usize = 7;

/// How the output may look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Colours may be used.
    pub has_colours: bool,
    /// Letters beyond ASCII may be used.
    pub is_utf8: bool,
}

impl Look {
    fn coloured(self, text: &str, codes: &str) -> String {
        match self.has_colours {
            true => format!("\x1b[{codes}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    fn state(self, state: State) -> String {
        let codes = match state {
            State::Ok => "32",
            State::Note => "36",
            State::Warning => "33",
            State::Fault => "1;31",
        };
        let pad = " ".repeat(STATE_COLUMNS - state.word().len());
        format!("{}{pad}", self.coloured(state.word(), codes))
    }

    /// Harmless, and in letters that the terminal has.
    fn plain(self, text: &str) -> String {
        let text = safe(text);
        if self.is_utf8 || text.is_ascii() {
            return text.into_owned();
        }
        text.chars().fold(String::new(), |mut plain, letter| {
            match letter {
                '…' => plain.push_str("..."),
                '–' => plain.push('-'),
                '→' => plain.push_str("->"),
                _ if letter.is_ascii() => plain.push(letter),
                _ => plain.push('?'),
            }
            plain
        })
    }
}

/// Everything, for a person. Commands stand on lines of their own and are never broken, so that they can be pasted.
///
/// # Errors
/// When the output cannot be written.
pub fn text(
    findings: &[(Check, Finding)],
    asides: &[String],
    look: Look,
    console: &mut Console<'_>,
) -> Result<()> {
    let subjects = findings.iter().map(|(_, finding)| finding.subject.len()).max().unwrap_or_default();
    for &check in Check::ALL {
        let mut own = findings.iter().filter(|(of, _)| *of == check).peekable();
        if own.peek().is_none() {
            continue;
        }
        console.line(&look.coloured(check.word(), "1"))?;
        for (_, finding) in own {
            one(finding, subjects, look, console)?;
        }
    }
    let width = console.width.unwrap_or(usize::MAX);
    for line in wrapped(&look.plain(&summary(findings, asides)), width) {
        console.line(&line)?;
    }
    Ok(())
}

fn one(finding: &Finding, subjects: usize, look: Look, console: &mut Console<'_>) -> Result<()> {
    let state = look.state(finding.state);
    let fact = look.plain(&finding.fact);
    let is_narrow = console.width.is_some_and(|width| width < NARROW);
    let indent = if is_narrow { 4 } else { STATE_COLUMNS + subjects + 6 };
    let room = console.width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(12));
    let mut lines = wrapped(&fact, room).into_iter();
    if is_narrow {
        console.line(&format!("  {state}  {}", finding.subject))?;
    } else {
        let subject = finding.subject;
        let first = lines.next().unwrap_or_default();
        console.line(format!("  {state}  {subject:subjects$}  {first}").trim_end())?;
    }
    let margin = " ".repeat(indent);
    let advice = finding.advice.iter().flat_map(|words| wrapped(&look.plain(words), room));
    for line in lines.chain(advice) {
        console.line(&format!("{margin}{line}"))?;
    }
    if let Some(fix) = &finding.fix {
        console.line(&format!(
            "{margin}{} {}",
            look.coloured("fix:", "2"),
            look.coloured(&look.plain(fix), "1")
        ))?;
    }
    Ok(())
}

/// The last line: how many of each, the worst first.
fn summary(findings: &[(Check, Finding)], asides: &[String]) -> String {
    let count = |state: State| findings.iter().filter(|(_, finding)| finding.state == state).count();
    let mut parts = vec![
        counted(count(State::Fault), "fault"),
        counted(count(State::Warning), "warning"),
        counted(count(State::Note), "note"),
        format!("{} ok", count(State::Ok)),
    ];
    parts.extend(asides.iter().cloned());
    parts.join(", ")
}

/// One finding as JSON.
#[must_use]
pub fn object(check: Check, finding: &Finding) -> Value {
    json!({
        "check": check.word(),
        "subject": finding.subject,
        "state": finding.state.word(),
        "fact": finding.fact,
        "fix": finding.fix,
        "advice": finding.advice,
    })
}

/// `text` in lines of at most `width` columns, broken between words, and within one only where it is longer than that.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let columns = word.width();
        let gap = usize::from(used > 0);
        if used + gap + columns <= width {
            if gap > 0 {
                push(&mut lines, ' ');
            }
            word.chars().for_each(|letter| push(&mut lines, letter));
            used += gap + columns;
            continue;
        }
        if used > 0 {
            lines.push(String::new());
            used = 0;
        }
        for letter in word.chars() {
            let columns = letter.width().unwrap_or(0);
            if used + columns > width && used > 0 {
                lines.push(String::new());
                used = 0;
            }
            push(&mut lines, letter);
            used += columns;
        }
    }
    lines
}

fn push(lines: &mut [String], letter: char) {
    if let Some(line) = lines.last_mut() {
        line.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn shown(width: Option<usize>, look: Look) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console { out: &mut out, err: &mut err, width, zone: TimeZone::UTC, now: 0 };
        let findings = [
            (
                Check::Clock,
                Finding::warning("offset", "this clock is 95 s behind that of 中文.example\x1b[31m")
                    .fix("sudo timedatectl set-ntp true"),
            ),
            (Check::Aws, Finding::ok("region", "eu-west-1")),
            (Check::Aws, Finding::fault("credential", "no credential … at all").advice("make one")),
        ];
        text(&findings, &["offline".to_owned()], look, &mut console).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn findings_are_aligned_in_any_width() {
        let look = Look { has_colours: false, is_utf8: true };
        let wide = "aws\n  ok       region      eu-west-1\n  fault    credential  no credential … at all\n\
                    \x20                      make one\nclock\n\
                    \x20 warning  offset      this clock is 95 s behind that of 中文.example\\e[31m\n\
                    \x20                      fix: sudo timedatectl set-ntp true\n\
                    1 fault, 1 warning, 0 notes, 1 ok, offline\n";
        assert_eq!(shown(None, look), wide);
        assert_eq!(shown(Some(200), look), wide);
        for width in [24, 40, 64, 80] {
            for line in shown(Some(width), look).lines().filter(|line| !line.contains("fix:")) {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
        assert!(
            shown(Some(40), look)
                .contains("  fault    credential\n    no credential … at all\n    make one\n")
        );
    }

    #[test]
    fn colours_and_letters_are_left_out_where_there_are_none() {
        let plain = shown(None, Look { has_colours: false, is_utf8: false });
        assert!(
            plain.is_ascii() && plain.contains("no credential ... at all") && plain.contains("of ??.example")
        );
        let coloured = shown(None, Look { has_colours: true, is_utf8: true });
        assert!(coloured.contains("\x1b[1;31mfault\x1b[0m    credential"), "{coloured:?}");
    }

    #[test]
    fn a_finding_is_an_object() {
        let finding = Finding::note("keys", "long-lived").fix("aws configure sso");
        assert_eq!(
            object(Check::Aws, &finding).to_string(),
            r#"{"check":"aws","subject":"keys","state":"note","fact":"long-lived","fix":"aws configure sso","advice":null}"#
        );
    }
}
