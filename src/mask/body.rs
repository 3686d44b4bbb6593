//! Masks a request's or response's body by its structure.

use super::Engine;
use super::Masks;
use super::cbor;
use super::fields;
use super::fields::FieldPath;
use super::fields::How;
use super::form;
use super::json;
use super::tree::Change;
use super::tree::Decider;
use super::tree::New;
use super::xml;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// Which way a body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To AWS: only its record is masked.
    Request,
    /// From AWS: masked for the record and for the program.
    Response,
}

/// What is known of a body.
#[derive(Clone, Copy, Debug)]
pub struct BodyContext<'a> {
    /// botocore's name of the service: `secretsmanager`.
    pub service: &'a str,
    /// The operation: `GetSecretValue`.
    pub operation: &'a str,
    /// The IAM action: `secretsmanager:GetSecretValue`.
    pub action: &'a str,
    /// The body's type, as its header says; may be empty.
    pub content_type: &'a str,
    /// Which way it goes.
    pub direction: Direction,
}

/// A body that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedBody {
    /// The bytes: the same as before if nothing was found.
    pub bytes: Vec<u8>,
    /// What was hidden.
    pub masks: Masks,
    /// Whether the bytes differ; checksums and lengths have to be made right then.
    pub changed: bool,
}

/// The formats of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Xml,
    Cbor,
    Form,
    Text,
    Binary,
}

impl Engine {
    /// Masks a whole body: the members that AWS or the user say are secret, values under sensitive names, and whatever
    /// the rules find in other texts. What it hides is learnt.
    ///
    /// Fails with `Record` where a body has members that must be hidden and cannot be read: nothing of it may be shown.
    pub fn body(&self, what: &BodyContext<'_>, body: &[u8]) -> Result<MaskedBody> {
        let fields = self.fields_of(what);
        let format = format_of(what.content_type, body);
        let tree = match format {
            Format::Json => json::parse(body).ok(),
            Format::Xml => xml::parse(body),
            Format::Cbor => cbor::parse(body),
            Format::Form => Some(form::parse(body)),
            Format::Text | Format::Binary => None,
        };
        if body.trim_ascii().is_empty() {
            return Ok(unchanged(body));
        }
        let Some(tree) = tree else {
            if !fields.is_empty() && what.service != "s3" {
                return Err(unreadable(what));
            }
            return self.opaque(format, body, what);
        };
        let mut decider = Decider::new(self, &fields);
        let changes = decider.decide(&tree);
        let masks = decider.masks;
        if changes.is_empty() {
            return Ok(unchanged(body));
        }
        let bytes = match format {
            Format::Json => json::apply(body, &changes),
            Format::Xml => xml::apply(body, &changes),
            Format::Cbor => cbor::apply(body, &changes),
            _ => form::apply(body, &changes),
        };
        let changed = bytes != body;
        Ok(MaskedBody { bytes, masks, changed })
    }

    /// Masks a value that is in memory: texts by rules and by their names, and all that `fields` lead to.
    pub fn json_value(&self, value: &mut serde_json::Value, fields: &[FieldPath]) -> Masks {
        let fields: Vec<_> = fields.iter().map(|path| (path.clone(), How::Whole)).collect();
        let Ok(text) = serde_json::to_vec(value) else { return Masks::default() };
        let Ok(tree) = json::parse(&text) else {
            // Deeper than anything that is read: nothing of it is shown.
            *value = serde_json::Value::String(self.tag("unreadable", &text));
            return Masks::default();
        };
        let mut decider = Decider::new(self, &fields);
        let changes = decider.decide(&tree);
        if !changes.is_empty() {
            let changed = serde_json::from_slice(&json::apply(&text, &changes));
            *value = changed.unwrap_or_else(|_| serde_json::Value::String(self.tag("unreadable", &text)));
        }
        decider.masks
    }

    fn fields_of(&self, what: &BodyContext<'_>) -> Vec<(FieldPath, How)> {
        let mut fields = fields::of_call(what.service, what.operation, what.direction == Direction::Response);
        for rule in self.fields().iter().filter(|rule| rule.applies_to(what.action)) {
            fields.extend(rule.paths.iter().map(|path| (path.clone(), How::Whole)));
        }
        fields
    }

    /// A text without a structure is masked by rules; other bytes are left alone.
    fn opaque(&self, format: Format, body: &[u8], what: &BodyContext<'_>) -> Result<MaskedBody> {
        if format == Format::Binary {
            return Ok(unchanged(body));
        }
        let Ok(text) = std::str::from_utf8(body) else {
            return if format == Format::Text { Ok(unchanged(body)) } else { Err(unreadable(what)) };
        };
        let mut masks = Masks::default();
        let masked = self.text_counted(text, &mut masks);
        let changed = masked != text;
        Ok(MaskedBody { bytes: masked.into_owned().into_bytes(), masks, changed })
    }
}

fn unchanged(body: &[u8]) -> MaskedBody {
    MaskedBody { bytes: body.to_vec(), masks: Masks::default(), changed: false }
}

fn unreadable(what: &BodyContext<'_>) -> Error {
    let way = if what.direction == Direction::Response { "response" } else { "request" };
    Error::new(Kind::Record, format!("the {way} of {}:{} is not shown", what.service, what.operation))
        .why("it has members that must be masked, and its body could not be read")
        .fix("run the call outside this session, or report the body's format")
}

/// Puts what `encode` makes of each change in its place.
pub(super) fn splice(bytes: &[u8], changes: &[Change], encode: impl Fn(&New) -> Vec<u8>) -> Vec<u8> {
    let mut spliced = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for change in changes {
        spliced.extend_from_slice(bytes.get(at..change.range.start).unwrap_or_default());
        spliced.extend(encode(&change.new));
        at = change.range.end;
    }
    spliced.extend_from_slice(bytes.get(at..).unwrap_or_default());
    spliced
}

/// The format by the header, or, where it says nothing, by the first byte.
fn format_of(content_type: &str, body: &[u8]) -> Format {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let first = body.trim_ascii_start().first().copied();
    match kind.as_str() {
        "application/cbor" => Format::Cbor,
        "application/x-www-form-urlencoded" => Format::Form,
        kind if kind.contains("json") => Format::Json,
        kind if kind.ends_with("/xml") || kind.ends_with("+xml") => Format::Xml,
        "" | "binary/octet-stream" | "application/octet-stream" | "text/plain" => match first {
            Some(b'{' | b'[') if json::parse(body).is_ok() => Format::Json,
            Some(b'<') => Format::Xml,
            _ if is_textual(content_type, body) => Format::Text,
            _ => Format::Binary,
        },
        _ if is_textual(content_type, body) => Format::Text,
        _ => Format::Binary,
    }
}

/// Whether a body should go through [`Engine::stream`]: by its type, and by its first bytes where that says little.
#[must_use]
pub fn is_textual(content_type: &str, head: &[u8]) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let texts = ["json", "xml", "yaml", "toml", "javascript", "csv", "x-sh", "x-pem", "graphql", "sql", "x-ndjson"];
    if kind.starts_with("text/") || texts.iter().any(|text| kind.contains(text)) {
        return true;
    }
    let pictures = ["image/", "audio/", "video/", "font/"];
    if pictures.iter().any(|picture| kind.starts_with(picture)) && kind != "image/svg+xml" {
        return false;
    }
    let head = &head[..head.len().min(1024)];
    let odd = head.iter().filter(|byte| **byte < 0x09 || (0x0e..0x20).contains(*byte) && **byte != 0x1b).count();
    let utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(cause) => cause.valid_up_to() + 4 > head.len(),
    };
    odd == 0 && utf8
}

