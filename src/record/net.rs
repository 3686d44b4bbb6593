//! The last mask before the disk: whatever an event says has been masked by whoever made it, and goes through the
//! rules once more, all of it, so that a field that somebody forgot holds no secret either.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::audit::Event;
use crate::audit::Start;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask::Engine;

/// Masks what is written as text; bytes of the terminal and bodies come through masks of their own.
pub(super) struct Net(Arc<Engine>);

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").finish_non_exhaustive()
    }
}

impl Net {
    pub(super) fn new(masks: &Arc<Engine>) -> Self {
        Self(Arc::clone(masks))
    }

    /// `text` without its secrets.
    pub(super) fn text(&self, text: &str) -> String {
        self.0.text(text).into_owned()
    }

    /// The event as it may be written; `None`: as it is.
    ///
    /// Fails with `Record` if it has a secret and cannot be written without it.
    pub(super) fn event(&self, event: &Event) -> Result<Option<Event>> {
        let cannot = |cause: &dyn fmt::Display| {
            Error::new(Kind::Record, "an audit event cannot be masked").why(self.text(&cause.to_string()))
        };
        // All texts at once first: nearly always there is nothing, and that is cheap to learn.
        let json = serde_json::to_string(event).map_err(|error| cannot(&error))?;
        if self.0.find(&with_texts(&json)).is_empty() {
            return Ok(None);
        }
        let mut value = serde_json::to_value(event).map_err(|error| cannot(&error))?;
        if !self.value(&mut value) {
            return Ok(None);
        }
        serde_json::from_value(value).map(Some).map_err(|error| cannot(&error))
    }

    /// The beginning of a session, as [`Net::event`] does it.
    pub(super) fn start(&self, start: &Start) -> Result<Start> {
        let event = Event::SessionStart(Box::new(start.clone()));
        match self.event(&event)? {
            Some(Event::SessionStart(masked)) => Ok(*masked),
            None => Ok(start.clone()),
            Some(_) => Err(Error::new(Kind::Record, "the beginning of the session cannot be masked")),
        }
    }

    /// Masks every text; whether there was one to mask. Names stay, for they belong to the format, but for those of
    /// parameters: they are data.
    fn value(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match self.0.text(text) {
                std::borrow::Cow::Borrowed(_) => false,
                std::borrow::Cow::Owned(masked) => {
                    *text = masked;
                    true
                }
            },
            Value::Array(items) => items.iter_mut().fold(false, |any, item| self.value(item) | any),
            Value::Object(members) => {
                let mut any = false;
                for (name, member) in members.iter_mut() {
                    any |= match name.as_str() {
                        "params" => self.parameters(member),
                        _ => self.value(member),
                    };
                }
                any
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn parameters(&self, params: &mut Value) -> bool {
        let mut any = !self.0.json_value(params, &[]).is_empty();
        any |= self.value_names(params);
        any
    }

    /// Masks the names of members, which in parameters may be anything.
    fn value_names(&self, value: &mut Value) -> bool {
        match value {
            Value::Array(items) => items.iter_mut().fold(false, |any, item| self.value_names(item) | any),
            Value::Object(members) => {
                let mut any = members.values_mut().fold(false, |any, member| self.value_names(member) | any);
                if members.keys().any(|name| matches!(self.0.text(name), std::borrow::Cow::Owned(_))) {
                    let old = std::mem::take(members);
                    members.extend(old.into_iter().map(|(name, member)| (self.text(&name), member)));
                    any = true;
                }
                any
            }
            _ => false,
        }
    }
}

/// An event as it will be written, and after it every text in it on a line of its own: what begins a line is told from what
/// stands in one.
fn with_texts(json: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    out.extend_from_slice(json.as_bytes());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        rest = &rest[start + 1..];
        let end = end_of_text(rest.as_bytes());
        let text = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        out.push(b'\n');
        match text.contains('\\').then(|| serde_json::from_str::<String>(&format!("\"{text}\""))) {
            Some(Ok(plain)) => out.extend_from_slice(plain.as_bytes()),
            _ => out.extend_from_slice(text.as_bytes()),
        }
    }
    out.push(b'\n');
    out
}

/// Where the quote stands that ends the text which begins here.
fn end_of_text(bytes: &[u8]) -> usize {
    let mut from = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[from..]) {
        if bytes[from + found] == b'"' {
            return from + found;
        }
        from = (from + found + 2).min(bytes.len());
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::CallBegin;
    use crate::audit::End;

    const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

    fn net() -> Net {
        let masks = Arc::new(Engine::builtin());
        masks.learn("test", "known-value-7731");
        Net::new(&masks)
    }

    #[test]
    fn an_event_without_a_secret_stays_as_it_is() {
        let mut call = CallBegin::new(1, "s3", "GetObject", "s3:GetObject");
        call.params = serde_json::json!({"Bucket": "b", "Key": "reports/2026/11.csv"});
        assert_eq!(net().event(&Event::CallBegin(Box::new(call))).unwrap(), None);
        let end = End { message: Some("exit status 3: no such file".into()), ..End::default() };
        assert_eq!(net().event(&Event::SessionEnd(end)).unwrap(), None);
    }

    #[test]
    fn a_secret_in_any_field_is_masked_and_the_event_keeps_its_type() {
        let mut call = CallBegin::new(1, "s3", "GetObject", "s3:GetObject");
        call.region = TOKEN.to_owned();
        call.resources = vec![format!("arn:aws:s3:::b/{TOKEN}"), "arn:aws:s3:::plain".into()];
        call.params =
            serde_json::json!({"a": {"DB_PASSWORD": "Falcon2019!"}, TOKEN: ["known-value-7731", 4]});
        call.agent = Some("client/1 known-value-7731".into());
        let event = Event::CallBegin(Box::new(call));
        let masked = net().event(&event).unwrap().unwrap();
        let text = serde_json::to_string(&masked).unwrap();
        for secret in [&TOKEN[4..], "Falcon2019", "known-value"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(text.contains(r#""type":"call.begin""#) && text.contains("arn:aws:s3:::plain"), "{text}");
        assert!(matches!(masked, Event::CallBegin(call) if call.call == 1 && call.operation == "GetObject"));
        assert_eq!(net().event(&masked_again(&text)).unwrap().map(|_| ()), None, "masks are no secrets");
    }

    fn masked_again(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_beginning_is_masked_whole() {
        let mut start = Start::new(crate::types::SessionId::new(1, 2), 3, vec!["sh".into()]);
        start.cwd = format!("/home/me/{TOKEN}/src");
        start.profile = Some("known-value-7731".into());
        start.env.insert("TERM".into(), "known-value-7731".into());
        let masked = net().start(&start).unwrap();
        assert!(!masked.cwd.contains(&TOKEN[4..]) && masked.cwd.starts_with("/home/me/"));
        assert!(!serde_json::to_string(&masked).unwrap().contains("known-value"));
        assert_eq!(masked.id, start.id);
    }
}
