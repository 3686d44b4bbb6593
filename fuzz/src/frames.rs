//! Event streams: frames stay frames, and what no rule names stays as it was.

use std::sync::Arc;

use hoop::mask::Engine;
use hoop::mask::Frames;

/// Calls that are answered by a stream of events; of the first two every payload stays whole where nothing is masked.
const CALLS: [(&str, &str); 4] = [
    ("s3", "SelectObjectContent"),
    ("logs", "StartLiveTail"),
    ("lambda", "InvokeWithResponseStream"),
    ("bedrock-runtime", "ConverseStream"),
];

const TYPES: [&str; 8] = [
    "",
    "application/json",
    "text/plain",
    "application/octet-stream",
    "text/csv",
    "application/x-amz-json-1.1",
    "text/xml",
    "application/cbor",
];

const EVENTS: [&str; 4] = ["Records", "Cont", "chunk", "contentBlockDelta"];

/// Frames come out as frames, the same however they are cut; where nothing is masked nothing changes.
///
/// The first byte chooses the call (1, 2), or says that the rest is no frames at all (128); the second how it is cut. Then
/// frames follow: a byte for type and event, one for the length of the payload, the payload.
pub fn mask_frames(data: &[u8]) {
    let [flags, cut, rest @ ..] = data else { return };
    let (service, operation) = CALLS[usize::from(flags & 3)];
    let stream = if flags & 128 == 0 { framed(rest) } else { rest.to_vec() };
    let whole = masked((service, operation), &stream, stream.len().max(1));
    let pieces = masked((service, operation), &stream, usize::from(*cut) + 1);
    let shown = |out: &[u8]| untagged(&payloads(out).expect("what comes out is framed"));
    assert_eq!(
        whole.as_ref().map(|(out, is_masked)| (shown(out), *is_masked)),
        pieces.as_ref().map(|(out, is_masked)| (shown(out), *is_masked)),
        "cut into pieces of {}",
        usize::from(*cut) + 1
    );
    let Ok((out, is_masked)) = whole else { return };
    let before = payloads(&stream).expect("what was not framed was taken");
    let after = payloads(&out).expect("what comes out is framed");
    if !is_masked && flags & 3 < 2 {
        assert_eq!(before.concat().escape_ascii().to_string(), after.concat().escape_ascii().to_string());
    }
}

/// What comes out, and whether something was masked.
fn masked((service, operation): (&str, &str), stream: &[u8], cut: usize) -> Result<(Vec<u8>, bool), ()> {
    let action = format!("{service}:{operation}");
    let mut frames = Frames::new(Arc::new(Engine::builtin()), service, operation, &action);
    let mut out = Vec::new();
    for piece in stream.chunks(cut) {
        frames.push(piece, &mut out).map_err(drop)?;
    }
    frames.finish(&mut out).map_err(drop)?;
    Ok((out, !frames.take_masks().is_empty()))
}

/// The payloads without what each engine makes of its own: the last part of `hoopmask:kind:a1b2c3d4`.
fn untagged(payloads: &[&[u8]]) -> Vec<String> {
    let parts = |payload: &&[u8]| {
        let text = payload.escape_ascii().to_string();
        let parts = text.split("hoopmask:").enumerate().map(|(index, part)| match part.split_once(':') {
            Some((kind, rest)) if index > 0 => format!("{kind}:{}", rest.get(8..).unwrap_or_default()),
            _ => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("hoopmask:")
    };
    payloads.iter().map(parts).collect()
}

fn framed(mut rest: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while let [kind, length, more @ ..] = rest {
        let (payload, after) = more.split_at(usize::from(*length).min(more.len()));
        rest = after;
        let mut headers = text(":message-type", "event");
        headers.extend(text(":event-type", EVENTS[usize::from(kind >> 3 & 3)]));
        let content_type = TYPES[usize::from(kind & 7)];
        if !content_type.is_empty() {
            headers.extend(text(":content-type", content_type));
        }
        let start = stream.len();
        stream.extend((16 + headers.len() as u32 + payload.len() as u32).to_be_bytes());
        stream.extend((headers.len() as u32).to_be_bytes());
        stream.extend(crc32fast::hash(&stream[start..]).to_be_bytes());
        stream.extend(headers);
        stream.extend(payload);
        stream.extend(crc32fast::hash(&stream[start..]).to_be_bytes());
    }
    stream
}

fn text(name: &str, value: &str) -> Vec<u8> {
    let mut header = vec![name.len() as u8];
    header.extend(name.bytes());
    header.push(7);
    header.extend((value.len() as u16).to_be_bytes());
    header.extend(value.bytes());
    header
}

/// The payloads of all frames, whose lengths and checksums are right; `None`: they are not.
fn payloads(mut stream: &[u8]) -> Option<Vec<&[u8]>> {
    let number = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
    let mut found = Vec::new();
    while !stream.is_empty() {
        let (total, headers) = (number(stream.get(..4)?)? as usize, number(stream.get(4..8)?)? as usize);
        let frame = stream.get(..total)?;
        let (body, sum) = frame.split_at_checked(total.checked_sub(4)?)?;
        let right = crc32fast::hash(&frame[..8]) == number(frame.get(8..12)?)?
            && crc32fast::hash(body) == number(sum)?;
        found.push(body.get(12 + headers..).filter(|_| right)?);
        stream = &stream[total..];
    }
    Some(found)
}
