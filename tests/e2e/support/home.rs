//! A home folder of the test's own, and programs run in it with nothing of the machine's environment.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use tempfile::TempDir;

use super::moto;

/// The key that hoop-run holds and no child may see.
pub const REAL_KEY_ID: &str = "AKIAREALKEY2TEST2345";
/// The secret of that key.
pub const REAL_SECRET: &str = "realSecretOfTheTestThatNoChildMayEverSee";

/// A hermetic home: own state, own configuration, real clients on PATH, AWS only at the emulator.
pub struct Home {
    folder: TempDir,
}

/// What a finished program left.
pub struct Outcome {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn state(&self) -> PathBuf {
        self.path().join("state")
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// `program` (one of ours by its name, or anything on PATH) in this home.
    pub fn command(&self, program: &str) -> Command {
        let own = match program {
            "hoop-run" => env!("CARGO_BIN_EXE_hoop-run"),
            "hoop-replay" => env!("CARGO_BIN_EXE_hoop-replay"),
            "hoopctl" => env!("CARGO_BIN_EXE_hoopctl"),
            other => other,
        };
        let mut command = Command::new(own);
        command
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", cache().join("venv/bin").display()))
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm-256color")
            .env("HOOP_STATE_DIR", self.state())
            .env("AWS_ACCESS_KEY_ID", REAL_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", REAL_SECRET)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_PAGER", "")
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// hoop-run in front of `argv`, its upstream the emulator, under a built-in or written `policy`.
    pub fn hoop_run(&self, policy: &str, argv: &[&str]) -> Command {
        let mut command = self.command("hoop-run");
        command
            .env("HOOP_UPSTREAM_ENDPOINT_URL", moto::endpoint())
            .args(["--policy", policy, "--"])
            .args(argv);
        command
    }

    /// Runs it to its end.
    pub fn run(&self, policy: &str, argv: &[&str]) -> Outcome {
        finish(self.hoop_run(policy, argv))
    }

    /// The plain client, without hoop, at the emulator.
    pub fn aws(&self, argv: &[&str]) -> Outcome {
        let mut command = self.command("aws");
        command.args(["--endpoint-url", moto::endpoint()]).args(argv);
        finish(command)
    }

    /// Every recording's folder, oldest first.
    pub fn recordings(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect(&self.state().join("sessions"), &mut found);
        found.sort();
        found
    }

    /// The audit events of the newest recording.
    pub fn events(&self) -> Vec<serde_json::Value> {
        let newest = self.recordings().pop().expect("a recording");
        let text = fs::read_to_string(newest.join("audit.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The events of one type.
    pub fn events_of(&self, kind: &str) -> Vec<serde_json::Value> {
        self.events().into_iter().filter(|event| event["type"] == kind).collect()
    }

    /// Files under the state folder that hold `needle`.
    pub fn files_with(&self, needle: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        every_file(&self.state(), &mut files);
        files.retain(|path| {
            let bytes = fs::read(path).unwrap();
            let bytes = if path.extension().is_some_and(|e| e == "zst") {
                zstd::decode_all(&bytes[..]).unwrap()
            } else {
                bytes
            };
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        });
        files
    }
}

pub fn finish(mut command: Command) -> Outcome {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Outcome {
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
        code: status.code(),
    }
}

impl Outcome {
    /// Asserts that the program succeeded, and gives its standard output.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        &self.stdout
    }

    /// Asserts that the program failed, and gives what it said on both outputs.
    #[track_caller]
    pub fn failed(&self) -> String {
        assert_ne!(self.code, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Where `scripts/setup.sh` put the clients.
pub fn cache() -> PathBuf {
    std::env::var_os("HOOP_CACHE").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME")).join(".cache/hoop"),
        PathBuf::from,
    )
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        if path.join("audit.jsonl").exists() {
            found.push(path);
        } else {
            collect(&path, found);
        }
    }
}

fn every_file(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() { every_file(&path, found) } else { found.push(path) }
    }
}
