//! One error for everybody: what happened, why, and what to do about it.

use std::fmt;
use std::io;

/// What a fallible function of hoop gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of trouble it is; decides the exit status of `hoopctl` and `hoop-replay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong.
    Usage,
    /// A configuration or policy file is wrong.
    Config,
    /// A named thing does not exist.
    NotFound,
    /// The recording could not be written or does not hold what it should.
    Record,
    /// The operating system refused something.
    System,
    /// AWS, or the way to it, failed.
    Upstream,
}

/// What happened, why, and what to do: the three lines a person reads.
///
/// `what` and `why` are lower case without a full stop; `fix` is a sentence, best a command to paste.
/// None of them may hold a secret.
#[derive(Clone, Debug)]
pub struct Error {
    kind: Kind,
    what: String,
    why: Vec<String>,
    fix: Option<String>,
}

impl Error {
    /// An error of `kind`; `what` names the thing that failed.
    #[must_use]
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), why: Vec::new(), fix: None }
    }

    /// A failed system call or file operation.
    #[must_use]
    pub fn io(what: impl Into<String>, cause: &io::Error) -> Self {
        Self::new(Kind::System, what).why(plain(cause))
    }

    /// Adds a cause.
    #[must_use]
    pub fn why(mut self, cause: impl Into<String>) -> Self {
        self.why.push(cause.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn fix(mut self, advice: impl Into<String>) -> Self {
        self.fix = Some(advice.into());
        self
    }

    /// What sort of trouble it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The first line, alone.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The causes, in the order in which they were added.
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.why
    }

    /// What to do, where it is known.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.fix.as_deref()
    }

    /// The whole message as `program` prints it, without a final newline.
    #[must_use]
    pub fn report(&self, program: &str) -> String {
        let mut text = format!("{program}: {}", self.what);
        for cause in &self.why {
            text.push_str(&format!("\n  why: {}", indented(cause)));
        }
        if let Some(fix) = &self.fix {
            text.push_str(&format!("\n  fix: {}", indented(fix)));
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.why.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Error {}

/// Adds what was being done to an [`io::Error`].
pub trait IoContext<T> {
    /// Turns the error into an [`Error`] whose first line is `what()`.
    fn context<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn context<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|cause| Error::io(what(), &cause))
    }
}

/// The operating system's words without Rust's `(os error N)`.
#[must_use]
pub fn plain(cause: &io::Error) -> String {
    let text = cause.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

/// Continuation lines stand under the first.
fn indented(text: &str) -> String {
    text.replace('\n', "\n       ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_why_and_fix() {
        let error = Error::new(Kind::NotFound, "cannot start `claude`: no such program on PATH")
            .why("searched /usr/bin, /bin")
            .fix("give the full path\nor install it");
        assert_eq!(
            error.report("hoop-run"),
            "hoop-run: cannot start `claude`: no such program on PATH\n  why: searched /usr/bin, /bin\n  \
             fix: give the full path\n       or install it"
        );
    }

    #[test]
    fn an_io_error_loses_its_number() {
        let error = Error::io("cannot read x", &io::Error::from_raw_os_error(2));
        assert_eq!(error.to_string(), "cannot read x: no such file or directory");
    }
}
