//! Clients that wait, and the upstream that counts what comes through.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use hoop::approval::Answer;
use hoop::approval::Broker;
use hoop::approval::Scope;
use hoop::approval::Waiting;
use hoop::gateway::Capture;
use http::Method;
use http::Response;
use http::request::Parts;
use tempfile::TempDir;

use crate::broker::AT_TERMINAL;
use crate::broker::ana;
use crate::upstream::Upstream;
use crate::upstream::json;
use crate::upstream::upstream;
use crate::world::Plan;
use crate::world::World;

/// What is asked: whatever the clients here do, but not what they do on the way to it.
pub const POLICY: &str = r#"
[[statement]]
sid = "ask"
effect = "ask"
action = ["dynamodb:*", "sts:GetCallerIdentity"]
ttl = "5m"

[[statement]]
sid = "ask-storage"
effect = "ask"
action = ["s3:PutObject", "s3:DeleteObject"]
resource = ["arn:aws:s3:::held/*"]
ttl = "5m"

[[statement]]
sid = "ask-objects"
effect = "ask"
action = ["s3:GetObject"]
resource = ["arn:aws:s3:::held/asked-*", "arn:aws:s3:::refused/*"]
ttl = "5m"
"#;

/// A machine that is busy takes its time to start a dozen interpreters.
pub const STARTING: Duration = Duration::from_secs(120);

/// Where `scripts/setup.sh test` puts the clients.
pub fn cache() -> PathBuf {
    let cache = std::env::var_os("HOOP_CACHE").map(PathBuf::from);
    cache.unwrap_or_else(|| Path::new(&std::env::var("HOME").unwrap()).join(".cache/hoop"))
}

/// Answers as AWS would, as far as these clients look.
pub fn aws() -> Upstream {
    upstream(|parts, _| answer(parts))
}

