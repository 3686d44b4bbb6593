//! Writing asciicast 2 and 3: events are appended as lines to a buffer that the caller owns.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Event;
use super::Header;
use super::escape::escape;
use crate::types::Micros;

/// Most bytes of output in one event; a longer piece becomes several.
const MAX_PIECE: usize = 64 << 10;

/// Which version is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Version 2: times count from the start.
    V2,
    /// Version 3: times count from the event before, in whole microseconds, so that their sum does not drift.
    V3,
}

/// Turns what happens on a terminal into lines of an asciicast file.
///
/// Times are microseconds since the recording began; one that lies before its predecessor counts as equal to it.
/// Nothing here allocates but the buffer that the lines are appended to.
#[derive(Clone, Debug)]
pub struct Writer {
    form: Form,
    last: Micros,
    output: Carry,
    input: Carry,
    not_text: u64,
}

/// The first bytes of a character whose last bytes have not come yet.
#[derive(Clone, Debug, Default)]
struct Carry {
    bytes: [u8; 3],
    length: usize,
}

impl Writer {
    /// A writer at time 0.
    #[must_use]
    pub fn new(form: Form) -> Self {
        Self { form, last: Micros(0), output: Carry::default(), input: Carry::default(), not_text: 0 }
    }

    /// The first line of the file. `header.version` is ignored: the form says which it is.
    pub fn header(&self, header: &Header, out: &mut Vec<u8>) {
        let mut object = match self.form {
            Form::V2 => json!({"version": 2, "width": header.cols, "height": header.rows}),
            Form::V3 => json!({"version": 3, "term": {"cols": header.cols, "rows": header.rows}}),
        };
        let mut env = header.env.clone();
        if let Some(term) = &header.term_type {
            match self.form {
                Form::V2 => drop(env.entry("TERM".to_owned()).or_insert_with(|| term.clone())),
                Form::V3 => object["term"]["type"] = json!(term),
            }
        }
        if let Some(theme) = &header.theme {
            match self.form {
                Form::V2 => object["theme"] = json!(theme),
                Form::V3 => object["term"]["theme"] = json!(theme),
            }
        }
        if let Some(timestamp) = header.timestamp {
            object["timestamp"] = json!(timestamp);
        }
        if let Some(limit) = header.idle_time_limit {
            object["idle_time_limit"] = json!(limit);
        }
        if let Some(command) = &header.command {
            object["command"] = json!(command);
        }
        if let Some(title) = &header.title {
            object["title"] = json!(title);
        }
        if !env.is_empty() {
            object["env"] = json!(env);
        }
        out.extend_from_slice(object.to_string().as_bytes());
        out.push(b'\n');
    }

    /// What the program wrote. A character that is cut at the end of `bytes` waits for its rest.
    pub fn output(&mut self, at: Micros, bytes: &[u8], out: &mut Vec<u8>) {
        for piece in bytes.chunks(MAX_PIECE) {
            let piece = std::mem::take(&mut self.output).before(piece);
            self.output = self.bytes(at, 'o', &piece, out);
        }
    }

    /// What the person typed; as [`Writer::output`].
    pub fn input(&mut self, at: Micros, bytes: &[u8], out: &mut Vec<u8>) {
        for piece in bytes.chunks(MAX_PIECE) {
            let piece = std::mem::take(&mut self.input).before(piece);
            self.input = self.bytes(at, 'i', &piece, out);
        }
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, at: Micros, cols: u16, rows: u16, out: &mut Vec<u8>) {
        self.line(at, 'r', &format!("{cols}x{rows}"), out);
    }

    /// A place with a name.
    pub fn marker(&mut self, at: Micros, text: &str, out: &mut Vec<u8>) {
        self.line(at, 'm', text, out);
    }

    /// The program ended; characters that were cut for good are written first.
    pub fn exit(&mut self, at: Micros, status: i32, out: &mut Vec<u8>) {
        self.finish(at, out);
        self.line(at, 'x', &status.to_string(), out);
    }

