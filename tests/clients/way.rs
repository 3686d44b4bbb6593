//! A client in one way through hoop-run.

use std::path::Path;
use std::process::Command;

use crate::support::home::Home;
use crate::support::home::Outcome;
use crate::support::home::cache;
use crate::support::home::finish;
use crate::support::moto;

/// How a client's calls come to hoop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The sandbox leads every connection to hoop; no variable does.
    Sandbox,
    /// `HTTPS_PROXY` and the certificate variables.
    Proxy,
    /// `AWS_ENDPOINT_URL` on top of those.
    Endpoint,
}

impl Way {
    /// The word in the record and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Proxy => "proxy",
            Self::Endpoint => "endpoint",
        }
    }
}

/// A home with a key of its own, and what is allowed in it.
pub struct Place {
    pub home: Home,
    pub way: Way,
    key_id: String,
    policy: String,
}

impl Place {
    /// `tag`: four characters A-Z and 0-9 that no other test has.
    pub fn new(way: Way, tag: &str, policy: &str) -> Self {
        assert_eq!(tag.len(), 4, "{tag}");
        let home = Home::new();
        let policy = home.write("policy.toml", policy).display().to_string();
        Self { home, way, key_id: format!("AKIAREALKEY2TEST{tag}"), policy }
    }

    /// hoop-run in front of a program.
    pub fn command(&self, argv: &[&str]) -> Command {
        let mut command = self.home.command("hoop-run");
        let path = format!(
            "{}:{}:/usr/local/bin:/usr/bin:/bin",
            cache().join("venv/bin").display(),
            cache().join("debian/bin").display()
        );
        command
            .env("HOOP_UPSTREAM_ENDPOINT_URL", moto::endpoint())
            .env("AWS_ACCESS_KEY_ID", &self.key_id)
            .env("PATH", path)
            .env("HOOP_TEST_JS", cache().join("js"))
            .env("HOOP_TEST_WAY", self.way.as_str())
            .args(["--quiet", "--policy", &self.policy]);
        if self.way != Way::Sandbox {
            command.env("HOOP_SANDBOX_MODE", "off").env("HOOP_GATEWAY_CAPTURE", self.way.as_str());
        }
        command.arg("--").args(argv);
        command
    }

    pub fn run(&self, argv: &[&str]) -> Outcome {
        finish(self.command(argv))
    }

    /// What came to AWS with this place's key, but for hoop's own question who it is, which names no agent.
    pub fn upstream(&self) -> Vec<serde_json::Value> {
        let mut calls = moto::calls(&self.key_id);
        calls.retain(|call| call["service"] != "sts" || call["headers"].get("user-agent").is_some());
        calls
    }

    /// What the next calls are answered; see `moto::fault`.
    pub fn fault(&self, fault: &serde_json::Value) {
        moto::fault(&self.key_id, fault);
    }
}

/// A script of this folder.
pub fn script(name: &str) -> String {
    format!("{}/tests/clients/scripts/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Whether a program that setup gets from Debian is there: on a Debian it must be.
pub fn has(program: &Path) -> bool {
    if program.exists() {
        return true;
    }
    let is_debian = Path::new("/etc/debian_version").exists();
    assert!(!is_debian, "there is no {}: run scripts/setup.sh test, which says why", program.display());
    eprintln!("left out: there is no {}, and this is no Debian", program.display());
    false
}
