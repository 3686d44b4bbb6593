//! An agent inside tries to answer its own question by every way, in the sandbox and without one.

use std::fs;
use std::fs::Permissions;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::Child;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::person::Person;
use crate::person::has_namespaces;
use crate::support::Session;
use crate::world::aws;
use crate::world::said;

const POLICY: &str =
    "version = 1\ndefault = \"deny\"\n[[statement]]\neffect = \"ask\"\naction = [\"s3:*\"]\n";

/// A person outside, an agent inside, and the AWS that it wants to reach.
struct Scene {
    person: Person,
    hoopctl: PathBuf,
    script: PathBuf,
    orders: PathBuf,
    upstream: String,
    hits: Arc<AtomicUsize>,
}

impl Scene {
    fn new() -> Self {
        let person = Person::ordinary();
        let hoopctl = person.folder().join("bin/hoopctl");
        fs::copy(env!("CARGO_BIN_EXE_hoopctl"), &hoopctl).unwrap();
        let script = person.script("inside.py");
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/approvals/inside.py"), &script).unwrap();
        for file in [&hoopctl, &script] {
            fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
        }
        let orders = person.folder().join("scripts/orders.json");
        let (upstream, hits) = aws();
        Self { person, hoopctl, script, orders, upstream, hits }
    }

