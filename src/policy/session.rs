//! Which credential a session gets, and which of several roles.

use std::time::Duration;

use crate::config::diagnostic::nearest;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::policy::request::Principal;
use crate::policy::statement::PrincipalRule;
use crate::types::Effect;

/// The `[session]` table and the `[[role]]` rules: which credential the session gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRule {
    /// What the credential is had with.
    pub source: Option<CredentialSource>,
    /// What `role` names: ARNs, or names of `[[role]]` rules. One is the one that is taken where nobody chose.
    pub role: Vec<String>,
    /// The `[[role]]` rules.
    pub roles: Vec<RoleRule>,
    /// How long the credential lasts.
    pub duration: Option<Duration>,
    /// Managed policies that take the place of what does not fit into the compiled one.
    pub policy_arns: Vec<String>,
    /// Whether the person is named as source identity.
    pub source_identity: Option<bool>,
    /// Whether session tags are given: `true`: without them there is no credential; `None`: where the trust policy allows.
    pub tags: Option<bool>,
    /// Tags that stay through all further roles.
    pub transitive_tags: Vec<String>,
    /// What the role's trust policy wants to hear.
    pub external_id: Option<String>,
    /// The person's MFA device.
    pub mfa_serial: Option<String>,
    /// The ARN of the SAML provider in IAM.
    pub saml_provider: Option<String>,
    /// Whether AWS is told to refuse the session's credential after its end.
    pub revoke: Option<bool>,
}

/// A role that a session may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleRule {
    /// What people call it; the name of the profile inside, too.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Who may have it.
    pub principal: PrincipalRule,
    /// How long its credentials last; `None`: as `[session]` says.
    pub duration: Option<Duration>,
    /// What its trust policy wants to hear; `None`: as `[session]` says.
    pub external_id: Option<String>,
}

/// What the session's credential is had with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// The ID token of an OpenID Connect provider.
    Oidc,
    /// The assertion of a SAML provider.
    Saml,
    /// The AWS profile chain.
    Profile,
}

impl CredentialSource {
    /// The sources as they are written.
    pub const WORDS: &[(&str, Self)] =
        &[("oidc", Self::Oidc), ("saml", Self::Saml), ("profile", Self::Profile)];
}

/// Which role it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// None: the policy names none.
    None,
    /// The first; the others can be used beside it.
    Roles(Vec<RoleRule>),
    /// A person has to say which of these.
    Ask(Vec<RoleRule>),
}

impl SessionRule {
    /// Whether AWS is given the session policy: a role is assumed.
    #[must_use]
    pub fn assumes_a_role(&self) -> bool {
        !self.role.is_empty() || !self.roles.is_empty()
    }

    /// Whether the person has to sign in with an identity provider.
    #[must_use]
    pub fn needs_login(&self) -> bool {
        matches!(self.source, Some(CredentialSource::Oidc | CredentialSource::Saml))
    }

    /// The roles that `principal` may have, those that `role` names first.
    #[must_use]
    pub fn roles_for(&self, principal: &Principal) -> Vec<RoleRule> {
        let fits = |rule: &&RoleRule| rule.principal.fits(principal, Effect::Allow).is_ok();
        let fitting: Vec<&RoleRule> = self.roles.iter().filter(fits).collect();
        let mut found = Vec::<RoleRule>::new();
        for wanted in &self.role {
            if let Some(rule) = fitting.iter().find(|rule| rule.name == *wanted) {
                found.push((*rule).clone());
            } else if wanted.starts_with("arn:") {
                found.push(RoleRule::named_by(wanted));
            }
        }
        for rule in fitting {
            if !found.iter().any(|known| known.name == rule.name) {
                found.push(rule.clone());
            }
        }
        found
    }

    /// Which role `principal` gets; `wanted` is what the person typed, a name or an ARN.
    ///
    /// # Errors
    /// The policy names roles, and none of them is for this person, or not the one that is wanted.
    pub fn choose(&self, principal: &Principal, wanted: Option<&str>) -> Result<Choice> {
        let mut roles = self.roles_for(principal);
        if let Some(wanted) = wanted {
            if !self.assumes_a_role() && is_role(wanted) {
                return Ok(Choice::Roles(vec![RoleRule::named_by(wanted)]));
            }
            let Some(at) = roles.iter().position(|role| role.name == wanted || role.arn == wanted) else {
                return Err(self.not_for(principal, wanted, &roles));
            };
            roles[..=at].rotate_right(1);
            return Ok(Choice::Roles(roles));
        }
        match roles.as_slice() {
            [] if self.assumes_a_role() => Err(Error::new(
                Kind::Config,
                format!("the policy has no role for {}", principal.user),
            )
            .why("no [[role]] has a `principal` that fits")
            .fix("sign in as somebody whom the policy names (hoopctl login), or have the policy changed")),
            [] => Ok(Choice::None),
            // One that is named outright is the one to take.
            [_] => Ok(Choice::Roles(roles)),
            [first, ..] if self.role.len() == 1 && first.is_called(&self.role[0]) => Ok(Choice::Roles(roles)),
            _ => Ok(Choice::Ask(roles)),
        }
    }

