//! A question with all that an approver elsewhere needs: what hoopctl, the page and notifications show.

use serde::Deserialize;
use serde::Serialize;

use crate::approval::people::Vote;
use crate::approval::question::Findings;
use crate::approval::question::Question;
use crate::approval::question::QuestionId;
use crate::types::SessionId;

/// A question that waits, seen from outside its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The session.
    pub session: SessionId,
    /// The question's name in it.
    pub id: QuestionId,
    /// The host that the session runs on.
    pub host: String,
    /// Whose session it is.
    pub requester: String,
    /// When it was asked, in microseconds since the Unix epoch.
    pub asked: u64,
    /// When it turns into a refusal, in microseconds since the Unix epoch.
    pub deadline: u64,
    /// How many callers wait; 0: the client is away, and may come back for the answer.
    pub callers: usize,
    /// What is asked.
    pub question: Question,
    /// The yeses so far.
    #[serde(default)]
    pub votes: Vec<Vote>,
    /// What is still missing, a phrase each; empty: a yes of whoever the session belongs to.
    #[serde(default)]
    pub missing: Vec<String>,
    /// What was found out meanwhile.
    #[serde(default)]
    pub findings: Findings,
}

impl Card {
    /// What people type: the end of the session's id and the question's number, `r0s1-3`.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(self.session, self.id)
    }
}

/// The name of a question among those of all sessions.
#[must_use]
pub(super) fn name_of(session: SessionId, id: QuestionId) -> String {
    let session = session.to_string().to_ascii_lowercase();
    format!("{}-{id}", &session[session.len().saturating_sub(4)..])
}
