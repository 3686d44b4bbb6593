//! Why a call is not forwarded, or its answer not given back.

use std::time::Duration;

use crate::audit::Outcome;
use crate::aws::Refusal;
use crate::creds::Unfetched;
use crate::error::Error;
use crate::types::AccessLevel;

/// The end of a call inside the gateway: what the client is told, and what the record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// HTTP status.
    pub status: u16,
    /// AWS error code; `AccessDenied` is spelt as the protocol does.
    pub code: &'static str,
    /// A sentence that an agent can act on.
    pub message: String,
    /// How it stands in the record.
    pub outcome: Outcome,
    /// When the client is to come again, where it is.
    pub again: Option<Duration>,
}

impl Stop {
    /// Policy or a person says no.
    pub fn denied(message: impl Into<String>) -> Self {
        Self {
            status: 403,
            code: "AccessDenied",
            message: format!("hoop: {}", message.into()),
            outcome: Outcome::Refused,
            again: None,
        }
    }

    /// The client would give up soon: it is told to come again, in words on which every SDK does.
    pub fn later(again: Duration, message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Cancelled, again: Some(again), ..Self::invalid("Throttling", message) }
    }

    /// The request itself is wrong.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            message: format!("hoop: {}", message.into()),
            outcome: Outcome::Refused,
            again: None,
        }
    }

    /// The way to AWS failed, or its answer cannot be given back.
    pub fn failed(message: impl Into<String>) -> Self {
        // 502 with a code no SDK retries as a throttle; SDKs do retry 5xx, as for AWS itself.
        Self {
            status: 502,
            code: "BadGateway",
            message: format!("hoop: {}", message.into()),
            outcome: Outcome::Failed,
            again: None,
        }
    }

    /// AWS answered, and the answer must not pass. SDKs repeat a call after 502: harmless where it only reads; for
    /// others the status is one they do not repeat, because AWS has already done it.
    pub fn withheld(access: AccessLevel, message: impl Into<String>) -> Self {
        let status = if matches!(access, AccessLevel::List | AccessLevel::Read) { 502 } else { 501 };
        Self { status, code: "ResponseWithheld", ..Self::failed(message) }
    }

    /// Nothing can be recorded any more, so nothing is forwarded. A denial, not a 5xx: it stays so for the rest of the
    /// session, and SDKs should not try again.
    pub fn unrecorded(error: &Error) -> Self {
        Self::denied(format!(
            "the call was not forwarded, because it cannot be recorded: {error}; do not retry"
        ))
    }

    /// The session has ended.
    pub fn over() -> Self {
        Self { code: "ExpiredToken", ..Self::denied("the session has ended, and its credentials with it") }
    }

    /// There is no credential to sign with: none yet, or the one there `had` been has ended and was not renewed. What may
    /// pass by itself is told so that SDKs try again; what needs a person so that they do not.
    pub fn no_credential(unfetched: &Unfetched, had: bool) -> Self {
        let Unfetched { error, is_passing } = unfetched;
        let advice = error.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
        let (status, code) = match (is_passing, had) {
            (true, _) => (503, "ServiceUnavailable"),
            (false, true) => (403, "ExpiredToken"),
            (false, false) => (403, "NoCredentials"),
        };
        let message = format!("hoop: {error}{advice}");
        Self { status, code, message, outcome: Outcome::Failed, again: None }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, code, message } = refusal;
        // AWS's own words, but not AWS's verdict.
        let message = if message.contains("hoop") { message } else { format!("hoop: {message}") };
        Self { status, code, message, outcome: Outcome::Refused, again: None }
    }
}
