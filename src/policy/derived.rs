//! Keys of single services that the parameters of a call tell, and the tags a call gives.

use serde_json::Map;
use serde_json::Value;

use crate::aws::form_pairs;
use crate::pattern;
use crate::policy::path::Found;
use crate::policy::path::Path;
use crate::policy::request::Request;

/// Key, actions in lower case, where its value stands in their parameters. For other actions AWS takes it from what is
/// there already, which cannot be told here. As in the service authorization reference.
const TABLE: &[(&str, &[&str], &str)] = &[
    ("s3:prefix", &["s3:listbucket*"], "Prefix"),
    ("s3:delimiter", &["s3:listbucket*"], "Delimiter"),
    ("s3:max-keys", &["s3:listbucket*"], "MaxKeys"),
    ("s3:VersionId", &["s3:*objectversion*"], "VersionId"),
    ("s3:LocationConstraint", &["s3:createbucket"], "CreateBucketConfiguration.LocationConstraint"),
    ("s3:x-amz-acl", &["s3:putobject*", "s3:putbucketacl", "s3:createbucket"], "ACL"),
    ("s3:x-amz-copy-source", &["s3:putobject"], "CopySource"),
    ("s3:x-amz-grant-full-control", &["s3:put*", "s3:createbucket"], "GrantFullControl"),
    ("s3:x-amz-grant-read", &["s3:put*", "s3:createbucket"], "GrantRead"),
    ("s3:x-amz-grant-read-acp", &["s3:put*", "s3:createbucket"], "GrantReadACP"),
    ("s3:x-amz-grant-write", &["s3:put*", "s3:createbucket"], "GrantWrite"),
    ("s3:x-amz-grant-write-acp", &["s3:put*", "s3:createbucket"], "GrantWriteACP"),
    ("s3:x-amz-metadata-directive", &["s3:putobject"], "MetadataDirective"),
    ("s3:x-amz-server-side-encryption", &["s3:putobject"], "ServerSideEncryption"),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", &["s3:putobject"], "SSEKMSKeyId"),
    ("s3:x-amz-storage-class", &["s3:putobject"], "StorageClass"),
    ("s3:object-lock-mode", &["s3:putobject"], "ObjectLockMode"),
    ("s3:object-lock-legal-hold", &["s3:putobject"], "ObjectLockLegalHoldStatus"),
    ("ec2:InstanceType", &["ec2:runinstances"], "InstanceType"),
    ("iam:PolicyARN", &["iam:attach*policy", "iam:detach*policy"], "PolicyArn"),
    ("iam:PermissionsBoundary", &["iam:create*", "iam:put*permissionsboundary"], "PermissionsBoundary"),
    ("iam:AWSServiceName", &["iam:createservicelinkedrole"], "AWSServiceName"),
    ("kms:KeySpec", &["kms:createkey"], "KeySpec"),
    ("kms:KeyUsage", &["kms:createkey"], "KeyUsage"),
    ("kms:ScheduleKeyDeletionPendingWindowInDays", &["kms:schedulekeydeletion"], "PendingWindowInDays"),
    (
        "kms:BypassPolicyLockoutSafetyCheck",
        &["kms:createkey", "kms:putkeypolicy"],
        "BypassPolicyLockoutSafetyCheck",
    ),
    ("dynamodb:Select", &["dynamodb:query", "dynamodb:scan"], "Select"),
    (
        "dynamodb:ReturnValues",
        &["dynamodb:putitem", "dynamodb:updateitem", "dynamodb:deleteitem"],
        "ReturnValues",
    ),
    ("lambda:FunctionUrlAuthType", &["lambda:*functionurlconfig"], "AuthType"),
    ("lambda:Principal", &["lambda:addpermission"], "Principal"),
    ("lambda:Layer", &["lambda:createfunction", "lambda:updatefunctionconfiguration"], "Layers[]"),
    ("secretsmanager:SecretId", SECRETS, "SecretId"),
    ("secretsmanager:Name", &["secretsmanager:createsecret"], "Name"),
    ("secretsmanager:VersionId", &["secretsmanager:getsecretvalue"], "VersionId"),
    ("secretsmanager:VersionStage", &["secretsmanager:getsecretvalue"], "VersionStage"),
    ("secretsmanager:RecoveryWindowInDays", &["secretsmanager:deletesecret"], "RecoveryWindowInDays"),
    (
        "secretsmanager:ForceDeleteWithoutRecovery",
        &["secretsmanager:deletesecret"],
        "ForceDeleteWithoutRecovery",
    ),
    ("secretsmanager:BlockPublicPolicy", &["secretsmanager:putresourcepolicy"], "BlockPublicPolicy"),
    ("sts:RoleSessionName", &["sts:assumerole*"], "RoleSessionName"),
    ("sts:ExternalId", &["sts:assumerole"], "ExternalId"),
    ("sts:SourceIdentity", &["sts:assumerole"], "SourceIdentity"),
    ("sts:TransitiveTagKeys", &["sts:assumerole"], "TransitiveTagKeys[]"),
    ("ssm:Overwrite", &["ssm:putparameter"], "Overwrite"),
    ("ssm:Recursive", &["ssm:getparametersbypath"], "Recursive"),
    ("rds:DatabaseClass", &["rds:createdbinstance", "rds:modifydbinstance"], "DBInstanceClass"),
    ("rds:DatabaseEngine", &["rds:createdb*"], "Engine"),
    ("rds:StorageSize", &["rds:createdbinstance"], "AllocatedStorage"),
    ("sns:Protocol", &["sns:subscribe"], "Protocol"),
    ("sns:Endpoint", &["sns:subscribe"], "Endpoint"),
    ("ecs:cluster", &["ecs:runtask", "ecs:starttask", "ecs:createservice"], "cluster"),
    ("ecs:enable-execute-command", &["ecs:runtask", "ecs:createservice"], "enableExecuteCommand"),
    (
        "cloudformation:TemplateUrl",
        &["cloudformation:*stack*", "cloudformation:createchangeset"],
        "TemplateURL",
    ),
    ("cloudformation:RoleArn", &["cloudformation:*stack*", "cloudformation:createchangeset"], "RoleARN"),
    ("cloudformation:ChangeSetName", &["cloudformation:*changeset"], "ChangeSetName"),
];

