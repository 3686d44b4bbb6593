//! What is told of commands: programs that were executed, or were to be, and lines typed at a shell.

use serde::Deserialize;
use serde::Serialize;

use super::event::is_false;
use crate::types::Micros;

/// A program was executed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandStart {
    /// Number of the command in this session, from 1.
    pub id: u64,
    /// Process id, as the program itself sees it.
    #[serde(default)]
    pub pid: u32,
    /// Process id of its parent, as the program sees it; 0: a process outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ppid: Option<u32>,
    /// The command that started it, if that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// The command that this process ran until now; it ends with this one's beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<u64>,
    /// Program and arguments, masked.
    pub argv: Vec<String>,
    /// Some of the arguments are missing or cut, because they were too long or could not be read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
    /// Path of the program file, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// Working directory, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// A rule of the policy that wants this noted: its pattern and where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandEnd {
    /// Number of the command.
    pub id: u64,
    /// Exit status, when it exited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// The signal that killed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The process went on as this command (a shell that runs its last command in its own place).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<u64>,
    /// How long it ran.
    #[serde(default)]
    pub took: Micros,
}

/// A program that was to be executed and was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandFailed {
    /// Process id, as the program itself sees it.
    #[serde(default)]
    pub pid: u32,
    /// The command that wanted it, if that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Program and arguments, masked.
    pub argv: Vec<String>,
    /// Path of the program file, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// Working directory, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Why not.
    pub why: CommandFailure,
    /// The rule that refused it: its pattern and where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// Why a program was not executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandFailure {
    /// There is no such file: a search along `PATH` makes many of these.
    #[default]
    NotFound,
    /// The file may not be executed.
    NotExecutable,
    /// A rule of the policy, or a person who was asked, refused it.
    Refused,
}

/// A line that was typed at the prompt of a shell, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandTyped {
    /// The line, masked; may hold line feeds.
    pub line: String,
    /// Working directory, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Exit status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// How long it ran.
    #[serde(default)]
    pub took: Micros,
}

/// Program and arguments as a shell would take them, in one line. May hold control characters: escape it when shown.
#[must_use]
pub fn command_line(argv: &[String]) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&byte);
    let quoted = argv.iter().map(|word| match !word.is_empty() && word.bytes().all(is_plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_pasted() {
        let argv = ["sh", "-c", "echo 'a b'", ""].map(str::to_owned);
        assert_eq!(command_line(&argv), r"sh -c 'echo '\''a b'\''' ''");
    }
}
