//! What must hold for every body: nothing but secrets changes, nothing panics, the output can be read, and masking what
//! is masked changes nothing.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::BodyContext;
use super::Direction;
use super::Engine;
use super::Frames;
use super::UserRule;
use super::body::read;
use super::find_mask;

const FORMATS: [&str; 6] = [
    "application/json",
    "text/xml",
    "application/cbor",
    "application/x-www-form-urlencoded",
    "text/csv",
    "application/octet-stream",
];

fn what(content_type: &str) -> BodyContext<'_> {
    let (service, operation, action) = ("iam", "ListUsers", "iam:ListUsers");
    BodyContext { service, operation, action, content_type, direction: Direction::Response }
}

/// Words that no rule is about.
fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-f]{1,6}( [g-m]{1,5}){0,3}", "[ä-ü]{1,4}", r#"[a-c"\\/\n<&>]{1,8}"#].boxed()
}

fn tree(leaf: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec(("[B-F][a-f]{1,8}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn plain() -> impl Strategy<Value = Value> {
    prop_oneof![
        word().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "AKIA[A-Z2-7]{16}",
        "ghp_[a-zA-Z0-9]{36}",
        "password=[A-Z][a-z]{4}[0-9]{4}!x",
        r#"\{"password":"[A-Z][a-z]{4}[0-9]{4}!"\}"#,
    ]
}

/// The same tree, with its own spaces: what serialises it again would not give them back.
fn written(value: &Value, spaces: bool) -> String {
    let text = if spaces { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    format!(" {} ", text.unwrap())
}

fn xml(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            out.push_str(&format!("<{name}>"));
            xml(value, out);
            out.push_str(&format!("</{name}>\n"));
        }),
        Value::Array(elements) => elements.iter().for_each(|value| {
            out.push_str("<member>");
            xml(value, out);
            out.push_str("</member>");
        }),
        Value::String(text) => out.push_str(&quick_xml::escape::escape(text.as_str())),
        other => out.push_str(&other.to_string()),
    }
}

/// CBOR as servers write it: maps and lists of any length, or of a known one.
fn cbor(value: &Value, open: bool, out: &mut Vec<u8>) {
    let mut head = |major: u8, length: usize| {
        out.push(major << 5 | 25);
        out.extend(u16::try_from(length).unwrap().to_be_bytes());
    };
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Value::Number(_) => out.extend([0xfb, 1, 2, 3, 4, 5, 6, 7, 8]),
        Value::String(text) if open && text.is_ascii() && text.len() > 3 => {
            out.push(0x7f);
            for piece in [&text[..2], &text[2..]] {
                out.push(3 << 5 | 24);
                out.push(u8::try_from(piece.len()).unwrap());
                out.extend(piece.bytes());
            }
            out.push(0xff);
        }
        Value::String(text) => {
            head(3, text.len());
            out.extend(text.bytes());
        }
        Value::Array(elements) => {
            if open {
                out.push(0x9f)
            } else {
                head(4, elements.len())
            }
            elements.iter().for_each(|element| cbor(element, open, out));
            out.extend(open.then_some(0xff));
        }
        Value::Object(members) => {
            if open {
                out.push(0xbf)
            } else {
                head(5, members.len())
            }
            for (name, value) in members {
                out.push(3 << 5 | 24);
                out.push(u8::try_from(name.len()).unwrap());
                out.extend(name.bytes());
                cbor(value, open, out);
            }
            out.extend(open.then_some(0xff));
        }
    }
}

/// The tree in each format.
fn bodies(value: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let mut text = "<R><m>".to_owned();
    xml(value, &mut text);
    text.push_str("</m></R>");
    let (mut counted, mut open) = (Vec::new(), Vec::new());
    cbor(value, false, &mut counted);
    cbor(value, true, &mut open);
    vec![
        (FORMATS[0], written(value, false).into_bytes()),
        (FORMATS[0], written(value, true).into_bytes()),
        (FORMATS[1], text.into_bytes()),
        (FORMATS[2], counted),
        (FORMATS[2], open),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_no_rule_names_is_not_changed(value in tree(plain())) {
        let engine = Engine::builtin();
        for (content_type, body) in bodies(&value) {
            let out = engine.body(&what(content_type), &body).unwrap();
            prop_assert!(!out.changed && out.bytes == body, "{content_type}: {}", body.escape_ascii());
        }
    }

    #[test]
    fn a_secret_goes_and_its_surroundings_stay(value in tree(plain()), secret in secret()) {
        let engine = Engine::builtin();
        let around = serde_json::json!({"Before": value, "Cell": secret, "Dab": value});
        for (content_type, body) in bodies(&around) {
            let out = engine.body(&what(content_type), &body).unwrap();
            prop_assert!(out.changed, "{content_type}: {}", body.escape_ascii());
            // What was before and after the secret is there, byte for byte.
            let same = out.bytes.iter().zip(&body).take_while(|(one, other)| one == other).count();
            let rest = out.bytes.iter().rev().zip(body.iter().rev()).take_while(|(one, other)| one == other);
            let rest = rest.count();
            prop_assert!(out.bytes[same..out.bytes.len() - rest].len() <= 80);
            prop_assert!(body[same..body.len() - rest].len() <= secret.len() * 2 + 8);
            prop_assert!(read(content_type, &out.bytes).is_some(), "{content_type}");
            let hidden = secret.split(['=', '"']).max_by_key(|part| part.len()).unwrap();
            let out_text = out.bytes.escape_ascii().to_string();
            prop_assert!(!out_text.contains(hidden) || hidden == "password", "{out_text}");
            prop_assert!(find_mask(&out.bytes).is_some());
            // Again: nothing.
            let again = engine.body(&what(content_type), &out.bytes).unwrap();
            prop_assert!(!again.changed, "{content_type}: {}", out.bytes.escape_ascii());
        }
    }

    #[test]
    fn arbitrary_bytes_are_survived(body in vec(any::<u8>(), 0..200), format in 0..FORMATS.len()) {
        let rule = UserRule { name: "a".into(), columns: vec!["a".into()], restore: true, actions: vec!["*".into()], ..UserRule::default() };
        let engine = Arc::new(Engine::with_rules(&[rule]).unwrap());
        let what = what(FORMATS[format]);
        drop(engine.body(&what, &body));
        drop(engine.masks_back(&what, &[], &body));
        drop(engine.object(&what, &body));
        let mut frames = Frames::new(engine.clone(), "a", "b", "a:b");
        let mut out = Vec::new();
        drop(frames.push(&body, &mut out));
        let mut framed = u32::try_from(body.len() + 16).unwrap().to_be_bytes().to_vec();
        framed.extend(u32::try_from(body.len() / 2).unwrap().to_be_bytes());
        framed.extend(crc32fast::hash(&framed).to_be_bytes());
        framed.extend(&body);
        framed.extend(crc32fast::hash(&framed).to_be_bytes());
        let mut frames = Frames::new(engine, "a", "b", "a:b");
        drop(frames.push(&framed, &mut out).and_then(|()| frames.finish(&mut out)));
    }

    #[test]
    fn structures_cut_anywhere_are_survived(value in tree(plain()), cut in 0.0..1.0, flip in any::<(usize, u8)>()) {
        let engine = Engine::builtin();
        for (content_type, mut body) in bodies(&value) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short body")]
            body.truncate((body.len() as f64 * cut) as usize);
            if let Some(byte) = flip.0.checked_rem(body.len()).and_then(|at| body.get_mut(at)) {
                *byte ^= flip.1;
            }
            drop(engine.body(&what(content_type), &body));
        }
    }
}
