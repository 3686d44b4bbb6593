//! One condition of a statement, and whether a call fulfils it.

use crate::policy::key::Key;
use crate::policy::operator::Operator;
use crate::policy::operator::Quantity;
use crate::policy::operator::Test;
use crate::policy::operator::truth;
use crate::policy::request::Request;
use crate::policy::variables;
use crate::policy::variables::Expanded;
use crate::types::Effect;

/// `StringEquals = { "param:BucketName" = ["a", "b"] }`: one key of one operator. The values are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// How the values are compared.
    pub operator: Operator,
    /// The operator as it is written.
    pub operator_text: String,
    /// What they are compared with.
    pub key: Key,
    /// The key as it is written.
    pub key_text: String,
    /// The values.
    pub values: Vec<String>,
}

impl Condition {
    /// Whether the call fulfils the condition of a rule with this effect.
    ///
    /// What cannot be known (a key only AWS knows, parameters that could not be read, a value that cannot be compared)
    /// counts as fulfilled where the rule denies or asks, and as not fulfilled where it allows.
    #[must_use]
    pub fn holds(&self, request: &Request<'_>, effect: Effect) -> bool {
        self.verdict(request, effect).unwrap_or(effect != Effect::Allow)
    }

    /// As [`Condition::holds`]; `None` where it cannot be known.
    #[must_use]
    pub fn verdict(&self, request: &Request<'_>, effect: Effect) -> Option<bool> {
        let mut values = self.key.values(request)?;
        if self.operator.quantity != Quantity::ByEffect {
            values.retain(Option::is_some);
            if values.is_empty() {
                return Some(self.operator.quantity == Quantity::All || self.operator.if_exists);
            }
        } else if values.is_empty() {
            values.push(None);
        }
        let verdicts = values.iter().map(|value| self.value_fits(value.as_deref(), request));
        let all_must = match self.operator.quantity {
            Quantity::All => true,
            Quantity::Any => false,
            Quantity::ByEffect => effect == Effect::Allow,
        };
        if all_must { all(verdicts) } else { any(verdicts) }
    }

    fn value_fits(&self, value: Option<&str>, request: &Request<'_>) -> Option<bool> {
        if self.operator.test == Test::Absent {
            return Some(self.values.iter().any(|wanted| truth(wanted) == Some(value.is_none())));
        }
        let Some(found) = value else { return Some(self.operator.negated || self.operator.if_exists) };
        let is_pattern = matches!(self.operator.test, Test::TextLike | Test::Arn);
        let fits =
            any(self.values.iter().map(|wanted| match variables::expand(wanted, request, is_pattern) {
                Expanded::Text(wanted) => self.operator.test.fits(&wanted, found),
                Expanded::Absent => Some(false),
                Expanded::Unknown => None,
            }))?;
        Some(fits != self.operator.negated)
    }
}

/// True if one is true; unknown if one is unknown and none true.
fn any(verdicts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut outcome = Some(false);
    for verdict in verdicts {
        match verdict {
            Some(true) => return Some(true),
            Some(false) => {}
            None => outcome = None,
        }
    }
    outcome
}

