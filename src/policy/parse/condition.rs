//! The `condition` table of a statement.

use toml::Spanned;
use toml::de::DeValue;

use crate::config::diagnostic::shown;
use crate::config::document::At;
use crate::config::document::Section;
use crate::config::document::kind;
use crate::policy::condition::Condition;
use crate::policy::key::Key;
use crate::policy::operator::Operator;
use crate::policy::parse::Reading;
use crate::policy::variables;
use crate::types::Effect;

impl Reading<'_> {
    /// Reads the conditions; warns of keys whose values only AWS knows.
    pub(super) fn conditions(&self, statement: &mut Section<'_, '_>, effect: Effect) -> Vec<Condition> {
        let Some(table) = statement.table("condition", "a condition") else { return Vec::new() };
        let document = table.document();
        let mut conditions = Vec::new();
        for (name, value) in table.entries() {
            let operator = Operator::parse(name.value);
            if let Err(meant) = &operator {
                let fix = match meant {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => {
                        "operators are IAM's: StringEquals, StringLike, NumericLessThan, Bool, IpAddress, \
                             ArnLike, Null …"
                            .to_owned()
                    }
                };
                let message = format!("unknown condition operator `{}`", shown(name.value));
                document.fault(name.span.clone(), message, fix);
            }
            let DeValue::Table(keys) = value.get_ref() else {
                let message = format!("`{}` is a table, not {}", shown(name.value), kind(value.get_ref()));
                let fix = format!("write `{} = {{ \"KEY\" = \"VALUE\" }}`", shown(name.value));
                document.fault(value.span(), message, fix);
                continue;
            };
            for (key, value) in keys {
                let key = At { value: key.get_ref().as_ref(), span: key.span() };
                if let Some(condition) =
                    self.condition(&table, (name.value, operator.as_ref().ok()), &key, value)
                {
                    if condition.key == Key::Foreign {
                        self.warn_of_foreign_key(&table, &key, effect);
                    }
                    conditions.push(condition);
                }
            }
        }
        conditions
    }

    fn condition(
        &self,
        table: &Section<'_, '_>,
        (operator_text, operator): (&str, Option<&Operator>),
        key: &At<&str>,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Condition> {
        let document = table.document();
        let parsed = Key::parse(key.value);
        if let Err(bad) = &parsed {
            let message = format!("{}: `{}`", bad.message, shown(key.value));
            document.fault(key.span.clone(), message, bad.fix.clone());
        }
        let values = scalars(table, key.value, value)?;
        if values.is_empty() {
            let message = format!("`{}` is compared with an empty list", shown(key.value));
            document.fault(value.span(), message, "name at least one value".to_owned());
        }
        let operator = operator?;
        for value in &values {
            if let Err((message, fix)) = variables::check(&value.value) {
                document.fault(value.span.clone(), message, fix);
            }
            if let Err((message, fix)) = operator.test.check(&value.value) {
                let message = format!("`{}`: {message}", shown(&value.value));
                document.fault(value.span.clone(), message, fix.to_owned());
            }
        }
        Some(Condition {
            operator: *operator,
            operator_text: operator_text.to_owned(),
            key: parsed.ok()?,
            key_text: key.value.to_owned(),
            values: values.into_iter().map(|value| value.value).collect(),
        })
    }

    fn warn_of_foreign_key(&self, table: &Section<'_, '_>, key: &At<&str>, effect: Effect) {
        let (consequence, fix) = match effect {
            Effect::Allow => {
                ("the statement never allows anything", "leave the condition to IAM, and out of here")
            }
            Effect::Ask | Effect::Deny => {
                ("the condition counts as fulfilled", "compare a `param:` path instead")
            }
        };
        let message = format!("only AWS knows `{}`: {consequence}", shown(key.value));
        self.warn(table.document(), key.span.clone(), message, fix.to_owned());
    }
}

/// One value or a list of them; numbers, truths and dates may stand without quotes.
fn scalars(table: &Section<'_, '_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<At<String>>> {
    let items: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![value],
    };
    let mut values = Vec::with_capacity(items.len());
    for item in &items {
        let text = match item.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().replace('_', ""),
            DeValue::Float(number) => number.as_str().replace('_', ""),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            other @ (DeValue::Array(_) | DeValue::Table(_)) => {
                let message = format!("`{}` is compared with texts, not {}", shown(key), kind(other));
                let fix = format!("write `\"{}\" = [\"…\", \"…\"]`", shown(key));
                table.document().fault(item.span(), message, fix);
                continue;
            }
        };
        values.push(At { value: text, span: item.span() });
    }
    (values.len() == items.len()).then_some(values)
}
