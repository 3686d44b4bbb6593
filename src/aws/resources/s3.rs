//! S3: buckets and objects, versions, copies, and the rights that single headers of an upload need.

use serde_json::Value;

use super::Meaning;
use super::Place;
use super::exact;
use super::one;
use crate::aws::call::RequestView;
use crate::aws::identify::Found;
use crate::aws::partition::Partition;
use crate::aws::sigv4::decode;

/// Actions that have a second name for a given version.
const VERSIONED: [(&str, &str); 11] = [
    ("s3:GetObject", "s3:GetObjectVersion"),
    ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
    ("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"),
    ("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    ("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
    ("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
    ("s3:GetObjectTorrent", "s3:GetObjectVersionTorrent"),
    ("s3:GetObjectAnnotation", "s3:GetObjectVersionAnnotation"),
    ("s3:DeleteObjectAnnotation", "s3:DeleteObjectVersionAnnotation"),
];

/// Headers of an upload that need a right of their own. The prefix `x-amz-grant-` stands for the whole family.
const HEADERS: [(&str, &str); 6] = [
    ("x-amz-acl", "s3:PutObjectAcl"),
    ("x-amz-grant-", "s3:PutObjectAcl"),
    ("x-amz-tagging", "s3:PutObjectTagging"),
    ("x-amz-object-lock-mode", "s3:PutObjectRetention"),
    ("x-amz-object-lock-retain-until-date", "s3:PutObjectRetention"),
    ("x-amz-object-lock-legal-hold", "s3:PutObjectLegalHold"),
];

/// Refines action and resources of an S3 call.
pub(super) fn meaning(found: &Found, request: &RequestView<'_>, place: &Place<'_>, out: &mut Meaning) {
    let params = &found.params;
    let operation = found.operation.name;
    let Some(bucket) = one(params, "Bucket") else {
        out.resources.push("*".to_owned());
        return;
    };
    let express = request.service == "s3express" || bucket.ends_with("--x-s3");
    let bucket = Bucket { name: &bucket, express, place };
    if operation == "DeleteObjects" {
        delete_many(params.get("Delete"), &bucket, out);
    } else {
        match one(params, "Key") {
            Some(key) => out.resources.push(bucket.object(&key)),
            None => out.resources.push(bucket.arn()),
        }
    }
    if one(params, "VersionId").is_some()
        && let Some((_, versioned)) = VERSIONED.iter().find(|(plain, _)| *plain == out.action)
    {
        out.action = (*versioned).to_owned();
    }
    let on = out.resources.clone();
    if matches!(operation, "PutObject" | "CopyObject" | "CreateMultipartUpload") {
        for (header, action) in HEADERS {
            let given =
                |name: &str| if header.ends_with('-') { name.starts_with(header) } else { name == header };
            let in_query = request.parts.uri.query().is_some_and(|query| {
                query
                    .split('&')
                    .any(|pair| given(&pair.split('=').next().unwrap_or_default().to_ascii_lowercase()))
            });
            if (in_query || request.parts.headers.keys().any(|name| given(name.as_str())))
                && !out.more.iter().any(|(known, _)| known == action)
            {
                out.more.push((action.to_owned(), on.clone()));
            }
        }
    }
    if request
        .parts
        .headers
        .get("x-amz-bypass-governance-retention")
        .is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"true"))
    {
        out.more.push(("s3:BypassGovernanceRetention".to_owned(), on));
    }
    if matches!(operation, "PutObject" | "CopyObject" | "CreateMultipartUpload")
        && let Some(key) = one(params, "SSEKMSKeyId").filter(|key| !key.contains("alias/aws/"))
    {
        let keys = exact::key(&key, place);
        // Parts are put together again from what was encrypted.
        if operation != "PutObject" {
            out.more.push(("kms:Decrypt".to_owned(), keys.clone()));
        }
        out.more.push(("kms:GenerateDataKey".to_owned(), keys));
    }
    if let Some(source) = one(params, "CopySource").or_else(|| one(params, "RenameSource")) {
        let tags = one(params, "TaggingDirective").is_some_and(|directive| directive == "COPY");
        copy_source(&source, tags, place, out);
    }
    if express {
        // Directory buckets know one permission for everything on objects.
        express_action(out);
    }
}

/// A bucket, or the access point that stands for one.
struct Bucket<'a> {
    name: &'a str,
    express: bool,
    place: &'a Place<'a>,
}

impl Bucket<'_> {
    fn arn(&self) -> String {
        if self.name.starts_with("arn:") {
            self.name.to_owned()
        } else if self.express {
            self.place.regional("s3express", &format!("bucket/{}", self.name))
        } else {
            format!("arn:{}:s3:::{}", Partition::of_region(self.place.region).name, self.name)
        }
    }

    fn object(&self, key: &str) -> String {
        if self.name.starts_with("arn:") {
            format!("{}/object/{key}", self.name)
        } else if self.express {
            self.arn()
        } else {
            format!("{}/{key}", self.arn())
        }
    }
}

/// The objects that a DeleteObjects body names; without one, any of the bucket.
fn delete_many(delete: Option<&Value>, bucket: &Bucket<'_>, out: &mut Meaning) {
    let listed = delete.and_then(|delete| delete.get("Objects"));
    let objects: Vec<&Value> = match listed {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let mut versions = Vec::new();
    for object in &objects {
        let key = object.get("Key").and_then(Value::as_str).unwrap_or("*");
        let arn = bucket.object(key);
        if object.get("VersionId").and_then(Value::as_str).is_some_and(|version| !version.is_empty()) {
            versions.push(arn);
        } else {
            out.resources.push(arn);
        }
    }
    if objects.is_empty() {
        out.resources.push(bucket.object("*"));
    } else if out.resources.is_empty() {
        out.action = "s3:DeleteObjectVersion".to_owned();
        out.resources = versions;
    } else if !versions.is_empty() {
        out.more.push(("s3:DeleteObjectVersion".to_owned(), versions));
    }
}

/// `bucket/key`, `/bucket/key?versionId=…` or an access point's ARN, percent-encoded.
fn copy_source(source: &str, tags: bool, place: &Place<'_>, out: &mut Meaning) {
    let (path, version) = match source.rsplit_once("?versionId=") {
        Some((path, version)) => (path, !version.is_empty()),
        None => (source, false),
    };
    let path = String::from_utf8(decode(path.as_bytes()).into_owned()).unwrap_or_else(|_| "*".to_owned());
    let path = path.strip_prefix('/').unwrap_or(&path);
    let arn = if path.starts_with("arn:") {
        path.to_owned()
    } else if path.contains('/') {
        format!("arn:{}:s3:::{path}", Partition::of_region(place.region).name)
    } else {
        // Only the key: a rename inside one directory bucket.
        return;
    };
    let kind = if version { "Version" } else { "" };
    out.more.push((format!("s3:GetObject{kind}"), vec![arn.clone()]));
    if tags {
        out.more.push((format!("s3:GetObject{kind}Tagging"), vec![arn]));
    }
}

fn express_action(out: &mut Meaning) {
    const ON_OBJECTS: [&str; 6] = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:ListBucket",
        "s3:AbortMultipartUpload",
        "s3:GetObjectAttributes",
    ];
    const LISTS: [&str; 2] = ["s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads"];
    // Reads and writes stay apart for policies: the name of the S3 action is kept, the right to open a session is added.
    if ON_OBJECTS.contains(&out.action.as_str()) || LISTS.contains(&out.action.as_str()) {
        out.more.push(("s3express:CreateSession".to_owned(), out.resources.clone()));
    }
}
