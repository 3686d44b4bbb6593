//! DynamoDB: what is in a table, what protects it, and how its settings change.

use serde_json::Value;
use serde_json::json;

use super::Look;
use super::Told;
use super::change::Change;
use super::read::Read;
use super::tree;
use crate::aws::Call;
use crate::gateway::documents::Line;

const PROTOCOL: (&str, &str) = ("DynamoDB_20120810", "1.0");

/// A setting: where the request has it, and where the table's description has it.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("billing", "BillingMode", "BillingModeSummary.BillingMode"),
    ("deletion protection", "DeletionProtectionEnabled", "DeletionProtectionEnabled"),
    ("table class", "TableClass", "TableClassSummary.TableClass"),
    ("read capacity", "ProvisionedThroughput.ReadCapacityUnits", "ProvisionedThroughput.ReadCapacityUnits"),
    (
        "write capacity",
        "ProvisionedThroughput.WriteCapacityUnits",
        "ProvisionedThroughput.WriteCapacityUnits",
    ),
    ("stream", "StreamSpecification.StreamEnabled", "StreamSpecification.StreamEnabled"),
    ("encryption with a KMS key", "SSESpecification.Enabled", "SSEDescription.Status"),
];

/// What is worth knowing; `shown`: the parameters as they may be shown.
pub fn looks(call: &Call, shown: &Value) -> Vec<Look> {
    let Some(table) = tree::text(&call.params, "TableName") else { return Vec::new() };
    match call.operation.as_str() {
        "DeleteTable" => {
            vec![described(&table, None), backups(&table), tables_tags(call)].into_iter().flatten().collect()
        }
        "UpdateTable" => described(&table, Some(shown.clone())).into_iter().collect(),
        "UpdateContinuousBackups" => {
            [backups(&table), described(&table, None)].into_iter().flatten().collect()
        }
        "UpdateTimeToLive" => described(&table, None).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn described(table: &str, asked: Option<Value>) -> Option<Look> {
    let read = Read::json("DescribeTable", PROTOCOL, &json!({ "TableName": table }));
    Some(Look::new("table", read, move |answer| {
        let table = tree::items(answer, "Table").first().copied().unwrap_or(&Value::Null);
        let number = |path: &str| tree::number(table, path);
        let protected = if tree::is_true(table, "DeletionProtectionEnabled") {
            "on: AWS will refuse to delete it"
        } else {
            "off"
        };
        let indexes = tree::items(table, "GlobalSecondaryIndexes").len();
        let replicas: Vec<String> = tree::items(table, "Replicas.RegionName")
            .into_iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let told = Told::default()
            .maybe(
                "items",
                number("ItemCount")
                    .map(|items| format!("{} (as of up to six hours ago)", tree::grouped(items))),
            )
            .maybe("size", number("TableSizeBytes").map(tree::bytes))
            .maybe("state", tree::text(table, "TableStatus"))
            .and("deletion protection", protected)
            .maybe("indexes", (indexes > 0).then(|| indexes.to_string()))
            .maybe("replicas in", (!replicas.is_empty()).then(|| tree::some(&replicas)));
        told.changing(asked.as_ref().and_then(|asked| changed(table, asked)))
    }))
}

/// The settings that the request names.
fn changed(table: &Value, asked: &Value) -> Option<Change> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (name, wanted, present) in SETTINGS {
        let Some(wanted) = tree::text(asked, wanted) else { continue };
        let now = tree::text(table, present)
            .unwrap_or_else(|| if *name == "billing" { "PROVISIONED" } else { "none" }.to_owned());
        before.push(Line::new(format!("{name}: {}", spoken(&now))));
        after.push(Line::new(format!("{name}: {}", spoken(&wanted))));
    }
    (!after.is_empty()).then(|| Change::new("table settings", before, after))
}

/// `true`, `ENABLED` and the like as `on`.
fn spoken(value: &str) -> &str {
    match value {
        "true" | "ENABLED" | "UPDATING" => "on",
        "false" | "none" | "DISABLED" => "off",
        other => other,
    }
}

fn backups(table: &str) -> Option<Look> {
    let read = Read::json("DescribeContinuousBackups", PROTOCOL, &json!({ "TableName": table }));
    Some(Look::new("point-in-time recovery", read, |answer| {
        let path = "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus";
        let state = tree::text(answer, path).unwrap_or_default();
        Told::fact("point-in-time recovery", spoken(&state))
    }))
}

/// Tags, by the table's ARN, where the call tells it.
fn tables_tags(call: &Call) -> Option<Look> {
    let arn = call
        .resources
        .first()
        .filter(|arn| !call.partial && !call.needs_account && arn.starts_with("arn:"))?;
    let read = Read::json("ListTagsOfResource", PROTOCOL, &json!({ "ResourceArn": arn }));
    Some(Look::new("tags", read, |answer| {
        let tags: Vec<String> = tree::items(answer, "Tags")
            .into_iter()
            .filter_map(|tag| {
                Some(format!("{}={}", tree::text(tag, "Key")?, tree::text(tag, "Value").unwrap_or_default()))
            })
            .collect();
        Told::fact("tags", tree::some(&tags))
    }))
}
