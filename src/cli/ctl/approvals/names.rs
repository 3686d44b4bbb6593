//! Which question is meant.
//!
//! A number alone, or the beginning of a name, is not enough: it could mean another question by the time it is typed.

use super::Found;
use crate::approval::QuestionId;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::SessionId;

/// Characters of a session's id that must be given, at least.
const FEWEST: usize = 4;

/// A name as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// A part of the session's id, in small letters.
    session: String,
    id: QuestionId,
}

impl Name {
    /// Reads `r0s1-3`, or with more of the session's id.
    ///
    /// # Errors
    /// What a name looks like.
    pub(super) fn read(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::new(Kind::Usage, format!("`{}` names no question", text.escape_debug()))
                .why(why.to_owned())
                .fix("what waits, with names: hoopctl approvals list")
        };
        let lower = text.trim().to_ascii_lowercase();
        let Some((session, id)) = lower.rsplit_once('-') else {
            return Err(wrong("a name is the end of the session's id and a number, such as r0s1-3"));
        };
        let id = id.strip_prefix('q').unwrap_or(id);
        let id =
            id.parse().map_err(|_| wrong("after the `-` stands the question's number, such as r0s1-3"))?;
        if session.len() < FEWEST || !session.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(wrong("before the `-` stand four or more characters of the session's id"));
        }
        Ok(Self { session: session.to_owned(), id: QuestionId(id) })
    }

    /// Whether a session can be meant: by the end of its id, or the beginning.
    pub(super) fn fits(&self, session: SessionId) -> bool {
        let id = session.to_string().to_ascii_lowercase();
        id.ends_with(&self.session) || id.starts_with(&self.session)
    }

    /// The question's number.
    pub(super) fn id(&self) -> QuestionId {
        self.id
    }

    /// The one question that is meant; `None`: it does not wait.
    ///
    /// # Errors
    /// Several can be meant.
    pub(super) fn find<'f>(&self, all: &'f [Found]) -> Result<Option<&'f Found>> {
        let meant: Vec<&Found> =
            all.iter().filter(|found| found.card.id == self.id && self.fits(found.card.session)).collect();
        match meant.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .map(|found| {
                        format!("{}-{}", found.card.session.to_string().to_ascii_lowercase(), found.card.id)
                    })
                    .collect();
                Err(Error::new(
                    Kind::Usage,
                    format!("`{}-{}` names {} questions", self.session, self.id, several.len()),
                )
                .why(names.join(", "))
                .fix("give more of the session's id"))
            }
        }
    }
}
