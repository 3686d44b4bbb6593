//! Questions to a person, on a terminal with a program under them.
//!
//! The session runs in a process of its own: this test program, started again as one of its own tests.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]

#[path = "support/broker.rs"]
mod broker;
#[path = "support/inner.rs"]
mod inner;
mod support;

use std::fs;
use std::process::Command;
use std::time::Duration;

use broker::AT_TERMINAL;
use hoop::approval::Broker;
use hoop::approval::Fact;
use hoop::approval::Outcome;
use hoop::approval::Question;
use support::Home;
use support::Session;

/// Set for the process that is the session: the script to run.
const SCRIPT: &str = "HOOP_TEST_SCRIPT";
/// Longer than the guard time.
const A_MOMENT: Duration = Duration::from_millis(900);

/// A session whose program asks by making files: `ask1` with seconds to live in it; the answer comes in `answer1`.
#[test]
fn a_session_in_a_process_of_its_own() {
    let Some(script) = std::env::var_os(SCRIPT) else { return };
    let (ended, _recorder) = inner::run(script, AT_TERMINAL, |broker, _| {
        for number in 1..=3 {
            let broker = broker.clone();
            std::thread::spawn(move || ask(&broker, number));
        }
        || Ok(())
    });
    assert!(ended.trouble.is_empty(), "{ended:?}");
    fs::write("ended", format!("{:?}", ended.exit)).unwrap();
}

