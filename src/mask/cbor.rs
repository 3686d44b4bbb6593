//! CBOR bodies (Smithy RPC v2), read into a tree with places. A text's length stands before it, so that a change
//! writes both.

use super::tree::Change;
use super::tree::DEEPEST;
use super::tree::New;
use super::tree::Node;

/// Reads one CBOR item; `None` if it is none, or more follows.
pub fn parse(bytes: &[u8]) -> Option<Node> {
    let mut reader = Reader { bytes, at: 0 };
    let node = reader.node(0)?;
    (reader.at == bytes.len()).then_some(node)
}

/// Makes `changes` in the CBOR item `bytes`.
pub fn apply(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    super::body::splice(bytes, changes, |new| match new {
        New::Text(text) => item(3, text.as_bytes()),
        New::Bytes(bytes) => item(2, bytes),
        New::Zero => vec![0],
    })
}

fn item(major: u8, bytes: &[u8]) -> Vec<u8> {
    let mut item = Vec::with_capacity(bytes.len() + 5);
    match u8::try_from(bytes.len()) {
        Ok(length) if length < 24 => item.push(major << 5 | length),
        Ok(length) => item.extend([major << 5 | 24, length]),
        Err(_) => {
            item.push(major << 5 | 26);
            item.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    item.extend_from_slice(bytes);
    item
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    /// The major type, and the length or number; no number: as long as items come.
    fn head(&mut self) -> Option<(u8, Option<u64>)> {
        let first = *self.take(1)?.first()?;
        let (major, info) = (first >> 5, first & 31);
        let number = match info {
            0..=23 => Some(u64::from(info)),
            24..=27 => {
                let bytes = self.take(1 << (info - 24))?;
                Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
            }
            31 => None,
            _ => return None,
        };
        Some((major, number))
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        let start = self.at;
        let (major, number) = self.head()?;
        match major {
            0 | 1 => number.map(|_| Node::Number(start..self.at)),
            2 | 3 => {
                let bytes = self.string(major, number)?;
                if major == 2 {
                    return Some(Node::Bytes(start..self.at, bytes));
                }
                String::from_utf8(bytes).ok().map(|text| Node::Text(start..self.at, text))
            }
            4 => {
                let mut elements = Vec::new();
                while self.more(number, elements.len())? {
                    elements.push(self.node(depth + 1)?);
                }
                Some(Node::List(elements))
            }
            5 => {
                let mut members = Vec::new();
                while self.more(number, members.len())? {
                    let Node::Text(_, name) = self.node(depth + 1)? else { return None };
                    members.push((name, self.node(depth + 1)?));
                }
                Some(Node::Map(members))
            }
            6 => self.node(depth + 1),
            _ => number.map(|_| Node::Other),
        }
    }

    /// Whether another item of a list or map comes.
    fn more(&mut self, number: Option<u64>, so_far: usize) -> Option<bool> {
        match number {
            Some(number) => Some((so_far as u64) < number),
            None if self.bytes.get(self.at)? == &0xff => {
                self.at += 1;
                Some(false)
            }
            None => Some(true),
        }
    }

    fn string(&mut self, major: u8, number: Option<u64>) -> Option<Vec<u8>> {
        if let Some(number) = number {
            return self.take(usize::try_from(number).ok()?).map(<[u8]>::to_vec);
        }
        let mut whole = Vec::new();
        while self.more(None, 0)? {
            let (piece, number) = self.head()?;
            if piece != major {
                return None;
            }
            whole.extend_from_slice(self.take(usize::try_from(number?).ok()?)?);
        }
        Some(whole)
    }
}
