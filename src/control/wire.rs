//! What approvers and a session say to each other: one JSON object a line, each line bounded.
//!
//! ```text
//! → {"request":"list"}                                    ← {"cards":[…]}
//! → {"request":"watch"}                                   ← {"cards":[…]}  again after each change
//! → {"request":"answer","id":3,"answer":"allow","scope":"10m","reason":"…","via":"hoopctl","as":{…}}
//!                                                         ← {"answered":"settled"}
//!                                                         ← {"failed":{"what":"…","fix":"…"}}
//! ```

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use zeroize::Zeroizing;

use crate::approval::Answer;
use crate::approval::Answered;
use crate::approval::Card;
use crate::approval::QuestionId;
use crate::approval::Scope;
use crate::approval::Via;
use crate::error::Error;
use crate::error::Kind;
use crate::types::Secret;

/// Bytes of a line that a session takes: an ID token has at most 20,000 characters.
pub const REQUEST_BYTES: usize = 64 * 1024;
/// Bytes of a line that an approver takes: 256 questions, each of the size of a large bucket policy.
pub const REPLY_BYTES: usize = 64 * 1024 * 1024;
/// Characters of a reason; the rest is cut off.
pub const REASON_CHARACTERS: usize = 500;

/// What an approver wants.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "lowercase")]
pub enum Request {
    /// What waits now.
    List,
    /// What waits now, and again after each change.
    Watch,
    /// To answer.
    Answer(Given),
}

/// An answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Which question of the session.
    pub id: QuestionId,
    /// What.
    pub answer: Word,
    /// How far a yes reaches; without it: this one call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Why; may be empty.
    #[serde(default)]
    pub reason: String,
    /// Where it is given.
    pub via: Via,
    /// As whom, where it is not simply the user of this machine.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Claim>,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Go on.
    Allow,
    /// Refuse.
    Deny,
    /// Refuse, and end the session.
    Stop,
}

/// A login that the session checks by itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The provider's name in the configuration.
    pub provider: String,
    /// Its ID token.
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    pub token: Secret,
}

/// What a session says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// What waits, oldest first.
    Cards(Vec<Card>),
    /// What became of an answer.
    Answered(Answered),
    /// It was not done.
    Failed(Failure),
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened, in one sentence without a full stop.
    pub what: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Given {
    /// The answer in the words of [`crate::approval`], with a reason of one line.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let reason = one_line(&self.reason);
        match self.answer {
            Word::Allow => Answer::Allow(self.scope.unwrap_or(Scope::Once), reason),
            Word::Deny => Answer::Deny(reason),
            Word::Stop => Answer::Stop(reason),
        }
    }
}

impl Failure {
    /// The error as the other side is told it.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        let whys = error.causes().iter().fold(error.what().to_owned(), |text, why| format!("{text}: {why}"));
        Self { what: whys, fix: error.advice().map(str::to_owned) }
    }

    /// The error as this side tells it.
    #[must_use]
    pub fn into_error(self) -> Error {
        let error = Error::new(Kind::Upstream, "the session did not take it").why(self.what);
        match self.fix {
            Some(fix) => error.fix(fix),
            None => error,
        }
    }
}

impl Request {
    /// The request in `line`.
    ///
    /// # Errors
    /// What it is not.
    pub fn read(line: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(line).map_err(|_| Failure {
            what: "the request cannot be read".to_owned(),
            fix: Some("use the hoopctl of the same version as hoop-run".to_owned()),
        })
    }
}

/// `value` as a line, its end included. Wiped when dropped: it may hold a token.
#[must_use]
pub fn line(value: &impl Serialize) -> Zeroizing<Vec<u8>> {
    // Room for a token at once: a buffer that grows would leave copies of it behind.
    let mut line = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES));
    // Texts, numbers and lists are always JSON.
    let _ = serde_json::to_writer(&mut *line, value);
    line.push(b'\n');
    line
}

/// A text that people typed: one line, bounded.
fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(REASON_CHARACTERS).collect::<String>().trim().to_owned()
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("provider", &self.provider).finish_non_exhaustive()
    }
}

fn expose<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

fn conceal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_request_survives_its_line() {
        let given = Given {
            id: QuestionId(3),
            answer: Word::Allow,
            scope: Some(Scope::For(Duration::from_secs(600))),
            reason: "checked\u{1b}[2J\nwith ana ".to_owned(),
            via: Via::Hoopctl,
            login: Some(Claim { provider: "corp".to_owned(), token: Secret::new("a.b.c") }),
        };
        let asked = Request::Answer(given.clone());
        assert_eq!(Request::read(&line(&asked)), Ok(asked));
        assert_eq!(
            given.answer(),
            Answer::Allow(Scope::For(Duration::from_secs(600)), "checked [2J with ana".to_owned())
        );
        assert!(!format!("{given:?}").contains("a.b.c"));
        assert_eq!(Request::read(br#"{"request":"list"}"#), Ok(Request::List));
        for wrong in ["", "{}", "[", "{\"request\":\"answer\"}", "{\"request\":\"list\"} x", "\u{0}"] {
            assert!(Request::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_became_of_an_answer_survives_its_line() {
        for answered in [
            Answered::Settled,
            Answered::Counted(vec!["1 more of group security".to_owned()]),
            Answered::NotWaiting,
            Answered::Refused("no".to_owned()),
        ] {
            let reply = Reply::Answered(answered);
            assert_eq!(serde_json::from_slice::<Reply>(&line(&reply)).unwrap(), reply);
        }
    }
}
