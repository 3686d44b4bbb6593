//! Sums inside an answer that clients check: SQS says of each message which MD5 its body and its attributes have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::Digest;
use md5::Md5;
use serde_json::Map;
use serde_json::Value;

use crate::aws::Call;

/// The answer with true sums, after masking changed it; `None`: there are none in it.
pub fn corrected(call: &Call, body: &[u8]) -> Option<Bytes> {
    if call.service != "sqs" || call.operation != "ReceiveMessage" {
        return None;
    }
    if body.trim_ascii_start().first() == Some(&b'<') {
        return xml(std::str::from_utf8(body).ok()?);
    }
    let mut answer = serde_json::from_slice::<Value>(body).ok()?;
    for message in answer.get_mut("Messages")?.as_array_mut()? {
        let Some(text) = message.get("Body").and_then(Value::as_str) else { continue };
        let sum = hex::encode(Md5::digest(text));
        if let Some(old) = message.get_mut("MD5OfBody") {
            *old = Value::from(sum);
        }
        let sum = message.get("MessageAttributes").and_then(Value::as_object).and_then(of_attributes);
        match (sum, message.as_object_mut()) {
            (Some(sum), Some(members)) if members.contains_key("MD5OfMessageAttributes") => {
                members.insert("MD5OfMessageAttributes".to_owned(), Value::from(sum));
            }
            // Clients check it only where it is given.
            (None, Some(members)) => drop(members.remove("MD5OfMessageAttributes")),
            _ => {}
        }
    }
    Some(Bytes::from(answer.to_string()))
}

/// SQS's own sum over attributes: by name, each with its length, its type, and 1 (text) or 2 (bytes) before the value.
fn of_attributes(attributes: &Map<String, Value>) -> Option<String> {
    let mut names: Vec<&String> = attributes.keys().collect();
    names.sort_unstable();
    let mut sum = Md5::default();
    for name in names {
        let of = |member: &str| attributes[name].get(member).and_then(Value::as_str);
        let kind = of("DataType")?;
        let (mark, value) = match (of("StringValue"), of("BinaryValue")) {
            (Some(text), _) => (1, text.as_bytes().to_vec()),
            (None, blob) => (2, STANDARD.decode(blob?).ok()?),
        };
        for piece in [name.as_bytes(), kind.as_bytes()] {
            sum.update(u32::try_from(piece.len()).ok()?.to_be_bytes());
            sum.update(piece);
        }
        sum.update([mark]);
        sum.update(u32::try_from(value.len()).ok()?.to_be_bytes());
        sum.update(value);
    }
    Some(hex::encode(sum.finalize()))
}

/// The older protocol: sums of bodies are made true, those of attributes left out.
fn xml(body: &str) -> Option<Bytes> {
    let mut shown = String::with_capacity(body.len());
    for (index, message) in body.split("<Message>").enumerate() {
        if index > 0 {
            shown.push_str("<Message>");
        }
        let inside = |name: &str| {
            let start = message.find(&format!("<{name}>"))? + name.len() + 2;
            let end = start + message[start..].find(&format!("</{name}>"))?;
            Some(start..end)
        };
        let text = inside("Body").and_then(|range| quick_xml::escape::unescape(&message[range]).ok());
        let mut message = match (text, inside("MD5OfBody")) {
            (Some(text), Some(sum)) => {
                let mut message = message.to_owned();
                message.replace_range(sum, &hex::encode(Md5::digest(text.as_bytes())));
                message
            }
            _ => message.to_owned(),
        };
        let (open, close) = ("<MD5OfMessageAttributes>", "</MD5OfMessageAttributes>");
        if let (Some(start), Some(end)) = (message.find(open), message.find(close))
            && start < end
        {
            message.replace_range(start..end + close.len(), "");
        }
        shown.push_str(&message);
    }
    Some(Bytes::from(shown))
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
        let found = corrected(&call("ReceiveMessage"), body).unwrap();
        assert_eq!(
            &found[..],
            br#"{"Messages":[{"Body":"a","MD5OfBody":"0cc175b9c0f1b6a831c399e269772661"}]}"#
        );
        assert_eq!(corrected(&call("SendMessage"), body), None);
        let older = b"<R><Message><MD5OfBody>x</MD5OfBody><Body>&#97;</Body><MD5OfMessageAttributes>y</MD5OfMessageAttributes></Message></R>";
        let found = corrected(&call("ReceiveMessage"), older).unwrap();
        assert_eq!(
            &found[..],
            b"<R><Message><MD5OfBody>0cc175b9c0f1b6a831c399e269772661</MD5OfBody><Body>&#97;</Body></Message></R>"
        );
    }

    #[test]
    fn attributes_have_the_sum_that_sqs_documents() {
        let body = br#"{"Messages":[{"Body":"a","MD5OfBody":"x","MD5OfMessageAttributes":"y","MessageAttributes":{"b":{"DataType":"Binary","BinaryValue":"AQI="},"a":{"DataType":"String","StringValue":"x"}}}]}"#;
        let found = corrected(&call("ReceiveMessage"), body).unwrap();
        let value: Value = serde_json::from_slice(&found).unwrap();
        let mut pieces = Vec::new();
        for (kind, text) in [
            (None, "a"),
            (None, "String"),
            (Some(1), "x"),
            (None, "b"),
            (None, "Binary"),
            (Some(2), "\u{1}\u{2}"),
        ] {
            pieces.extend(kind);
            pieces.extend([0, 0, 0, u8::try_from(text.len()).unwrap()]);
            pieces.extend(text.bytes());
        }
        assert_eq!(value["Messages"][0]["MD5OfMessageAttributes"], hex::encode(Md5::digest(&pieces)));
    }
}
