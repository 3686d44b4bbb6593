//! Bodies of calls as lines that people can read: JSON and XML indented, forms one member a line, CBOR as JSON, what is no
//! text as bytes. Works on pieces too: a body may have been cut where its recording ends.

use percent_encoding::percent_decode_str;

use crate::aws;
use crate::term::safe;

/// Most lines made of one body, and most bytes in them; what is left out is said.
const MAX_LINES: usize = 20_000;
const MAX_TEXT: usize = 1 << 20;
/// Longest line, in bytes; a longer one goes on in the next.
const MAX_LINE: usize = 16 << 10;
/// Deepest level that is told from the next one by its indent, and columns of one.
const DEEPEST: usize = 40;
const STEP: usize = 2;
/// Bytes shown of what is no text, and of each line.
const MAX_BYTES: usize = 4 << 10;
const ROW: usize = 16;
/// Largest CBOR body that is read: an item of one byte takes a hundred times that in memory.
const MAX_CBOR: usize = 1 << 20;

/// What a body is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON, or several JSON documents.
    Json,
    /// XML.
    Xml,
    /// `a=b&c=d`.
    Query,
    /// CBOR, shown as JSON.
    Cbor,
    /// Other text.
    Text,
    /// No text.
    Bytes,
}

impl Form {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Query => "form",
            Self::Cbor => "CBOR",
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }

    /// Judges by the content type, where there is one that tells, else by how it begins.
    fn of(bytes: &[u8], content_type: Option<&str>) -> Self {
        let told = content_type.unwrap_or_default().to_ascii_lowercase();
        let text = std::str::from_utf8(whole_letters(bytes)).ok();
        let first = text.and_then(|text| text.trim_start_matches('\u{feff}').trim_start().chars().next());
        let is_map = bytes.first().is_some_and(|byte| matches!(byte, 0xa0..=0xbf));
        match (first, text) {
            _ if told.contains("cbor") => Self::Cbor,
            (Some('{' | '['), _) => Self::Json,
            (Some('<'), _) => Self::Xml,
            (_, Some(text)) if told.contains("form-urlencoded") || is_form(text) => Self::Query,
            (_, Some(_)) => Self::Text,
            (_, None) if is_map => Self::Cbor,
            (_, None) => Self::Bytes,
        }
    }
}

/// A body in lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pretty {
    /// What it is made of.
    pub form: Form,
    /// Its lines; nothing in them can move a cursor.
    pub lines: Vec<String>,
    /// Whether it goes on where they end.
    pub is_cut: bool,
}

/// Makes lines of a body, or of its beginning.
#[must_use]
pub fn pretty(bytes: &[u8], content_type: Option<&str>) -> Pretty {
    let form = Form::of(bytes, content_type);
    let mut out = Lines::default();
    let text = String::from_utf8_lossy(whole_letters(bytes));
    let text = text.trim_start_matches('\u{feff}');
    match form {
        Form::Json => json(text, &mut out),
        Form::Xml => xml(text, &mut out),
        Form::Query => query(text, &mut out),
        Form::Text => plain(text, &mut out),
        Form::Cbor => match Some(bytes).filter(|bytes| bytes.len() <= MAX_CBOR).and_then(aws::cbor_value) {
            Some(value) => json(&value.to_string(), &mut out),
            None => return Pretty { form: Form::Bytes, ..dump(bytes) },
        },
        Form::Bytes => return dump(bytes),
    }
    out.finish(form)
}

/// `bytes` without the letter that was cut at its end.
fn whole_letters(bytes: &[u8]) -> &[u8] {
    let tail = bytes.len().saturating_sub(3)..bytes.len();
    let begun = tail.rev().find(|at| bytes[*at] >= 0xc0);
    begun.filter(|at| std::str::from_utf8(&bytes[*at..]).is_err()).map_or(bytes, |at| &bytes[..at])
}

/// Whether it looks like the parameters of a query: a name, `=`, and no space.
fn is_form(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-%".contains(c);
    name.len() < text.len() && !name.is_empty() && name.chars().all(is_name) && !text.contains([' ', '\n'])
}

/// Lines that are being made.
#[derive(Default)]
struct Lines {
    all: Vec<String>,
    current: String,
    text: usize,
    is_cut: bool,
}

impl Lines {
    fn is_full(&self) -> bool {
        self.is_cut
    }

