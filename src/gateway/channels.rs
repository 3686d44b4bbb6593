//! Data channels of Session Manager: shells and tunnels that no signature stands before, only the token that
//! `StartSession` gave. They are opened only for sessions that this gateway let start, with a token that it kept.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;

use http::request::Parts;
use serde_json::Value;

use crate::aws;
use crate::aws::Call;
use crate::types::Secret;

/// Sessions that are remembered; the oldest is forgotten first, and cannot be opened any more.
const SESSIONS: usize = 256;

/// A session that was started.
#[derive(Clone)]
pub struct Session {
    pub id: String,
    /// The number of the call that started it.
    pub call: u64,
    pub token: Secret,
}

/// The sessions that were started.
#[derive(Default)]
pub struct Channels {
    started: Mutex<VecDeque<Session>>,
}

impl Channels {
    /// Keeps the session in AWS's `answer` to `call`, which has the number `number`, if it is one that starts any.
    pub fn learn(&self, call: &Call, number: u64, answer: &[u8]) {
        let starts = matches!(
            (call.service.as_str(), call.operation.as_str()),
            ("ssm", "StartSession" | "ResumeSession") | ("ecs", "ExecuteCommand")
        );
        if !starts {
            return;
        }
        let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return };
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let session = answer.get("session").unwrap_or(&answer);
        let id = text(session, "SessionId").or_else(|| text(session, "sessionId"));
        let token = text(session, "TokenValue").or_else(|| text(session, "tokenValue"));
        let (Some(id), Some(token)) = (id, token) else { return };
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        started.retain(|session| session.id != id);
        if started.len() == SESSIONS {
            started.pop_front();
        }
        started.push_back(Session { id, call: number, token: Secret::new(token) });
    }

    /// The session with this id.
    pub fn find(&self, id: &str) -> Option<Session> {
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        started.iter().find(|session| session.id == id).cloned()
    }
}

/// The id of the session whose channel a request to `host` opens; `None`: it does not open one.
pub fn wanted<'a>(parts: &'a Parts, host: Option<&str>) -> Option<&'a str> {
    let host = host?;
    let mut labels = host.split('.');
    let (service, region) = (labels.next()?, labels.next()?);
    // A bucket may have such a name, too.
    if !matches!(service, "ssmmessages" | "ssmmessages-fips")
        || aws::region_of_host(host).as_deref() != Some(region)
    {
        return None;
    }
    let id = parts.uri.path().strip_prefix("/v1/data-channel/")?;
    let is_id =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@' | b'=' | b'+');
    (!id.is_empty() && id.bytes().all(is_id)).then_some(id)
}
