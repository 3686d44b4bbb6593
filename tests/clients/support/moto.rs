//! One strict moto for the whole run: started on first use, gone with the test process.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::Value;

use super::home::REAL_SECRET;
use super::home::cache;

/// The emulator's address, such as `http://127.0.0.1:40123`.
pub fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<(String, Child)> = OnceLock::new();
    &ENDPOINT.get_or_init(start).0
}

fn start() -> (String, Child) {
    let python = cache().join("venv/bin/python3");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/strict.py");
    let log = File::create(concat!(env!("CARGO_TARGET_TMPDIR"), "/strict.log")).unwrap();
    let mut child = Command::new(&python)
        .args([script, REAL_SECRET])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; run scripts/setup.sh test", python.display()));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.trim().is_empty(), "the strict server did not start");
    (format!("http://127.0.0.1:{}", line.trim()), child)
}

/// The calls that came with a key id, each as `{method, target, host, service, headers}`; `refused`: those that were
/// not signed as AWS wants, each with `why`.
pub fn calls(key_id: &str) -> Vec<Value> {
    let answer = ask(&format!("GET /_strict/calls?{key_id} HTTP/1.0\r\nhost: x\r\n\r\n"));
    serde_json::from_str(&answer).unwrap()
}

/// What the next `fault["times"]` requests of a key id are answered whose target, headers or body contain `fault["part"]`.
pub fn fault(key_id: &str, fault: &Value) {
    let body = fault.to_string();
    ask(&format!(
        "POST /_strict/fault?{key_id} HTTP/1.0\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
}

fn ask(request: &str) -> String {
    let mut stream = TcpStream::connect(endpoint().trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}
