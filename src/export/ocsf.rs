//! Calls as OCSF events of the class API Activity (6003), <https://schema.ocsf.io/1.5.0/classes/api_activity>.

use std::io::Write;

use serde_json::Value;
use serde_json::json;

use super::told::Failure;
use super::told::json_line;
use crate::audit::Outcome;
use crate::error::Result;
use crate::export::Session;
use crate::export::Told;
use crate::types::AccessLevel;
use crate::types::Effect;

const CLASS: u32 = 6003;
const SCHEMA: &str = "1.5.0";

/// Writes an event a line.
///
/// # Errors
/// When a call cannot be masked, or the output cannot be written.
pub fn write_ocsf(
    session: Session<'_>,
    calls: impl Iterator<Item = Result<Told>>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    for told in calls {
        json_line(&event(session, &told?), out)?;
    }
    Ok(())
}

/// Create, Read, Update, Delete; by what AWS says of the action, and its verb where that says only that it writes.
fn activity(access: AccessLevel, operation: &str) -> (u32, &'static str) {
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| operation.starts_with(verb));
    match access {
        AccessLevel::List | AccessLevel::Read => (2, "Read"),
        AccessLevel::Unknown => (0, "Unknown"),
        _ if begins(&["Create", "Run", "Allocate", "Register", "Import", "Request"]) => (1, "Create"),
        _ if begins(&["Delete", "Terminate", "Remove", "Deregister", "Purge", "Release", "BatchDelete"]) => {
            (4, "Delete")
        }
        AccessLevel::Write | AccessLevel::Tagging | AccessLevel::Permissions => (3, "Update"),
    }
}

fn event(session: Session<'_>, told: &Told) -> Value {
    let (call, begin, start) = (&told.call, &told.call.begin, session.start);
    let end = call.end.as_ref();
    let (activity_id, activity_name) = activity(begin.access, &begin.operation);
    let is_denied = call.decision.as_ref().is_some_and(|decision| decision.effect == Effect::Deny)
        || end.is_some_and(|end| end.outcome == Outcome::Refused);
    let has_failed = end.is_some_and(|end| {
        end.outcome != Outcome::Answered || end.status.is_some_and(|status| status >= 400)
    });
    let (status_id, status) = match end {
        None => (0, "Unknown"),
        Some(_) if has_failed || is_denied => (2, "Failure"),
        Some(_) => (1, "Success"),
    };
    let millis = |micros: u64| micros / 1_000;
    let uid = format!("{}/{}", start.id, begin.call);
    let mut event = json!({
        "activity_id": activity_id,
        "activity_name": activity_name,
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "type_uid": CLASS * 100 + activity_id,
        "type_name": format!("API Activity: {activity_name}"),
        "time": millis(session.at(call.t)),
        "start_time": millis(session.at(call.t)),
        "severity_id": if is_denied { 3 } else { 1 },
        "severity": if is_denied { "Medium" } else { "Informational" },
        "status_id": status_id,
        "status": status,
        "message": format!("{} {}", begin.action, begin.resources.join(" ")).trim(),
        "metadata": {
            "version": SCHEMA,
            "profiles": ["cloud"],
            "product": {"name": "hoop", "vendor_name": "hoop", "version": start.hoop},
            "uid": uid,
            "correlation_uid": start.id.to_string(),
            "original_time": session.rfc3339(call.t),
        },
        "api": {"operation": begin.operation, "service": {"name": begin.service}, "request": {"uid": uid}},
        "actor": {
            "user": {"name": start.user, "groups": start.groups.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()},
            "session": {"uid": start.id.to_string()},
        },
        "src_endpoint": {"hostname": start.host, "name": start.host},
        "cloud": {"provider": "AWS", "region": begin.region},
        "resources": begin.resources.iter().map(|resource| json!({"uid": resource})).collect::<Vec<_>>(),
        "unmapped": {
            "action": begin.action,
            "access": begin.access.as_str(),
            "params": begin.params,
            "via": begin.via,
            "decision": call.decision,
            "asked": call.asked,
            "joined": call.joined,
            "used": call.used,
            "answered": call.answered,
        },
    });
    if let Some(account) = &begin.account {
        event["cloud"]["account"] = json!({"uid": account});
    }
    if let Some(subject) = start.identity.as_ref().and_then(|identity| identity.subject.as_ref()) {
        event["actor"]["user"]["uid"] = json!(subject);
    }
    if let Some(issuer) = start.identity.as_ref().and_then(|identity| identity.issuer.as_ref()) {
        event["actor"]["session"]["issuer"] = json!(issuer);
    }
    if let Some(identity) = &begin.identity {
        event["actor"]["session"]["uid_alt"] = json!(identity);
    }
    if let Some(agent) = &start.agent {
        event["actor"]["app_name"] = json!(agent);
    }
    if begin.pid.is_some() || told.command.is_some() {
        let name =
            begin.command.map_or_else(|| uid.clone(), |number| format!("{}/command/{number}", start.id));
        event["actor"]["process"] = json!({"uid": name});
        if let Some(pid) = begin.pid {
            event["actor"]["process"]["pid"] = json!(pid);
        }
        if let Some(line) = &told.command {
            event["actor"]["process"]["cmd_line"] = json!(line);
        }
    }
    if !begin.host.is_empty() {
        event["dst_endpoint"] = json!({"hostname": begin.host, "svc_name": begin.service});
        event["http_request"] = json!({
            "http_method": begin.method,
            "url": {"hostname": begin.host, "path": begin.path, "scheme": "https"},
        });
        if let Some(agent) = &begin.agent {
            event["http_request"]["user_agent"] = json!(agent);
        }
    }
    if let Some(end) = end {
        event["end_time"] = json!(millis(session.at(call.t).saturating_add(end.took.0)));
        event["duration"] = json!(millis(end.took.0));
        event["api"]["response"] = json!({
            "code": end.status, "error": end.error, "error_message": end.message,
        });
        strip_nulls(&mut event["api"]["response"]);
        if let Some(request) = &end.request_id {
            event["api"]["request"]["uid"] = json!(request);
        }
        if let Some(code) = end.status {
            event["status_code"] = json!(code.to_string());
            event["http_response"] = json!({"code": code, "length": end.bytes_out});
        }
        if let Some(why) = end.message.as_ref().or(end.error.as_ref()) {
            event["status_detail"] = json!(why);
        }
        event["unmapped"]["outcome"] = json!(end.outcome);
    }
    event["unmapped"]["masked_at_export"] = session.masked(told);
    strip_nulls(&mut event["unmapped"]);
    event
}

fn strip_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_one_of_four_activities() {
        for (access, operation, wanted) in [
            (AccessLevel::List, "ListBuckets", 2),
            (AccessLevel::Write, "CreateBucket", 1),
            (AccessLevel::Write, "TerminateInstances", 4),
            (AccessLevel::Permissions, "PutBucketPolicy", 3),
            (AccessLevel::Unknown, "unknown", 0),
        ] {
            assert_eq!(activity(access, operation).0, wanted, "{operation}");
        }
    }
}
