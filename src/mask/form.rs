//! Bodies of query requests: `Action=CreateUser&Tags.member.1.Value=x`.

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode;
use percent_encoding::utf8_percent_encode;

use super::tree::Change;
use super::tree::New;
use super::tree::Node;

/// Reads a form as a tree: dotted names are members, numbers are places in lists.
pub fn parse(bytes: &[u8]) -> Node {
    let mut members: Vec<(String, Node)> = Vec::new();
    let mut at = 0;
    for pair in bytes.split(|byte| *byte == b'&') {
        let end = at + pair.len();
        if let Some(equals) = pair.iter().position(|byte| *byte == b'=') {
            let name = decode(&pair[..equals]);
            let value = decode(&pair[equals + 1..]);
            let path: Vec<&str> =
                name.split('.').filter(|part| !part.bytes().all(|byte| byte.is_ascii_digit())).collect();
            insert(&mut members, &path, Node::Text(at + equals + 1..end, value));
        }
        at = end + 1;
    }
    Node::Map(members)
}

/// Pairs that follow each other stay neighbours, so that `Key` names its `Value`.
fn insert(members: &mut Vec<(String, Node)>, path: &[&str], leaf: Node) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        members.push(((*first).to_owned(), leaf));
        return;
    }
    match members.last_mut() {
        Some((name, Node::Map(inner))) if name == first && !has_leaf(inner, rest) => {
            insert(inner, rest, leaf)
        }
        _ => {
            let mut inner = Vec::new();
            insert(&mut inner, rest, leaf);
            members.push(((*first).to_owned(), Node::Map(inner)));
        }
    }
}

/// Whether the next element of a list has begun.
fn has_leaf(members: &[(String, Node)], path: &[&str]) -> bool {
    path.len() == 1 && members.iter().any(|(name, _)| name == path[0])
}

fn decode(bytes: &[u8]) -> String {
    let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

/// Makes `changes` in the form `bytes`.
pub fn apply(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    super::body::splice(bytes, changes, |new| match new {
        New::Text(text) => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().into_bytes(),
        New::Bytes(_) | New::Zero => b"0".to_vec(),
    })
}
