//! The record of a session: written before it returns, whole after a crash, sealed at the end, and proof against
//! changes.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a panic is how a test reports")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hoop::audit;
use hoop::audit::CallBegin;
use hoop::audit::CallEnd;
use hoop::audit::CommandEnd;
use hoop::audit::CommandStart;
use hoop::audit::Decision;
use hoop::audit::End;
use hoop::audit::EndReason;
use hoop::audit::Event;
use hoop::audit::Outcome;
use hoop::audit::Start;
use hoop::cast;
use hoop::clock::Clock;
use hoop::error::Error;
use hoop::record;
use hoop::record::Body;
use hoop::record::Place;
use hoop::record::Recorder;
use hoop::record::Recovered;
use hoop::record::State;
use hoop::types::Effect;
use hoop::types::Micros;
use hoop::types::SessionId;

const NOON: u64 = 1_763_726_400_000_000;

fn clock() -> Clock {
    Clock::fixed(NOON)
}

fn start(number: u128) -> Start {
    let mut start =
        Start::new(SessionId::new(NOON, number), NOON, vec!["aws".into(), "s3".into(), "ls".into()]);
    start.user = "ana".into();
    start
}

fn begin(call: u64) -> Event {
    let mut begin = CallBegin::new(call, "s3", "GetObject", "s3:GetObject");
    begin.resources = vec!["arn:aws:s3:::reports/july.csv".into()];
    begin.params = serde_json::json!({"Bucket": "reports", "Key": "july.csv"});
    Event::CallBegin(Box::new(begin))
}

fn decided(call: u64, effect: Effect) -> Event {
    let (rule, origin, reason) = (Some("read-reports".into()), "policy.toml:4".into(), "listed".into());
    Event::Decision(Decision { call, effect, rule, origin, reason })
}

fn ended(call: u64, response: Option<audit::BodyRef>) -> Event {
    let masks = [("aws-secret-key".to_owned(), 2)].into();
    Event::CallEnd(Box::new(CallEnd { call, status: Some(200), masks, response, ..CallEnd::default() }))
}

/// A session with a bit of everything, not yet finished.
fn session(state: &Path, number: u128, clock: &Clock) -> Recorder {
    let recorder = Recorder::create(state, &start(number), clock.clone()).unwrap();
    recorder.output(b"$ aws s3 ls\r\n").unwrap();
    let argv = vec!["aws".into(), "s3".into(), "ls".into()];
    recorder.event(&Event::CommandStart(CommandStart { id: 1, argv, ..CommandStart::default() })).unwrap();
    recorder.events(&[begin(1), decided(1, Effect::Allow)]).unwrap();
    clock.advance(Duration::from_millis(40));
    let body = recorder.body(b"<ListBucketResult/>").unwrap();
    recorder.event(&ended(1, Some(body))).unwrap();
    recorder.output(b"bytes that are not text: \xff\xfe\r\n").unwrap();
    recorder.event(&begin(2)).unwrap();
    recorder.event(&decided(2, Effect::Deny)).unwrap();
    let refused = CallEnd { call: 2, outcome: Outcome::Refused, status: Some(403), ..CallEnd::default() };
    recorder.event(&Event::CallEnd(Box::new(refused))).unwrap();
    recorder
        .event(&Event::CommandEnd(CommandEnd { id: 1, status: Some(0), ..CommandEnd::default() }))
        .unwrap();
    recorder
}

fn exited() -> End {
    End { reason: EndReason::Exited, status: Some(0), ..End::default() }
}

fn state() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn verified(folder: &Path) -> (State, Vec<String>) {
    let report = record::verify(folder).unwrap();
    (report.state, report.faults.iter().map(|fault| format!("{}: {}", fault.file, fault.reason)).collect())
}