fn answer(parts: &Parts) -> Response<Bytes> {
    if parts.headers.contains_key("x-amz-target") {
        return json(r#"{"Table":{"TableName":"t"},"TableNames":[]}"#);
    }
    let response = Response::builder().header("etag", "\"0123456789abcdef0123456789abcdef\"");
    let response = response.header("last-modified", "Fri, 21 Nov 2025 10:00:00 GMT");
    if parts.uri.query().is_some_and(|query| query.contains("location")) {
        let where_it_is = "<LocationConstraint>eu-central-1</LocationConstraint>";
        return response.header("content-type", "application/xml").body(Bytes::from(where_it_is)).unwrap();
    }
    match parts.method {
        Method::DELETE => response.status(204).body(Bytes::new()).unwrap(),
        Method::GET => response.body(Bytes::from("hello")).unwrap(),
        _ => response.body(Bytes::new()).unwrap(),
    }
}

/// A session that asks, with its upstream and a home for its clients.
pub struct Place {
    pub world: World,
    pub upstream: Upstream,
    home: TempDir,
}

impl Place {
    pub fn new(capture: Capture) -> Self {
        Self::with(capture, POLICY)
    }

    pub fn with(capture: Capture, policy: &str) -> Self {
        let upstream = aws();
        let mut plan = Plan::observe(&upstream.url).policy(policy);
        plan.ways = AT_TERMINAL;
        plan.capture = capture;
        Self::of(plan.start(), upstream)
    }

    pub fn of(world: World, upstream: Upstream) -> Self {
        Self { world, upstream, home: tempfile::tempdir().unwrap() }
    }

    pub fn broker(&self) -> &Broker {
        &self.world.broker
    }

    /// A program with the session's environment.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let cache = cache();
        let path = [cache.join("venv/bin"), cache.join("debian/bin"), "/usr/local/bin:/usr/bin:/bin".into()];
        let path: Vec<String> = path.iter().map(|part| part.display().to_string()).collect();
        let folders = path.iter().flat_map(|part| part.split(':'));
        let found = folders.map(|folder| Path::new(folder).join(program)).find(|file| file.exists());
        let mut command = Command::new(found.unwrap_or_else(|| program.into()));
        command.args(arguments).env_clear().env("PATH", path.join(":")).env("HOME", self.home.path());
        command.env("NODE_PATH", cache.join("js/node_modules")).env("NODE_NO_WARNINGS", "1");
        command.envs(&self.world.env).current_dir(self.home.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn file(&self, name: &str, text: &[u8]) -> String {
        let file = self.home.path().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    pub fn start(
        &self,
        name: &'static str,
        program: &str,
        arguments: &[&str],
        marks: &[&'static str],
    ) -> Client {
        let child = self.command(program, arguments).spawn();
        let child = child.unwrap_or_else(|error| panic!("{program}: {error}; run scripts/setup.sh test"));
        Client { name, marks: marks.to_vec(), child: Some(child) }
    }

    /// Waits until so many questions wait, each for one client.
    pub fn wait_for_questions(&self, count: usize, clients: &mut [Client]) -> Vec<Waiting> {
        let until = Instant::now() + STARTING;
        loop {
            let waiting = self.broker().waiting();
            if waiting.len() == count {
                return waiting;
            }
            let lines: Vec<String> = waiting.iter().map(|waiting| waiting.question.line()).collect();
            clients.iter_mut().for_each(|client| client.must_wait(&lines));
            assert!(Instant::now() < until, "{} of {count}: {lines:#?}", lines.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Says yes to whatever waits.
    pub fn allow_all(&self, scope: Scope) {
        for waiting in self.broker().waiting() {
            self.broker().answer(waiting.id, Answer::Allow(scope, String::new()), &ana());
        }
    }

    /// Says no to whatever waits.
    pub fn deny_all(&self, reason: &str) {
        for waiting in self.broker().waiting() {
            self.broker().answer(waiting.id, Answer::Deny(reason.to_owned()), &ana());
        }
    }
}

/// A program that waits for one answer or several.
pub struct Client {
    pub name: &'static str,
    /// What is in the path or the body of the requests that are asked about, each once; after a blank, the method.
    pub marks: Vec<&'static str>,
    child: Option<Child>,
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Client {
    /// Panics if it has ended.
    pub fn must_wait(&mut self, about: &[String]) {
        if self.has_ended() {
            let output = self.child.take().unwrap().wait_with_output().unwrap();
            let (status, text) = (output.status, [output.stdout, output.stderr].concat());
            let text = String::from_utf8_lossy(&text);
            panic!("{} did not wait ({status}), while there waited {about:#?}:\n{text}", self.name);
        }
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    pub fn finish(mut self) -> (Output, String) {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output, text)
    }
}

/// What clients have sent since the last time; hoop's own look-ups are left out.
pub fn came(upstream: &Upstream) -> Vec<crate::upstream::Got> {
    let mut came = upstream.take();
    came.retain(|got| !got.header("user-agent").starts_with("hoop/"));
    came
}

/// How many of `came` are about `mark`.
pub fn count(came: &[crate::upstream::Got], mark: &str) -> usize {
    let (mark, method) = mark.split_once(' ').unwrap_or((mark, ""));
    let is_it = |got: &&crate::upstream::Got| {
        let body = String::from_utf8_lossy(&got.body[..got.body.len().min(4096)]);
        (method.is_empty() || got.parts.method == method)
            && (got.parts.uri.path().contains(mark) || body.contains(mark))
    };
    came.iter().filter(is_it).count()
}

/// Whether a program that setup gets from Debian is there.
pub fn has(program: &str) -> bool {
    let is_there = cache().join(program).exists();
    let is_debian = Path::new("/etc/debian_version").exists();
    assert!(is_there || !is_debian, "there is no {program}: run scripts/setup.sh test, which says why");
    if !is_there {
        eprintln!("left out: there is no {program}, and this is no Debian");
    }
    is_there
}
