//! A login: who it is, what proves it to AWS, and what renews it.

use crate::identity::identity::Identity;
use crate::types::Secret;

/// What AWS STS takes as proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An OIDC ID token, for `AssumeRoleWithWebIdentity`.
    WebIdentity(Secret),
    /// A SAML response in base64, for `AssumeRoleWithSAML`.
    Saml(Secret),
}

impl Proof {
    /// The token or the response itself.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        match self {
            Self::WebIdentity(secret) | Self::Saml(secret) => secret,
        }
    }
}

/// What a login gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The provider's name in the configuration; `ci` for the token of a CI job.
    pub provider: String,
    /// Who it is.
    pub identity: Identity,
    /// What proves it.
    pub proof: Proof,
    /// The refresh token, where the provider gave one.
    pub renewal: Option<Secret>,
    /// When it was given, in seconds since the Unix epoch.
    pub obtained: u64,
}

impl Login {
    /// Whether the proof holds for `seconds` more at `now`, seconds since the Unix epoch.
    #[must_use]
    pub fn lasts(&self, now: u64, seconds: u64) -> bool {
        self.identity.expires.is_none_or(|expires| now.saturating_add(seconds) < expires)
    }
}
