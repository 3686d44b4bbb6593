//! Where the bytes of a text stand in a file that writes it otherwise: with escapes, entities, in pieces.

use std::ops::Range;

/// Some bytes of a text and the bytes of the file that they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unit {
    text: Range<usize>,
    raw: Range<usize>,
}

/// A text whose bytes know their places in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// The text.
    pub text: Vec<u8>,
    units: Vec<Unit>,
}

impl Units {
    /// Bytes that stand in the file as they are, from `at` on.
    pub fn plain(&mut self, bytes: &[u8], at: usize) {
        if bytes.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(bytes);
        let text = start..self.text.len();
        match self.units.last_mut() {
            Some(last) if last.raw.len() == last.text.len() && last.raw.end == at => {
                last.text.end = text.end;
                last.raw.end += bytes.len();
            }
            _ => self.units.push(Unit { text, raw: at..at + bytes.len() }),
        }
    }

    /// Bytes that the file writes otherwise, at `raw`; an empty place is one that only readers see.
    pub fn written(&mut self, bytes: &[u8], raw: Range<usize>) {
        let start = self.text.len();
        self.text.extend_from_slice(bytes);
        self.units.push(Unit { text: start..self.text.len(), raw });
    }

    /// Goes on with another text, whose places are counted from `at`.
    pub fn append(&mut self, other: Self, at: usize) {
        let start = self.text.len();
        self.text.extend_from_slice(&other.text);
        self.units.extend(other.units.into_iter().map(|unit| Unit {
            text: unit.text.start + start..unit.text.end + start,
            raw: unit.raw.start + at..unit.raw.end + at,
        }));
    }

    /// The text in quotes at `range` of the JSON text `file`.
    pub fn of_json(file: &[u8], range: Range<usize>) -> Self {
        let mut units = Self::default();
        let quoted = file.get(range.clone()).unwrap_or_default();
        let end = range.end - usize::from(quoted.len() > 1 && quoted.ends_with(b"\""));
        let mut at = range.start + usize::from(quoted.starts_with(b"\""));
        while at < end {
            let rest = &file[at..end];
            let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            units.plain(&rest[..plain], at);
            at += plain;
            let rest = &rest[plain..];
            if rest.is_empty() {
                break;
            }
            let mut length = if rest.get(1) == Some(&b'u') { 6 } else { 2 }.min(rest.len());
            // A letter beyond 16 bits is written as two escapes.
            if length == 6
                && rest.len() >= 12
                && matches!(rest[2..4], [b'd' | b'D', b'8'..=b'9' | b'a'..=b'b' | b'A'..=b'B'])
            {
                length = 12;
            }
            let mut quoted = vec![b'"'];
            quoted.extend_from_slice(&rest[..length]);
            quoted.push(b'"');
            let letter: String = serde_json::from_slice(&quoted).unwrap_or_else(|_| "\u{fffd}".to_owned());
            units.written(letter.as_bytes(), at..at + length);
            at += length;
        }
        units
    }

    /// The content of an element at `range` of the XML text `file`.
    pub fn of_xml(file: &[u8], range: Range<usize>) -> Self {
        const CDATA: &[u8] = b"<![CDATA[";
        let mut units = Self::default();
        let mut at = range.start;
        let end = range.end.min(file.len());
        while at < end {
            let rest = &file[at..end];
            let plain = memchr::memchr2(b'&', b'<', rest).unwrap_or(rest.len());
            units.plain(&rest[..plain], at);
            at += plain;
            let rest = &rest[plain..];
            if let Some(data) = rest.strip_prefix(CDATA) {
                let length = memchr::memmem::find(data, b"]]>").unwrap_or(data.len());
                units.plain(&data[..length], at + CDATA.len());
                at += (CDATA.len() + length + 3).min(rest.len());
            } else if !rest.is_empty() {
                let close = if rest[0] == b'&' { b';' } else { b'>' };
                let length = memchr::memchr(close, rest).map_or(rest.len(), |at| at + 1);
                if rest[0] == b'&' {
                    let text = std::str::from_utf8(&rest[..length]).unwrap_or_default();
                    let letter = quick_xml::escape::unescape(text).unwrap_or(text.into());
                    units.written(letter.as_bytes(), at..at + length);
                }
                at += length;
            }
        }
        units
    }

    /// The place in the file from the first to the last byte of `range` of the text.
    pub fn raw(&self, range: Range<usize>) -> Range<usize> {
        let pieces = self.pieces(range);
        match (pieces.first(), pieces.last()) {
            (Some(first), Some(last)) => first.start..last.end.max(first.start),
            _ => 0..0,
        }
    }

    /// The places in the file of `range` of the text, without what stands in between.
    pub fn pieces(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut pieces: Vec<Range<usize>> = Vec::new();
        let first = self.units.partition_point(|unit| unit.text.end <= range.start);
        for unit in &self.units[first..] {
            if unit.text.start >= range.end {
                break;
            }
            let mut raw = unit.raw.clone();
            if unit.raw.len() == unit.text.len() {
                raw.start += range.start.saturating_sub(unit.text.start);
                raw.end -= unit.text.end.saturating_sub(range.end);
            }
            match pieces.last_mut() {
                Some(last) if last.end == raw.start => last.end = raw.end,
                _ if raw.is_empty() => {}
                _ => pieces.push(raw),
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_knows_its_places_in_json() {
        let file = br#"{"a":"x\n\u00e4\ud83d\ude00y"}"#;
        let units = Units::of_json(file, 5..file.len() - 1);
        assert_eq!(units.text, "x\nä😀y".as_bytes());
        assert_eq!(&file[units.raw(0..1)], b"x");
        assert_eq!(&file[units.raw(2..4)], br"\u00e4");
        assert_eq!(&file[units.raw(4..9)], br"\ud83d\ude00y");
    }

    #[test]
    fn a_text_knows_its_places_in_xml() {
        let file = b"<a>x&amp;y<![CDATA[z<]]>&#65;</a>";
        let units = Units::of_xml(file, 3..file.len() - 4);
        assert_eq!(units.text, b"x&yz<A");
        assert_eq!(&file[units.raw(1..3)], b"&amp;y");
        assert_eq!(units.pieces(2..4), [9..10, 19..20]);
    }
}
