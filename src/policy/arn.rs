//! ARNs: whether one is well written, and whether a rule's pattern is about the resource of a call.

use crate::pattern;
use crate::policy::variables;
use crate::types::Effect;

/// The random end of a secret's ARN, as it stands for an unknown one.
const SECRET_SUFFIX: &str = "-??????";

/// Whether a rule's `resource` pattern applies to a call's resource. A rule that allows must cover what the call names;
/// one that denies or asks applies as soon as it might be meant.
#[must_use]
pub fn applies(pattern: &str, resource: &str, effect: Effect) -> bool {
    if pattern == "*" {
        return true;
    }
    if let Some(answer) = secret(pattern, resource, effect) {
        return answer;
    }
    match effect {
        Effect::Allow => pattern::covers(pattern, resource),
        // `*` alone means that the action has no resource: a rule about one is not about it, as in IAM.
        Effect::Ask | Effect::Deny if resource == "*" => false,
        Effect::Ask | Effect::Deny => meets(pattern, resource),
    }
}

fn meets(pattern: &str, resource: &str) -> bool {
    let account = field(resource, 4);
    let pattern_account = field(pattern, 4);
    if account == Some("") && pattern_account.is_some_and(|account| !account.is_empty()) {
        // The call's account was not known; the rule's might be it.
        return pattern::can_meet(pattern, &with_account(resource, pattern_account.unwrap_or_default()));
    }
    if pattern::is_pattern(resource) {
        pattern::can_meet(pattern, resource)
    } else {
        pattern::matches(pattern, resource)
    }
}

/// Secrets are asked for by name but have ARNs that end in `-` and six random characters, which nobody remembers.
fn secret(pattern: &str, resource: &str, effect: Effect) -> Option<bool> {
    let is_secret =
        field(resource, 2) == Some("secretsmanager") && field(resource, 5)?.starts_with("secret:");
    if !is_secret {
        return None;
    }
    let whole = if has_suffix(resource) { resource.to_owned() } else { format!("{resource}{SECRET_SUFFIX}") };
    // The call named the secret without its suffix, the rule has it in full: a name belongs to one secret at a time.
    if let Some(name) = whole.strip_suffix(SECRET_SUFFIX)
        && has_suffix(pattern)
        && let Some((stem, _)) = pattern.rsplit_once('-')
        && pattern::covers(stem, name)
    {
        return Some(true);
    }
    Some(match effect {
        Effect::Allow => pattern::covers(pattern, &whole),
        Effect::Ask | Effect::Deny => {
            meets(pattern, &whole)
                || meets(pattern, resource)
                || meets(pattern, &format!("{resource}{SECRET_SUFFIX}"))
                // The rule's author left the suffix out.
                || meets(&format!("{pattern}{SECRET_SUFFIX}"), &whole)
        }
    })
}

/// Whether the text ends as the ARN of a secret does.
#[must_use]
pub fn has_suffix(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(_, end)| {
        end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'?')
    })
}

/// Field `index` of an ARN: `arn`, partition, service, region, account, resource.
fn field(arn: &str, index: usize) -> Option<&str> {
    arn.splitn(6, ':').nth(index)
}

fn with_account(arn: &str, account: &str) -> String {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    match fields.as_slice() {
        [arn, partition, service, region, _, resource] => {
            format!("{arn}:{partition}:{service}:{region}:{account}:{resource}")
        }
        _ => arn.to_owned(),
    }
}

/// What is wrong with a `resource` pattern, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadArn {
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub fix: String,
}

