//! Paths into a call's parameters: `IpPermissions[].IpRanges[].CidrIp`.

use serde_json::Value;

/// Values one path may give before the rest counts as unreadable.
const VALUES: usize = 10_000;

/// A path into JSON: member names joined by dots, `[]` for every element of a list, `*` for every member.
///
/// A name with a dot or bracket in it stands in double quotes: `Item."first.name"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Elements,
    Members,
}

/// What stands at the end of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One entry for each place the path leads to; `None` where the place is empty.
    Values(Vec<Option<String>>),
    /// Something that cannot be compared: an object, or more values than anybody sends.
    Unreadable,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("[]") {
                steps.push(Step::Elements);
                rest = after;
                continue;
            }
            if rest.starts_with(['[', ']']) {
                return Err("lists are entered with `[]`, all elements at once");
            }
            if !steps.is_empty() {
                rest = rest.strip_prefix('.').ok_or("names are joined by dots")?;
            }
            if let Some(quoted) = rest.strip_prefix('"') {
                let (name, after) = quoted.split_once('"').ok_or("a quote is not closed")?;
                steps.push(Step::Member(name.to_owned()));
                rest = after;
                continue;
            }
            let end = rest.find(['.', '[', ']', '"']).unwrap_or(rest.len());
            match &rest[..end] {
                "" => return Err("a name is missing"),
                "*" => steps.push(Step::Members),
                name => steps.push(Step::Member(name.to_owned())),
            }
            rest = &rest[end..];
        }
        if steps.is_empty() { Err("the path is empty") } else { Ok(Self { steps }) }
    }

    /// What stands at the end of the path in `params`.
    #[must_use]
    pub fn find(&self, params: &Value) -> Found {
        let mut values = Vec::new();
        if collect(&self.steps, params, &mut values) && values.len() <= VALUES {
            Found::Values(values)
        } else {
            Found::Unreadable
        }
    }
}

/// Gathers the values; false where something cannot be compared or there are too many.
fn collect(steps: &[Step], value: &Value, found: &mut Vec<Option<String>>) -> bool {
    if found.len() > VALUES {
        return false;
    }
    let Some((step, rest)) = steps.split_first() else {
        return match value {
            Value::Null => {
                found.push(None);
                true
            }
            // A list at the end is its elements: `Names` is as good as `Names[]`.
            Value::Array(items) => items.iter().all(|item| collect(&[], item, found)),
            Value::Object(_) => false,
            other => {
                found.push(Some(scalar(other)));
                true
            }
        };
    };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            if let Some(member) = members.get(name) {
                return collect(rest, member, found);
            }
            // AWS is not strict about case in every protocol, so a rule must not be either.
            let mut alike = members.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).peekable();
            if alike.peek().is_none() {
                found.push(None);
            }
            alike.all(|(_, member)| collect(rest, member, found))
        }
        (Step::Members, Value::Object(members)) => members.values().all(|item| collect(rest, item, found)),
        (Step::Elements, Value::Array(items)) => items.iter().all(|item| collect(rest, item, found)),
        _ => {
            found.push(None);
            true
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(path: &str, params: &Value) -> Found {
        Path::parse(path).unwrap().find(params)
    }

    fn values(values: &[&str]) -> Found {
        Found::Values(values.iter().map(|value| Some((*value).to_owned())).collect())
    }

    #[test]
    fn every_element_is_found() {
        let params = json!({"IpPermissions": [
            {"IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "0.0.0.0/0"}]},
            {"IpRanges": [{"CidrIp": "10.1.0.0/16"}]},
        ]});
        assert_eq!(
            find("IpPermissions[].IpRanges[].CidrIp", &params),
            values(&["10.0.0.0/8", "0.0.0.0/0", "10.1.0.0/16"])
        );
    }

    #[test]
    fn an_empty_place_is_noted() {
        let params = json!({"A": [{"B": 1}, {"C": 2}], "Empty": [], "Null": null});
        assert_eq!(find("A[].B", &params), Found::Values(vec![Some("1".to_owned()), None]));
        assert_eq!(find("Empty[].B", &params), Found::Values(vec![]));
        assert_eq!(find("Null", &params), Found::Values(vec![None]));
        assert_eq!(find("A.B", &params), Found::Values(vec![None]));
    }

    #[test]
    fn names_are_found_whatever_their_case_and_quoting() {
        assert_eq!(find("cidrip", &json!({"CidrIp": "x"})), values(&["x"]));
        assert_eq!(find("Item.\"a.b\".S", &json!({"Item": {"a.b": {"S": "x"}}})), values(&["x"]));
        assert_eq!(find("Tags.*", &json!({"Tags": {"a": "1", "b": true}})), values(&["1", "true"]));
        assert_eq!(find("Names", &json!({"Names": ["a", "b"]})), values(&["a", "b"]));
        assert_eq!(find("Item", &json!({"Item": {}})), Found::Unreadable);
    }

    #[test]
    fn a_wrong_path_says_what_is_wrong() {
        assert_eq!(Path::parse(""), Err("the path is empty"));
        assert_eq!(Path::parse("A[0].B"), Err("lists are entered with `[]`, all elements at once"));
        assert_eq!(Path::parse("A..B"), Err("a name is missing"));
        assert_eq!(Path::parse("A[]B"), Err("names are joined by dots"));
        assert_eq!(Path::parse("A.\"b"), Err("a quote is not closed"));
    }
}
