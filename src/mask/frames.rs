//! Event streams (`application/vnd.amazon.eventstream`): each frame is read, its payload masked by its own type, and the
//! frame written again with true lengths and checksums. A frame without a secret passes byte for byte.
//!
//! A frame is prelude (length of the whole, length of the headers, CRC-32 of both), headers, payload, and the CRC-32 of
//! all that; numbers are big-endian.

use std::ops::Range;
use std::sync::Arc;

use super::BodyContext;
use super::Direction;
use super::Engine;
use super::Masks;
use super::Stream;
use super::body::is_textual;
use super::deltas::Deltas;
use super::deltas::Taken;
use super::lines::Lines;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// The longest frame: 24 MiB of payload and 128 KiB of headers is what AWS's own readers take.
pub const LONGEST_FRAME: usize = (24 << 20) + (128 << 10) + OVERHEAD;
/// Prelude and final checksum.
const OVERHEAD: usize = 16;
const PRELUDE: usize = 12;
/// Frames between two pieces of a text that say nothing of the text's end.
const BETWEEN: &[&str] = &["Cont", "Progress"];

/// Masks one stream of frames.
#[derive(Debug)]
pub struct Frames {
    engine: Arc<Engine>,
    service: String,
    operation: String,
    action: String,
    /// The beginning of a frame that has not come whole.
    waiting: Vec<u8>,
    raw: Option<Raw>,
    /// What a model says, piece by piece.
    deltas: Option<Deltas>,
    masks: Masks,
    /// Why nothing may pass any more.
    broken: bool,
}

/// Content that is cut into frames wherever it happened to be: one text over all of them.
#[derive(Debug)]
struct Raw {
    /// The headers of its frames.
    headers: Vec<u8>,
    mask: RawMask,
}

#[derive(Debug)]
enum RawMask {
    /// A text without a structure.
    Text(Box<Stream>),
    /// Rows, one on each line, of which columns are to be hidden.
    Rows(Box<Lines>),
    /// No text.
    Binary,
}

/// A frame that has come whole.
struct Frame<'a> {
    whole: &'a [u8],
    headers: &'a [u8],
    payload: &'a [u8],
}

impl Frames {
    /// For the answer to one call: `service` and `operation` in botocore's words, and its IAM `action`.
    #[must_use]
    pub fn new(engine: Arc<Engine>, service: &str, operation: &str, action: &str) -> Self {
        Self {
            deltas: Deltas::new(&engine, service),
            engine,
            service: service.to_owned(),
            operation: operation.to_owned(),
            action: action.to_owned(),
            waiting: Vec::new(),
            raw: None,
            masks: Masks::default(),
            broken: false,
        }
    }

