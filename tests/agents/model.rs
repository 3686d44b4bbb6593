//! The model that follows a script: `model.py`, which speaks both APIs.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use crate::support::home::cache;

/// What the model says when the script is over.
pub const GOODBYE: &str = "all done";

/// The endpoint; gone with this value.
pub struct Model {
    process: Child,
    port: u16,
    log: PathBuf,
}

/// One request of the conversation.
pub struct Prompt {
    /// When it came, in microseconds since the Unix epoch.
    pub time: u64,
    /// All of it, headers included.
    pub text: String,
}

impl Model {
    /// Serves `steps`, shell commands, one an answer; keeps its files in `folder`.
    pub fn start(folder: &Path, steps: &[String]) -> Self {
        let script = folder.join("steps.json");
        let log = folder.join("model.jsonl");
        fs::write(&script, serde_json::to_string(steps).unwrap()).unwrap();
        let mut process = Command::new(cache().join("venv/bin/python3"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/model.py"))
            .args([&script, &log])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, port: port.trim().parse().expect("the model did not start"), log }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that was ever sent to it.
    pub fn received(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The conversation, one prompt for each step and one after the last.
    pub fn prompts(&self) -> Vec<Prompt> {
        let mut prompts = Vec::new();
        for line in self.received().lines() {
            let request: Value = serde_json::from_str(line).unwrap();
            let Some(step) = request["step"].as_u64() else { continue };
            let step = usize::try_from(step).unwrap();
            // Agents ask again when they have lost an answer; the first time is when the step was known.
            if step == prompts.len() {
                let text = format!("{}{}", request["headers"], request["body"].as_str().unwrap());
                prompts.push(Prompt { time: request["time"].as_u64().unwrap(), text });
            }
        }
        prompts
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
