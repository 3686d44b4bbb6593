//! The pieces of texts that one event of a model's answer carries: which members they are, and which text each goes on
//! with.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::json;
use super::tree::Change;
use super::tree::New;
use super::tree::Node;

/// Events that carry the next piece of a text.
const PIECES: &[&str] = &["contentBlockDelta", "chunk", "output"];
/// Members that hold the piece.
const TEXTS: &[&str] = &[
    "text",
    "input",
    "thinking",
    "partial_json",
    "generation",
    "outputText",
    "completion",
    "content",
    "reasoning_content",
    "arguments",
    "refusal",
];
/// Members that say which of several texts it belongs to.
const INDEXES: &[&str] = &["contentBlockIndex", "index"];
/// Events, as a header, a member or a `type`, after which a text has ended.
const ENDS: &[&str] = &[
    "contentBlockStop",
    "messageStop",
    "contentEnd",
    "completionEnd",
    "content_block_stop",
    "message_delta",
    "message_stop",
];
/// Members that stand beside the last piece, unless they are null, false or empty.
const LAST: &[&str] = &[
    "stop_reason",
    "stopReason",
    "completionReason",
    "finish_reason",
    "is_finished",
    "amazon-bedrock-invocationMetrics",
];

/// An event's payload, read.
pub struct Event<'p> {
    payload: &'p [u8],
    layer: Layer,
    /// The pieces, in their order.
    pub pieces: Vec<Piece>,
    /// What else it says.
    pub said: Said,
}

/// A piece, and where it stands in its JSON text.
pub struct Piece {
    /// Where it stands.
    place: Range<usize>,
    /// What it says.
    pub text: String,
    /// The members that lead to it.
    pub path: String,
    /// Which of several texts it belongs to.
    pub index: String,
}

/// What else an event says.
#[derive(Debug, Default)]
pub struct Said {
    /// A text has ended before it.
    pub ends: bool,
    /// It is the last of its text.
    pub last: bool,
    /// The block that it is about.
    pub index: Option<String>,
}

/// The JSON text that holds the pieces: the payload itself, or what its `bytes` are.
enum Layer {
    Plain(Node),
    /// Where `bytes` stands, and what is in it.
    Inner(Range<usize>, Vec<u8>, Option<Node>),
}

/// Whether events called `kind` carry the next piece of a text.
pub fn is_piece(kind: &str) -> bool {
    PIECES.contains(&kind)
}

/// Whether a text has ended before an event called `kind`.
pub fn is_end(kind: &str) -> bool {
    ENDS.contains(&kind)
}

impl<'p> Event<'p> {
    /// Reads `payload`; `None`: it is nothing that could hold texts.
    pub fn read(payload: &'p [u8]) -> Option<Self> {
        let layer = Layer::of(payload)?;
        let (mut pieces, mut said) = (Vec::new(), Said::default());
        let (text, node) = match &layer {
            Layer::Plain(node) => (payload, Some(node)),
            Layer::Inner(_, text, node) => (&text[..], node.as_ref()),
        };
        match node {
            Some(node) => walk(text, node, &mut String::new(), "", (&mut pieces, &mut said)),
            // An agent's answer: the text itself.
            None => pieces.push(Piece {
                place: 0..text.len(),
                text: String::from_utf8_lossy(text).into_owned(),
                path: String::new(),
                index: String::new(),
            }),
        }
        Some(Self { payload, layer, pieces, said })
    }

    /// The payload with other texts in the place of its pieces: one for each of them, in their order. `None`: all are
    /// what they were.
    pub fn with(&self, texts: impl IntoIterator<Item = String>) -> Option<Vec<u8>> {
        let both = self.pieces.iter().zip(texts).filter(|(piece, text)| piece.text != *text);
        let changes: Vec<Change> =
            both.map(|(piece, text)| Change { range: piece.place.clone(), new: New::Text(text) }).collect();
        let first = changes.first()?;
        let (place, inner) = match (&self.layer, first) {
            (Layer::Plain(_), _) => return Some(json::apply(self.payload, &changes)),
            (Layer::Inner(place, _, None), Change { new: New::Text(text), .. }) => {
                (place, text.clone().into_bytes())
            }
            (Layer::Inner(place, text, _), _) => (place, json::apply(text, &changes)),
        };
        let outer = Change { range: place.clone(), new: New::Text(STANDARD.encode(inner)) };
        Some(json::apply(self.payload, &[outer]))
    }
}

impl Layer {
    fn of(payload: &[u8]) -> Option<Self> {
        let node = json::parse(payload).ok()?;
        let Node::Map(members) = &node else { return None };
        let bytes = members.iter().find_map(|(name, node)| match node {
            Node::Text(place, text) if name == "bytes" => Some((place.clone(), text)),
            _ => None,
        });
        let Some((place, text)) = bytes else { return Some(Self::Plain(node)) };
        let inner = STANDARD.decode(text).ok()?;
        let tree = json::parse(&inner).ok().filter(|node| matches!(node, Node::Map(_)));
        if tree.is_none() && std::str::from_utf8(&inner).is_err() {
            // A picture, or a sound.
            return None;
        }
        Some(Self::Inner(place, inner, tree))
    }
}

/// Finds the pieces of `node`, which was read from `text`, in their order.
fn walk(text: &[u8], node: &Node, path: &mut String, index: &str, found: (&mut Vec<Piece>, &mut Said)) {
    let (pieces, said) = found;
    match node {
        Node::Map(members) => {
            let own = members.iter().find_map(|(name, node)| match node {
                Node::Number(place) if INDEXES.contains(&name.as_str()) => {
                    Some(String::from_utf8_lossy(&text[place.clone()]).into_owned())
                }
                _ => None,
            });
            if own.is_some() && said.index.is_none() {
                said.index.clone_from(&own);
            }
            let index = own.as_deref().unwrap_or(index);
            for (name, member) in members {
                said.ends |= ENDS.contains(&name.as_str());
                said.last |= LAST.contains(&name.as_str()) && says_something(text, member);
                match member {
                    Node::Text(_, kind) if name == "type" => said.ends |= ENDS.contains(&kind.as_str()),
                    Node::Text(place, piece) if TEXTS.contains(&name.as_str()) => pieces.push(Piece {
                        place: place.clone(),
                        text: piece.clone(),
                        path: format!("{path}.{name}"),
                        index: index.to_owned(),
                    }),
                    member => {
                        let length = path.len();
                        path.push('.');
                        path.push_str(name);
                        walk(text, member, path, index, (&mut *pieces, &mut *said));
                        path.truncate(length);
                    }
                }
            }
        }
        Node::List(elements) => {
            for (number, element) in elements.iter().enumerate() {
                let length = path.len();
                path.push_str(&format!("[{number}]"));
                walk(text, element, path, index, (&mut *pieces, &mut *said));
                path.truncate(length);
            }
        }
        Node::Text(..) | Node::Bytes(..) | Node::Number(_) | Node::Other => {}
    }
}

/// Whether a reason to stop is one.
fn says_something(text: &[u8], node: &Node) -> bool {
    match node {
        Node::Text(_, said) => !said.is_empty(),
        Node::Map(members) => !members.is_empty(),
        // Null and false are told from true by nothing but their text, which has no place: `is_finished` alone.
        Node::Other => memchr::memmem::find(text, b"\"is_finished\":true").is_some(),
        Node::List(_) | Node::Bytes(..) | Node::Number(_) => false,
    }
}
