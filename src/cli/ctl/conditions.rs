//! Conditions on commands and approvals, as they stand in a search (`exit:1 took:>5s command:make`,
//! `approval:denied approver:ana`) and in options.

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;

use crate::config::duration;
use crate::store::ApprovalFilter;
use crate::store::Became;
use crate::store::CommandFilter;
use crate::store::ExitFilter;
use crate::store::Length;
use crate::types::Micros;

/// Names of conditions.
const NAMES: [&str; 5] = ["exit", "took", "command", "approval", "approver"];

/// What a query asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The words that are left.
    pub words: String,
    /// Conditions on commands; with those on approvals: on the command behind the call.
    pub commands: Option<CommandFilter>,
    /// Conditions on approvals.
    pub approvals: Option<ApprovalFilter>,
}

/// Takes a query apart; what is wrong with it in words.
///
/// A condition is `name:value` outside quotes; its value may be in quotes: `command:"git push"`.
pub fn split(query: &str) -> Result<Conditions, String> {
    let (mut commands, mut approvals) = (CommandFilter::default(), ApprovalFilter::default());
    let mut words = Vec::new();
    for part in parts(query) {
        let condition = part.split_once(':').filter(|(name, _)| NAMES.contains(name));
        let Some((name, value)) = condition else {
            words.push(part);
            continue;
        };
        let value = value.trim_matches('"');
        match name {
            "exit" => commands.exit = Some(exit(value)?),
            "took" => add_took(&mut commands, took(value)?),
            "approval" => approvals.became.push(became(value)?),
            "command" if value.trim_matches('*').is_empty() => {
                return Err("`command:` needs a part of a command line".to_owned());
            }
            "command" => commands.parts.push(value.to_owned()),
            _ if value.is_empty() => return Err("`approver:` needs a name".to_owned()),
            _ => approvals.approvers.push(value.to_owned()),
        }
    }
    let commands = (commands != CommandFilter::default()).then_some(commands);
    let approvals = (approvals != ApprovalFilter::default()).then_some(approvals);
    Ok(Conditions { words: words.join(" "), commands, approvals })
}

/// What became of a question: `granted`, `denied` …
pub fn became(text: &str) -> Result<Became, String> {
    Became::ALL.into_iter().find(|became| became.as_str() == text).ok_or_else(|| {
        let known: Vec<&str> = Became::ALL.iter().map(|became| became.as_str()).collect();
        format!("`{}` is no answer to a question: write one of {}", text.escape_debug(), known.join(", "))
    })
}

/// The same for options: shells complete the words.
pub fn answers() -> impl TypedValueParser<Value = Became> {
    PossibleValuesParser::new(Became::ALL.map(Became::as_str)).try_map(|text| became(&text))
}

/// Split at spaces that do not stand in quotes.
fn parts(query: &str) -> Vec<&str> {
    let mut is_quoted = false;
    let is_space = |letter: char| {
        is_quoted ^= letter == '"';
        letter.is_whitespace() && !is_quoted
    };
    query.split(is_space).filter(|part| !part.is_empty()).collect()
}

/// `1`, or `!0` for everything but success.
pub fn exit(text: &str) -> Result<ExitFilter, String> {
    match (text, text.parse()) {
        ("!0", _) => Ok(ExitFilter::Failed),
        (_, Ok(status @ 0..=255)) => Ok(ExitFilter::Status(status)),
        _ => Err(format!(
            "`{}` is no exit status: write a number up to 255, or !0 for all but success",
            text.escape_debug()
        )),
    }
}

/// Which side of a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// Longer.
    Longer(Length),
    /// Shorter.
    Shorter(Length),
}

/// `>5s`, `<=100ms`; without a sign: that long or longer.
pub fn took(text: &str) -> Result<Took, String> {
    let (is_shorter, rest) = match (text.strip_prefix('<'), text.strip_prefix('>')) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => (false, text),
    };
    let length = rest.strip_prefix('=').filter(|_| rest.len() < text.len());
    let or_equal = length.is_some() || rest.len() == text.len();
    let than = duration::parse(length.unwrap_or(rest))
        .map_err(|why| format!("`{}`: a length of time {why}; write >5s or <100ms", text.escape_debug()))?;
    let length = Length { than: Micros::from(than), or_equal };
    Ok(if is_shorter { Took::Shorter(length) } else { Took::Longer(length) })
}

