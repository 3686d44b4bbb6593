//! S3: how much is in a bucket, whether it comes back, who may read it, and how its documents change.

use serde_json::Value;

use super::Look;
use super::Told;
use super::acl;
use super::change::Change;
use super::read::Read;
use super::read::encoded;
use super::tree;
use crate::aws;
use crate::aws::Call;
use crate::gateway::documents;
use crate::gateway::documents::Line;

/// Objects that are counted; S3 gives no more at once.
const COUNTED: u64 = 1_000;

/// What is worth knowing; `shown`: the parameters as they may be shown.
pub fn looks(call: &Call, shown: &Value) -> Vec<Look> {
    let Some(bucket) = bucket(call) else { return Vec::new() };
    let bucket = bucket.as_str();
    let has_version = tree::text(&call.params, "VersionId").is_some();
    match call.operation.as_str() {
        "DeleteBucket" => {
            vec![objects(bucket), versioning(bucket, has_version), lock(bucket), policy(bucket)]
        }
        "DeleteObject" => match key(call) {
            Some(key) => vec![object(bucket, key), versioning(bucket, has_version), lock(bucket)],
            None => Vec::new(),
        },
        "DeleteObjects" => vec![versioning(bucket, false), lock(bucket), objects(bucket)],
        "PutObject" | "CopyObject" | "CreateMultipartUpload" => match key(call) {
            Some(key) => vec![object(bucket, key), versioning(bucket, true)],
            None => Vec::new(),
        },
        "PutBucketPolicy" => {
            let asked = tree::text(shown, "Policy").and_then(|text| documents::policy_in(&text));
            vec![
                policy_to(bucket, asked.map(|asked| documents::policy(&asked))),
                access_block(bucket),
                objects(bucket),
            ]
        }
        "DeleteBucketPolicy" => {
            vec![policy_to(bucket, Some(Vec::new())), access_block(bucket), objects(bucket)]
        }
        "PutBucketAcl" => vec![acl_to(bucket, shown), access_block(bucket), objects(bucket)],
        "PutObjectAcl" => match key(call) {
            Some(key) => vec![object(bucket, key), access_block(bucket)],
            None => Vec::new(),
        },
        "PutPublicAccessBlock" => {
            let asked = shown.get("PublicAccessBlockConfiguration").map(flags);
            vec![access_block_to(bucket, asked), policy(bucket), objects(bucket)]
        }
        "DeletePublicAccessBlock" => {
            vec![access_block_to(bucket, Some(flags(&Value::Null))), policy(bucket), objects(bucket)]
        }
        "PutBucketVersioning" => {
            let asked = shown.get("VersioningConfiguration").map(settings);
            vec![versioning_to(bucket, asked), objects(bucket), lock(bucket)]
        }
        "PutBucketLifecycleConfiguration" => {
            let asked = shown.get("LifecycleConfiguration").map(lifecycle);
            vec![lifecycle_to(bucket, asked), versioning(bucket, true), objects(bucket)]
        }
        "DeleteBucketLifecycle" => vec![lifecycle_to(bucket, Some(Vec::new())), objects(bucket)],
        "PutBucketEncryption"
        | "DeleteBucketEncryption"
        | "PutBucketReplication"
        | "DeleteBucketReplication"
        | "PutBucketWebsite"
        | "PutBucketCors"
        | "PutObjectLockConfiguration"
        | "PutBucketOwnershipControls" => {
            vec![versioning(bucket, true), access_block(bucket), objects(bucket)]
        }
        _ => Vec::new(),
    }
}

/// The bucket, if it is named plainly: not by the ARN of an access point, and no directory.
fn bucket(call: &Call) -> Option<String> {
    let name = tree::text(&call.params, "Bucket")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_plain = (3..=255).contains(&name.len()) && name.bytes().all(fits) && !name.contains("--");
    is_plain.then_some(name)
}

fn key(call: &Call) -> Option<String> {
    tree::text(&call.params, "Key").filter(|key| !key.is_empty() && key.len() <= 1_024)
}

