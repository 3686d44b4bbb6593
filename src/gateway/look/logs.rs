//! CloudWatch Logs: how much is kept in a group.

use serde_json::json;

use super::Look;
use super::Told;
use super::read::Read;
use super::tree;
use crate::aws::Call;

const PROTOCOL: (&str, &str) = ("Logs_20140328", "1.1");

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let asks = matches!(
        call.operation.as_str(),
        "DeleteLogGroup"
            | "PutRetentionPolicy"
            | "DeleteRetentionPolicy"
            | "DeleteLogStream"
            | "DeleteSubscriptionFilter"
    );
    let Some(group) = tree::text(&call.params, "logGroupName").filter(|_| asks) else { return Vec::new() };
    let read =
        Read::json("DescribeLogGroups", PROTOCOL, &json!({ "logGroupNamePrefix": group, "limit": 50 }));
    vec![Look::new("log group", read, move |answer| {
        let all = tree::items(answer, "logGroups");
        let here = all
            .into_iter()
            .find(|known| tree::text(known, "logGroupName").as_deref() == Some(group.as_str()));
        let Some(here) = here else { return Told::fact("log group", "it does not exist") };
        let days = tree::text(here, "retentionInDays");
        Told::default()
            .maybe("stored", tree::number(here, "storedBytes").map(tree::bytes))
            .and("kept", days.map_or_else(|| "for ever".to_owned(), |days| format!("for {days} days")))
            .maybe(
                "deletion protection",
                tree::is_true(here, "deletionProtectionEnabled").then(|| "on".to_owned()),
            )
    })]
}
