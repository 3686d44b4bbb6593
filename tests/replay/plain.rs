//! `--plain`: what the viewer shows, for screen readers and pipes.

use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hoop::audit::Alert;
use hoop::audit::Answer;
use hoop::audit::ApprovalAnswered;
use hoop::audit::ApprovalAsked;
use hoop::audit::Event;
use hoop::types::Effect;
use hoop::types::Micros;

use super::*;

/// Every line is a fact with a label, and nothing in it is drawn or hidden.
fn is_plain(text: &str) {
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (label, value) = line.split_once(": ").unwrap_or_else(|| panic!("no label: {line}"));
        assert!(!label.is_empty() && !value.is_empty(), "{line}");
        assert!(!line.chars().any(|letter| letter.is_control()), "{line:?}");
        let is_drawn =
            |letter: char| ('\u{2500}'..='\u{25ff}').contains(&letter) || "✓✗»→◆▲…×".contains(letter);
        assert!(!line.starts_with(is_drawn) && !label.contains(is_drawn), "{line}");
    }
}

#[test]
fn the_list_is_one_session_a_line() {
    let dir = filled();
    let text = output(dir.path(), &["--plain"]);
    is_plain(&text);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("session 01KA") && lines[0].ends_with("command bash -l"), "{text}");
    let parts = [
        "began 2025-11-21 06:18:00 UTC",
        "user ana on build-7",
        "ended with exit status 0",
        "3 calls, 1 denied",
    ];
    assert!(parts.iter().all(|part| lines[0].contains(part)), "{text}");
    assert!(lines[1].contains("ended with exit status 2") && lines[3] == "sessions: 3", "{text}");
    let found = output(dir.path(), &["--plain", "action:s3:Delete* decision:deny"]);
    is_plain(&found);
    let lines: Vec<&str> = found.lines().collect();
    assert!(lines[0].ends_with("command bash -l") && lines[2] == "sessions: 1", "{found}");
    assert!(
        lines[1].starts_with("found in 01KA") && lines[1].contains(" at 0:32.7: call, s3:DeleteObject"),
        "{found}"
    );
    assert_eq!(output(dir.path(), &["--plain", "user:nobody"]), "sessions: none fit\n");
    assert!(trouble(dir.path(), &["--plain", "after:soon"], 2).contains("neither a recording nor a query"));
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(output(empty.path(), &["--plain"]), "sessions: none yet\n");
}

#[test]
fn a_session_is_told_in_the_order_of_time() {
    let dir = filled();
    let text = output(dir.path(), &["--plain", "last"]);
    is_plain(&text);
    let mut rest = text.as_str();
    for line in [
        "section: session\nid: 01KA",
        "command: bash -l\n",
        "state: ended: exited, exit status 0, success\n",
        "host: build-7\n",
        "seal: sealed at its end",
        "calls counted: 3\ndenials counted: 1\n",
        "\n\nsection: what happened, in order of time\n",
        "\ncommand 1 began at 0:01.1: aws s3 ls\ncommand 1 level: 1, nothing recorded started it\n",
        "\ncall 1 began at 0:01.8: s3:ListAllMyBuckets\n",
        "\ncall 1 resource: *\n",
        "\ncall 1 parameter Key: 2026/07.csv\\u001b]0;owned\\u0007\n",
        "\ncall 1 decision: allow\n",
        "\ncall 1 ended at 0:01.8: answered, HTTP 200, after 80 ms\n",
        "\ncall 1 masked: aws-secret-key 2 times\n",
        "\ncommand 1 ended at 0:02.0: exit status 0, success, after 1.3 s\n",
        "\ncall 2 began at 0:32.7: s3:DeleteObject\n",
        "\ncall 2 decision: deny\ncall 2 rule: guarded, built-in guarded:12\ncall 2 why: reading is allowed, deleting is not\n",
        "refused, HTTP 403 AccessDenied, after 80 ms\n",
        "\nterminal size at 0:32.8: 100 columns, 30 rows\n",
        "\nsession ended at 0:3",
        "\n\nsection: screen\nscreen: the last one, 100 columns, 30 rows\nscreen row 1: ana@build-7:~$ aws s3 ls\n",
        "SecretString\": \"********************\"\n",
        "\ncursor: ",
    ] {
        let text = line.replace("\\u001b", "\\e").replace("\\u0007", "\\x07");
        let at = rest.find(&text).unwrap_or_else(|| panic!("{text:?} is not in:\n{rest}"));
        rest = &rest[at + text.len() - 1..];
    }
    assert!(!text.contains("marker at"), "markers of ours tell what is told anyway: {text}");
    let refused: Vec<&str> = text.lines().filter(|line| line.contains("decision: deny")).collect();
    assert_eq!(refused, ["call 2 decision: deny"]);
}