/// How many objects there are, up to a thousand.
fn objects(bucket: &str) -> Look {
    let read = Read::get("ListObjectsV2", format!("/{bucket}?list-type=2&max-keys={COUNTED}"));
    Look::new("objects", read, |answer| {
        let sizes: Vec<u64> = tree::items(answer, "Contents.Size")
            .into_iter()
            .filter_map(|size| documents::scalar(size).parse().ok())
            .collect();
        let number = tree::items(answer, "Contents").len() as u64;
        let size = tree::bytes(sizes.iter().fold(0, |sum, size| sum.saturating_add(*size)));
        Told::fact(
            "objects",
            match (number, tree::is_true(answer, "IsTruncated")) {
                (0, _) => "none".to_owned(),
                (number, true) => format!("{} or more, {size} in these", tree::grouped(number)),
                (number, false) => format!("{} ({size})", tree::grouped(number)),
            },
        )
    })
}

/// What is there under a key now.
fn object(bucket: &str, key: String) -> Look {
    let target = format!("/{bucket}?list-type=2&max-keys=1&prefix={}", encoded(&key));
    Look::new("object", Read::get("ListObjectsV2", target), move |answer| {
        let here = tree::items(answer, "Contents")
            .into_iter()
            .find(|object| tree::text(object, "Key").as_deref() == Some(key.as_str()));
        let Some(here) = here else { return Told::fact("object", "there is none under this key") };
        let size = tree::number(here, "Size").map(tree::bytes).unwrap_or_default();
        let changed = tree::text(here, "LastModified").map(|time| tree::time(&time)).unwrap_or_default();
        Told::fact("object", format!("{size}, last changed {changed}"))
    })
}

/// `is_plain`: nothing is said about what deleting leaves behind.
fn versioning(bucket: &str, is_plain: bool) -> Look {
    Look::new("versioning", versioning_read(bucket), move |answer| {
        let state = tree::text(answer, "Status");
        let said = match state.as_deref() {
            Some("Enabled") if !is_plain => "on: what is deleted leaves its versions behind",
            Some("Enabled") => "on",
            Some("Suspended") => "suspended",
            _ if is_plain => "off",
            _ => "off: what is deleted or overwritten is gone",
        };
        let mfa = tree::text(answer, "MfaDelete").filter(|mfa| mfa == "Enabled");
        Told::fact("versioning", said).maybe("MFA delete", mfa.map(|_| "on".to_owned()))
    })
}

fn versioning_read(bucket: &str) -> Read {
    Read::get("GetBucketVersioning", format!("/{bucket}?versioning"))
}

fn versioning_to(bucket: &str, asked: Option<Vec<Line>>) -> Look {
    Look::new("versioning", versioning_read(bucket), move |answer| {
        let now = tree::text(answer, "Status").unwrap_or_else(|| "off".to_owned());
        let change = asked.clone().map(|asked| Change::new("versioning", settings(answer), asked));
        Told::fact("versioning", now).changing(change)
    })
}

fn lock(bucket: &str) -> Look {
    let read = Read::get("GetObjectLockConfiguration", format!("/{bucket}?object-lock"));
    let none = &["ObjectLockConfigurationNotFoundError"];
    Look::new("object lock", read, |answer| {
        let state = match tree::text(answer, "ObjectLockEnabled").as_deref() {
            Some("Enabled") => {
                let mode = tree::text(answer, "Rule.DefaultRetention.Mode");
                let days =
                    tree::text(answer, "Rule.DefaultRetention.Days").map(|days| format!(" for {days} days"));
                let years = tree::text(answer, "Rule.DefaultRetention.Years")
                    .map(|years| format!(" for {years} years"));
                let mode = mode.map(|mode| format!(", {}", mode.to_ascii_lowercase())).unwrap_or_default();
                format!("on{mode}{}", days.or(years).unwrap_or_default())
            }
            _ => "off".to_owned(),
        };
        Told::fact("object lock", state)
    })
    .none(none)
}

fn policy_read(bucket: &str) -> Read {
    Read::get("GetBucketPolicy", format!("/{bucket}?policy"))
}

fn policy(bucket: &str) -> Look {
    Look::new("bucket policy", policy_read(bucket), |answer| {
        let statements = answer.get("Statement").map_or(0, |value| documents::listed(value).count());
        Told::fact(
            "bucket policy",
            if statements == 0 { "none".to_owned() } else { tree::count(statements, "statement") },
        )
    })
    .none(&["NoSuchBucketPolicy"])
}

