//! Resources that take more than filling a template: names that may be ARNs, URLs, aliases, partial ARNs.

use super::Meaning;
use super::Place;
use super::one;
use super::texts;
use crate::aws::identify::Params;
use crate::aws::partition::Partition;

/// Fills in the resources where the service needs its own reading; leaves them empty where the table's recipe is right.
pub(super) fn meaning(service: &str, operation: &str, params: &Params, place: &Place<'_>, out: &mut Meaning) {
    match service {
        "sqs" => out.resources = queues(params, place),
        "sns" => out.resources = topics(operation, params),
        "secretsmanager" => out.resources = secrets(operation, params, place),
        "ssm" => systems_manager(operation, params, place, out),
        "kms" => keys(operation, params, place, out),
        "lambda" => out.resources = functions(params, place),
        "cloudformation" => out.resources = stacks(params, place),
        "ecs" => out.resources = task_definitions(operation, params, place),
        "iam" => out.resources = identities(operation, params, place),
        "ec2" => out.resources = tagged(operation, params, place),
        "logs" => out.resources = log_groups(operation, params, place),
        "bedrock-runtime" => out.resources = models(params, place),
        _ => {}
    }
}

/// A queue by its URL: the last two segments are account and name.
fn queues(params: &Params, place: &Place<'_>) -> Vec<String> {
    if let Some(url) = one(params, "QueueUrl") {
        let mut parts = url.trim_end_matches('/').rsplit('/');
        let name = parts.next().unwrap_or("*");
        let owner = parts.next().filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()));
        let account = owner.unwrap_or(place.account);
        return vec![format!(
            "arn:{}:sqs:{}:{account}:{name}",
            Partition::of_region(place.region).name,
            place.region
        )];
    }
    one(params, "QueueName").map(|name| place.regional("sqs", &name)).into_iter().collect()
}

fn topics(operation: &str, params: &Params) -> Vec<String> {
    let mut found = texts(params, "TopicArn");
    found.extend(texts(params, "TargetArn"));
    // A subscription's ARN is its topic's, and an id.
    for arn in texts(params, "SubscriptionArn") {
        found.extend(arn.rsplit_once(':').map(|(topic, _)| topic.to_owned()));
    }
    if found.is_empty() && operation == "Publish" {
        // A text message to a telephone is on no resource.
        found.push("*".to_owned());
    }
    found
}

/// A secret by name or ARN: AWS puts a dash and six characters after the name, which a caller need not know.
fn secrets(operation: &str, params: &Params, place: &Place<'_>) -> Vec<String> {
    let names = match operation {
        "CreateSecret" => texts(params, "Name"),
        "BatchGetSecretValue" => texts(params, "SecretIdList"),
        _ => texts(params, "SecretId"),
    };
    names
        .into_iter()
        .map(|name| {
            let arn = match name.starts_with("arn:") {
                true => name,
                false => {
                    return format!("{}-??????", place.regional("secretsmanager", &format!("secret:{name}")));
                }
            };
            let complete = arn
                .rsplit_once('-')
                .is_some_and(|(_, end)| end.len() == 6 && end.bytes().all(|b| b.is_ascii_alphanumeric()));
            if complete { arn } else { format!("{arn}-??????") }
        })
        .collect()
}

fn systems_manager(operation: &str, params: &Params, place: &Place<'_>, out: &mut Meaning) {
    let parameter = |name: &str| {
        // A version or label may follow the name; it is not part of the resource.
        let (start, rest) = if name.starts_with("arn:") {
            let at = name.find(":parameter").map_or(name.len(), |at| at + 1);
            name.split_at(at)
        } else {
            ("", name)
        };
        let rest = rest.split(':').next().unwrap_or(rest);
        if start.is_empty() {
            place.regional("ssm", &format!("parameter/{}", rest.trim_start_matches('/')))
        } else {
            format!("{start}{rest}")
        }
    };
    let document = |name: &str| match name {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        // AWS's own documents belong to no account.
        name if name.starts_with("AWS") || name.starts_with("Amazon") => {
            place.arn("ssm", true, false, &format!("document/{name}"))
        }
        name => place.regional("ssm", &format!("document/{name}")),
    };
    match operation {
        "GetParametersByPath" => {
            out.resources.extend(
                one(params, "Path").map(|path| format!("{}/*", parameter(&path).trim_end_matches('/'))),
            );
        }
        name if name.contains("Parameter") && !name.starts_with("Describe") => {
            let names = [texts(params, "Name"), texts(params, "Names")].concat();
            out.resources.extend(names.iter().map(|name| parameter(name)));
        }
        "SendCommand" | "StartSession" | "StartAutomationExecution" => {
            let documents = [texts(params, "DocumentName"), texts(params, "Name")].concat();
            out.resources.extend(documents.iter().map(|name| document(name)));
            if operation == "StartSession" && documents.is_empty() {
                out.resources.push(place.regional("ssm", "document/SSM-SessionManagerRunShell"));
            }
            let targets = [texts(params, "InstanceIds"), texts(params, "Target")].concat();
            out.resources.extend(targets.iter().map(|id| instance(id, place)));
            if operation == "SendCommand" && targets.is_empty() {
                // Chosen by tag: any instance.
                out.resources.push(place.regional("ec2", "instance/*"));
            }
        }
        name if name.contains("Document") && !name.starts_with("List") => {
            out.resources.extend(one(params, "Name").map(|name| document(&name)));
        }
        _ => {}
    }
}

