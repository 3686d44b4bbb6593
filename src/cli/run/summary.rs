//! What hoop-run says at its end about questions to people, and its exit status where one was not granted.

use crate::approval::Tally;
use crate::cli::run::ending::Status;
use crate::term::clip;
use crate::term::safe;
use crate::types::SessionId;

/// Exit status where the program ended with 0 although something it wanted was not approved.
const NOT_APPROVED: u8 = 123;
/// Questions that are told by name, and columns of each.
const MOST: usize = 5;
const LONGEST: usize = 300;

/// What is said, and what counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) id: SessionId,
    /// A person sits at the terminal, and wants to be told.
    pub(super) talks: bool,
    /// Nothing but errors is to be said.
    pub(super) is_quiet: bool,
    /// It was said on the command line how questions are answered: then one that was not granted is a failure.
    pub(super) is_strict: bool,
}

/// The lines about the questions of a session, and how hoop-run ends: as the program did, but not with 0 where a question
/// was not granted and whoever started it wants to know.
pub(super) fn of(tally: &Tally, manner: Manner, status: Status) -> (Vec<String>, Status) {
    let has_refused = tally.not_granted > 0;
    let is_failure = manner.is_strict && has_refused && matches!(status, Status::Code(0));
    let is_told = match (manner.is_quiet, manner.talks) {
        (true, _) => is_failure,
        (false, true) => tally.asked > 0,
        (false, false) => has_refused,
    };
    let mut lines = if is_told { told(tally, manner.id) } else { Vec::new() };
    if !is_failure {
        return (lines, status);
    }
    lines.push(format!(
        "hoop-run: ends with {NOT_APPROVED}: not all was approved, though the program ended with 0"
    ));
    (lines, Status::Code(NOT_APPROVED))
}

fn told(tally: &Tally, id: SessionId) -> Vec<String> {
    let Tally { asked, granted, used, refused, not_granted } = tally;
    let used = match used {
        0 => String::new(),
        1 => " (used once more)".to_owned(),
        times => format!(" (used {times} times more)"),
    };
    let asked = format!("hoop-run: {asked} approval{}", if *asked == 1 { "" } else { "s" });
    if *not_granted == 0 {
        let granted = if *granted == 1 { "granted" } else { "all granted" };
        return vec![format!("{asked}: {granted}{used}")];
    }
    let mut lines = match granted {
        0 => vec![format!("{asked}: not granted:")],
        granted => vec![format!("{asked}: {granted} granted{used}, {not_granted} not:")],
    };
    // A shell looks for a program in several places, and asks for each.
    let (mut rest, mut named) = (refused.as_slice(), 0);
    while let Some(one) = rest.first().filter(|_| lines.len() <= MOST) {
        let same = rest.iter().take_while(|other| *other == one).count();
        let times = if same > 1 { format!(" ({same} times)") } else { String::new() };
        let line = format!("{}: {}", one.question, one.why);
        lines.push(format!("  {}{times}", clip(&safe(&line), LONGEST)));
        (rest, named) = (&rest[same..], named + same as u64);
    }
    let more = not_granted.saturating_sub(named);
    if more > 0 {
        lines.push(format!("  and {more} more: hoopctl approvals log --session {id}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Refused;

    fn manner() -> Manner {
        let id = SessionId::new(1_763_700_000_000_000, 7);
        Manner { id, talks: true, is_quiet: false, is_strict: false }
    }

    fn tally(granted: u64, refused: u64) -> Tally {
        let one = |number| Refused {
            question: format!("s3:DeleteBucket on arn:aws:s3:::b{number}"),
            why: "bo denied it: not\u{1b}[2J now".to_owned(),
        };
        Tally {
            asked: granted + refused,
            granted,
            used: 0,
            refused: (0..refused.min(20)).map(one).collect(),
            not_granted: refused,
        }
    }

    fn code(status: &Status) -> Option<u8> {
        match status {
            Status::Code(code) => Some(*code),
            Status::Signal(_) => None,
        }
    }

    #[test]
    fn a_person_is_told_all_and_a_script_what_was_not_granted() {
        let lines = |tally: &Tally, manner| of(tally, manner, Status::Code(0)).0;
        let script = Manner { talks: false, ..manner() };
        assert_eq!(lines(&tally(0, 0), manner()), [""; 0]);
        assert_eq!(
            lines(&Tally { used: 2, ..tally(1, 0) }, manner()),
            ["hoop-run: 1 approval: granted (used 2 times more)"]
        );
        assert_eq!(lines(&tally(3, 0), manner()), ["hoop-run: 3 approvals: all granted"]);
        assert_eq!(lines(&tally(3, 0), script), [""; 0]);
        let wanted = [
            "hoop-run: 2 approvals: 1 granted, 1 not:",
            "  s3:DeleteBucket on arn:aws:s3:::b0: bo denied it: not\\e[2J now",
        ];
        assert_eq!(lines(&tally(1, 1), script), wanted);
        assert_eq!(lines(&tally(1, 1), Manner { is_quiet: true, ..script }), [""; 0]);
        let mut twice = tally(0, 2);
        twice.refused[1] = twice.refused[0].clone();
        assert!(lines(&twice, script)[1].ends_with("now (2 times)"));
        let many = lines(&tally(0, 40), script);
        assert_eq!(many.len(), 7);
        let last = "  and 35 more: hoopctl approvals log --session 01K";
        assert!(many[6].starts_with(last), "{many:?}");
    }

    #[test]
    fn a_success_that_was_not_approved_is_none_where_that_was_asked_for() {
        let strict = Manner { is_strict: true, is_quiet: true, talks: false, ..manner() };
        let (lines, status) = of(&tally(1, 1), strict, Status::Code(0));
        assert_eq!(code(&status), Some(123));
        assert_eq!(lines.len(), 3);
        assert!(lines[2].contains("ends with 123"), "{lines:?}");
        for (tally, manner, before) in [
            (tally(1, 0), strict, 0),
            (tally(1, 1), Manner { is_strict: false, ..strict }, 0),
            (tally(0, 1), strict, 4),
        ] {
            assert_eq!(code(&of(&tally, manner, Status::Code(before)).1), Some(before));
        }
    }
}
