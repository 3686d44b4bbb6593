//! Masks that come back: a program read `hoopmask:…` in an answer and sends it in a request, where the mask would take
//! the place of the real value.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use super::BodyContext;
use super::Engine;
use super::body::apply;
use super::body::read;
use super::tree;
use super::tree::Change;
use super::tree::New;
use super::tree::Node;
use super::vault::Place;

/// What every mask begins with.
const SIGN: &[u8] = b"hoopmask:";
/// How far behind the sign a mask may end: the kind may be a rule's name.
const LONGEST: usize = 120;
/// The letters of its tag.
const TAG: usize = 8;
/// The sign in base64 at each offset; a body without any of them has no mask.
const SIGNS: [&[u8]; 4] = [b"hoopmask", b"aG9vcG1hc2", b"hvb3BtYXNr", b"ob29wbWFza"];

/// A mask in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The member that holds it, `Environment.Variables.DB_PASSWORD`; empty: the body itself.
    pub field: String,
    /// The neighbour that names it, `DB_PASSWORD` of `{"name": "DB_PASSWORD", "value": …}`.
    pub naming: Option<String>,
    /// The mask.
    pub mask: String,
}

/// What becomes of a request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// There is no mask in it.
    Nothing,
    /// It holds a mask that may not be put back.
    Refused(Returned),
    /// The masks were put back: the body as it may go out, and how many there were.
    Restored(Vec<u8>, u64),
}

/// The first mask in `bytes`.
#[must_use]
pub fn find_mask(bytes: &[u8]) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(at) = memmem::find(bytes.get(from..)?, SIGN) {
        let start = from + at;
        if let Some(end) = end(&bytes[start..]) {
            return Some(start..start + end);
        }
        from = start + SIGN.len();
    }
    None
}

/// Where the mask that begins here ends: after `:` and eight letters of a tag.
fn end(bytes: &[u8]) -> Option<usize> {
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    let letter = |byte: &u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(byte);
    for at in SIGN.len() + 1..bytes.len() {
        match bytes[at] {
            b'\n' | b'"' | b'<' => return None,
            b':' => {}
            _ => continue,
        }
        let tag = bytes.get(at + 1..at + 1 + TAG)?;
        if tag.iter().all(letter) {
            return Some(at + 1 + TAG);
        }
    }
    None
}

