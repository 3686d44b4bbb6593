//! The words of an approval: what is asked and what can be answered.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::audit;
use crate::audit::ApprovalAnswered;
use crate::types::Micros;

/// Names a question within its session: 1, 2, 3 …
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuestionId(pub u64);

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a person is asked. Every text is masked already; nothing in it is trusted, so whoever shows it escapes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// What is to be done: the IAM action (`s3:DeleteObject`), later also a command or a host.
    pub action: String,
    /// To what: ARNs, or `*`.
    pub resources: Vec<String>,
    /// Who wants it: a person, and the agent if one is known.
    pub who: String,
    /// The command line that made the call, if known.
    pub command: Option<String>,
    /// The AWS account, if known.
    pub account: Option<String>,
    /// The AWS region; empty for services without one.
    pub region: String,
    /// Why it is asked: the rule, and where it stands (`policy.toml:41`).
    pub rule: String,
    /// The rule's reason in words, if it has one.
    pub reason: String,
    /// The request's parameters, readable, one line each.
    pub parameters: Vec<Fact>,
    /// The call in the audit log that waits: its sequence number.
    pub call: Option<u64>,
    /// Binds the answer to exactly this request: a retry with the same value joins the waiting question.
    pub fingerprint: String,
    /// How long a person has.
    pub ttl: Duration,
}

/// One line of what is known about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is: `Bucket`.
    pub name: String,
    /// Its value, masked.
    pub value: String,
}

/// A question that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its name.
    pub id: QuestionId,
    /// What is asked.
    pub question: Question,
    /// When it was asked, since the session began.
    pub asked: Micros,
    /// When it turns into a refusal, since the session began.
    pub deadline: Micros,
    /// How many calls wait for its answer: 1 and its retries.
    pub callers: usize,
}

/// What a person answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on, as far as the scope says.
    Allow(Scope),
    /// Refuse, with a reason that the agent reads; may be empty.
    Deny(String),
}

/// How far a yes reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// This one call.
    Once,
    /// This action on these resources until the session ends.
    Session,
}

/// What the caller learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may go on.
    Allowed {
        /// How far the yes reaches.
        scope: Scope,
        /// Who said so: a person, or the earlier answer that covers it.
        by: String,
    },
    /// It may not.
    Denied(Refusal),
}

/// Why a question ended with no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A person said no.
    Person {
        /// Who.
        by: String,
        /// Why; may be empty.
        reason: String,
    },
    /// Nobody answered in time.
    TimedOut(Duration),
    /// There is nobody who could answer; why.
    Nobody(String),
    /// The session ended while it waited; why.
    Closed(String),
}

impl fmt::Display for Refusal {
    /// A sentence for the agent, without a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { by, reason } if reason.is_empty() => write!(f, "{by} denied it"),
            Self::Person { by, reason } => write!(f, "{by} denied it: {reason}"),
            Self::TimedOut(ttl) => write!(f, "nobody answered within {} s", ttl.as_secs()),
            Self::Nobody(why) => write!(f, "it needs a person's approval, and {why}"),
            Self::Closed(why) => write!(f, "it waited for approval when {why}"),
        }
    }
}

impl Outcome {
    /// Whether the call may go on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    /// As it stands in the record; `masked` hides what is secret in a reason.
    #[must_use]
    pub fn recorded(&self, masked: impl Fn(&str) -> String) -> ApprovalAnswered {
        let refusal = match self {
            Self::Allowed { scope, by } => {
                let scope = if *scope == Scope::Once { "once" } else { "session" };
                return ApprovalAnswered {
                    answer: audit::Answer::Granted,
                    by: Some(by.clone()),
                    scope: Some(scope.to_owned()),
                    ..ApprovalAnswered::default()
                };
            }
            Self::Denied(refusal) => refusal,
        };
        let (answer, by) = match refusal {
            Refusal::Person { by, .. } => (audit::Answer::Denied, Some(by.clone())),
            Refusal::TimedOut(_) => (audit::Answer::Expired, None),
            Refusal::Nobody(_) => (audit::Answer::Nobody, None),
            Refusal::Closed(_) => (audit::Answer::Withdrawn, None),
        };
        let reason = Some(masked(&refusal.to_string()));
        ApprovalAnswered { answer, by, reason, ..ApprovalAnswered::default() }
    }
}