fn instance(id: &str, place: &Place<'_>) -> String {
    match id.starts_with("mi-") {
        true => place.regional("ssm", &format!("managed-instance/{id}")),
        false => place.regional("ec2", &format!("instance/{}", id.split('_').next().unwrap_or(id))),
    }
}

/// A key by id or ARN. An alias names a key that only AWS knows: the alias, and any key.
pub(super) fn key(id: &str, place: &Place<'_>) -> Vec<String> {
    let any = || place.regional("kms", "key/*");
    match id.strip_prefix("alias/") {
        Some(name) => vec![place.regional("kms", &format!("alias/{name}")), any()],
        None if id.starts_with("arn:") && id.contains(":alias/") => vec![id.to_owned(), any()],
        None if id.starts_with("arn:") => vec![id.to_owned()],
        None => vec![place.regional("kms", &format!("key/{id}"))],
    }
}

fn keys(operation: &str, params: &Params, place: &Place<'_>, out: &mut Meaning) {
    let key = |id: &str| key(id, place);
    match operation {
        "ReEncrypt" => {
            let source = one(params, "SourceKeyId").unwrap_or_else(|| "*".to_owned());
            let destination = one(params, "DestinationKeyId").unwrap_or_else(|| "*".to_owned());
            out.resources = key(&source);
            out.more.push(("kms:ReEncryptTo".to_owned(), key(&destination)));
        }
        // The key of a ciphertext may stand in the ciphertext alone.
        "Decrypt" if one(params, "KeyId").is_none() => out.resources.push(place.regional("kms", "key/*")),
        "CreateAlias" | "UpdateAlias" | "DeleteAlias" => {
            let name = one(params, "AliasName").unwrap_or_else(|| "alias/*".to_owned());
            out.resources.push(if name.starts_with("arn:") { name } else { place.regional("kms", &name) });
            out.resources.extend(key(&one(params, "TargetKeyId").unwrap_or_else(|| "*".to_owned())));
        }
        _ => out.resources = texts(params, "KeyId").iter().flat_map(|id| key(id)).collect(),
    }
}

/// A function by name, `name:qualifier`, `123456789012:function:name` or ARN; the qualifier may be a parameter.
fn functions(params: &Params, place: &Place<'_>) -> Vec<String> {
    let names = [texts(params, "FunctionName"), texts(params, "Resource")].concat();
    names
        .into_iter()
        .map(|name| {
            let arn = if name.starts_with("arn:") {
                name
            } else if let Some((account, rest)) = name.split_once(":function:") {
                format!(
                    "arn:{}:lambda:{}:{account}:function:{rest}",
                    Partition::of_region(place.region).name,
                    place.region
                )
            } else {
                place.regional(
                    "lambda",
                    &format!("function:{}", name.strip_prefix("function:").unwrap_or(&name)),
                )
            };
            let qualified = arn.split(':').count() > 7;
            match one(params, "Qualifier").filter(|_| !qualified && arn.contains(":function:")) {
                Some(qualifier) => format!("{arn}:{qualifier}"),
                None => arn,
            }
        })
        .collect()
}

/// A stack by name or ARN; AWS puts an id after the name.
fn stacks(params: &Params, place: &Place<'_>) -> Vec<String> {
    let stack = |name: String| match name.starts_with("arn:") {
        true => name,
        false => place.regional("cloudformation", &format!("stack/{name}/*")),
    };
    texts(params, "StackName").into_iter().map(stack).collect()
}

/// A task definition by family, `family:revision` or ARN. Without a revision it is the newest, or one that is made now.
fn task_definitions(operation: &str, params: &Params, place: &Place<'_>) -> Vec<String> {
    let names = match operation {
        "RegisterTaskDefinition" => texts(params, "family"),
        "RunTask" | "StartTask" | "DescribeTaskDefinition" | "DeregisterTaskDefinition" => {
            texts(params, "taskDefinition")
        }
        "DeleteTaskDefinitions" => texts(params, "taskDefinitions"),
        _ => return Vec::new(),
    };
    let whole = |name: String| {
        let arn = match name.starts_with("arn:") {
            true => name,
            false => place.regional("ecs", &format!("task-definition/{name}")),
        };
        if arn.split(':').count() > 6 { arn } else { format!("{arn}:*") }
    };
    names.into_iter().map(whole).collect()
}

