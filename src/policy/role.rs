//! The role that a call is made with, and patterns for it.

use crate::pattern;
use crate::types::Effect;

/// The role behind a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Nobody has said yet whose credential it is.
    #[default]
    Unknown,
    /// The call is made with no role: by a user, a root user, a federated user, or without a signature.
    None,
    /// The role's ARN, `arn:aws:iam::123456789012:role/team/deploy`; the path (`team/`) is missing where AWS did not
    /// say it.
    Arn(String),
}

impl Role {
    /// The role of an identity's ARN, as `sts:GetCallerIdentity` tells it. The path of a role does not stand in there.
    #[must_use]
    pub fn of_identity(arn: &str) -> Self {
        let Some((partition, service, account, resource)) = parts(arn) else { return Self::Unknown };
        match (service, resource.split('/').collect::<Vec<_>>().as_slice()) {
            ("sts", ["assumed-role", name, _session]) if !name.is_empty() => {
                Self::Arn(format!("arn:{partition}:iam::{account}:role/{name}"))
            }
            ("iam", ["role", ..]) => Self::Arn(arn.to_owned()),
            ("iam", ["user", ..] | ["root"]) | ("sts", ["federated-user", ..] | ["assumed-root", ..]) => {
                Self::None
            }
            _ => Self::Unknown,
        }
    }

    /// The same role with the path that `named`, the ARN it was asked for by, has.
    #[must_use]
    pub fn with_path_of(self, named: &str) -> Self {
        match &self {
            Self::Arn(arn) if without_path(named).as_deref() == Some(arn) => Self::Arn(named.to_owned()),
            _ => self,
        }
    }

    /// The role's ARN.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn),
            Self::Unknown | Self::None => None,
        }
    }

    /// Whether a rule with this pattern and effect means the role. One that is not known may be the one a strict rule
    /// means, and is never the one a rule that allows means.
    #[must_use]
    pub fn fits(&self, wanted: &str, effect: Effect) -> bool {
        let strict = effect != Effect::Allow;
        match self {
            Self::Unknown => strict,
            Self::None => false,
            Self::Arn(arn) if pattern::matches(wanted, arn) => true,
            // A path that AWS did not say. Names are unique in an account whatever the path, so that a whole name tells
            // the role; a pattern for names does so only where it is safe to mean too much.
            Self::Arn(arn) => without_path(wanted).is_some_and(|wanted| {
                let name = wanted.rsplit('/').next().unwrap_or_default();
                without_path(arn).as_deref() == Some(arn.as_str())
                    && (strict || !pattern::is_pattern(name))
                    && pattern::matches(&wanted, arn)
            }),
        }
    }
}

/// Partition, service, account and resource of an ARN of IAM or STS.
fn parts(arn: &str) -> Option<(&str, &str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (start, partition, service, _region, account) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (start == "arn").then_some((partition, service, account, parts.next()?))
}

/// A role's ARN (or a pattern for one) without the path.
fn without_path(arn: &str) -> Option<String> {
    let (start, path) = arn.split_once(":role/")?;
    let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
    Some(format!("{start}:role/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_tells_its_role() {
        for (arn, role) in [
            ("arn:aws:sts::1:assumed-role/deploy/ana", Role::Arn("arn:aws:iam::1:role/deploy".into())),
            ("arn:aws-cn:iam::1:role/team/deploy", Role::Arn("arn:aws-cn:iam::1:role/team/deploy".into())),
            ("arn:aws:iam::1:user/team/ana", Role::None),
            ("arn:aws:iam::1:root", Role::None),
            ("arn:aws:sts::1:federated-user/ana", Role::None),
            ("arn:aws:sts::1:assumed-role//ana", Role::Unknown),
            ("arn:aws:sts::1:something", Role::Unknown),
            ("nonsense", Role::Unknown),
        ] {
            assert_eq!(Role::of_identity(arn), role, "{arn}");
        }
        let role = Role::of_identity("arn:aws:sts::1:assumed-role/deploy/ana");
        let named = role.clone().with_path_of("arn:aws:iam::1:role/team/deploy");
        assert_eq!(named.arn(), Some("arn:aws:iam::1:role/team/deploy"));
        for other in ["arn:aws:iam::2:role/deploy", "arn:aws:iam::1:role/team/admin", "deploy"] {
            assert_eq!(role.clone().with_path_of(other), role, "{other}");
        }
    }

    #[test]
    fn a_role_fits_patterns() {
        let plain = Role::Arn("arn:aws:iam::1:role/deploy".into());
        let pathed = Role::Arn("arn:aws:iam::1:role/team/deploy".into());
        // role, pattern, fits for allow, fits for deny
        for (role, wanted, allow, deny) in [
            (&plain, "arn:aws:iam::*:role/deploy", true, true),
            (&plain, "arn:aws:iam::2:role/deploy", false, false),
            (&plain, "arn:aws:iam::1:role/*", true, true),
            // The path was not told; the name tells the role.
            (&plain, "arn:aws:iam::1:role/team/deploy", true, true),
            (&plain, "arn:aws:iam::1:role/team/*", false, true),
            (&plain, "arn:aws:iam::1:role/team/admin", false, false),
            (&pathed, "arn:aws:iam::1:role/team/*", true, true),
            (&pathed, "arn:aws:iam::1:role/other/deploy", false, false),
            (&pathed, "arn:aws:iam::1:role/deploy", false, false),
            (&Role::Unknown, "*", false, true),
            (&Role::None, "*", false, false),
        ] {
            assert_eq!(role.fits(wanted, Effect::Allow), allow, "{role:?} {wanted} allow");
            assert_eq!(role.fits(wanted, Effect::Deny), deny, "{role:?} {wanted} deny");
            assert_eq!(role.fits(wanted, Effect::Ask), deny, "{role:?} {wanted} ask");
        }
    }
}