    /// An event as it is, from another recording.
    pub fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        self.line(event.time, event.kind.code(), &event.data, out);
    }

    /// Writes what still waits for the rest of its character.
    pub fn finish(&mut self, at: Micros, out: &mut Vec<u8>) {
        for (code, carry) in [('o', std::mem::take(&mut self.output)), ('i', std::mem::take(&mut self.input))]
        {
            if carry.length > 0 {
                self.not_text(at, code, &carry.bytes[..carry.length], out);
            }
        }
    }

    /// How many events held bytes that are not text.
    #[must_use]
    pub fn not_text_events(&self) -> u64 {
        self.not_text
    }

    /// Writes `bytes` but for an unfinished character at their end, which is given back.
    fn bytes(&mut self, at: Micros, code: char, bytes: &[u8], out: &mut Vec<u8>) -> Carry {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                let (done, open) = bytes.split_at(error.valid_up_to());
                let carry = Carry::of(open);
                if let Ok(text) = std::str::from_utf8(done)
                    && !text.is_empty()
                {
                    self.line(at, code, text, out);
                }
                return carry;
            }
            Err(_) => {
                let (done, open) = bytes.split_at(bytes.len() - open_at_end(bytes));
                let carry = Carry::of(open);
                self.not_text(at, code, done, out);
                return carry;
            }
        };
        if !text.is_empty() {
            self.line(at, code, text, out);
        }
        Carry::default()
    }

    fn not_text(&mut self, at: Micros, code: char, bytes: &[u8], out: &mut Vec<u8>) {
        self.not_text += 1;
        self.line(at, code, &String::from_utf8_lossy(bytes), out);
        self.line(at, 'b', &STANDARD.encode(bytes), out);
    }

    fn line(&mut self, at: Micros, code: char, text: &str, out: &mut Vec<u8>) {
        let at = at.max(self.last);
        let time = match self.form {
            Form::V2 => at.0,
            Form::V3 => at.0 - self.last.0,
        };
        self.last = at;
        out.push(b'[');
        seconds(time, out);
        out.extend_from_slice(b", \"");
        escape(code.encode_utf8(&mut [0; 4]), out);
        out.extend_from_slice(b"\", \"");
        escape(text, out);
        out.extend_from_slice(b"\"]\n");
    }
}

impl Carry {
    /// `open` has at most three bytes: a fourth would make the character whole.
    fn of(open: &[u8]) -> Self {
        let mut carry = Self { bytes: [0; 3], length: open.len().min(3) };
        carry.bytes[..carry.length].copy_from_slice(&open[..carry.length]);
        carry
    }

    /// What waited and what came after it; copies only when something waited.
    fn before(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self.length {
            0 => Cow::Borrowed(bytes),
            length => Cow::Owned([&self.bytes[..length], bytes].concat()),
        }
    }
}

/// How many bytes at the end begin a character that more bytes could finish.
fn open_at_end(bytes: &[u8]) -> usize {
    (1..=bytes.len().min(3))
        .find(|length| {
            let tail = &bytes[bytes.len() - length..];
            matches!(std::str::from_utf8(tail), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(0)
}

/// Appends microseconds as decimal seconds with six digits.
fn seconds(micros: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 24];
    let mut at = digits.len();
    let mut rest = micros;
    for place in 0.. {
        if place == 6 {
            at -= 1;
            digits[at] = b'.';
        }
        if place > 6 && rest == 0 {
            break;
        }
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_six_digits() {
        for (micros, text) in
            [(0, "0.000000"), (1, "0.000001"), (1_234_567, "1.234567"), (u64::MAX, "18446744073709.551615")]
        {
            let mut out = Vec::new();
            seconds(micros, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn a_character_cut_in_two_is_one_event_later() {
        let mut out = Vec::new();
        let mut writer = Writer::new(Form::V3);
        writer.output(Micros(5), b"a\xe4\xb8", &mut out);
        writer.output(Micros(7), b"\xad", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "[0.000005, \"o\", \"a\"]\n[0.000002, \"o\", \"中\"]\n");
    }

    #[test]
    fn bytes_that_are_not_text_follow_in_base64() {
        let mut out = Vec::new();
        let mut writer = Writer::new(Form::V2);
        writer.output(Micros(5), b"a\xffb\xe4", &mut out);
        writer.exit(Micros(6), 0, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "[0.000005, \"o\", \"a\u{fffd}b\"]\n[0.000005, \"b\", \"Yf9i\"]\n[0.000006, \"o\", \"\u{fffd}\"]\n\
             [0.000006, \"b\", \"5A==\"]\n[0.000006, \"x\", \"0\"]\n"
        );
        assert_eq!(writer.not_text_events(), 2);
    }

    #[test]
    fn a_header_has_the_shape_of_its_version() {
        let header = Header {
            cols: 80,
            rows: 24,
            timestamp: Some(1),
            command: Some("aws".into()),
            term_type: Some("xterm".into()),
            ..Header::default()
        };
        let line = |form| {
            let mut out = Vec::new();
            Writer::new(form).header(&header, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            line(Form::V3),
            "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24,\"type\":\"xterm\"},\"timestamp\":1,\"command\":\"aws\"}\n"
        );
        assert_eq!(
            line(Form::V2),
            "{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":1,\"command\":\"aws\",\"env\":{\"TERM\":\"xterm\"}}\n"
        );
    }
}
