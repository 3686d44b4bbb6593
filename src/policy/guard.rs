//! The `[guard]`: what no statement can allow.

use crate::pattern;
use crate::policy::decide::pairs;
use crate::policy::model::Policy;
use crate::policy::request::Request;
use crate::policy::session::SessionRule;
use crate::types::AccessLevel;
use crate::types::Effect;

/// Services with one endpoint for all regions, by the prefix of their actions: calls are signed for us-east-1 (or its
/// like in another partition) wherever the work is done, so that a guard of regions says nothing about them.
const GLOBAL: &[&str] = &[
    "account",
    "artifact",
    "aws-marketplace",
    "aws-portal",
    "billing",
    "budgets",
    "ce",
    "cloudfront",
    "consolidatedbilling",
    "cur",
    "freetier",
    "globalaccelerator",
    "health",
    "iam",
    "importexport",
    "invoicing",
    "networkmanager",
    "organizations",
    "payments",
    "pricing",
    "purchase-orders",
    "route53",
    "route53domains",
    "route53-recovery-control-config",
    "route53-recovery-readiness",
    "shield",
    "sts",
    "support",
    "supportplans",
    "tax",
    "trustedadvisor",
    "waf",
];

/// Single actions of the same kind.
const GLOBAL_ACTIONS: &[&str] = &["s3:listallmybuckets", "ec2:describeregions"];

/// A `[guard]` table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Where it stands: `policy.toml:9`.
    pub origin: String,
    /// Accounts that calls may be made in and be about; empty: any.
    pub accounts: Vec<String>,
    /// Patterns for regions that calls may go to; empty: any.
    pub regions: Vec<String>,
    /// Only what lists and reads.
    pub read_only: bool,
}

