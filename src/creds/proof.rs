//! What a role is had with: a credential that one has already, or a token that somebody else vouches with.

use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::types::Secret;

/// Gives a token to show. It may take a while and block. `true`: STS did not take the last one, so that a new one is
/// wanted however fresh the old one seems.
pub type GiveToken = Arc<dyn Fn(bool) -> Result<Secret> + Send + Sync>;

/// What a role is had with.
#[derive(Clone, Debug, Default)]
pub enum Proof {
    /// What the AWS profile chain gives: `AssumeRole`, signed with it.
    #[default]
    Profile,
    /// An ID token of an OpenID Connect provider: `AssumeRoleWithWebIdentity`, not signed.
    WebIdentity(Token),
    /// A SAML response in base64: `AssumeRoleWithSAML`, not signed. The session's name is in there.
    Saml {
        /// Who vouches for it at AWS.
        providers: SamlProviders,
        /// The response.
        assertion: Token,
    },
}

/// The SAML providers in IAM that vouch for roles, by ARN: `arn:aws:iam::123456789012:saml-provider/corp`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamlProviders {
    /// Roles, each with its provider, as the assertion has them.
    pub of_roles: Vec<(String, String)>,
    /// The provider of all others.
    pub of_others: Option<String>,
}

/// Where a token comes from.
#[derive(Clone)]
pub struct Token {
    /// For messages and the record: `login corp`.
    pub source: String,
    /// The command that gets a new one where none can be had without a person: `hoopctl login corp`.
    pub login: String,
    /// Gives it.
    pub give: GiveToken,
}

impl SamlProviders {
    /// The provider that vouches for `role`.
    #[must_use]
    pub fn of(&self, role: &str) -> Option<&str> {
        let own = self.of_roles.iter().find(|(known, _)| known == role).map(|(_, provider)| provider);
        own.or(self.of_others.as_ref()).map(String::as_str)
    }
}

impl Proof {
    /// The call.
    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::Profile => "AssumeRole",
            Self::WebIdentity(_) => "AssumeRoleWithWebIdentity",
            Self::Saml { .. } => "AssumeRoleWithSAML",
        }
    }

    /// The token, where one is shown.
    pub(super) fn token(&self) -> Option<&Token> {
        match self {
            Self::Profile => None,
            Self::WebIdentity(token) | Self::Saml { assertion: token, .. } => Some(token),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("source", &self.source).finish_non_exhaustive()
    }
}