    /// Takes `input` and appends to `out` the frames that have come whole, masked.
    ///
    /// Fails with `Record` on what is no frame, a wrong checksum, a frame over [`LONGEST_FRAME`], and content that a
    /// rule says must be masked and that cannot be read. Nothing may follow then; `out` has the frames before it.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if self.broken {
            return Err(wrong("it has been given up"));
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.extend_from_slice(input);
        let mut at = 0;
        while let Some(length) = length(&waiting[at..]).inspect_err(|_| self.broken = true)? {
            let Some(whole) = waiting.get(at..at + length) else { break };
            let taken = read(whole).and_then(|frame| self.frame(&frame, out));
            taken.inspect_err(|_| self.broken = true)?;
            at += length;
        }
        waiting.drain(..at);
        self.waiting = waiting;
        Ok(())
    }

    /// The stream has ended: text that was kept back leaves. Fails with `Record` if it ends inside a frame.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        if self.broken || !self.waiting.is_empty() {
            self.broken = true;
            return Err(wrong("it ends inside a frame"));
        }
        let left = self.deltas.as_mut().map(|deltas| deltas.finish(&mut self.masks)).unwrap_or_default();
        for (headers, payload) in left {
            self.event(&headers, &payload, None, out)?;
        }
        self.end_raw(out)
    }

    /// What was masked since the last call.
    pub fn take_masks(&mut self) -> Masks {
        std::mem::take(&mut self.masks)
    }

    fn frame(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<()> {
        let kind = header(frame.headers, ":event-type").unwrap_or_default();
        if BETWEEN.contains(&kind) {
            out.extend_from_slice(frame.whole);
            return Ok(());
        }
        let content_type = header(frame.headers, ":content-type").unwrap_or_default().to_owned();
        let is_raw = matches!(content_type.as_str(), "" | "application/octet-stream" | "text/plain")
            || content_type.ends_with("/csv");
        if is_raw && !frame.payload.is_empty() {
            return self.raw(frame, &content_type, out);
        }
        self.end_raw(out)?;
        if frame.payload.is_empty() {
            out.extend_from_slice(frame.whole);
            return Ok(());
        }
        let taken = match &mut self.deltas {
            Some(deltas) => deltas.take(kind, frame.headers, frame.payload, &mut self.masks),
            None => Taken::default(),
        };
        for (headers, payload) in taken.before {
            self.event(&headers, &payload, None, out)?;
        }
        match &taken.payload {
            Some(payload) => self.event(frame.headers, payload, None, out),
            None => self.event(frame.headers, frame.payload, Some(frame.whole), out),
        }
    }

    /// Masks an event by its structure and writes it; `whole`: as it came, if it has not been changed yet.
    fn event(
        &mut self,
        headers: &[u8],
        payload: &[u8],
        whole: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let what = BodyContext {
            service: &self.service,
            operation: &self.operation,
            action: &self.action,
            content_type: header(headers, ":content-type").unwrap_or_default(),
            direction: Direction::Response,
        };
        let masked = self.engine.body(&what, payload)?;
        self.masks.merge(masked.masks);
        match whole {
            Some(whole) if !masked.changed => out.extend_from_slice(whole),
            _ => write(headers, &masked.bytes, out)?,
        }
        Ok(())
    }

    /// A piece of content: masked together with what came before it.
    fn raw(&mut self, frame: &Frame<'_>, content_type: &str, out: &mut Vec<u8>) -> Result<()> {
        if self.raw.as_ref().is_some_and(|raw| raw.headers != frame.headers) {
            self.end_raw(out)?;
        }
        let raw = match &mut self.raw {
            Some(raw) => raw,
            none => {
                let paths = self.engine.row_paths(&self.action);
                let mask = if !paths.is_empty() {
                    RawMask::Rows(Box::new(Lines::new(Arc::clone(&self.engine), paths)))
                } else if is_textual(content_type, frame.payload) {
                    RawMask::Text(Box::new(self.engine.stream()))
                } else {
                    RawMask::Binary
                };
                none.insert(Raw { headers: frame.headers.to_vec(), mask })
            }
        };
        let mut shown = Vec::with_capacity(frame.payload.len());
        match &mut raw.mask {
            RawMask::Text(stream) => {
                stream.push(frame.payload, &mut shown);
                self.masks.merge(stream.take_masks());
            }
            RawMask::Rows(lines) => lines.push(frame.payload, &mut shown, &mut self.masks)?,
            RawMask::Binary => shown.extend_from_slice(frame.payload),
        }
        if shown == frame.payload {
            out.extend_from_slice(frame.whole);
        } else if !shown.is_empty() {
            write(frame.headers, &shown, out)?;
        }
        Ok(())
    }

    /// What was kept back of a content leaves in a frame of its own.
    fn end_raw(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let Some(mut raw) = self.raw.take() else { return Ok(()) };
        let mut shown = Vec::new();
        match &mut raw.mask {
            RawMask::Text(stream) => {
                stream.finish(&mut shown);
                self.masks.merge(stream.take_masks());
            }
            RawMask::Rows(lines) => lines.finish(&mut shown, &mut self.masks)?,
            RawMask::Binary => {}
        }
        if shown.is_empty() { Ok(()) } else { write(&raw.headers, &shown, out) }
    }
}

fn wrong(why: &str) -> Error {
    Error::new(Kind::Record, "the event stream cannot be masked")
        .why(why.to_owned())
        .fix("run the call outside this session, or report the stream's format")
}

/// A big-endian number.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The length of the frame that begins here; `None`: its prelude has not come whole.
fn length(bytes: &[u8]) -> Result<Option<usize>> {
    let (Some(total), Some(headers), Some(sum)) = (number(bytes, 0), number(bytes, 4), number(bytes, 8))
    else {
        return Ok(None);
    };
    // Before a length is believed.
    if crc32fast::hash(&bytes[..8]) != sum {
        return Err(wrong("the checksum of a frame's prelude is wrong"));
    }
    let (total, headers) = (total as usize, headers as usize);
    if !(OVERHEAD..=LONGEST_FRAME).contains(&total) || headers > total - OVERHEAD {
        return Err(wrong("the lengths of a frame are not possible"));
    }
    Ok(Some(total))
}

/// Takes a whole frame apart; its length has been checked.
fn read(whole: &[u8]) -> Result<Frame<'_>> {
    let end = whole.len().saturating_sub(4);
    let headers = number(whole, 4).unwrap_or_default() as usize;
    if number(whole, end) != Some(crc32fast::hash(&whole[..end])) {
        return Err(wrong("the checksum of a frame is wrong"));
    }
    let cut = PRELUDE + headers;
    let parts = whole.get(PRELUDE..cut).zip(whole.get(cut..end));
    let (headers, payload) = parts.ok_or_else(|| wrong("the lengths of a frame are not possible"))?;
    Ok(Frame { whole, headers, payload })
}

