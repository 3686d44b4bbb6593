//! Why a call is decided as it is: every statement of every layer, and what made it match or not.

use crate::config::diagnostic::shown;
use crate::policy::condition::Condition;
use crate::policy::decide::pairs;
use crate::policy::decision::Decision;
use crate::policy::key::Key;
use crate::policy::model::Policy;
use crate::policy::request::Request;
use crate::policy::set::PolicySet;
use crate::policy::statement::Mismatch;
use crate::policy::statement::Patterns;
use crate::policy::statement::Statement;
use crate::types::Effect;

/// Values of a condition key that are shown.
const VALUES_SHOWN: usize = 5;

/// The verdict of a set on a call and how it came about.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What the whole set says.
    pub decision: Decision,
    /// What each layer says.
    pub layers: Vec<LayerExplanation>,
}

/// The verdict of one policy and how it came about.
#[derive(Clone, Debug)]
pub struct LayerExplanation {
    /// The policy.
    pub origin: String,
    /// What it says.
    pub decision: Decision,
    /// Its statements in their order.
    pub statements: Vec<Trace>,
}

/// One statement's part in a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its `sid`, if it has one.
    pub sid: Option<String>,
    /// Where it stands.
    pub origin: String,
    /// What it says where it matches.
    pub effect: Effect,
    /// Whether it matches.
    pub matched: bool,
    /// Why, or why not, in a few words.
    pub why: String,
}

impl PolicySet {
    /// As [`PolicySet::decide`], with reasons.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>) -> Explanation {
        let layers = self.layers().iter().map(|policy| LayerExplanation {
            origin: policy.origin.clone(),
            decision: policy.decide(request),
            statements: policy.statements.iter().map(|statement| trace(policy, statement, request)).collect(),
        });
        Explanation { decision: self.decide(request), layers: layers.collect() }
    }
}

fn trace(policy: &Policy, statement: &Statement, request: &Request<'_>) -> Trace {
    let statement = &*statement.expanded(request);
    let mut first_mismatch: Option<String> = None;
    let mut fitting: Option<String> = None;
    pairs(request, |pair| {
        if fitting.is_some() {
            return;
        }
        match statement.fits(&pair) {
            Ok(()) => {
                fitting =
                    Some(format!("{} on {}", pair.action, pair.resource.unwrap_or("an unknown resource")))
            }
            Err(mismatch) => {
                first_mismatch.get_or_insert_with(|| match mismatch {
                    Mismatch::Action => {
                        format!("its actions are {}", listed(statement.actions.as_ref()))
                    }
                    Mismatch::Unidentified => {
                        "the operation is not known, and nothing unknown is allowed".to_owned()
                    }
                    Mismatch::Access => {
                        let wanted: Vec<&str> = statement.access.iter().map(|level| level.as_str()).collect();
                        format!("it is about {}, {} is {}", wanted.join(", "), pair.action, pair.access)
                    }
                    Mismatch::Resource => format!(
                        "its resources are {}, not {}",
                        listed(statement.resources.as_ref()),
                        shown(pair.resource.unwrap_or("one that cannot be told"))
                    ),
                    Mismatch::Principal(_) | Mismatch::Condition(_) => String::new(),
                });
            }
        }
    });
    let (matched, why) = match (fitting, statement.concerns(request)) {
        (None, _) => (false, first_mismatch.unwrap_or_default()),
        (Some(_), Err(Mismatch::Principal(kind))) => (false, format!("it is about another {kind}")),
        (Some(_), Err(Mismatch::Condition(index))) => {
            let why = statement.conditions.get(index).map(|it| condition(it, request)).unwrap_or_default();
            (false, why)
        }
        (Some(what), _) => (true, what),
    };
    Trace {
        sid: statement.sid.clone(),
        origin: format!("{}:{}", policy.origin, statement.line),
        effect: statement.effect,
        matched,
        why,
    }
}

fn listed(patterns: Option<&Patterns>) -> String {
    let Some(patterns) = patterns else { return "all".to_owned() };
    let mut words: Vec<String> = patterns.list.iter().take(VALUES_SHOWN).map(|word| shown(word)).collect();
    if patterns.list.len() > VALUES_SHOWN {
        words.push(format!("{} more", patterns.list.len() - VALUES_SHOWN));
    }
    let list = words.join(", ");
    if patterns.inverted { format!("all but {list}") } else { list }
}

fn condition(condition: &Condition, request: &Request<'_>) -> String {
    let found = match condition.key.values(request) {
        None if condition.key == Key::Foreign => "only AWS knows its value".to_owned(),
        None => "its value cannot be told".to_owned(),
        Some(values) => {
            let known: Vec<String> =
                values.iter().flatten().take(VALUES_SHOWN).map(|value| shown(value)).collect();
            if known.is_empty() {
                "it is not there".to_owned()
            } else {
                format!("it is {}", known.join(", "))
            }
        }
    };
    format!(
        "its condition {} on {} does not hold: {found}",
        condition.operator_text,
        shown(&condition.key_text)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::request::Principal;
    use crate::types::AccessLevel;

    #[test]
    fn every_statement_says_why() {
        let policy = Policy::parse(
            "version = 1\n[[statement]]\nsid = \"a\"\neffect = \"allow\"\naction = \"s3:Get*\"\nresource = \"arn:aws:s3:::b/*\"\n\
             [[statement]]\neffect = \"deny\"\naction = \"ec2:*\"\n[[statement]]\neffect = \"ask\"\naccess = \"write\"\n\
             [[statement]]\neffect = \"deny\"\naction = \"*\"\nresource = \"arn:aws:s3:::c/*\"\n[[statement]]\neffect = \"deny\"\n\
             action = \"*\"\ncondition = { StringEquals = { \"param:Key\" = \"x\" } }\n[[statement]]\neffect = \"deny\"\naction = \"*\"\n\
             principal = { group = \"interns\" }\n",
            "p.toml",
        )
        .unwrap();
        let principal =
            Principal { user: "ana".to_owned(), groups: vec!["data".to_owned()], ..Principal::default() };
        let resources = ["arn:aws:s3:::b/k".to_owned()];
        let params = json!({"Key": "k"});
        let mut request = Request::new("s3:GetObject", AccessLevel::Read, &principal);
        request.resources = &resources;
        request.params = &params;
        let explanation = PolicySet::new(vec![policy]).explain(&request);
        assert_eq!(explanation.decision.effect, Effect::Allow);
        let lines: Vec<String> = explanation.layers[0]
            .statements
            .iter()
            .map(|trace| format!("{} {} {}: {}", trace.origin, trace.effect, trace.matched, trace.why))
            .collect();
        assert_eq!(
            lines,
            [
                "p.toml:2 allow true: s3:GetObject on arn:aws:s3:::b/k",
                "p.toml:7 deny false: its actions are ec2:*",
                "p.toml:10 ask false: it is about write, s3:GetObject is read",
                "p.toml:13 deny false: its resources are arn:aws:s3:::c/*, not arn:aws:s3:::b/k",
                "p.toml:17 deny false: its condition StringEquals on param:Key does not hold: it is k",
                "p.toml:21 deny false: it is about another group",
            ]
        );
    }
}
