//! The fields that can stand in a query: one table for parsing, help, completion and documentation.

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "FIELDS says what they are")]
pub enum Field {
    User,
    Group,
    Agent,
    Host,
    Session,
    Title,
    After,
    Before,
    Duration,
    Alert,
    Secret,
    Service,
    Action,
    Access,
    Resource,
    Account,
    Region,
    Decision,
    Rule,
    Status,
    Error,
    Command,
    Exit,
    Took,
    Approval,
    Approver,
}

/// What a field is about. Conditions about one thing that stand beside each other hold of the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// The session itself.
    Session,
    /// One AWS call.
    Call,
    /// One command.
    Command,
    /// One question to people.
    Question,
}

impl About {
    /// All of them, as help lists them.
    pub const ALL: [Self; 4] = [Self::Session, Self::Call, Self::Command, Self::Question];

    /// The heading of its fields.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Session => "Sessions",
            Self::Call => "AWS calls (beside each other: of the same call)",
            Self::Command => "Commands (beside each other: of the same command)",
            Self::Question => "Questions to people (beside each other: of the same question)",
        }
    }
}

/// How a field's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A text as a whole, letters of either case; `*` stands for anything.
    Name,
    /// A part of a text, the same otherwise.
    Part,
    /// The beginning of a text, or `last`.
    Id,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A number, a range of them, `>400`, `4xx`.
    Number,
    /// A number or a range; `!0` for all but that one.
    Exit,
    /// A length of time, a range of them, `>5m`.
    Length,
    /// A moment.
    Moment,
}

/// What is known of a field.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// The field.
    pub field: Field,
    /// Its name, without the colon.
    pub name: &'static str,
    /// What it is about.
    pub about: About,
    /// How its values are written.
    pub sort: Sort,
    /// What it means, in a phrase.
    pub help: &'static str,
    /// A value.
    pub example: &'static str,
    /// Values to offer where they are fixed, or where these are a good beginning.
    pub values: &'static [&'static str],
}

const fn info(
    field: Field,
    name: &'static str,
    about: About,
    sort: Sort,
    (help, example): (&'static str, &'static str),
) -> Info {
    let values: &[&str] = match sort {
        Sort::Word(words) => words,
        Sort::Moment => &["1h", "today", "yesterday", "2d", "1w", "30d"],
        Sort::Length => &[">1s", ">10s", ">1m", ">10m", ">1h"],
        Sort::Exit => &["!0", "0", "1", "2", "126", "127", "130"],
        Sort::Number => &["2xx", "4xx", "5xx", "403", "400..499", ">=500"],
        _ => &[],
    };
    Info { field, name, about, sort, help, example, values }
}

const ACCESS: &[&str] = &["list", "read", "write", "tagging", "permissions", "unknown"];
const DECISIONS: &[&str] = &["allow", "ask", "deny"];
const ANSWERS: &[&str] = &["granted", "denied", "expired", "nobody", "withdrawn", "used", "waiting"];