/// Appends a frame.
fn write(headers: &[u8], payload: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let total = OVERHEAD + headers.len() + payload.len();
    let too_long = |_| wrong("a masked frame is too long");
    let start = out.len();
    out.extend(u32::try_from(total).map_err(too_long)?.to_be_bytes());
    out.extend(u32::try_from(headers.len()).map_err(too_long)?.to_be_bytes());
    out.extend(crc32fast::hash(&out[start..]).to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend(crc32fast::hash(&out[start..]).to_be_bytes());
    Ok(())
}

/// The text of a header; `None`: it is not there, or the headers cannot be read.
fn header<'a>(headers: &'a [u8], wanted: &str) -> Option<&'a str> {
    let mut at = 0;
    while at < headers.len() {
        let name = take(headers, &mut at, 1)?;
        let name = take(headers, &mut at, usize::from(headers[name.start]))?;
        let kind = take(headers, &mut at, 1)?;
        let length = match headers[kind.start] {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            9 => 16,
            6 | 7 => {
                let length = take(headers, &mut at, 2)?;
                usize::from(u16::from_be_bytes(headers[length].try_into().ok()?))
            }
            _ => return None,
        };
        let value = take(headers, &mut at, length)?;
        if headers[kind.start] == 7 && &headers[name] == wanted.as_bytes() {
            return std::str::from_utf8(&headers[value]).ok();
        }
    }
    None
}