    /// The agent begins when there are orders.
    fn begin(&self, sandbox: &str) -> Child {
        let policy = self.person.file("policy.toml", POLICY);
        let (orders, script) = (self.orders.display(), self.script.display());
        let begin = format!("until [ -s {orders} ]; do sleep 0.1; done; exec python3 {script} {orders}");
        let policy = policy.to_str().unwrap();
        let before =
            ["-p", policy, "--sandbox", sandbox, "--approve-via", "hoopctl", "--", "sh", "-c", &begin];
        let mut command = self.person.hoop_run(before);
        command.env("HOOP_APPROVAL_TTL", "5m").env("HOOP_UPSTREAM_ENDPOINT_URL", &self.upstream);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn order(&self, mut orders: Value) {
        orders["state"] = json!(self.person.home().join(".local/state/hoop"));
        orders["hoopctl"] = json!(self.hoopctl);
        let new = self.orders.with_extension("new");
        fs::write(&new, orders.to_string()).unwrap();
        fs::set_permissions(&new, Permissions::from_mode(0o644)).unwrap();
        fs::rename(new, &self.orders).unwrap();
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

fn end(child: &mut Child) {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What came of each way of inside.py. The person outside has a live list open all the time.
fn attack(sandbox: &str) -> Value {
    let scene = Scene::new();
    let (person, hoopctl) = (&scene.person, &scene.hoopctl);
    let mut list = Session::start(person.command(hoopctl, ["approvals"]));
    list.wait_until("the list", |list| list.screen().join("\n").contains("nothing waits"));
    let tty = fs::read_link(format!("/proc/{}/fd/0", list.pid())).unwrap();
    // As a terminal of that user is.
    chown(&tty, Some(person.uid), Some(person.gid)).unwrap();
    let mut child = scene.begin(sandbox);
    scene.order(json!({ "tty": tty, "recorder": child.id(), "approver": list.pid() }));
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut shown = Vec::new();
    let mut found = Value::Null;
    for line in lines {
        match line.strip_prefix("FOUND ") {
            Some(json) => {
                found = serde_json::from_str(json).unwrap();
                break;
            }
            None => shown.push(line),
        }
    }
    assert!(found.is_object(), "{sandbox}: {shown:?}");
    list.wait_until("the question", |list| list.screen().join("\n").contains("s3:ListAllMyBuckets"));
    assert_eq!(scene.hits(), 0, "{sandbox}: it has answered itself: {found:#}");
    // The person outside can.
    let waiting = said(&person.command(hoopctl, ["approvals", "list", "--json"]).output().unwrap()).1;
    let card: Value = serde_json::from_str(waiting.lines().next().unwrap_or_default())
        .unwrap_or_else(|_| panic!("{waiting}"));
    let name = card["name"].as_str().unwrap();
    let (status, told) = said(&person.command(hoopctl, ["approvals", "allow", name]).output().unwrap());
    assert_eq!(status, 0, "{told}");
    end(&mut child);
    assert_eq!(scene.hits(), 1);
    let answered: Vec<Value> =
        person.events().into_iter().filter(|event| event["type"] == "approval.answered").collect();
    assert_eq!(answered.len(), 1, "{answered:?}");
    assert_eq!(answered[0]["identity"], format!("uid {}", person.uid));
    found
}

fn hold(sandbox: &str, expected: &[(&str, &[&str])]) {
    let found = attack(sandbox);
    eprintln!("{sandbox}: {found:#}");
    let mut faults = Vec::new();
    for (way, words) in expected {
        let got = found[way].as_str().unwrap_or("not tried");
        if !words.iter().any(|word| got.contains(word)) {
            faults.push(format!("{way}: {got}, expected {words:?}"));
        }
    }
    let tried = found.as_object().unwrap();
    faults.extend(tried.keys().filter(|way| expected.iter().all(|(known, _)| known != way)).cloned());
    assert!(faults.is_empty(), "{sandbox}: {faults:#?}");
}

#[test]
fn in_the_sandbox_there_is_nothing_to_answer_to() {
    if !has_namespaces() {
        return;
    }
    let absent: &[&str] = &["ENOENT", "EACCES", "nothing there"];
    let hidden: &[&str] = &["no session has an id like that", "cannot", "not used"];
    hold(
        "auto",
        &[
            ("socket", absent),
            ("socket listed", absent),
            ("socket after a double fork", absent),
            ("proc root", absent),
            ("proc cwd of the recorder", absent),
            ("abstract names", absent),
            ("inherited descriptors", absent),
            ("hoopctl", hidden),
            ("hoopctl after a double fork", hidden),
            ("ptrace recorder", &["ESRCH"]),
            ("memory of recorder", absent),
            ("descriptors of recorder", &["ESRCH"]),
            ("ptrace approver", &["ESRCH"]),
            ("memory of approver", absent),
            ("descriptors of approver", &["ESRCH"]),
            ("TIOCSTI", &["ENOENT", "EIO", "EACCES"]),
            ("TIOCSTI as its own session", &["ENOENT", "EIO", "EACCES"]),
            ("a socket in its place", &["EACCES", "ENOENT", "EROFS", "EPERM"]),
            ("question", &["waits"]),
        ],
    );
}

#[test]
fn without_a_sandbox_it_is_known_by_its_descent() {
    let known: &[&str] = &["it was started inside"];
    let denied: &[&str] = &["EPERM", "EACCES"];
    hold(
        "off",
        &[
            ("socket", known),
            ("socket listed", known),
            ("socket after a double fork", known),
            ("proc root", known),
            ("proc cwd of the recorder", denied),
            ("abstract names", &["nothing there"]),
            ("inherited descriptors", &["nothing there"]),
            ("hoopctl", known),
            ("hoopctl after a double fork", known),
            ("ptrace recorder", denied),
            ("memory of recorder", denied),
            ("descriptors of recorder", denied),
            ("ptrace approver", denied),
            ("memory of approver", denied),
            ("descriptors of approver", denied),
            ("TIOCSTI", &["EPERM", "EIO"]),
            ("TIOCSTI as its own session", &["EPERM", "EIO"]),
            // Its own, at which nobody finds a session: the name is none.
            ("a socket in its place", &["made"]),
            ("question", &["waits"]),
        ],
    );
}

#[test]
fn a_process_that_kills_what_watches_over_it_still_descends_from_the_session() {
    let scene = Scene::new();
    let mut child = scene.begin("off");
    let results = scene.person.home().join("results");
    scene.order(json!({ "kill": results, "recorder": child.id(), "approver": 0, "tty": "" }));
    end(&mut child);
    let start = Instant::now();
    let told = loop {
        match fs::read_to_string(&results) {
            Ok(told) if told.ends_with("end\n") => break told,
            _ => assert!(start.elapsed() < Duration::from_secs(60), "it has told nothing"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    eprintln!("{told}");
    assert!(told.contains("killed"), "{told}");
    assert!(!told.contains("answered"), "{told}");
    assert_eq!(scene.hits(), 0, "{told}");
}
