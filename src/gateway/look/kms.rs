//! KMS: what a key is for. What it has encrypted cannot be read without it.

use serde_json::json;

use super::Look;
use super::Told;
use super::read::Read;
use super::tree;
use crate::aws::Call;

const PROTOCOL: (&str, &str) = ("TrentService", "1.1");

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let asks = matches!(
        call.operation.as_str(),
        "ScheduleKeyDeletion"
            | "DisableKey"
            | "PutKeyPolicy"
            | "DisableKeyRotation"
            | "DeleteImportedKeyMaterial"
            | "CreateGrant"
    );
    match tree::text(&call.params, "KeyId").filter(|_| asks) {
        Some(key) => vec![described(&key), aliases(&key), grants(&key)],
        None => Vec::new(),
    }
}

fn described(key: &str) -> Look {
    Look::new("key", Read::json("DescribeKey", PROTOCOL, &json!({ "KeyId": key })), |answer| {
        let mut said: Vec<String> = Vec::new();
        for path in ["KeyState", "KeyUsage", "KeySpec"] {
            said.extend(tree::text(answer, &format!("KeyMetadata.{path}")));
        }
        if tree::is_true(answer, "KeyMetadata.MultiRegion") {
            said.push("in several regions".to_owned());
        }
        Told::fact("key", said.join(", "))
            .maybe(
                "description",
                tree::text(answer, "KeyMetadata.Description").filter(|text| !text.is_empty()),
            )
            .maybe("created", tree::text(answer, "KeyMetadata.CreationDate").map(|time| tree::time(&time)))
    })
}

fn aliases(key: &str) -> Look {
    Look::new(
        "aliases",
        Read::json("ListAliases", PROTOCOL, &json!({ "KeyId": key, "Limit": 20 })),
        |answer| {
            let all: Vec<String> = tree::items(answer, "Aliases.AliasName")
                .into_iter()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect();
            Told::fact("aliases", tree::some(&all))
        },
    )
}

fn grants(key: &str) -> Look {
    Look::new("grants", Read::json("ListGrants", PROTOCOL, &json!({ "KeyId": key, "Limit": 20 })), |answer| {
        let number = tree::items(answer, "Grants").len();
        let more = if tree::is_true(answer, "Truncated") { " or more" } else { "" };
        Told::fact("grants", if number == 0 { "none".to_owned() } else { format!("{number}{more}") })
    })
}
