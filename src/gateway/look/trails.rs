//! CloudTrail: what would no longer be written down.

use serde_json::json;

use super::Look;
use super::Told;
use super::read::Read;
use super::tree;
use crate::aws::Call;

const PROTOCOL: (&str, &str) = ("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "1.1");

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let asks = matches!(
        call.operation.as_str(),
        "StopLogging" | "DeleteTrail" | "UpdateTrail" | "PutEventSelectors"
    );
    let name = tree::text(&call.params, "Name").or_else(|| tree::text(&call.params, "TrailName"));
    let Some(name) = name.filter(|_| asks) else { return Vec::new() };
    let trail = Read::json("GetTrail", PROTOCOL, &json!({ "Name": name }));
    let status = Read::json("GetTrailStatus", PROTOCOL, &json!({ "Name": name }));
    vec![
        Look::new("trail", trail, |answer| {
            let is = |path: &str| tree::is_true(answer, &format!("Trail.{path}"));
            let mut said: Vec<&str> = Vec::new();
            said.push(if is("IsMultiRegionTrail") { "of all regions" } else { "of one region" });
            if is("IsOrganizationTrail") {
                said.push("of the whole organisation");
            }
            Told::fact("trail", said.join(", ")).maybe(
                "writes to",
                tree::text(answer, "Trail.S3BucketName").map(|name| format!("bucket {name}")),
            )
        }),
        Look::new("logging", status, |answer| {
            let on = tree::is_true(answer, "IsLogging");
            Told::fact("logging", if on { "on" } else { "off already" }).maybe(
                "last delivered",
                tree::text(answer, "LatestDeliveryTime").map(|time| tree::time(&time)),
            )
        }),
    ]
}
