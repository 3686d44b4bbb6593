//! Whether one call fits a query: for exports, which have the calls of a session and not the index.

use super::Node;
use super::Query;
use super::Term;
use super::fields::About;
use super::fields::Field;
use super::value::Test;

/// What is known of a call, as the index knows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallFacts<'a> {
    /// Service.
    pub service: &'a str,
    /// IAM action.
    pub action: &'a str,
    /// Access level.
    pub access: &'a str,
    /// What it is about.
    pub resources: &'a [String],
    /// Account.
    pub account: Option<&'a str>,
    /// Region.
    pub region: &'a str,
    /// The decision.
    pub effect: Option<&'a str>,
    /// The rule behind it.
    pub rule: Option<&'a str>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Error code.
    pub error: Option<&'a str>,
}

impl Query {
    /// Whether a call is one of those that the query is about: every condition about calls that must hold does.
    /// Conditions about other things say which sessions, not which calls; they are passed over.
    #[must_use]
    pub fn fits_call(&self, facts: &CallFacts<'_>) -> bool {
        self.node.as_ref().and_then(|node| call(node, facts)).unwrap_or(true)
    }

    /// Whether anything in it is about calls.
    #[must_use]
    pub fn is_about_calls(&self) -> bool {
        let mut is = false;
        if let Some(node) = &self.node {
            node.leaves(false, &mut |leaf, _| {
                is |= matches!(leaf, Node::Field(term) if term.field.info().about == About::Call);
            });
        }
        is
    }
}

/// None where nothing is said of calls.
fn call(node: &Node, facts: &CallFacts<'_>) -> Option<bool> {
    match node {
        Node::All(nodes) => {
            nodes.iter().filter_map(|node| call(node, facts)).reduce(|one, other| one && other)
        }
        // What is said of something else may be what holds: then every call counts.
        Node::Any(nodes) => {
            nodes.iter().map(|node| call(node, facts)).reduce(|one, other| Some(one? || other?)).flatten()
        }
        Node::Not(node) => call(node, facts).map(|fits| !fits),
        Node::Text(_) => None,
        Node::Field(term) => term_fits(term, facts),
    }
}

fn term_fits(term: &Term, facts: &CallFacts<'_>) -> Option<bool> {
    let is = |text: Option<&str>| {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return false };
        match &term.test {
            Test::Is(pattern) => pattern.is(text),
            Test::Has(pattern) => pattern.has(text),
            Test::Word(word) => *word == text,
            _ => false,
        }
    };
    let fits = match term.field {
        Field::Service => is(Some(facts.service)),
        Field::Action => is(Some(facts.action)),
        Field::Access => is(Some(facts.access)),
        Field::Resource => facts.resources.iter().any(|resource| is(Some(resource))),
        Field::Account => is(facts.account),
        Field::Region => is(Some(facts.region)),
        Field::Decision => is(facts.effect),
        Field::Rule => is(facts.rule),
        Field::Error => is(facts.error),
        Field::Status => match (&term.test, facts.status) {
            (Test::Within(bounds), Some(status)) => bounds.hold(i64::from(status)),
            _ => false,
        },
        _ => return None,
    };
    Some(fits)
}

#[cfg(test)]
mod tests {
    use super::super::Now;
    use super::super::parse;
    use super::*;

    #[test]
    fn a_call_fits_or_not() {
        let resources = ["arn:aws:s3:::reports/july.csv".to_owned()];
        let facts = CallFacts {
            service: "s3",
            action: "s3:GetObject",
            access: "read",
            resources: &resources,
            effect: Some("deny"),
            status: Some(403),
            ..CallFacts::default()
        };
        let now = Now { unix_micros: 0, zone: jiff::tz::TimeZone::UTC };
        for (text, wanted) in [
            ("", true),
            ("user:ana some words", true),
            ("action:S3:get*", true),
            ("action:s3:get", false),
            ("resource:JULY*csv", true),
            ("status:4xx decision:deny", true),
            ("not status:4xx", false),
            ("status:200 or decision:deny", true),
            ("status:200 or user:ana", true),
            ("status:200 or decision:allow", false),
            ("account:*", false),
            ("account:1 user:ana", false),
        ] {
            assert_eq!(parse(text, &now).unwrap().fits_call(&facts), wanted, "{text}");
        }
    }
}