#[test]
fn a_finished_session_is_sealed_and_reads_as_it_happened() {
    let state = state();
    let clock = clock();
    let recorder = session(state.path(), 1, &clock);
    let folder = recorder.finish(&exited()).unwrap();
    assert_eq!(folder, state.path().join("sessions/2025/11/21").join(recorder.id().to_string()));
    assert_eq!(verified(&folder), (State::Sealed, vec![]));
    assert!(recorder.output(b"late").is_err());

    let recording = record::open(&folder).unwrap();
    assert_eq!(recording.start, start(1));
    assert_eq!(recording.end.as_ref().unwrap().1, exited());
    assert_eq!(recording.counts.calls, 2);
    assert_eq!(recording.counts.masks, 2);
    assert_eq!(recording.calls[0].effect, Some(Effect::Allow));
    assert_eq!(recording.calls[0].ended, Some(Micros(40_000)));
    assert_eq!(recording.calls[1].outcome, Some(Outcome::Refused));
    assert_eq!(recording.commands[0].line, "aws s3 ls");
    let line = recording.line_at(recording.calls[0].offset).unwrap();
    let Event::CallBegin(call) = line.event else { panic!("{line:?}") };
    assert_eq!(call.params["Key"], "july.csv");
    let body = record::read_body(&folder, recording.calls[0].response.as_ref().unwrap()).unwrap();
    assert_eq!(body, b"<ListBucketResult/>");

    let events: Vec<cast::Event> =
        cast::Reader::open(&recording.cast()).unwrap().map(Result::unwrap).collect();
    let markers: Vec<&str> = events
        .iter()
        .filter(|event| event.kind == cast::Kind::Marker)
        .map(|event| event.data.as_str())
        .collect();
    assert_eq!(
        markers,
        [
            "$ aws s3 ls",
            "call s3:GetObject arn:aws:s3:::reports/july.csv",
            "call s3:GetObject arn:aws:s3:::reports/july.csv",
            "denied s3:GetObject arn:aws:s3:::reports/july.csv: listed"
        ]
    );
    assert_eq!(events.last().unwrap().kind, cast::Kind::Exit);
    assert_eq!(cast::exact_output(events), b"$ aws s3 ls\r\nbytes that are not text: \xff\xfe\r\n");
}

#[test]
fn everything_is_private() {
    let state = state();
    let folder = session(state.path(), 1, &clock()).finish(&exited()).unwrap();
    let mut todo: Vec<PathBuf> =
        fs::read_dir(state.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut seen = 0;
    while let Some(path) = todo.pop() {
        let is_folder = path.is_dir();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if is_folder { 0o700 } else { 0o600 }, "{}", path.display());
        if is_folder {
            todo.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        seen += 1;
    }
    assert!(seen > 12 && folder.join("bodies").is_dir());
}

#[test]
fn an_event_is_in_the_file_before_the_call_returns() {
    let state = state();
    let recorder = Recorder::create(state.path(), &start(1), clock()).unwrap();
    let path = recorder.folder().join("audit.jsonl");
    for call in 1..4 {
        assert_eq!(recorder.event(&begin(call)).unwrap(), call);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count() as u64, call + 1);
    }
    assert!(recorder.event(&Event::SessionEnd(exited())).is_err());
    let mut long = CallBegin::new(9, "s3", "GetObject", "s3:GetObject");
    long.path = "x".repeat(audit::MAX_LINE);
    assert!(recorder.events(&[begin(4), Event::CallBegin(Box::new(long))]).is_err());
    assert_eq!(recorder.events(&[begin(4), decided(4, Effect::Allow)]).unwrap(), 5);
}