    fn not_for(&self, principal: &Principal, wanted: &str, roles: &[RoleRule]) -> Error {
        let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        let shown = wanted.escape_debug();
        let error =
            Error::new(Kind::Usage, format!("the policy has no role `{shown}` for {}", principal.user));
        if names.is_empty() {
            return match self.assumes_a_role() {
                true => error.why("none of its roles is for you").fix("have the policy changed"),
                false => error.fix("give an ARN: --role arn:aws:iam::123456789012:role/agent"),
            };
        }
        let error = error.why(format!("it has {}", names.join(", ")));
        match nearest(wanted, names.iter().copied()) {
            Some(meant) => error.fix(format!("did you mean --role {meant}?")),
            None => error.fix(format!("give one of them: --role {}", names[0])),
        }
    }
}

impl RoleRule {
    /// The role of this ARN, for anybody, called by its own name.
    #[must_use]
    pub fn named_by(arn: &str) -> Self {
        let name = arn.rsplit('/').next().unwrap_or(arn).to_owned();
        Self { name, arn: arn.to_owned(), ..Self::default() }
    }

    fn is_called(&self, text: &str) -> bool {
        self.name == text || self.arn == text
    }
}

/// Whether the text is the ARN of one role.
#[must_use]
pub fn is_role(text: &str) -> bool {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b));
    matches!(fields.as_slice(), ["arn", _, "iam", "", account, name]
        if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
            && name.strip_prefix("role/").is_some_and(|name| !name.is_empty() && !name.ends_with('/') && plain(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::PolicySet;

    const ROLES: &str = r#"
version = 1
[[role]]
name = "prod"
arn = "arn:aws:iam::123456789012:role/prod"
principal = { group = "ops" }
duration = "15m"
[[role]]
name = "dev"
arn = "arn:aws:iam::210987654321:role/team/dev"
[[role]]
name = "bot"
arn = "arn:aws:iam::210987654321:role/bot"
principal = { issuer = "https://ci.example" }
"#;

    fn who(groups: &[&str]) -> Principal {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        Principal { user: "ana".to_owned(), groups, ..Principal::default() }
    }

    fn rule(text: &str) -> SessionRule {
        PolicySet::new(vec![Policy::parse(text, "p.toml").unwrap()]).session()
    }

    fn names(choice: &Choice) -> Vec<&str> {
        match choice {
            Choice::None => vec![],
            Choice::Roles(roles) => roles.iter().map(|role| role.name.as_str()).collect(),
            Choice::Ask(roles) => {
                std::iter::once("?").chain(roles.iter().map(|role| role.name.as_str())).collect()
            }
        }
    }

    #[test]
    fn who_one_is_decides_which_roles_there_are() {
        let rule = rule(ROLES);
        let choose = |groups: &[&str], wanted| rule.choose(&who(groups), wanted);
        assert_eq!(names(&choose(&[], None).unwrap()), ["dev"]);
        assert_eq!(names(&choose(&["ops"], None).unwrap()), ["?", "prod", "dev"]);
        assert_eq!(names(&choose(&["ops"], Some("dev")).unwrap()), ["dev", "prod"]);
        let by_arn = choose(&["ops"], Some("arn:aws:iam::210987654321:role/team/dev")).unwrap();
        assert_eq!(names(&by_arn), ["dev", "prod"]);
        let error = choose(&[], Some("prod")).unwrap_err();
        assert!(error.report("x").contains("it has dev"), "{error}");
        assert!(choose(&["ops"], Some("prd")).unwrap_err().advice().unwrap().contains("--role prod"));
        // Not one that the policy does not name.
        assert!(choose(&["ops"], Some("arn:aws:iam::123456789012:role/admin")).is_err());
        // Groups that were not told give no role.
        let unknown = Principal { groups_unknown: true, ..who(&[]) };
        assert_eq!(names(&rule.choose(&unknown, None).unwrap()), ["dev"]);
    }

    #[test]
    fn the_session_names_one_or_several() {
        let named = ROLES.replace("version = 1\n", "version = 1\n[session]\nrole = \"dev\"\n");
        assert_eq!(names(&rule(&named).choose(&who(&["ops"]), None).unwrap()), ["dev", "prod"]);
        let list = "version = 1\n[session]\nrole = [\"arn:aws:iam::123456789012:role/a\", \"arn:aws:iam::123456789012:role/b\"]\n";
        assert_eq!(names(&rule(list).choose(&who(&[]), None).unwrap()), ["?", "a", "b"]);
        assert_eq!(names(&rule(list).choose(&who(&[]), Some("b")).unwrap()), ["b", "a"]);
        let only = "version = 1\n[[role]]\nname = \"x\"\narn = \"arn:aws:iam::123456789012:role/x\"\nprincipal = { user = \"bob\" }\n";
        let error = rule(only).choose(&who(&[]), None).unwrap_err();
        assert!(error.report("x").contains("no role for ana"), "{error}");
    }

    #[test]
    fn without_roles_in_the_policy_any_can_be_asked_for() {
        let rule = rule("version = 1\n");
        assert_eq!(rule.choose(&who(&[]), None).unwrap(), Choice::None);
        let arn = "arn:aws:iam::123456789012:role/team/a";
        assert_eq!(names(&rule.choose(&who(&[]), Some(arn)).unwrap()), ["a"]);
        for wrong in ["a", "arn:aws:iam::1:role/a", "arn:aws:iam::123456789012:role/*"] {
            assert!(rule.choose(&who(&[]), Some(wrong)).is_err(), "{wrong}");
        }
    }
}
