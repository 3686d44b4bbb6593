//! The command log of whole sessions: on a terminal, without one, and what a person sees of a rule.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::Home;
use crate::support::Session;
use crate::support::run;

const POLICY: &str = r#"
version = 1
default = "allow"

[[command]]
effect = "deny"
pattern = "touch *"
reason = "nothing is touched here"

[[command]]
effect = "ask"
pattern = "seq *"
"#;

/// Longer than the prompt's guard time.
const A_MOMENT: Duration = Duration::from_millis(900);

fn events(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

#[test]
fn a_refusal_is_told_on_standard_error() {
    let home = Home::new();
    let policy = home.file("policy.toml", POLICY);
    let arguments =
        ["--no-gateway", "--policy", policy.to_str().unwrap(), "--", "sh", "-c", "env touch it; echo end $?"];
    let done = run(home.hoop_run(arguments), b"");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "end 126\n", "{}", done.stderr);
    let notice = format!(
        "hoop-run: refused: touch it\n  why: rule touch * ({}:5): nothing is touched here\n",
        policy.display()
    );
    assert!(done.stderr.contains(&notice), "{}", done.stderr);
    let events = events(&home.recording());
    let starts = of(&events, "command.start");
    let names: Vec<&str> = starts.iter().map(|start| start["argv"][0].as_str().unwrap()).collect();
    assert_eq!(names, ["sh", "env"]);
    assert_eq!(of(&events, "command.end").len(), 2);
    assert!(of(&events, "command.failed").iter().any(|failed| failed["why"] == "refused"));
}

#[test]
fn a_program_that_is_refused_itself_is_told() {
    let home = Home::new();
    let policy = home.file("policy.toml", POLICY);
    let arguments = ["--no-gateway", "--policy", policy.to_str().unwrap(), "--", "touch", "it"];
    let done = run(home.hoop_run(arguments), b"");
    assert_eq!(done.status.code(), Some(126), "{}", done.stderr);
    assert!(done.stderr.contains("hoop-run: refused: touch it\n  why: rule touch *"), "{}", done.stderr);
    assert!(done.stderr.contains("ermission denied"), "{}", done.stderr);
}

#[test]
fn a_person_is_asked_about_a_command_and_sees_refusals() {
    let home = Home::new();
    let policy = home.file("policy.toml", POLICY);
    let arguments = ["--no-gateway", "--quiet", "--policy", policy.to_str().unwrap(), "--", "sh"];
    let mut session = Session::start(home.hoop_run(arguments));
    session.wait_for("$ ");
    session.send("seq 41 43\r");
    session.open_question();
    session.wait_for("may this command run");
    session.wait_for("seq 41 43");
    std::thread::sleep(A_MOMENT);
    session.send("a");
    session.wait_for("42\r\n");
    session.wait_for("$ ");
    session.send("touch it\r");
    session.wait_for("hoop-run: refused: touch it\r\n  why: rule touch *");
    session.send("exit 5\r");
    assert_eq!(session.wait().code(), Some(5));
    assert!(!home.path().join("it").exists());
    let events = events(&home.recording());
    assert_eq!(of(&events, "approval.answered")[0]["answer"], "granted");
    let seq = of(&events, "command.start").into_iter().find(|start| start["argv"][0] == "seq").unwrap();
    assert_eq!(seq["parent"], 1);
    let ends = of(&events, "command.end");
    assert_eq!(ends.iter().find(|end| end["id"] == seq["id"]).unwrap()["status"], 0);
    assert_eq!(ends.iter().find(|end| end["id"] == 1).unwrap()["status"], 5);
    assert!(home.recorded("o").contains("hoop-run: refused: touch it"), "what is shown is recorded");
}

#[test]
fn a_person_ends_the_session_at_a_question() {
    let home = Home::new();
    let policy = home.file("policy.toml", POLICY);
    let arguments = ["--no-gateway", "--policy", policy.to_str().unwrap(), "--", "sh"];
    let mut session = Session::start(home.hoop_run(arguments));
    session.wait_for("$ ");
    session.send("seq 41 43\r");
    session.open_question();
    session.wait_for("may this command run");
    std::thread::sleep(A_MOMENT);
    session.send("x");
    session.wait_for("ENDS THE SESSION");
    session.send("enough of it");
    session.wait_for("enough of it");
    session.send("\r");
    session.wait_for(" ended it: enough of it");
    assert_eq!(session.wait().code(), Some(125));
    let events = events(&home.recording());
    let end = &of(&events, "session.end")[0];
    assert_eq!(end["reason"], "stopped");
    assert!(end["message"].as_str().unwrap().ends_with(" ended it: enough of it"), "{end}");
    assert!(of(&events, "command.start").iter().all(|start| start["argv"][0] != "seq"));
}

#[test]
fn a_storm_in_a_session_is_recorded_to_the_last() {
    let home = Home::new();
    let script = "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done";
    let done = run(home.hoop_run(["--no-gateway", "--", "sh", "-c", script]), b"");
    assert!(done.status.success(), "{}", done.stderr);
    let events = events(&home.recording());
    assert_eq!(of(&events, "command.start").len(), 501);
    let ends = of(&events, "command.end");
    assert_eq!(ends.len(), 501);
    assert!(ends.iter().all(|end| end["status"] == 0));
    assert_eq!(events.last().unwrap()["type"], "session.end");
}
