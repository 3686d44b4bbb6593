//! `hoop-replay` as people meet it: on a terminal, in pipes, with recordings of every version and in every state.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a panic is how a test reports; tests wait in real time"
)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use nix::sys::signal::Signal;

use pty::Driven;

mod approvals;
mod back;
mod commands;
mod emulator;
mod finding;
mod follow;
mod golden;
mod hostile;
mod look;
mod panes;
mod plain;
mod pty;
mod readme;
mod store;
mod sums;
mod terminal;

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).display().to_string()
}

fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    store::fill(&dir.path().join("hoop"));
    dir
}

fn run(state: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hoop-replay"))
        .args(arguments)
        .env_clear()
        .env("XDG_STATE_HOME", state)
        .env("TZ", "UTC")
        .output()
        .unwrap()
}

/// Standard output; the program must have succeeded quietly.
fn output(state: &Path, arguments: &[&str]) -> String {
    let done = run(state, arguments);
    assert!(done.status.success() && done.stderr.is_empty(), "{arguments:?}: {done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// Standard error; the program must have failed with `status` and a hint.
fn trouble(state: &Path, arguments: &[&str], status: i32) -> String {
    let done = run(state, arguments);
    let text = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(status), "{arguments:?}: {text}");
    assert!(text.starts_with("hoop-replay: ") && text.contains("\n  fix: "), "{arguments:?}: {text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    text
}

#[test]
fn a_tour_of_the_viewer() {
    let dir = filled();
    let mut viewer = Driven::start(&[], dir.path(), (100, 30));
    let list = viewer.wait_for("bash -l");
    assert!(list.contains("3 sessions") && list.contains("make deploy"), "{list}");
    viewer.press("make");
    viewer.wait_for("1 of 3 sessions");
    viewer.press("\u{15}");
    viewer.wait_until("all sessions", |text| text.contains("3 sessions") && !text.contains("of 3"));
    viewer.press("\r");
    viewer.wait_for("2026-07-02 08:00:00 billing");
    // To the denied call: the screen is that of its moment.
    viewer.press("c]");
    viewer.press("G");
    let end = viewer.wait_for("SecretString");
    assert!(end.contains("100x30"), "{end}");
    viewer.press("/access\r");
    // The screen of that moment comes after the footer that names the hit.
    viewer.wait_until("the hit", |text| {
        text.contains("\"access\" 1 of 1")
            && text.contains("(AccessDenied)")
            && !text.contains("SecretString")
    });
    viewer.press("\u{1b}");
    viewer.wait_until("the end of the search", |text| !text.contains("\"access\""));
    viewer.press("[");
    viewer.press("d");
    let detail = viewer.wait_for("built-in guarded:12");
    for part in ["s3:DeleteObject", "decision    deny", "HTTP 403 AccessDenied", "\\u001b]0;owned"] {
        assert!(detail.contains(part), "{part}:\n{detail}");
    }
    viewer.press("d?");
    viewer.wait_for("jump to the chosen one");
    viewer.press("?t");
    viewer.wait_for(" themes ");
    viewer.press("j\r");
    viewer.wait_for("neither HOME nor XDG_CONFIG_HOME is set");
    viewer.press("\u{1b}");
    viewer.wait_until("the recording", |text| !text.contains("not saved"));
    viewer.resize(40, 12);
    viewer.wait_for("✗ s3:DeleteObject          403");
    viewer.press("c");
    viewer.wait_for("80x24 cut");
    viewer.resize(30, 5);
    viewer.wait_for("too small");
    viewer.resize(100, 30);
    viewer.wait_for("? help");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn recordings_of_all_versions_play_to_their_end() {
    let dir = tempfile::tempdir().unwrap();
    for (name, wanted) in
        [("v1.cast", "café"), ("v2.cast", "run.sh  世界.txt"), ("v3.cast", "true colour indexed")]
    {
        let mut viewer = Driven::start(&[&fixture(name), "--speed", "16"], dir.path(), (80, 24));
        viewer.wait_for(wanted);
        viewer.wait_for("‖");
        viewer.press("0");
        viewer.press("G");
        viewer.wait_for(wanted);
        viewer.press("q");
        assert_eq!(viewer.end(), (0, true), "{name}");
    }
}

#[test]
fn the_mouse_seeks_on_the_timeline() {
    let dir = filled();
    let mut viewer = Driven::start(&["last"], dir.path(), (100, 30));
    viewer.wait_for("bash -l  ana@build-7");
    viewer.press(" ");
    // A press of the left button at column 80 of the row before the last, in SGR coordinates.
    viewer.press("\u{1b}[<0;80;29M");
    viewer.wait_for("SecretString");
    viewer.press("\u{3}");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let dir = filled();
    let viewer = Driven::start(&["last"], dir.path(), (80, 24));
    viewer.wait_for("ana@build-7:~$");
    viewer.signal(Signal::SIGTERM);
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn a_damaged_or_growing_recording_shows_what_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(fixture("v3.cast")).unwrap();
    let cut = dir.path().join("cut.cast");
    let damaged = text.replacen("[0.1, \"o\", \"\\u001b[33mbuilding", "nonsense [0.1, \"o\", \"", 1);
    assert_ne!(damaged, text);
    fs::write(&cut, &damaged[..damaged.len() - 9]).unwrap();
    let viewer = Driven::start(&[cut.to_str().unwrap(), "-s", "16"], dir.path(), (80, 24));
    viewer.wait_for("cut off, 1 bad lines");
    viewer.wait_for("true colour");
    let done = run(dir.path(), &["export", cut.to_str().unwrap(), "-f", "txt"]);
    assert!(String::from_utf8(done.stdout).unwrap().contains("true colour indexed"));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.contains("2 lines of the recording could not be read"), "{said}");
    assert!(said.contains("why: line ") && said.contains("cannot be read: "), "{said}");
}

#[test]
fn play_draws_and_does_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let player = Driven::start(&["play", &fixture("v2.cast"), "-s", "100"], dir.path(), (60, 12));
    player.wait_for("$ exit");
    assert_eq!(player.end(), (0, true));
}

#[test]
fn without_a_terminal_it_says_what_to_do_instead() {
    let dir = filled();
    assert!(trouble(dir.path(), &[], 2).contains("hoop-replay --plain"));
    assert!(trouble(dir.path(), &["last"], 2).contains("hoop-replay export last --format txt"));
    assert!(trouble(dir.path(), &["play", "last"], 2).contains("export last --format txt"));
}

#[test]
fn what_cannot_be_found_or_read_is_explained() {
    let dir = filled();
    let empty = tempfile::tempdir().unwrap();
    let none = dir.path().join("none.cast").display().to_string();
    let text = dir.path().join("text.cast");
    fs::write(&text, "hello\n").unwrap();
    let text = text.display().to_string();
    for (state, arguments, status, words) in [
        (dir.path(), ["export", "01ZZZZ", "-f", "txt"], 1, "no recording `01ZZZZ`"),
        (dir.path(), ["export", "01KA", "-f", "txt"], 1, "`01KA` begins 3 session ids"),
        (dir.path(), ["export", "\u{1b}]0;x", "-f", "txt"], 1, "no recording"),
        (dir.path(), ["export", &none, "-f", "txt"], 1, "there is no file"),
        (dir.path(), ["export", &text, "-f", "txt"], 1, "not an asciicast file"),
        (dir.path(), ["export", &fixture("v1.cast"), "-f", "jsonl"], 1, "has no calls"),
        (dir.path(), ["export", "last", "-o", "/dev/null"], 2, "not said what to write"),
        (dir.path(), ["export", "last", "-o", &text.replace(".cast", ".svg/x.svg")], 1, "cannot write"),
        (dir.path(), ["export", "last", "-o", &text], 2, "exists already"),
        (empty.path(), ["export", "last", "-f", "txt"], 1, "nothing has been recorded yet"),
        (dir.path(), ["export", "last", "-f", "svg"], 0, ""),
    ] {
        if status == 0 {
            output(state, &arguments);
            continue;
        }
        let shown = trouble(state, &arguments, status);
        assert!(shown.contains(words), "{arguments:?}: {shown}");
    }
    let theme = trouble(dir.path(), &["export", "last", "-f", "svg", "--theme", "drak"], 2);
    assert!(theme.contains("there are dark, light"), "{theme}");
}

#[test]
fn exports_hold_what_was_recorded() {
    let dir = filled();
    let text = output(dir.path(), &["export", "last", "-f", "txt"]);
    assert!(text.contains("2026-07-01 10:12:13 reports\n") && !text.contains('\u{1b}'), "{text}");
    let calls = output(dir.path(), &["export", "last", "-f", "jsonl"]);
    let calls: Vec<serde_json::Value> =
        calls.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<&str> = calls.iter().map(|call| call["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["s3:ListAllMyBuckets", "s3:DeleteObject", "secretsmanager:GetSecretValue"]);
    assert_eq!(calls[1]["decision"]["effect"], "deny");
    let picture = output(dir.path(), &["export", "last", "-f", "svg", "--at", "0:33", "--theme", "light"]);
    assert!(picture.starts_with("<svg ") && picture.contains("delete failed") && picture.contains("#ffffff"));
}

#[test]
fn an_exported_recording_gives_the_same_text_again() {
    let dir = filled();
    let made = |name: &str, format: &str, more: &[&str]| -> PathBuf {
        let path = dir.path().join(name);
        let base = ["export", "last", "-f", format, "-o", path.to_str().unwrap()];
        output(dir.path(), &[&base, more].concat());
        path
    };
    let text = output(dir.path(), &["export", "last", "-f", "txt"]);
    for path in [
        made("a.cast", "cast", &[]),
        made("b.cast", "cast2", &[]),
        made("c.cast", "cast2", &["--idle-limit", "1s", "--speed", "2"]),
    ] {
        assert_eq!(output(dir.path(), &["export", path.to_str().unwrap(), "-f", "txt"]), text, "{path:?}");
    }
    let last_time = |path: &str| {
        let reader = hoop::cast::Reader::open(&dir.path().join(path)).unwrap();
        reader.map(|event| event.unwrap().time.0).max().unwrap()
    };
    assert_eq!(last_time("a.cast"), last_time("b.cast"));
    assert!(last_time("c.cast") < 6_000_000 && last_time("a.cast") > 37_000_000);
}

#[test]
fn the_list_is_for_people_and_for_programs() {
    let dir = filled();
    let table = output(dir.path(), &["list"]);
    assert!(table.lines().nth(1).unwrap().contains("bash -l"), "{table}");
    let lines = output(dir.path(), &["list", "--json", "--decision", "deny"]);
    let row: serde_json::Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!((row["command"].as_str(), row["denied"].as_u64()), (Some("bash -l"), Some(1)));
}

#[test]
fn a_reader_that_leaves_early_is_no_trouble() {
    let dir = filled();
    let shell = format!("{} export last -f svg | head -c 10", env!("CARGO_BIN_EXE_hoop-replay"));
    let done = Command::new("sh").args(["-c", &shell]).env("XDG_STATE_HOME", dir.path()).output().unwrap();
    assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
}