#[test]
fn terminal_bytes_wait_a_quarter_of_a_second_at_most() {
    let state = state();
    let clock = clock();
    let recorder = Recorder::create(state.path(), &start(1), clock.clone()).unwrap();
    let path = recorder.folder().join("terminal.cast");
    let header = fs::metadata(&path).unwrap().len();
    clock.advance(Duration::from_millis(1));
    recorder.output(b"x").unwrap();
    assert_eq!(recorder.flush_due(), Some(Duration::from_millis(250)));
    clock.advance(Duration::from_millis(249));
    recorder.output(b"y").unwrap();
    assert_eq!(recorder.flush_due(), Some(Duration::from_millis(1)));
    assert_eq!(fs::metadata(&path).unwrap().len(), header);
    clock.advance(Duration::from_millis(1));
    assert_eq!(recorder.flush_due(), Some(Duration::ZERO));
    recorder.flush().unwrap();
    assert!(fs::metadata(&path).unwrap().len() > header);
    let checkpoint = recorder.flush_due().unwrap();
    assert_eq!(checkpoint, Duration::from_millis(9_749), "the next thing due is a checkpoint");
    clock.advance(checkpoint);
    recorder.flush().unwrap();
    assert_eq!(recorder.flush_due(), None);
    assert!(fs::read_to_string(recorder.folder().join("audit.jsonl")).unwrap().contains("cast.checkpoint"));
}

#[test]
fn a_long_recording_has_checkpoints_that_are_checked() {
    let state = state();
    let recorder = Recorder::create(state.path(), &start(1), clock()).unwrap();
    let block = "0123456789abcdef\r\n".repeat(1_000);
    for _ in 0..300 {
        recorder.output(block.as_bytes()).unwrap();
    }
    let folder = recorder.finish(&exited()).unwrap();
    let checkpoints =
        fs::read_to_string(folder.join("audit.jsonl")).unwrap().matches("cast.checkpoint").count();
    assert!((5..8).contains(&checkpoints), "{checkpoints}");
    assert_eq!(verified(&folder), (State::Sealed, vec![]));
    let path = folder.join("terminal.cast");
    let mut bytes = fs::read(&path).unwrap();
    bytes[3_000_000] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let report = record::verify(&folder).unwrap();
    let offset = report.faults[0].offset.unwrap();
    assert!((1_900_000..3_000_000).contains(&offset), "{:?}", report.faults);
}

#[test]
fn a_call_that_went_on_without_leave_is_told_and_sealed_all_the_same() {
    let state = state();
    let recorder = session(state.path(), 1, &clock());
    recorder.events(&[begin(3), decided(3, Effect::Ask)]).unwrap();
    recorder.event(&ended(3, None)).unwrap();
    let (id, folder) = (recorder.id(), recorder.folder().to_owned());
    drop(recorder);
    assert_eq!(record::recover(state.path(), &clock()), [Recovered::Sealed(id)]);
    let reason =
        "audit.jsonl: call 3 went on, but it had to wait for a person, and nobody said yes".to_owned();
    assert_eq!(verified(&folder), (State::Damaged, vec![reason]));
}

#[test]
fn any_change_to_a_sealed_recording_is_found() {
    let state = state();
    let folder = session(state.path(), 1, &clock()).finish(&exited()).unwrap();
    let body = fs::read_dir(folder.join("bodies")).unwrap().next().unwrap().unwrap().path();
    let files = ["audit.jsonl", "terminal.cast", "seal.json"].map(|name| folder.join(name));
    for path in files.iter().chain([&body]) {
        let whole = fs::read(path).unwrap();
        for at in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
            let mut changed = whole.clone();
            changed[at] ^= 4;
            fs::write(path, &changed).unwrap();
            assert_eq!(verified(&folder).0, State::Damaged, "{} byte {at}", path.display());
        }
        for end in (0..whole.len()).step_by(11).chain([whole.len() - 1]) {
            fs::write(path, &whole[..end]).unwrap();
            assert_eq!(verified(&folder).0, State::Damaged, "{} cut at {end}", path.display());
        }
        fs::write(path, [&whole[..], b" "].concat()).unwrap();
        assert_eq!(verified(&folder).0, State::Damaged, "{} added to", path.display());
        fs::remove_file(path).unwrap();
        let expected = if path.ends_with("seal.json") { State::Unsealed } else { State::Damaged };
        assert_eq!(verified(&folder).0, expected, "{} removed", path.display());
        fs::write(path, &whole).unwrap();
        assert_eq!(verified(&folder), (State::Sealed, vec![]));
    }
}

