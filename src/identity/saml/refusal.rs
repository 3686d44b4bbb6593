//! Why a SAML document is not taken.

use crate::error::Error;
use crate::error::Kind;

/// A value, or why there is none.
pub(super) type Checked<T> = Result<T, Refusal>;

/// Why a document is refused.
///
/// It holds names and values that a person needs to set things right, never a signature, a whole document or what could be
/// shown to AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The cause.
    pub why: String,
    /// What to do.
    pub fix: Option<String>,
}

impl Refusal {
    /// As an error; `what` was refused.
    pub(super) fn error(self, what: impl Into<String>) -> Error {
        let error = Error::new(Kind::Upstream, what).why(self.why);
        match self.fix {
            Some(fix) => error.fix(fix),
            None => error,
        }
    }
}

/// Refuses.
pub(super) fn refuse<T>(why: impl Into<String>) -> Checked<T> {
    Err(Refusal { why: why.into(), fix: None })
}

/// Refuses, and says what to do.
pub(super) fn refuse_and<T>(why: impl Into<String>, fix: impl Into<String>) -> Checked<T> {
    Err(Refusal { why: why.into(), fix: Some(fix.into()) })
}

/// A value of the document, fit for a message: one line, not too long.
pub(super) fn shown(value: &str) -> String {
    const LONGEST: usize = 200;
    let mut short: String = value.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if value.chars().count() > LONGEST {
        short.push('…');
    }
    format!("`{short}`")
}