/// All fields, in the order in which help lists them.
pub const FIELDS: &[Info] = &[
    info(Field::User, "user", About::Session, Sort::Name, ("whose session it was", "user:ana")),
    info(Field::Group, "group", About::Session, Sort::Name, ("a group of that person", "group:sec*")),
    info(Field::Agent, "agent", About::Session, Sort::Name, ("the agent that ran", "agent:claude*")),
    info(Field::Host, "host", About::Session, Sort::Name, ("the machine", "host:ci-*")),
    info(
        Field::Session,
        "session",
        About::Session,
        Sort::Id,
        ("its id begins so, or `last`", "session:01KAHX"),
    ),
    info(
        Field::Title,
        "title",
        About::Session,
        Sort::Part,
        ("a part of its title or command", "title:deploy"),
    ),
    info(Field::After, "after", About::Session, Sort::Moment, ("it began at or after that", "after:2d")),
    info(
        Field::Before,
        "before",
        About::Session,
        Sort::Moment,
        ("it began before that", "before:2026-07-01"),
    ),
    info(Field::Duration, "duration", About::Session, Sort::Length, ("how long it took", "duration:>5m")),
    info(Field::Alert, "alert", About::Session, Sort::Name, ("an alert with that name", "alert:*")),
    info(
        Field::Secret,
        "secret",
        About::Session,
        Sort::Name,
        ("a secret that this rule masked", "secret:aws*"),
    ),
    info(Field::Service, "service", About::Call, Sort::Name, ("the AWS service", "service:s3")),
    info(Field::Action, "action", About::Call, Sort::Name, ("the IAM action", "action:s3:Delete*")),
    info(Field::Access, "access", About::Call, Sort::Word(ACCESS), ("what the action does", "access:write")),
    info(
        Field::Resource,
        "resource",
        About::Call,
        Sort::Part,
        ("a part of an ARN it is about", "resource:reports/*.csv"),
    ),
    info(Field::Account, "account", About::Call, Sort::Name, ("the account", "account:123456789012")),
    info(Field::Region, "region", About::Call, Sort::Name, ("the region", "region:eu-*")),
    info(
        Field::Decision,
        "decision",
        About::Call,
        Sort::Word(DECISIONS),
        ("what policy said", "decision:deny"),
    ),
    info(Field::Rule, "rule", About::Call, Sort::Name, ("the rule that decided", "rule:guarded*")),
    info(Field::Status, "status", About::Call, Sort::Number, ("the HTTP status", "status:400..499")),
    info(Field::Error, "error", About::Call, Sort::Name, ("the error code", "error:Throttling*")),
    info(
        Field::Command,
        "command",
        About::Command,
        Sort::Part,
        ("a part of the command line", "command:\"git push\""),
    ),
    info(
        Field::Exit,
        "exit",
        About::Command,
        Sort::Exit,
        ("its exit status; !0: failed or killed", "exit:!0"),
    ),
    info(Field::Took, "took", About::Command, Sort::Length, ("how long it ran", "took:>5s")),
    info(
        Field::Approval,
        "approval",
        About::Question,
        Sort::Word(ANSWERS),
        ("its end (twice: one of both)", "approval:denied"),
    ),
    info(
        Field::Approver,
        "approver",
        About::Question,
        Sort::Name,
        ("somebody who had a part in the answer", "approver:bo"),
    ),
];

impl Field {
    /// What is known of it.
    #[must_use]
    pub fn info(self) -> &'static Info {
        // The table holds every field: a test sees to it.
        FIELDS.iter().find(|info| info.field == self).unwrap_or(&FIELDS[0])
    }

    /// The field of that name, letters of either case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FIELDS.iter().find(|info| info.name.eq_ignore_ascii_case(name)).map(|info| info.field)
    }
}

/// The list of fields as `--help` shows it.
#[must_use]
pub fn help() -> String {
    let wide = FIELDS.iter().map(|info| info.example.len()).max().unwrap_or(0);
    let mut text = String::new();
    for about in About::ALL {
        text.push_str(&format!("{}:\n", about.heading()));
        for info in FIELDS.iter().filter(|info| info.about == about) {
            text.push_str(&format!("  {:wide$}  {}", info.example, info.help));
            if let Sort::Word(words) = info.sort {
                text.push_str(&format!(": {}", words.join(", ")));
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Now;
    use super::super::parse;
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name_and_its_example_is_understood() {
        let now = Now { unix_micros: 1_763_726_400_000_000, zone: jiff::tz::TimeZone::UTC };
        for info in FIELDS {
            assert_eq!(Field::named(info.name), Some(info.field));
            assert_eq!(info.field.info().name, info.name);
            assert!(info.example.starts_with(&format!("{}:", info.name)), "{}", info.example);
            parse(info.example, &now).unwrap();
            for value in info.values {
                parse(&format!("{}:{value}", info.name), &now).unwrap();
            }
        }
        assert!(help().lines().all(|line| line.chars().count() <= 140), "{}", help());
    }
}