#[test]
fn screens_can_be_asked_for() {
    let dir = filled();
    let text = output(dir.path(), &["--plain", "last", "--at", "2", "--at", "0:33"]);
    is_plain(&text);
    let screens: Vec<&str> = text.lines().filter(|line| line.starts_with("screen: ")).collect();
    assert_eq!(
        screens,
        ["screen: at 0:02.0, 80 columns, 24 rows", "screen: at 0:33.0, 100 columns, 30 rows"]
    );
    assert!(text.contains("delete failed: s3://billing") && !text.contains("SecretString"), "{text}");
}

#[test]
fn commands_have_their_level_in_words_and_searches_are_one() {
    let dir = tempfile::tempdir().unwrap();
    store::fill_commands(&dir.path().join("hoop"));
    let text = output(dir.path(), &["--plain", "last"]);
    is_plain(&text);
    for line in [
        "command 1 level: 1, nothing recorded started it",
        "command 2 level: 2, below command 1, which started it",
        "command 3 level: 3, below command 2, which started it",
        "command 95 level: 2, in the place of command 5",
        "typed line at 0:01.1: cd site",
        "typed line at ",
        "cd site",
        "make deploy 2>&1 | tee \\e[31mlog",
        "kubctl apply, wanted by command 3",
        "terraform destroy -auto-approve, wanted by command 1",
        "command refused by rule: terraform destroy* team.toml:12",
        "its process went on as command 95, after 1.2 ms",
        "signal 9, after 1 min 05 s",
        "call 1 made by: command 95",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    assert_eq!(text.matches("command not found at").count(), 1, "steps along PATH are left out:\n{text}");
}

#[test]
fn questions_alerts_and_markers_are_told_with_all_that_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let session = store::Session::begin(&dir.path().join("hoop"), 1, &["claude"], (80, 24));
    session.output(100, "┌────┐\r\n│ hi │\r\n└────┘\r\n");
    session.event(
        900,
        &Event::ApprovalAsked(ApprovalAsked {
            id: "q1".to_owned(),
            question: "s3:DeleteBucket on arn:aws:s3:::old\u{1b}[31m".to_owned(),
            needs: vec!["1 of group security".to_owned()],
            ttl: Micros(300_000_000),
            ..ApprovalAsked::default()
        }),
    );
    session.event(
        2_000,
        &Event::ApprovalAnswered(ApprovalAnswered {
            id: "q1".to_owned(),
            answer: Answer::Denied,
            by: Some("bo".to_owned()),
            reason: Some("not on a Friday".to_owned()),
            took: Micros(2_000_000),
            ..ApprovalAnswered::default()
        }),
    );
    session.event(
        10,
        &Event::Alert(Alert {
            name: "probing".to_owned(),
            message: "5 refused".to_owned(),
            ..Alert::default()
        }),
    );
    session.end(1);
    let text = output(dir.path(), &["--plain", "last"]);
    is_plain(&text);
    for line in [
        "question q1 asked at 0:01.0: s3:DeleteBucket on arn:aws:s3:::old\\e[31m\n",
        "question q1 needs: 1 of group security\n",
        "question q1 waits for at most: 5 min 00 s\n",
        "question q1 answered at 0:03.0: denied, after 2.0 s\n",
        "question q1 answered by: bo\n",
        "question q1 answered because: not on a Friday\n",
        "alert probing at 0:03.0: 5 refused\n",
        "alert probing does: noted\n",
        "screen row 2:   hi\n",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    let cast = dir.path().join("marked.cast");
    fs::write(
        &cast,
        "{\"version\":2,\"width\":20,\"height\":3}\n[0.5, \"o\", \"a\"]\n[1.25, \"m\", \"here \\u001b]0;x\\u0007\"]\nbad\n",
    )
    .unwrap();
    let text = output(dir.path(), &["--plain", cast.to_str().unwrap()]);
    is_plain(&text);
    assert!(text.contains("marker at 0:01.2: here \\e]0;x\\x07\n"), "{text}");
    assert!(text.contains("lines that cannot be read: 1\nthe first of them: line 4 "), "{text}");
}

#[test]
fn the_setting_makes_it_plain_and_a_recording_that_is_none_says_so() {
    let dir = filled();
    let done = Command::new(env!("CARGO_BIN_EXE_hoop-replay"))
        .arg("last")
        .env_clear()
        .env("XDG_STATE_HOME", dir.path())
        .env("HOOP_REPLAY_PLAIN", "true")
        .output()
        .unwrap();
    assert!(done.status.success() && done.stdout.starts_with(b"section: session\n"), "{done:?}");
    assert!(trouble(dir.path(), &["--plain", "01ZZZZ"], 1).contains("no recording `01ZZZZ`"));
}

#[test]
fn a_running_session_is_told_line_by_line_until_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut session = store::Session::begin(&dir.path().join("hoop"), 1, &["bash"], (60, 10));
    session.output(100, "$ aws s3 ls\r\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_hoop-replay"))
        .args(["--plain", "--follow", "last"])
        .env_clear()
        .env("XDG_STATE_HOME", dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (told, lines) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
    let wait = |wanted: &str| {
        let mut seen = String::new();
        while !seen.contains(wanted) {
            let line = lines.recv_timeout(Duration::from_secs(30));
            seen += &line.unwrap_or_else(|error| panic!("{wanted}: {error}:\n{seen}"));
            seen.push('\n');
        }
        seen
    };
    let begun = wait("output: $ aws s3 ls");
    is_plain(&begun);
    assert!(begun.contains("state: running, as far as its record tells"), "{begun}");
    session.call(500, "s3:ListAllMyBuckets", "*", Effect::Allow);
    session.output(50, "reports\r\nbill");
    let more = wait("output: reports");
    assert!(more.contains("call 1 began at") && more.contains("call 1 ended at"), "{more}");
    session.output(50, "ing\r\n$ ");
    assert_eq!(wait("billing"), "output: billing\n");
    session.call(500, "s3:DeleteObject", "arn:aws:s3:::billing/a", Effect::Deny);
    wait("call 2 decision: deny");
    session.end(3);
    let rest = wait("cursor: ");
    assert!(rest.contains("session ended at") && rest.contains("exit status 3"), "{rest}");
    assert!(rest.contains("screen row 3: billing"), "{rest}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_of_plain_lines_may_leave() {
    let dir = filled();
    for rest in ["--plain last | head -n 1", "--plain | head -c 10", "--plain last --follow | head -n 2"] {
        let shell = format!("{} {rest}", env!("CARGO_BIN_EXE_hoop-replay"));
        let done =
            Command::new("sh").args(["-c", &shell]).env("XDG_STATE_HOME", dir.path()).output().unwrap();
        assert!(
            done.status.success() && done.stderr.is_empty() && !done.stdout.is_empty(),
            "{rest}: {done:?}"
        );
    }
}
