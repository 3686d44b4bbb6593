//! Finds secrets in stored event streams: in each payload, and across payloads that continue one text.

use super::Engine;
use super::json;
use super::survey::FileType;
use super::survey::moved;
use super::survey::units;
use super::text::Found;
use super::text::joined;
use super::tree::Node;
use super::units::Units;

/// Lengths of a frame and its headers, and the check of both.
const PRELUDE: usize = 12;
/// The check at the end.
const TRAILER: usize = 4;
/// The longest frame.
const LONGEST: usize = 24 << 20;

/// A frame's payload and where it begins.
pub struct Payload<'f> {
    pub at: usize,
    pub bytes: &'f [u8],
}

/// The payloads of the frames in `file`, up to the first that is none.
pub fn frames(file: &[u8]) -> impl Iterator<Item = Payload<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let frame = &file[at..];
        let number = |from: usize| {
            let bytes: [u8; 4] = frame.get(from..from + 4)?.try_into().ok()?;
            usize::try_from(u32::from_be_bytes(bytes)).ok()
        };
        let (total, headers) = (number(0)?, number(4)?);
        let is_sound = total <= LONGEST && total >= PRELUDE + headers.checked_add(TRAILER)?;
        if !is_sound || crc32fast::hash(&frame[..8]) != u32::try_from(number(8)?).ok()? {
            return None;
        }
        let bytes = frame.get(PRELUDE + headers..total - TRAILER)?;
        let payload = Payload { at: at + PRELUDE + headers, bytes };
        at += total;
        Some(payload)
    })
}

impl Engine {
    pub(super) fn find_in_events(&self, call: Option<(&str, &str)>, file: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        // One JSON text over several frames.
        let mut whole = Units::default();
        // The texts of one member, frame after frame: what a model writes comes a few letters at a time.
        let mut members: Vec<(String, Units)> = Vec::new();
        for payload in frames(file) {
            whole.plain(payload.bytes, payload.at);
            if let Ok(tree) = json::parse(payload.bytes) {
                let here = self.find_in_node(FileType::Json, call, payload.bytes, &tree);
                found.extend(here.into_iter().map(|found| moved(found, payload.at)));
                collect(&tree, &mut String::new(), &payload, &mut members);
            }
        }
        found.extend(self.find_in_units(&whole));
        found.extend(members.iter().flat_map(|(_, units)| self.find_in_units(units)));
        joined(found)
    }
}

/// Appends each text of `node` to the text of its member.
fn collect(node: &Node, path: &mut String, payload: &Payload<'_>, members: &mut Vec<(String, Units)>) {
    match node {
        Node::Map(map) => {
            for (name, node) in map {
                let length = path.len();
                path.push('.');
                path.push_str(name);
                collect(node, path, payload, members);
                path.truncate(length);
            }
        }
        Node::List(elements) => elements.iter().for_each(|element| collect(element, path, payload, members)),
        Node::Text(range, _) => {
            let Some(text) = units(FileType::Json, payload.bytes, range.clone()) else { return };
            let index = members.iter().position(|(known, _)| known == path).unwrap_or_else(|| {
                members.push((path.clone(), Units::default()));
                members.len() - 1
            });
            members[index].1.append(text, payload.at);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: &str) -> Vec<u8> {
        let mut frame = u32::try_from(16 + payload.len()).unwrap().to_be_bytes().to_vec();
        frame.extend([0; 4]);
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        frame.extend(payload.as_bytes());
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        frame
    }

    #[test]
    fn a_secret_over_frames_is_found_in_its_pieces() {
        let file =
            [frame(r#"{"delta":{"text":"password=Fal"}}"#), frame(r#"{"delta":{"text":"con2019!\n"}}"#)]
                .concat();
        assert_eq!(FileType::guess(&file), Some(FileType::EventStream));
        let engine = std::sync::Arc::new(Engine::builtin());
        let found = engine.find_in_file(FileType::EventStream, None, &file);
        let found: Vec<_> = found.into_iter().map(|found| &file[found.range]).collect();
        assert_eq!(found, [&b"Fal"[..], b"con2019!"]);
        let broken = frame(r#"{"message":"pass"#);
        let file = [broken, frame(r#"word=Falcon2019!"}"#)].concat();
        let found = engine.find_in_file(FileType::EventStream, None, &file);
        assert_eq!(&file[found[0].range.clone()], b"Falcon2019!");
    }
}
