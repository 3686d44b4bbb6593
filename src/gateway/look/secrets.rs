//! Secrets Manager: when a secret was last used. Never what it says.

use serde_json::json;

use super::Look;
use super::Told;
use super::read::Read;
use super::tree;
use crate::aws::Call;

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let asks = matches!(
        call.operation.as_str(),
        "DeleteSecret"
            | "PutSecretValue"
            | "UpdateSecret"
            | "RotateSecret"
            | "PutResourcePolicy"
            | "UpdateSecretVersionStage"
    );
    let Some(id) = tree::text(&call.params, "SecretId").filter(|_| asks) else { return Vec::new() };
    let is_deleted = call.operation == "DeleteSecret";
    let forced = tree::is_true(&call.params, "ForceDeleteWithoutRecovery");
    let days = tree::text(&call.params, "RecoveryWindowInDays");
    let read = Read::json("DescribeSecret", ("secretsmanager", "1.1"), &json!({ "SecretId": id }));
    vec![Look::new("last used", read, move |answer| {
        let time = |name: &str| tree::text(answer, name).map(|time| tree::time(&time));
        let recovery = match (&days, forced) {
            (_, true) => "none: it is gone at once".to_owned(),
            (Some(days), false) => format!("possible for {days} days"),
            (None, false) => "possible for 30 days".to_owned(),
        };
        // AWS rounds it down to the day.
        let used = time("LastAccessedDate").map(|time| time.split(' ').next().unwrap_or_default().to_owned());
        Told::fact("last used", used.unwrap_or_else(|| "never, or not known".to_owned()))
            .maybe("last changed", time("LastChangedDate"))
            .maybe("used by", tree::text(answer, "OwningService"))
            .maybe("rotation", tree::is_true(answer, "RotationEnabled").then(|| "on".to_owned()))
            .maybe("recovery", is_deleted.then_some(recovery))
    })]
}
