//! One line of an asciicast file. Written by hand because a recording has millions of them, and because a lone
//! surrogate, which older recorders wrote, must not cost the whole line.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::Event;
use super::Header;
use super::Kind;
use super::Theme;
use crate::types::Micros;

/// Longest time that counts, in microseconds: about 31,000 years. Larger ones are damage.
const MAX_TIME: f64 = 1e18;
/// The same, for sums.
pub(super) const LONGEST: u64 = MAX_TIME as u64;
/// Most events of a version 1 document, which is held in memory whole.
const MAX_V1_EVENTS: usize = 1 << 20;

/// A header of version 2 or 3 as it stands in the file; version 1 has its events inside.
#[derive(Deserialize)]
struct RawHeader {
    version: u8,
    width: Option<Cells>,
    height: Option<Cells>,
    term: Option<RawTerm>,
    timestamp: Option<f64>,
    idle_time_limit: Option<f64>,
    command: Option<String>,
    title: Option<String>,
    #[serde(default)]
    env: Option<BTreeMap<String, Option<String>>>,
    theme: Option<Theme>,
    #[serde(default)]
    stdout: Events,
}

/// Columns or rows. What is too large for any terminal is cut to the largest number there is.
#[derive(Clone, Copy)]
struct Cells(u16);

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        // A conversion from floats keeps within the integer's range.
        f64::deserialize(source).map(|cells| Self(cells as u16))
    }
}

/// The events of version 1, which stand in its header: pauses and texts.
#[derive(Default)]
struct Events(Vec<Event>);

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_seq(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Events;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of pauses and texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Events, A::Error> {
        let mut events = Vec::new();
        let mut time = 0_u64;
        while let Some((delay, data)) = list.next_element::<(f64, String)>()? {
            if events.len() == MAX_V1_EVENTS {
                return Err(de::Error::custom(format!("there are more than {MAX_V1_EVENTS} events")));
            }
            time = time.saturating_add(micros(delay).unwrap_or(0)).min(LONGEST);
            events.push(Event { time: Micros(time), kind: Kind::Output, data });
        }
        Ok(Events(events))
    }
}

#[derive(Deserialize)]
struct RawTerm {
    cols: Cells,
    rows: Cells,
    #[serde(rename = "type")]
    kind: Option<String>,
    theme: Option<Theme>,
}

/// Reads a header; for version 1 with the events that it holds.
pub(super) fn header(text: &[u8]) -> Result<(Header, Vec<Event>), String> {
    // A byte that is no text costs a sign of the title, not the recording.
    let text = String::from_utf8_lossy(text);
    let raw: RawHeader = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if !(1..=3).contains(&raw.version) {
        return Err(format!("version {} of the format is not known (1, 2 and 3 are)", raw.version));
    }
    let (cols, rows) = match (&raw.term, raw.width, raw.height) {
        (Some(term), ..) => (term.cols, term.rows),
        (None, Some(width), Some(height)) => (width, height),
        _ => return Err("the size of the terminal is missing".to_owned()),
    };
    let env: BTreeMap<String, String> =
        raw.env.unwrap_or_default().into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let (term_type, term_theme) = raw.term.map(|term| (term.kind, term.theme)).unwrap_or_default();
    let header = Header {
        version: raw.version,
        cols: cols.0,
        rows: rows.0,
        timestamp: raw.timestamp.filter(|at| *at >= 0.0).map(|at| at as u64),
        idle_time_limit: raw.idle_time_limit.filter(|limit| *limit > 0.0),
        command: raw.command,
        title: raw.title,
        term_type: term_type.or_else(|| env.get("TERM").cloned()),
        env,
        theme: raw.theme.or(term_theme),
    };
    Ok((header, raw.stdout.0))
}

/// Reads `[TIME, "CODE", "DATA"]`; gives the time in microseconds as it stands there.
pub(super) fn event(line: &[u8]) -> Result<(u64, Kind, String), String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut cursor = Cursor { text, at: 0 };
    cursor.expect(b'[')?;
    let time = cursor.number()?;
    cursor.expect(b',')?;
    let code = cursor.string()?;
    cursor.expect(b',')?;
    let data = cursor.string()?;
    cursor.expect(b']')?;
    cursor.space();
    if cursor.at != text.len() {
        return Err(format!("there is more after the event, at byte {}", cursor.at + 1));
    }
    let Some(code) = code.chars().next() else { return Err("the kind of event is empty".to_owned()) };
    Ok((time, Kind::from(code), data))
}

