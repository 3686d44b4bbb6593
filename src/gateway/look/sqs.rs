//! SQS: what is in a queue.

use serde_json::json;

use super::Look;
use super::Told;
use super::read::Read;
use super::tree;
use crate::aws::Call;
use crate::gateway::documents;

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let asks = matches!(
        call.operation.as_str(),
        "DeleteQueue" | "PurgeQueue" | "SetQueueAttributes" | "AddPermission" | "RemovePermission"
    );
    let Some(url) = tree::text(&call.params, "QueueUrl").filter(|_| asks) else { return Vec::new() };
    let read = Read::json(
        "GetQueueAttributes",
        ("AmazonSQS", "1.0"),
        &json!({ "QueueUrl": url, "AttributeNames": ["All"] }),
    );
    vec![Look::new("messages", read, |answer| {
        let attribute = |name: &str| tree::text(answer, &format!("Attributes.{name}"));
        let number = |name: &str| attribute(name).and_then(|text| text.parse().ok()).map(tree::grouped);
        let statements = attribute("Policy").and_then(|text| documents::policy_in(&text));
        let statements = statements
            .and_then(|policy| policy.get("Statement").map(|value| documents::listed(value).count()));
        let dead =
            attribute("RedrivePolicy").and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let dead = dead.and_then(|policy| tree::text(&policy, "deadLetterTargetArn"));
        Told::default()
            .maybe("messages waiting", number("ApproximateNumberOfMessages"))
            .maybe("messages in work", number("ApproximateNumberOfMessagesNotVisible"))
            .maybe(
                "messages delayed",
                number("ApproximateNumberOfMessagesDelayed").filter(|number| number != "0"),
            )
            .maybe("dead letters go to", dead)
            .maybe("queue policy", statements.map(|number| tree::count(number, "statement")))
    })]
}