fn ask(broker: &Broker, number: u32) {
    let file = format!("ask{number}");
    let ttl = loop {
        match fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()) {
            Some(seconds) => break Duration::from_secs(seconds),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let mut pending = broker.ask(Question {
        action: format!("s3:DeleteObject{number}"),
        resources: vec!["arn:aws:s3:::billing/07.csv".to_owned()],
        who: "ana".to_owned(),
        agent: Some("claude".to_owned()),
        command: Some("aws s3 rm s3://billing/07.csv".to_owned()),
        account: Some("123456789012".to_owned()),
        region: "eu-west-1".to_owned(),
        rule: "destructive (policy.toml:41)".to_owned(),
        parameters: vec![Fact { name: "Key".to_owned(), value: "07.csv\x1b[2J".to_owned() }],
        fingerprint: number.to_string(),
        ttl,
        ..Question::default()
    });
    let outcome = loop {
        match pending.try_answer() {
            Some(outcome) => break outcome,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let text = match outcome {
        Outcome::Allowed { scope, by } => format!("allowed {scope:?} by {by}"),
        Outcome::Denied(refusal) => format!("denied: {refusal}"),
    };
    fs::write(format!("answer{number}.new"), text).unwrap();
    fs::rename(format!("answer{number}.new"), format!("answer{number}")).unwrap();
}

/// Starts a session that runs `script`. `await FILE` waits for a file.
fn session(home: &Home, script: &str) -> Session {
    let helper = "await() { while [ ! -e $1 ]; do sleep 0.02; done; }; ";
    let this = std::env::current_exe().unwrap();
    let arguments = ["--exact", "a_session_in_a_process_of_its_own", "--nocapture", "--test-threads", "1"];
    let mut command: Command = home.program(this.to_str().unwrap(), arguments);
    command.env(SCRIPT, format!("{helper}{script}"));
    Session::start(command)
}

fn answer(home: &Home, number: u32) -> String {
    fs::read_to_string(home.path().join(format!("answer{number}"))).unwrap()
}

fn settle(session: &mut Session, time: Duration) {
    let end = std::time::Instant::now() + time;
    while std::time::Instant::now() < end {
        session.read_for(Duration::from_millis(20));
    }
}

#[test]
fn a_yes_lets_the_call_go_on_and_the_screen_comes_back() {
    let home = Home::new();
    let mut session =
        session(&home, "printf 'before\\nprompt> '; echo 60 > ask1; await answer1; printf after; read x");
    session.wait_for("s3:DeleteObject1");
    session.wait_for("deny");
    let screen = session.screen().join("\n");
    for word in ["may this AWS call go on", "1 of 1", "ana", "123456789012 · eu-west-1", "policy.toml:41"] {
        assert!(screen.contains(word), "{word} in\n{screen}");
    }
    assert!(!screen.contains("before"), "{screen}");
    settle(&mut session, A_MOMENT);
    session.send("a");
    session.wait_for("after");
    assert_eq!(answer(&home, 1), "allowed Once by ana");
    let screen = session.screen().join("\n");
    assert!(screen.contains("before\nprompt> after") && !screen.contains("s3:"), "{screen}");
    session.send("\r");
    session.wait();
    assert!(session.is_cooked());
}

#[test]
fn type_ahead_answers_nothing_and_a_denial_carries_its_reason() {
    let home = Home::new();
    let mut session = session(&home, "echo 60 > ask1; await answer1; printf after; read x");
    session.wait_for("s3:DeleteObject1");
    session.send("a");
    settle(&mut session, Duration::from_millis(300));
    session.send("aaaa");
    settle(&mut session, A_MOMENT);
    assert!(!home.path().join("answer1").exists());
    session.send("D");
    session.wait_for("Enter denies");
    session.send("use staging\r");
    session.wait_for("after");
    assert_eq!(answer(&home, 1), "denied: ana denied it: use staging");
    session.send("\r");
    session.wait();
}

#[test]
fn the_programs_output_is_held_while_a_question_is_on_the_screen() {
    let home = Home::new();
    let mut session =
        session(&home, "echo 60 > ask1; sleep 0.5; echo held; await answer1; echo after; read x");
    session.wait_for("s3:DeleteObject1");
    settle(&mut session, A_MOMENT + A_MOMENT);
    assert!(!session.text().contains("held\r"), "{}", session.text());
    session.send("d");
    session.wait_for("held");
    session.wait_for("after");
    session.send("\r");
    session.wait();
}

#[test]
fn several_questions_come_one_after_the_other() {
    let home = Home::new();
    let mut session = session(
        &home,
        "for n in 1 2 3; do echo 60 > ask$n; sleep 0.2; done; await answer3; echo after; read x",
    );
    session.wait_for("s3:DeleteObject1");
    session.wait_for("1 of 3");
    for (number, key) in [(1, "a"), (2, "s"), (3, "d")] {
        settle(&mut session, A_MOMENT);
        assert!(session.screen().join("\n").contains(&format!("{number} of 3")));
        session.send(key);
        session.wait_until("answered", |_| home.path().join(format!("answer{number}")).exists());
    }
    session.wait_for("after");
    assert_eq!(answer(&home, 1), "allowed Once by ana");
    assert_eq!(answer(&home, 2), "allowed Session by ana");
    assert_eq!(answer(&home, 3), "denied: ana denied it");
    session.send("\r");
    session.wait();
}

#[test]
fn no_answer_in_time_is_a_no_and_the_screen_comes_back() {
    let home = Home::new();
    let mut session = session(&home, "printf before; echo 2 > ask1; await answer1; printf after; read x");
    session.wait_for("1 s left");
    session.wait_for("after");
    assert_eq!(answer(&home, 1), "denied: nobody answered within 2 s");
    assert!(session.screen().join("\n").contains("beforeafter"));
    session.send("\r");
    session.wait();
}

#[test]
fn a_full_screen_program_comes_back_as_it_was() {
    let home = Home::new();
    let paint =
        "\\033[?1049h\\033[?1h\\033[?2004h\\033[2J\\033[3;5H\\033[44mtitle\\033[0m\\033[10;10Hx\\033[5;7H";
    let script = format!("printf '{paint}'; sleep 0.3; echo 60 > ask1; await answer1; printf after; read x");
    let mut session = session(&home, &script);
    session.wait_for("\x1b[5;7H");
    let before = session.screen();
    session.wait_for("s3:DeleteObject1");
    session.resize(80, 24);
    settle(&mut session, A_MOMENT);
    session.send("a");
    session.wait_for("after");
    let mut expected = before;
    // It writes on where its cursor was.
    expected[4] = "      after".to_owned();
    assert_eq!(session.screen(), expected);
    session.send("\r");
    session.wait();
}

#[test]
fn a_program_that_ends_under_a_question_ends_the_session() {
    let home = Home::new();
    let mut session = session(&home, "echo 60 > ask1; await go; echo last words");
    session.wait_for("s3:DeleteObject1");
    home.file("go", "");
    session.wait_for("last words");
    session.wait();
    assert_eq!(fs::read_to_string(home.path().join("ended")).unwrap(), "Status(0)");
    assert!(session.is_cooked());
}
