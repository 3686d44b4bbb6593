//! S3's access lists: who is granted what, however a request says it.

use serde_json::Value;

use super::tree;
use crate::gateway::documents::Line;

/// Groups of S3's own.
const GROUPS: &[(&str, &str)] = &[
    ("http://acs.amazonaws.com/groups/global/AllUsers", "everyone (AllUsers)"),
    (
        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
        "everyone with an AWS account (AuthenticatedUsers)",
    ),
    ("http://acs.amazonaws.com/groups/s3/LogDelivery", "the delivery of S3's logs (LogDelivery)"),
];

/// Headers, and the permission that each one gives.
const HEADERS: &[(&str, &str)] = &[
    ("GrantFullControl", "FULL_CONTROL"),
    ("GrantRead", "READ"),
    ("GrantReadACP", "READ_ACP"),
    ("GrantWrite", "WRITE"),
    ("GrantWriteACP", "WRITE_ACP"),
];

/// What a request of these parameters asks for: a canned list, grants in headers, or a list in its body. `owner`: the ID
/// of the bucket's owner. `None`: it asks for nothing that hoop can read.
pub fn asked(params: &Value, owner: &str) -> Option<Vec<Line>> {
    if let Some(name) = tree::text(params, "ACL") {
        return Some(canned(&name));
    }
    let in_headers = headers(params, owner);
    if !in_headers.is_empty() {
        return Some(in_headers);
    }
    // A list without grants takes away all of them.
    let list = params.get("AccessControlPolicy").filter(|list| list.is_object())?;
    Some(grants(list, owner))
}

/// The grants of a list: `READ to everyone (AllUsers)`.
pub fn grants(list: &Value, owner: &str) -> Vec<Line> {
    let grant = |grant: &Value| {
        let who = ["Grantee.URI", "Grantee.ID", "Grantee.EmailAddress"]
            .iter()
            .find_map(|path| tree::text(grant, path));
        line(&tree::text(grant, "Permission").unwrap_or_default(), &who.unwrap_or_default(), owner)
    };
    tree::items(list, "Grants").into_iter().map(grant).collect()
}

/// Canned lists are short for these.
fn canned(name: &str) -> Vec<Line> {
    let [everyone, accounts, logs] = [0, 1, 2].map(|n| GROUPS.get(n).map_or("", |(uri, _)| *uri));
    let more: &[(&str, &str)] = match name {
        "private" => &[],
        "public-read" => &[("READ", everyone)],
        "public-read-write" => &[("READ", everyone), ("WRITE", everyone)],
        "authenticated-read" => &[("READ", accounts)],
        "log-delivery-write" => &[("WRITE", logs), ("READ_ACP", logs)],
        other => return vec![Line::new(format!("the canned list {other}"))],
    };
    let mut lines = vec![Line::new("FULL_CONTROL to the owner")];
    lines.extend(more.iter().map(|(permission, who)| line(permission, who, "")));
    lines
}

/// `x-amz-grant-read: uri="http://…", id="…"`.
fn headers(params: &Value, owner: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (header, permission) in HEADERS {
        let value = tree::text(params, header).unwrap_or_default();
        for grantee in value.split(',').filter(|grantee| !grantee.trim().is_empty()) {
            let who = grantee.split_once('=').map_or(grantee, |(_, who)| who);
            lines.push(line(permission, who.trim().trim_matches(['"', '\'']), owner));
        }
    }
    lines
}

fn line(permission: &str, who: &str, owner: &str) -> Line {
    let group = GROUPS.iter().find(|(uri, _)| *uri == who).map(|(_, name)| *name);
    let who = match group {
        None if !owner.is_empty() && who == owner => "the owner",
        None => who,
        Some(group) => group,
    };
    Line::new(format!("{permission} to {who}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(params: &Value) -> Option<Vec<String>> {
        asked(params, "me").map(|lines| lines.into_iter().map(|line| line.text).collect())
    }

    #[test]
    fn the_three_ways_of_asking_say_the_same() {
        let everyone = "http://acs.amazonaws.com/groups/global/AllUsers";
        let expected = Some(vec!["FULL_CONTROL to the owner".into(), "READ to everyone (AllUsers)".into()]);
        assert_eq!(shown(&json!({"ACL": "public-read"})), expected);
        let headers = json!({"GrantRead": format!("uri=\"{everyone}\""), "GrantFullControl": "id=me"});
        assert_eq!(shown(&headers), expected);
        let body = json!({"AccessControlPolicy": {"Owner": {"ID": "me"}, "Grants": [
            {"Grantee": {"ID": "me"}, "Permission": "FULL_CONTROL"},
            {"Grantee": {"URI": everyone}, "Permission": "READ"}]}});
        assert_eq!(shown(&body), expected);
        let nobody = json!({"AccessControlPolicy": {"Owner": {"ID": "me"}}});
        assert_eq!(shown(&nobody), Some(Vec::new()));
        assert_eq!(shown(&json!({"GrantWrite": "id=\"a\", id=\"b\""})).unwrap().len(), 2);
        assert_eq!(shown(&json!({})), None);
        assert_eq!(shown(&json!({"ACL": "odd"})).unwrap(), ["the canned list odd"]);
    }
}