    /// Adds to the line.
    fn push(&mut self, text: &str) {
        if self.is_cut {
            return;
        }
        let mut rest = text;
        while self.current.len() + rest.len() > MAX_LINE {
            let (head, tail) =
                rest.split_at(rest.floor_char_boundary(MAX_LINE.saturating_sub(self.current.len())));
            if head.is_empty() && self.current.is_empty() {
                break;
            }
            self.current.push_str(head);
            self.end();
            rest = tail;
        }
        self.current.push_str(rest);
    }

    /// Ends the line.
    fn end(&mut self) {
        if self.all.len() >= MAX_LINES || self.text >= MAX_TEXT {
            self.is_cut = true;
            self.current.clear();
            return;
        }
        let line = safe(&self.current).into_owned();
        self.text += line.len();
        self.all.push(line);
        self.current.clear();
    }

    /// Ends the line, if anything is on it, and begins one at that level.
    fn begin(&mut self, depth: usize) {
        if !self.current.trim().is_empty() {
            self.end();
        }
        self.current.clear();
        self.current.push_str(&" ".repeat(depth.min(DEEPEST) * STEP));
    }

    fn finish(mut self, form: Form) -> Pretty {
        if !self.current.trim().is_empty() {
            self.end();
        }
        Pretty { form, lines: self.all, is_cut: self.is_cut }
    }
}

fn plain(text: &str, out: &mut Lines) {
    for line in text.lines() {
        if out.is_full() {
            return;
        }
        out.push(&line.replace('\t', "    "));
        out.end();
    }
}

/// Indents without reading: numbers and escapes stay as they were written, and what is cut or wrong is shown, too.
fn json(text: &str, out: &mut Lines) {
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if out.is_full() {
            return;
        }
        let mut taken = c.len_utf8();
        match c {
            '"' => {
                taken = string_length(rest);
                out.push(&rest[..taken]);
            }
            '{' | '[' => {
                if depth == 0 {
                    out.begin(0);
                }
                let inside = rest[1..].trim_start();
                let close = if c == '{' { '}' } else { ']' };
                out.push(&rest[..1]);
                if inside.starts_with(close) {
                    out.push(&inside[..1]);
                    taken = rest.len() - inside.len() + 1;
                } else {
                    depth += 1;
                    out.begin(depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                out.begin(depth);
                out.push(&rest[..1]);
            }
            ',' => {
                out.push(",");
                out.begin(depth);
            }
            ':' => out.push(": "),
            c if c.is_ascii_whitespace() => {}
            _ => out.push(&rest[..taken]),
        }
        rest = &rest[taken..];
    }
}

/// Bytes of the string that `text` begins with, its quotes included; all of it if it does not end.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn xml(text: &str, out: &mut Lines) {
    let mut depth = 0_usize;
    // Whether the line has an element that nothing but text may follow.
    let mut is_open = false;
    let mut rest = text;
    while !rest.is_empty() && !out.is_full() {
        if !rest.starts_with('<') {
            let (words, more) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            let words = words.trim();
            if !words.is_empty() {
                if !is_open {
                    out.begin(depth);
                }
                out.push(words);
            }
            rest = more;
            continue;
        }
        let end = |sign: &str| rest.find(sign).map_or(rest.len(), |at| at + sign.len());
        let length = match rest {
            _ if rest.starts_with("<!--") => end("-->"),
            _ if rest.starts_with("<![CDATA[") => end("]]>"),
            _ => end(">"),
        };
        let (tag, more) = rest.split_at(length);
        rest = more;
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
            if !std::mem::take(&mut is_open) {
                out.begin(depth);
            }
            out.push(tag);
            continue;
        }
        if tag.starts_with("<![CDATA[") && is_open {
            out.push(tag);
            continue;
        }
        out.begin(depth);
        out.push(tag);
        is_open = !tag.starts_with("<?") && !tag.starts_with("<!") && !tag.ends_with("/>");
        depth += usize::from(is_open);
    }
}

