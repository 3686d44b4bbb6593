//! A home, an AWS that counts, sessions that wait, and hoopctl.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

/// How long what must come may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Commands of the program that ask, and AWS calls that a team answers.
pub const POLICY: &str = "\
version = 1
default = \"deny\"
[[command]]
effect = \"ask\"
pattern = [\"touch *\"]
[[statement]]
sid = \"reading\"
effect = \"ask\"
action = [\"s3:List*\"]
[[statement]]
sid = \"deleting\"
effect = \"ask\"
action = [\"s3:Delete*\"]
approvers = { group = [\"dev\"], count = 2 }
";

/// A person's home.
pub struct World {
    folder: TempDir,
    upstream: String,
    hits: Arc<AtomicUsize>,
}

/// A hoop-run without a terminal.
pub struct Running(pub Child);

impl World {
    pub fn new() -> Self {
        Self::with(POLICY, "")
    }

    pub fn with(policy: &str, config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.toml"), policy).unwrap();
        fs::create_dir_all(folder.path().join(".config/hoop")).unwrap();
        fs::write(folder.path().join(".config/hoop/config.toml"), config).unwrap();
        let (upstream, hits) = aws();
        Self { folder, upstream, hits }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Calls that reached AWS.
    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", venv().display());
        command.env_clear().current_dir(self.path()).env("HOME", self.path()).env("PATH", path);
        command.env("LANG", "C.UTF-8").env("TERM", "xterm-256color").env("SHELL", "/bin/sh");
        command
    }

    /// hoop-run, ready to be started.
    pub fn hoop_run(&self, arguments: &[&str], script: &str) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_hoop-run"));
        command
            .arg("-p")
            .arg(self.path().join("policy.toml"))
            .args(arguments)
            .args(["--", "sh", "-c", script]);
        command.env("HOOP_UPSTREAM_ENDPOINT_URL", &self.upstream).env("HOOP_APPROVAL_TTL", "50s");
        command.env("AWS_ACCESS_KEY_ID", "AKIAREALKEY2TEST2345").env("AWS_REGION", "us-east-1");
        command.env("AWS_SECRET_ACCESS_KEY", "realSecretOfTheTestThatNoChildMayEverSee");
        command
    }

    /// A session without a terminal that runs `script`.
    pub fn start(&self, arguments: &[&str], script: &str) -> Running {
        let mut command = self.hoop_run(arguments, script);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Running(child.unwrap())
    }

    pub fn hoopctl(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_hoopctl"));
        command.args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// `hoopctl approvals …`: exit status and all that was said.
    pub fn approvals(&self, arguments: &[&str]) -> (i32, String) {
        said(&self.hoopctl(&[&["approvals"], arguments].concat()))
    }

    /// What waits.
    pub fn waiting(&self) -> Vec<Value> {
        cards(&self.hoopctl(&["approvals", "list", "--json"]))
    }

    /// The names of what waits, once it is so many.
    pub fn wait_for(&self, count: usize) -> Vec<String> {
        let start = Instant::now();
        loop {
            let waiting = self.waiting();
            if waiting.len() == count {
                return names(&waiting);
            }
            assert!(start.elapsed() < PATIENCE, "{count} questions, and not {waiting:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn events(&self, kind: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().join(".local/state/hoop/sessions")];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            folders.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
            let Ok(text) = fs::read_to_string(folder.join("audit.jsonl")) else { continue };
            let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            found.extend(events.filter(|event| event["type"] == kind));
        }
        found
    }
}

impl Running {
    /// Its exit status, and what it and its program have said.
    pub fn end(mut self) -> (i32, String) {
        let start = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        let (mut out, mut err) = (String::new(), String::new());
        self.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.0.wait().unwrap().code().unwrap_or(-1), out + &err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    (output.status.code().unwrap_or(-1), text.concat())
}

pub fn cards(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn names(cards: &[Value]) -> Vec<String> {
    cards.iter().map(|card| card["name"].as_str().unwrap().to_owned()).collect()
}

/// Where scripts/setup.sh puts the AWS CLI.
fn venv() -> PathBuf {
    cache().join("venv/bin")
}

pub fn cache() -> PathBuf {
    let named = std::env::var_os("HOOP_CACHE").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/hoop");
    named.unwrap_or_else(home)
}

pub fn has_aws() -> bool {
    let is_there = venv().join("aws").exists();
    if !is_there {
        eprintln!("left out: there is no AWS CLI; run scripts/setup.sh test");
    }
    is_there
}

/// An S3 that answers everything with an empty list, and counts.
pub fn aws() -> (String, Arc<AtomicUsize>) {
    const BODY: &str = "<?xml version=\"1.0\"?><ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets/></ListAllMyBucketsResult>";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&hits);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), counted) = (stream, Arc::clone(&counted)) else { continue };
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") {
                    if stream.read(&mut byte).unwrap_or(0) == 0 {
                        return;
                    }
                    head.push(byte[0]);
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{BODY}",
                    BODY.len()
                );
            });
        }
    });
    (address, hits)
}
