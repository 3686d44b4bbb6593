//! SNS: who hears a topic.

use super::Look;
use super::Told;
use super::read::Read;
use super::tree;
use crate::aws::Call;

/// The API's version.
const VERSION: &str = "2010-03-31";

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let asks = matches!(
        call.operation.as_str(),
        "DeleteTopic" | "SetTopicAttributes" | "AddPermission" | "RemovePermission"
    );
    let Some(arn) = tree::text(&call.params, "TopicArn").filter(|_| asks) else { return Vec::new() };
    let read = Read::form("GetTopicAttributes", VERSION, &[("TopicArn", &arn)]);
    vec![Look::new("subscriptions", read, |answer| {
        let entries = tree::items(answer, "GetTopicAttributesResult.Attributes.entry");
        let attribute = |name: &str| {
            let entry = entries.iter().find(|entry| tree::text(entry, "key").as_deref() == Some(name))?;
            tree::text(entry, "value")
        };
        Told::default().maybe("subscriptions", attribute("SubscriptionsConfirmed")).maybe(
            "waiting for confirmation",
            attribute("SubscriptionsPending").filter(|number| number != "0"),
        )
    })]
}
