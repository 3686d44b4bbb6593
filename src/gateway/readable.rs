//! The parameters of a call as people read them: one line each, documents taken apart, what cannot be undone first.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::approval::Fact;
use crate::gateway::documents;
use crate::gateway::documents::scalar;
use crate::mask::Engine;

/// Lines that are shown of one call.
const MOST_LINES: usize = 24;
/// Characters of one line.
const MOST_CHARACTERS: usize = 400;
/// Items of a list that are named.
const MOST_ITEMS: usize = 8;
/// How deep members are followed.
const DEEPEST: usize = 6;
/// Bytes of a text that is looked at as a document or as base64.
const LONGEST: usize = 64 << 10;

/// What makes a call harder to undo, and how much time there is to think again: it comes first.
const GRAVE: &[&str] = &[
    "force",
    "forcedelete",
    "forcedeletewithoutrecovery",
    "forcedeleteaddon",
    "skipfinalsnapshot",
    "skipfinalclustersnapshot",
    "finaldbsnapshotidentifier",
    "deleteautomatedbackups",
    "bypassgovernanceretention",
    "bypasspolicylockoutsafetycheck",
    "recoverywindowindays",
    "pendingwindowindays",
    "retainresources",
    "deletionmode",
    "deleteoption",
    "recursive",
    "cascade",
    "skiposshutdown",
    "confirmremoveselfbucketaccess",
    "mfa",
    "versionid",
];

/// What changes nothing about what a call does.
const IDLE: &[&str] = &["ChecksumAlgorithm", "ContentMD5", "ClientToken", "ClientRequestToken"];

/// One line for people, masked: name and value together, as they are shown, because a name can give a value away.
pub fn fact(masks: &Engine, name: &str, value: &str) -> Fact {
    let value = cut(value);
    let text = format!("{name} = {value}");
    match masks.text(&text) {
        Cow::Borrowed(_) => Fact { name: name.to_owned(), value },
        Cow::Owned(masked) => match masked.split_once(" = ") {
            Some((name, value)) => Fact { name: name.to_owned(), value: value.to_owned() },
            None => Fact { name: masked, value: String::new() },
        },
    }
}

/// The lines of parameters that are masked already.
pub fn parameters(masks: &Engine, params: &Value) -> Vec<Fact> {
    let mut lines = Vec::new();
    if let Some(members) = params.as_object() {
        let is_grave = |name: &str| GRAVE.contains(&name.to_ascii_lowercase().as_str());
        let (grave, others): (Vec<_>, Vec<_>) = members.iter().partition(|(name, _)| is_grave(name));
        let all = grave.into_iter().chain(others).filter(|(name, _)| !IDLE.contains(&name.as_str()));
        for (name, value) in all {
            add(&mut lines, name, value, 0);
        }
    }
    let left = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    if left > 0 {
        lines.push(("…".to_owned(), format!("{left} more lines; the record has all of them")));
    }
    lines.iter().map(|(name, value)| fact(masks, name, value)).collect()
}

/// At most so many characters, and how many there are besides.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => {
            let left = text[end..].chars().count();
            format!("{}… ({left} more characters)", &text[..end])
        }
        None => text.to_owned(),
    }
}

fn add(lines: &mut Vec<(String, String)>, name: &str, value: &Value, depth: usize) {
    // What is not shown need not be made; one more tells that there is more.
    if lines.len() > MOST_LINES * 4 {
        return;
    }
    let mut numbered = |texts: Vec<String>| {
        let many = texts.len() > 1;
        for (number, text) in texts.into_iter().enumerate() {
            let name = if many { format!("{name}[{}]", number + 1) } else { name.to_owned() };
            lines.push((name, text));
        }
    };
    match value {
        Value::String(text) if text.len() <= LONGEST => {
            if let Some(policy) = documents::policy_in(text) {
                numbered(documents::policy(&policy).into_iter().map(|line| line.text).collect());
            } else if let Some(document) = object_in(text).filter(|_| depth < DEEPEST) {
                add(lines, name, &document, depth + 1);
            } else {
                let decoded = (name == "UserData").then(|| decoded(text)).flatten();
                let shown = decoded.map_or_else(|| one_line(text), |text| one_line(&text));
                lines.push((name.to_owned(), shown));
            }
        }
        Value::Array(list) if list.iter().any(|item| item.get("IpProtocol").is_some()) => {
            let permissions: Vec<&Value> = list.iter().collect();
            let rules: Vec<String> =
                documents::rules(&permissions, "with").into_iter().map(|line| line.text).collect();
            match rules.is_empty() {
                true => lines.push((name.to_owned(), documents::words(value))),
                false => numbered(rules),
            }
        }
        Value::Array(list) if list.iter().all(is_flat) => lines.push((name.to_owned(), items(list))),
        Value::Array(list) if depth < DEEPEST => {
            for (number, item) in list.iter().take(MOST_ITEMS).enumerate() {
                add(lines, &format!("{name}[{}]", number + 1), item, depth + 1);
            }
            if list.len() > MOST_ITEMS {
                lines.push((name.to_owned(), format!("and {} more", list.len() - MOST_ITEMS)));
            }
        }
        Value::Object(members) if members.contains_key("Statement") => {
            numbered(documents::policy(value).into_iter().map(|line| line.text).collect());
        }
        Value::Object(members) if depth < DEEPEST && !members.is_empty() => {
            for (member, value) in members {
                add(lines, &format!("{name}.{member}"), value, depth + 1);
            }
        }
        other => lines.push((name.to_owned(), one_line(&scalar(other)))),
    }
}

