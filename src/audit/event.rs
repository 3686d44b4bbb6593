//! What can happen in a session, as it stands in `audit.jsonl`. Field names are part of the format: never renamed.
//!
//! Times named `t`, `took` and `at` are microseconds. Everything here has been masked by whoever made it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::approval::ApprovalAnswered;
use super::approval::ApprovalAsked;
use super::approval::ApprovalExpired;
use super::approval::ApprovalJoined;
use super::approval::ApprovalShown;
use super::approval::ApprovalUsed;
use super::approval::ApprovalVote;
use super::call::CallBegin;
use super::call::CallEnd;
use super::call::Decision;
use super::command::CommandEnd;
use super::command::CommandFailed;
use super::command::CommandStart;
use super::command::CommandTyped;
use crate::types::SessionId;

/// One event; `type` in the line says which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// The session begins: always line 0, never again.
    #[serde(rename = "session.start")]
    SessionStart(Box<Start>),
    /// The session is over: always the last line.
    #[serde(rename = "session.end")]
    SessionEnd(End),
    /// A program was executed inside the session.
    #[serde(rename = "command.start")]
    CommandStart(CommandStart),
    /// It ended.
    #[serde(rename = "command.end")]
    CommandEnd(CommandEnd),
    /// A program was to be executed and was not: it does not exist, or a rule refused it.
    #[serde(rename = "command.failed")]
    CommandFailed(CommandFailed),
    /// A line was typed at the prompt of a shell that tells us.
    #[serde(rename = "command.typed")]
    CommandTyped(CommandTyped),
    /// An AWS call arrived and was identified; nothing has been forwarded yet.
    #[serde(rename = "call.begin")]
    CallBegin(Box<CallBegin>),
    /// What policy says about a call.
    #[serde(rename = "decision")]
    Decision(Decision),
    /// The call is over, whatever became of it.
    #[serde(rename = "call.end")]
    CallEnd(Box<CallEnd>),
    /// People are asked about a call, a command or a connection.
    #[serde(rename = "approval.asked")]
    ApprovalAsked(ApprovalAsked),
    /// A retry of the call waits for the same answer.
    #[serde(rename = "approval.joined")]
    ApprovalJoined(ApprovalJoined),
    /// The question was put before somebody.
    #[serde(rename = "approval.shown")]
    ApprovalShown(ApprovalShown),
    /// One of several people said yes.
    #[serde(rename = "approval.vote")]
    ApprovalVote(ApprovalVote),
    /// The question is settled.
    #[serde(rename = "approval.answered")]
    ApprovalAnswered(ApprovalAnswered),
    /// A call went on because of an earlier yes.
    #[serde(rename = "approval.used")]
    ApprovalUsed(ApprovalUsed),
    /// A yes that reached further than one call counts no longer.
    #[serde(rename = "approval.expired")]
    ApprovalExpired(ApprovalExpired),
    /// Something happened to a credential.
    #[serde(rename = "credential")]
    Credential(Credential),
    /// Secrets were masked.
    #[serde(rename = "mask")]
    Mask(Mask),
    /// The program used the terminal for something that the picture of its screen does not show.
    #[serde(rename = "terminal")]
    Terminal(Terminal),
    /// A rule that watches for patterns fired.
    #[serde(rename = "alert")]
    Alert(Alert),
    /// `terminal.cast` was this long and had this hash.
    #[serde(rename = "cast.checkpoint")]
    Checkpoint(Checkpoint),
    /// Something is missing from the record.
    #[serde(rename = "lost")]
    Lost(Lost),
    /// An event of a later version, or one that does not have the fields of its type.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

/// Who runs what, where, under which rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The session.
    pub id: SessionId,
    /// Version of this format: 1.
    pub format: u32,
    /// Version of hoop.
    pub hoop: String,
    /// When it began, in microseconds since the Unix epoch.
    pub started: u64,
    /// The person, as policy sees them: the user name that an identity provider tells, else the login name.
    pub user: String,
    /// Numeric user id.
    #[serde(default)]
    pub uid: u32,
    /// How that is known; older recordings do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityUsed>,
    /// The person's groups, as policy sees them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Name of the host.
    pub host: String,
    /// Process id of hoop-run.
    #[serde(default)]
    pub pid: u32,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Working directory.
    #[serde(default)]
    pub cwd: String,
    /// A title given by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The agent that runs, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The repository that the session works in: `github.com/shop/web`, or a folder; as the folder says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The AWS profile that upstream credentials come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The default region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The policies in force, strictest wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyUsed>,
    /// Whether there is a terminal (else pipes).
    #[serde(default)]
    pub tty: bool,
    /// Columns of the terminal.
    #[serde(default)]
    pub cols: u16,
    /// Rows of the terminal.
    #[serde(default)]
    pub rows: u16,
    /// `$TERM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// Whether what the person types is recorded.
    #[serde(default)]
    pub record_input: bool,
    /// How AWS calls are captured: `proxy`, `endpoint`, `sandbox`, `off`.
    #[serde(default)]
    pub capture: String,
    /// The sandbox level: `full`, `reduced`, `none` or `off`.
    #[serde(default)]
    pub sandbox: String,
    /// What the sandbox does not protect, a phrase each; empty for `full`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unprotected: Vec<String>,
    /// What hoop keeps in memory may be swapped to a disk: the limit on locked memory forbade to lock it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub swappable: bool,
    /// Environment variables kept in the terminal recording.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// It was not recorded by hoop: where it was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
}

