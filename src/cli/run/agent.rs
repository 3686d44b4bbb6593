//! Which agent a program is, for the record.

use std::ffi::OsStr;
use std::path::Path;

/// Programs that are agents, by the name of their file.
const PROGRAMS: &[&str] = &[
    "aider",
    "amp",
    "claude",
    "codex",
    "copilot",
    "crush",
    "cursor-agent",
    "gemini",
    "goose",
    "kiro-cli",
    "opencode",
    "q",
    "qwen",
];

/// Variables that agents set for the programs that they start, and whose they are.
const VARIABLES: &[(&str, &str)] = &[
    ("CLAUDECODE", "claude"),
    ("CURSOR_AGENT", "cursor-agent"),
    ("GEMINI_CLI", "gemini"),
    ("CODEX_SANDBOX", "codex"),
    ("OPENCODE", "opencode"),
];

/// The agent that `program` is, or that started us; by what honest agents say of themselves.
pub(super) fn of<'a>(program: &'a Path, variable: impl Fn(&str) -> Option<&'a OsStr>) -> Option<String> {
    let name = program.file_name().and_then(OsStr::to_str);
    let known = name.and_then(|name| PROGRAMS.iter().find(|known| **known == name));
    let from = || VARIABLES.iter().find(|(name, _)| variable(name).is_some_and(|value| !value.is_empty()));
    known.copied().or_else(|| from().map(|(_, agent)| *agent)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_known_by_its_program_or_its_variable() {
        let none = |_: &str| None;
        assert_eq!(of(Path::new("/usr/bin/claude"), none).as_deref(), Some("claude"));
        assert_eq!(of(Path::new("/usr/bin/bash"), none), None);
        let inside = |name: &str| (name == "CLAUDECODE").then_some(OsStr::new("1"));
        assert_eq!(of(Path::new("/usr/bin/aws"), inside).as_deref(), Some("claude"));
    }
}