/// Adds a bound.
pub fn add_took(filter: &mut CommandFilter, took: Took) {
    match took {
        Took::Longer(length) => filter.longer = Some(length),
        Took::Shorter(length) => filter.shorter = Some(length),
    }
}

/// What is compared with a filter.
pub struct Facts<'a> {
    /// The command line.
    pub line: &'a str,
    /// Exit status.
    pub status: Option<i32>,
    /// Signal.
    pub signal: Option<i32>,
    /// How long it ran.
    pub took: Option<Micros>,
}

/// Whether a command fits, as the index would say.
pub fn fits(filter: &CommandFilter, facts: &Facts<'_>) -> bool {
    let exit = match filter.exit {
        None => true,
        Some(ExitFilter::Status(status)) => facts.status == Some(status),
        Some(ExitFilter::Failed) => facts.signal.is_some() || facts.status.is_some_and(|status| status != 0),
    };
    let longer = |bound: Length| {
        facts.took.is_some_and(|took| took > bound.than || bound.or_equal && took == bound.than)
    };
    let shorter = |bound: Length| {
        facts.took.is_some_and(|took| took < bound.than || bound.or_equal && took == bound.than)
    };
    exit && filter.longer.is_none_or(longer)
        && filter.shorter.is_none_or(shorter)
        && filter.parts.iter().all(|part| holds(facts.line, part))
}

/// Whether `line` holds `part`, in letters of either case; `*` stands for anything.
fn holds(line: &str, part: &str) -> bool {
    let line = line.to_lowercase();
    let mut rest = line.as_str();
    part.to_lowercase().split('*').all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_told_from_words() {
        let found = split("reports exit:1 took:>5s command:\"git push\" \"exit:2 now\"").unwrap();
        assert_eq!(found.words, "reports \"exit:2 now\"");
        assert_eq!(found.approvals, None);
        let filter = found.commands.unwrap();
        assert_eq!(filter.exit, Some(ExitFilter::Status(1)));
        assert_eq!(filter.longer, Some(Length { than: Micros(5_000_000), or_equal: false }));
        assert_eq!(filter.parts, ["git push"]);
        let plain = Conditions { words: "s3:GetObject deny*".to_owned(), ..Conditions::default() };
        assert_eq!(split("s3:GetObject deny*").unwrap(), plain);
        assert_eq!(split("exit:!0 took:<=1m").unwrap().commands.unwrap().exit, Some(ExitFilter::Failed));
        let wrong = "exit:x exit:-1 took:>5 took:soon command: command:** approval: approval:yes approver:";
        for wrong in wrong.split(' ') {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn conditions_on_approvals_are_taken_together() {
        let query = "ticket approval:denied approval:expired approver:ana approver:\"bo b\" command:make";
        let found = split(query).unwrap();
        assert_eq!(found.words, "ticket");
        let filter = found.approvals.unwrap();
        assert_eq!(filter.became, [Became::Denied, Became::Expired]);
        assert_eq!(filter.approvers, ["ana", "bo b"]);
        assert_eq!(found.commands.unwrap().parts, ["make"]);
        let why = split("approval:yes").unwrap_err();
        assert!(why.contains("granted, denied, expired, nobody, withdrawn, used, waiting"), "{why}");
    }

    #[test]
    fn a_command_fits_or_not() {
        let facts = Facts {
            line: "Git push --force origin",
            status: Some(1),
            signal: None,
            took: Some(Micros(2_000_000)),
        };
        for (query, wanted) in [
            ("exit:1", true),
            ("exit:0", false),
            ("exit:!0", true),
            ("took:2s", true),
            ("took:>2s", false),
            ("took:<2s", false),
            ("took:<=2s", true),
            ("command:PUSH", true),
            ("command:push*origin", true),
            ("command:origin*push", false),
        ] {
            assert_eq!(fits(&split(query).unwrap().commands.unwrap(), &facts), wanted, "{query}");
        }
    }
}
