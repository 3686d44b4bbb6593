//! The mask: what it hides is gone, what no rule names stays as it was.

use std::sync::Arc;

use hoop::mask::BodyContext;
use hoop::mask::Direction;
use hoop::mask::Engine;
use hoop::mask::UserRule;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

/// Calls whose bodies are masked, each with a member of the first level that is always hidden.
const CALLS: [(&str, &str, &str); 8] = [
    ("secretsmanager", "GetSecretValue", "SecretString"),
    ("ssm", "GetParameter", ""),
    ("kms", "GenerateDataKey", ""),
    ("ec2", "DescribeInstanceAttribute", ""),
    ("ecs", "DescribeTaskDefinition", ""),
    ("lambda", "GetFunctionConfiguration", ""),
    ("dynamodb", "GetItem", ""),
    ("sts", "AssumeRole", ""),
];

/// Masks the body after the first byte, which chooses call, direction and whether a user's rules are there too.
fn masked(data: &[u8], content_type: &str) -> Option<(Vec<u8>, Vec<u8>, &'static str)> {
    let (&flags, body) = data.split_first()?;
    let (service, operation, secret) = CALLS[usize::from(flags & 7)];
    let engine = if flags & 8 == 0 { Engine::builtin() } else { with_fields() };
    let direction = if flags & 16 == 0 { Direction::Response } else { Direction::Request };
    let what = BodyContext { service, operation, action: "dynamodb:GetItem", content_type, direction };
    let masked = engine.body(&what, body).ok()?;
    assert_eq!(masked.changed, masked.bytes != body);
    assert!(!masked.changed || !masked.masks.is_empty(), "changed without a reason");
    let secret = if direction == Direction::Response { secret } else { "" };
    Some((body.to_vec(), masked.bytes, secret))
}

fn with_fields() -> Engine {
    let rule = UserRule {
        name: "staff".to_owned(),
        fields: vec!["Item.ssn".to_owned(), "**.pin".to_owned()],
        columns: vec!["card".to_owned()],
        ..UserRule::default()
    };
    Engine::with_rules(&[rule]).expect("a rule that is sound")
}

/// JSON keeps its shape: names, order, types.
pub fn mask_json(data: &[u8]) {
    let Some((before, after, secret)) = masked(data, "application/x-amz-json-1.1") else { return };
    let Ok(old) = serde_json::from_slice::<Value>(&before) else { return };
    let new = serde_json::from_slice::<Value>(&after).expect("JSON stays JSON");
    assert!(same_shape(&old, &new), "{old}\n{new}");
    let hidden = old.get(secret).and_then(Value::as_str).filter(|text| is_word(text));
    if let Some(hidden) = hidden.filter(|hidden| occurrences(&before, hidden) == 1) {
        assert_eq!(occurrences(&after, hidden), 0, "{hidden} is still there");
    }
}

/// A text that has one form only in JSON, and does not come about by chance.
fn is_word(text: &str) -> bool {
    text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn occurrences(haystack: &[u8], needle: &str) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle.as_bytes()).count()
}

fn same_shape(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|((a, one), (b, other))| a == b && same_shape(one, other))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_shape(one, other))
        }
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) => true,
        _ => one == other,
    }
}

/// XML keeps its elements and attributes.
pub fn mask_xml(data: &[u8]) {
    let Some((before, after, _)) = masked(data, "text/xml") else { return };
    // What cannot be read is masked as a text, where nothing in it must be hidden.
    let (service, operation, _) = CALLS[0];
    let (action, content_type, direction) = ("", "text/xml", Direction::Response);
    let strict = BodyContext { service, operation, action, content_type, direction };
    if Engine::builtin().body(&strict, &before).is_err() {
        return;
    }
    let Some(old) = elements(&before) else { return };
    assert_eq!(Some(old), elements(&after), "{}", after.escape_ascii());
}

/// Everything but texts; `None` where it is not XML.
fn elements(bytes: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::from_reader(bytes);
    let mut seen = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => seen.push(["<", start.as_ref()].concat()),
            Event::Empty(start) => seen.push(["/", start.as_ref()].concat()),
            Event::End(end) => seen.push([">", end.as_ref()].concat()),
            Event::Eof => return Some(seen),
            _ => {}
        }
    }
}

/// CBOR keeps its structure.
pub fn mask_cbor(data: &[u8]) {
    let Some((before, after, _)) = masked(data, "application/cbor") else { return };
    let Some(old) = skeleton(&before) else { return };
    assert_eq!(Some(old), skeleton(&after), "{}\n{}", before.escape_ascii(), after.escape_ascii());
}

/// The kinds of all items in order, and their numbers where they count members; `None` where it is not CBOR.
fn skeleton(bytes: &[u8]) -> Option<Vec<(u8, u64)>> {
    let (mut seen, mut at) = (Vec::new(), 0);
    item(bytes, &mut at, 0, &mut seen)?;
    (at == bytes.len()).then_some(seen)
}

fn item(bytes: &[u8], at: &mut usize, depth: usize, seen: &mut Vec<(u8, u64)>) -> Option<()> {
    let first = *bytes.get(*at)?;
    *at += 1;
    let (major, info) = (first >> 5, first & 31);
    let number = match info {
        0..=23 => Some(u64::from(info)),
        24..=27 => {
            let taken = bytes.get(*at..*at + (1 << (info - 24)))?;
            *at += taken.len();
            Some(taken.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
        31 => None,
        _ => return None,
    };
    if depth > 200 {
        return None;
    }
    seen.push(if matches!(major, 4..=6) { (major, number.unwrap_or(u64::MAX)) } else { (major.max(1), 0) });
    match (major, number) {
        (0 | 1 | 7, Some(_)) => {}
        (6, Some(_)) => item(bytes, at, depth + 1, seen)?,
        (2 | 3, Some(length)) => {
            bytes.get(*at..)?.get(..usize::try_from(length).ok()?)?;
            *at += usize::try_from(length).ok()?;
        }
        (4 | 5, Some(count)) => {
            for _ in 0..count.checked_mul(u64::from(major) - 3)? {
                item(bytes, at, depth + 1, seen)?;
            }
        }
        (2..=5, None) => {
            let mut pieces = Vec::new();
            let into = if major < 4 { &mut pieces } else { &mut *seen };
            while bytes.get(*at)? != &0xff {
                item(bytes, at, depth + 1, into)?;
            }
            *at += 1;
        }
        _ => return None,
    }
    Some(())
}

/// A stream comes out as long as it went in, and the same however it is cut.
pub fn mask_stream(data: &[u8]) {
    let Some((&cut, text)) = data.split_first() else { return };
    let whole = streamed(text, text.len().max(1));
    let pieces = streamed(text, usize::from(cut) + 1);
    assert_eq!(whole.escape_ascii().to_string(), pieces.escape_ascii().to_string());
}

fn streamed(text: &[u8], cut: usize) -> Vec<u8> {
    let mut stream = Arc::new(Engine::builtin()).stream();
    let mut out = Vec::new();
    for piece in text.chunks(cut) {
        stream.push(piece, &mut out);
    }
    stream.finish(&mut out);
    out
}