/// Seconds to whole microseconds; none for what is no time.
fn micros(seconds: f64) -> Option<u64> {
    let micros = (seconds * 1e6).round();
    (0.0..=MAX_TIME).contains(&micros).then_some(micros as u64)
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        self.space();
        match self.rest().first() {
            Some(found) if *found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(format!("`{}` expected at byte {}", char::from(byte), self.at + 1)),
            None => Err(format!("it ends where `{}` is expected", char::from(byte))),
        }
    }

    fn number(&mut self) -> Result<u64, String> {
        self.space();
        let is_part = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
        let length = self.rest().iter().take_while(is_part).count();
        let digits = &self.text[self.at..self.at + length];
        let time = plain_micros(digits).or_else(|| micros(digits.parse().ok()?));
        let time = time.ok_or_else(|| format!("no time at byte {}", self.at + 1))?;
        self.at += length;
        Ok(time)
    }

    fn string(&mut self) -> Result<String, String> {
        self.expect(b'"')?;
        let mut out = String::new();
        loop {
            let Some(plain) = memchr::memchr2(b'"', b'\\', self.rest()) else {
                return Err("it ends inside a text".to_owned());
            };
            out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain + 1;
            if self.text.as_bytes()[self.at - 1] == b'"' {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let byte = self.rest().first().copied().ok_or("it ends inside an escape")?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => return self.unicode(),
            _ => return Err(format!("unknown escape at byte {}", self.at)),
        })
    }

    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex()?;
        if let Some(letter) = char::from_u32(first) {
            return Ok(letter);
        }
        if first < 0xDC00 && self.rest().starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self.rest().get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits =
            digits.ok_or_else(|| format!("four hexadecimal digits expected at byte {}", self.at + 1))?;
        self.at += 4;
        let value = |digit: &u8| char::from(*digit).to_digit(16).unwrap_or(0);
        Ok(digits.iter().fold(0, |code, digit| code * 16 + value(digit)))
    }
}

/// `SECONDS.FRACTION` with at most six digits after the point, exactly; none for any other shape.
fn plain_micros(digits: &str) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() > 12 || fraction.len() > 6 {
        return None;
    }
    let mut value = 0_u64;
    for byte in whole.bytes().chain(fraction.bytes()) {
        value = value * 10 + u64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
    }
    Some(value * 10_u64.pow(6 - fraction.len() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_spelling_are_read() {
        for (text, micros) in [
            ("0", 0),
            ("1.5", 1_500_000),
            ("0.000001", 1),
            ("1e-05", 10),
            ("2.4999999999", 2_500_000),
            ("12", 12_000_000),
        ] {
            assert_eq!(event(format!("[{text}, \"o\", \"x\"]").as_bytes()).unwrap().0, micros, "{text}");
        }
        for text in ["-1", "", "1e99", "nan", "."] {
            assert!(event(format!("[{text}, \"o\", \"x\"]").as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn many_endless_pauses_are_no_overflow() {
        let pauses = vec![r#"[9e11,"x"]"#; 40].join(",");
        let text = format!(r#"{{"version":1,"width":80,"height":24,"stdout":[{pauses}]}}"#);
        let (_, events) = header(text.as_bytes()).unwrap();
        assert!(events.is_sorted_by_key(|event| event.time) && events.len() == 40);
    }

    #[test]
    fn sizes_that_no_terminal_has_are_cut() {
        for (text, size) in [("0", 0), ("-3", 0), ("65536", 65_535), ("1e99", 65_535), ("80.5", 80)] {
            let text = format!(r#"{{"version":2,"width":{text},"height":24}}"#);
            assert_eq!(header(text.as_bytes()).unwrap().0.cols, size, "{text}");
        }
        assert!(header(br#"{"version":2,"width":"x","height":24}"#).is_err());
    }

    #[test]
    fn a_document_of_too_many_events_is_refused() {
        let text = format!(
            r#"{{"version":1,"width":8,"height":2,"stdout":[{}[0,""]]}}"#,
            r#"[0,""],"#.repeat(MAX_V1_EVENTS)
        );
        assert!(header(text.as_bytes()).unwrap_err().contains("more than 1048576 events"));
    }

    #[test]
    fn json_of_any_depth_is_no_matter() {
        for text in ["[".repeat(3_000_000), r#"{"version":2,"env":"#.to_owned() + &"[".repeat(3_000_000)] {
            assert!(header(text.as_bytes()).is_err());
        }
        assert!(event(&[b"[1,\"o\",".as_slice(), &[b'['; 1_000_000]].concat()).is_err());
    }

    #[test]
    fn escapes_are_undone_and_lone_surrogates_replaced() {
        let line = br#"[1,"o","a\"\\\/\b\f\n\r\t\u001b\u00e9\ud83d\ude00\ud83dx\ude00\ud83d\u0041"]"#;
        assert_eq!(event(line).unwrap().2, "a\"\\/\u{8}\u{c}\n\r\t\u{1b}é😀\u{fffd}x\u{fffd}\u{fffd}A");
    }

    #[test]
    fn a_bad_line_says_why() {
        for (line, why) in [
            (&b"{}"[..], "`[` expected at byte 1"),
            (b"[1,\"o\"]", "`,` expected at byte 7"),
            (b"[1,\"o\",\"abc", "it ends inside a text"),
            (b"[1,\"\",\"abc\"]", "the kind of event is empty"),
            (b"[1,\"o\",\"abc\"] x", "there is more after the event, at byte 15"),
            (b"[1,\"o\",\"\\u12\"]", "four hexadecimal digits expected at byte 11"),
            (b"[1,\"o\",\"\xff\"]", "it is not UTF-8"),
        ] {
            assert_eq!(event(line).unwrap_err(), why);
        }
    }
}
