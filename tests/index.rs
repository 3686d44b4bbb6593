//! The index: finds what is in the recordings, keeps up with them, and can be made again at any time.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::fs;
use std::path::Path;

use hoop::audit::CallBegin;
use hoop::audit::CallEnd;
use hoop::audit::CommandStart;
use hoop::audit::Decision;
use hoop::audit::End;
use hoop::audit::Event;
use hoop::audit::Start;
use hoop::clock::Clock;
use hoop::query;
use hoop::query::Now;
use hoop::record::Recorder;
use hoop::record::index;
use hoop::record::index::CaughtUp;
use hoop::store::Filter;
use hoop::store::Hit;
use hoop::store::Index;
use hoop::store::Page;
use hoop::store::Source;
use hoop::types::Effect;
use hoop::types::SessionId;
use jiff::tz::TimeZone;

const NOON: u64 = 1_763_726_400_000_000;
const ALL: Page = Page { limit: 1_000, offset: 0 };

fn begin(state: &Path, number: u64, user: &str) -> Recorder {
    let began = NOON + number * 60_000_000;
    let id = SessionId::new(began, u128::from(number));
    let mut start = Start::new(id, began, vec!["aws".into(), "session".into(), number.to_string()]);
    start.user = user.into();
    Recorder::create(state, &start, Clock::fixed(began)).unwrap()
}

fn call(recorder: &Recorder, number: u64, action: &str, effect: Effect) {
    let (service, operation) = action.split_once(':').unwrap();
    let mut begin = CallBegin::new(number, service, operation, action);
    begin.resources = vec!["arn:aws:s3:::reports/july.csv".into()];
    recorder.event(&Event::CallBegin(Box::new(begin))).unwrap();
    let (rule, origin, reason) = (None, String::new(), String::new());
    recorder.event(&Event::Decision(Decision { call: number, effect, rule, origin, reason })).unwrap();
    let error = (effect == Effect::Deny).then(|| "AccessDeniedException".to_owned());
    recorder.event(&Event::CallEnd(Box::new(CallEnd { call: number, error, ..CallEnd::default() }))).unwrap();
}

fn opened(state: &Path) -> Index {
    let (index, notices) = index::open(state).unwrap();
    assert_eq!(notices, Vec::<String>::new());
    index
}

fn ids(index: &Index, filter: Filter) -> Vec<SessionId> {
    index.sessions(&filter, ALL).unwrap().iter().map(|row| row.id).collect()
}

