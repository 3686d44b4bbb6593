//! Queue URLs, for clients that take an endpoint from them.
//!
//! The JavaScript SDK sends SQS calls to the host of the queue's URL, past the endpoint it was given. With an endpoint
//! URL the gateway therefore puts itself into queue URLs of answers, and AWS's own back into requests.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use bytes::Bytes;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::audit::Via;
use crate::aws::Partition;
use crate::gateway::authenticate::Payload;
use crate::gateway::authenticate::Signed;
use crate::gateway::pipeline::Arrival;

/// Queues whose own URL is remembered; of others it is built from region and path.
const REMEMBERED: usize = 4096;

/// The two names of each queue.
pub struct QueueUrls {
    own: String,
    /// Path (`/123456789012/jobs`) and region to what AWS calls it.
    known: Mutex<HashMap<(String, String), String>>,
}

impl QueueUrls {
    /// For a gateway on `port`.
    pub fn new(port: u16) -> Self {
        Self { own: format!("http://127.0.0.1:{port}"), known: Mutex::default() }
    }

    /// Puts AWS's URL into an SQS request that names the gateway's; tells whether answers must be rewritten.
    pub fn restore(&self, signed: &mut Signed, arrival: &Arrival) -> bool {
        if arrival.via != Via::Endpoint || signed.claims.service != "sqs" {
            return false;
        }
        let region = signed.claims.region.clone();
        let Payload::Whole(whole) = &mut signed.payload else { return true };
        let Ok(mut value) = serde_json::from_slice::<Value>(&whole.bytes) else { return true };
        if self.walk(&mut value, &|text| self.original(text, &region)) {
            whole.bytes = Bytes::from(value.to_string());
            whole.sha256 = hex::encode(Sha256::digest(&whole.bytes));
        }
        true
    }

    /// Puts the gateway's URL into an answer; `None`: there is no queue in it.
    pub fn rewrite(&self, body: &[u8], region: &str) -> Option<Bytes> {
        let mut value = serde_json::from_slice::<Value>(body).ok()?;
        let changed = self.walk(&mut value, &|text| self.replaced(text, region));
        changed.then(|| Bytes::from(value.to_string()))
    }

    /// Replaces `QueueUrl` and the members of `QueueUrls`; tells whether anything changed.
    fn walk(&self, value: &mut Value, change: &dyn Fn(&str) -> Option<String>) -> bool {
        let mut changed = false;
        let mut apply = |value: &mut Value| {
            if let Some(new) = value.as_str().and_then(change) {
                *value = Value::from(new);
                changed = true;
            }
        };
        if let Some(url) = value.get_mut("QueueUrl") {
            apply(url);
        }
        for name in ["QueueUrls", "queueUrls"] {
            value.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().for_each(&mut apply);
        }
        changed
    }

    fn original(&self, url: &str, region: &str) -> Option<String> {
        let path = url.strip_prefix(&self.own).filter(|path| path.starts_with('/'))?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&(path.to_owned(), region.to_owned())).cloned();
        Some(found.unwrap_or_else(|| {
            let domain = Partition::of_region(region).domain;
            format!("https://sqs.{region}.{domain}{path}")
        }))
    }

    fn replaced(&self, url: &str, region: &str) -> Option<String> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        let path = &rest[rest.find('/')?..];
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert((path.to_owned(), region.to_owned()), url.to_owned());
        Some(format!("{}{path}", self.own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_keeps_its_own_url_behind_the_gateways() {
        let urls = QueueUrls::new(4321);
        let answer = br#"{"QueueUrls":["http://127.0.0.1:5000/123456789012/jobs"]}"#;
        let rewritten = urls.rewrite(answer, "eu-west-1").unwrap();
        assert_eq!(&rewritten[..], br#"{"QueueUrls":["http://127.0.0.1:4321/123456789012/jobs"]}"#);
        let own = "http://127.0.0.1:4321/123456789012/jobs";
        assert_eq!(urls.original(own, "eu-west-1").unwrap(), "http://127.0.0.1:5000/123456789012/jobs");
        assert_eq!(
            urls.original(own, "us-east-1").unwrap(),
            "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
        );
        assert_eq!(urls.original("https://sqs.us-east-1.amazonaws.com/1/a", "us-east-1"), None);
        assert_eq!(urls.rewrite(b"{}", "us-east-1"), None);
    }
}
