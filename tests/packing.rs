//! Recordings that are over get packed: everything reads them as before, and nothing that happens on the way loses one.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a panic is how a test reports; tests wait in real time"
)]

mod support;

use std::cell::Cell;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use hoop::audit::End;
use hoop::audit::EndReason;
use hoop::audit::Start;
use hoop::cast;
use hoop::clock::Clock;
use hoop::record;
use hoop::record::Packed;
use hoop::record::Recorder;
use hoop::record::State;
use hoop::types::SessionId;
use support::Home;

const NOON: u64 = 1_763_726_400_000_000;

fn id(number: u128) -> SessionId {
    SessionId::new(NOON, number)
}

/// A session with about 1 MiB of output, over.
fn session(state: &Path, number: u128) -> PathBuf {
    let clock = Clock::fixed(NOON);
    let mut start = Start::new(id(number), NOON, vec!["make".to_owned()]);
    (start.cols, start.rows, start.tty) = (80, 24, true);
    let recorder = Recorder::create(state, &start, clock.clone()).unwrap();
    for line in 0..20_000 {
        clock.advance(Duration::from_millis(1));
        recorder
            .output(format!("\x1b[3{}mstep {line}\x1b[m of the build, all is well\r\n", line % 8).as_bytes())
            .unwrap();
    }
    recorder.output(b"the needle at the end\r\n").unwrap();
    recorder.finish(&End { reason: EndReason::Exited, status: Some(0), ..End::default() }).unwrap()
}

fn pack(state: &Path, number: u128) -> Packed {
    record::pack(state, id(number), &|| false).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn unpacked(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    cast::Input::open(&folder.join("terminal.cast")).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn verified(folder: &Path) -> (State, String) {
    let report = record::verify(folder).unwrap();
    (report.state, report.faults.iter().map(|fault| format!("{}: {}", fault.file, fault.reason)).collect())
}

fn run(program: &str, state: &Path, arguments: &[&str]) -> String {
    let done =
        Command::new(program).args(arguments).env_clear().env("XDG_STATE_HOME", state).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_packed_recording_is_read_by_everything_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("hoop");
    let (folder, other) = (session(&state, 1), session(&state, 2));
    let before = fs::read(folder.join("terminal.cast")).unwrap();
    let (hoopctl, replay) = (env!("CARGO_BIN_EXE_hoopctl"), env!("CARGO_BIN_EXE_hoop-replay"));
    let session = id(1).to_string();
    let look = || {
        [
            run(replay, dir.path(), &["export", &session, "-f", "txt"]),
            run(replay, dir.path(), &["export", &session, "-f", "cast", "--from", "50%"]),
            run(replay, dir.path(), &["export", &session, "-f", "screen", "--at", "10"]),
            run(hoopctl, dir.path(), &["search", "needle"]),
        ]
    };
    let shown = look();
    assert!(shown[0].contains("the needle at the end"));
    let said = run(hoopctl, dir.path(), &["pack", &session]);
    assert!(said.starts_with("packed 1 recording: 1."), "{said}");
    assert_eq!(names(&folder), ["audit.jsonl", "seal.json", "terminal.cast.zst"]);
    let after = fs::metadata(folder.join("terminal.cast.zst")).unwrap();
    assert!(after.len() < before.len() as u64 / 5);
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&after.permissions()) & 0o777, 0o600);
    assert!(unpacked(&folder) == before);
    assert_eq!(verified(&folder), (State::Sealed, String::new()));
    assert!(look() == shown);
    // The index is made of it as of the other one, which is packed too.
    run(hoopctl, dir.path(), &["pack"]);
    assert_eq!(names(&other), ["audit.jsonl", "seal.json", "terminal.cast.zst"]);
    run(hoopctl, dir.path(), &["index", "rebuild"]);
    assert!(look() == shown);
    assert_eq!(run(hoopctl, dir.path(), &["pack"]), "nothing was packed\n");
    assert!(run(hoopctl, dir.path(), &["verify", "--all"]).matches("sealed  ").count() == 2);
    let plan = run(hoopctl, dir.path(), &["prune", "--keep", "1", "--json"]);
    assert!(plan.contains("\"removed\":true") && !folder.exists(), "{plan}");
}

#[test]
fn whatever_ends_it_the_recording_is_whole_and_the_next_time_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let folder = session(dir.path(), 1);
    let plain = folder.join("terminal.cast");
    let before = fs::read(&plain).unwrap();
    let temporary = dir.path().join(format!("packing/.{}.zst", id(1)));
    let is_whole = || unpacked(&folder) == before && verified(&folder) == (State::Sealed, String::new());
    // Stopped at each look whether to go on: nothing is left of it.
    let looks = Cell::new(0);
    for most in 0.. {
        looks.set(0);
        let stop = || looks.replace(looks.get() + 1) >= most;
        let packed = record::pack(dir.path(), id(1), &stop).unwrap();
        assert!(is_whole() && !temporary.exists(), "{most}");
        if packed != Packed::Stopped {
            assert!(matches!(packed, Packed::Done(..)) && most > 8, "{most} {packed:?}");
            break;
        }
        assert_eq!(names(&folder), ["audit.jsonl", "seal.json", "terminal.cast"]);
    }
    let packed = fs::read(folder.join("terminal.cast.zst")).unwrap();
    // Killed while the new file was written: half of it is beside the store.
    let undo = || {
        let _ = fs::remove_file(folder.join("terminal.cast.zst"));
        fs::write(&plain, &before).unwrap();
    };
    undo();
    fs::write(&temporary, &packed[..packed.len() / 2]).unwrap();
    assert!(is_whole() && matches!(pack(dir.path(), 1), Packed::Done(..)) && is_whole());
    // Killed before the other one was removed: it counts, whatever is in the new one.
    for new in [&packed[..], &packed[..100], b"nonsense"] {
        undo();
        fs::write(folder.join("terminal.cast.zst"), new).unwrap();
        assert!(is_whole() && matches!(pack(dir.path(), 1), Packed::Done(..)) && is_whole());
        assert_eq!(names(&folder), ["audit.jsonl", "seal.json", "terminal.cast.zst"]);
    }
    assert_eq!(pack(dir.path(), 1), Packed::Before);
}

