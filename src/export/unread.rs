//! What of a recording could not be read.

use crate::error::Error;

/// Lines that an export does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// How many.
    pub lines: u64,
    /// The first one, and what is wrong with it.
    pub first: Option<String>,
}

impl Unread {
    /// One more.
    pub fn add(&mut self, error: &Error) {
        self.lines += 1;
        self.first.get_or_insert_with(|| error.to_string());
    }

    /// Those of another part too.
    pub fn join(&mut self, other: Self) {
        self.lines += other.lines;
        self.first = self.first.take().or(other.first);
    }

    /// What to say of them; nothing if everything could be read.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let what = match self.lines {
            0 => return None,
            1 => "1 line of the recording could not be read and is left out".to_owned(),
            lines => format!("{lines} lines of the recording could not be read and are left out"),
        };
        let why = self.first.as_ref().map(|first| format!("\n  why: {first}")).unwrap_or_default();
        Some(what + &why)
    }
}
