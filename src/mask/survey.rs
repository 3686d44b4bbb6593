//! Finds the secrets of whole files, by the bytes of the file: what a session would hide of it.

use std::ops::Range;
use std::sync::Arc;

use super::Engine;
use super::body::Format;
use super::body::format_of;
use super::cbor;
use super::event_file;
use super::fields;
use super::grid::find_in_terminal;
use super::json;
use super::text::Found;
use super::text::joined;
use super::tree::Decider;
use super::tree::Node;
use super::units::Units;
use super::xml;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// Lines of text, logs, sources, tables.
    Text,
    /// What a program wrote to a terminal of this size, escape sequences included.
    Terminal {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// JSON: one value, or one a line.
    Json,
    /// XML.
    Xml,
    /// CBOR, as AWS's RPC v2 protocol uses it.
    Cbor,
    /// AWS event streams.
    EventStream,
}

impl FileType {
    /// The type of a file, by its bytes; `None` for a binary that is none of these.
    #[must_use]
    pub fn guess(bytes: &[u8]) -> Option<Self> {
        let head = &bytes[..bytes.len().min(8 << 10)];
        if event_file::frames(bytes).next().is_some() {
            return Some(Self::EventStream);
        }
        if matches!(head.first(), Some(0xa1..=0xbf)) && matches!(cbor::parse(bytes), Some(Node::Map(_))) {
            return Some(Self::Cbor);
        }
        let goes_back = |pair: &[u8]| pair[0] == b'\r' && pair[1] != b'\n' && pair[1] != b'\r';
        if head.iter().any(|byte| matches!(byte, 0x08 | 0x1b)) || head.windows(2).any(goes_back) {
            return Some(Self::Terminal { cols: 80, rows: 24 });
        }
        if head.contains(&0) {
            return None;
        }
        Some(match format_of("", bytes) {
            Format::Json => Self::Json,
            Format::Xml if xml::parse(bytes).is_some() => Self::Xml,
            _ if is_json_lines(bytes) => Self::Json,
            _ => Self::Text,
        })
    }
}

fn is_json_lines(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let is_object = |line: &[u8]| line.trim_ascii_start().starts_with(b"{") && json::parse(line).is_ok();
    lines.next().is_some_and(is_object) && lines.next().is_some_and(is_object)
}

impl Engine {
    /// Finds the secrets of a file, in the order of its bytes; the ranges are the file's own, with escapes and encodings.
    ///
    /// `call`: service and operation whose answer the file is, such as `ssm` and `GetParameter`; without it members
    /// that are secrets in any answer count.
    #[must_use]
    pub fn find_in_file(
        self: &Arc<Self>,
        kind: FileType,
        call: Option<(&str, &str)>,
        file: &[u8],
    ) -> Vec<Found> {
        match kind {
            FileType::Text => self.find(file),
            FileType::Terminal { cols, rows } => find_in_terminal(self, file, cols, rows),
            FileType::Json | FileType::Xml | FileType::Cbor => self.find_in_tree(kind, call, file),
            FileType::EventStream => self.find_in_events(call, file),
        }
    }

    fn find_in_tree(&self, kind: FileType, call: Option<(&str, &str)>, file: &[u8]) -> Vec<Found> {
        let mut found = match kind {
            // A text in CBOR has no quotes or signs around it that rules could read.
            FileType::Cbor => Vec::new(),
            _ => self.find(file),
        };
        let tree = match kind {
            FileType::Xml => xml::parse(file),
            FileType::Cbor => cbor::parse(file),
            _ => json::parse(file).ok(),
        };
        match tree {
            Some(tree) => found.extend(self.find_in_node(kind, call, file, &tree)),
            None if kind == FileType::Json => {
                let mut at = 0;
                for line in file.split_inclusive(|byte| *byte == b'\n') {
                    if let Ok(tree) = json::parse(line) {
                        let here = self.find_in_node(kind, call, line, &tree);
                        found.extend(here.into_iter().map(|found| moved(found, at)));
                    }
                    at += line.len();
                }
            }
            None if kind == FileType::Cbor => found = self.find(file),
            None => {}
        }
        joined(found)
    }

