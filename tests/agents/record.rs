//! One session's record, read as a reviewer would.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

/// The events of `audit.jsonl`.
pub struct Record {
    folder: PathBuf,
    events: Vec<Value>,
}

/// A call, with what was decided about it and how it ended.
pub struct Call {
    pub begin: Value,
    pub decision: Value,
    pub end: Value,
}

impl Record {
    pub fn open(folder: PathBuf) -> Self {
        let text = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Self { folder, events }
    }

    pub fn start(&self) -> &Value {
        &self.events[0]
    }

    /// The whole terminal, as one text.
    pub fn screen(&self) -> String {
        let text = fs::read_to_string(self.folder.join("terminal.cast")).unwrap();
        let events = text.lines().skip(1).filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events
            .filter(|event| event[1] == "o")
            .filter_map(|event| event[2].as_str().map(str::to_owned))
            .collect()
    }

    pub fn of_type(&self, kind: &str) -> Vec<&Value> {
        self.events.iter().filter(|event| event["type"] == kind).collect()
    }

    /// The calls in the order in which they came. Each begins, is decided and ends, in this order.
    pub fn calls(&self) -> Vec<Call> {
        let part = |begin: &Value, kind: &str| {
            let mut all =
                self.events.iter().filter(|event| event["type"] == kind && event["call"] == begin["call"]);
            let found = all.next().unwrap_or_else(|| panic!("no {kind} of {begin:#}"));
            assert!(all.next().is_none(), "two {kind} of {begin:#}");
            assert!(found["seq"].as_u64() > begin["seq"].as_u64(), "{kind} stands before {begin:#}");
            found.clone()
        };
        let calls = self.of_type("call.begin").into_iter();
        calls
            .map(|begin| Call {
                begin: begin.clone(),
                decision: part(begin, "decision"),
                end: part(begin, "call.end"),
            })
            .collect()
    }

    /// When an event happened, in microseconds since the Unix epoch.
    pub fn time(&self, event: &Value) -> u64 {
        self.start()["started"].as_u64().unwrap() + event["t"].as_u64().unwrap()
    }

    /// The command lines that led to command `id`, its own first.
    pub fn ancestry(&self, id: u64) -> Vec<String> {
        let started = self.of_type("command.start").into_iter();
        let commands: BTreeMap<u64, &Value> =
            started.map(|event| (event["id"].as_u64().unwrap(), event)).collect();
        let mut lines = Vec::new();
        let mut next = Some(id);
        while let Some(command) = next.and_then(|id| commands.get(&id)) {
            let argv = command["argv"].as_array().unwrap();
            lines.push(argv.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
            next = command["replaces"].as_u64().or_else(|| command["parent"].as_u64());
            assert!(lines.len() <= commands.len(), "commands that are their own ancestors: {lines:#?}");
        }
        lines
    }
}

/// Files under `folder` that hold `needle`, compressed ones too.
pub fn files_with(folder: &Path, needle: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_with(&entry.path(), needle));
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).unwrap();
            let plain = zstd::decode_all(&bytes[..]).unwrap_or_default();
            let holds = |bytes: &[u8]| memchr::memmem::find(bytes, needle.as_bytes()).is_some();
            if holds(&bytes) || holds(&plain) {
                found.push(entry.path());
            }
        }
    }
    found
}
