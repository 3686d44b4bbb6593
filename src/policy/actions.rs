//! What the policy needs to know about IAM actions, without knowing where the knowledge comes from.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::aws;
use crate::config::diagnostic::nearest;
use crate::pattern;
use crate::types::AccessLevel;

/// Permissions that no API operation is named after, so that lists made from operations lack them.
const PERMISSIONS_ONLY: &[(&str, AccessLevel)] = &[
    ("codecommit:GitPull", AccessLevel::Read),
    ("codecommit:GitPush", AccessLevel::Write),
    ("dynamodb:ConditionCheckItem", AccessLevel::Read),
    ("dynamodb:PartiQLDelete", AccessLevel::Write),
    ("dynamodb:PartiQLInsert", AccessLevel::Write),
    ("dynamodb:PartiQLSelect", AccessLevel::Read),
    ("dynamodb:PartiQLUpdate", AccessLevel::Write),
    ("execute-api:Invoke", AccessLevel::Write),
    ("iam:PassRole", AccessLevel::Permissions),
    ("kms:ReEncryptFrom", AccessLevel::Write),
    ("kms:ReEncryptTo", AccessLevel::Write),
    ("lakeformation:GetDataAccess", AccessLevel::Write),
    ("lambda:InvokeFunctionUrl", AccessLevel::Write),
    ("rds-db:connect", AccessLevel::Permissions),
    ("redshift:CreateClusterUser", AccessLevel::Permissions),
    ("redshift:JoinGroup", AccessLevel::Permissions),
    ("s3:BypassGovernanceRetention", AccessLevel::Permissions),
    ("s3:DeleteObjectVersion", AccessLevel::Write),
    ("s3:DeleteObjectVersionTagging", AccessLevel::Tagging),
    ("s3:GetObjectVersion", AccessLevel::Read),
    ("s3:GetObjectVersionAcl", AccessLevel::Read),
    ("s3:GetObjectVersionAttributes", AccessLevel::Read),
    ("s3:GetObjectVersionTagging", AccessLevel::Read),
    ("s3:InitiateReplication", AccessLevel::Write),
    ("s3:ListBucketVersions", AccessLevel::List),
    ("s3:ObjectOwnerOverrideToBucketOwner", AccessLevel::Permissions),
    ("s3:PutObjectVersionAcl", AccessLevel::Permissions),
    ("s3:PutObjectVersionTagging", AccessLevel::Tagging),
    ("s3:ReplicateDelete", AccessLevel::Write),
    ("s3:ReplicateObject", AccessLevel::Write),
    ("s3:ReplicateTags", AccessLevel::Tagging),
    ("sts:SetContext", AccessLevel::Permissions),
    ("sts:SetSourceIdentity", AccessLevel::Permissions),
    ("sts:TagSession", AccessLevel::Tagging),
];

/// A catalogue of IAM actions, such as `s3:GetObject`; names are compared without regard to case.
pub trait Actions: Send + Sync {
    /// Whether the action exists; `None`: this catalogue cannot say (and nothing is refused for it).
    fn is_known(&self, action: &str) -> Option<bool>;

    /// The existing action whose name is nearest to a misspelt one.
    fn suggest(&self, action: &str) -> Option<String>;

    /// How many actions a pattern with `*` and `?` matches; `None`: this catalogue cannot say.
    fn count(&self, pattern: &str) -> Option<usize>;

    /// What the action does; `Unknown` where that is not known.
    fn access(&self, action: &str) -> AccessLevel;
}

/// The catalogue that knows nothing: for reading a policy without checking its actions.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoActions;

impl Actions for NoActions {
    fn is_known(&self, _action: &str) -> Option<bool> {
        None
    }

    fn suggest(&self, _action: &str) -> Option<String> {
        None
    }

    fn count(&self, _pattern: &str) -> Option<usize> {
        None
    }

    fn access(&self, _action: &str) -> AccessLevel {
        AccessLevel::Unknown
    }
}

/// Every action that AWS's own models and reference know. The first question costs some milliseconds, none costs nothing.
pub struct AwsActions;

impl AwsActions {
    /// The list behind it.
    #[must_use]
    pub fn all() -> &'static ListedActions {
        static ALL: LazyLock<ListedActions> = LazyLock::new(|| ListedActions::new(aws::actions()));
        &ALL
    }
}

impl Actions for AwsActions {
    fn is_known(&self, action: &str) -> Option<bool> {
        Self::all().is_known(action)
    }

    fn suggest(&self, action: &str) -> Option<String> {
        Self::all().suggest(action)
    }

    fn count(&self, pattern: &str) -> Option<usize> {
        Self::all().count(pattern)
    }

