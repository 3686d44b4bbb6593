//! ECR: what is in a repository.

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
    let repository = Read::json("DescribeRepositories", PROTOCOL, &json!({ "repositoryNames": [name] }));
    let images = Read::json("ListImages", PROTOCOL, &json!({ "repositoryName": name, "maxResults": 1_000 }));
    vec![
        Look::new("repository", repository, |answer| {
            let path = |name: &str| tree::text(answer, &format!("repositories.{name}"));
            Told::default()
                .maybe("tags", path("imageTagMutability").map(|kind| kind.to_ascii_lowercase()))
                .maybe("created", path("createdAt").map(|time| tree::time(&time)))
        }),
        Look::new("images", images, |answer| {
            let number = tree::items(answer, "imageIds").len() as u64;
            let more = if tree::text(answer, "nextToken").is_some() { " or more" } else { "" };
            Told::fact(
                "images",
                if number == 0 { "none".to_owned() } else { format!("{}{more}", tree::grouped(number)) },
            )
        }),
    ]
}
