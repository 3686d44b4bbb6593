//! DynamoDB: batches, transactions, indexes and PartiQL, where tables and actions stand inside the body.

use serde_json::Value;

use super::Meaning;
use super::Place;
use super::one;
use crate::aws::identify::Params;

/// Refines action and resources of a DynamoDB call.
pub(super) fn meaning(operation: &str, params: &Params, place: &Place<'_>, out: &mut Meaning) {
    match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let names = params.get("RequestItems").and_then(Value::as_object);
            out.resources =
                names.into_iter().flat_map(|map| map.keys()).map(|name| table(name, place)).collect();
        }
        "TransactGetItems" | "TransactWriteItems" => transaction(params, place, out),
        "Query" | "Scan" => {
            if let (Some(name), Some(index)) = (one(params, "TableName"), one(params, "IndexName")) {
                out.resources.push(format!("{}/index/{index}", table(&name, place)));
            }
        }
        "ExecuteStatement" => statements(&[params.get("Statement")], place, out),
        "BatchExecuteStatement" => statements(&inner(params, "Statements"), place, out),
        "ExecuteTransaction" => statements(&inner(params, "TransactStatements"), place, out),
        _ => {}
    }
}

fn table(name: &str, place: &Place<'_>) -> String {
    if name.starts_with("arn:") {
        name.to_owned()
    } else {
        place.regional("dynamodb", &format!("table/{name}"))
    }
}

fn inner<'a>(params: &'a Params, list: &str) -> Vec<Option<&'a Value>> {
    let items = params.get(list).and_then(Value::as_array);
    items.into_iter().flatten().map(|item| item.get("Statement")).collect()
}

/// Each item of a transaction is one action on one table.
fn transaction(params: &Params, place: &Place<'_>, out: &mut Meaning) {
    let items = params.get("TransactItems").and_then(Value::as_array);
    let mut found: Vec<(String, String)> = Vec::new();
    for item in items.into_iter().flatten().filter_map(Value::as_object) {
        for (kind, inner) in item {
            let action = match kind.as_str() {
                "Get" => "dynamodb:GetItem",
                "Put" => "dynamodb:PutItem",
                "Update" => "dynamodb:UpdateItem",
                "Delete" => "dynamodb:DeleteItem",
                "ConditionCheck" => "dynamodb:ConditionCheckItem",
                _ => continue,
            };
            let name = inner.get("TableName").and_then(Value::as_str).unwrap_or("*");
            found.push((action.to_owned(), table(name, place)));
        }
    }
    spread(found, out);
}

/// PartiQL: the first word is the action, the word after FROM, INTO or UPDATE the table. A statement that is not
/// understood may do anything to any table.
fn statements(texts: &[Option<&Value>], place: &Place<'_>, out: &mut Meaning) {
    let mut found = Vec::new();
    for text in texts {
        let text = text.and_then(Value::as_str).unwrap_or_default();
        let Some((action, name)) = statement(text) else {
            out.resources = vec![table("*", place)];
            for action in ["Insert", "Update", "Delete", "Select"] {
                out.more.push((format!("dynamodb:PartiQL{action}"), vec![table("*", place)]));
            }
            return;
        };
        found.push((format!("dynamodb:PartiQL{action}"), table(&name, place)));
    }
    spread(found, out);
}

/// The action and table (with its index) of one statement.
fn statement(text: &str) -> Option<(&'static str, String)> {
    let text = text.trim_start();
    let (verb, rest) = text.split_at_checked(text.find(char::is_whitespace)?)?;
    let (action, before) = match verb.to_ascii_uppercase().as_str() {
        "SELECT" => ("Select", Some("FROM")),
        "INSERT" => ("Insert", Some("INTO")),
        "UPDATE" => ("Update", None),
        "DELETE" => ("Delete", Some("FROM")),
        // `EXISTS(SELECT …)` of a transaction, and whatever comes.
        _ => return None,
    };
    let rest = match before {
        Some(word) => after_word(rest, word)?,
        None => rest,
    };
    let (name, rest) = identifier(rest.trim_start())?;
    let index = rest.strip_prefix('.').and_then(identifier);
    Some((action, index.map_or(name.clone(), |(index, _)| format!("{name}/index/{index}"))))
}

/// What follows a key word outside quotes.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut quote = None;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None => {
                let rest = &text[at..];
                let here = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
                if here && previous.is_whitespace() && rest[word.len()..].starts_with(char::is_whitespace) {
                    return Some(&rest[word.len()..]);
                }
            }
        }
        previous = c;
    }
    None
}

/// A name, quoted or not, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, rest) = quoted.split_once('"')?;
        return (!name.is_empty() && !rest.starts_with('"')).then(|| (name.to_owned(), rest));
    }
    let end =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_owned(), &text[end..]))
}

/// The first action is the call's own, the others are further ones.
fn spread(found: Vec<(String, String)>, out: &mut Meaning) {
    let mut grouped: Vec<(String, Vec<String>)> = Vec::new();
    for (action, arn) in found {
        match grouped.iter_mut().find(|(known, _)| *known == action) {
            Some((_, arns)) => arns.push(arn),
            None => grouped.push((action, vec![arn])),
        }
    }
    let mut grouped = grouped.into_iter();
    if let Some((action, arns)) = grouped.next() {
        out.action = action;
        out.resources = arns;
    }
    out.more.extend(grouped);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partiql_tells_its_table() {
        let is =
            |text, action, name: &str| assert_eq!(statement(text), Some((action, name.to_owned())), "{text}");
        is("SELECT * FROM \"Music\".\"by-artist\" WHERE a='x FROM y'", "Select", "Music/index/by-artist");
        is("select ' FROM \"x\"', b\nfrom Music where a=?", "Select", "Music");
        is("INSERT INTO \"Music\" VALUE {'a':1}", "Insert", "Music");
        is("UPDATE Music SET a=1", "Update", "Music");
        is("DELETE FROM Music WHERE a=1", "Delete", "Music");
        for text in
            ["", "SELECT", "DROP TABLE x", "SELECT * FROM", "SELECT * FROM \"\"", "EXISTS(SELECT * FROM a)"]
        {
            assert_eq!(statement(text), None, "{text}");
        }
    }
}
