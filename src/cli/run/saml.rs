//! The roles that a SAML login offers, where the policy leaves the choice to it.

use std::time::Duration;

use crate::creds::SamlProviders;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Proof;
use crate::identity::saml;
use crate::identity::saml::SamlRole;
use crate::policy::RoleRule;
use crate::policy::SessionRule;

/// What STS takes for `DurationSeconds`, in seconds.
const DURATIONS: std::ops::RangeInclusive<u64> = 900..=43_200;

/// The roles that the login offers. A policy that names none leaves the choice to the identity provider: they are put into
/// `session`.
///
/// # Errors
/// The policy names no role and the login offers none; or AWS would take the login for none of them.
pub(super) fn offered(session: &mut SessionRule, proof: &Proof) -> Result<Vec<SamlRole>> {
    let said = saml::session(proof)?;
    let offered = match saml::roles(proof) {
        Err(error) if !session.assumes_a_role() => return Err(error),
        offered => offered.unwrap_or_default(),
    };
    if said.name.is_none() {
        return Err(Error::new(Kind::Upstream, "AWS gives no role for the identity provider's answer")
            .why("it does not say what the session is called (the attribute RoleSessionName)")
            .fix("let the provider send it, as `man hoop-saml` shows"));
    }
    if !session.assumes_a_role() {
        session.roles = rules(&offered, said.duration);
    }
    Ok(offered)
}

/// # Errors
/// Nobody vouches for one of `roles`.
pub(super) fn check(providers: &SamlProviders, roles: &[RoleRule]) -> Result<()> {
    let Some(role) = roles.iter().find(|role| providers.of(&role.arn).is_none()) else { return Ok(()) };
    Err(Error::new(Kind::Config, format!("it is not clear which provider of IAM vouches for {}", role.arn))
        .why("the login does not offer this role, and the policy does not name the provider")
        .fix("add to [session]: saml_provider = \"arn:aws:iam::123456789012:saml-provider/NAME\""))
}

/// Roles of the same name in several accounts are told apart by these.
fn rules(offered: &[SamlRole], duration: Option<Duration>) -> Vec<RoleRule> {
    let named: Vec<RoleRule> = offered.iter().map(|one| RoleRule::named_by(&one.role)).collect();
    let duration = duration.filter(|duration| DURATIONS.contains(&duration.as_secs()));
    let rule = |rule: &RoleRule| {
        let is_alone = named.iter().filter(|other| other.name == rule.name).count() == 1;
        let account = rule.arn.split(':').nth(4).unwrap_or_default();
        let name = if is_alone { rule.name.clone() } else { format!("{}-{account}", rule.name) };
        RoleRule { name, duration, ..rule.clone() }
    };
    named.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(role: &str) -> SamlRole {
        let account = role.split(':').nth(4).unwrap();
        SamlRole { role: role.to_owned(), provider: format!("arn:aws:iam::{account}:saml-provider/corp") }
    }

    #[test]
    fn roles_of_one_name_are_told_apart_by_their_accounts() {
        let offered = [
            role("arn:aws:iam::111122223333:role/dev"),
            role("arn:aws:iam::444455556666:role/dev"),
            role("arn:aws:iam::444455556666:role/team/ops"),
        ];
        let made = rules(&offered, Some(Duration::from_secs(7_200)));
        let names: Vec<&str> = made.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["dev-111122223333", "dev-444455556666", "ops"]);
        assert_eq!(made[0].duration, Some(Duration::from_secs(7_200)));
        assert_eq!(rules(&offered, Some(Duration::from_secs(60)))[0].duration, None);
    }

    #[test]
    fn a_role_that_nobody_vouches_for_is_told() {
        let (known, unknown) = ("arn:aws:iam::111122223333:role/dev", "arn:aws:iam::111122223333:role/x");
        let mut providers = SamlProviders {
            of_roles: vec![(known.to_owned(), "arn:aws:iam::111122223333:saml-provider/corp".to_owned())],
            of_others: None,
        };
        check(&providers, &[RoleRule::named_by(known)]).unwrap();
        let error = check(&providers, &[RoleRule::named_by(unknown)]).unwrap_err();
        assert!(error.to_string().contains(unknown), "{error}");
        providers.of_others = Some("arn:aws:iam::111122223333:saml-provider/lab".to_owned());
        check(&providers, &[RoleRule::named_by(unknown)]).unwrap();
    }
}