fn query(text: &str, out: &mut Lines) {
    let decoded = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    for pair in text.trim().split('&').filter(|pair| !pair.is_empty()) {
        if out.is_full() {
            return;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        out.push(&format!("{} = {}", decoded(name), decoded(value)));
        out.end();
    }
}

/// What is no text: where, in hexadecimal, and the letters among it.
fn dump(bytes: &[u8]) -> Pretty {
    let rows = bytes[..bytes.len().min(MAX_BYTES)].chunks(ROW).enumerate();
    let lines = rows.map(|(row, bytes)| {
        let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let letter = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' };
        let letters: String = bytes.iter().map(letter).collect();
        format!("{:06x}  {:<47}  {letters}", row * ROW, pairs.join(" "))
    });
    Pretty { form: Form::Bytes, lines: lines.collect(), is_cut: bytes.len() > MAX_BYTES }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(bytes: &[u8], content_type: &str) -> (Form, String) {
        let made = pretty(bytes, Some(content_type).filter(|told| !told.is_empty()));
        (made.form, made.lines.join("\n"))
    }

    #[test]
    fn json_is_indented_and_its_numbers_and_escapes_are_left_alone() {
        let text =
            br#"{"a":[1.0,12345678901234567890123,{"b":{}}],"c":"x: [1, \"2\"] \u001b","d":[ ]}{"e":1}"#;
        let wanted = "{\n  \"a\": [\n    1.0,\n    12345678901234567890123,\n    {\n      \"b\": {}\n    }\n  ],\n  \
                      \"c\": \"x: [1, \\\"2\\\"] \\u001b\",\n  \"d\": []\n}\n{\n  \"e\": 1\n}";
        assert_eq!(shown(text, "application/x-amz-json-1.1"), (Form::Json, wanted.to_owned()));
    }

    #[test]
    fn a_body_that_was_cut_is_shown_as_far_as_it_goes() {
        assert_eq!(shown(b"{\"a\":{\"b\":\"c\xe4\xb8", "").1, "{\n  \"a\": {\n    \"b\": \"c");
        assert_eq!(shown(b"<a><b>text</b><c", "").1, "<a>\n  <b>text</b>\n  <c");
    }

    #[test]
    fn xml_stands_an_element_a_line() {
        let text = br#"<?xml version="1.0"?><R xmlns="x"><Owner><ID>1 &lt; 2</ID></Owner><Empty/><B></B><!-- no --><C><![CDATA[<x>]]></C></R>"#;
        let wanted = "<?xml version=\"1.0\"?>\n<R xmlns=\"x\">\n  <Owner>\n    <ID>1 &lt; 2</ID>\n  </Owner>\n  <Empty/>\n  \
                      <B></B>\n  <!-- no -->\n  <C><![CDATA[<x>]]></C>\n</R>";
        assert_eq!(shown(text, "text/xml"), (Form::Xml, wanted.to_owned()));
    }

    #[test]
    fn a_form_is_a_member_a_line() {
        let (form, text) = shown(b"Action=GetUser&Name=a+b%2Fc&Tag.1.Value=%1b%5b31m", "");
        assert_eq!(
            (form, text.as_str()),
            (Form::Query, "Action = GetUser\nName = a b/c\nTag.1.Value = \\e[31m")
        );
    }

    #[test]
    fn cbor_is_read_and_what_is_none_is_shown_in_bytes() {
        let (form, text) = shown(b"\xbf\x61a\x82\x01\x61b\xff", "application/cbor");
        assert_eq!((form, text.as_str()), (Form::Cbor, "{\n  \"a\": [\n    1,\n    \"b\"\n  ]\n}"));
        let (form, text) = shown(b"\0\0\0\xffabc", "application/vnd.amazon.eventstream");
        assert_eq!(form, Form::Bytes);
        assert!(text.starts_with("000000  00 00 00 ff 61 62 63 ") && text.ends_with("  ....abc"), "{text}");
    }

    #[test]
    fn no_body_becomes_more_than_can_be_shown() {
        for (byte, length) in
            [("[", 1 << 21), ("a", 1 << 22), ("<a>", 1 << 20), ("\n", 1 << 20), ("a=b&", 1 << 20)]
        {
            let made = pretty(byte.repeat(length).as_bytes(), None);
            let bytes: usize = made.lines.iter().map(String::len).sum();
            assert!(made.lines.len() <= MAX_LINES && bytes <= MAX_TEXT + 2 * MAX_LINE, "{byte:?}: {bytes}");
            assert!(made.is_cut, "{byte:?}");
        }
        assert!(pretty(&[0x81; 3 << 20], Some("application/cbor")).lines.len() < 300);
    }

    proptest! {
        #[test]
        fn prop_any_bytes_can_be_shown(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0..5_usize) {
            let told = ["", "application/json", "text/xml", "application/cbor", "application/x-www-form-urlencoded"][kind];
            for line in pretty(&bytes, Some(told)).lines {
                prop_assert!(!line.chars().any(crate::term::is_unsafe));
            }
        }

        #[test]
        fn prop_any_structure_can_be_shown(text in "[\\[\\]{}<>/!a\":,=&% \\\\\u{1b}é-]{0,80}") {
            for line in pretty(text.as_bytes(), None).lines {
                prop_assert!(!line.chars().any(crate::term::is_unsafe));
            }
        }
    }
}
