//! One request for each operation and protocol, with a host and without.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hoop::aws;
use hoop::aws::Call;
use hoop::aws::RequestView;
use hoop::aws::UNKNOWN;
use http::Request;
use http::request::Parts;
use serde_json::Value;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-west-1";

/// Where `scripts/setup.sh` put the Python clients and the reference.
pub fn cache() -> PathBuf {
    match std::env::var_os("HOOP_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(&std::env::var("HOME").unwrap()).join(".cache/hoop"),
    }
}

/// A line of `synthesize.py`.
struct Sample {
    wanted: Value,
    parts: Parts,
    body: Vec<u8>,
}

impl Sample {
    fn read(line: &str) -> Self {
        let wanted: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| wanted[name].as_str().unwrap();
        let mut builder = Request::builder().method(text("method")).uri(text("uri"));
        for (name, value) in wanted["headers"].as_object().unwrap() {
            builder = builder.header(name, value.as_str().unwrap());
        }
        let parts = builder.body(()).unwrap().into_parts().0;
        let body = STANDARD.decode(text("body")).unwrap();
        Self { wanted, parts, body }
    }

    fn text(&self, name: &str) -> &str {
        self.wanted[name].as_str().unwrap()
    }

    fn name(&self) -> String {
        format!("{}.{} ({})", self.text("service"), self.text("operation"), self.text("protocol"))
    }

    fn identify(&self, host: Option<&str>) -> Call {
        let mut parts = self.parts.clone();
        if host.is_none() && self.text("host").starts_with("a-bucket.") {
            parts.uri = format!("/a-bucket{}", self.text("uri")).parse().unwrap();
        }
        parts.headers.insert("host", host.unwrap_or("127.0.0.1:4566").parse().unwrap());
        let needed = aws::body_needed(&parts, self.text("signing"));
        let body: &[u8] = if needed { &self.body } else { b"" };
        aws::identify(&RequestView {
            parts: &parts,
            host,
            service: self.text("signing"),
            region: REGION,
            body,
            account: ACCOUNT,
        })
    }

    /// What is wrong with an answer: an empty text if nothing is.
    fn fault(&self, call: &Call) -> String {
        let action = aws::action_of(self.text("service"), self.text("operation")).unwrap();
        if call.operation == UNKNOWN {
            "unknown".to_owned()
        } else if call.action != action
            && (call.operation != self.text("operation") || call.service != self.text("service"))
        {
            format!("read as {}.{}", call.service, call.operation)
        } else {
            String::new()
        }
    }
}

#[derive(Default)]
struct Tally {
    total: u32,
    hosted: u32,
    blind: u32,
    exact: u32,
    params: u32,
    owned: u32,
    faults: BTreeMap<&'static str, Vec<String>>,
}

#[test]
fn every_operation_of_botocore_is_identified() {
    let mut python = Command::new(cache().join("venv/bin/python"))
        .arg("tests/identify/synthesize.py")
        .env("PYTHONPATH", cache().join("sources/python"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut tally = Tally::default();
    for line in BufReader::new(python.stdout.take().unwrap()).lines() {
        judge(&Sample::read(&line.unwrap()), &mut tally);
    }
    assert!(python.wait().unwrap().success());
    let share = |part: u32| f64::from(part) * 100.0 / f64::from(tally.total);
    let figures = format!(
        "{} requests; understood {:.2} % with a host ({:.2} % as the very service), {:.2} % without; parameters {:.2} %; on ARNs {:.2} %",
        tally.total,
        share(tally.hosted),
        share(tally.exact),
        share(tally.blind),
        share(tally.params),
        share(tally.owned)
    );
    let mut report = figures.clone();
    for (what, faults) in &tally.faults {
        report.push_str(&format!("\n{what}: {}\n  {}", faults.len(), faults.join("\n  ")));
    }
    if let Some(file) = std::env::var_os("IDENTIFY_REPORT") {
        std::fs::write(file, &report).unwrap();
    }
    let is_good = tally.total > 21_000
        && !tally.faults.contains_key("misread")
        && share(tally.hosted) >= 99.99
        && share(tally.blind) >= 99.9
        && share(tally.params) >= 99.9
        && share(tally.owned) >= 72.0;
    assert!(is_good, "{report}");
}

fn judge(sample: &Sample, tally: &mut Tally) {
    tally.total += 1;
    let mut add = |what, text: String| tally.faults.entry(what).or_default().push(text);
    let hosted = sample.identify(Some(sample.text("host")));
    let fault = sample.fault(&hosted);
    if fault.is_empty() {
        tally.hosted += 1;
        tally.exact += u32::from(hosted.service == sample.text("service"));
    } else {
        let what = if hosted.operation == UNKNOWN { "unknown with a host" } else { "misread" };
        add(what, format!("{}: {fault}; {} {}", sample.name(), sample.text("host"), sample.text("uri")));
    }
    let blind = sample.identify(None);
    let fault = sample.fault(&blind);
    if fault.is_empty() {
        tally.blind += 1;
    } else {
        let what = if blind.operation == UNKNOWN { "unknown without a host" } else { "misread" };
        add(what, format!("{}: {fault} without a host", sample.name()));
    }
    tally.owned += u32::from(hosted.resources.iter().any(|arn| arn != "*"));
    if hosted.operation == UNKNOWN {
        return;
    }
    match differs(&sample.wanted["params"], &hosted.params, "") {
        None => tally.params += 1,
        Some(place) => add("parameters", format!("{}: {place}", sample.name())),
    }
}

/// Where two parameter trees differ; numbers and truths may be texts.
fn differs(wanted: &Value, got: &Value, place: &str) -> Option<String> {
    match (wanted, got) {
        (Value::Object(want), Value::Object(have)) => {
            for (name, value) in want {
                let Some(found) = have.get(name) else {
                    // Forms have no way to say that something is empty.
                    if is_empty(value) {
                        continue;
                    }
                    return Some(format!("{place}.{name} is missing"));
                };
                if let Some(fault) = differs(value, found, &format!("{place}.{name}")) {
                    return Some(fault);
                }
            }
            have.keys().find(|name| !want.contains_key(*name)).map(|name| format!("{place}.{name} is extra"))
        }
        (Value::Array(want), Value::Array(have)) if want.len() == have.len() => want
            .iter()
            .zip(have)
            .enumerate()
            .find_map(|(index, (want, have))| differs(want, have, &format!("{place}[{index}]"))),
        (Value::String(mark), Value::String(_) | Value::Number(_)) if mark == "?" => None,
        (_, Value::String(text)) if text.is_empty() && is_empty(wanted) => None,
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => {
            Some(format!("{place} is {got}, not {wanted}"))
        }
        _ => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (text(wanted) != text(got)).then(|| format!("{place} is {got}, not {wanted}"))
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().all(is_empty),
        Value::Array(items) => items.iter().all(is_empty),
        _ => false,
    }
}
