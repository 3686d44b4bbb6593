//! Sums inside an answer that clients check: SQS says of each message which MD5 its body has.

use bytes::Bytes;
use md5::Digest;
use md5::Md5;
use serde_json::Value;

use crate::aws::Call;

/// The answer with true sums, after masking changed it; `None`: there are none in it.
pub fn corrected(call: &Call, body: &[u8]) -> Option<Bytes> {
    if call.service != "sqs" || call.operation != "ReceiveMessage" {
        return None;
    }
    let mut answer = serde_json::from_slice::<Value>(body).ok()?;
    for message in answer.get_mut("Messages")?.as_array_mut()? {
        let Some(text) = message.get("Body").and_then(Value::as_str) else { continue };
        let sum = hex::encode(Md5::digest(text));
        if let Some(old) = message.get_mut("MD5OfBody") {
            *old = Value::from(sum);
        }
        // Its rules are SQS's own; clients check it only where it is given.
        if let Some(members) = message.as_object_mut() {
            members.remove("MD5OfMessageAttributes");
        }
    }
    Some(Bytes::from(answer.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Protocol;
    use crate::types::AccessLevel;

    fn call(operation: &str) -> Call {
        Call {
            service: "sqs".to_owned(),
            prefix: "sqs".to_owned(),
            operation: operation.to_owned(),
            action: format!("sqs:{operation}"),
            more_actions: Vec::new(),
            access: AccessLevel::Read,
            region: String::new(),
            signing_name: "sqs".to_owned(),
            protocol: Protocol::Json,
            resources: Vec::new(),
            params: Value::Null,
            partial: false,
            needs_account: false,
        }
    }

    #[test]
    fn a_masked_message_has_the_md5_of_what_is_left() {
        let body = br#"{"Messages":[{"Body":"a","MD5OfBody":"x","MD5OfMessageAttributes":"y"}]}"#;
        let corrected = corrected(&call("ReceiveMessage"), body).unwrap();
        assert_eq!(
            &corrected[..],
            br#"{"Messages":[{"Body":"a","MD5OfBody":"0cc175b9c0f1b6a831c399e269772661"}]}"#
        );
        assert_eq!(super::corrected(&call("SendMessage"), body), None);
    }
}
