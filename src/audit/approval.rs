//! Approvals in `audit.jsonl`: what was asked, whom it was shown to, who said what, and what a yes was used for.

use serde::Deserialize;
use serde::Serialize;

use crate::error::Result;
use crate::types::Micros;

use super::event::Event;

/// Where events are written down. Whoever gets an error must not go on with what the event tells of.
pub trait Journal: Send + Sync {
    /// Writes an event; it is in the record when this returns.
    ///
    /// # Errors
    /// When it could not be written.
    fn write(&self, event: &Event) -> Result<()>;
}

/// People are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalAsked {
    /// Name of the question, unique in the session.
    pub id: String,
    /// The call that waits; none for a question about something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// The question in one line, masked: action, resource.
    pub question: String,
    /// The statement that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Whose yes it needs, a phrase each; empty: whoever sits at the session's terminal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Digest of the request as far as a retry repeats it: the answer counts for nothing else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
    /// How long it waits for an answer.
    #[serde(default)]
    pub ttl: Micros,
}

/// A further call waits for the same answer: a retry of the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalJoined {
    /// Name of the question.
    pub id: String,
    /// The call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
}

/// The question was put before somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalShown {
    /// Name of the question.
    pub id: String,
    /// To whom: a person, the address of a webhook.
    pub to: String,
    /// Where: `terminal`, `hoopctl`, `page`, `webhook`, `command`, `desktop`.
    pub via: String,
    /// Why it did not get there, where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One of several people whose yes is needed said it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalVote {
    /// Name of the question.
    pub id: String,
    /// Who.
    pub by: String,
    /// What tells this person apart: `uid 1000`, or issuer and subject.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub identity: String,
    /// Where: `terminal`, `hoopctl`, `page`.
    pub via: String,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A question is settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalAnswered {
    /// Name of the question.
    pub id: String,
    /// The call it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// The answer.
    pub answer: Answer,
    /// Who answered, all of them where several had to; none when nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What tells that person apart: `uid 1000`, or issuer and subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Where: `terminal`, `hoopctl`, `page`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Why, in words, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How far it reaches: `once`, `session`, `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How long it took.
    #[serde(default)]
    pub took: Micros,
}

/// A call went on because of an earlier yes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalUsed {
    /// Name of the question that the yes was for.
    pub id: String,
    /// The call that went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// What it was, in one line, masked: action, resource.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub question: String,
}

/// A yes that reached further than one call counts no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalExpired {
    /// Name of the question that it was for.
    pub id: String,
    /// Why: its time was over, the session ended, nobody came back for it.
    pub reason: String,
    /// How many calls went on because of it, after the first.
    #[serde(default)]
    pub used: u64,
}

/// The answer to a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// A person said yes.
    Granted,
    /// A person said no.
    #[default]
    Denied,
    /// Nobody answered in time.
    Expired,
    /// Nobody could have answered: no terminal, no approver.
    Nobody,
    /// The client went away, or the session ended.
    Withdrawn,
}

impl Answer {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Nobody => "nobody",
            Self::Withdrawn => "withdrawn",
        }
    }
}
