//! Whether a policy speaks of a call by name: what is refused unless somebody has thought of it needs more than a
//! default or a pattern that allows.

use crate::policy::decide::pairs;
use crate::policy::key::Key;
use crate::policy::key::Own;
use crate::policy::request::Request;
use crate::policy::set::PolicySet;
use crate::policy::statement::Pair;
use crate::policy::statement::PrincipalRule;
use crate::policy::statement::Statement;
use crate::types::Effect;

impl PolicySet {
    /// Whether one of the policies has, for every action of the call, a statement that allows or asks, concerns the call
    /// and writes the action out (`sts:AssumeRoleWithWebIdentity`, not `sts:*`). It need not be what decides.
    #[must_use]
    pub fn names(&self, request: &Request<'_>) -> bool {
        self.layers().iter().any(|layer| {
            let mut all = true;
            pairs(request, |pair| {
                all &= layer.statements.iter().any(|statement| names(statement, &pair, request));
            });
            all
        })
    }

    /// Whether one of the policies depends on the identity that a call is made with: then that must be known.
    #[must_use]
    pub fn speaks_of_identities(&self) -> bool {
        let keys = [Own::Username, Own::PrincipalType];
        self.statements().any(|statement| !statement.principal.roles.is_empty())
            || self.speaks_of(&keys, &["${aws:username", "${aws:principaltype"])
    }

    /// Whether one of the policies depends on the account that a call is made from.
    #[must_use]
    pub fn speaks_of_accounts(&self) -> bool {
        self.layers().iter().filter_map(|layer| layer.guard.as_ref()).any(|guard| !guard.accounts.is_empty())
            || self.speaks_of(&[Own::Account], &["${aws:principalaccount"])
    }

    /// Whether one of the policies depends on what only an identity provider tells: groups, and who vouches for them.
    #[must_use]
    pub fn speaks_of_people(&self) -> bool {
        let is_meant = |rule: &PrincipalRule| !rule.groups.is_empty() || !rule.issuers.is_empty();
        self.principals().any(is_meant)
            || self
                .speaks_of(&[Own::Groups, Own::Issuer, Own::Verified], &["${hoop:issuer", "${hoop:verified"])
    }

    /// Whether one of the policies depends on what the person is called.
    #[must_use]
    pub fn speaks_of_users(&self) -> bool {
        self.principals().any(|rule| !rule.users.is_empty()) || self.speaks_of(&[Own::User], &["${hoop:user"])
    }

    /// Whom all rules are about.
    fn principals(&self) -> impl Iterator<Item = &PrincipalRule> {
        self.layers().iter().flat_map(|layer| {
            let statements = layer.statements.iter().map(|statement| &statement.principal);
            let roles = layer.session.roles.iter().map(|role| &role.principal);
            statements.chain(roles).chain(layer.records.iter().map(|rule| &rule.principal))
        })
    }

    fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.layers().iter().flat_map(|layer| &layer.statements)
    }

    /// Whether a condition has one of the keys, or some text one of the variables.
    fn speaks_of(&self, keys: &[Own], variables: &[&str]) -> bool {
        let has_variable = |text: &String| {
            let text = text.to_ascii_lowercase();
            variables.iter().any(|name| text.contains(name))
        };
        self.statements().any(|statement| {
            let is_meant = |key: &Key| matches!(key, Key::Own(own) if keys.contains(own));
            statement.conditions.iter().any(|it| is_meant(&it.key) || it.values.iter().any(has_variable))
                || statement.resources.iter().flat_map(|it| &it.list).any(has_variable)
        })
    }
}

fn names(statement: &Statement, pair: &Pair<'_>, request: &Request<'_>) -> bool {
    let written = |actions: &crate::policy::statement::Patterns| {
        !actions.inverted && actions.list.iter().any(|action| action == pair.lower)
    };
    statement.effect != Effect::Deny
        && statement.actions.as_ref().is_some_and(written)
        && statement.expanded(request).fits(pair).is_ok()
        && statement.concerns(request).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::model::Policy;
    use crate::policy::request::Principal;
    use crate::types::AccessLevel;

    #[test]
    fn only_a_statement_that_writes_the_action_out_names_it() {
        let role = "arn:aws:iam::123456789012:role/ci".to_owned();
        let principal = Principal { user: "ana".to_owned(), ..Principal::default() };
        for (statement, named) in [
            ("effect = \"allow\"\naction = \"sts:AssumeRoleWithWebIdentity\"", true),
            ("effect = \"ask\"\naction = \"STS:AssumeRoleWithWebIdentity\"", true),
            ("effect = \"allow\"\naction = \"sts:*\"", false),
            ("effect = \"allow\"\naction = \"*\"", false),
            ("effect = \"allow\"\nnot_action = \"s3:*\"", false),
            ("effect = \"deny\"\naction = \"sts:AssumeRoleWithWebIdentity\"", false),
            (
                "effect = \"allow\"\naction = \"sts:AssumeRoleWithWebIdentity\"\nresource = \"arn:aws:iam::*:role/other\"",
                false,
            ),
            (
                "effect = \"allow\"\naction = \"sts:AssumeRoleWithWebIdentity\"\nprincipal = { user = \"bob\" }",
                false,
            ),
        ] {
            let text = format!("version = 1\ndefault = \"allow\"\n[[statement]]\n{statement}\n");
            let set = PolicySet::new(vec![Policy::parse(&text, "policy.toml").unwrap()]);
            let request = Request {
                resources: std::slice::from_ref(&role),
                ..Request::new("sts:AssumeRoleWithWebIdentity", AccessLevel::Write, &principal)
            };
            assert_eq!(set.names(&request), named, "{statement}");
        }
    }
}