#[test]
fn a_seal_made_for_a_changed_recording_needs_the_key() {
    let state = state();
    let folder = session(state.path(), 1, &clock()).finish(&exited()).unwrap();
    let path = folder.join("seal.json");
    let seal = fs::read_to_string(&path).unwrap().replace("\"calls\":2", "\"calls\":1");
    fs::write(&path, seal).unwrap();
    let faults = verified(&folder).1;
    assert!(faults[0].contains("its signature does not fit its text"), "{faults:?}");
}

#[test]
fn sessions_at_the_same_time_chain_their_seals() {
    let state = state();
    let sessions: Vec<_> = (1..9)
        .map(|number| {
            let state = state.path().to_owned();
            std::thread::spawn(move || session(&state, number, &clock()).finish(&exited()).unwrap())
        })
        .collect();
    let folders: Vec<PathBuf> = sessions.into_iter().map(|session| session.join().unwrap()).collect();
    let reports: Vec<_> = folders.iter().map(|folder| record::verify(folder).unwrap()).collect();
    assert!(reports.iter().all(|report| report.state == State::Sealed));
    let keys: std::collections::HashSet<_> =
        reports.iter().map(|report| &report.seal.as_ref().unwrap().key).collect();
    assert_eq!(keys.len(), 1, "one host, one key");
    let mut previous: Vec<_> =
        reports.iter().filter_map(|report| Some(report.previous()?.sha256.clone())).collect();
    let mut seals: Vec<_> = reports.iter().filter_map(|report| report.seal_sha256.clone()).collect();
    previous.sort();
    seals.sort();
    assert_eq!(previous.len(), 7, "one seal is the first");
    assert!(previous.windows(2).all(|pair| pair[0] != pair[1]), "no fork");
    assert!(previous.iter().all(|hash| seals.contains(hash)));
}

#[test]
fn what_a_dead_process_left_is_sealed_whatever_byte_it_stopped_at() {
    let state = state();
    let recorder = session(state.path(), 1, &clock());
    let (id, folder) = (recorder.id(), recorder.folder().to_owned());
    assert_eq!(record::recover(state.path(), &clock()), [], "a running session is left alone");
    drop(recorder);
    let active = state.path().join("active").join(id.to_string());
    let path = folder.join("audit.jsonl");
    let (whole, mark) = (fs::read(&path).unwrap(), fs::read(&active).unwrap());
    let lines = whole.iter().filter(|byte| **byte == b'\n').count() as u64;
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for end in last..=whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        fs::write(&active, &mark).unwrap();
        let before = verified(&folder);
        assert_eq!(before, (State::Unsealed, vec![]), "cut at {end}");
        assert_eq!(record::recover(state.path(), &clock()), [Recovered::Sealed(id)], "cut at {end}");
        let report = record::verify(&folder).unwrap();
        assert_eq!((report.state, &report.faults[..]), (State::Interrupted, &[][..]), "cut at {end}");
        let kept = lines - u64::from(end < whole.len());
        let lost = u64::from(end > last && end < whole.len());
        assert_eq!((report.lines, report.counts.lost), (kept + lost + 2, lost), "cut at {end}");
        assert!(!active.exists());
        assert_eq!(record::recover(state.path(), &clock()), []);
        fs::remove_file(folder.join("seal.json")).unwrap();
    }
}

#[test]
fn a_damaged_recording_is_not_sealed_afterwards() {
    let state = state();
    let recorder = session(state.path(), 1, &clock());
    let (id, path) = (recorder.id(), recorder.folder().join("audit.jsonl"));
    drop(recorder);
    let text = fs::read_to_string(&path).unwrap().replace("july", "june");
    fs::write(&path, text).unwrap();
    assert_eq!(record::recover(state.path(), &clock()), [Recovered::Damaged(id)]);
    assert!(!path.with_file_name("seal.json").exists());
}

