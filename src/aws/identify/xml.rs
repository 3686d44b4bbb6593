//! XML bodies of S3, CloudFront and Route 53 as a JSON tree: elements are members, repeated ones lists. The levels that
//! only the wire has are still in it; see `shapes`.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;
use serde_json::Map;
use serde_json::Value;

/// How deep a body may nest; AWS shapes stay under 15.
const DEEPEST: usize = 32;

/// The content of the root element. `None` if the body is not well-formed, has a document type, or nests too deeply.
/// An empty body is an empty object.
#[must_use]
pub fn parse(body: &[u8]) -> Option<Value> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Some(Value::Object(Map::new()));
    }
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    let mut open: Vec<(String, Element)> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                if open.len() >= DEEPEST || root.is_some() {
                    return None;
                }
                open.push((tag.local_name().as_ref().to_owned(), Element::new(&tag)?));
            }
            Event::Empty(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                let value = Element::new(&tag)?.value();
                match open.last_mut() {
                    Some((_, parent)) => parent.add(name, value),
                    None if root.is_none() => root = Some(Value::Object(Map::new())),
                    None => return None,
                }
            }
            Event::End(_) => {
                let (name, element) = open.pop()?;
                match open.last_mut() {
                    Some((_, parent)) => parent.add(name, element.value()),
                    None => root = Some(element.value()),
                }
            }
            Event::Text(text) => {
                let text = text.xml10_content();
                match open.last_mut() {
                    Some((_, element)) => element.text.push_str(&text),
                    None if text.trim().is_empty() => {}
                    None => return None,
                }
            }
            Event::GeneralRef(reference) => {
                let (_, element) = open.last_mut()?;
                element.text.push(resolved(&reference)?);
            }
            Event::CData(text) => {
                let (_, element) = open.last_mut()?;
                element.text.push_str(&text.xml10_content());
            }
            // Entities could make two readers see two things.
            Event::DocType(_) => return None,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if open.is_empty() { root } else { None }
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Some(c) = reference.resolve_char_ref().ok()? {
        return Some(c);
    }
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

#[derive(Default)]
struct Element {
    text: String,
    kids: Map<String, Value>,
}

impl Element {
    /// An element with its attributes, which are members called `@name`. `None` if they are malformed.
    fn new(tag: &BytesStart<'_>) -> Option<Self> {
        let mut element = Self::default();
        for attribute in tag.attributes() {
            let attribute = attribute.ok()?;
            let name = attribute.key.as_ref();
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).ok()?.into_owned();
            element.add(format!("@{}", attribute.key.local_name().as_ref()), Value::String(value));
        }
        Some(element)
    }

    fn add(&mut self, name: String, value: Value) {
        match self.kids.get_mut(&name) {
            None => {
                self.kids.insert(name, value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(one) => {
                let first = one.take();
                *one = Value::Array(vec![first, value]);
            }
        }
    }

    fn value(self) -> Value {
        // A text stays one whatever attributes stand beside it.
        let is_text = self.kids.keys().all(|name| name.starts_with('@')) && !self.text.trim().is_empty();
        if is_text || self.kids.is_empty() { Value::String(self.text) } else { Value::Object(self.kids) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn repeated_elements_are_a_list() {
        let body = br#"<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a &amp; b&#x2f;c</Key>
            </Object><Object><Key>d</Key><VersionId>1</VersionId></Object><Quiet>true</Quiet></Delete>"#;
        let want = json!({"Object": [{"Key": "a & b/c"}, {"Key": "d", "VersionId": "1"}], "Quiet": "true"});
        assert_eq!(parse(body), Some(want));
    }

    #[test]
    fn odd_bodies_are_refused() {
        for body in
            ["<a>", "<a></b>", "<a/><b/>", "x", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "<a>&e;</a>"]
        {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
        assert_eq!(parse("<a>".repeat(100_000).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(body: Vec<u8>) {
            let _ = parse(&body);
        }
    }
}
