//! A session with a real call that waits, and those who answer it.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use hoop::approval::Answered;
use hoop::approval::Card;
use hoop::approval::Via;
use hoop::control::client;
use hoop::control::wire::Given;
use hoop::control::wire::Word;

use crate::stub::Stub;
use crate::stub::say;

/// How long a test waits for what must come; a busy machine needs some of it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What webhooks are signed with.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What asks: a name that would be markup if anybody took it for such.
pub const KEY: &str = "2026/<script>alert(1)</script>&07.csv";

const BOTO3: &str = r#"
import sys, boto3
from botocore.config import Config
from botocore.exceptions import ClientError
config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=300)
for key in sys.argv[1:]:
    try:
        boto3.client("s3", config=config).delete_object(Bucket="billing", Key=key)
        print("deleted", key, flush=True)
    except ClientError as error:
        print("refused", error, flush=True)
"#;

pub struct World {
    folder: tempfile::TempDir,
    pub upstream: Stub,
}

/// A program that ends with the test.
pub struct Running {
    child: Child,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child }
    }

    /// Its lines on standard output, as they come.
    pub fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        BufReader::new(self.child.stdout.take().unwrap()).lines().map_while(Result::ok)
    }

    /// Waits for its end: standard output, standard error, status.
    pub fn wait(mut self) -> (String, String, i32) {
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        let read = |stream: Option<Box<dyn Read + Send>>| {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                stream.map(|mut stream| stream.read_to_end(&mut bytes));
                String::from_utf8_lossy(&bytes).into_owned()
            })
        };
        let out = read(stdout.map(|stream| Box::new(stream) as Box<dyn Read + Send>));
        let err = read(stderr.map(|stream| Box::new(stream) as Box<dyn Read + Send>));
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(20));
        };
        (out.join().unwrap(), err.join().unwrap(), status.code().unwrap_or(-1))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn cache() -> PathBuf {
    let named = std::env::var_os("HOOP_CACHE").map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/hoop"))
}

/// A port that nobody listens at.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl World {
    /// `approval`: lines of `[approval]`.
    pub fn new(approval: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upstream = Stub::new(|seen, _| match seen.method.as_str() {
            "DELETE" => say(204, ""),
            _ => say(404, ""),
        });
        let world = Self { folder, upstream };
        let secret = world.write("webhook.secret", SECRET);
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        world.configure(approval);
        world.write(
            "policy.toml",
            "version = 1\ndefault = \"allow\"\n[[statement]]\nsid = \"no deletes\"\neffect = \"ask\"\n\
            action = [\"s3:DeleteObject\"]\nttl = \"5m\"\n",
        );
        world
    }

    pub fn configure(&self, approval: &str) {
        self.write(".config/hoop/config.toml", &format!("[approval]\n{approval}\n"));
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn state(&self) -> PathBuf {
        self.path().join(".local/state/hoop")
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.path()).env("LANG", "C.UTF-8").current_dir(self.path());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command
    }

    pub fn hoopctl(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_hoopctl"));
        command.args(arguments);
        command
    }

    /// hoop-run with boto3, which deletes each of `keys`; whoever is asked is asked elsewhere.
    pub fn session(&self, arguments: &[&str], keys: &[&str]) -> Running {
        let mut command = self.command(env!("CARGO_BIN_EXE_hoop-run"));
        command
            .args(["--policy", self.path().join("policy.toml").to_str().unwrap()])
            .args(arguments)
            .arg("--");
        command.arg(cache().join("venv/bin/python3")).args(["-c", BOTO3]).args(keys);
        command.env("HOOP_UPSTREAM_ENDPOINT_URL", self.upstream.url()).env("HOOP_APPROVAL_VIA", "hoopctl");
        command.env("AWS_ACCESS_KEY_ID", "AKIATHEPERSONSOWN001").env("AWS_REGION", "eu-central-1");
        command.env("AWS_SECRET_ACCESS_KEY", "the-persons-own-secret");
        Running::start(command)
    }

    /// What waits.
    pub fn cards(&self) -> Vec<Card> {
        let sessions = client::sessions(&self.state(), None);
        sessions.iter().filter_map(|session| session.cards().ok()).flatten().collect()
    }

    /// The first question that waits, once one does.
    #[track_caller]
    pub fn card(&self) -> Card {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(card) = self.cards().into_iter().next() {
                return card;
            }
            assert!(Instant::now() < deadline, "nothing is asked");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Answers in place of `hoopctl`.
    pub fn answer(&self, card: &Card, answer: Word, reason: &str) -> Answered {
        let sessions = client::sessions(&self.state(), None);
        let session = sessions.iter().find(|session| session.id == card.session).unwrap();
        let reason = reason.to_owned();
        session
            .answer(Given { id: card.id, answer, scope: None, reason, via: Via::Hoopctl, login: None })
            .unwrap()
    }

    /// The audit events of one type, of all sessions.
    pub fn events_of(&self, kind: &str) -> Vec<serde_json::Value> {
        let mut folders = vec![self.state().join("sessions")];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.ends_with("audit.jsonl") {
                    let text = fs::read_to_string(path).unwrap();
                    let events =
                        text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
                    found.extend(events.filter(|event| event["type"] == kind));
                }
            }
        }
        found
    }

    /// Deliveries of one kind: those who look at what waits are recorded, too.
    pub fn told(&self, via: &str) -> Vec<serde_json::Value> {
        self.events_of("approval.shown").into_iter().filter(|event| event["via"] == via).collect()
    }

    /// The names of what waits.
    pub fn waiting(&self) -> Vec<String> {
        self.cards().iter().map(Card::name).collect()
    }

    /// Whether any file of the state folder holds `needle`.
    pub fn is_kept(&self, needle: &str) -> bool {
        let mut folders = vec![self.state()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if fs::read(&path)
                    .is_ok_and(|bytes| memchr::memmem::find(&bytes, needle.as_bytes()).is_some())
                {
                    return true;
                }
            }
        }
        false
    }
}
