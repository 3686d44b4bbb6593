//! XML bodies, read into a tree with places.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::tree::Change;
use super::tree::DEEPEST;
use super::tree::New;
use super::tree::Node;

/// An element that is still open.
#[derive(Default)]
struct Element {
    name: String,
    children: Vec<(String, Node)>,
    text: String,
    /// From the first byte of its content.
    start: usize,
}

/// Reads an XML text; `None` if it is none.
pub fn parse(bytes: &[u8]) -> Option<Node> {
    let text = std::str::from_utf8(bytes).ok()?;
    // The reader passes over a byte order mark without counting it, and places would be three bytes too low.
    let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
    if plain.starts_with('\u{feff}') {
        return None;
    }
    let place = |position: u64| Some(usize::try_from(position).ok()? + (text.len() - plain.len()));
    let mut reader = Reader::from_str(plain);
    let mut open = vec![Element::default()];
    loop {
        let before = place(reader.buffer_position())?;
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() > DEEPEST {
                    return None;
                }
                let name = start.local_name().as_ref().to_owned();
                let start = place(reader.buffer_position())?;
                open.push(Element { name, start, ..Element::default() });
            }
            Event::End(_) => {
                let element = open.pop()?;
                let parent = open.last_mut()?;
                // Text beside elements is in no AWS answer; a tree has no place for it.
                if !element.children.is_empty() && !element.text.trim().is_empty() {
                    return None;
                }
                let node = if element.children.is_empty() {
                    Node::Text(element.start..before, element.text)
                } else {
                    Node::Map(element.children)
                };
                parent.children.push((element.name, node));
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text),
            Event::CData(data) => open.last_mut()?.text.push_str(&data),
            Event::GeneralRef(reference) => {
                let letter = match reference.resolve_char_ref().ok()? {
                    Some(letter) => letter,
                    None => match &*reference {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => return None,
                    },
                };
                open.last_mut()?.text.push(letter);
            }
            Event::Eof => break,
            Event::DocType(_) => return None,
            Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    let root = open.pop().filter(|_| open.is_empty())?;
    (!root.children.is_empty() && root.text.trim().is_empty()).then_some(Node::Map(root.children))
}

/// Makes `changes` in the XML text `bytes`.
pub fn apply(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    super::body::splice(bytes, changes, |new| match new {
        New::Text(text) => quick_xml::escape::escape(text.as_str()).into_owned().into_bytes(),
        New::Bytes(bytes) => {
            quick_xml::escape::escape(&*String::from_utf8_lossy(bytes)).into_owned().into_bytes()
        }
        New::Zero => b"0".to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_moves_no_place() {
        for (before, is_read) in [("", true), ("\u{feff}", true), ("\u{feff}\u{feff}", false)] {
            let xml = format!("{before}<Secret><Value>{{na}}</Value></Secret>");
            let found = parse(xml.as_bytes()).map(|node| format!("{node:?}"));
            let start = xml.find("{na}").unwrap();
            let range = format!("{:?}", start..start + 4);
            assert_eq!(found.is_some_and(|node| node.contains(&range)), is_read, "{before:?}");
        }
    }
}
