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
use hoop::approval::Answer;
use hoop::approval::Answered;
use hoop::approval::Approver;
use hoop::approval::Broker;
use hoop::approval::Fact;
use hoop::approval::Outcome;
use hoop::approval::Question;
use hoop::approval::Via;
use support::Home;
use support::Session;

/// Set for the process that is the session: the script to run.
const SCRIPT: &str = "HOOP_TEST_SCRIPT";
/// Set for a session in which questions cover the program at once.
const AT_ONCE: &str = "AT_ONCE";
/// The head of a question.
const QUESTION: &str = "may this AWS call go on";
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
        let broker = broker.clone();
        std::thread::spawn(move || end_from_elsewhere(&broker));
        || Ok(())
    });
    assert!(ended.trouble.is_empty(), "{ended:?}");
    fs::write("ended", format!("{:?}", ended.exit)).unwrap();
}

/// Once there is a file `end`, the owner ends the session at what waits, as by hoopctl.
fn end_from_elsewhere(broker: &Broker) {
    while !std::path::Path::new("end").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let person = Approver { via: Via::Hoopctl, ..broker::ana() };
    let waiting = broker.waiting();
    assert_eq!(
        broker.answer(waiting[0].id, Answer::Stop("from afar".to_owned()), &person),
        Answered::Settled
    );
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
    sized(home, script, (80, 24), &[])
}

fn sized(home: &Home, script: &str, size: (u16, u16), variables: &[(&str, &str)]) -> Session {
    let helper = "await() { while [ ! -e $1 ]; do sleep 0.02; done; }; ";
    let this = std::env::current_exe().unwrap();
    let arguments = ["--exact", "a_session_in_a_process_of_its_own", "--nocapture", "--test-threads", "1"];
    let mut command: Command = home.program(this.to_str().unwrap(), arguments);
    command.env(SCRIPT, format!("{helper}{script}"));
    command.envs(variables.iter().copied());
    Session::start_sized(command, [true; 3], size)
}

/// The record's events of one kind.
fn events(home: &Home, kind: &str) -> Vec<serde_json::Value> {
    let mut folders = vec![home.path().join("state/sessions")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("audit.jsonl") {
                let text = fs::read_to_string(path).unwrap();
                let all = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
                found.extend(all.filter(|event| event["type"] == kind));
            }
        }
    }
    found
}