/// The actions about one secret: `BatchGetSecretValue` names many, in another place.
const SECRETS: &[&str] = &[
    "secretsmanager:getsecretvalue",
    "secretsmanager:putsecretvalue",
    "secretsmanager:describesecret",
    "secretsmanager:deletesecret",
    "secretsmanager:restoresecret",
    "secretsmanager:updatesecret*",
    "secretsmanager:rotatesecret",
    "secretsmanager:cancelrotatesecret",
    "secretsmanager:listsecretversionids",
    "secretsmanager:getresourcepolicy",
    "secretsmanager:putresourcepolicy",
    "secretsmanager:deleteresourcepolicy",
];

/// Parameters that may say it in another place, or by what they lead to: then it cannot be told where it is not said here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("ec2:runinstances", "LaunchTemplate"),
    ("kms:createkey", "CustomerMasterKeySpec"),
    ("s3:deleteobjectversion", "Delete"),
];

/// A key of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    actions: &'static [&'static str],
    path: Path,
}

/// The keys of the table, as they are written.
pub fn keys() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(key, ..)| *key)
}

impl Derived {
    /// The key of this name, in any case.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let (_, actions, path) = TABLE.iter().find(|(key, ..)| key.eq_ignore_ascii_case(name))?;
        Some(Self { actions, path: Path::parse(path).ok()? })
    }

    /// As [`crate::policy::key::Key::values`].
    #[must_use]
    pub fn values(&self, request: &Request<'_>) -> Option<Vec<Option<String>>> {
        let action = request.action.to_ascii_lowercase();
        if request.params.is_null() || !self.actions.iter().any(|wanted| pattern::matches(wanted, &action)) {
            return None;
        }
        let Found::Values(values) = self.path.find(request.params) else { return None };
        let is_elsewhere =
            |(wanted, name): &(&str, &str)| *wanted == action && !request.params[*name].is_null();
        if values.iter().all(Option::is_none) && ELSEWHERE.iter().any(is_elsewhere) {
            return None;
        }
        Some(values)
    }
}

/// Nested lists of tags are looked into so far.
const DEPTH: usize = 6;

/// The tags that a call gives to something: key and value. None where that cannot be told.
#[must_use]
pub fn request_tags(params: &Value) -> Option<Vec<(String, String)>> {
    let Value::Object(members) = params else { return None };
    let mut tags = Vec::new();
    for (name, value) in members {
        match name.to_ascii_lowercase().as_str() {
            "tagging" if value.is_string() => {
                tags.extend(form_pairs(value.as_str().unwrap_or_default())?);
            }
            "tags" | "tag" | "taglist" | "tagset" | "tagging" | "tagstoadd" | "addtags" => {
                pairs(value, DEPTH, &mut tags)?;
            }
            "tagspecifications" | "tagspecification" => {
                let Value::Array(items) = value else { return None };
                for item in items {
                    let own = item.get("Tags").or_else(|| item.get("Tag")).or_else(|| item.get("tags"));
                    if let Some(own) = own {
                        pairs(own, DEPTH, &mut tags)?;
                    }
                }
            }
            // Which tags to take away, not to give.
            "tagkeys" | "tagkeylist" | "tagstoremove" | "removetags" => {}
            _ if words(name).any(|word| matches!(word.as_str(), "tag" | "tags" | "tagging")) => return None,
            _ => {}
        }
    }
    Some(tags)
}

/// All keys of tags that a call names, to give or to take away.
#[must_use]
pub fn tag_keys(params: &Value) -> Option<Vec<String>> {
    let mut keys: Vec<String> = request_tags(params)?.into_iter().map(|(key, _)| key).collect();
    for name in ["TagKeys", "tagKeys", "TagKeyList"] {
        match params.get(name) {
            None => {}
            Some(Value::Array(items)) => {
                for item in items {
                    keys.push(item.as_str()?.to_owned());
                }
            }
            Some(_) => return None,
        }
    }
    Some(keys)
}

