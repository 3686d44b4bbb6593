//! Which ARNs a call is on: exactly for the services that people write policies for, from the ARN templates of the
//! service authorization reference for all others.

mod dynamodb;
mod exact;
mod s3;

use serde_json::Value;

use super::call::Call;
use super::call::RequestView;
use super::host::Address;
use super::identify::Found;
use super::identify::Params;
use super::partition::Partition;

/// The most ARNs a call is given; beyond, one that stands for the whole service.
const MOST: usize = 1_000;

/// What an ARN is made of that does not stand in the parameters.
pub(super) struct Place<'a> {
    region: &'a str,
    account: &'a str,
}

impl Place<'_> {
    /// An ARN of this partition; `region` and `account` say whether those fields are filled.
    fn arn(&self, service: &str, region: bool, account: bool, resource: &str) -> String {
        let region_text = if region { self.region } else { "" };
        let account = if account { self.account } else { "" };
        format!("arn:{}:{service}:{region_text}:{account}:{resource}", Partition::of_region(self.region).name)
    }

    /// The ARN with region and account that most resources have.
    fn regional(&self, service: &str, resource: &str) -> String {
        self.arn(service, true, true, resource)
    }

    /// The ARN of a role.
    fn role(&self, name: &str) -> String {
        if name.starts_with("arn:") {
            name.to_owned()
        } else {
            self.arn("iam", false, true, &format!("role/{name}"))
        }
    }
}

/// An IAM action, the ARNs it is on, and the further actions that the call needs.
pub(super) struct Meaning {
    pub action: String,
    pub resources: Vec<String>,
    pub more: Vec<(String, Vec<String>)>,
}

/// The call that an operation with its parameters is.
pub(super) fn call(request: &RequestView<'_>, _address: Option<&Address>, found: Found) -> Call {
    let place = Place { region: request.region, account: request.account };
    let Found { service, operation, protocol, params } = &found;
    let mut meaning = Meaning { action: operation.action(service), resources: Vec::new(), more: Vec::new() };
    match service.name {
        "s3" => s3::meaning(&found, request, &place, &mut meaning),
        "dynamodb" => dynamodb::meaning(operation.name, params, &place, &mut meaning),
        name => exact::meaning(name, operation.name, params, &place, &mut meaning),
    }
    if meaning.resources.is_empty() {
        meaning.resources = mechanical(&found, request, &place);
    }
    pass_role(&found, &place, &mut meaning);
    named_keys(&found, &place, &mut meaning);
    tidy(&mut meaning.resources, service.prefix, &place);
    for (_, resources) in &mut meaning.more {
        tidy(resources, service.prefix, &place);
    }
    let arns = meaning.resources.iter().chain(meaning.more.iter().flat_map(|(_, resources)| resources));
    let needs_account = request.account.is_empty() && arns.into_iter().any(|arn| lacks_account(arn));
    Call {
        service: service.name.to_owned(),
        prefix: meaning.action.split(':').next().unwrap_or(service.prefix).to_owned(),
        operation: operation.name.to_owned(),
        action: meaning.action,
        more_actions: meaning.more,
        access: operation.access(),
        region: request.region.to_owned(),
        signing_name: request.service.to_owned(),
        protocol: *protocol,
        partial: meaning.resources.iter().any(|arn| is_partial(arn)),
        resources: meaning.resources,
        params: Value::Object(found.params),
        needs_account,
    }
}

/// Whether a part of the ARN is open. `*` alone means that there is no resource; a log group's ARN ends so.
fn is_partial(arn: &str) -> bool {
    let arn = if arn.contains(":log-group:") { arn.strip_suffix(":*").unwrap_or(arn) } else { arn };
    arn != "*" && arn.contains(['*', '?'])
}

/// No ARN twice, and not too many. What is none (`Arn:aws:…`) could mean any resource.
fn tidy(resources: &mut Vec<String>, prefix: &str, place: &Place<'_>) {
    if resources.len() > MOST {
        *resources = vec![anything(prefix, "", place)];
    }
    for resource in resources.iter_mut().filter(|resource| *resource != "*" && !resource.starts_with("arn:"))
    {
        *resource = anything(prefix, "", place);
    }
    let mut seen = std::collections::HashSet::new();
    resources.retain(|arn| seen.insert(arn.clone()));
}

/// Whether the account field is empty because it was not known: S3's buckets, AWS's own images and API Gateway have none.
fn lacks_account(arn: &str) -> bool {
    let mut fields = arn.splitn(6, ':');
    let (service, account, resource) = (fields.nth(2), fields.nth(1), fields.next());
    let (Some(service), Some(""), Some(resource)) = (service, account, resource) else { return false };
    match service {
        "s3" | "apigateway" => false,
        "ec2" => !(resource.starts_with("image/") || resource.starts_with("snapshot/")),
        "ssm" => !resource.starts_with("document/A"),
        "route53" => false,
        "bedrock" => !resource.starts_with("foundation-model/"),
        _ => true,
    }
}

/// The ARNs that the table's recipe gives.
fn mechanical(found: &Found, request: &RequestView<'_>, place: &Place<'_>) -> Vec<String> {
    let prefix = found.service.prefix;
    match found.operation.resources {
        "" => return vec!["*".to_owned()],
        "/" => return vec![place.arn("apigateway", true, false, request.parts.uri.path())],
        _ => {}
    }
    if let Some(same) = found.operation.resources.strip_prefix('?') {
        return vec![anything(prefix, same, place)];
    }
    let mut out = Vec::new();
    for entry in found.operation.resources.split(';') {
        let (needed, entry) = entry.strip_prefix('!').map_or((false, entry), |entry| (true, entry));
        if let Some(member) = entry.strip_prefix('@') {
            out.extend(texts(&found.params, member).into_iter().filter(|text| text.starts_with("arn:")));
        } else if let Some((key, members)) = entry.split_once(':') {
            let Some(template) = found.service.template(key) else { continue };
            out.extend(fill(template, members, needed, found, place));
        }
    }
    if out.is_empty() {
        // The action is on something that the request does not name: anything of the service.
        out.push(anything(prefix, "", place));
    }
    out
}

