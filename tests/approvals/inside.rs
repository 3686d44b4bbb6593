//! An agent inside tries to answer its own question by every way, in the sandbox and without one.

use std::fs;
use std::fs::Permissions;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::person::Person;
use crate::person::has_namespaces;
use crate::support::Session;
use crate::world::said;

const POLICY: &str =
    "version = 1\ndefault = \"deny\"\n[[command]]\neffect = \"ask\"\npattern = [\"touch *\"]\n";

/// What came of each way of inside.py. The person outside has a live list open all the time.
fn attack(sandbox: &str) -> Value {
    let person = Person::ordinary();
    let hoopctl = person.folder().join("bin/hoopctl");
    fs::copy(env!("CARGO_BIN_EXE_hoopctl"), &hoopctl).unwrap();
    let script = person.script("inside.py");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/approvals/inside.py"), &script).unwrap();
    for file in [&hoopctl, &script] {
        fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
    }
    let policy = person.file("policy.toml", POLICY);
    let mut list = Session::start(person.command(&hoopctl, ["approvals"]));
    list.wait_for("nothing waits");
    let tty = fs::read_link(format!("/proc/{}/fd/0", list.pid())).unwrap();
    let orders = person.folder().join("scripts/orders.json");
    let begin = format!(
        "until [ -s {0} ]; do sleep 0.1; done; exec python3 {1} {0}",
        orders.display(),
        script.display()
    );
    let mut command = person.hoop_run([
        "-p",
        policy.to_str().unwrap(),
        "--sandbox",
        sandbox,
        "--approve-via",
        "hoopctl",
        "--",
        "sh",
        "-c",
        &begin,
    ]);
    command.env("HOOP_APPROVAL_TTL", "5m").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let text = json!({
        "state": person.home().join(".local/state/hoop"), "hoopctl": hoopctl, "tty": tty,
        "recorder": child.id(), "approver": list.pid(), "owned": person.home().join("owned"),
    });
    fs::write(&orders, text.to_string()).unwrap();
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
    list.wait_for("touch");
    assert!(!person.home().join("owned").exists(), "{sandbox}: it has answered itself: {found:#}");
    // The person outside can.
    let waiting = said(&person.command(&hoopctl, ["approvals", "list", "--json"]).output().unwrap()).1;
    let card: Value = serde_json::from_str(waiting.lines().next().unwrap_or_default())
        .unwrap_or_else(|_| panic!("{waiting}"));
    let name = card["name"].as_str().unwrap();
    let (status, told) = said(&person.command(&hoopctl, ["approvals", "allow", name]).output().unwrap());
    assert_eq!(status, 0, "{told}");
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(30), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(person.home().join("owned").exists());
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
