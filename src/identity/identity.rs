//! A person or a job, as far as it is known, and how far that can be relied on.

use serde::Deserialize;
use serde::Serialize;

/// How far an identity can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assurance {
    /// An identity provider said so, and hoop has checked its signature.
    Verified,
    /// A token says so whose signature hoop cannot check, because its issuer is not configured: AWS checks it.
    Claimed,
    /// Nobody asked who it is: the user of this machine.
    Local,
}

impl Assurance {
    /// The word used in records and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Claimed => "not verified by hoop; AWS verifies it",
            Self::Local => "unauthenticated",
        }
    }
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What the provider calls the person for ever: OIDC `sub`, SAML `NameID`. The user name for a local one.
    pub subject: String,
    /// The user name: for policies, session names and people's eyes.
    pub user: String,
    /// The email address; `None`: not told, or said to be unverified.
    pub email: Option<String>,
    /// The groups; empty also where it is not known which.
    pub groups: Vec<String>,
    /// Whether `groups` is all of them. If not (a remark says why), a rule that allows something to a group does not
    /// hold, and one that refuses or asks holds.
    pub groups_known: bool,
    /// Who says so: OIDC `iss`, SAML `EntityID`. `None`: a local user.
    pub issuer: Option<String>,
    /// The provider's name in the configuration, or `ci`. `None`: a local user.
    pub provider: Option<String>,
    /// How far it can be relied on.
    pub assurance: Assurance,
    /// When the proof ends, in seconds since the Unix epoch. `None`: never, as with a local user.
    pub expires: Option<u64>,
    /// Session tags for AWS, made of claims.
    pub tags: Vec<(String, String)>,
    /// What is to be said of it, in sentences without a full stop.
    pub remarks: Vec<String>,
}

impl Identity {
    /// Nobody asked who it is: the user of this machine, unauthenticated.
    #[must_use]
    pub fn local(user: impl Into<String>) -> Self {
        let user = user.into();
        Self {
            subject: user.clone(),
            user,
            email: None,
            groups: Vec::new(),
            groups_known: true,
            issuer: None,
            provider: None,
            assurance: Assurance::Local,
            expires: None,
            tags: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Who it is and how far that can be relied on, on one line: `ana@example.com (corp, verified)`.
    #[must_use]
    pub fn label(&self) -> String {
        let shown: String = self.user.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        match &self.provider {
            Some(provider) => format!("{shown} ({provider}, {})", self.assurance.as_str()),
            None => format!("{shown} (local user, {})", self.assurance.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_user_is_called_unauthenticated() {
        let local = Identity::local("ana");
        assert_eq!(local.label(), "ana (local user, unauthenticated)");
        assert_eq!((local.assurance, local.issuer), (Assurance::Local, None));
    }
}