#[test]
fn a_recording_that_someone_removes_or_changes_stops_the_session() {
    let happens: [fn(&Path); 3] = [
        |folder| fs::remove_file(folder.join("terminal.cast")).unwrap(),
        |folder| fs::write(folder.join("terminal.cast"), "").unwrap(),
        |folder| {
            writeln!(fs::OpenOptions::new().append(true).open(folder.join("terminal.cast")).unwrap()).unwrap()
        },
    ];
    for (number, happen) in happens.iter().enumerate() {
        let state = state();
        let recorder = Recorder::create(state.path(), &start(number as u128), clock()).unwrap();
        let told = Arc::new(AtomicU64::new(0));
        let counter = told.clone();
        recorder.on_failure(move |_: &Error| assert_eq!(counter.fetch_add(1, Ordering::SeqCst), 0));
        happen(recorder.folder());
        recorder.output(b"waits").unwrap();
        let error = recorder.flush().unwrap_err();
        assert!(error.what().starts_with("the session cannot be recorded any more"), "{error}");
        assert_eq!(recorder.event(&begin(1)).unwrap_err().to_string(), error.to_string(), "it stays failed");
        assert!(
            recorder.output(b"x").is_err()
                && recorder.body(b"x").is_err()
                && recorder.finish(&exited()).is_err()
        );
        assert_eq!(told.load(Ordering::SeqCst), 1);
        assert!(recorder.failure().is_some() && recorder.flush_due().is_none());
    }
}