/// Waits until a question is announced, and opens it.
fn open(session: &mut Session) {
    session.open_question();
    session.wait_for(QUESTION);
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
    open(&mut session);
    session.wait_for("deny");
    let screen = session.screen().join("\n");
    for word in ["1 of 1", "ana, agent claude", "123456789012 · eu-west-1", "policy.toml:41"] {
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
    let shown = events(&home, "approval.shown");
    assert_eq!((shown.len(), &shown[0]["to"], &shown[0]["via"]), (1, &"ana".into(), &"terminal".into()));
}

/// Without the hot-key nothing that is typed answers, all of it is the program's; with it, nothing is.
#[test]
fn only_the_hot_key_opens_a_question() {
    let home = Home::new();
    let script = "stty raw -echo; echo 60 > ask1; dd bs=1 count=3 2>/dev/null > typed; stty sane; await answer1; \
                  dd bs=1 count=1 2>/dev/null > last; read x";
    let mut session = session(&home, script);
    session.wait_for("\x07");
    session.wait_until("the line is drawn", |session| session.screen()[23].contains("s3:DeleteObject1"));
    settle(&mut session, A_MOMENT);
    for key in ["a", "d", "s"] {
        session.send(key);
        settle(&mut session, Duration::from_millis(100));
    }
    session.wait_until("typed", |_| fs::read(home.path().join("typed")).is_ok_and(|typed| typed == b"ads"));
    assert!(!home.path().join("answer1").exists());
    open(&mut session);
    settle(&mut session, A_MOMENT);
    session.send("d");
    session.wait_until("answered", |_| home.path().join("answer1").exists());
    // Nothing waits now: the key is the program's.
    session.send("\x1d\r");
    session.wait_until("given on", |_| fs::read(home.path().join("last")).is_ok_and(|last| last == b"\x1d"));
    session.send("\r");
    session.wait();
}

#[test]
fn a_question_that_is_left_waits_on_and_is_announced_again() {
    let home = Home::new();
    let mut session =
        session(&home, "printf 'half typ'; echo 60 > ask1; await answer1; printf after; read x");
    open(&mut session);
    session.send("\x1b");
    session.wait_until("back", |session| {
        let screen = session.screen();
        screen[2].ends_with("... half typ")
            && screen[23].contains("Ctrl-]")
            && session.cursor() == (2, screen[2].len())
    });
    assert!(!home.path().join("answer1").exists());
    open(&mut session);
    settle(&mut session, A_MOMENT);
    session.send("m");
    session.wait_for("Enter allows this action");
    session.send("5");
    session.wait_for("minutes\x1b[0m  5");
    session.send("\r");
    session.wait_for("after");
    assert_eq!(answer(&home, 1), "allowed For(300s) by ana");
    assert_eq!(session.screen()[23], "");
    session.send("\r");
    session.wait();
    // The window's title was ours, and is not any more.
    let text = session.text();
    assert!(text.contains("\x1b[22;2t\x1b]2;hoop-run: 1 question waits (Ctrl-])\x07"), "{text:?}");
    assert!(text.rfind("\x1b[23;2t") > text.rfind("\x1b]2;hoop-run"), "{text:?}");
}

/// The program scrolls, draws and erases under the line as if it were not there.
#[test]
fn output_under_the_line_is_what_it_is_without_it() {
    let home = Home::new();
    let script = "for n in $(seq 20); do echo begin $n; done; echo 60 > ask1; await go; \
                  for n in $(seq 15); do echo line $n; sleep 0.02; done; \
                  printf '\\033[3A\\033[31mred\\033[K\\033[0m\\r\\n\\n\\nlast row: x\\0337'; sleep 0.1; printf '\\0338y'; \
                  await answer1; printf z; read x";
    let mut session = session(&home, script);
    session.wait_until("announced", |session| session.screen()[23].contains("Ctrl-]"));
    home.file("go", "");
    session.wait_for("line 15");
    settle(&mut session, A_MOMENT);
    let screen = session.screen();
    assert!(screen[23].contains("Ctrl-]"), "{screen:?}");
    assert_eq!(screen[22], "line 15", "{screen:?}");
    assert_eq!((screen[21].as_str(), screen[20].as_str()), ("line 14", "red"), "{screen:?}");
    open(&mut session);
    settle(&mut session, A_MOMENT);
    session.send("d");
    session.wait_for("z");
    let screen = session.screen();
    assert_eq!(screen[23], "last row: xyz");
    assert_eq!(screen[21], "line 14");
    assert_eq!(
        screen.iter().filter(|row| row.contains("Ctrl-]") || row.contains("s3:")).count(),
        0,
        "{screen:?}"
    );
    session.send("\r");
    session.wait();
}

/// A terminal that does not tell where its cursor is: the question is told in a line among the program's.
#[test]
fn a_terminal_that_answers_nothing_gets_a_line_of_its_own() {
    let home = Home::new();
    let mut session = session(&home, "printf prompt; echo 60 > ask1; await answer1; echo after; read x");
    session.answers = false;
    session.wait_for("s3:DeleteObject1 on arn:aws:s3:::billing/07.csv waits for an answer: press Ctrl-]");
    session.send("\x1d");
    session.wait_for(QUESTION);
    settle(&mut session, A_MOMENT);
    session.send("d");
    session.wait_for("after");
    session.send("\r");
    session.wait();
}

#[test]
fn type_ahead_answers_nothing_and_a_denial_carries_its_reason() {
    let home = Home::new();
    let mut session =
        sized(&home, "echo 60 > ask1; await answer1; printf after; read x", (80, 24), &[(AT_ONCE, "1")]);
    session.wait_for("s3:DeleteObject1");
    session.send("a");
    settle(&mut session, Duration::from_millis(300));
    session.send("aaaa");
    settle(&mut session, A_MOMENT);
    assert!(!home.path().join("answer1").exists());
    session.send("D");
    session.wait_for("Enter denies");
    session.send("use staging, not ghp_16C7e42F292c6912E7710c838347Ae178B4a\r");
    session.wait_for("after");
    let denied = answer(&home, 1);
    assert!(
        denied.starts_with("denied: ana denied it: use staging, not ") && !denied.contains("16C7e42F"),
        "{denied}"
    );
    session.send("\r");
    session.wait();
}

#[test]
fn the_programs_output_is_held_while_a_question_is_on_the_screen() {
    let home = Home::new();
    let mut session =
        session(&home, "echo 60 > ask1; await go; echo held; await answer1; echo after; read x");
    open(&mut session);
    home.file("go", "");
    settle(&mut session, A_MOMENT + A_MOMENT);
    assert!(!session.text().contains("held\r"), "{}", session.text());
    session.send("d");
    session.wait_for("held");
    session.wait_for("after");
    session.send("\r");
    session.wait();
}

#[test]
fn several_questions_are_listed_and_come_one_after_the_other() {
    let home = Home::new();
    let mut session = session(
        &home,
        "for n in 1 2 3; do echo 60 > ask$n; sleep 0.2; done; await answer3; echo after; read x",
    );
    session.wait_until("announced", |session| session.screen()[23].contains("3 questions wait"));
    session.send("\x1d");
    session.wait_for("these wait for you");
    let screen = session.screen().join("\n");
    for number in 1..=3 {
        assert!(screen.contains(&format!("s3:DeleteObject{number} on")), "{screen}");
    }
    session.send("\r");
    for (number, key) in [(1, "a"), (2, "s"), (3, "d")] {
        settle(&mut session, A_MOMENT);
        let (screen, left) = (session.screen().join("\n"), 4 - number);
        assert!(
            screen.contains(&format!("1 of {left}")) && screen.contains(&format!("Object{number}")),
            "{screen}"
        );
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
    let mut session = session(&home, "printf before; echo 4 > ask1; await answer1; printf after; read x");
    open(&mut session);
    session.wait_for("1 s left");
    session.wait_for("after");
    assert_eq!(answer(&home, 1), "denied: nobody answered within 4 s");
    let screen = session.screen();
    assert!(screen[2].ends_with("beforeafter") && screen[23].is_empty(), "{screen:?}");
    session.send("\r");
    session.wait();
}

#[test]
fn a_full_screen_program_comes_back_as_it_was() {
    for size in [(80, 24), (200, 50), (20, 5)] {
        let home = Home::new();
        let (cols, rows) = size;
        let paint = format!(
            "\\033[?1049h\\033[?1h\\033[?2004h\\033[2J\\033[3;5H\\033[44mtitle\\033[0m\\033[{rows};1H\\033[7mstatus\\033[0m \\033[32m日本\\033[0m\\033[5;7H"
        );
        let script =
            format!("printf '{paint}'; sleep 0.3; echo 60 > ask1; await answer1; printf after; read x");
        let mut session = sized(&home, &script, size, &[]);
        session.wait_for("\x1b[5;7H");
        let before = session.screen();
        session.open_question();
        session.wait_for("1 of 1");
        session.resize(cols, rows);
        settle(&mut session, A_MOMENT);
        session.send("\x1b");
        // But for the last row, on which the line comes to stand again.
        let last = usize::from(rows) - 1;
        session.wait_until("back, over its line", |session| {
            let back = session.screen();
            back[..last] == before[..last] && back[last].contains("Ctrl-]")
        });
        session.send("\x1d");
        session.wait_for("1 of 1");
        settle(&mut session, A_MOMENT);
        session.send("a");
        session.wait_for("after");
        let mut expected = before;
        // It writes on where its cursor was.
        let start = if rows == 5 { "statusafter" } else { "      after" };
        expected[4] =
            if rows == 5 { expected[4].replacen("status 日本", start, 1) } else { start.to_owned() };
        assert_eq!(session.screen(), expected, "{size:?}");
        session.send("\r");
        session.wait();
    }
}

#[test]
fn a_program_that_ends_under_a_question_ends_the_session() {
    let home = Home::new();
    let mut session = session(&home, "echo 60 > ask1; await go; echo last words");
    open(&mut session);
    home.file("go", "");
    session.wait_for("last words");
    session.wait();
    assert_eq!(fs::read_to_string(home.path().join("ended")).unwrap(), "Status(0)");
    assert!(session.is_cooked());
}

#[test]
fn a_person_ends_the_session_with_a_denial() {
    let home = Home::new();
    let mut session =
        session(&home, "trap 'echo told; exit 3' HUP; echo 60 > ask1; echo 60 > ask2; await never");
    session.wait_until("announced", |session| session.screen()[23].contains("2 questions wait"));
    session.send("\x1d");
    session.wait_for("these wait");
    session.send("\r");
    session.wait_for(QUESTION);
    settle(&mut session, A_MOMENT);
    session.send("x");
    session.wait_for("ENDS THE SESSION");
    session.send("too much");
    session.wait_for("too much");
    session.send("\r");
    session.wait_for("told");
    session.wait();
    assert!(session.is_cooked());
    assert_eq!(
        fs::read_to_string(home.path().join("ended")).unwrap(),
        "Dismissed(\"ana ended it: too much\")"
    );
    let answered = events(&home, "approval.answered");
    assert_eq!(answered.len(), 2, "{answered:?}");
    assert_eq!(answered[0]["reason"], "ana denied it: too much");
    assert!(answered[1]["reason"].as_str().unwrap().contains("ana ended it: too much"), "{answered:?}");
}

#[test]
fn the_session_is_ended_from_elsewhere_under_an_open_question() {
    for is_open in [false, true] {
        let home = Home::new();
        let mut session =
            session(&home, "printf before; trap 'echo told; exit 3' HUP; echo 60 > ask1; await never");
        if is_open {
            open(&mut session);
        } else {
            session.wait_for("Ctrl-] answers");
        }
        home.file("end", "");
        session.wait_for("told");
        session.wait();
        assert!(session.is_cooked());
        assert_eq!(
            fs::read_to_string(home.path().join("ended")).unwrap(),
            "Dismissed(\"ana ended it: from afar\")"
        );
        let screen = session.screen().join("\n");
        assert!(
            screen.contains("before") && !screen.contains("Ctrl-]") && !screen.contains("s3:"),
            "{screen}"
        );
    }
}

#[test]
fn a_program_that_ignores_the_end_is_killed() {
    let home = Home::new();
    let mut session =
        session(&home, "trap '' HUP; printf before; echo 60 > ask1; while :; do sleep 0.1; done");
    open(&mut session);
    settle(&mut session, A_MOMENT);
    session.send("x");
    session.wait_for("ENDS THE SESSION");
    session.send("\r");
    session.wait();
    assert_eq!(fs::read_to_string(home.path().join("ended")).unwrap(), "Dismissed(\"ana ended it\")");
    assert!(session.screen()[2].contains(" before"), "{:?}", session.screen());
}

/// The size changes while the line stands on the last row, and while a question covers everything.
#[test]
fn another_size_leaves_nothing_of_ours_behind() {
    let home = Home::new();
    let script = "printf 'one\\ntwo\\n$ half'; echo 60 > ask1; await answer1; printf after; read x";
    let mut session = session(&home, script);
    session.wait_until("announced", |session| session.screen()[23].contains("Ctrl-]"));
    for (cols, rows) in [(97, 31), (60, 10), (97, 31)] {
        session.resize(cols, rows);
        session.wait_until("announced anew", |session| {
            let screen = session.screen();
            screen.last().unwrap().contains("Ctrl-]")
                && screen.iter().filter(|row| row.contains("Ctrl-]")).count() == 1
        });
        let screen = session.screen().join("\n");
        assert!(screen.contains("one\ntwo\n$ half\n"), "{screen}");
    }
    open(&mut session);
    session.resize(80, 24);
    settle(&mut session, A_MOMENT);
    session.send("a");
    session.wait_for("after");
    let screen = session.screen();
    assert!(screen.join("\n").trim_end().ends_with("one\ntwo\n$ halfafter"), "{screen:?}");
    session.send("\r");
    session.wait();
}

#[test]
fn the_terminal_goes_away_under_a_question() {
    let home = Home::new();
    let mut session = session(&home, "echo 60 > ask1; await never");
    open(&mut session);
    session.close_terminal();
    let deadline = std::time::Instant::now() + support::PATIENCE;
    while session.child().try_wait().unwrap().is_none() {
        assert!(std::time::Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    let answered = events(&home, "approval.answered");
    assert!(answered[0]["reason"].as_str().unwrap().contains("the terminal was closed"), "{answered:?}");
}