#[test]
fn only_what_is_what_was_sealed_is_packed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = session(dir.path(), 1);
    let plain = folder.join("terminal.cast");
    let before = fs::read(&plain).unwrap();
    let mut changed = before.clone();
    changed[before.len() / 2] ^= 1;
    for wrong in [&changed[..], &before[..before.len() - 1], b""] {
        fs::write(&plain, wrong).unwrap();
        assert_eq!(pack(dir.path(), 1), Packed::Damaged);
        assert_eq!(fs::read(&plain).unwrap(), wrong, "it stays as it is");
    }
    fs::write(&plain, &before).unwrap();
    let seal = fs::read_to_string(folder.join("seal.json")).unwrap();
    fs::write(folder.join("seal.json"), seal.replace("complete", "interrupted")).unwrap();
    assert_eq!(pack(dir.path(), 1), Packed::Damaged);
    fs::remove_file(folder.join("seal.json")).unwrap();
    assert_eq!(pack(dir.path(), 1), Packed::Open);
    fs::write(folder.join("seal.json"), seal).unwrap();
    assert!(matches!(pack(dir.path(), 1), Packed::Done(..)));
    // One that runs.
    let recorder =
        Recorder::create(dir.path(), &Start::new(id(2), NOON, vec!["sh".into()]), Clock::fixed(NOON))
            .unwrap();
    assert_eq!(pack(dir.path(), 2), Packed::Open);
    drop(recorder);
    assert_eq!(pack(dir.path(), 3), Packed::Gone);
}

#[test]
fn damage_to_a_packed_recording_is_found_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let folder = session(dir.path(), 1);
    pack(dir.path(), 1);
    let path = folder.join("terminal.cast.zst");
    let whole = fs::read(&path).unwrap();
    // The table at the end is nobody's truth: what it says is not believed, so it may be wrong.
    let frames = whole.len() - 200;
    for at in (0..frames).step_by(frames / 60) {
        let mut wrong = whole.clone();
        wrong[at] ^= 4;
        fs::write(&path, &wrong).unwrap();
        let (state, why) = verified(&folder);
        assert!(state == State::Damaged && why.starts_with("terminal.cast.zst: "), "byte {at}: {why}");
    }
    for end in [0, 3, 1_000, whole.len() / 2, whole.len() - 5] {
        fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(verified(&folder).0, State::Damaged, "cut at {end}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(verified(&folder), (State::Damaged, "terminal.cast: it is missing".to_owned()));
    // Other content in good frames; a link to good content elsewhere.
    fs::write(&path, zstd::bulk::compress(b"{\"version\":3}\n", 3).unwrap()).unwrap();
    assert_eq!(verified(&folder).0, State::Damaged);
    let elsewhere = dir.path().join("elsewhere");
    fs::write(&elsewhere, &whole).unwrap();
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert!(record::verify(&folder).is_err());
}

#[test]
fn sessions_are_packed_beside_a_later_one_an_hour_after_their_end() {
    let home = Home::new();
    let run = |arguments: &[&str]| {
        let all = [&["--no-gateway", "--sandbox", "off", "-q", "--"], arguments].concat();
        assert!(home.hoop_run(all).output().unwrap().status.success());
    };
    run(&["sh", "-c", "seq 10000"]);
    let state = home.path().join(".local/state/hoop");
    let folder = home.recording();
    run(&["sleep", "0.3"]);
    assert!(folder.join("terminal.cast").exists(), "not before an hour has gone by");
    let session = folder.file_name().unwrap();
    let mark = state.join("packing").join(session);
    let earlier = SystemTime::now() - Duration::from_secs(3_700);
    fs::File::options().write(true).open(&mark).unwrap().set_modified(earlier).unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while folder.join("terminal.cast").exists() {
        run(&["sleep", "0.5"]);
        assert!(Instant::now() < end, "it was not packed");
    }
    assert!(!mark.exists() && verified(&folder).0 == State::Sealed);
    // Switched off, it is not even remembered.
    let before = names(&state.join("packing")).len();
    let mut command = home.hoop_run(["--no-gateway", "--sandbox", "off", "-q", "--", "true"]);
    assert!(command.env("HOOP_RECORD_PACK", "false").output().unwrap().status.success());
    assert_eq!(names(&state.join("packing")).len(), before);
}

#[test]
fn the_table_is_that_of_the_seekable_format_and_other_programs_unpack_it() {
    let dir = tempfile::tempdir().unwrap();
    let folder = session(dir.path(), 1);
    let before = fs::read(folder.join("terminal.cast")).unwrap();
    pack(dir.path(), 1);
    let done = Command::new("zstd").args(["-d", "-c"]).arg(folder.join("terminal.cast.zst")).output();
    let Ok(done) = done else {
        println!("skipped: there is no zstd on this machine");
        return;
    };
    assert!(done.status.success() && done.stdout == before);
}
