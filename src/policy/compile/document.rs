//! One statement of an IAM policy, and the document made of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::pattern;
use crate::policy::statement::Patterns;

/// Which actions. All names are in lower case: IAM does not mind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Acts {
    All,
    Only(BTreeSet<String>),
    Not(BTreeSet<String>),
}

/// Operator, key, values.
pub(super) type Conditions = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// One statement without its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub acts: Acts,
    /// `None`: every resource.
    pub resources: Option<Patterns>,
    pub conditions: Conditions,
}

/// Answers quickly whether a long list matches.
pub(super) struct Matcher<'a> {
    acts: &'a Acts,
    wild: Vec<&'a str>,
}

impl Matcher<'_> {
    pub(super) fn matches(&self, lower_action: &str) -> bool {
        let any = |set: &BTreeSet<String>| {
            set.contains(lower_action) || self.wild.iter().any(|it| pattern::matches(it, lower_action))
        };
        match self.acts {
            Acts::All => true,
            Acts::Only(set) => any(set),
            Acts::Not(set) => !any(set),
        }
    }
}

impl Acts {
    pub(super) fn matcher(&self) -> Matcher<'_> {
        let wild = match self {
            Self::All => Vec::new(),
            Self::Only(set) | Self::Not(set) => {
                set.iter().map(String::as_str).filter(|it| pattern::is_pattern(it)).collect()
            }
        };
        Matcher { acts: self, wild }
    }

    /// A list without what another pattern of it covers.
    pub(super) fn pruned(set: &BTreeSet<String>) -> BTreeSet<String> {
        let wild: Vec<&String> = set.iter().filter(|it| pattern::is_pattern(it)).collect();
        let covered = |name: &String| wild.iter().any(|it| *it != name && pattern::covers(it, name));
        set.iter().filter(|name| !covered(name)).cloned().collect()
    }
}

impl Row {
    pub(super) fn new(acts: Acts) -> Self {
        Self { acts, resources: None, conditions: Conditions::new() }
    }

    /// Whether it is about these actions whatever the resource and the circumstances.
    pub(super) fn is_plain(&self) -> bool {
        self.resources.is_none() && self.conditions.is_empty()
    }

    fn json(&self, effect: &str, direct_only: bool) -> Value {
        let mut statement = Map::new();
        statement.insert("Effect".to_owned(), json!(effect));
        let (key, value) = match &self.acts {
            Acts::All => ("Action", json!("*")),
            Acts::Only(set) => ("Action", list(set.iter())),
            Acts::Not(set) => ("NotAction", list(set.iter())),
        };
        statement.insert(key.to_owned(), value);
        let (key, value) = match &self.resources {
            None => ("Resource", json!("*")),
            Some(patterns) if patterns.inverted => ("NotResource", list(patterns.list.iter())),
            Some(patterns) => ("Resource", list(patterns.list.iter())),
        };
        statement.insert(key.to_owned(), value);
        let mut conditions = self.conditions.clone();
        if direct_only {
            let via = [("aws:ViaAWSService".to_owned(), vec!["false".to_owned()])];
            conditions.entry("Bool".to_owned()).or_default().extend(via);
        }
        if !conditions.is_empty() {
            let keys = |keys: &BTreeMap<String, Vec<String>>| -> Map<String, Value> {
                keys.iter().map(|(key, values)| (key.clone(), list(values.iter()))).collect()
            };
            let table: Map<String, Value> =
                conditions.iter().map(|(operator, inner)| (operator.clone(), keys(inner).into())).collect();
            statement.insert("Condition".to_owned(), table.into());
        }
        statement.into()
    }
}

/// One value stands alone, as IAM allows: it is shorter.
fn list<'a>(values: impl ExactSizeIterator<Item = &'a String>) -> Value {
    let mut values: Vec<Value> = values.map(|value| json!(value)).collect();
    if values.len() == 1 { values.swap_remove(0) } else { values.into() }
}

/// The document. What AWS services do in the caller's name as part of a call that passed (decrypting an object that is read)
/// is not refused: hoop sees the call, and not them.
pub(super) fn document(allow: &[Row], deny: &[Row]) -> String {
    let mut statements: Vec<Value> = allow.iter().map(|row| row.json("Allow", false)).collect();
    if !allow.iter().any(|row| row.acts == Acts::All && row.is_plain()) {
        let mut via = Row::new(Acts::All);
        let truth = [("aws:ViaAWSService".to_owned(), vec!["true".to_owned()])];
        via.conditions.insert("Bool".to_owned(), truth.into());
        statements.push(via.json("Allow", false));
    }
    statements.extend(deny.iter().map(|row| row.json("Deny", true)));
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// The length as STS counts it.
pub(super) fn length(allow: &[Row], deny: &[Row]) -> usize {
    document(allow, deny).chars().count()
}
