//! What `hoopctl verify`, `sessions`, `search` and `index` print.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::fs;
use std::path::Path;

use clap::Args;
use clap::Command;
use clap::FromArgMatches;
use hoop::audit::CallBegin;
use hoop::audit::Decision;
use hoop::audit::End;
use hoop::audit::Event;
use hoop::audit::Start;
use hoop::cli::ctl::console::Console;
use hoop::cli::ctl::index;
use hoop::cli::ctl::search;
use hoop::cli::ctl::sessions;
use hoop::cli::ctl::verify;
use hoop::clock::Clock;
use hoop::error::Result;
use hoop::record::Place;
use hoop::record::Recorder;
use hoop::types::Effect;
use hoop::types::SessionId;
use jiff::tz::TimeZone;

const NOON: u64 = 1_763_726_400_000_000;

type Run<A> = fn(&A, &Path, &mut Console<'_>) -> Result<u8>;

/// Everything that is printed, and the exit status.
fn printed<A: Args + FromArgMatches>(run: Run<A>, state: &Path, line: &str) -> String {
    let words = line.split('|').filter(|word| !word.is_empty());
    let matches = A::augment_args(Command::new("x")).no_binary_name(true).get_matches_from(words);
    let args = A::from_arg_matches(&matches).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console =
        Console { out: &mut out, err: &mut err, width: Some(100), zone: TimeZone::UTC, now: NOON };
    let status = run(&args, state, &mut console);
    let mut text = String::from_utf8(out).unwrap() + &String::from_utf8(err).unwrap();
    match status {
        Ok(status) => text.push_str(&format!("[exit {status}]")),
        Err(error) => text.push_str(&error.report("hoopctl")),
    }
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
    text
}

fn session(state: &Path, number: u64) -> Recorder {
    let began = NOON + number * 1_000_000;
    let command = vec!["echo".into(), "\u{1b}]0;evil\u{7}\u{9b}2J".into()];
    let mut start = Start::new(SessionId::new(began, u128::from(number)), began, command);
    start.user = "a\u{1b}[31mna\u{202e}".into();
    let recorder = Recorder::create(state, &start, Clock::fixed(began)).unwrap();
    let begin = CallBegin::new(1, "s3", "DeleteBucket", "s3:DeleteBucket");
    recorder.event(&Event::CallBegin(Box::new(begin))).unwrap();
    let (rule, origin, reason) = (None, String::new(), String::new());
    recorder
        .event(&Event::Decision(Decision { call: 1, effect: Effect::Deny, rule, origin, reason }))
        .unwrap();
    recorder.output("needle \u{202e}in\u{9b}31m a haystack\r\n".as_bytes()).unwrap();
    recorder
}

fn ended() -> End {
    End { status: Some(0), ..End::default() }
}

#[test]
fn a_list_shows_nothing_that_a_terminal_obeys() {
    let state = tempfile::tempdir().unwrap();
    session(state.path(), 1).finish(&ended()).unwrap();
    let _running = session(state.path(), 2);
    assert_eq!(
        printed(sessions::run, state.path(), ""),
        "SESSION                     BEGAN                TOOK  USER          CALLS  DENIED  END     COMMAND\n\
         01KAK4J8EG0000000000000002  2025-11-21 12:00:02  0.0s  a\\e[31mna\\u…      1       1  open    echo '\\…\n\
         01KAK4J7F80000000000000001  2025-11-21 12:00:01  0.0s  a\\e[31mna\\u…      1       1  exit 0  echo '\\…\n\
         [exit 0]"
    );
    let json = printed(sessions::run, state.path(), "--json|--decision|deny|--limit|1|--since|1d");
    assert!(json.contains("\"user\":\"a\\u001b[31mna\\u202e\"") && json.contains("\\u009b2J"), "{json}");
    let parsed: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(parsed["began"], "2025-11-21T12:00:02Z");
    assert_eq!(printed(sessions::run, state.path(), "--user|nobody"), "no sessions\n[exit 0]");
    let error = printed(sessions::run, state.path(), "--since|soon");
    assert!(error.starts_with("hoopctl: `soon` is not a time\n  fix: write 2026-07-01"), "{error}");
}

#[test]
fn a_search_names_the_moment() {
    let state = tempfile::tempdir().unwrap();
    session(state.path(), 1).finish(&ended()).unwrap();
    assert_eq!(
        printed(search::run, state.path(), "NEEDLE"),
        "SESSION                          TIME  WHERE   TEXT\n\
         01KAK4J7F80000000000000001  0:00:00.0  screen  needle \\u{202e}in31m a haystack\n[exit 0]"
    );
    assert_eq!(
        printed(search::run, state.path(), "--session|01KAK4J7|deletebucket|--json").lines().count(),
        2
    );
    assert_eq!(printed(search::run, state.path(), "straw"), "hoopctl: nothing found\n[exit 1]");
    let error = printed(search::run, state.path(), "...");
    let wanted = "  why: ...\n       ^^^ there is no letter or digit to search for\n  fix: write a word";
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn a_check_says_what_is_wrong_and_where() {
    let state = tempfile::tempdir().unwrap();
    let folder = session(state.path(), 1).finish(&ended()).unwrap();
    session(state.path(), 2).finish(&ended()).unwrap();
    let fine = printed(verify::run, state.path(), "--all");
    assert!(fine.contains("sealed       5 events, 1 calls, ") && fine.contains(" by this host ("), "{fine}");
    assert!(fine.ends_with("[exit 0]"));
    let path = folder.join("audit.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replace("DeleteBucket", "CreateBucket")).unwrap();
    let wrong = printed(verify::run, state.path(), "01KAK4J7F8");
    assert!(
        wrong.contains("\n  audit.jsonl line 2: its text does not have its hash: it was changed\n[exit 1]"),
        "{wrong}"
    );
    let json = printed(verify::run, state.path(), &format!("--json|{}", folder.display()));
    let parsed: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!((&parsed["state"], &parsed["faults"][0]["line"]), (&"damaged".into(), &2.into()));
    fs::remove_dir_all(&folder).unwrap();
    let gone = printed(verify::run, state.path(), "--all");
    let note =
        "hoopctl: the recording 01KAK4J7F80000000000000001 was sealed on this host, but it is not here";
    assert!(gone.contains(note), "{gone}");
    let missing = printed(verify::run, state.path(), "01KAK4J7F8");
    assert!(missing.starts_with("hoopctl: no recording `01KAK4J7F8`\n  why: looked in"), "{missing}");
}

#[test]
fn a_chain_of_seals_that_begins_twice_is_told() {
    let state = tempfile::tempdir().unwrap();
    session(state.path(), 1).finish(&ended()).unwrap();
    fs::remove_file(state.path().join("seals/last")).unwrap();
    session(state.path(), 2).finish(&ended()).unwrap();
    let text = printed(verify::run, state.path(), "--all");
    assert!(text.contains("hoopctl: 2 seals of one host name none before them"), "{text}");
}

#[test]
fn a_running_session_is_unsealed() {
    let state = tempfile::tempdir().unwrap();
    let recorder = session(state.path(), 1);
    recorder.flush().unwrap();
    let id = recorder.id().to_string();
    assert!(printed(verify::run, state.path(), &id).contains("not yet vouched for\n[exit 0]"));
    assert!(printed(verify::run, state.path(), &format!("--require-seal|{id}")).ends_with("[exit 1]"));
}

#[test]
fn the_index_is_made_anew_on_request() {
    let state = tempfile::tempdir().unwrap();
    let folder = session(state.path(), 1).finish(&ended()).unwrap();
    assert_eq!(printed(index::run, state.path(), "rebuild"), "indexed 1 sessions\n[exit 0]");
    fs::write(folder.join("audit.jsonl"), "nonsense\n").unwrap();
    let text = printed(index::run, state.path(), "rebuild");
    assert!(
        text.contains("hoopctl: 01KAK4J7F80000000000000001 is not in the index: line 1 of the audit log"),
        "{text}"
    );
    assert!(Place::new(state.path()).index().exists());
}