    fn access(&self, action: &str) -> AccessLevel {
        Self::all().access(action)
    }
}

/// A catalogue made from a list.
#[derive(Clone, Debug, Default)]
pub struct ListedActions {
    /// By the name in lower case: the name as it is written, and its level.
    actions: BTreeMap<String, (String, AccessLevel)>,
}

impl ListedActions {
    /// Makes a catalogue of all actions, such as those of the AWS module; permissions that no operation is named after
    /// are added.
    #[must_use]
    pub fn new(actions: impl IntoIterator<Item = (String, AccessLevel)>) -> Self {
        let extra = PERMISSIONS_ONLY.iter().map(|(name, access)| ((*name).to_owned(), *access));
        let all = extra.chain(actions).map(|(name, access)| (name.to_ascii_lowercase(), (name, access)));
        Self { actions: all.collect() }
    }

    /// An action as it is written; `None`: there is none with this name in lower case.
    #[must_use]
    pub fn written(&self, lower: &str) -> Option<&str> {
        self.actions.get(lower).map(|(name, _)| name.as_str())
    }

    /// Every action: its name in lower case, the name as it is written, and what it does.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, AccessLevel)> {
        self.actions.iter().map(|(lower, (name, access))| (lower.as_str(), name.as_str(), *access))
    }

    /// As [`ListedActions::all`], but only those that a pattern in lower case matches.
    pub fn matching<'a>(&'a self, lower: &'a str) -> impl Iterator<Item = (&'a str, &'a str, AccessLevel)> {
        let fixed = lower.split(['*', '?']).next().unwrap_or_default();
        let range =
            self.actions.range(fixed.to_owned()..).take_while(move |(name, _)| name.starts_with(fixed));
        let all = range.map(|(lower, (name, access))| (lower.as_str(), name.as_str(), *access));
        all.filter(move |(name, _, _)| pattern::matches(lower, name))
    }

    /// Names beginning with `prefix`, in lower case and as they are written.
    fn starting(&self, prefix: String) -> impl Iterator<Item = (&str, &str)> {
        self.actions
            .range(prefix.clone()..)
            .take_while(move |(name, _)| name.starts_with(&prefix))
            .map(|(lower, (name, _))| (lower.as_str(), name.as_str()))
    }
}

impl Actions for ListedActions {
    fn is_known(&self, action: &str) -> Option<bool> {
        Some(self.actions.contains_key(&action.to_ascii_lowercase()))
    }

    fn suggest(&self, action: &str) -> Option<String> {
        let (service, operation) = action.split_once(':')?;
        let service = service.to_ascii_lowercase();
        let operation_of = |service: &str| {
            let names = self.starting(format!("{service}:"));
            nearest(operation, names.filter_map(|(_, name)| name.split_once(':').map(|(_, name)| name)))
                .map(|name| format!("{service}:{name}"))
        };
        if let Some(found) = operation_of(&service) {
            return Some(found);
        }
        let services = self.actions.keys().filter_map(|name| name.split(':').next());
        let meant = nearest(&service, services).filter(|meant| *meant != service)?;
        operation_of(meant).or_else(|| Some(format!("{meant}:{operation}")))
    }

    fn count(&self, pattern: &str) -> Option<usize> {
        let pattern = pattern.to_ascii_lowercase();
        let fixed = pattern.split(['*', '?']).next().unwrap_or_default().to_owned();
        Some(self.starting(fixed).filter(|(lower, _)| pattern::matches(&pattern, lower)).count())
    }

    fn access(&self, action: &str) -> AccessLevel {
        self.actions.get(&action.to_ascii_lowercase()).map_or(AccessLevel::Unknown, |(_, access)| *access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_catalogue_knows_counts_and_suggests() {
        let names = ["s3:GetObject", "s3:GetBucketAcl", "s3:PutObject", "sqs:SendMessage"];
        let actions = ListedActions::new(names.map(|name| (name.to_owned(), AccessLevel::Read)));
        assert_eq!(actions.is_known("S3:getobject"), Some(true));
        assert_eq!(actions.is_known("iam:PassRole"), Some(true));
        assert_eq!(actions.suggest("s3:GetObjct"), Some("s3:GetObject".to_owned()));
        assert_eq!(actions.suggest("sqss:SendMesage"), Some("sqs:SendMessage".to_owned()));
        assert_eq!(actions.suggest("s3:Frobnicate"), None);
        assert_eq!(actions.count("*:*Message"), Some(1));
        assert_eq!(actions.count("s3:G?tB*"), Some(1));
        assert_eq!(actions.access("sqs:sendmessage"), AccessLevel::Read);
    }
}