/// Checks a `resource` pattern: `*`, or an ARN with wildcards.
///
/// # Errors
/// What is wrong with it.
pub fn check(text: &str) -> Result<(), BadArn> {
    let bad = |message: &str, fix: String| Err(BadArn { message: message.to_owned(), fix });
    if text == "*" {
        return Ok(());
    }
    variables::check(text).map_err(|(message, fix)| BadArn { message, fix })?;
    let text = &*variables::blanked(text);
    if let Some(path) = text.strip_prefix("s3://") {
        let path = path.trim_end_matches('/');
        return bad("this is an S3 address, not an ARN", format!("write \"arn:aws:s3:::{path}\""));
    }
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    if fields[0] != "arn" {
        return bad(
            "a resource is an ARN",
            "write \"*\", or arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, such as \
             \"arn:aws:s3:::reports/*\""
                .to_owned(),
        );
    }
    let [_, partition, service, region, account, resource] = fields.as_slice() else {
        let fix = match fields.as_slice() {
            [_, partition, service @ "s3", .., last] if fields.len() > 3 => {
                format!("write \"arn:{partition}:{service}:::{last}\"")
            }
            _ => "write arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE; region and account may be empty"
                .to_owned(),
        };
        return bad(&format!("an ARN has six fields, this one has {}", fields.len()), fix);
    };
    if !partition.starts_with("aws") && !pattern::is_pattern(partition) {
        return bad("the partition is wrong", "write `aws`, `aws-cn`, `aws-us-gov` or `*`".to_owned());
    }
    if service.is_empty() || service.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return bad("the service is wrong", "a service is written like `s3` or `dynamodb`".to_owned());
    }
    if region.bytes().any(|b| !(b.is_ascii_lowercase() || b.is_ascii_digit() || b"-*?".contains(&b))) {
        return bad(
            "the region is wrong",
            "a region is written like `eu-central-1`, or `*`, or empty".to_owned(),
        );
    }
    let is_number = account.bytes().all(|byte| byte.is_ascii_digit());
    if !account.is_empty() && is_number && account.len() != 12 {
        let message = format!("an account has 12 digits, this one has {}", account.len());
        return bad(&message, "write the whole account number, or `*`".to_owned());
    }
    if !is_number && !pattern::is_pattern(account) && !matches!(*account, "aws" | "cloudfront") {
        return bad("the account is not a number", "write 12 digits, or `*`, or leave it empty".to_owned());
    }
    if resource.is_empty() {
        return bad("the ARN names no resource", format!("write \"{text}*\" for all of them"));
    }
    if *service == "s3"
        && (!region.is_empty() || !account.is_empty())
        && !resource.contains(['*', '?'])
        && !["accesspoint", "job/", "storage-lens", "async-request", "access-grants", "multi"]
            .iter()
            .any(|kind| resource.starts_with(kind))
    {
        return bad(
            "the ARN of a bucket has neither region nor account",
            format!("write \"arn:{partition}:s3:::{resource}\""),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db";

    #[test]
    fn a_wrong_arn_is_named_with_what_to_write() {
        for (text, message) in [
            ("reports/*", "a resource is an ARN"),
            ("s3://reports/x", "this is an S3 address, not an ARN"),
            ("arn:aws:s3::reports", "an ARN has six fields, this one has 5"),
            ("arn:amazon:s3:::x", "the partition is wrong"),
            ("arn:aws:S3:::x", "the service is wrong"),
            ("arn:aws:ec2:EU:111122223333:x", "the region is wrong"),
            ("arn:aws:ec2:eu-west-1:1111:x", "an account has 12 digits, this one has 4"),
            ("arn:aws:ec2:eu-west-1:me:x", "the account is not a number"),
            ("arn:aws:sqs:eu-west-1:111122223333:", "the ARN names no resource"),
            (
                "arn:aws:s3:eu-west-1:111122223333:reports",
                "the ARN of a bucket has neither region nor account",
            ),
            ("arn:aws:s3:::${aws:SourceIp}/*", "only AWS knows `${aws:SourceIp}`"),
        ] {
            assert_eq!(check(text).unwrap_err().message, message, "{text}");
        }
        assert_eq!(check("arn:aws:s3::reports").unwrap_err().fix, "write \"arn:aws:s3:::reports\"");
        assert_eq!(check("s3://reports/x").unwrap_err().fix, "write \"arn:aws:s3:::reports/x\"");
    }

    #[test]
    fn right_arns_pass() {
        for text in [
            "*",
            "arn:aws:s3:::reports",
            "arn:*:s3:::*",
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "arn:aws-us-gov:ec2:*:*:instance/*",
            "arn:aws:s3:eu-west-1:111122223333:accesspoint/mine/object/*",
            "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/x:*",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_secret_is_the_same_with_and_without_its_suffix() {
        let with = |end: &str| format!("{SECRET}{end}");
        // (pattern, resource of the call, allow applies, deny applies)
        for (pattern, resource, allow, deny) in [
            (with("-??????"), with("-AbCdEf"), true, true),
            (with("-??????"), with("-??????"), true, true),
            (with("-??????"), with(""), true, true),
            (with("-AbCdEf"), with("-??????"), true, true),
            (with("-AbCdEf"), with(""), true, true),
            (with("*"), with("-AbCdEf"), true, true),
            (with(""), with("-AbCdEf"), false, true),
            (with(""), with("-??????"), false, true),
            (with("-AbCdEf"), with("-XyZxYz"), false, false),
            (with("-??????"), with("-replica-AbCdEf"), false, false),
            (with("2-??????"), with("-??????"), false, false),
        ] {
            assert_eq!(applies(&pattern, &resource, Effect::Allow), allow, "allow {pattern} on {resource}");
            assert_eq!(applies(&pattern, &resource, Effect::Deny), deny, "deny {pattern} on {resource}");
        }
    }

    #[test]
    fn an_unknown_account_counts_as_any_where_a_rule_denies() {
        let pattern = "arn:aws:sqs:eu-west-1:111122223333:orders";
        let resource = "arn:aws:sqs:eu-west-1::orders";
        assert!(applies(pattern, resource, Effect::Deny));
        assert!(!applies(pattern, resource, Effect::Allow));
        assert!(!applies("arn:aws:s3:::secret/*", "arn:aws:s3:::reports/x", Effect::Deny));
    }

    #[test]
    fn an_action_without_resource_is_not_met_by_a_rule_about_one() {
        assert!(!applies("arn:aws:s3:::secret/*", "*", Effect::Deny));
        assert!(applies("*", "*", Effect::Deny));
        assert!(applies(
            "arn:aws:ec2:*:*:instance/i-1",
            "arn:aws:ec2:eu-west-1:111122223333:instance/*",
            Effect::Deny
        ));
    }
}
