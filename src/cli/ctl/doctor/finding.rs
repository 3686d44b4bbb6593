//! What a check found: one fact, how bad it is, and what mends it.

use clap::ValueEnum;

/// What is looked at; a subject of its own each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Check {
    /// The AWS credential: where it comes from, whose it is, how long it lives
    Aws,
    /// Identity providers and stored logins
    Identity,
    /// This machine's clock
    Clock,
    /// What the sandbox can hold here
    Sandbox,
    /// The folder of recordings, its disk, its index, its seals
    Store,
    /// The configuration's files and variables
    Config,
    /// The policies in force
    Policy,
    /// The mask rules in force
    Masks,
    /// The terminal
    Terminal,
    /// AWS clients on PATH
    Clients,
    /// hoop's own programs, completions and manual pages
    Programs,
    /// Versions of hoop, the kernel and the system
    Versions,
}

impl Check {
    /// All of them, in the order in which they are shown.
    pub const ALL: &[Self] = &[
        Self::Aws,
        Self::Identity,
        Self::Clock,
        Self::Sandbox,
        Self::Store,
        Self::Config,
        Self::Policy,
        Self::Masks,
        Self::Terminal,
        Self::Clients,
        Self::Programs,
        Self::Versions,
    ];

    /// Its word on the command line and in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Identity => "identity",
            Self::Clock => "clock",
            Self::Sandbox => "sandbox",
            Self::Store => "store",
            Self::Config => "config",
            Self::Policy => "policy",
            Self::Masks => "masks",
            Self::Terminal => "terminal",
            Self::Clients => "clients",
            Self::Programs => "programs",
            Self::Versions => "versions",
        }
    }
}

/// How bad a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Something is weaker than it could be, or could not be asked.
    Warning,
    /// Something does not work.
    Fault,
}

impl State {
    /// Its word on the screen and in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// One fact. None of its texts may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, a word: `region`.
    pub subject: &'static str,
    /// How bad it is.
    pub state: State,
    /// The fact, a short sentence in lower case.
    pub fact: String,
    /// The command that mends it, to be pasted.
    pub fix: Option<String>,
    /// What to do, in words, where no command does it or one needs an explanation.
    pub advice: Option<String>,
}

impl Finding {
    fn new(subject: &'static str, state: State, fact: impl Into<String>) -> Self {
        Self { subject, state, fact: fact.into(), fix: None, advice: None }
    }

    /// As it should be.
    pub fn ok(subject: &'static str, fact: impl Into<String>) -> Self {
        Self::new(subject, State::Ok, fact)
    }

    /// Worth knowing.
    pub fn note(subject: &'static str, fact: impl Into<String>) -> Self {
        Self::new(subject, State::Note, fact)
    }

    /// Weaker than it could be.
    pub fn warning(subject: &'static str, fact: impl Into<String>) -> Self {
        Self::new(subject, State::Warning, fact)
    }

    /// Does not work.
    pub fn fault(subject: &'static str, fact: impl Into<String>) -> Self {
        Self::new(subject, State::Fault, fact)
    }

    /// With the command that mends it.
    #[must_use]
    pub fn fix(mut self, command: impl Into<String>) -> Self {
        self.fix = Some(command.into());
        self
    }

    /// With what to do, in words.
    #[must_use]
    pub fn advice(mut self, words: impl Into<String>) -> Self {
        self.advice = Some(words.into());
        self
    }
}

/// A path or another word as a shell takes it.
#[must_use]
pub fn quoted(word: impl AsRef<str>) -> String {
    let word = word.as_ref();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:=@%+,~".contains(&byte);
    match !word.is_empty() && !word.starts_with('~') && word.bytes().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// `1 session`, `3 sessions`.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A length of time as people say it, from seconds: `40 s`, `12 min`, `3 h`, `5 days`.
#[must_use]
pub fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A number of bytes as people say it.
#[must_use]
pub fn bytes(number: u64) -> String {
    let (mut rest, mut unit) = (number, "bytes");
    let mut tenth = 0;
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if rest < 1_024 {
            break;
        }
        tenth = rest % 1_024 * 10 / 1_024;
        rest /= 1_024;
        unit = next;
    }
    match unit {
        "bytes" => format!("{rest} bytes"),
        _ if rest < 10 => format!("{rest}.{tenth} {unit}"),
        _ => format!("{rest} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_shown() {
        assert_eq!(Check::ALL, Check::value_variants());
        for check in Check::ALL {
            assert_eq!(check.to_possible_value().unwrap().get_name(), check.word());
        }
    }

    #[test]
    fn figures_are_short() {
        assert_eq!([90, 600, 10_000, 400_000].map(span), ["90 s", "10 min", "2 h", "4 days"]);
        assert_eq!([12, 1_536, 20 << 20, 3 << 30].map(bytes), ["12 bytes", "1.5 KiB", "20 MiB", "3.0 GiB"]);
        assert_eq!([counted(1, "session"), counted(0, "session")], ["1 session", "0 sessions"]);
    }

    #[test]
    fn what_is_pasted_is_one_word() {
        assert_eq!(quoted("/home/ana/.aws/config"), "/home/ana/.aws/config");
        assert_eq!(quoted("/tmp/a b;rm 'x'"), "'/tmp/a b;rm '\\''x'\\'''");
        assert_eq!(quoted("~root"), "'~root'");
    }
}
