//! JSON read into a tree with places, and changed in place: order, numbers, spaces and doubled names stay as they are.

use super::tree::Change;
use super::tree::DEEPEST;
use super::tree::New;
use super::tree::Node;

/// Why a text is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where.
    pub at: usize,
}

/// Reads one JSON text.
pub fn parse(bytes: &[u8]) -> Result<Node, Wrong> {
    let mut reader = Reader { bytes, at: 0 };
    let node = reader.node(0)?;
    reader.blank();
    if reader.at < bytes.len() { Err(reader.wrong()) } else { Ok(node) }
}

/// Makes `changes`, which are in order, in the JSON text `bytes`.
pub fn apply(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    super::body::splice(bytes, changes, |new| match new {
        New::Text(text) => serde_json::to_vec(text).unwrap_or_else(|_| b"\"\"".to_vec()),
        New::Bytes(bytes) => serde_json::to_vec(&String::from_utf8_lossy(bytes)).unwrap_or_default(),
        New::Zero => b"0".to_vec(),
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self) -> Wrong {
        Wrong { at: self.at }
    }

    fn blank(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), Wrong> {
        self.blank();
        if self.bytes.get(self.at) != Some(&byte) {
            return Err(self.wrong());
        }
        self.at += 1;
        Ok(())
    }

    /// Whether `byte` comes next; takes it if so.
    fn next_is(&mut self, byte: u8) -> bool {
        self.take(byte).is_ok()
    }

    fn node(&mut self, depth: usize) -> Result<Node, Wrong> {
        if depth > DEEPEST {
            return Err(self.wrong());
        }
        self.blank();
        let start = self.at;
        match self.bytes.get(self.at) {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => {
                let text = self.text()?;
                Ok(Node::Text(start..self.at, text))
            }
            Some(b'-' | b'0'..=b'9') => {
                while self.bytes.get(self.at).is_some_and(|byte| b"+-.eE0123456789".contains(byte)) {
                    self.at += 1;
                }
                let number: Result<serde_json::Number, _> =
                    serde_json::from_slice(&self.bytes[start..self.at]);
                // Numbers out of range are numbers all the same.
                match number {
                    Ok(_) => Ok(Node::Number(start..self.at)),
                    Err(cause) if cause.to_string().contains("out of range") => {
                        Ok(Node::Number(start..self.at))
                    }
                    Err(_) => Err(self.wrong()),
                }
            }
            _ => {
                let rest = &self.bytes[start..];
                let word = [&b"true"[..], b"false", b"null"].into_iter().find(|word| rest.starts_with(word));
                self.at += word.ok_or_else(|| self.wrong())?.len();
                Ok(Node::Other)
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node, Wrong> {
        self.take(b'{')?;
        let mut members = Vec::new();
        if self.next_is(b'}') {
            return Ok(Node::Map(members));
        }
        loop {
            self.blank();
            let name = self.text()?;
            self.take(b':')?;
            members.push((name, self.node(depth + 1)?));
            if self.next_is(b'}') {
                return Ok(Node::Map(members));
            }
            self.take(b',')?;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node, Wrong> {
        self.take(b'[')?;
        let mut elements = Vec::new();
        if self.next_is(b']') {
            return Ok(Node::List(elements));
        }
        loop {
            elements.push(self.node(depth + 1)?);
            if self.next_is(b']') {
                return Ok(Node::List(elements));
            }
            self.take(b',')?;
        }
    }

    fn text(&mut self) -> Result<String, Wrong> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(self.wrong()),
                Some(b'\\') => self.at += 2,
                Some(b'"') => break,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let quoted = self.bytes.get(start..self.at).ok_or(Wrong { at: start })?;
        match serde_json::from_slice(quoted) {
            Ok(text) => Ok(text),
            // Half a surrogate pair, or bytes that are no UTF-8: read as well as can be, so that rules see the rest.
            Err(_) if !quoted.iter().any(|byte| *byte < 0x20) => {
                Ok(String::from_utf8_lossy(&quoted[1..quoted.len() - 1]).into_owned())
            }
            Err(_) => Err(Wrong { at: start }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_changed_only_where_it_is_told() {
        let body = br#" { "n": 1.50, "a" : ["x", "y"], "n": 123456789012345678901234567890 }"#;
        let Node::Map(members) = parse(body).unwrap() else { panic!() };
        let Node::List(list) = &members[1].1 else { panic!() };
        let Node::Text(range, text) = &list[1] else { panic!() };
        assert_eq!(text, "y");
        let change = Change { range: range.clone(), new: New::Text("a\"b".into()) };
        let changed = apply(body, &[change]);
        let expected = r#" { "n": 1.50, "a" : ["x", "a\"b"], "n": 123456789012345678901234567890 }"#;
        assert_eq!(String::from_utf8(changed).unwrap(), expected);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for wrong in ["", "{", "{\"a\":}", "[1,]", "{\"a\":1}x", "nul", "\"a", "01", "{a:1}", "\"\\"] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