/// Things of IAM have no region, and a path before their name when they are made.
fn identities(operation: &str, params: &Params, place: &Place<'_>) -> Vec<String> {
    let kind = match operation {
        "CreateUser" => ("user", "UserName"),
        "CreateRole" => ("role", "RoleName"),
        "CreateGroup" => ("group", "GroupName"),
        "CreatePolicy" => ("policy", "PolicyName"),
        "CreateInstanceProfile" => ("instance-profile", "InstanceProfileName"),
        "CreateVirtualMFADevice" => ("mfa", "VirtualMFADeviceName"),
        _ => return Vec::new(),
    };
    let path = one(params, "Path").unwrap_or_default();
    let name = one(params, kind.1).unwrap_or_else(|| "*".to_owned());
    vec![place.arn("iam", false, true, &format!("{}/{}{name}", kind.0, path.trim_start_matches('/')))]
}

/// What CreateTags and DeleteTags are on stands in the ids' first letters.
fn tagged(operation: &str, params: &Params, place: &Place<'_>) -> Vec<String> {
    const KINDS: [(&str, &str); 24] = [
        ("i", "instance"),
        ("vol", "volume"),
        ("sg", "security-group"),
        ("sgr", "security-group-rule"),
        ("subnet", "subnet"),
        ("vpc", "vpc"),
        ("eni", "network-interface"),
        ("eipalloc", "elastic-ip"),
        ("igw", "internet-gateway"),
        ("nat", "natgateway"),
        ("rtb", "route-table"),
        ("acl", "network-acl"),
        ("lt", "launch-template"),
        ("key", "key-pair"),
        ("pcx", "vpc-peering-connection"),
        ("vpce", "vpc-endpoint"),
        ("tgw", "transit-gateway"),
        ("vgw", "vpn-gateway"),
        ("vpn", "vpn-connection"),
        ("cgw", "customer-gateway"),
        ("dopt", "dhcp-options"),
        ("sir", "spot-instances-request"),
        ("fl", "vpc-flow-log"),
        ("pl", "prefix-list"),
    ];
    if !matches!(operation, "CreateTags" | "DeleteTags") {
        return Vec::new();
    }
    let ids = [texts(params, "Resources"), texts(params, "ResourceId")].concat();
    ids.into_iter()
        .map(|id| {
            let start = id.split('-').next().unwrap_or_default();
            match start {
                // Images and snapshots have no account in their ARN.
                "ami" => place.arn("ec2", true, false, &format!("image/{id}")),
                "snap" => place.arn("ec2", true, false, &format!("snapshot/{id}")),
                start => {
                    let kind =
                        KINDS.iter().find(|(prefix, _)| *prefix == start).map_or("*", |(_, kind)| kind);
                    place.regional("ec2", &format!("{kind}/{id}"))
                }
            }
        })
        .collect()
}

/// A model by ARN or id; ids that begin with a region's group name inference profiles, which stand in the account.
fn models(params: &Params, place: &Place<'_>) -> Vec<String> {
    const GROUPS: [&str; 6] = ["us.", "eu.", "apac.", "us-gov.", "global.", "jp."];
    let model = |id: String| match id.as_str() {
        arn if arn.starts_with("arn:") => id,
        group if GROUPS.iter().any(|start| group.starts_with(start)) => {
            place.regional("bedrock", &format!("inference-profile/{id}"))
        }
        _ => place.arn("bedrock", true, false, &format!("foundation-model/{id}")),
    };
    texts(params, "modelId").into_iter().map(model).collect()
}

/// A log group's ARN ends in `:*`, as in the policies that AWS documents; tags are on the group itself.
fn log_groups(operation: &str, params: &Params, place: &Place<'_>) -> Vec<String> {
    if operation.contains("Tag") {
        return Vec::new();
    }
    let paths = ["logGroupName", "logGroupIdentifier", "logGroupNames", "logGroupIdentifiers"];
    let groups: Vec<String> = paths.iter().flat_map(|path| texts(params, path)).collect();
    let stream = one(params, "logStreamName");
    groups
        .into_iter()
        .map(|group| {
            let arn = if group.starts_with("arn:") {
                group.strip_suffix(":*").unwrap_or(&group).to_owned()
            } else {
                place.regional("logs", &format!("log-group:{group}"))
            };
            match &stream {
                Some(stream) => format!("{arn}:log-stream:{stream}"),
                None => format!("{arn}:*"),
            }
        })
        .collect()
}
