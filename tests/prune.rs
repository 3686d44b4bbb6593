//! `hoopctl prune`: what goes, what stays, and what `hoopctl verify` says of it afterwards.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::fs;
use std::path::Path;

use clap::Args;
use clap::Command;
use clap::FromArgMatches;
use hoop::audit::End;
use hoop::audit::Start;
use hoop::cli::ctl::console::Console;
use hoop::cli::ctl::prune;
use hoop::cli::ctl::sessions;
use hoop::cli::ctl::verify;
use hoop::clock::Clock;
use hoop::error::Result;
use hoop::record;
use hoop::record::Place;
use hoop::record::Pruner;
use hoop::record::Recorder;
use hoop::record::Wish;
use hoop::types::SessionId;
use jiff::tz::TimeZone;

const NOON: u64 = 1_763_726_400_000_000;
const DAY: u64 = 86_400_000_000;

type Run<A> = fn(&A, &Path, &mut Console<'_>) -> Result<u8>;

/// Everything that is printed, and the exit status.
fn printed<A: Args + FromArgMatches>(run: Run<A>, state: &Path, line: &str) -> String {
    let words = line.split(' ').filter(|word| !word.is_empty());
    let matches = A::augment_args(Command::new("x")).no_binary_name(true).try_get_matches_from(words);
    let Ok(matches) = matches else { return "[wrong usage]".to_owned() };
    let args = A::from_arg_matches(&matches).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console { out: &mut out, err: &mut err, width: None, zone: TimeZone::UTC, now: NOON };
    let status = run(&args, state, &mut console);
    let mut text = String::from_utf8(out).unwrap() + &String::from_utf8(err).unwrap();
    match status {
        Ok(status) => text.push_str(&format!("[exit {status}]")),
        Err(error) => text.push_str(&error.report("hoopctl")),
    }
    text
}

/// A session that began so many days before noon, and still runs.
fn begun(state: &Path, days: u64) -> (SessionId, Recorder) {
    let began = NOON - days * DAY;
    let id = SessionId::new(began, u128::from(days) + 1);
    let start = Start::new(id, began, vec!["true".to_owned()]);
    (id, Recorder::create(state, &start, Clock::fixed(began)).unwrap())
}

fn recorded(state: &Path, days: u64) -> SessionId {
    let (id, recorder) = begun(state, days);
    recorder.output(b"hello\r\n").unwrap();
    recorder.finish(&End { status: Some(0), ..End::default() }).unwrap();
    id
}

fn there(state: &Path) -> Vec<SessionId> {
    Place::new(state).all().unwrap()
}

#[test]
fn the_old_go_and_verify_tells_by_whom() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path();
    let ids = [200, 100, 50, 1].map(|days| recorded(state, days));
    assert!(printed(sessions::run, state, "").contains(&ids[0].to_string()));
    let dry = printed(prune::run, state, "--older-than 90d --dry-run");
    assert!(
        dry.contains(&ids[0].to_string()) && dry.contains("2 would go (") && dry.contains("; 2 stay ("),
        "{dry}"
    );
    assert_eq!(there(state), ids);

    // What the viewer keeps of them goes with them.
    let cache = state.join("cache/replay");
    fs::create_dir_all(&cache).unwrap();
    let index = |id: &SessionId, end: &str| cache.join(format!("{id}.{end}"));
    for id in &ids {
        ["idx", "scr"].into_iter().for_each(|end| fs::write(index(id, end), "screens").unwrap());
    }
    let done = printed(prune::run, state, "--older-than 90d");
    assert_eq!(
        ids.map(|id| index(&id, "idx").exists() || index(&id, "scr").exists()),
        [false, false, true, true]
    );
    assert!(done.contains("2 removed (") && done.ends_with("[exit 0]"), "{done}");
    assert_eq!(there(state), ids[2..]);
    assert!(!state.join("sessions/2025/05").exists(), "empty folders stay");
    let listed = printed(sessions::run, state, "");
    assert!(!listed.contains(&ids[0].to_string()) && listed.contains(&ids[2].to_string()), "{listed}");

    // The next recording follows the record of the pruning; nothing is missed.
    let next = recorded(state, 0);
    let all = printed(verify::run, state, "--all");
    assert!(all.contains("pruned       2 recordings by ") && all.contains("--older-than 90d"), "{all}");
    assert!(!all.contains("it was removed") && all.ends_with("[exit 0]"), "{all}");
    let one = printed(verify::run, state, &ids[0].to_string());
    assert!(one.contains("was pruned") && one.contains("--older-than 90d"), "{one}");
    let json = printed(verify::run, state, "--all --json");
    assert_eq!(json.lines().filter(|line| line.contains("\"state\":\"pruned\"")).count(), 2, "{json}");

    // What is taken away without a record is missed as before.
    fs::remove_dir_all(Place::new(state).folder(ids[3])).unwrap();
    let all = printed(verify::run, state, "--all");
    assert!(all.contains(&format!("the recording {} was sealed on this host", ids[3])), "{all}");
    assert!(there(state).contains(&next));
}

