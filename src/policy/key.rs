//! Condition keys: what of a call a condition looks at.

use serde_json::Value;

use crate::config::diagnostic::nearest;
use crate::policy::derived;
use crate::policy::derived::Derived;
use crate::policy::path::Found;
use crate::policy::path::Path;
use crate::policy::request::Request;
use crate::types::AccessLevel;

/// A condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// `param:PATH`: a parameter of the call.
    Param(Path),
    /// One of those hoop has itself.
    Own(Own),
    /// A key of a service that the parameters tell.
    Derived(Derived),
    /// `aws:RequestTag/NAME`; the name in lower case, for AWS does not tell cases apart there.
    RequestTag(String),
    /// `aws:TagKeys`
    TagKeys,
    /// A key of AWS whose value only AWS knows.
    Foreign,
}

/// The keys whose values hoop knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// `aws:RequestedRegion`
    Region,
    /// `aws:CurrentTime`, `aws:EpochTime`: seconds since the Unix epoch.
    Time,
    /// `aws:SecureTransport`
    SecureTransport,
    /// `aws:PrincipalAccount`
    Account,
    /// `aws:ResourceAccount`
    ResourceAccount,
    /// `aws:UserAgent`
    UserAgent,
    /// `aws:username`
    Username,
    /// `aws:PrincipalType`
    PrincipalType,
    /// `hoop:Session`
    Session,
    /// `hoop:User`
    User,
    /// `hoop:Group`, of which there are several.
    Groups,
    /// `hoop:Issuer`, which local users do not have.
    Issuer,
    /// `hoop:Verified`
    Verified,
    /// `hoop:Repository`
    Repository,
    /// `hoop:Agent`
    Agent,
    /// `hoop:Host`
    Host,
    /// `hoop:AccessLevel`
    Access,
}

/// The keys hoop knows, as they are written.
pub const OWN_KEYS: &[(&str, Own)] = &[
    ("aws:RequestedRegion", Own::Region),
    ("aws:CurrentTime", Own::Time),
    ("aws:EpochTime", Own::Time),
    ("aws:SecureTransport", Own::SecureTransport),
    ("ec2:Region", Own::Region),
    ("aws:PrincipalAccount", Own::Account),
    ("aws:PrincipalType", Own::PrincipalType),
    ("aws:ResourceAccount", Own::ResourceAccount),
    ("aws:UserAgent", Own::UserAgent),
    ("aws:username", Own::Username),
    ("hoop:Session", Own::Session),
    ("hoop:User", Own::User),
    ("hoop:Group", Own::Groups),
    ("hoop:Issuer", Own::Issuer),
    ("hoop:Verified", Own::Verified),
    ("hoop:Repository", Own::Repository),
    ("hoop:Agent", Own::Agent),
    ("hoop:Host", Own::Host),
    ("hoop:AccessLevel", Own::Access),
];

/// IAM's other global keys: correct, but their values are known to AWS alone.
const GLOBAL_KEYS: &[&str] = &[
    "aws:AssumedRoot",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:ChatbotSourceArn",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:FederatedProvider",
    "aws:IsMcpServiceAction",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:Referer",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TokenIssueTime",
    "aws:ViaAWSMCPService",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:userid",
];

/// Global keys that end in a name of the user's own.
const TAG_KEYS: &[&str] = &["aws:PrincipalTag/", "aws:ResourceTag/"];

/// What is wrong with a key, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadKey {
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub fix: String,
}

