//! The real hoop-run, ended or killed while calls wait: nothing is forwarded, and the record says what became of them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hoop::record::State;
use hoop::record::verify;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::clients::aws;
use crate::clients::cache;
use crate::clients::came;
use crate::support::Home;
use crate::support::Session;
use crate::support::run;
use crate::upstream::Upstream;
use crate::world::REAL_KEY;
use crate::world::REAL_SECRET;

const POLICY: &str = r#"
version = 1
default = "allow"

[[statement]]
effect = "ask"
action = ["dynamodb:DescribeTable"]
ttl = "5m"
"#;

/// Waits for a file.
const UNTIL_OVER: &str = "while [ ! -e over ]; do sleep 0.1; done";

/// Twenty calls at once.
const TWENTY: &str = r#"
import sys, threading, boto3
client = boto3.client("dynamodb")
def call(number):
    try: client.describe_table(TableName="held-%d" % number); print("done", flush=True)
    except Exception as error: print(error, flush=True)
for number in range(20): threading.Thread(target=call, args=(number,)).start()
"#;

fn hoop_run(home: &Home, upstream: &Upstream, argv: &[&str]) -> Command {
    let policy = home.file("policy.toml", POLICY).display().to_string();
    let mut command = home.hoop_run(["--quiet", "--policy", &policy, "--"].iter().chain(argv));
    command.env("HOOP_UPSTREAM_ENDPOINT_URL", &upstream.url);
    command.env("AWS_ACCESS_KEY_ID", REAL_KEY).env("AWS_SECRET_ACCESS_KEY", REAL_SECRET);
    command.env("AWS_REGION", "eu-central-1").env("AWS_DEFAULT_REGION", "eu-central-1");
    let venv = cache().join("venv/bin");
    command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", venv.display()));
    command
}

/// The events of one type, as far as they are written whole.
pub fn events(folder: &Path, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("audit.jsonl")).unwrap_or_default();
    let whole = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    whole.filter(|event| event["type"] == kind).collect()
}

/// Reads the terminal until so many questions were put.
fn wait_for_questions(session: &mut Session, home: &Home, count: usize) {
    for _ in 0..6 {
        // Its own patience is for one program on an idle machine.
        let until = std::time::Instant::now() + crate::support::PATIENCE;
        while std::time::Instant::now() < until {
            let found = home.recordings().first().map_or(0, |folder| events(folder, "approval.asked").len());
            if found == count {
                return;
            }
            assert!(session.read_for(Duration::from_millis(20)), "ended: {}", session.text());
        }
    }
    panic!("no {count} questions: {}", session.text());
}

fn nothing_came(upstream: &Upstream) {
    let came = came(upstream);
    assert!(came.is_empty(), "{} were forwarded", came.len());
}

#[test]
fn what_is_held_when_hoop_run_is_killed_was_never_forwarded_and_the_record_says_so() {
    let (home, upstream) = (Home::new(), aws());
    let argv = ["aws", "dynamodb", "describe-table", "--table-name", "held-crash"];
    let mut session = Session::start(hoop_run(&home, &upstream, &argv));
    wait_for_questions(&mut session, &home, 1);
    session.read_for(Duration::from_millis(500));
    session.signal(Signal::SIGKILL);
    session.child().wait().unwrap();
    let folder = home.recording();
    assert_eq!(events(&folder, "approval.answered").len(), 0);
    // The next start seals what it finds.
    let next = run(hoop_run(&home, &upstream, &["true"]), b"");
    assert!(next.status.success(), "{}", next.stderr);
    let verified = verify(&folder).unwrap();
    assert_eq!(verified.state, State::Interrupted);
    assert_eq!((events(&folder, "approval.asked").len(), events(&folder, "approval.answered").len()), (1, 0));
    nothing_came(&upstream);
}

/// Runs twenty calls and ends the session with all of them waiting.
fn ended(argv: &[&str], end: impl FnOnce(&Home, &mut Session), whys: &[&str]) {
    let (home, upstream) = (Home::new(), aws());
    let mut session = Session::start(hoop_run(&home, &upstream, argv));
    wait_for_questions(&mut session, &home, 20);
    end(&home, &mut session);
    session.wait();
    let folder = home.recording();
    let answered = events(&folder, "approval.answered");
    assert_eq!(answered.len(), 20, "{answered:#?}");
    for answer in &answered {
        let reason = answer["reason"].as_str().unwrap();
        let is_one = whys.iter().any(|why| reason.contains(why));
        assert!(answer["answer"] == "withdrawn" && is_one, "{answer}");
    }
    assert_eq!(events(&folder, "call.begin").len(), events(&folder, "call.end").len());
    assert!(matches!(verify(&folder).unwrap().state, State::Sealed), "{:?}", verify(&folder).unwrap().state);
    nothing_came(&upstream);
}

#[test]
fn all_who_wait_are_refused_when_hoop_run_is_told_to_end() {
    // The program is told too; its connections may be gone before the session is.
    let whys = ["it waited for approval when", "the client went away"];
    ended(&["python3", "-c", TWENTY], |_, session| session.signal(Signal::SIGTERM), &whys);
}

#[test]
fn all_who_wait_are_refused_when_the_terminal_goes_away() {
    let whys = ["it waited for approval when"];
    ended(&["python3", "-c", TWENTY], |_, session| session.close_terminal(), &whys);
}

#[test]
fn all_who_wait_are_refused_when_the_program_ends_before_them() {
    let script = format!("python3 -c '{TWENTY}' & {UNTIL_OVER}");
    let over = |home: &Home, _: &mut Session| drop(home.file("over", ""));
    let whys = ["it waited for approval when the session ended", "the client went away"];
    ended(&["sh", "-c", &script], over, &whys);
}

#[test]
fn the_question_of_a_process_that_has_ended_ends_with_it() {
    let (home, upstream) = (Home::new(), aws());
    let script =
        format!("aws dynamodb describe-table --table-name held-gone & {UNTIL_OVER}; kill $!; sleep 4");
    let mut session = Session::start(hoop_run(&home, &upstream, &["sh", "-c", &script]));
    wait_for_questions(&mut session, &home, 1);
    home.file("over", "");
    session.wait();
    let folder = home.recording();
    let ran = events(&folder, "command.start");
    if ran.is_empty() {
        eprintln!("left out: there is no command log here");
        return;
    }
    let asked = events(&folder, "call.begin").remove(0);
    let end = events(&folder, "command.end").into_iter().find(|end| end["id"] == asked["command"]);
    let end = end.unwrap_or_else(|| panic!("{asked} {:#?}", events(&folder, "command.end")));
    let answered = events(&folder, "approval.answered").remove(0);
    assert_eq!(answered["answer"], "withdrawn", "{answered}");
    let after = answered["t"].as_i64().unwrap() - end["t"].as_i64().unwrap();
    // A client that could come back is waited for fifteen seconds.
    assert!(after < 3_000_000, "{after} µs: {answered} {end}");
    nothing_came(&upstream);
}