/// Some resource of the service; `same` holds `r` and `a` where all its ARNs have a region and an account.
fn anything(prefix: &str, same: &str, place: &Place<'_>) -> String {
    let region = if same.contains('r') { place.region } else { "*" };
    let account = if same.contains('a') { place.account } else { "*" };
    format!("arn:{}:{prefix}:{region}:{account}:*", Partition::of_region(place.region).name)
}

/// Fills a template's variables in order; a member that is a list gives an ARN for each.
fn fill(template: &str, members: &str, needed: bool, found: &Found, place: &Place<'_>) -> Vec<String> {
    let members: Vec<&str> = members.split(',').collect();
    let values: Vec<Vec<String>> = members
        .iter()
        .map(|member| if *member == "*" { Vec::new() } else { texts(&found.params, member) })
        .collect();
    if !needed && values.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let last = values.len().saturating_sub(1);
    // A whole ARN in the place of the last name is the resource itself.
    if let Some(arns) = values.get(last)
        && arns.iter().any(|value| value.starts_with("arn:"))
    {
        return arns.iter().filter(|value| value.starts_with("arn:")).cloned().collect();
    }
    let mut made = vec![String::new()];
    let mut rest = template;
    let mut next = 0;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((variable, tail)) = after.split_once('}') else { break };
        let choices: Vec<String> = match variable {
            "Partition" => vec![Partition::of_region(place.region).name.to_owned()],
            "Region" => vec![place.region.to_owned()],
            "Account" => vec![place.account.to_owned()],
            _ => {
                let given = values.get(next).cloned().unwrap_or_default();
                next += 1;
                match given.as_slice() {
                    [] => vec!["*".to_owned()],
                    // The web firewall writes its scope in another way.
                    [scope] if variable == "Scope" && scope == "REGIONAL" => vec!["regional".to_owned()],
                    [scope] if variable == "Scope" && scope == "CLOUDFRONT" => vec!["global".to_owned()],
                    _ => given,
                }
            }
        };
        if made.len().saturating_mul(choices.len()) > MOST {
            return Vec::new();
        }
        made = made
            .iter()
            .flat_map(|start| choices.iter().map(move |choice| format!("{start}{before}{}", name_in(choice))))
            .collect();
        rest = tail;
    }
    made.into_iter().map(|start| format!("{start}{rest}")).collect()
}

/// The name at the end of an ARN that stands where a name is meant.
fn name_in(value: &str) -> &str {
    match value.strip_prefix("arn:") {
        Some(arn) => arn.rsplit(['/', ':']).next().unwrap_or(arn),
        None => value,
    }
}

/// The texts at a path of parameters, `A.B[].C`, `A.*.C` through a map: one, or those of a list.
pub(super) fn texts(params: &Params, path: &str) -> Vec<String> {
    let mut values: Vec<&Value> = Vec::new();
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    values.extend(params.get(first.trim_end_matches("[]")));
    for part in rest.into_iter().flat_map(|rest| rest.split('.')) {
        values = values
            .into_iter()
            .flat_map(|value| value.as_array().map_or_else(|| vec![value], |list| list.iter().collect()))
            .flat_map(|value| match (part, value.as_object()) {
                ("*" | "*[]", Some(map)) => map.values().collect(),
                _ => value.get(part.trim_end_matches("[]")).into_iter().collect::<Vec<_>>(),
            })
            .collect();
    }
    values
        .into_iter()
        .flat_map(|value| value.as_array().map_or_else(|| vec![value], |list| list.iter().collect()))
        .filter_map(|value| match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect()
}

/// The first text at a path.
fn one(params: &Params, path: &str) -> Option<String> {
    texts(params, path).into_iter().next()
}

/// A role that is handed to a service has to be one that the caller may pass.
fn pass_role(found: &Found, place: &Place<'_>, meaning: &mut Meaning) {
    let mut roles: Vec<String> = found
        .operation
        .pass_role
        .split(',')
        .filter(|path| !path.is_empty())
        .flat_map(|path| texts(&found.params, path))
        .map(|role| place.role(&role))
        .collect();
    // An instance profile brings a role that the request does not name.
    if found.service.name == "ec2" && found.params.contains_key("IamInstanceProfile") {
        roles.push(place.role("*"));
    }
    if !roles.is_empty() {
        meaning.more.push(("iam:PassRole".to_owned(), roles));
    }
}

/// Keys of KMS that the caller names are used with the caller's own rights. Those that AWS manages (`alias/aws/…`) anyone
/// in the account may use.
fn named_keys(found: &Found, place: &Place<'_>, meaning: &mut Meaning) {
    let keys: Vec<String> = found
        .operation
        .keys
        .split(',')
        .filter(|path| !path.is_empty())
        .flat_map(|path| texts(&found.params, path))
        .filter(|key| !key.contains("alias/aws/"))
        .flat_map(|key| exact::key(&key, place))
        .collect();
    if !keys.is_empty() {
        meaning.more.push(("kms:GenerateDataKey".to_owned(), keys.clone()));
        meaning.more.push(("kms:Decrypt".to_owned(), keys));
    }
}