#[test]
fn a_record_of_a_pruning_that_was_changed_or_removed_is_told() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path();
    let ids = [3, 2, 1].map(|days| recorded(state, days));
    assert!(printed(prune::run, state, "--keep 1").contains("2 removed"));
    recorded(state, 0);
    let file = fs::read_dir(state.join("seals/pruned")).unwrap().map(|it| it.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some()).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("--keep 1", "--keep 2", 1)).unwrap();
    let all = printed(verify::run, state, "--all");
    assert!(all.contains("does not count: its signature does not fit") && all.ends_with("[exit 1]"), "{all}");
    fs::remove_file(&file).unwrap();
    let all = printed(verify::run, state, "--all");
    assert!(all.contains("it was removed, or replaced"), "{all}");
    assert_eq!(there(state)[0], ids[2]);
}

#[test]
fn a_running_session_and_one_that_waits_for_its_seal_stay() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path();
    let (running, _recorder) = begun(state, 300);
    let (dead, recorder) = begun(state, 299);
    // Its mark stays, as when the process is killed, and nobody holds it.
    let mark = state.join("active").join(dead.to_string());
    drop(recorder);
    fs::write(&mark, "1\n").unwrap();
    let seal = Place::new(state).folder(dead).join("seal.json");
    assert!(!seal.exists());
    let gone = recorded(state, 298);
    let told = printed(prune::run, state, "--older-than 90d");
    assert!(told.contains("1 removed") && told.contains("2 more would go, but run"), "{told}");
    assert_eq!(there(state), [running, dead]);
    assert!(!Place::new(state).folder(gone).exists());
}

#[test]
fn size_and_number_are_kept_to() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path();
    let ids = [5, 4, 3, 2, 1].map(|days| recorded(state, days));
    let sizes = record::plan(state, &Wish { keep: 0, ..Wish::default() }).unwrap();
    let each = sizes.going[0].bytes;
    assert!(each > 0);
    let most = record::plan(state, &Wish { max_bytes: Some(each * 2), ..Wish::default() }).unwrap();
    assert_eq!(most.going.iter().map(|going| going.session).collect::<Vec<_>>(), ids[..3]);
    let kept = record::plan(state, &Wish { max_bytes: Some(0), keep: 4, ..Wish::default() }).unwrap();
    assert_eq!(kept.going.len(), 1);
    assert!(printed(prune::run, state, "--max-size 1G").starts_with("nothing to remove; 5 stay ("));
    for wrong in ["", "--dry-run", "--older-than 0d", "--older-than soon", "--max-size 1.5G"] {
        assert_eq!(printed(prune::run, state, wrong), "[wrong usage]", "{wrong}");
    }
    assert_eq!(there(state), ids);
}

#[test]
fn what_cannot_be_recorded_is_not_removed() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path();
    let id = recorded(state, 1);
    fs::write(state.join("keys/host.ed25519"), "no key").unwrap();
    let plan = record::plan(state, &Wish::default()).unwrap();
    let pruner = Pruner { user: "ana".into(), uid: 1, host: "h".into(), why: "--keep 0".into() };
    let result = record::prune(state, &plan, &pruner, &Clock::fixed(NOON), |_, _| Ok(()));
    assert!(result.unwrap_err().to_string().contains("is not a signing key"));
    assert_eq!(there(state), [id]);
}