fn found(index: &Index, words: &str) -> Vec<Hit> {
    let now = Now { unix_micros: NOON, zone: TimeZone::UTC };
    let query = query::parse(words, &now).unwrap();
    index.find(&query, ALL).unwrap().into_iter().flat_map(|found| found.hits).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn sessions_are_found_by_what_they_did() {
    let state = tempfile::tempdir().unwrap();
    let one = begin(state.path(), 1, "ana");
    call(&one, 1, "s3:GetObject", Effect::Allow);
    call(&one, 2, "s3:DeleteObject", Effect::Deny);
    one.output("\x1b[31mError\x1b[0m: quota of 中文检索 reached\r\n".as_bytes()).unwrap();
    one.finish(&End { status: Some(3), ..End::default() }).unwrap();
    let two = begin(state.path(), 2, "ben");
    call(&two, 1, "iam:ListUsers", Effect::Allow);
    let argv = vec!["grep".into(), "100%_sure".into()];
    two.event(&Event::CommandStart(CommandStart { id: 1, argv, ..CommandStart::default() })).unwrap();
    let index = opened(state.path());
    let (one, two) = (one.id(), two.id());

    assert_eq!(ids(&index, Filter::default()), [two, one], "newest first");
    let by = |filter| ids(&index, filter);
    assert_eq!(by(Filter { user: some("ana"), ..Filter::default() }), [one]);
    assert_eq!(by(Filter { since: Some(NOON + 90_000_000), ..Filter::default() }), [two]);
    assert_eq!(by(Filter { until: Some(NOON + 90_000_000), ..Filter::default() }), [one]);
    assert_eq!(by(Filter { service: some("iam"), ..Filter::default() }), [two]);
    assert_eq!(by(Filter { action: some("S3:get*"), ..Filter::default() }), [one]);
    assert_eq!(by(Filter { action: some("s3:Get"), ..Filter::default() }), []);
    assert_eq!(by(Filter { decision: Some(Effect::Deny), ..Filter::default() }), [one]);
    let denied = Filter { action: some("s3:GetObject"), decision: Some(Effect::Deny), ..Filter::default() };
    assert_eq!(by(denied), [], "the decision of that action, not of another");
    assert_eq!(by(Filter { text: some("quota"), ..Filter::default() }), [one]);
    assert_eq!(by(Filter { command: some("SESSION 2"), ..Filter::default() }), [two]);
    assert_eq!(by(Filter { command: some("0%_s"), ..Filter::default() }), [two]);
    assert_eq!(by(Filter { command: some("0_%s"), ..Filter::default() }), []);
    assert_eq!(index.sessions(&Filter::default(), Page { limit: 1, offset: 1 }).unwrap()[0].id, one);

    let row = index.session(one).unwrap().unwrap();
    assert_eq!((row.calls, row.denied, row.status, row.sealed.as_deref()), (2, 1, Some(3), Some("complete")));
    assert_eq!(index.session(two).unwrap().unwrap().sealed, None);

    for (words, source, times) in [
        ("error quota", Source::Screen, 1),
        ("检索", Source::Screen, 1),
        ("july.csv", Source::Call, 3),
        ("\"reports july\"", Source::Call, 3),
        ("accessden*", Source::Call, 1),
        ("grep", Source::Command, 1),
        ("31m", Source::Screen, 0),
    ] {
        let hits = found(&index, words);
        assert_eq!(hits.len(), times, "{words}");
        assert!(hits.iter().all(|hit| hit.source == source));
    }
    let hit = &found(&index, "QUOTA")[0];
    assert_eq!((hit.session, &hit.snippet[hit.found[0].clone()]), (one, "quota"));
    assert_eq!(hit.snippet, "Error: quota of 中文检索 reached");
    let error = index.sessions(&Filter { text: some("-- '"), ..Filter::default() }, ALL).unwrap_err();
    assert_eq!(error.what(), "there is no word to search for");
    for odd in ["NEAR(", "a AND", "*", "text:x", "\"", "a\"b", "^x", "col:\"x", "{a b}:c", "-x"] {
        let filter = Filter { text: Some(format!("quota {odd}")), ..Filter::default() };
        drop(index.sessions(&filter, ALL).unwrap());
    }
}

#[test]
fn a_running_session_is_read_on_from_where_it_was() {
    let state = tempfile::tempdir().unwrap();
    let recorder = begin(state.path(), 1, "ana");
    let index = opened(state.path());
    for round in 1..4 {
        call(&recorder, round, "s3:GetObject", Effect::Allow);
        recorder.output(format!("line number{round}\r\n").as_bytes()).unwrap();
        recorder.flush().unwrap();
        assert_eq!(index::catch_up(&index, state.path()).unwrap().updated, 1);
        assert_eq!(index::catch_up(&index, state.path()).unwrap(), CaughtUp::default());
        assert_eq!(index.session(recorder.id()).unwrap().unwrap().calls, round);
        assert_eq!(found(&index, "line").len() as u64, round);
        assert_eq!(found(&index, &format!("number{round}")).len(), 1);
    }
    recorder.finish(&End::default()).unwrap();
    index::catch_up(&index, state.path()).unwrap();
    let row = index.session(recorder.id()).unwrap().unwrap();
    assert_eq!((row.calls, row.sealed.as_deref()), (3, Some("complete")));
    assert_eq!(index::catch_up(&index, state.path()).unwrap(), CaughtUp::default());
}

#[test]
fn many_readers_at_once_read_everything_once() {
    let state = tempfile::tempdir().unwrap();
    for number in 0..12 {
        let recorder = begin(state.path(), number, "ana");
        (1..20).for_each(|round| call(&recorder, round, "s3:GetObject", Effect::Allow));
        recorder.output(b"only once\r\n").unwrap();
        recorder.finish(&End::default()).unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                assert_eq!(opened(state.path()).sessions(&Filter::default(), ALL).unwrap().len(), 12)
            });
        }
    });
    let index = opened(state.path());
    assert_eq!(found(&index, "only once").len(), 12);
    assert!(index.sessions(&Filter::default(), ALL).unwrap().iter().all(|row| row.calls == 19));
}

#[test]
fn a_recording_that_is_gone_is_forgotten_and_a_strange_folder_is_named() {
    let state = tempfile::tempdir().unwrap();
    let recorder = begin(state.path(), 1, "ana");
    recorder.output(b"word\r\n").unwrap();
    let folder = recorder.finish(&End::default()).unwrap();
    let index = opened(state.path());
    assert_eq!(found(&index, "word").len(), 1);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(index::catch_up(&index, state.path()).unwrap().forgotten, 1);
    assert_eq!(found(&index, "word").len(), 0);
    assert_eq!(ids(&index, Filter::default()), []);
    fs::create_dir(&folder).unwrap();
    assert_eq!(index::catch_up(&index, state.path()).unwrap().unreadable.len(), 1);
}

#[test]
fn an_index_that_cannot_be_used_is_made_anew() {
    let state = tempfile::tempdir().unwrap();
    let recorder = begin(state.path(), 1, "ana");
    (1..200).for_each(|round| call(&recorder, round, "s3:GetObject", Effect::Allow));
    recorder.finish(&End::default()).unwrap();
    drop(opened(state.path()));
    let path = state.path().join("index.db");
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > 20_000);
    type Damage = fn(&[u8]) -> Vec<u8>;
    let damages: [Damage; 4] = [
        |_| b"this is no database, only text that is long enough to be looked at as one".repeat(40),
        |whole| [&whole[..4_096], &vec![0xa5; whole.len() - 4_096][..]].concat(),
        |whole| whole[..5_000].to_vec(),
        |whole| {
            let mut newer = whole.to_vec();
            newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
            newer
        },
    ];
    for damage in damages {
        for suffix in ["-wal", "-shm"] {
            drop(fs::remove_file(format!("{}{suffix}", path.display())));
        }
        fs::write(&path, damage(&whole)).unwrap();
        let (index, notices) = index::open(state.path()).unwrap();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(notices[0].starts_with("the index was made anew"), "{notices:?}");
        assert_eq!(index.session(recorder.id()).unwrap().unwrap().calls, 199);
    }
    assert_eq!(index::rebuild(state.path()).unwrap().updated, 1);
}
