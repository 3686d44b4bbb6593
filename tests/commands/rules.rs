//! `[[command]]` rules: refused, asked about, noted.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use hoop::approval::Answer;
use hoop::approval::Scope;
use hoop::approval::Ways;

use crate::broker::AT_TERMINAL;
use crate::broker::NOBODY;
use crate::broker::ana;
use crate::world::Wish;
use crate::world::World;
use crate::world::argv;
use crate::world::command;
use crate::world::until;

const POLICY: &str = r#"
[[command]]
effect = "deny"
pattern = ["touch *", "aws configure*"]
reason = "the session's credentials are hoop's"

[[command]]
effect = "ask"
pattern = "seq *"

[[command]]
effect = "note"
pattern = "uname*"
"#;

fn world(ways: Ways) -> World {
    World::with(Wish { policy: POLICY.to_owned(), ways, ..Wish::default() })
}

#[test]
fn a_refused_command_does_not_run_and_is_told() {
    let world = world(NOBODY);
    let done = world.bash(
        "env touch made; echo $?; uname; /bin/touch made; echo $?; (exec -a seq /bin/touch made); echo $?",
    );
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(told.starts_with("126\n") && told.ends_with("126\n126\n"), "{told}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("Permission denied"));
    assert!(!world.path("made").exists());
    until("it is told", || !world.notices.is_empty());
    let notice = world.notices.next().unwrap();
    assert_eq!(
        notice,
        "hoop-run: refused: touch made\n  why: rule touch * (policy.toml:3): the session's credentials are hoop's"
    );
    let log = world.finish();
    log.check();
    let refused: Vec<_> = log.of("command.failed").filter(|line| line["why"] == "refused").collect();
    assert!(refused.len() >= 3);
    assert!(refused.iter().all(|line| line["rule"] == "touch * (policy.toml:3)"));
    let uname = log.start_of("uname");
    assert_eq!(uname["rule"], "uname* (policy.toml:12)");
    assert_eq!(log.end_of("uname")["status"], 0);
}

#[test]
fn with_nobody_to_ask_the_answer_is_no() {
    let world = world(NOBODY);
    let done = world.bash("seq 1 3");
    assert_eq!(done.status.code(), Some(126));
    until("it is told", || !world.notices.is_empty());
    assert!(world.notices.next().unwrap().contains("there is no terminal to ask on"));
    let log = world.finish();
    log.check();
    let asked = log.of("approval.asked").next().unwrap();
    assert_eq!(asked["question"], "command seq 1 3");
    let answered = log.of("approval.answered").next().unwrap();
    assert_eq!((&answered["id"], &answered["answer"]), (&asked["id"], &"nobody".into()));
    assert_eq!(log.of("command.failed").next().unwrap()["why"], "refused");
}

#[test]
fn others_go_on_while_one_waits_for_a_person() {
    let world = world(AT_TERMINAL);
    let broker = &world.broker;
    let mut bash = command(
        "/bin/bash",
        &["--norc", "-c", "seq 1 2 & for i in {1..50}; do /bin/true; done; wait %1; seq 3 4"],
    );
    bash.current_dir(world.folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = world.start(bash);
    until("it is asked, and fifty others have run", || {
        !broker.waiting().is_empty() && world.commands.of_number(51).is_some()
    });
    std::thread::sleep(Duration::from_millis(100));
    let waiting = broker.waiting();
    assert_eq!(waiting.len(), 1);
    let question = &waiting[0].question;
    assert_eq!((question.action.as_str(), &question.resources[..]), ("command", &["seq 1 2".to_owned()][..]));
    assert!(question.command.as_ref().unwrap().starts_with("/bin/bash --norc"), "{question:?}");
    assert_eq!(question.rule, "seq * (policy.toml:8)");
    broker.answer(waiting[0].id, Answer::Allow(Scope::Once, String::new()), &ana());
    until("the next is asked", || broker.waiting().first().is_some_and(|it| it.id != waiting[0].id));
    broker.answer(broker.waiting()[0].id, Answer::Deny("not today".to_owned()), &ana());
    let done = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "1\n2\n");
    assert_eq!(done.status.code(), Some(126));
    let log = world.finish();
    log.check();
    let ran = log.start_of("seq");
    assert_eq!((argv(ran), &ran["rule"]), (vec!["seq", "1", "2"], &"seq * (policy.toml:8)".into()));
    let answers: Vec<_> = log.of("approval.answered").map(|line| line["answer"].as_str().unwrap()).collect();
    assert_eq!(answers, ["granted", "denied"]);
    assert_eq!(log.of("approval.answered").last().unwrap()["reason"], "ana denied it: not today");
}

#[test]
fn a_question_whose_process_is_killed_is_withdrawn() {
    let world = world(AT_TERMINAL);
    let broker = &world.broker;
    let mut bash = command("/bin/bash", &["--norc", "-c", "exec seq 1 2"]);
    bash.stdout(Stdio::piped());
    let mut child = world.start(bash);
    until("it is asked", || !broker.waiting().is_empty());
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    let start = Instant::now();
    until("it is withdrawn", || broker.waiting().is_empty());
    assert!(start.elapsed() < Duration::from_secs(5));
    let log = world.finish();
    log.check();
    assert_eq!(log.of("approval.answered").next().unwrap()["answer"], "withdrawn");
    assert_eq!(log.starts().len(), 1);
    assert_eq!(log.end_of("bash")["signal"], 9);
}

#[test]
fn a_question_names_the_commands_above_it_and_the_repository() {
    let world = world(AT_TERMINAL);
    let broker = &world.broker;
    // Each goes on afterwards, so that none becomes the next one.
    let inner = "/bin/bash --norc -c 'seq 1 2; exit 3'; exit 4";
    let mut bash = command("/bin/bash", &["--norc", "-c", inner]);
    bash.stdout(Stdio::piped());
    let mut child = world.start(bash);
    until("it is asked", || !broker.waiting().is_empty());
    let question = broker.waiting()[0].question.clone();
    assert_eq!(question.command.as_deref(), Some("/bin/bash --norc -c 'seq 1 2; exit 3'"));
    assert_eq!(question.above.len(), 1, "{question:?}");
    assert!(question.above[0].starts_with("/bin/bash --norc -c") && question.above[0].ends_with("exit 4'"));
    assert_eq!(question.repository.as_deref(), Some("github.com/shop/web"));
    broker.answer(broker.waiting()[0].id, Answer::Deny(String::new()), &ana());
    assert_eq!(child.wait().unwrap().code(), Some(4));
    world.finish().check();
}
