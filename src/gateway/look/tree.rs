//! Reading answers: JSON, and XML as the same kind of tree, in which a list of one is that one.

use serde_json::Value;

use crate::gateway::documents::scalar;

/// All values at `path`, member names apart by dots; lists on the way and at its end are gone through. Empty ones are
/// left out.
pub fn items<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut now = vec![value];
    for name in path.split('.').filter(|name| !name.is_empty()) {
        now = now.into_iter().filter_map(|value| value.get(name)).flat_map(flat).collect();
    }
    now.retain(|value| !value.is_null() && value.as_str() != Some(""));
    now
}

fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    }
}

/// The first text, number or truth value at `path`.
pub fn text(value: &Value, path: &str) -> Option<String> {
    items(value, path).first().filter(|value| !value.is_object()).map(|value| scalar(value))
}

/// The first whole number at `path`.
pub fn number(value: &Value, path: &str) -> Option<u64> {
    text(value, path)?.parse().ok()
}

/// Whether `true` stands at `path`.
pub fn is_true(value: &Value, path: &str) -> bool {
    text(value, path).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// `3 statements`, `1 statement`.
pub fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

/// `a, b and 3 more`.
pub fn some(names: &[String]) -> String {
    const NAMED: usize = 5;
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        _ if names.is_empty() => "none".to_owned(),
        0 => named,
        left => format!("{named} and {left} more"),
    }
}

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `3.4 MiB`.
pub fn bytes(number: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut unit = 0;
    let (mut whole, mut tenth) = (number, 0);
    while whole >= 1024 && unit + 1 < units.len() {
        tenth = (whole % 1024) * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    let name = units.get(unit).copied().unwrap_or_default();
    if unit == 0 || whole >= 100 { format!("{whole} {name}") } else { format!("{whole}.{tenth} {name}") }
}

/// Seconds since 1970, as AWS's JSON has them, as `2026-01-31 12:00 UTC`; any other text as it is.
pub fn time(text: &str) -> String {
    let seconds = text.split('.').next().unwrap_or_default();
    let parsed = seconds.parse::<i64>().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let parsed = parsed.or_else(|| text.parse().ok());
    parsed.map_or_else(
        || text.to_owned(),
        |time: jiff::Timestamp| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_of_one_is_read_as_a_list() {
        let one = json!({"a": {"item": {"b": "1"}}});
        let two = json!({"a": {"item": [{"b": "1"}, {"b": "2"}]}});
        let none = json!({"a": ""});
        assert_eq!(items(&one, "a.item.b").len(), 1);
        assert_eq!(items(&two, "a.item.b").len(), 2);
        assert!(items(&none, "a.item.b").is_empty() && items(&none, "a").is_empty());
        assert_eq!(text(&two, "a.item.b").as_deref(), Some("1"));
    }

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!((grouped(1_234_567), grouped(999)), ("1,234,567".to_owned(), "999".to_owned()));
        assert_eq!(
            (bytes(1_536), bytes(12), bytes(200 << 20)),
            ("1.5 KiB".into(), "12 B".into(), "200 MiB".into())
        );
        assert_eq!(time("1767225600.5"), "2026-01-01 00:00 UTC");
        assert_eq!(time("2026-01-01T00:00:00.000Z"), "2026-01-01 00:00 UTC");
        assert_eq!(time("soon"), "soon");
        assert_eq!((count(0, "rule"), count(2, "rule")), ("no rules".to_owned(), "2 rules".to_owned()));
    }
}
