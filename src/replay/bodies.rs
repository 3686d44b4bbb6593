//! What a call sent and got, read from the record when somebody wants to see it.

use std::fs::File;
use std::io::BufReader;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use crate::audit;
use crate::audit::BodyRef;
use crate::audit::CallBegin;
use crate::audit::CallEnd;
use crate::audit::Event;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::mask;
use crate::record;
use crate::replay::entries::Lines;
use crate::replay::facts;
use crate::replay::pretty::Form;
use crate::replay::pretty::pretty;

/// So many stars in a row stand for something that was masked.
const STARS: usize = 4;

/// A part of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is: `parameters`, `request`, `response`.
    pub name: &'static str,
    /// What there is to say about it: form, size, what is missing.
    pub note: String,
    /// What it is made of.
    pub form: Form,
    /// Its lines.
    pub lines: Vec<String>,
    /// How many masked values are in them.
    pub masked: usize,
    /// Why it cannot be shown, if it cannot.
    pub trouble: Option<String>,
}

/// Reads the parts of the call that the audit log tells of at `lines`; what cannot be read is a part that says why.
/// `stop` says that nobody wants to know any more.
pub fn read(audit: &Path, lines: Lines, stop: &dyn Fn() -> bool) -> Vec<Part> {
    let folder = audit.parent().unwrap_or(audit);
    let mut parts = Vec::new();
    let begin = match line(audit, lines.begin) {
        Ok(Event::CallBegin(begin)) => Some(begin),
        Ok(_) => return vec![trouble("request", "there is no call at this place of the audit log")],
        Err(error) => return vec![trouble("request", &said(&error))],
    };
    let end = match lines.end.map(|end| line(audit, end)) {
        None => None,
        Some(Ok(Event::CallEnd(end))) => Some(end),
        Some(Ok(_)) => {
            return vec![trouble("response", "there is no end of a call at this place of the audit log")];
        }
        Some(Err(error)) => return vec![trouble("response", &said(&error))],
    };
    if let Some(begin) = &begin {
        parts.extend(parameters(begin));
        let sent = begin.body.as_ref().or(end.as_ref().and_then(|end| end.request.as_ref()));
        parts.extend(sent.filter(|_| !stop()).map(|sent| body("request", folder, sent)));
    }
    match &end {
        Some(end) if !stop() => parts.push(response(folder, end)),
        _ => {}
    }
    parts
}

fn said(error: &Error) -> String {
    let causes = error.causes().join(": ");
    if causes.is_empty() { error.what().to_owned() } else { format!("{}: {causes}", error.what()) }
}

/// The line of the audit log that begins at `offset`.
fn line(audit: &Path, offset: u64) -> Result<Event> {
    let about = || format!("cannot read {}", audit.display());
    let mut file = File::open(audit).context(about)?;
    file.seek(SeekFrom::Start(offset)).context(about)?;
    let line = audit::Reader::new(BufReader::new(file), offset).next().transpose()?;
    line.map(|line| line.event).ok_or_else(|| Error::new(Kind::Record, "the audit log has become shorter"))
}

fn parameters(begin: &CallBegin) -> Option<Part> {
    match &begin.params {
        Value::Null => None,
        Value::Object(members) if members.is_empty() => None,
        params => {
            let text = params.to_string();
            let mut part = shown("parameters", text.as_bytes(), Some("application/json"));
            let left_out = params.get("left-out").and_then(|left| left.get("bytes")).and_then(Value::as_u64);
            part.note = match left_out {
                Some(size) => format!("left out: {}, digest below", facts::bytes(size)),
                None => noted(&part, "as understood", &begin.protocol),
            };
            Some(part)
        }
    }
}

fn response(folder: &Path, end: &CallEnd) -> Part {
    match &end.response {
        Some(reference) => body("response", folder, reference),
        None => {
            let note = match end.bytes_out {
                0 => "it has no body".to_owned(),
                size => format!("{}, not kept in the record", facts::bytes(size)),
            };
            Part { note, ..trouble("response", "") }
        }
    }
}

fn body(name: &'static str, folder: &Path, reference: &BodyRef) -> Part {
    let bytes = match record::read_body(folder, reference) {
        Ok(bytes) => bytes,
        Err(error) => return trouble(name, &said(&error)),
    };
    if bytes.is_empty() && reference.bytes > 0 {
        let lines = vec![format!("sha256 {}", reference.sha256)];
        let note = format!("{}, only its digest is kept", facts::bytes(reference.bytes));
        return Part { note, lines, ..trouble(name, "") };
    }
    let mut part = shown(name, &bytes, reference.content_type.as_deref());
    let size = match reference.kept < reference.bytes {
        true => format!("the first {} of {}", facts::bytes(reference.kept), facts::bytes(reference.bytes)),
        false => facts::bytes(reference.bytes),
    };
    part.note = noted(&part, &size, reference.content_type.as_deref().unwrap_or_default());
    part
}

