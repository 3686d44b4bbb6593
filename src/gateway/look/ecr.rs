//! ECR: what is in a repository.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::Look;
use super::Told;
use super::read::Read;
use super::tree;
use crate::aws::Call;

const PROTOCOL: (&str, &str) = ("AmazonEC2ContainerRegistry_V20150921", "1.1");

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let asks = matches!(
        call.operation.as_str(),
        "DeleteRepository"
            | "BatchDeleteImage"
            | "SetRepositoryPolicy"
            | "DeleteRepositoryPolicy"
            | "PutLifecyclePolicy"
            | "PutImage"
    );
    let Some(name) = tree::text(&call.params, "repositoryName").filter(|_| asks) else { return Vec::new() };
    // A repository of this name may be in the registry of another account.
    let registry = tree::text(&call.params, "registryId");
    let there = |mut params: Value| {
        if let (Some(params), Some(registry)) = (params.as_object_mut(), &registry) {
            params.insert("registryId".to_owned(), json!(registry));
        }
        params
    };
    let repository =
        Read::json("DescribeRepositories", PROTOCOL, &there(json!({ "repositoryNames": [name] })));
    let images = there(json!({ "repositoryName": name, "maxResults": 1_000 }));
    let images = Read::json("ListImages", PROTOCOL, &images);
    vec![
        Look::new("repository", repository, |answer| {
            let path = |name: &str| tree::text(answer, &format!("repositories.{name}"));
            Told::default()
                .maybe("tags", path("imageTagMutability").map(|kind| kind.to_ascii_lowercase()))
                .maybe("created", path("createdAt").map(|time| tree::time(&time)))
        }),
        Look::new("images", images, |answer| {
            // An image stands there once for each of its tags.
            let digests: BTreeSet<&str> =
                tree::items(answer, "imageIds.imageDigest").into_iter().filter_map(Value::as_str).collect();
            let number = digests.len() as u64;
            let more = if tree::text(answer, "nextToken").is_some() { " or more" } else { "" };
            Told::fact(
                "images",
                if number == 0 { "none".to_owned() } else { format!("{}{more}", tree::grouped(number)) },
            )
        }),
    ]
}