impl Policy {
    /// A policy that allows everything that lists and reads, to stand beside others.
    #[must_use]
    pub fn read_only(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            description: None,
            default: Effect::Allow,
            session: SessionRule::default(),
            guard: Some(Guard { origin: origin.to_owned(), read_only: true, ..Guard::default() }),
            limits: Vec::new(),
            statements: Vec::new(),
            commands: Vec::new(),
            masks: Vec::new(),
            records: Vec::new(),
            egress: Vec::new(),
            alerts: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Guard {
    /// Why the call is refused, if it is. What cannot be told is refused.
    #[must_use]
    pub fn refuses(&self, request: &Request<'_>) -> Option<String> {
        self.refuses_region(request)
            .or_else(|| self.refuses_account(request))
            .or_else(|| self.refuses_change(request))
    }

    fn refuses_region(&self, request: &Request<'_>) -> Option<String> {
        let action = request.action.to_ascii_lowercase();
        let service = action.split(':').next().unwrap_or_default();
        let is_global = GLOBAL.contains(&service) || GLOBAL_ACTIONS.contains(&action.as_str());
        if self.regions.is_empty()
            || is_global
            || !request.region.is_empty()
                && self.regions.iter().any(|wanted| pattern::matches(wanted, request.region))
        {
            return None;
        }
        let where_to = if request.region.is_empty() { "one that cannot be told" } else { request.region };
        Some(format!(
            "only the regions {} may be used, and this call is for {where_to}",
            self.regions.join(", ")
        ))
    }

    fn refuses_account(&self, request: &Request<'_>) -> Option<String> {
        if self.accounts.is_empty() {
            return None;
        }
        let allowed = self.accounts.join(", ");
        let is_meant = |account: &str| self.accounts.iter().any(|wanted| wanted == account);
        if !is_meant(request.account) {
            let whose = match request.account {
                "" | "*" => "one that cannot be told",
                account => account,
            };
            return Some(format!("only the account {allowed} may be used, and the credential is of {whose}"));
        }
        let mut other = None;
        pairs(request, |pair| {
            // `*`: the action has no resource. Buckets, and what AWS itself owns (managed policies), have no account.
            let account = match pair.resource {
                Some(arn) => arn.split(':').nth(4).unwrap_or_default(),
                None => "*",
            };
            if pattern::is_pattern(account) {
                other.get_or_insert_with(|| "one that cannot be told".to_owned());
            } else if account.bytes().any(|byte| byte.is_ascii_digit()) && !is_meant(account) {
                other.get_or_insert_with(|| account.to_owned());
            }
        });
        other.map(|other| format!("only the account {allowed} may be used, and this is of {other}"))
    }

    fn refuses_change(&self, request: &Request<'_>) -> Option<String> {
        if !self.read_only {
            return None;
        }
        let mut change = None;
        pairs(request, |pair| {
            if !matches!(pair.access, AccessLevel::List | AccessLevel::Read) {
                change.get_or_insert_with(|| format!("{} ({})", pair.action, pair.access));
            }
        });
        change.map(|what| format!("the session is read-only, and this is {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::request::Principal;

    #[test]
    fn a_guard_refuses_what_is_outside_and_what_cannot_be_told() {
        let guard = Guard {
            accounts: vec!["123456789012".to_owned()],
            regions: vec!["eu-*".to_owned()],
            ..Guard::default()
        };
        let principal = Principal::default();
        for (action, region, account, resource, refused) in [
            ("s3:GetObject", "eu-west-1", "123456789012", "arn:aws:s3:::b/k", None),
            ("s3:GetObject", "us-east-1", "123456789012", "arn:aws:s3:::b/k", Some("for us-east-1")),
            ("s3:GetObject", "", "123456789012", "*", Some("cannot be told")),
            ("iam:GetUser", "us-east-1", "123456789012", "*", None),
            ("ec2:DescribeRegions", "us-east-1", "123456789012", "*", None),
            (
                "sqs:SendMessage",
                "eu-west-1",
                "123456789012",
                "arn:aws:sqs:eu-west-1:111122223333:q",
                Some("of 111122223333"),
            ),
            (
                "iam:AttachRolePolicy",
                "us-east-1",
                "123456789012",
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
                None,
            ),
            ("x:New", "eu-west-1", "123456789012", "arn:aws:x:*:*:*", Some("cannot be told")),
            ("s3:GetObject", "eu-west-1", "", "*", Some("cannot be told")),
            ("s3:GetObject", "eu-west-1", "*", "*", Some("cannot be told")),
            ("s3:unknown", "eu-west-1", "123456789012", "", Some("cannot be told")),
        ] {
            let resources: Vec<String> =
                [resource].into_iter().filter(|arn| !arn.is_empty()).map(str::to_owned).collect();
            let request = Request {
                region,
                account,
                resources: &resources,
                ..Request::new(action, AccessLevel::Read, &principal)
            };
            let said = guard.refuses(&request);
            match refused {
                None => assert_eq!(said, None, "{action} {region}"),
                Some(part) => assert!(
                    said.as_deref().is_some_and(|said| said.contains(part)),
                    "{action} {region}: {said:?}"
                ),
            }
        }
    }

    #[test]
    fn read_only_means_that_every_part_of_a_call_reads() {
        let guard = Guard { read_only: true, ..Guard::default() };
        let principal = Principal::default();
        let more = [("iam:PassRole".to_owned(), vec!["*".to_owned()])];
        let with = |access, more| Request { more, ..Request::new("ec2:X", access, &principal) };
        assert_eq!(guard.refuses(&with(AccessLevel::Read, &[])), None);
        assert_eq!(guard.refuses(&with(AccessLevel::List, &[])), None);
        for access in
            [AccessLevel::Write, AccessLevel::Tagging, AccessLevel::Permissions, AccessLevel::Unknown]
        {
            assert!(guard.refuses(&with(access, &[])).is_some(), "{access}");
        }
        assert!(guard.refuses(&with(AccessLevel::Read, &more)).is_some());
    }
}