    /// The secrets of a tree, by their places in the file.
    pub(super) fn find_in_node(
        &self,
        kind: FileType,
        call: Option<(&str, &str)>,
        file: &[u8],
        tree: &Node,
    ) -> Vec<Found> {
        let mut fields = match call {
            Some((service, operation)) => fields::of_call(service, operation, true),
            None => fields::of_any_call(),
        };
        for rule in self.fields() {
            fields.extend(rule.paths.iter().map(|path| (path.clone(), fields::How::Whole)));
        }
        let mut decider = Decider::new(self, &fields);
        decider.untyped = kind == FileType::Xml;
        decider.decide(tree);
        let mut found = Vec::new();
        for (place, secrets) in decider.places {
            let units = units(kind, file, place.clone());
            found.extend(secrets.into_iter().map(|secret| {
                let range = match &units {
                    Some(units) => units.raw(secret.range),
                    None => place.clone(),
                };
                Found { range, ..secret }
            }));
        }
        found
    }

    /// The secrets of a text, piece by piece where it stands in pieces.
    pub(super) fn find_in_units(&self, units: &Units) -> Vec<Found> {
        let pieces = |found: Found| {
            let pieces = units.pieces(found.range.clone());
            pieces.into_iter().map(move |range| Found { range, ..found.clone() })
        };
        self.find(&units.text).into_iter().flat_map(pieces).collect()
    }
}

/// A leaf's text with its places; `None`: what stands there is not the text.
pub(super) fn units(kind: FileType, file: &[u8], place: Range<usize>) -> Option<Units> {
    match kind {
        FileType::Json => {
            file.get(place.start).is_some_and(|byte| *byte == b'"').then(|| Units::of_json(file, place))
        }
        FileType::Xml => Some(Units::of_xml(file, place)),
        _ => {
            let head = match file.get(place.start)? & 31 {
                0..=23 => 1,
                24 => 2,
                25 => 3,
                26 => 5,
                27 => 9,
                _ => return None,
            };
            let mut units = Units::default();
            units.plain(file.get(place.start + head..place.end)?, place.start + head);
            Some(units)
        }
    }
}

/// The same, `by` bytes further on.
pub(super) fn moved(found: Found, by: usize) -> Found {
    Found { range: found.range.start + by..found.range.end + by, ..found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(kind: FileType, file: &[u8]) -> Vec<String> {
        let found = Arc::new(Engine::builtin()).find_in_file(kind, None, file);
        found.into_iter().map(|found| String::from_utf8_lossy(&file[found.range]).into_owned()).collect()
    }

    #[test]
    fn the_ranges_are_those_of_the_file() {
        let json =
            br#"{"SecretString": "{\"user\":\"a\",\"password\":\"Fal\\\"con2019!\"}", "ARN": "arn:aws:x"}"#;
        assert_eq!(FileType::guess(json), Some(FileType::Json));
        assert_eq!(texts(FileType::Json, json), [r#"{\"user\":\"a\",\"password\":\"Fal\\\"con2019!\"}"#]);
        let xml = b"<r><Name>x</Name><Password>Fal&amp;con2019</Password></r>";
        assert_eq!(FileType::guess(xml), Some(FileType::Xml));
        assert_eq!(texts(FileType::Xml, xml), ["Fal&amp;con2019"]);
        let mut cbor = b"\xbf\x68Password\x6bFalcon2019!\x61n\x01\xff".to_vec();
        assert_eq!(FileType::guess(&cbor), Some(FileType::Cbor));
        assert_eq!(texts(FileType::Cbor, &cbor), ["Falcon2019!"]);
        cbor[0] = 0;
        assert_eq!(FileType::guess(&cbor), None);
    }

    #[test]
    fn escapes_are_between_the_pieces() {
        let screen = b"DB_PASSWORD=Fal\x1b[31mcon\x1b[0m2019!\r\n\x1b]0;token=Falcon2020!\x07";
        let terminal = FileType::Terminal { cols: 80, rows: 24 };
        assert_eq!(FileType::guess(screen), Some(terminal));
        assert_eq!(texts(terminal, screen), ["Fal", "con", "2019!", "Falcon2020!"]);
    }

    #[test]
    fn lines_of_json_are_read_one_by_one() {
        let lines = b"{\"name\":\"API_KEY\",\"value\":\"Falcon\\u00322019\"}\n{\"a\":1}\n";
        assert_eq!(FileType::guess(lines), Some(FileType::Json));
        assert_eq!(texts(FileType::Json, lines), ["Falcon\\u00322019"]);
    }
}