/// The next `count` bytes.
fn take(bytes: &[u8], at: &mut usize, count: usize) -> Option<Range<usize>> {
    let range = *at..at.checked_add(count)?;
    bytes.get(range.clone())?;
    *at = range.end;
    Some(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::UserRule;

    fn text_header(name: &str, value: &str) -> Vec<u8> {
        let mut header = vec![u8::try_from(name.len()).unwrap()];
        header.extend(name.as_bytes());
        header.push(7);
        header.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        header.extend(value.as_bytes());
        header
    }

    fn frame(kind: &str, content_type: &str, payload: &[u8]) -> Vec<u8> {
        let mut headers = text_header(":message-type", "event");
        headers.extend([1, b'n', 4, 0, 0, 0, 9, 1, b't', 0]);
        headers.extend(text_header(":event-type", kind));
        if !content_type.is_empty() {
            headers.extend(text_header(":content-type", content_type));
        }
        let mut out = Vec::new();
        write(&headers, payload, &mut out).unwrap();
        out
    }

    fn frames(engine: Engine, service: &str, operation: &str) -> Frames {
        Frames::new(Arc::new(engine), service, operation, &format!("{service}:{operation}"))
    }

    /// All payloads, each frame checked.
    fn payloads(mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let (one, rest) = bytes.split_at(length(bytes).unwrap().unwrap());
            found.push(read(one).unwrap().payload.to_vec());
            bytes = rest;
        }
        found
    }

    fn all(frames: &mut Frames, input: &[u8], step: usize) -> Vec<u8> {
        let mut out = Vec::new();
        input.chunks(step).for_each(|piece| frames.push(piece, &mut out).unwrap());
        frames.finish(&mut out).unwrap();
        out
    }

    #[test]
    fn a_frame_with_a_secret_is_made_anew_and_the_others_pass() {
        let plain = frame("sessionStart", "application/json", br#"{"a": 1.0}"#);
        let secret = frame("sessionUpdate", "application/json", br#"{"m":"password=Falcon2019!","n":1}"#);
        let input = [&plain[..], &secret, &plain].concat();
        for step in [1, 7, 1 << 20] {
            let mut frames = frames(Engine::builtin(), "logs", "StartLiveTail");
            let out = all(&mut frames, &input, step);
            assert!(out.starts_with(&plain) && out.ends_with(&plain));
            let shown = String::from_utf8(payloads(&out).swap_remove(1)).unwrap();
            assert!(
                shown.starts_with(r#"{"m":"password=hoopmask:"#) && shown.ends_with(r#"","n":1}"#),
                "{shown}"
            );
            assert_eq!(frames.take_masks().total(), 1);
        }
    }

    #[test]
    fn a_secret_that_two_frames_share_is_hidden() {
        let piece = |text: &str| frame("Records", "application/octet-stream", text.as_bytes());
        let keep = frame("Cont", "", b"");
        let (stats, end) = (frame("Stats", "text/xml", b"<Stats><a>1</a></Stats>"), frame("End", "", b""));
        let input =
            [&piece("a,AKIAQ3EGSD")[..], &keep, &piece("FG7XK2PLMN,b\nghp_ab"), &stats, &end].concat();
        let mut frames = frames(Engine::builtin(), "s3", "SelectObjectContent");
        let out = all(&mut frames, &input, 3);
        let text: Vec<u8> =
            payloads(&out).into_iter().filter(|text| !text.starts_with(b"<")).flatten().collect();
        assert_eq!(text.len(), "a,AKIAQ3EGSDFG7XK2PLMN,b\nghp_ab".len());
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains("FG7XK2PLMN") && text.contains(",b\nghp_ab"), "{text}");
        assert!(out.ends_with(&[&stats[..], &end].concat()));
    }

    #[test]
    fn a_secret_that_a_model_says_in_pieces_is_hidden() {
        let piece = |text: &str| {
            let payload = format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{text}"}},"p":"abc"}}"#);
            frame("contentBlockDelta", "application/json", payload.as_bytes())
        };
        let stop = frame("contentBlockStop", "application/json", br#"{"contentBlockIndex":0}"#);
        let input = [
            piece("Your key: AKIAQ3EGSD"),
            piece("FG7XK2PLMN."),
            piece("Bye."),
            stop.clone(),
            piece("AKIAQ3"),
            stop.clone(),
        ]
        .concat();
        for step in [1, 50, 1 << 20] {
            let mut frames = frames(Engine::builtin(), "bedrock-runtime", "ConverseStream");
            let out = all(&mut frames, &input, step);
            let text: Vec<String> =
                payloads(&out).into_iter().map(|one| String::from_utf8(one).unwrap()).collect();
            assert!(!text.concat().contains("FG7XK2PLMN") && text[0].contains("Your key: AKIA"), "{text:?}");
            assert!(text[2].contains("Bye") && text[3].starts_with(r#"{"contentBlockIndex":0}"#), "{text:?}");
            assert!(text[text.len() - 2].contains("AKIAQ3") && out.ends_with(&stop), "{text:?}");
            assert_eq!(frames.take_masks().total(), 1);
        }
        let mut others = frames(Engine::builtin(), "transcribe", "StartStreamTranscription");
        assert_eq!(all(&mut others, &piece("AKIAQ3"), 9), piece("AKIAQ3"), "no model's");
    }

    #[test]
    fn rows_are_masked_by_column() {
        let rule = UserRule {
            name: "cards".into(),
            actions: vec!["s3:SelectObjectContent".into()],
            columns: vec!["card".into()],
            ..UserRule::default()
        };
        let piece = |text: &str| frame("Records", "application/octet-stream", text.as_bytes());
        let json = [piece("{\"id\":1,\"card\":\"41"), piece("11 2222\"}\n{\"id\":2,\"card\":3}\n")].concat();
        let engine = || Engine::with_rules(std::slice::from_ref(&rule)).unwrap();
        let out = all(&mut frames(engine(), "s3", "SelectObjectContent"), &json, 5);
        let text = String::from_utf8(payloads(&out).concat()).unwrap();
        assert!(text.starts_with("{\"id\":1,\"card\":\"hoopmask:card:"), "{text}");
        assert!(text.ends_with("\"}\n{\"id\":2,\"card\":0}\n"), "{text}");
        let csv = piece("1,4111 2222\n");
        let mut out = Vec::new();
        let mut frames = frames(engine(), "s3", "SelectObjectContent");
        assert!(frames.push(&csv, &mut out).is_err() && out.is_empty());
        assert!(frames.push(&json, &mut out).is_err(), "nothing passes after a failure");
    }

    #[test]
    fn what_is_no_frame_does_not_pass() {
        let good = frame("a", "application/json", b"{}");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let mut out = Vec::new();
            let mut frames = frames(Engine::builtin(), "logs", "StartLiveTail");
            let taken = frames.push(&bad, &mut out).and_then(|()| frames.finish(&mut out));
            assert!(taken.is_err() && out.is_empty(), "byte {at}");
        }
        let mut frames = frames(Engine::builtin(), "logs", "StartLiveTail");
        let mut out = Vec::new();
        frames.push(&good[..good.len() - 1], &mut out).unwrap();
        assert!(frames.finish(&mut out).is_err() && out.is_empty());
        // A length that nobody sends is not waited for.
        let mut long = vec![0x7f, 0, 0, 0, 0, 0, 0, 0];
        long.extend(crc32fast::hash(&long).to_be_bytes());
        assert!(Frames::new(Arc::new(Engine::builtin()), "x", "y", "x:y").push(&long, &mut out).is_err());
    }
}
