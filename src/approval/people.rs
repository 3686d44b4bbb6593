//! Who asks and who answers. People are counted, not groups, and nobody answers for themselves where a rule names others.

use serde::Deserialize;
use serde::Serialize;

use crate::types::Approvers;

/// Whose session it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requester {
    /// What policies call the person.
    pub name: String,
    /// What tells the person apart, each by itself: the user id, the issuer and subject of a login.
    pub keys: Vec<String>,
}

/// Somebody who answers; whoever makes one has checked that it is they.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// What policies call the person.
    pub name: String,
    /// The person's groups.
    pub groups: Vec<String>,
    /// What tells the person apart from all others: [`Approver::uid_key`] or [`Approver::login_key`].
    pub key: String,
    /// Whether it is the user that hoop-run runs as: then the session's own terminal could be theirs.
    pub is_owner: bool,
    /// Where the answer was given.
    pub via: Via,
}

/// Where an answer was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The session's own terminal.
    Terminal,
    /// `hoopctl approvals`.
    Hoopctl,
    /// The page of `hoopctl approvals serve`.
    Page,
}

/// Ways in which a session's questions can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// A person sits at the session's terminal.
    pub terminal: bool,
    /// Others can be reached: by `hoopctl approvals` or the page.
    pub remote: bool,
}

/// A yes that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who.
    pub by: String,
    /// The person's groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What tells the person apart.
    pub key: String,
    /// Where it was given.
    pub via: Via,
    /// Why; may be empty. Masked.
    #[serde(default)]
    pub reason: String,
}

impl Approver {
    /// The person at the session's own terminal.
    #[must_use]
    pub fn at_terminal(requester: &Requester) -> Self {
        Self {
            name: requester.name.clone(),
            groups: Vec::new(),
            key: requester.keys.first().cloned().unwrap_or_default(),
            is_owner: true,
            via: Via::Terminal,
        }
    }

    /// Tells users of this machine apart.
    #[must_use]
    pub fn uid_key(uid: u32) -> String {
        format!("uid {uid}")
    }

    /// Tells people apart by what an identity provider calls them.
    #[must_use]
    pub fn login_key(issuer: &str, subject: &str) -> String {
        format!("{subject} of {issuer}")
    }
}

impl Requester {
    /// Whether it is the same person: by one of the keys, or by name, as one person may have two logins.
    #[must_use]
    pub fn is(&self, person: &Approver) -> bool {
        person.via == Via::Terminal
            || self.keys.contains(&person.key)
            || person.name.eq_ignore_ascii_case(&self.name)
    }
}

impl Via {
    /// The word in the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Hoopctl => "hoopctl",
            Self::Page => "page",
        }
    }
}

/// What is still missing, a phrase each: `1 more of group security`. Each need is met by itself, and one person may count
/// for several.
#[must_use]
pub(super) fn missing(needs: &[Approvers], votes: &[Vote]) -> Vec<String> {
    let still = needs.iter().filter_map(|need| {
        let said = votes.iter().filter(|vote| need.admit(&vote.by, &vote.groups)).count();
        let left = need.count.saturating_sub(said);
        let more = Approvers { count: left, ..need.clone() };
        (left > 0).then(|| more.to_string().replacen(" of ", " more of ", 1))
    });
    still.collect()
}