impl Engine {
    /// Looks for masks in the body of a request about `resources`. Those that stand where they were shown, in a call
    /// that a rule with `restore` names, become the values they stand for; any other has the request refused.
    #[must_use]
    pub fn masks_back(&self, what: &BodyContext<'_>, resources: &[String], body: &[u8]) -> Back {
        if !SIGNS.iter().any(|sign| memmem::find(body, sign).is_some()) {
            return Back::Nothing;
        }
        let Some((format, tree)) = read(what.content_type, body) else {
            return match find_mask(body) {
                Some(found) => {
                    Back::Refused(Returned { field: String::new(), naming: None, mask: text(&body[found]) })
                }
                None => Back::Nothing,
            };
        };
        let mut walk = Walk {
            engine: self,
            what,
            resources,
            path: Vec::new(),
            members: Vec::new(),
            changes: Vec::new(),
            count: 0,
            naming: None,
        };
        match walk.node(&tree) {
            Err(refused) => Back::Refused(refused),
            Ok(()) if walk.changes.is_empty() => Back::Nothing,
            Ok(()) => {
                walk.changes.sort_by_key(|change| change.range.start);
                Back::Restored(apply(format, body, &walk.changes), walk.count)
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

struct Walk<'a> {
    engine: &'a Engine,
    what: &'a BodyContext<'a>,
    resources: &'a [String],
    /// Where the node stands, as the request writes it and as it was kept.
    path: Vec<String>,
    members: Vec<String>,
    changes: Vec<Change>,
    count: u64,
    naming: Option<String>,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node) -> Result<(), Returned> {
        match node {
            Node::Map(members) => {
                let outer = std::mem::replace(&mut self.naming, tree::naming(members).map(str::to_owned));
                for (name, node) in members {
                    if let Some(found) = find_mask(name.as_bytes()) {
                        return Err(self.refused(&name.as_bytes()[found]));
                    }
                    self.path.push(name.clone());
                    self.members.push(name.to_lowercase());
                    self.node(node)?;
                    self.members.pop();
                    self.path.pop();
                }
                self.naming = outer;
            }
            Node::List(elements) => elements.iter().try_for_each(|element| self.node(element))?,
            Node::Text(range, text) => {
                if let Some(new) = self.text(text)? {
                    self.changes.push(Change { range: range.clone(), new: New::Text(new) });
                }
            }
            Node::Bytes(range, bytes) => {
                if let Some(found) = find_mask(bytes) {
                    let Some(text) = std::str::from_utf8(bytes).ok().map(|text| self.restored(text)) else {
                        return Err(self.refused(&bytes[found]));
                    };
                    self.changes.push(Change { range: range.clone(), new: New::Bytes(text?.into_bytes()) });
                }
            }
            Node::Number(_) | Node::Other => {}
        }
        Ok(())
    }

    /// What is sent instead of a text with masks in it.
    fn text(&mut self, text: &str) -> Result<Option<String>, Returned> {
        if find_mask(text.as_bytes()).is_some() {
            return self.restored(text).map(Some);
        }
        let Ok(plain) = STANDARD.decode(text.trim_end()) else { return Ok(None) };
        let Some(found) = find_mask(&plain) else { return Ok(None) };
        let Ok(inside) = std::str::from_utf8(&plain) else { return Err(self.refused(&plain[found])) };
        // The whole of a blob was kept as it stood in the answer, encoded.
        if found == (0..plain.len())
            && let Some(value) = self.value(inside)
        {
            self.count += 1;
            return Ok(Some(value));
        }
        self.restored(inside).map(|inside| Some(STANDARD.encode(inside)))
    }

    /// `text` with all masks put back.
    fn restored(&mut self, text: &str) -> Result<String, Returned> {
        let mut restored = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(found) = find_mask(rest.as_bytes()) {
            let mask = rest.get(found.clone()).unwrap_or_default();
            let Some(value) = self.value(mask) else { return Err(self.refused(mask.as_bytes())) };
            restored.push_str(&rest[..found.start]);
            restored.push_str(&value);
            self.count += 1;
            rest = &rest[found.end..];
        }
        restored.push_str(rest);
        Ok(restored)
    }

    /// What a mask stands for, if it may be put back here.
    fn value(&self, mask: &str) -> Option<String> {
        if !self.engine.restores_to(self.what.action, &self.members) {
            return None;
        }
        let place = Place {
            service: self.what.service,
            members: &self.members,
            naming: self.naming.clone(),
            resources: self.resources,
        };
        self.engine.vault().get(mask, &place).map(|value| value.to_string())
    }

    fn refused(&self, mask: &[u8]) -> Returned {
        let naming = self.naming.clone().filter(|naming| find_mask(naming.as_bytes()).is_none());
        Returned { field: self.path.join("."), naming, mask: text(mask) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Direction;
    use crate::mask::UserRule;

    fn what<'a>(service: &'a str, operation: &'a str, action: &'a str) -> BodyContext<'a> {
        let direction = Direction::Request;
        BodyContext { service, operation, action, content_type: "application/x-amz-json-1.1", direction }
    }

    fn engine(restore: bool) -> Engine {
        let rule = UserRule {
            name: "back".into(),
            actions: vec!["lambda:*".into(), "ssm:*".into()],
            restore,
            ..UserRule::default()
        };
        Engine::with_rules(&[rule]).unwrap()
    }

    const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:f";

    fn shown(engine: &Engine) -> String {
        let body = r#"{"Environment":{"Variables":{"DB_PASSWORD":"Falcon2019!","STAGE":"prod"}}}"#;
        let what = BodyContext {
            direction: Direction::Response,
            ..what("lambda", "GetFunctionConfiguration", "lambda:GetFunctionConfiguration")
        };
        let masked = engine.body_about(&what, &[FUNCTION.to_owned()], body.as_bytes()).unwrap();
        let shown = String::from_utf8(masked.bytes).unwrap();
        assert!(shown.contains("hoopmask:db-password:"), "{shown}");
        shown
    }

    #[test]
    fn a_mask_is_told_from_words_about_masks() {
        let at = |text: &str| find_mask(text.as_bytes()).map(|range| text[range].to_owned());
        assert_eq!(at("x hoopmask:a-b:abcdefg2."), Some("hoopmask:a-b:abcdefg2".to_owned()));
        assert_eq!(
            at("hoopmask:policy.toml:52:abcdefgh"),
            Some("hoopmask:policy.toml:52:abcdefgh".to_owned())
        );
        for other in ["hoopmask:<kind>:<tag>", "hoopmask:", "hoopmask:a:abcdefg", "hoopmask:a\n:abcdefgh"] {
            assert_eq!(at(other), None, "{other}");
        }
    }

    #[test]
    fn a_mask_is_refused_or_put_back() {
        let update = what("lambda", "UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration");
        let (own, other) = ([FUNCTION.to_owned()], ["arn:aws:lambda:eu-central-1:1:function:g".to_owned()]);
        let strict = engine(false);
        let Back::Refused(refused) = strict.masks_back(&update, &own, shown(&strict).as_bytes()) else {
            panic!()
        };
        assert_eq!(refused.field, "Environment.Variables.DB_PASSWORD");
        assert!(refused.mask.starts_with("hoopmask:db-password:"));
        let engine = engine(true);
        let shown = shown(&engine);
        let Back::Restored(bytes, 1) = engine.masks_back(&update, &own, shown.as_bytes()) else { panic!() };
        assert_eq!(bytes, br#"{"Environment":{"Variables":{"DB_PASSWORD":"Falcon2019!","STAGE":"prod"}}}"#);
        // Not into another function, another member, or another service.
        assert!(matches!(engine.masks_back(&update, &other, shown.as_bytes()), Back::Refused(_)));
        let moved = shown.replace("DB_PASSWORD", "LOG_PREFIX");
        assert!(matches!(engine.masks_back(&update, &own, moved.as_bytes()), Back::Refused(_)));
        let ssm = what("ssm", "PutParameter", "ssm:PutParameter");
        assert!(matches!(engine.masks_back(&ssm, &own, shown.as_bytes()), Back::Refused(_)));
        assert_eq!(engine.masks_back(&ssm, &own, br#"{"Value":"nothing"}"#), Back::Nothing);
    }

    #[test]
    fn a_parameter_and_a_blob_go_back() {
        let engine = engine(true);
        let answer = r#"{"Parameter":{"Name":"/p/x","Type":"SecureString","Value":"Zq8Falcon"}}"#;
        let read =
            BodyContext { direction: Direction::Response, ..what("ssm", "GetParameter", "ssm:GetParameter") };
        let masked = engine.body_about(&read, &[], answer.as_bytes()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&masked.bytes).unwrap();
        let mask = value["Parameter"]["Value"].as_str().unwrap();
        let put = what("ssm", "PutParameter", "ssm:PutParameter");
        let request = |name: &str| format!(r#"{{"Name":"{name}","Value":"{mask}","Overwrite":true}}"#);
        let back = engine.masks_back(&put, &[], request("/p/x").as_bytes());
        assert_eq!(back, Back::Restored(request("/p/x").replace(mask, "Zq8Falcon").into_bytes(), 1));
        assert!(matches!(engine.masks_back(&put, &[], request("/p/y").as_bytes()), Back::Refused(_)));
        let hidden = STANDARD.encode(format!("#!/bin/sh\necho {mask}"));
        let inside = format!(r#"{{"UserData":"{hidden}"}}"#);
        let Back::Refused(refused) = engine.masks_back(&put, &[], inside.as_bytes()) else { panic!() };
        assert_eq!(refused.field, "UserData");
        // No structure, no keys, in text.
        let text = BodyContext { content_type: "text/plain", ..put };
        assert!(matches!(engine.masks_back(&text, &[], mask.as_bytes()), Back::Refused(_)));
        let key = format!(r#"{{"{mask}":1}}"#);
        assert!(matches!(engine.masks_back(&put, &[], key.as_bytes()), Back::Refused(_)));
    }
}