/// False if one is false; unknown if one is unknown and none false.
fn all(verdicts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any(verdicts.map(|verdict| verdict.map(|verdict| !verdict))).map(|some_false| !some_false)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::policy::request::Principal;
    use crate::types::AccessLevel;

    fn holds(operator: &str, key: &str, values: &[&str], params: &Value, effect: Effect) -> bool {
        let condition = Condition {
            operator: Operator::parse(operator).unwrap(),
            operator_text: operator.to_owned(),
            key: Key::parse(key).unwrap(),
            key_text: key.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let principal = Principal {
            user: "ana".to_owned(),
            groups: vec!["data".to_owned(), "security".to_owned()],
            agent: None,
            host: "h".to_owned(),
            ..Principal::default()
        };
        let mut request = Request::new("s3:PutObject", AccessLevel::Write, &principal);
        request.params = params;
        request.region = "eu-west-1";
        request.now = 1_767_225_600;
        condition.holds(&request, effect)
    }

    #[test]
    fn conditions_hold_as_the_table_says() {
        let params = json!({"Name": "x", "Many": ["x", "y"], "Count": 12, "Ranges": [{"Ip": "10.0.0.1"}, {}], "Deep": {}});
        // operator, key, values, holds for allow, holds for deny
        for (operator, key, values, allow, deny) in [
            ("StringEquals", "param:Name", &["x"][..], true, true),
            ("StringEquals", "param:Name", &["a", "x"], true, true),
            ("StringEquals", "param:Name", &["a"], false, false),
            ("StringNotEquals", "param:Name", &["a", "b"], true, true),
            ("StringNotEquals", "param:Name", &["a", "x"], false, false),
            ("StringEquals", "param:Missing", &["x"], false, false),
            ("StringNotEquals", "param:Missing", &["x"], true, true),
            ("StringEqualsIfExists", "param:Missing", &["x"], true, true),
            ("Null", "param:Missing", &["true"], true, true),
            ("Null", "param:Name", &["true"], false, false),
            ("Null", "param:Name", &["false"], true, true),
            // Several values: one is enough to deny, all are needed to allow.
            ("StringEquals", "param:Many[]", &["x"], false, true),
            ("StringEquals", "param:Many", &["x", "y"], true, true),
            ("StringNotEquals", "param:Many", &["x"], false, true),
            ("ForAnyValue:StringEquals", "param:Many", &["x"], true, true),
            ("ForAllValues:StringEquals", "param:Many", &["x"], false, false),
            ("ForAllValues:StringEquals", "param:Missing", &["x"], true, true),
            ("ForAnyValue:StringEquals", "param:Missing", &["x"], false, false),
            ("ForAnyValue:StringEqualsIfExists", "param:Missing", &["x"], true, true),
            // An element without the member does not fit, so nothing is allowed for it.
            ("IpAddress", "param:Ranges[].Ip", &["10.0.0.0/8"], false, true),
            ("NumericGreaterThan", "param:Count", &["10"], true, true),
            ("NumericLessThan", "param:Count", &["10"], false, false),
            ("DateLessThan", "aws:CurrentTime", &["2026-06-01T00:00:00Z"], true, true),
            ("DateGreaterThan", "aws:CurrentTime", &["2026-06-01T00:00:00Z"], false, false),
            ("StringEquals", "aws:RequestedRegion", &["eu-west-1"], true, true),
            ("Bool", "aws:SecureTransport", &["false"], false, false),
            ("StringEquals", "hoop:User", &["ana"], true, true),
            ("ForAnyValue:StringEquals", "hoop:Group", &["security"], true, true),
            // What cannot be known fails closed.
            ("StringEquals", "hoop:Agent", &["claude"], false, true),
            ("StringEquals", "aws:SourceIp", &["x"], false, true),
            ("Null", "aws:MultiFactorAuthPresent", &["true"], false, true),
            ("StringEquals", "aws:PrincipalAccount", &["111122223333"], false, true),
            ("StringEquals", "hoop:AccessLevel", &["read"], false, false),
            ("NumericEquals", "param:Name", &["1"], false, true),
            ("StringEquals", "param:Deep", &["x"], false, true),
        ] {
            assert_eq!(
                holds(operator, key, values, &params, Effect::Allow),
                allow,
                "allow {operator} {key} {values:?}"
            );
            assert_eq!(
                holds(operator, key, values, &params, Effect::Deny),
                deny,
                "deny {operator} {key} {values:?}"
            );
            assert_eq!(
                holds(operator, key, values, &params, Effect::Ask),
                deny,
                "ask {operator} {key} {values:?}"
            );
        }
    }

    #[test]
    fn parameters_that_could_not_be_read_fail_closed() {
        assert!(!holds("StringNotEquals", "param:Name", &["a"], &Value::Null, Effect::Allow));
        assert!(holds("StringEquals", "param:Name", &["a"], &Value::Null, Effect::Deny));
    }
}
