//! Documents inside of parameters and answers, as lines that a person can read and that can be compared: one for each
//! statement of a policy, one for each rule of a security group.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The longest text that is read as a document; IAM's are up to 10 KiB, bucket policies 20 KiB.
const LONGEST: usize = 256 << 10;

/// How deep a document is followed; what is deeper stands as JSON.
const DEEPEST: usize = 12;

/// One line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Two lines with the same key mean the same, whatever they look like.
    pub key: String,
    /// What people see.
    pub text: String,
}

impl Line {
    /// A line that means what it says.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { key: text.clone(), text }
    }
}

/// A policy in a text: JSON, percent-encoded where IAM gives it back. `None`: it is none.
pub fn policy_in(text: &str) -> Option<Value> {
    if text.len() > LONGEST {
        return None;
    }
    let plain = match text.trim_start().starts_with('%') {
        true => percent_decode_str(text.trim()).decode_utf8().ok()?,
        false => text.into(),
    };
    let value: Value = serde_json::from_str(&plain).ok()?;
    value.get("Statement")?;
    Some(value)
}

/// A policy, one line for each statement; nothing: it is no policy.
pub fn policy(document: &Value) -> Vec<Line> {
    let Some(members) = document.as_object() else { return Vec::new() };
    let mut lines = Vec::new();
    for (name, value) in members {
        match name.as_str() {
            "Statement" => lines.extend(listed(value).map(statement)),
            _ => {
                let key = format!("{name} {}", canonical(value, false, 0));
                lines.push(Line { key, text: format!("{name}: {}", words(value)) });
            }
        }
    }
    lines
}

/// One statement: IAM takes a text for a list of one, and the order of neither members nor values means anything.
fn statement(statement: &Value) -> Line {
    let Some(members) = statement.as_object() else { return Line::new(words(statement)) };
    let mut parts = BTreeMap::new();
    for (name, value) in members {
        let is_action = matches!(name.as_str(), "Action" | "NotAction");
        let value = match name.as_str() {
            "Principal" | "NotPrincipal" => principal(value),
            _ => canonical(value, is_action, 0),
        };
        parts.insert(name.as_str(), value);
    }
    let key = format!("{parts:?}");
    let member = |name: &str| members.get(name).map(words);
    let mut text = member("Effect").unwrap_or_else(|| "(no effect)".to_owned());
    let said = [
        ("Action", " "),
        ("NotAction", " everything but "),
        ("Resource", " on "),
        ("NotResource", " on everything but "),
        ("Principal", " to "),
        ("NotPrincipal", " to everybody but "),
        ("Condition", " if "),
    ];
    for (name, before) in said {
        if let Some(value) = member(name) {
            text.push_str(before);
            text.push_str(&value);
        }
    }
    for (name, value) in members {
        if name != "Effect" && name != "Sid" && !said.iter().any(|(known, _)| known == name) {
            text.push_str(&format!(" {name}: {}", words(value)));
        }
    }
    if let Some(sid) = member("Sid").filter(|sid| !sid.is_empty()) {
        text.push_str(&format!(" ({sid})"));
    }
    Line { key, text }
}

/// Everybody is `*` or `{"AWS": "*"}`, an account its number or the ARN of its root.
fn principal(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut kinds = BTreeMap::new();
            for (kind, value) in members {
                let mut who: Vec<String> = listed(value)
                    .map(|who| {
                        let who = scalar(who);
                        let account =
                            who.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root"));
                        account.map(str::to_owned).unwrap_or(who)
                    })
                    .collect();
                who.sort();
                who.dedup();
                kinds.insert(kind.as_str(), who);
            }
            format!("{kinds:?}")
        }
        everybody => {
            let kinds: BTreeMap<&str, Vec<String>> = [("AWS", vec![scalar(everybody)])].into();
            format!("{kinds:?}")
        }
    }
}

/// The same text for the same meaning: members sorted, lists sorted and without repetitions, one value a list of one.
fn canonical(value: &Value, lower: bool, depth: usize) -> String {
    if depth >= DEEPEST {
        return value.to_string();
    }
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&str, String> = members
                .iter()
                .map(|(name, value)| (name.as_str(), canonical(value, lower, depth + 1)))
                .collect();
            format!("{members:?}")
        }
        other => {
            let mut all: Vec<String> = listed(other)
                .map(|value| match value {
                    Value::Object(_) | Value::Array(_) => canonical(value, lower, depth + 1),
                    value if lower => scalar(value).to_ascii_lowercase(),
                    value => scalar(value),
                })
                .collect();
            all.sort();
            all.dedup();
            format!("{all:?}")
        }
    }
}

/// Any document as one line that means what it says, whatever the order of its members.
pub fn settled(value: &Value) -> Line {
    Line { key: canonical(value, false, 0), text: words(value) }
}

/// The rules of a security group, one line for each protocol, range of ports, and peer: as parameters or as EC2's answer
/// name them. `way`: `from` or `to`.
pub fn rules(permissions: &[&Value], way: &str) -> Vec<Line> {
    let peers = [
        (["IpRanges", "ipRanges"], ["CidrIp", "cidrIp"]),
        (["Ipv6Ranges", "ipv6Ranges"], ["CidrIpv6", "cidrIpv6"]),
        (["UserIdGroupPairs", "groups"], ["GroupId", "groupId"]),
        (["PrefixListIds", "prefixListIds"], ["PrefixListId", "prefixListId"]),
    ];
    let mut lines = Vec::new();
    for permission in permissions {
        let one = |names: [&str; 2]| names.iter().find_map(|name| permission.get(name)).map(scalar);
        let from = one(["FromPort", "fromPort"]);
        let ports = ports(one(["IpProtocol", "ipProtocol"]), from, one(["ToPort", "toPort"]));
        for (lists, members) in peers {
            let list = lists.iter().find_map(|name| permission.get(name));
            // An answer has one level more.
            let list = list.map(|list| list.get("item").unwrap_or(list));
            for peer in list.into_iter().flat_map(listed) {
                let Some(peer) = members.iter().find_map(|name| peer.get(name)) else { continue };
                lines.push(Line::new(format!("{ports} {way} {}", scalar(peer))));
            }
        }
        // `--protocol tcp --port 22 --cidr 0.0.0.0/0` of old.
        if let Some(cidr) = one(["CidrIp", "cidrIp"]) {
            lines.push(Line::new(format!("{ports} {way} {cidr}")));
        }
    }
    lines
}