fn is_flat(value: &Value) -> bool {
    let is_scalar = |value: &Value| !value.is_array() && !value.is_object();
    is_scalar(value) || value.as_object().is_some_and(|members| members.values().all(is_scalar))
}

/// `a, b and 998 more`.
fn items(list: &[Value]) -> String {
    let item = |item: &Value| match item.as_object() {
        None => scalar(item),
        Some(members) => match (members.get("Key"), members.get("Value"), members.len()) {
            (Some(key), Some(value), 2) => format!("{}={}", scalar(key), scalar(value)),
            (Some(one), None, 1) => scalar(one),
            _ => members
                .iter()
                .map(|(name, value)| format!("{name}={}", scalar(value)))
                .collect::<Vec<_>>()
                .join(" "),
        },
    };
    let named: Vec<String> = list.iter().take(MOST_ITEMS).map(item).collect();
    match list.len().saturating_sub(MOST_ITEMS) {
        0 => one_line(&named.join(", ")),
        // The number comes first: the rest may be cut.
        left => one_line(&format!("{} in all: {} and {left} more", list.len(), named.join(", "))),
    }
}

/// A document with members in a text.
fn object_in(text: &str) -> Option<Value> {
    let document: Value =
        text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()?;
    document.as_object().is_some_and(|members| !members.is_empty()).then_some(document)
}

/// What the text of a start-up script says.
fn decoded(text: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(text.trim()).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()))
}

fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines.join(" ⏎ ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn shown(params: &Value) -> Vec<String> {
        let masks = Engine::default();
        parameters(&masks, params).into_iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect()
    }

    #[test]
    fn documents_are_taken_apart() {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}]}"#;
        let lines = shown(&json!({"Bucket": "b", "ChecksumAlgorithm": "CRC32", "Policy": policy}));
        assert_eq!(lines, ["Bucket: b", "Policy[1]: Version: 2012-10-17", "Policy[2]: Allow s3:* on * to *"]);
        let rule = json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]});
        assert_eq!(shown(&rule), ["GroupId: sg-1", "IpPermissions: tcp 22 with 0.0.0.0/0"]);
        let script = BASE64_STANDARD.encode("#!/bin/sh\ncurl x | sh\n");
        assert_eq!(shown(&json!({ "UserData": script })), ["UserData: #!/bin/sh ⏎ curl x | sh"]);
        let nested = json!({"A": {"B": [{"C": {"D": 1}}]}, "Tags": [{"Key": "a", "Value": "b"}]});
        assert_eq!(shown(&nested), ["A.B[1].C.D: 1", "Tags: a=b"]);
    }

    #[test]
    fn what_cannot_be_undone_comes_first_and_lists_say_how_long_they_are() {
        let lines = shown(&json!({"DBInstanceIdentifier": "db", "SkipFinalSnapshot": "true"}));
        assert_eq!(lines[0], "SkipFinalSnapshot: true");
        let keys: Vec<Value> = (0..1_000).map(|n| json!({ "Key": format!("k{n}") })).collect();
        let lines = shown(&json!({"Delete": {"Objects": keys}}));
        assert_eq!(lines, ["Delete.Objects: 1000 in all: k0, k1, k2, k3, k4, k5, k6, k7 and 992 more"]);
    }

    #[test]
    fn however_much_there_is_a_screenful_is_shown() {
        let many: serde_json::Map<String, Value> =
            (0..500).map(|n| (format!("p{n}"), json!("x".repeat(5_000)))).collect();
        let lines = shown(&Value::Object(many));
        assert_eq!(lines.len(), MOST_LINES + 1);
        assert!(lines.iter().all(|line| line.chars().count() < MOST_CHARACTERS + 60));
    }

    proptest! {
        #[test]
        fn any_text_is_safe(name: String, text: String) {
            let _ = shown(&json!({ name: text.clone(), "UserData": text }));
        }
    }
}
