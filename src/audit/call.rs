//! An AWS call in `audit.jsonl`: how it came, what was decided, how it ended.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::types::AccessLevel;
use crate::types::Effect;
use crate::types::Micros;

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
    /// Whose credential it is made with, where it is known: an ARN; `unsigned`: nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The role behind that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
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
    /// The question that hoop made the call for by itself, with [`Via::Hoop`]: the call is none of the agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
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
            identity: None,
            role: None,
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
            question: None,
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
    /// It is hoop's own: it looks up what a question is about, for whoever answers.
    Hoop,
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
    /// Event messages that the client sent, of a stream that came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Seconds that AWS's clock was ahead of this machine's, where the call had to be signed anew for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew: Option<i64>,
    /// Why the response body passed without a look for secrets inside it, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_looked_into: Option<String>,
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

impl Outcome {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