fn ports(protocol: Option<String>, from: Option<String>, to: Option<String>) -> String {
    let protocol = match protocol.as_deref() {
        None | Some("-1" | "all") => return "all traffic".to_owned(),
        Some("6") => "tcp",
        Some("17") => "udp",
        Some("1") => "icmp",
        Some(other) => other,
    };
    match (from.as_deref(), to.as_deref()) {
        (None | Some("-1"), _) | (Some("0"), Some("65535")) => format!("{protocol} all ports"),
        (Some(from), Some(to)) if from != to => format!("{protocol} {from}-{to}"),
        (Some(port), _) => format!("{protocol} {port}"),
    }
}

/// The values of a list; one value is a list of one.
pub fn listed(value: &Value) -> impl Iterator<Item = &Value> {
    let (many, one) = match value {
        Value::Array(list) => (list.as_slice(), None),
        Value::Null => (&[][..], None),
        one => (&[][..], Some(one)),
    };
    many.iter().chain(one)
}

/// A text or a number as it is, anything else as JSON.
pub fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value in words: lists with commas, members with `=`.
pub fn words(value: &Value) -> String {
    spoken(value, 0)
}

fn spoken(value: &Value, depth: usize) -> String {
    match value {
        Value::Array(list) if depth < DEEPEST => {
            list.iter().map(|value| spoken(value, depth + 1)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(members) if depth < DEEPEST => {
            let member = |(name, value): (&String, &Value)| match value {
                Value::Object(_) => format!("{name} ({})", spoken(value, depth + 1)),
                _ => format!("{name}={}", spoken(value, depth + 1)),
            };
            members.iter().map(member).collect::<Vec<_>>().join("; ")
        }
        other => scalar(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn keys(document: &Value) -> Vec<String> {
        policy(document).into_iter().map(|line| line.key).collect()
    }

    #[test]
    fn a_text_is_a_list_of_one_and_order_means_nothing() {
        let one = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:getobject",
            "Resource": ["b", "a"], "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": true}}}});
        let other = json!({"Version": "2012-10-17", "Statement": [{"Principal": {"AWS": ["*"]}, "Effect": "Allow",
            "Resource": ["a", "b"], "Action": ["s3:GetObject"],
            "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]});
        assert_eq!(keys(&one), keys(&other));
        let account = |who: &str| keys(&json!({"Statement": {"Principal": {"AWS": who}}}));
        assert_eq!(account("arn:aws:iam::123456789012:root"), account("123456789012"));
    }

    #[test]
    fn what_means_something_else_has_another_key() {
        let base = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "a"});
        for changed in [
            json!({"Effect": "Deny", "Action": "s3:GetObject", "Resource": "a"}),
            json!({"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "a"}),
            json!({"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "a"}),
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "A"}),
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "a", "Principal": "*"}),
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "a", "Sid": "x"}),
        ] {
            assert_ne!(statement(&base).key, statement(&changed).key, "{changed}");
        }
    }

    #[test]
    fn statements_are_read_as_sentences() {
        let policy = policy_in(
            "%7B%22Statement%22%3A%5B%7B%22Sid%22%3A%22X%22%2C%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22s3%3AGet%2A%22%2C\
             %22s3%3AList%2A%22%5D%2C%22Resource%22%3A%22%2A%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22%2A%22%7D%7D%5D%7D",
        );
        let lines = super::policy(&policy.unwrap());
        assert_eq!(lines[0].text, "Allow s3:Get*, s3:List* on * to AWS=* (X)");
        assert!(policy_in("{}").is_none() && policy_in("x").is_none());
    }

    #[test]
    fn rules_of_a_security_group_are_read_from_both_forms() {
        let asked = json!({"IpProtocol": "tcp", "FromPort": "22", "ToPort": "22",
            "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "x"}], "UserIdGroupPairs": [{"GroupId": "sg-1"}]});
        let present = json!({"ipProtocol": "tcp", "fromPort": "22", "toPort": "22",
            "ipRanges": {"item": {"cidrIp": "0.0.0.0/0"}}, "groups": {"item": [{"groupId": "sg-1"}]}, "ipv6Ranges": ""});
        assert_eq!(rules(&[&asked], "from"), rules(&[&present], "from"));
        assert_eq!(rules(&[&asked], "from")[0].text, "tcp 22 from 0.0.0.0/0");
        let all = json!({"IpProtocol": "-1", "CidrIp": "10.0.0.0/8"});
        assert_eq!(rules(&[&all], "to")[0].text, "all traffic to 10.0.0.0/8");
        let range =
            json!({"IpProtocol": "udp", "FromPort": 1, "ToPort": 9, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]});
        assert_eq!(rules(&[&range], "from")[0].text, "udp 1-9 from ::/0");
    }

    proptest! {
        #[test]
        fn any_text_is_safe(text: String) {
            let _ = policy_in(&text).map(|value| policy(&value));
        }
    }
}