impl Key {
    /// Reads a key; like IAM, without regard to case, but for the path of `param:`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        if let Some(path) = text.strip_prefix("param:") {
            return Path::parse(path).map(Self::Param).map_err(|reason| BadKey {
                message: format!("wrong path: {reason}"),
                fix: "write it like `param:IpPermissions[].IpRanges[].CidrIp`".to_owned(),
            });
        }
        if let Some((_, own)) = OWN_KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Ok(Self::Own(*own));
        }
        let lower = text.to_ascii_lowercase();
        if let Some(name) = lower.strip_prefix("aws:requesttag/").filter(|name| !name.is_empty()) {
            return Ok(Self::RequestTag(name.to_owned()));
        }
        if lower == "aws:tagkeys" {
            return Ok(Self::TagKeys);
        }
        if let Some(derived) = Derived::find(text) {
            return Ok(Self::Derived(derived));
        }
        if GLOBAL_KEYS.iter().any(|name| name.eq_ignore_ascii_case(text))
            || TAG_KEYS.iter().any(|prefix| lower.starts_with(&prefix.to_ascii_lowercase()))
        {
            return Ok(Self::Foreign);
        }
        let known = || {
            OWN_KEYS.iter().map(|(name, _)| *name).chain(GLOBAL_KEYS.iter().copied()).chain(["aws:TagKeys"])
        };
        match lower.split_once(':') {
            // Keys of single services are too many to list, and all of them are AWS's.
            Some((prefix, name)) if !matches!(prefix, "aws" | "hoop" | "params") && !name.is_empty() => {
                Ok(Self::Foreign)
            }
            _ => Err(BadKey {
                message: "unknown condition key".to_owned(),
                fix: match nearest(text, known()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "a key is `param:PATH`, `hoop:NAME` or one of IAM's, such as \
                             `aws:RequestedRegion`"
                        .to_owned(),
                },
            }),
        }
    }

    /// The key's values in a call: one entry for each, `None` for an empty place; nothing at all if it cannot be known.
    #[must_use]
    pub fn values(&self, request: &Request<'_>) -> Option<Vec<Option<String>>> {
        let own = match self {
            Self::Foreign => return None,
            Self::Param(_) if request.params == &Value::Null => return None,
            Self::Param(path) => {
                return match path.find(request.params) {
                    Found::Values(values) => Some(values),
                    Found::Unreadable => None,
                };
            }
            Self::Derived(derived) => return derived.values(request),
            Self::RequestTag(name) => {
                let tags = derived::request_tags(request.params)?;
                let values = tags.into_iter().filter(|(key, _)| key.to_lowercase() == *name);
                return Some(values.map(|(_, value)| Some(value)).collect());
            }
            Self::TagKeys => {
                return Some(derived::tag_keys(request.params)?.into_iter().map(Some).collect());
            }
            Self::Own(own) => own,
        };
        let known = |text: &str| (!text.is_empty()).then(|| vec![Some(text.to_owned())]);
        let principal = request.principal;
        match own {
            Own::Region => known(request.region),
            Own::Time => known(&request.now.to_string()),
            Own::SecureTransport => known(if request.secure_transport { "true" } else { "false" }),
            Own::Account => known(request.account),
            Own::ResourceAccount => known(&resource_account(request.resources)?),
            Own::UserAgent => known(request.user_agent),
            Own::Username => Some(user_name(principal.arn.as_deref()?).map(Some).into_iter().collect()),
            Own::PrincipalType => known(principal_type(principal.arn.as_deref()?)),
            Own::Session => known(&principal.session),
            Own::User => known(&principal.user),
            Own::Groups if principal.groups_unknown => None,
            Own::Issuer => Some(principal.issuer.iter().cloned().map(Some).collect()),
            Own::Verified => known(if principal.verified { "true" } else { "false" }),
            Own::Repository => known(principal.repository.as_deref().unwrap_or_default()),
            Own::Groups => Some(principal.groups.iter().cloned().map(Some).collect()),
            Own::Agent => known(principal.agent.as_deref().unwrap_or_default()),
            Own::Host => known(&principal.host),
            Own::Access if request.access == AccessLevel::Unknown => None,
            Own::Access => known(request.access.as_str()),
        }
    }
}

/// The account of all resources, where they have the same.
fn resource_account(resources: &[String]) -> Option<String> {
    let of = |arn: &String| Some(arn.split(':').nth(4)?.to_owned());
    let first = of(resources.first()?)?;
    let is_account = first.len() == 12 && first.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && resources.iter().all(|arn| of(arn).as_ref() == Some(&first))).then_some(first)
}

/// The name of an IAM user; roles and others have none.
fn user_name(arn: &str) -> Option<String> {
    let (_, path) = arn.split_once(":user/")?;
    path.rsplit('/').next().map(str::to_owned)
}

/// As IAM calls the kind of an identity; empty where it cannot be told.
fn principal_type(arn: &str) -> &'static str {
    match arn.splitn(6, ':').nth(5).unwrap_or_default() {
        "root" => "Account",
        resource if resource.starts_with("user/") => "User",
        resource if resource.starts_with("assumed-role/") => "AssumedRole",
        resource if resource.starts_with("federated-user/") => "FederatedUser",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_foreign_or_wrong() {
        assert_eq!(Key::parse("AWS:requestedregion"), Ok(Key::Own(Own::Region)));
        assert_eq!(Key::parse("aws:ResourceTag/team"), Ok(Key::Foreign));
        assert!(matches!(Key::parse("s3:prefix"), Ok(Key::Derived(_))));
        assert_eq!(Key::parse("s3:ResourceAccount"), Ok(Key::Foreign));
        assert_eq!(Key::parse("aws:RequestTag/Team"), Ok(Key::RequestTag("team".to_owned())));
        assert!(matches!(Key::parse("param:A[].B"), Ok(Key::Param(_))));
        assert_eq!(Key::parse("aws:RequestedRegoin").unwrap_err().fix, "did you mean `aws:RequestedRegion`?");
        assert_eq!(Key::parse("hoop:Usr").unwrap_err().fix, "did you mean `hoop:User`?");
        assert!(Key::parse("region").is_err());
        assert!(Key::parse("param:A[0]").is_err());
    }
}
