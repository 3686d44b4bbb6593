//! The words of an approval: what is asked and what can be answered.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::approval::people::Vote;
use crate::audit;
use crate::config::duration;
use crate::error::Error;
use crate::error::Kind;
use crate::types::Approvers;
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

impl QuestionId {
    /// As it stands in the record: `q3`.
    #[must_use]
    pub fn recorded(self) -> String {
        format!("q{}", self.0)
    }
}

/// What is held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// An AWS call.
    #[default]
    Call,
    /// A command.
    Command,
    /// A connection to a host that is not AWS's.
    Connection,
}

/// What people are asked. Every text is masked already; nothing in it is trusted, so whoever shows it escapes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// What is held back.
    pub subject: Subject,
    /// What is to be done: the IAM action (`s3:DeleteObject`), `command`, `connect`.
    pub action: String,
    /// To what: ARNs, or `*`; a command line; host and port.
    pub resources: Vec<String>,
    /// Who wants it: a person.
    pub who: String,
    /// The agent that runs, where one is known.
    pub agent: Option<String>,
    /// The repository that the session works in, where one is known.
    pub repository: Option<String>,
    /// The command line that made the call, where it is known.
    pub command: Option<String>,
    /// The command lines above it in the process tree, nearest first.
    pub above: Vec<String>,
    /// With whose credential, where it is not the session's own.
    pub identity: Option<String>,
    /// The AWS account, where it is known.
    pub account: Option<String>,
    /// The AWS region; empty for services without one.
    pub region: String,
    /// The rule that asks, and where it stands: `rule "x" (policy.toml:41)`.
    pub rule: String,
    /// The rule's reason in words, if it has one.
    pub reason: String,
    /// The request's parameters, readable, one line each.
    pub parameters: Vec<Fact>,
    /// The call in the audit log that waits: its number.
    pub call: Option<u64>,
    /// Binds the answer to exactly this request: a retry with the same value joins the waiting question. Empty: none does.
    pub fingerprint: String,
    /// What the attempts of one call have in common (`amz-sdk-invocation-id`): a yes to one call is for the latest of them.
    /// Empty: it is not known to be anybody's further attempt.
    #[serde(skip)]
    pub invocation: String,
    /// Whose yes it needs, each by itself; empty: whoever sits at the session's terminal.
    pub needs: Vec<Approvers>,
    /// How long people have.
    #[serde(skip)]
    pub ttl: Duration,
}

impl Question {
    /// What a retry has in common with it, and nothing else: the same request, and the same people to answer. `None`: it is
    /// like no other.
    #[must_use]
    pub fn binding(&self) -> Option<String> {
        let needs: Vec<String> = self.needs.iter().map(ToString::to_string).collect();
        (!self.fingerprint.is_empty()).then(|| format!("{} {}", self.fingerprint, needs.join(", ")))
    }

    /// In one line: `s3:DeleteObject on arn:… and 2 more`, `command make deploy`, `connect host:443`.
    #[must_use]
    pub fn line(&self) -> String {
        let on = if self.subject == Subject::Call { " on " } else { " " };
        match self.resources.as_slice() {
            [] => self.action.clone(),
            [one] => format!("{}{on}{one}", self.action),
            [first, rest @ ..] => format!("{}{on}{first} and {} more", self.action, rest.len()),
        }
    }
}

/// One line of what is known about a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is: `Bucket`.
    pub name: String,
    /// Its value, masked.
    pub value: String,
}

/// What was found out about the present state while people think: what would be hit, and what would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// Lines such as `objects: 1,000 or more`; one that could not be found out says `unknown` and why.
    pub facts: Vec<Fact>,
    /// What is compared, such as `bucket policy`; empty: nothing.
    pub compared: String,
    /// The present document and the one asked for, line by line.
    pub difference: Vec<Difference>,
    /// Something is still being looked up.
    pub is_looking: bool,
}

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Difference {
    /// It stays.
    Same(String),
    /// It comes.
    Added(String),
    /// It goes.
    Removed(String),
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
    /// How many callers wait for its answer: 1 and its retries; 0: it is kept for a retry.
    pub callers: usize,
    /// The yeses so far.
    pub votes: Vec<Vote>,
    /// What is still missing, a phrase each; empty: a yes of whoever sits at the terminal.
    pub missing: Vec<String>,
    /// What was found out meanwhile.
    pub findings: Findings,
}

/// What a person answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on, as far as the scope says, with a reason that may be empty.
    Allow(Scope, String),
    /// Refuse, with a reason that the agent reads; may be empty.
    Deny(String),
    /// Refuse, and end the session.
    Stop(String),
}

/// How far a yes reaches. Ordered from narrow to wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// This one call.
    Once,
    /// This action, on whatever, for so long.
    For(Duration),
    /// This action on these resources until the session ends.
    Session,
}

impl Scope {
    /// The longest time that a yes can count for; then the session's end is meant.
    pub const LONGEST: Duration = Duration::from_secs(86_400);
}

impl fmt::Display for Scope {
    /// `once`, `session`, `10m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once => f.write_str("once"),
            Self::For(time) => f.write_str(&duration::format(*time)),
            Self::Session => f.write_str("session"),
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::new(Kind::Usage, format!("`{}` is not how far a yes can reach", text.escape_debug()))
                .fix("once, session, or a time up to a day, such as 10m")
        };
        match text {
            "once" => Ok(Self::Once),
            "session" => Ok(Self::Session),
            time => {
                let time = duration::parse(time).map_err(|_| wrong())?;
                let fits = time >= Duration::from_secs(1) && time <= Self::LONGEST;
                if fits { Ok(Self::For(time)) } else { Err(wrong()) }
            }
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|error: Error| error.what().to_owned())
    }
}

/// What the caller learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may go on.
    Allowed {
        /// How far the yes reaches.
        scope: Scope,
        /// Who said so: a person or several.
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
    /// Whoever asked went away, and did not come back.
    Gone,
    /// A later attempt of the same call has the answer.
    TriedAgain,
    /// The question or its answer could not be recorded.
    Unrecorded,
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
            Self::Gone => f.write_str("the client went away before there was an answer"),
            Self::TriedAgain => f.write_str("a later attempt of the same call was answered"),
            Self::Unrecorded => {
                f.write_str("it needs a person's approval, and that could not be written down")
            }
        }
    }
}

impl Refusal {
    /// The word in the record.
    #[must_use]
    pub fn recorded(&self) -> audit::Answer {
        match self {
            Self::Person { .. } => audit::Answer::Denied,
            Self::TimedOut(_) => audit::Answer::Expired,
            Self::Nobody(_) | Self::Unrecorded => audit::Answer::Nobody,
            Self::Closed(_) | Self::Gone | Self::TriedAgain => audit::Answer::Withdrawn,
        }
    }
}

impl Outcome {
    /// Whether the call may go on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}
