//! Queries as people give them to subcommands, and conditions on commands and approvals as they stand in options.

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;

use crate::config::duration;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::query;
use crate::query::Bounds;
use crate::query::Field;
use crate::query::Node;
use crate::query::Now;
use crate::query::Query;
use crate::query::Test;
use crate::store::ApprovalFilter;
use crate::store::Became;
use crate::store::CommandFilter;
use crate::store::ExitFilter;
use crate::store::Length;
use crate::types::Micros;

/// Understands a query of the command line.
pub fn query(text: &str, now: &Now) -> Result<Query> {
    query::parse(text, now).map_err(|trouble| {
        let error = Error::new(Kind::Usage, "cannot understand the query").why(format!(
            "{} {}",
            trouble.pointed(text),
            trouble.why
        ));
        match trouble.fix.as_str() {
            "" => error,
            fix => error.fix(fix),
        }
    })
}

/// A query that is about commands or questions to people alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Words that their lines must have.
    pub words: String,
    /// Conditions on commands; with those on approvals: on the command behind the call.
    pub commands: Option<CommandFilter>,
    /// Conditions on approvals.
    pub approvals: Option<ApprovalFilter>,
}

/// The query as such conditions; none when it asks for more.
pub fn of(query: &Query) -> Option<Conditions> {
    let nodes = match query.node.as_ref()? {
        Node::All(nodes) => nodes.as_slice(),
        node => std::slice::from_ref(node),
    };
    let (mut commands, mut approvals) = (CommandFilter::default(), ApprovalFilter::default());
    let mut words = Vec::new();
    for node in nodes {
        let term = match node {
            Node::Field(term) => term,
            Node::Text(text) => {
                words.push(format!("\"{}{}\"", text.words, if text.is_prefix { "*" } else { "" }));
                continue;
            }
            _ => return None,
        };
        match (term.field, &term.test) {
            (Field::Exit, Test::Other(0)) if commands.exit.is_none() => {
                commands.exit = Some(ExitFilter::Failed);
            }
            (Field::Exit, Test::Within(Bounds { low: Some(low), high: Some(high) }))
                if low == high && commands.exit.is_none() =>
            {
                commands.exit = Some(ExitFilter::Status(i32::try_from(*low).ok()?));
            }
            (Field::Took, Test::Within(Bounds { low, high })) => {
                let length =
                    |at: i64| Length { than: Micros(u64::try_from(at).unwrap_or(0)), or_equal: true };
                if low.is_some() && commands.longer.is_some() || high.is_some() && commands.shorter.is_some()
                {
                    return None;
                }
                commands.longer = low.map(length).or(commands.longer);
                commands.shorter = high.map(length).or(commands.shorter);
            }
            (Field::Command, Test::Has(part)) => commands.parts.push(part.0.clone()),
            (Field::Approval, Test::Word(word)) => approvals.became.push(became(word).ok()?),
            (Field::Approver, Test::Is(name)) => approvals.approvers.push(name.0.clone()),
            _ => return None,
        }
    }
    let commands = (commands != CommandFilter::default()).then_some(commands);
    let approvals = (approvals != ApprovalFilter::default()).then_some(approvals);
    (commands.is_some() || approvals.is_some()).then(|| Conditions {
        words: words.join(" "),
        commands,
        approvals,
    })
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

    fn found(text: &str) -> Option<Conditions> {
        let now = Now { unix_micros: 1_763_726_400_000_000, zone: jiff::tz::TimeZone::UTC };
        of(&query::parse(text, &now).unwrap())
    }

    #[test]
    fn a_query_about_commands_or_approvals_alone_is_told_from_others() {
        let conditions = found("reports exit:1 took:>5s command:\"git push\" \"exit:2 now\"").unwrap();
        assert_eq!(conditions.words, "\"reports\" \"exit:2 now\"");
        assert_eq!(conditions.approvals, None);
        let filter = conditions.commands.unwrap();
        assert_eq!(filter.exit, Some(ExitFilter::Status(1)));
        assert_eq!(filter.longer, Some(Length { than: Micros(5_000_001), or_equal: true }));
        assert_eq!(filter.parts, ["git push"]);
        let conditions =
            found("ticket* approval:denied approval:expired approver:ana approver:\"bo b\" command:make");
        let conditions = conditions.unwrap();
        assert_eq!(conditions.words, "\"ticket*\"");
        let filter = conditions.approvals.unwrap();
        assert_eq!(filter.became, [Became::Denied, Became::Expired]);
        assert_eq!(filter.approvers, ["ana", "bo b"]);
        assert_eq!(conditions.commands.unwrap().parts, ["make"]);
        for other in [
            "",
            "words only",
            "exit:1 user:ana",
            "exit:1 or took:>5s",
            "not exit:1",
            "exit:1..5",
            "exit:1 exit:2",
        ] {
            assert_eq!(found(other), None, "{other}");
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
            assert_eq!(fits(&found(query).unwrap().commands.unwrap(), &facts), wanted, "{query}");
        }
    }
}