fn policy_to(bucket: &str, asked: Option<Vec<Line>>) -> Look {
    Look::new("bucket policy", policy_read(bucket), move |answer| {
        let told = match answer.get("Statement") {
            None => Told::fact("bucket policy", "none now"),
            Some(_) => Told::default(),
        };
        told.changing(
            asked.clone().map(|asked| Change::new("bucket policy", documents::policy(answer), asked)),
        )
    })
    .none(&["NoSuchBucketPolicy"])
}

fn access_block_read(bucket: &str) -> Read {
    Read::get("GetPublicAccessBlock", format!("/{bucket}?publicAccessBlock"))
}

const NO_BLOCK: &[&str] = &["NoSuchPublicAccessBlockConfiguration"];

fn access_block(bucket: &str) -> Look {
    Look::new("public access block", access_block_read(bucket), |answer| {
        let on = FLAGS.iter().filter(|flag| tree::is_true(answer, flag)).count();
        Told::fact(
            "public access block",
            match on {
                0 => "none: public access is possible".to_owned(),
                4 => "all public access is blocked".to_owned(),
                some => format!("{some} of 4 settings are on"),
            },
        )
    })
    .none(NO_BLOCK)
}

fn access_block_to(bucket: &str, asked: Option<Vec<Line>>) -> Look {
    Look::new("public access block", access_block_read(bucket), move |answer| {
        Told::default()
            .changing(asked.clone().map(|asked| Change::new("public access block", flags(answer), asked)))
    })
    .none(NO_BLOCK)
}

const FLAGS: &[&str] = &["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

fn flags(configuration: &Value) -> Vec<Line> {
    let line = |flag: &&str| {
        Line::new(format!("{flag}: {}", if tree::is_true(configuration, flag) { "on" } else { "off" }))
    };
    FLAGS.iter().map(line).collect()
}

/// `Status: Enabled`.
fn settings(configuration: &Value) -> Vec<Line> {
    let setting = |name: &str, off: &str| {
        let value = tree::text(configuration, name).unwrap_or_else(|| off.to_owned());
        Line::new(format!("{name}: {value}"))
    };
    vec![setting("Status", "off"), setting("MfaDelete", "Disabled")]
}

/// One line for each rule; both sides have the names of the API reference.
fn lifecycle(configuration: &Value) -> Vec<Line> {
    tree::items(configuration, "Rules").into_iter().map(documents::settled).collect()
}

fn lifecycle_to(bucket: &str, asked: Option<Vec<Line>>) -> Look {
    let read = Read::get("GetBucketLifecycleConfiguration", format!("/{bucket}?lifecycle"));
    Look::new("lifecycle", read, move |answer| {
        let present = named("PutBucketLifecycleConfiguration", "LifecycleConfiguration", answer);
        let present = lifecycle(&present);
        let told = Told::fact(
            "lifecycle",
            if present.is_empty() { "none now".to_owned() } else { tree::count(present.len(), "rule") },
        );
        told.changing(asked.clone().map(|asked| Change::new("lifecycle rules", present, asked)))
    })
    .none(&["NoSuchLifecycleConfiguration"])
}

fn acl_to(bucket: &str, shown: &Value) -> Look {
    let shown = shown.clone();
    Look::new("access list", Read::get("GetBucketAcl", format!("/{bucket}?acl")), move |answer| {
        let present = named("PutBucketAcl", "AccessControlPolicy", answer);
        let owner = tree::text(&present, "Owner.ID").unwrap_or_default();
        let present = acl::grants(&present, &owner);
        Told::fact("access list", tree::count(present.len(), "grant"))
            .changing(acl::asked(&shown, &owner).map(|asked| Change::new("access list", present, asked)))
    })
}

/// An answer with the names that a request has for the same.
fn named(operation: &str, member: &str, answer: &Value) -> Value {
    if !answer.is_object() {
        return Value::Null;
    }
    let mut params = serde_json::Map::new();
    params.insert(member.to_owned(), answer.clone());
    aws::reshaped("s3", operation, &mut params);
    params.remove(member).unwrap_or_default()
}