#[test]
fn a_link_planted_in_the_way_is_not_followed() {
    let state = state();
    let place = Place::new(state.path());
    fs::create_dir_all(place.host_key().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(state.path().join("elsewhere"), place.host_key()).unwrap();
    let recorder = session(state.path(), 1, &clock());
    assert!(recorder.finish(&exited()).is_err());
    assert!(!state.path().join("elsewhere").exists());
    fs::remove_file(place.host_key()).unwrap();
    let id = recorder.id();
    assert_eq!(record::recover(state.path(), &clock()), [Recovered::Finished(id)]);
    assert_eq!(verified(&place.folder(id)), (State::Sealed, vec![]));
}

#[test]
fn a_large_body_keeps_its_head_and_its_digest() {
    let state = state();
    let recorder = Recorder::create(state.path(), &start(1), clock()).unwrap();
    let mut body = Body::keeping(1_000);
    (0..100).for_each(|_| body.push(&[b'x'; 100]));
    let reference = recorder.store(body).unwrap();
    assert_eq!((reference.bytes, reference.kept), (10_000, 1_000));
    assert_eq!(record::read_body(recorder.folder(), &reference).unwrap(), vec![b'x'; 1_000]);
    assert_eq!(recorder.body(b"").unwrap().file, None);
    let evil = audit::BodyRef { file: Some("../terminal.cast".into()), ..reference };
    assert!(record::read_body(recorder.folder(), &evil).is_err());
}

#[test]
fn a_live_recording_can_be_followed() {
    let state = state();
    let recorder = Recorder::create(state.path(), &start(1), clock()).unwrap();
    let mut recording = record::open(recorder.folder()).unwrap();
    assert!(!recording.refresh().unwrap());
    recorder.event(&begin(1)).unwrap();
    assert!(recording.refresh().unwrap());
    recorder.event(&ended(1, None)).unwrap();
    recording.refresh().unwrap();
    assert_eq!((recording.calls.len(), recording.calls[0].status), (1, Some(200)));
    recorder.finish(&exited()).unwrap();
    recording.refresh().unwrap();
    assert_eq!(recording.sealed, Some(record::SealedAs::Complete));
}

/// Runs this test again as another process, in which `HOOP_TEST_STATE` is set; gives what it printed.
fn in_child(shell: &str, test: &str, state: &Path) -> String {
    let program = std::env::current_exe().unwrap();
    let script = format!("{shell} exec \"$0\" --exact {test} --nocapture");
    let out =
        Command::new("sh").args(["-c", &script]).arg(program).env("HOOP_TEST_STATE", state).output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}

fn child_state() -> Option<PathBuf> {
    std::env::var_os("HOOP_TEST_STATE").map(PathBuf::from)
}

/// Records until recording fails; prints the error.
fn record_until_it_fails(state: &Path) {
    let recorder = session(state, 1, &clock());
    let block = "0123456789abcdef\r\n".repeat(1_000);
    let error = (0..100).find_map(|_| recorder.output(block.as_bytes()).err());
    println!("said: {}", error.unwrap().report("hoop-run").replace('\n', " "));
}

fn is_left_readable(state: &Path, said: &str, why: &str) {
    assert!(said.contains("said: hoop-run: the session cannot be recorded any more"), "{said}");
    assert!(said.contains(why), "{said}");
    let [Recovered::Sealed(id)] = record::recover(state, &clock())[..] else { panic!("not recovered") };
    let folder = Place::new(state).folder(id);
    assert_eq!(verified(&folder), (State::Interrupted, vec![]));
    let mut reader = cast::Reader::open(&folder.join("terminal.cast")).unwrap();
    assert!(reader.by_ref().map(Result::unwrap).count() > 3);
}

#[test]
fn a_limit_on_file_size_stops_the_session() {
    if let Some(state) = child_state() {
        return record_until_it_fails(&state);
    }
    let state = state();
    let test = "a_limit_on_file_size_stops_the_session";
    let said = in_child("trap '' XFSZ; ulimit -f 400;", test, state.path());
    is_left_readable(state.path(), &said, "file too large");
}

#[test]
fn a_full_disk_stops_the_session() {
    if let Some(state) = child_state() {
        record_until_it_fails(&state);
        // The small disk is gone with this process's mounts: keep what was left on it.
        let copied =
            Command::new("cp").arg("-a").arg(&state).arg(state.with_extension("kept")).status().unwrap();
        assert!(copied.success());
        return;
    }
    let dir = state();
    let small = dir.path().join("small");
    fs::create_dir(&small).unwrap();
    let can_mount =
        Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
    if !can_mount {
        return;
    }
    let mount = format!("exec unshare -rm sh -c 'mount -t tmpfs -o size=256k none {} && ", small.display());
    let program = std::env::current_exe().unwrap();
    let script = format!("{mount} exec \"$0\" --exact a_full_disk_stops_the_session --nocapture' \"$0\"");
    let out = Command::new("sh")
        .args(["-c", &script])
        .arg(program)
        .env("HOOP_TEST_STATE", &small)
        .output()
        .unwrap();
    let kept = small.with_extension("kept");
    is_left_readable(&kept, &String::from_utf8(out.stdout).unwrap(), "no space left on device");
}

#[test]
fn a_killed_process_leaves_what_it_recorded() {
    if let Some(state) = child_state() {
        let recorder = session(&state, 1, &clock());
        recorder.flush().unwrap();
        recorder.output(b"not flushed").unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL).unwrap();
    }
    let state = state();
    in_child("", "a_killed_process_leaves_what_it_recorded", state.path());
    let [Recovered::Sealed(id)] = record::recover(state.path(), &clock())[..] else {
        panic!("not recovered")
    };
    let folder = Place::new(state.path()).folder(id);
    let recording = record::open(&folder).unwrap();
    assert_eq!(recording.counts.calls, 2);
    assert_eq!(recording.end.unwrap().1.reason, EndReason::Interrupted);
    assert_eq!(verified(&folder), (State::Interrupted, vec![]));
}