/// `[{Key, Value}]`, `{KEY: VALUE}` and lists within lists, as old services write them.
fn pairs(value: &Value, depth: usize, tags: &mut Vec<(String, String)>) -> Option<()> {
    match value {
        Value::Null => Some(()),
        Value::Array(items) if depth > 0 => items.iter().try_for_each(|item| pairs(item, depth - 1, tags)),
        Value::Object(members) => {
            let of = |names: [&str; 4]| names.into_iter().find_map(|name| members.get(name));
            if let Some(key) = of(["Key", "key", "TagKey", "tagKey"]) {
                let own = of(["Value", "value", "TagValue", "tagValue"]).and_then(Value::as_str);
                tags.push((key.as_str()?.to_owned(), own.unwrap_or_default().to_owned()));
                return Some(());
            }
            if members.values().all(Value::is_string) {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                tags.extend(members.iter().map(|(key, value)| (key.clone(), text(value))));
                return Some(());
            }
            inner(members).filter(|_| depth > 0).and_then(|inner| pairs(inner, depth - 1, tags))
        }
        _ => None,
    }
}

/// What stands in `{member: …}`, `{TagSet: …}`, `{Items: …}`.
fn inner(members: &Map<String, Value>) -> Option<&Value> {
    let mut values = members.values();
    values.next().filter(|_| values.next().is_none())
}

/// The words of `TagSpecification` or `tag_keys`, in lower case.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words: Vec<String> = Vec::new();
    let mut upper = true;
    for letter in name.chars() {
        let begins = letter.is_ascii_uppercase() && !upper || !letter.is_ascii_alphanumeric();
        if begins || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_ascii_alphanumeric()) {
            word.push(letter.to_ascii_lowercase());
        }
        upper = letter.is_ascii_uppercase();
    }
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::request::Principal;
    use crate::types::AccessLevel;

    #[test]
    fn every_path_of_the_table_can_be_read_and_no_key_stands_twice() {
        let mut seen = std::collections::HashSet::new();
        for (key, actions, path) in TABLE {
            assert!(Path::parse(path).is_ok(), "{key}");
            assert!(seen.insert(key.to_ascii_lowercase()), "{key}");
            assert!(actions.iter().all(|action| *action == action.to_ascii_lowercase()), "{key}");
        }
    }

    #[test]
    fn a_value_is_told_by_the_call_or_not_at_all() {
        let principal = Principal::default();
        let values = |key: &str, action: &str, params: Value| {
            let request = Request { params: &params, ..Request::new(action, AccessLevel::Write, &principal) };
            Derived::find(key).unwrap().values(&request)
        };
        let one = |text: &str| Some(vec![Some(text.to_owned())]);
        assert_eq!(values("S3:Prefix", "s3:ListBucket", json!({"Prefix": "a/"})), one("a/"));
        assert_eq!(values("s3:prefix", "s3:ListBucket", json!({})), Some(vec![None]));
        assert_eq!(values("s3:prefix", "s3:GetObject", json!({"Prefix": "a/"})), None);
        assert_eq!(values("s3:prefix", "s3:ListBucket", Value::Null), None);
        let small = json!({"InstanceType": "t3.nano"});
        assert_eq!(values("ec2:InstanceType", "ec2:RunInstances", small), one("t3.nano"));
        let template = json!({"LaunchTemplate": {"LaunchTemplateName": "big"}});
        assert_eq!(values("ec2:InstanceType", "ec2:RunInstances", template), None, "the template may say it");
        let batch = json!({"SecretIdList": ["prod/db"]});
        assert_eq!(values("secretsmanager:SecretId", "secretsmanager:BatchGetSecretValue", batch), None);
    }

    #[test]
    fn tags_are_found_in_every_shape() {
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        for params in [
            json!({"Tags": [{"Key": "team", "Value": "a b"}]}),
            json!({"tags": {"team": "a b"}}),
            json!({"Tags": [{"TagKey": "team", "TagValue": "a b"}]}),
            json!({"Tagging": "team=a+b"}),
            json!({"Tagging": {"TagSet": [{"Key": "team", "Value": "a b"}]}}),
            json!({"Tags": {"Items": [{"Key": "team", "Value": "a b"}]}}),
            json!({"TagSpecification": [{"ResourceType": "instance", "Tag": [{"Key": "team", "Value": "a b"}]}]}),
        ] {
            assert_eq!(request_tags(&params), Some(vec![tag("team", "a b")]), "{params}");
        }
        assert_eq!(request_tags(&json!({"StageName": "x", "Name": "y"})), Some(vec![]));
        for params in [json!({"ResourceTags": []}), json!({"Tags": "odd"}), json!({"Tags": [1]}), Value::Null]
        {
            assert_eq!(request_tags(&params), None, "{params}");
        }
        assert_eq!(
            tag_keys(&json!({"tagKeys": ["a"], "tags": {"b": ""}})),
            Some(vec!["b".into(), "a".into()])
        );
    }
}
