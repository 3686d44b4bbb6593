//! Calls as records in the shape of CloudTrail's, for tools that read those.
//!
//! They are hoop's view of the calls, not CloudTrail's: what AWS alone knows (source address, event category) is left out, and what
//! only hoop knows stands in `additionalEventData`.

use std::io::Write;

use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use super::told::Failure;
use super::told::json_line;
use crate::audit::Outcome;
use crate::error::Result;
use crate::export::Session;
use crate::export::Told;
use crate::types::AccessLevel;

/// Writes a record a line.
///
/// # Errors
/// When a call cannot be masked, or the output cannot be written.
pub fn write_cloudtrail(
    session: Session<'_>,
    calls: impl Iterator<Item = Result<Told>>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    for told in calls {
        json_line(&record(session, &told?), out)?;
    }
    Ok(())
}

fn record(session: Session<'_>, told: &Told) -> Value {
    let (call, begin, start) = (&told.call, &told.call.begin, session.start);
    let time = session.rfc3339(call.t);
    let seconds = time.split_once(['.', 'Z']).map_or(time.as_str(), |(seconds, _)| seconds);
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": identity(begin.identity.as_deref(), begin.role.as_deref(), begin.account.as_deref()),
        "eventTime": format!("{seconds}Z"),
        "eventSource": source(&begin.action, &begin.service),
        "eventName": begin.operation,
        "awsRegion": begin.region,
        // CloudTrail has a name here where there is no address.
        "sourceIPAddress": start.host,
        "userAgent": begin.agent.as_deref().unwrap_or("-"),
        "requestParameters": begin.params,
        "responseElements": Value::Null,
        "requestID": Value::Null,
        "eventID": event_id(&start.id.to_string(), begin.call),
        "readOnly": matches!(begin.access, AccessLevel::List | AccessLevel::Read),
        "eventType": "AwsApiCall",
    });
    let arns: Vec<Value> = begin
        .resources
        .iter()
        .filter(|name| name.starts_with("arn:"))
        .map(|arn| json!({"ARN": arn}))
        .collect();
    if !arns.is_empty() {
        record["resources"] = json!(arns);
    }
    if let Some(account) = &begin.account {
        record["recipientAccountId"] = json!(account);
    }
    if !begin.host.is_empty() {
        record["tlsDetails"] = json!({"clientProvidedHostHeader": begin.host});
    }
    if let Some(end) = &call.end {
        record["requestID"] = json!(end.request_id);
        let refused = (end.outcome == Outcome::Refused).then(|| "AccessDenied".to_owned());
        if let Some(error) = end.error.clone().or(refused) {
            record["errorCode"] = json!(error);
            record["errorMessage"] = json!(end.message);
        }
    }
    let mut own = json!({
        "session": start.id.to_string(),
        "user": start.user,
        "call": begin.call,
        "action": begin.action,
        "command": told.command,
        "decision": call.decision,
        "joined": call.joined,
        "used": call.used,
        "answered": call.answered,
        "outcome": call.end.as_ref().map(|end| end.outcome),
        "masked_at_export": session.masked(told),
    });
    if let Value::Object(members) = &mut own {
        members.retain(|_, member| !member.is_null());
    }
    record["additionalEventData"] = json!({"recordedBy": "hoop", "hoop": own});
    record
}

/// `userIdentity`, by the shape of the ARN.
fn identity(arn: Option<&str>, role: Option<&str>, account: Option<&str>) -> Value {
    let Some(arn) = arn.filter(|arn| arn.starts_with("arn:")) else {
        let kind = if arn == Some("unsigned") { "AWSAccount" } else { "Unknown" };
        return json!({"type": kind, "accountId": account});
    };
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let (kind, name) = match resource.split_once('/') {
        Some(("assumed-role", _)) => ("AssumedRole", None),
        Some(("federated-user", _)) => ("FederatedUser", None),
        Some(("user", path)) => ("IAMUser", path.rsplit('/').next()),
        _ if resource == "root" => ("Root", None),
        _ => ("Unknown", None),
    };
    let mut identity = json!({"type": kind, "arn": arn, "accountId": arn.split(':').nth(4).or(account)});
    if let Some(name) = name {
        identity["userName"] = json!(name);
    }
    if let Some(role) = role {
        let name = role.rsplit('/').next();
        identity["sessionContext"] =
            json!({"sessionIssuer": {"type": "Role", "arn": role, "userName": name}});
    }
    identity
}

/// `s3.amazonaws.com`: the service as its actions name it.
fn source(action: &str, service: &str) -> String {
    match action.split_once(':').map_or(service, |(prefix, _)| prefix) {
        "cloudwatch" => "monitoring.amazonaws.com".to_owned(),
        prefix => format!("{prefix}.amazonaws.com"),
    }
}

/// The same id for the same call, in the shape of a UUID (version 8: made by whoever says so).
fn event_id(session: &str, call: u64) -> String {
    let mut bytes: [u8; 32] = Sha256::digest(format!("hoop {session} {call}")).into();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(&bytes[..16]);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_known_by_its_arn() {
        let of = |arn: &str| identity(Some(arn), None, None)["type"].clone();
        assert_eq!(of("arn:aws:sts::123456789012:assumed-role/dev/ana"), "AssumedRole");
        assert_eq!(of("arn:aws:iam::123456789012:user/team/ana"), "IAMUser");
        assert_eq!(of("arn:aws:iam::123456789012:root"), "Root");
        assert_eq!(of("unsigned"), "AWSAccount");
    }
}
