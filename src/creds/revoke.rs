//! After the end of a session, AWS is told to refuse its credential: an inline policy of the role that denies everything to
//! that one session of the role, and to no other.
//!
//! AWS has no way to end a credential. What its console calls "revoke active sessions" denies by `aws:TokenIssueTime`, which
//! hits everybody who has the role at that time. `aws:userid` of a role's session is `AROA…:NAME`, and hoop's names hold the
//! number of the recording, so that it means this session alone. Source:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>.

use serde_json::json;

use crate::aws::sigv4::Key;
use crate::creds::chain::Fetched;
use crate::creds::sts::Iam;
use crate::net::Upstream;

/// What the policies' names begin with; the time until which they are needed follows.
const NAME: &str = "hoop-ended-until-";

/// Policies of earlier sessions that are removed at once.
const REMOVED: usize = 20;

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The name of the inline policy.
    pub policy: String,
    /// Policies of earlier sessions, no longer needed, that were removed.
    pub removed: usize,
}

/// Who asks IAM, and when.
pub struct Asking<'a> {
    /// The way to AWS.
    pub upstream: &'a Upstream,
    /// Signs.
    pub key: &'a Key,
    /// Seconds since the Unix epoch.
    pub now_unix: u64,
}

/// Has AWS refuse `ended`, a credential of `role`, and all others of the same session of the role, issued until now.
/// Removes what it said of sessions whose credentials have all ended.
///
/// # Errors
/// Why not, in words.
pub async fn revoke(asking: &Asking<'_>, role: &str, ended: &Fetched) -> Result<Revoked, String> {
    let name = role.rsplit('/').next().unwrap_or_default();
    let userid = ended.userid.as_deref().ok_or("AWS did not say the id of the role's session")?;
    let session = userid.split(':').nth(1).unwrap_or_default();
    let until = ended.expires.ok_or("it is not known when the credential ends")?;
    // Of another partition, the answer would come from another IAM.
    let iam = Iam {
        upstream: asking.upstream,
        key: asking.key,
        partition: role.split(':').nth(1).unwrap_or("aws"),
        now_unix: asking.now_unix,
    };
    let policy: String = format!("{NAME}{until}-{session}").chars().take(128).collect();
    let fields =
        [("RoleName", name), ("PolicyName", &policy), ("PolicyDocument", &document(userid, asking.now_unix))];
    iam.call("PutRolePolicy", &fields).await?;
    let listed = iam.call("ListRolePolicies", &[("RoleName", name)]).await;
    let mut removed = 0;
    let known = listed.map(|answer| answer.texts("member")).unwrap_or_default();
    for old in known.iter().filter(|known| is_over(known, asking.now_unix)).take(REMOVED) {
        let fields = [("RoleName", name), ("PolicyName", old.as_str())];
        removed += usize::from(iam.call("DeleteRolePolicy", &fields).await.is_ok());
    }
    Ok(Revoked { policy, removed })
}

/// Denies everything to one session of the role. What is issued under the same name later is not meant: a clock that is a
/// minute off is allowed for.
fn document(userid: &str, now_unix: u64) -> String {
    let until = i64::try_from(now_unix + 60).ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
    let until = until.map(|at| at.to_string()).unwrap_or_default();
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "HoopSessionEnded",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringEquals": { "aws:userid": userid },
                "DateLessThan": { "aws:TokenIssueTime": until }
            }
        }]
    })
    .to_string()
}

/// Whether this is one of ours, about a session whose credentials have all ended.
fn is_over(policy: &str, now_unix: u64) -> bool {
    let until = policy.strip_prefix(NAME).and_then(|rest| rest.split('-').next());
    until.and_then(|until| until.parse::<u64>().ok()).is_some_and(|until| until < now_unix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_session_of_the_role_is_meant_and_no_other() {
        let text = document("AROAX:ana-01J9", 1_767_225_540);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let condition = &document["Statement"][0]["Condition"];
        assert_eq!(condition["StringEquals"]["aws:userid"], "AROAX:ana-01J9");
        assert_eq!(condition["DateLessThan"]["aws:TokenIssueTime"], "2026-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_over_is_ours_and_past() {
        assert!(is_over("hoop-ended-until-99-ana", 100));
        for other in ["hoop-ended-until-100-ana", "hoop-ended-until-x-ana", "admin", "AWSRevokeOlderSessions"]
        {
            assert!(!is_over(other, 100), "{other}");
        }
    }
}
