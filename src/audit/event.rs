//! What can happen in a session, as it stands in `audit.jsonl`. Field names are part of the format: never renamed.
//!
//! Times named `t`, `took` and `at` are microseconds. Everything here has been masked by whoever made it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::types::AccessLevel;
use crate::types::Effect;
use crate::types::Micros;
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
    /// An AWS call arrived and was identified; nothing has been forwarded yet.
    #[serde(rename = "call.begin")]
    CallBegin(Box<CallBegin>),
    /// What policy says about a call.
    #[serde(rename = "decision")]
    Decision(Decision),
    /// The call is over, whatever became of it.
    #[serde(rename = "call.end")]
    CallEnd(Box<CallEnd>),
    /// A person is asked about a call.
    #[serde(rename = "approval.asked")]
    ApprovalAsked(ApprovalAsked),
    /// The question is settled.
    #[serde(rename = "approval.answered")]
    ApprovalAnswered(ApprovalAnswered),
    /// Something happened to a credential.
    #[serde(rename = "credential")]
    Credential(Credential),
    /// Secrets were masked.
    #[serde(rename = "mask")]
    Mask(Mask),
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
    /// Login name of the person.
    pub user: String,
    /// Numeric user id.
    #[serde(default)]
    pub uid: u32,
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
    /// The sandbox level: `off`, or what it is.
    #[serde(default)]
    pub sandbox: String,
    /// Environment variables kept in the terminal recording.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
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
            groups: Vec::new(),
            host: String::new(),
            pid: std::process::id(),
            command,
            cwd: String::new(),
            title: None,
            agent: None,
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
            env: BTreeMap::new(),
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
    /// hoop itself died; written afterwards by another process.
    Interrupted,
}

/// A program was executed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandStart {
    /// Number of the command in this session, from 1.
    pub id: u64,
    /// Process id.
    #[serde(default)]
    pub pid: u32,
    /// The command that started it, if that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Program and arguments, masked.
    pub argv: Vec<String>,
    /// Path of the program file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// Working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
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
    /// How long it ran.
    #[serde(default)]
    pub took: Micros,
}

/// An AWS call as the gateway understood it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallBegin {
    /// Number of the call in this session, from 1.
    pub call: u64,
    /// Service, in botocore's words: `s3`, `secretsmanager`.
    pub service: String,
    /// Operation of the API: `GetObject`; `unknown` when it could not be told.
    pub operation: String,
    /// IAM action: `s3:GetObject`.
    pub action: String,
    /// Further IAM actions that it needs, with their resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_actions: Vec<(String, Vec<String>)>,
    /// What the action does.
    pub access: AccessLevel,
    /// Region.
    #[serde(default)]
    pub region: String,
    /// Account, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// ARNs it is about; `*` when it names none.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The host the client meant.
    #[serde(default)]
    pub host: String,
    /// HTTP method.
    #[serde(default)]
    pub method: String,
    /// Path and query, masked.
    #[serde(default)]
    pub path: String,
    /// Protocol: `json`, `query`, `ec2`, `rest-json`, `rest-xml`, `cbor`.
    #[serde(default)]
    pub protocol: String,
    /// Parameters, masked; left out by size as [`CallBegin::leave_out_params`] says.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub params: Value,
    /// The client's user agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// How it reached the gateway.
    pub via: Via,
    /// The command that made it, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<u64>,
    /// Process id of the client, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The request body, where it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyRef>,
}

impl CallBegin {
    /// A call with only what must be known; the rest is empty and can be filled in.
    #[must_use]
    pub fn new(call: u64, service: &str, operation: &str, action: &str) -> Self {
        Self {
            call,
            service: service.to_owned(),
            operation: operation.to_owned(),
            action: action.to_owned(),
            more_actions: Vec::new(),
            access: AccessLevel::Unknown,
            region: String::new(),
            account: None,
            resources: Vec::new(),
            host: String::new(),
            method: String::new(),
            path: String::new(),
            protocol: String::new(),
            params: Value::Null,
            agent: None,
            via: Via::default(),
            command: None,
            pid: None,
            body: None,
        }
    }

    /// Replaces the parameters by `{"left-out": {"bytes": N, "sha256": "…"}}`, digest and length of their JSON text.
    pub fn leave_out_params(&mut self, bytes: usize, sha256: &str) {
        self.params = serde_json::json!({"left-out": {"bytes": bytes, "sha256": sha256}});
    }
}

/// How a call reached the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The client was told an endpoint URL.
    #[default]
    Endpoint,
    /// The client used a proxy.
    Proxy,
    /// The sandbox's network led it there.
    Sandbox,
}

/// What policy says about a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Number of the call.
    pub call: u64,
    /// Allow, ask or deny.
    pub effect: Effect,
    /// The statement's `sid`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where the statement stands: `policy.toml:41`, `built-in guarded:12`.
    #[serde(default)]
    pub origin: String,
    /// Why, in words.
    #[serde(default)]
    pub reason: String,
}

/// How a call ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnd {
    /// Number of the call.
    pub call: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// HTTP status that the client got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Error code of AWS or of the gateway: `AccessDenied`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// More about the error, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Request id given by AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Bytes of request body that the client sent.
    #[serde(default)]
    pub bytes_in: u64,
    /// Bytes of response body that the client got.
    #[serde(default)]
    pub bytes_out: u64,
    /// From its arrival to its end, waiting for people included.
    #[serde(default)]
    pub took: Micros,
    /// How often each masking rule hit, in request and response.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub masks: BTreeMap<String, u64>,
    /// The request body, where it is kept and was not known at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<BodyRef>,
    /// The response body, where it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<BodyRef>,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// AWS answered, with success or error.
    #[default]
    Answered,
    /// The gateway refused it: policy, a person, a bad signature.
    Refused,
    /// It was forwarded, but no whole answer came.
    Failed,
    /// The client went away.
    Cancelled,
}

/// A body in the folder `bodies/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyRef {
    /// SHA-256 of the whole masked body, in hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many bytes of it are kept, from its start.
    pub kept: u64,
    /// Name of the file: SHA-256 of the kept bytes, in hexadecimal, and `.zst`; none when nothing is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Content type, where the caller knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// A person is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalAsked {
    /// Name of the question, unique in the session.
    pub id: String,
    /// The call that waits; none for a question about something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// The question in one line, masked: action, resource.
    pub question: String,
    /// The statement that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How long it waits for an answer.
    #[serde(default)]
    pub ttl: Micros,
}

/// A question is settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalAnswered {
    /// Name of the question.
    pub id: String,
    /// The call it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// The answer.
    pub answer: Answer,
    /// Who answered; none when nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Where: `terminal`, `hoopctl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Why, in words, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How far it reaches: `once`, `session`, `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How long it took.
    #[serde(default)]
    pub took: Micros,
}

/// The answer to a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// A person said yes.
    Granted,
    /// A person said no.
    #[default]
    Denied,
    /// Nobody answered in time.
    Expired,
    /// Nobody could have answered: no terminal, no approver.
    Nobody,
    /// The client went away, or the session ended.
    Withdrawn,
}

/// Something happened to a credential; never the credential itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// What: `placeholder`, `fetched`, `refreshed`, `captured`, `failed`, `wiped`.
    pub what: String,
    /// Where from: `profile dev`, `sts:AssumeRole`.
    #[serde(default)]
    pub source: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Its account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// When it ends, in seconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// Why it failed, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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

/// A rule that watches for patterns fired.
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
