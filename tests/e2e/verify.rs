//! Recordings as a reviewer gets them: listed, verified, exported.

use std::fs;

use crate::support::home::Home;
use crate::support::home::cache;
use crate::support::home::finish;

#[test]
fn a_session_is_sealed_and_any_change_to_it_is_found() {
    let home = Home::new();
    home.run("observe", &["aws", "sts", "get-caller-identity"]).ok();
    let mut verify = home.command("hoopctl");
    verify.args(["verify", "--all"]);
    finish(verify).ok();

    let audit = home.recordings()[0].join("audit.jsonl");
    let text = fs::read_to_string(&audit).unwrap();
    fs::write(&audit, text.replacen("sts:GetCallerIdentity", "sts:GetCallerIdentitz", 1)).unwrap();
    let mut verify = home.command("hoopctl");
    verify.args(["verify", "--all"]);
    let said = finish(verify).failed();
    assert!(said.contains("audit.jsonl"), "{said}");
}

#[test]
fn a_killed_session_leaves_a_readable_record_that_the_next_start_seals() {
    let home = Home::new();
    let mut command = home.hoop_run("observe", &["sh", "-c", "echo before; sleep 30"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    assert_eq!(line, "before\n");
    std::thread::sleep(std::time::Duration::from_millis(400));
    child.kill().unwrap();
    child.wait().unwrap();
    let folder = home.recordings().pop().unwrap();
    assert!(fs::read_to_string(folder.join("terminal.cast")).unwrap().contains("before"));
    assert!(!folder.join("seal.json").exists());

    home.run("observe", &["true"]).ok();
    let seal = fs::read_to_string(folder.join("seal.json")).expect("sealed at the next start");
    assert!(seal.contains("interrupted"), "{seal}");
}

#[test]
fn a_killed_session_that_was_changed_afterwards_is_told_at_the_next_start() {
    let home = Home::new();
    let mut child = home.hoop_run("observe", &["sh", "-c", "sleep 30"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    child.kill().unwrap();
    child.wait().unwrap();
    let audit = home.recordings()[0].join("audit.jsonl");
    let text = fs::read_to_string(&audit).unwrap();
    fs::write(&audit, text.replacen("sleep 30", "sleep 31", 1)).unwrap();
    let outcome = home.run("observe", &["true"]);
    outcome.ok();
    assert!(
        outcome.stderr.contains("is damaged") && outcome.stderr.contains("hoopctl verify"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn exports_read_back_and_asciinema_plays_the_recording() {
    let home = Home::new();
    home.run("observe", &["printf", "one\\ntwo \\033[31mred\\033[0m\\n"]).ok();
    let cast = home.recordings()[0].join("terminal.cast");
    for (format, expected) in [("txt", "two red"), ("cast", "\"version\":3"), ("cast2", "\"version\":2")] {
        let mut export = home.command("hoop-replay");
        export.args(["export", "last", "--format", format]);
        let outcome = finish(export);
        let text = outcome.ok();
        assert!(text.replace(": ", ":").contains(expected), "{format}:\n{text}");
    }
    let asciinema = cache().join("asciinema/bin/asciinema");
    if asciinema.exists() {
        let mut convert = home.command(asciinema.to_str().unwrap());
        convert.args(["convert", "--output-format", "txt", cast.to_str().unwrap(), "out.txt"]);
        finish(convert).ok();
        assert!(fs::read_to_string(home.path().join("out.txt")).unwrap().contains("two red"));
    }
}

#[test]
fn sessions_are_listed_with_their_calls_and_denials() {
    let home = Home::new();
    home.run("readonly", &["aws", "s3", "mb", "s3://never-made"]).failed();
    let mut list = home.command("hoop-replay");
    list.args(["list", "--json"]);
    let outcome = finish(list);
    let row: serde_json::Value = serde_json::from_str(outcome.ok().lines().next().unwrap()).unwrap();
    assert_eq!(row["denied"], 1, "{row}");
    assert_eq!(row["calls"], 1, "{row}");
}
