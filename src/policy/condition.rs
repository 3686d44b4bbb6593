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
        let quantity = self.operator.quantity;
        if quantity != Quantity::ByEffect {
            values.retain(Option::is_some);
            if values.is_empty() {
                // IAM's reference says that a key that is not there fits `…IfExists`, and that it does not fit `ForAnyValue:`.
                let is_unclear = quantity == Quantity::Any && self.operator.if_exists;
                return (!is_unclear).then_some(quantity == Quantity::All);
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
        let verdict = if all_must { all(verdicts) } else { any(verdicts) };
        if quantity != Quantity::ByEffect && values.iter().flatten().all(String::is_empty) {
            // An empty text is no value at all to IAM's set operators: all of none fit, and none does.
            return verdict.filter(|fits| *fits == (quantity == Quantity::All));
        }
        verdict
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
            ("ForAnyValue:StringEqualsIfExists", "param:Missing", &["x"], false, true),
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

    /// Every operator: what is written, a value that it names, and one that it does not.
    const SAMPLES: &[(&str, &str, &str, &str)] = &[
        ("StringEquals", "x", "x", "X"),
        ("StringEqualsIgnoreCase", "x", "X", "y"),
        ("StringLike", "a*c?", "abcd", "abc"),
        ("NumericEquals", "10", "10.0", "11"),
        ("NumericLessThan", "10", "9", "10"),
        ("NumericLessThanEquals", "10", "10", "10.5"),
        ("NumericGreaterThan", "10", "11", "10"),
        ("NumericGreaterThanEquals", "10", "10", "9"),
        ("DateEquals", "2026-01-01T00:00:00Z", "2026-01-01", "2026-01-02"),
        ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"),
        ("DateLessThanEquals", "2026-01-01T00:00:00Z", "1767225600", "1767225601"),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "1767225601", "1767225600"),
        ("DateGreaterThanEquals", "2026-01-01T00:00:00Z", "1767225600", "1767225599"),
        ("Bool", "true", "True", "false"),
        ("BinaryEquals", "aG9vcA==", "aG9vcA", "aG9vcQ=="),
        ("IpAddress", "2001:db8::/32", "2001:db8::9", "10.0.0.1"),
        ("ArnEquals", "arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"),
        ("ArnLike", "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/ab", "arn:aws:iam::1:role/b"),
        ("StringNotEquals", "x", "x", "X"),
        ("StringNotEqualsIgnoreCase", "x", "X", "y"),
        ("StringNotLike", "a*c?", "abcd", "abc"),
        ("NumericNotEquals", "10", "10.0", "11"),
        ("DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-01", "2026-01-02"),
        ("NotIpAddress", "2001:db8::/32", "2001:db8::9", "10.0.0.1"),
        ("ArnNotEquals", "arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"),
        ("ArnNotLike", "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/ab", "arn:aws:iam::1:role/b"),
    ];

    /// IAM's reference, by prefix and suffix. A column is what the key has in the call: nothing, an empty list, a value that is
    /// named (`y`), one that is not (`n`), `yy`, `yn`, `nn`. `?`: fits where the rule denies or asks, and not where it allows.
    const FORMS: &[(&str, &str, &str, &str)] = &[
        // prefix, suffix, operator that names, operator that excludes
        ("", "", "FFTFT?F", "TTFTF?T"),
        ("", "IfExists", "TTTFT?F", "TTFTF?T"),
        ("ForAnyValue:", "", "FFTFTTF", "FFFTFTT"),
        ("ForAnyValue:", "IfExists", "??TFTTF", "??FTFTT"),
        ("ForAllValues:", "", "TTTFTFF", "TTFTFFT"),
        ("ForAllValues:", "IfExists", "TTTFTFF", "TTFTFFT"),
    ];

    fn check(operator: &str, wanted: &str, params: &Value, expected: char) {
        let says = |effect| holds(operator, "param:K", &[wanted], params, effect);
        let expected = match expected {
            'T' => (true, true, true),
            'F' => (false, false, false),
            _ => (false, true, true),
        };
        let found = (says(Effect::Allow), says(Effect::Deny), says(Effect::Ask));
        assert_eq!(found, expected, "{operator} {wanted} on {params} (allow, deny, ask)");
    }

    #[test]
    fn every_operator_in_every_form_is_as_iam_has_it() {
        let named: Vec<&str> = SAMPLES.iter().map(|(operator, ..)| *operator).chain(["Null"]).collect();
        for (operator, ..) in crate::policy::operator::OPERATORS {
            assert!(named.contains(operator), "{operator} has no row");
        }
        for (operator, wanted, y, n) in SAMPLES {
            let excludes = Operator::parse(operator).unwrap().negated;
            let states = [
                json!({"Other": 1}),
                json!({"K": []}),
                json!({"K": y}),
                json!({"K": n}),
                json!({"K": [y, y]}),
                json!({"K": [y, n]}),
                json!({"K": [n, n]}),
            ];
            for (prefix, suffix, names, other) in FORMS {
                let column = if excludes { other } else { names };
                for (state, expected) in states.iter().zip(column.chars()) {
                    check(&format!("{prefix}{operator}{suffix}"), wanted, state, expected);
                }
            }
        }
        for (state, is_absent) in [
            (json!({"Other": 1}), 'T'),
            (json!({"K": []}), 'T'),
            (json!({"K": "x"}), 'F'),
            (json!({"K": ["x", "y"]}), 'F'),
        ] {
            check("Null", "true", &state, is_absent);
            check("Null", "false", &state, if is_absent == 'T' { 'F' } else { 'T' });
        }
    }

    #[test]
    fn an_empty_text_is_no_value_to_set_operators() {
        let blank = json!({"K": ""});
        for (operator, expected) in [
            ("StringEquals", 'F'),
            ("StringNotEquals", 'T'),
            ("ForAnyValue:StringEquals", 'F'),
            ("ForAnyValue:StringNotEquals", '?'),
            ("ForAllValues:StringEquals", '?'),
            ("ForAllValues:StringNotEquals", 'T'),
        ] {
            check(operator, "x", &blank, expected);
        }
    }

    #[test]
    fn what_cannot_be_compared_counts_against_the_call() {
        for (operator, wanted, _, _) in
            SAMPLES.iter().filter(|(operator, ..)| !operator.starts_with("String"))
        {
            for value in ["~", "one two"] {
                check(operator, wanted, &json!({ "K": value }), '?');
                check(&format!("{operator}IfExists"), wanted, &json!({ "K": value }), '?');
            }
        }
    }

    #[test]
    fn parameters_that_could_not_be_read_fail_closed() {
        assert!(!holds("StringNotEquals", "param:Name", &["a"], &Value::Null, Effect::Allow));
        assert!(holds("StringEquals", "param:Name", &["a"], &Value::Null, Effect::Deny));
    }
}
