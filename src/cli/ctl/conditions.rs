//! Conditions on commands, as they stand in a search (`exit:1 took:>5s command:make`) and in options.

use crate::config::duration;
use crate::store::CommandFilter;
use crate::store::ExitFilter;
use crate::store::Length;
use crate::types::Micros;

/// What a query says of commands, and the words that are left; what is wrong with it in words.
///
/// A condition is `name:value` outside quotes; its value may be in quotes: `command:"git push"`.
pub fn split(query: &str) -> Result<(String, Option<CommandFilter>), String> {
    let mut filter = CommandFilter::default();
    let mut words = Vec::new();
    for part in parts(query) {
        let condition = part.split_once(':').filter(|(name, _)| ["exit", "took", "command"].contains(name));
        let Some((name, value)) = condition else {
            words.push(part);
            continue;
        };
        let value = value.trim_matches('"');
        match name {
            "exit" => filter.exit = Some(exit(value)?),
            "took" => add_took(&mut filter, took(value)?),
            _ if value.trim_matches('*').is_empty() => {
                return Err("`command:` needs a part of a command line".to_owned());
            }
            _ => filter.parts.push(value.to_owned()),
        }
    }
    let filter = (filter != CommandFilter::default()).then_some(filter);
    Ok((words.join(" "), filter))
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
        let (words, filter) = split("reports exit:1 took:>5s command:\"git push\" \"exit:2 now\"").unwrap();
        assert_eq!(words, "reports \"exit:2 now\"");
        let filter = filter.unwrap();
        assert_eq!(filter.exit, Some(ExitFilter::Status(1)));
        assert_eq!(filter.longer, Some(Length { than: Micros(5_000_000), or_equal: false }));
        assert_eq!(filter.parts, ["git push"]);
        assert_eq!(split("s3:GetObject deny*").unwrap(), ("s3:GetObject deny*".to_owned(), None));
        assert_eq!(split("exit:!0 took:<=1m").unwrap().1.unwrap().exit, Some(ExitFilter::Failed));
        for wrong in ["exit:x", "exit:-1", "took:>5", "took:soon", "command:", "command:**"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
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
            assert_eq!(fits(&split(query).unwrap().1.unwrap(), &facts), wanted, "{query}");
        }
    }
}