/// A recording that was made by another program and taken into the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Version of asciicast that it had.
    pub version: u8,
    /// When it was imported, in microseconds since the Unix epoch.
    pub at: u64,
}

impl Start {
    /// A start with only what must be known; the rest is empty and can be filled in.
    #[must_use]
    pub fn new(id: SessionId, started: u64, command: Vec<String>) -> Self {
        Self {
            id,
            format: 1,
            hoop: env!("CARGO_PKG_VERSION").to_owned(),
            started,
            user: String::new(),
            uid: 0,
            identity: None,
            groups: Vec::new(),
            host: String::new(),
            pid: std::process::id(),
            command,
            cwd: String::new(),
            title: None,
            agent: None,
            repository: None,
            profile: None,
            region: None,
            policies: Vec::new(),
            tty: false,
            cols: 80,
            rows: 24,
            term: None,
            record_input: false,
            capture: String::new(),
            sandbox: String::new(),
            unprotected: Vec::new(),
            swappable: false,
            env: BTreeMap::new(),
            imported: None,
        }
    }
}

/// How it is known who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityUsed {
    /// What the provider calls the person for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Who vouches for the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The provider's name in the configuration; `ci`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// `verified`, `claimed` (AWS checks it, hoop cannot) or `unauthenticated`.
    pub assurance: String,
    /// Login name on this machine.
    #[serde(default)]
    pub local: String,
}

impl IdentityUsed {
    /// `unauthenticated`, or who vouches for the person and how far: `corp, verified`.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.provider {
            Some(provider) => format!("{provider}, {}", self.assurance),
            None => self.assurance.clone(),
        }
    }
}

/// A policy in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyUsed {
    /// Its name, or the path of its file.
    pub name: String,
    /// Where it came from: `built-in`, `/etc`, `user`, `project`, `flag`.
    #[serde(default)]
    pub origin: String,
    /// SHA-256 of its text, in hexadecimal.
    #[serde(default)]
    pub sha256: String,
}

/// How the session ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Why.
    pub reason: EndReason,
    /// Exit status of the program, when it exited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// The signal that killed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// More in words, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// The program exited by itself.
    #[default]
    Exited,
    /// A signal killed the program.
    Killed,
    /// The program could not be started.
    NotStarted,
    /// hoop stopped it: an alert, a failure, an approver.
    Stopped,
    /// hoop itself died, wholly, when another process writes this afterwards, or in part.
    Interrupted,
}

impl EndReason {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Killed => "killed",
            Self::NotStarted => "not-started",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

/// Something happened to a credential; never the credential itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// What: `placeholder`, `fetched`, `refreshed`, `failed`, `minted`, `expired`, `wiped`, `revoked`,
    /// `unrevoked` (AWS was to refuse it, and could not be told).
    pub what: String,
    /// Its access key id, which is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where from: `profile dev`, `sts:AssumeRole`.
    #[serde(default)]
    pub source: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The role behind it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Its account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// When it ends, in seconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// The call whose answer it was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// Why it failed, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What AWS itself enforces of the policy with it, and what only hoop does, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforced: Option<String>,
}

impl Credential {
    /// Whether it is something to show in a list: a credential was given, renewed, or has ended.
    #[must_use]
    pub fn is_told(&self) -> bool {
        ["fetched", "refreshed", "wiped", "revoked", "unrevoked"].contains(&self.what.as_str())
    }
}

/// Secrets were masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mask {
    /// Where: `terminal`, `request`, `response`, `command`.
    pub place: String,
    /// How often each rule hit.
    pub rules: BTreeMap<String, u64>,
    /// The call it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
}

/// The program used the terminal for something that the picture of its screen does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// What: `clipboard`, `clipboard question`, `sixel picture`, `kitty picture`, `iterm2 file`, `title`.
    pub what: String,
    /// What was done with it: `masked`, `blocked`, `allowed`, `not looked into`, `cut`.
    pub done: String,
    /// How many there were since the last such event.
    pub count: u64,
    /// How many bytes they had together, as they came.
    pub bytes: u64,
}

/// A rule that watches for patterns fired, or something else that whoever reads the record must know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Name of the rule.
    pub name: String,
    /// What it saw, in words, masked.
    #[serde(default)]
    pub message: String,
    /// The call that set it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// What was done.
    pub then: AlertAction,
}

/// What an alert does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertAction {
    /// It is noted.
    #[default]
    Note,
    /// A person is asked.
    Ask,
    /// The session is stopped.
    Stop,
}

/// How far the terminal recording had come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Bytes of `terminal.cast` written so far.
    pub offset: u64,
    /// SHA-256 of those bytes, in hexadecimal.
    pub sha256: String,
}

/// Something is missing from the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// What: `audit line`, `body`.
    pub what: String,
    /// How many bytes, where it is known.
    #[serde(default)]
    pub bytes: u64,
    /// Why.
    #[serde(default)]
    pub reason: String,
}