fn shown(name: &'static str, bytes: &[u8], content_type: Option<&str>) -> Part {
    let made = pretty(bytes, content_type);
    let masked = made.lines.iter().map(|line| hidden(line).len()).sum();
    let mut lines = made.lines;
    if made.is_cut {
        lines.push("… (more than is shown here: hoop-replay export)".to_owned());
    }
    Part { name, note: String::new(), form: made.form, lines, masked, trouble: None }
}

/// `JSON, 412 bytes, application/x-amz-json-1.1, 2 values masked`.
fn noted(part: &Part, size: &str, kind: &str) -> String {
    let masked = match part.masked {
        0 => String::new(),
        1 => "1 value masked".to_owned(),
        count => format!("{count} values masked"),
    };
    let all = [part.form.word().to_owned(), size.to_owned(), kind.to_owned(), masked];
    all.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ")
}

fn trouble(name: &'static str, why: &str) -> Part {
    let trouble = Some(why.to_owned()).filter(|why| !why.is_empty());
    Part { name, note: String::new(), form: Form::Text, lines: Vec::new(), masked: 0, trouble }
}

/// Where something was masked in a line: names that stand for values, and rows of stars.
#[must_use]
pub fn hidden(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(range) = mask::find_mask(&line.as_bytes()[from..]) {
        found.push(from + range.start..from + range.end);
        from += range.end;
    }
    let mut at = 0;
    for stars in line.split(|c| c != '*') {
        // What is between two rows of stars is one character each time, or nothing is.
        at = line[at..].find(stars).map_or(at, |offset| at + offset);
        if stars.len() >= STARS {
            found.push(at..at + stars.len());
        }
        at += stars.len();
    }
    found.sort_by_key(|range| range.start);
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::audit::Start;
    use crate::clock::Clock;
    use crate::record::Recorder;
    use crate::replay::entries;
    use crate::types::SessionId;

    #[test]
    fn masked_values_are_found() {
        let line = r#"{"a": "hoopmask:aws-secret-key:abcdefgh", "b": "ghp_**********", "c": "***"}"#;
        let texts: Vec<&str> = hidden(line).into_iter().map(|range| &line[range]).collect();
        assert_eq!(texts, ["hoopmask:aws-secret-key:abcdefgh", "**********"]);
        assert_eq!(hidden("****é****").len(), 2);
        assert!(hidden("").is_empty());
    }

    #[test]
    fn what_a_call_sent_and_got_is_read_and_what_is_wrong_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let started = 1_763_695_080_000_000;
        let start = Start::new(SessionId::new(started, 1), started, vec!["true".to_owned()]);
        let recorder = Recorder::create(dir.path(), &start, Clock::fixed(started)).unwrap();
        let mut begin = CallBegin::new(1, "s3", "GetObject", "s3:GetObject");
        begin.params = serde_json::json!({"Bucket": "reports"});
        recorder.event(&Event::CallBegin(Box::new(begin))).unwrap();
        let mut response = recorder.body(br#"{"Secret":"hoopmask:jwt:abcdefgh","n":[1]}"#).unwrap();
        response.content_type = Some("application/json".to_owned());
        let file = response.file.clone().unwrap();
        let end = CallEnd { call: 1, response: Some(response), bytes_out: 40, ..CallEnd::default() };
        recorder.event(&Event::CallEnd(Box::new(end))).unwrap();
        let folder = record::Place::new(dir.path()).folder(start.id);
        let audit = folder.join("audit.jsonl");
        let told = entries::read(&audit).unwrap();
        let lines = told.entries[0].lines.unwrap();
        let parts = read(&audit, lines, &|| false);
        assert_eq!(parts[0].lines, ["{", "  \"Bucket\": \"reports\"", "}"]);
        assert_eq!(parts[1].note, "JSON, 42 bytes, application/json, 1 value masked");
        assert_eq!(parts[1].lines.len(), 6);
        assert_eq!(read(&audit, lines, &|| true).len(), 1, "the rest is not wanted any more");
        // A bomb: little that unpacks to much more than its reference says.
        let bomb = zstd::encode_all(&vec![0_u8; 64 << 20][..], 1).unwrap();
        let path = folder.join("bodies").join(file);
        fs::remove_file(&path).unwrap();
        fs::write(&path, bomb).unwrap();
        let parts = read(&audit, lines, &|| false);
        assert!(parts[1].trouble.as_ref().unwrap().contains("it was changed"), "{parts:?}");
        let wrong = Lines { begin: lines.end.unwrap(), end: None };
        assert!(read(&audit, wrong, &|| false)[0].trouble.is_some());
        let beyond = Lines { begin: 1 << 40, end: None };
        assert!(read(&audit, beyond, &|| false)[0].trouble.as_ref().unwrap().contains("shorter"));
    }
}
