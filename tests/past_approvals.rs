//! Questions to people in recordings, old and new: what readers, the index and hoopctl make of them.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::path::Path;

use clap::Args;
use clap::Command;
use clap::FromArgMatches;
use hoop::audit::Answer;
use hoop::audit::ApprovalAnswered;
use hoop::audit::ApprovalAsked;
use hoop::audit::ApprovalExpired;
use hoop::audit::ApprovalJoined;
use hoop::audit::ApprovalShown;
use hoop::audit::ApprovalUsed;
use hoop::audit::ApprovalVote;
use hoop::audit::CallBegin;
use hoop::audit::CallEnd;
use hoop::audit::CommandStart;
use hoop::audit::Decision;
use hoop::audit::End;
use hoop::audit::Event;
use hoop::audit::Outcome;
use hoop::audit::Part;
use hoop::audit::Start;
use hoop::cli::ctl::approvals_log;
use hoop::cli::ctl::calls;
use hoop::cli::ctl::console::Console;
use hoop::cli::ctl::search;
use hoop::cli::ctl::sessions;
use hoop::clock::Clock;
use hoop::error::Result;
use hoop::record;
use hoop::record::Recorder;
use hoop::record::index;
use hoop::store::ApprovalFilter;
use hoop::store::ApprovalRow;
use hoop::store::ApprovalSearch;
use hoop::store::Became;
use hoop::store::CommandFilter;
use hoop::store::Filter;
use hoop::store::Page;
use hoop::types::Effect;
use hoop::types::Micros;
use hoop::types::SessionId;
use jiff::tz::TimeZone;

const NOON: u64 = 1_763_726_400_000_000;
const ALL: Page = Page { limit: 1_000, offset: 0 };

fn begin(state: &Path, number: u64, user: &str) -> Recorder {
    let began = NOON + number * 60_000_000;
    let mut start = Start::new(SessionId::new(began, u128::from(number)), began, vec!["sh".into()]);
    start.user = user.into();
    Recorder::create(state, &start, Clock::fixed(began)).unwrap()
}

fn call(recorder: &Recorder, number: u64, operation: &str, command: Option<u64>) {
    let mut begin = CallBegin::new(number, "s3", operation, &format!("s3:{operation}"));
    begin.resources = vec!["arn:aws:s3:::logs".into()];
    begin.command = command;
    recorder.event(&Event::CallBegin(Box::new(begin))).unwrap();
    let (rule, origin) = (Some("destructive".to_owned()), "team.toml:4".to_owned());
    let decision = Decision { call: number, effect: Effect::Ask, rule, origin, reason: String::new() };
    recorder.event(&Event::Decision(decision)).unwrap();
}

fn done(recorder: &Recorder, number: u64, status: u16) {
    let outcome = if status < 400 { Outcome::Answered } else { Outcome::Refused };
    let end = CallEnd { call: number, status: Some(status), outcome, ..CallEnd::default() };
    recorder.event(&Event::CallEnd(Box::new(end))).unwrap();
}

fn asked(id: &str, call: Option<u64>, question: &str, needs: &[&str]) -> Event {
    Event::ApprovalAsked(ApprovalAsked {
        id: id.into(),
        call,
        question: question.into(),
        rule: Some("rule \"destructive\" (team.toml:4)".into()),
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        ttl: Micros(300_000_000),
        ..ApprovalAsked::default()
    })
}

fn answered(id: &str, answer: Answer, by: Option<&str>, reason: &str) -> Event {
    Event::ApprovalAnswered(ApprovalAnswered {
        id: id.into(),
        answer,
        by: by.map(str::to_owned),
        via: by.map(|_| "hoopctl".to_owned()),
        reason: Some(reason.into()).filter(|reason: &String| !reason.is_empty()),
        scope: (answer == Answer::Granted).then(|| "session".to_owned()),
        took: Micros(42_000_000),
        ..ApprovalAnswered::default()
    })
}

/// A session of now: a question with a retry, two approvers and two later uses; one denied; one that waits.
fn new(state: &Path) -> Recorder {
    let recorder = begin(state, 1, "ana");
    let write = |event: Event| recorder.event(&event).unwrap();
    for (id, parent, line) in [(1, None, "make deploy"), (2, Some(1), "aws s3 rb s3://logs")] {
        let argv = line.split(' ').map(str::to_owned).collect();
        write(Event::CommandStart(CommandStart { id, parent, argv, ..CommandStart::default() }));
    }
    call(&recorder, 1, "DeleteBucket", Some(2));
    write(asked("q1", Some(1), "s3:DeleteBucket on arn:aws:s3:::logs", &["2 of group security"]));
    for (to, error) in [("bo", None), ("cy", None), ("https://hook.example", Some("refused".to_owned()))] {
        write(Event::ApprovalShown(ApprovalShown {
            id: "q1".into(),
            to: to.into(),
            via: "hoopctl".into(),
            error,
        }));
    }
    call(&recorder, 2, "DeleteBucket", Some(2));
    write(Event::ApprovalJoined(ApprovalJoined { id: "q1".into(), call: Some(2) }));
    write(Event::ApprovalVote(ApprovalVote { id: "q1".into(), by: "bo".into(), ..ApprovalVote::default() }));
    write(answered("q1", Answer::Granted, Some("bo and cy"), "ticket 17"));
    done(&recorder, 1, 204);
    done(&recorder, 2, 204);
    for number in [3, 4] {
        call(&recorder, number, "DeleteBucket", None);
        let question = "s3:DeleteBucket on arn:aws:s3:::logs".to_owned();
        write(Event::ApprovalUsed(ApprovalUsed { id: "q1".into(), call: Some(number), question }));
        done(&recorder, number, 204);
    }
    call(&recorder, 5, "PutBucketPolicy", None);
    write(asked("q2", Some(5), "s3:PutBucketPolicy on arn:aws:s3:::logs", &[]));
    write(answered("q2", Answer::Denied, Some("bo"), "bo denied it: the \u{1b}[31mbucket is public then"));
    done(&recorder, 5, 403);
    write(asked("q3", None, "command terraform destroy", &[]));
    recorder
}

fn finish(recorder: &Recorder) {
    let reason = "the session ended".to_owned();
    recorder.event(&Event::ApprovalExpired(ApprovalExpired { id: "q1".into(), reason, used: 2 })).unwrap();
    recorder.finish(&End { status: Some(0), ..End::default() }).unwrap();
}

/// A session as it was recorded when each call had a question of its own.
fn old(state: &Path) -> Recorder {
    let recorder = begin(state, 0, "ben");
    for (number, answer, by, reason) in [
        (1, Answer::Granted, Some("ben"), ""),
        (2, Answer::Expired, None, "nobody answered within 300 s"),
        (3, Answer::Nobody, None, "it needs a person's approval, and there is no terminal to ask on"),
    ] {
        call(&recorder, number, "DeleteObject", None);
        let id = format!("call-{number}");
        recorder.event(&asked(&id, Some(number), "may this go on: s3:DeleteObject", &[])).unwrap();
        recorder.event(&answered(&id, answer, by, reason)).unwrap();
        done(&recorder, number, if by.is_some() { 204 } else { 403 });
    }
    recorder.finish(&End { status: Some(0), ..End::default() }).unwrap();
    recorder
}

#[test]
fn readers_join_what_belongs_to_a_question() {
    let state = tempfile::tempdir().unwrap();
    let recorder = new(state.path());
    finish(&recorder);
    let recording = record::open(recorder.folder()).unwrap();
    let all = recording.approvals.all();
    assert_eq!(all.len(), 3);
    let one = &all[0];
    assert_eq!((one.joined.as_slice(), one.used, one.shown.len()), (&[2][..], 2, 3));
    assert_eq!((one.people(), one.took), (vec!["bo".to_owned(), "cy".to_owned()], Some(Micros(42_000_000))));
    assert_eq!(
        (one.needs.as_slice(), one.expiry.as_deref()),
        (&["2 of group security".to_owned()][..], Some("the session ended"))
    );
    let parts: Vec<_> = (1..=6).map(|call| recording.approvals.of_call(call).map(|(_, part)| part)).collect();
    let (ask, join, used) = (Some(Part::Asked), Some(Part::Joined), Some(Part::Used));
    assert_eq!(parts, [ask, join, used, used, ask, None]);
    assert_eq!(all[2].word(), "waiting");
    let counts = recording.counts;
    assert_eq!((counts.calls, counts.asked, counts.granted, counts.denied, counts.used), (5, 3, 1, 1, 2));
    assert_eq!(record::verify(recorder.folder()).unwrap().faults, []);
    let cast = std::fs::read_to_string(recorder.folder().join("terminal.cast")).unwrap();
    let markers: Vec<&str> = cast.lines().filter(|line| line.contains("\"m\"")).collect();
    let of_people =
        |line: &&&str| ["asked ", "granted ", "denied by", "yes by"].iter().any(|word| line.contains(word));
    assert_eq!(markers.iter().filter(of_people).count(), 6, "{markers:#?}");
    assert!(
        markers
            .iter()
            .any(|line| line.contains("granted by bo and cy: s3:DeleteBucket on arn:aws:s3:::logs"))
    );
}

#[test]
fn an_old_recording_reads_as_it_did() {
    let state = tempfile::tempdir().unwrap();
    let recording = record::open(old(state.path()).folder()).unwrap();
    let words: Vec<&str> = recording.approvals.all().iter().map(|asked| asked.word()).collect();
    assert_eq!(words, ["granted", "expired", "nobody"]);
    let counts = recording.counts;
    assert_eq!((counts.asked, counts.granted, counts.denied, counts.used), (3, 1, 2, 0));
    let shown = printed(calls::run, state.path(), "last", Some(200));
    assert!(shown.contains("↳ call-1: granted by ben (on hoopctl, for the session, after 42.0s)"), "{shown}");
    assert!(shown.contains("↳ call-2: nobody answered in time (after 42.0s)"), "{shown}");
    assert!(
        shown.contains("nobody could have answered: there is no terminal to ask on (after 42.0s)"),
        "{shown}"
    );
    let log = printed(approvals_log::run, state.path(), "", Some(80));
    assert!(log.contains("call-1 of ben in "), "{log}");
}

#[test]
fn the_index_finds_questions_by_what_became_of_them() {
    let state = tempfile::tempdir().unwrap();
    old(state.path());
    let recorder = new(state.path());
    // A running session is read in pieces.
    let (index, _) = index::open(state.path()).unwrap();
    finish(&recorder);
    index::catch_up(&index, state.path()).unwrap();
    let find = |search: ApprovalSearch| -> Vec<String> {
        index.approvals(&search, ALL).unwrap().into_iter().map(|row| row.id).collect()
    };
    let with = |became: &[Became], approvers: &[&str]| {
        let approvers = approvers.iter().map(|name| (*name).to_owned()).collect();
        let filter = ApprovalFilter { became: became.to_vec(), approvers };
        find(ApprovalSearch { filter, ..ApprovalSearch::default() })
    };
    assert_eq!(find(ApprovalSearch::default()), ["q3", "q2", "q1", "call-3", "call-2", "call-1"]);
    for (became, wanted) in [
        (Became::Granted, &["q1", "call-1"][..]),
        (Became::Denied, &["q2"]),
        (Became::Expired, &["call-2"]),
        (Became::Nobody, &["call-3"]),
        (Became::Withdrawn, &[]),
        (Became::Used, &["q1"]),
        (Became::Waiting, &["q3"]),
    ] {
        assert_eq!(with(&[became], &[]), wanted, "{became:?}");
    }
    assert_eq!(with(&[Became::Denied, Became::Expired], &[]), ["q2", "call-2"]);
    assert_eq!(with(&[], &["BO"]), ["q2", "q1"], "as one of two, and alone");
    assert_eq!(with(&[], &["bo", "cy"]), ["q1"], "both together");
    assert_eq!(with(&[], &["b*"]), ["q2", "q1", "call-1"]);
    assert_eq!(with(&[], &["b"]), [""; 0]);
    assert_eq!(with(&[Became::Denied], &["bo"]), ["q2"]);
    let words = |words: &str| find(ApprovalSearch { words: words.to_owned(), ..ApprovalSearch::default() });
    assert_eq!(words("ticket logs"), ["q1"], "reason and question are one");
    assert_eq!(words("\"group security\""), ["q1"]);
    assert_eq!(words("public"), ["q2"]);
    assert_eq!(words("terraform"), ["q3"]);
    let of = |part: &str| {
        let commands = Some(CommandFilter { parts: vec![part.to_owned()], ..CommandFilter::default() });
        find(ApprovalSearch { commands, ..ApprovalSearch::default() })
    };
    assert_eq!(of("s3 rb"), ["q1"], "the command behind the call");
    assert_eq!(of("make"), ["q1"], "what started that");
    assert_eq!(of("destroy"), ["q3"], "a question about a command");
    assert_eq!(of("nothing"), [""; 0]);
    let user = |user: &str| find(ApprovalSearch { user: Some(user.to_owned()), ..ApprovalSearch::default() });
    assert_eq!(user("ben"), ["call-3", "call-2", "call-1"]);
    assert_eq!(find(ApprovalSearch { since: Some(NOON + 1), ..ApprovalSearch::default() }).len(), 3);
    assert_eq!(find(ApprovalSearch { session: Some(recorder.id()), ..ApprovalSearch::default() }).len(), 3);
    let row: ApprovalRow = index.approvals(&ApprovalSearch::default(), ALL).unwrap().swap_remove(2);
    assert_eq!((row.shown, row.unreached, row.used, row.joined, row.call), (2, 1, 2, 1, Some(1)));
    assert_eq!((row.needs.as_deref(), row.scope.as_deref()), (Some("2 of group security"), Some("session")));
    assert_eq!((row.expiry.as_deref(), row.took), (Some("the session ended"), Some(Micros(42_000_000))));

    let sessions = |filter: ApprovalFilter| {
        let filter = Filter { approvals: Some(filter), ..Filter::default() };
        index.sessions(&filter, ALL).unwrap().len()
    };
    assert_eq!(sessions(ApprovalFilter { became: vec![Became::Granted], approvers: vec![] }), 2);
    assert_eq!(sessions(ApprovalFilter { became: vec![], approvers: vec!["cy".into()] }), 1);
    let row = index.session(recorder.id()).unwrap().unwrap();
    assert_eq!((row.asked, row.granted, row.denied, row.used), (3, 1, 1, 2));

    index.batch(|batch| batch.forget(recorder.id())).unwrap();
    assert_eq!(find(ApprovalSearch::default()).len(), 3);
    assert_eq!(words("ticket"), [""; 0]);
}

type Run<A> = fn(&A, &Path, &mut Console<'_>) -> Result<u8>;

/// Everything that is printed, and the exit status.
fn printed<A: Args + FromArgMatches>(run: Run<A>, state: &Path, line: &str, width: Option<usize>) -> String {
    let words = line.split('|').filter(|word| !word.is_empty());
    let matches = A::augment_args(Command::new("x")).no_binary_name(true).get_matches_from(words);
    let args = A::from_arg_matches(&matches).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console { out: &mut out, err: &mut err, width, zone: TimeZone::UTC, now: NOON };
    let status = run(&args, state, &mut console);
    let mut text = String::from_utf8(out).unwrap() + &String::from_utf8(err).unwrap();
    match status {
        Ok(status) => text.push_str(&format!("[exit {status}]")),
        Err(error) => text.push_str(&error.report("hoopctl")),
    }
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
    assert!(width.is_none_or(|width| text.lines().all(|line| line.chars().count() <= width)), "{text}");
    text
}

#[test]
fn hoopctl_shows_who_approved_what() {
    let state = tempfile::tempdir().unwrap();
    old(state.path());
    let recorder = new(state.path());
    finish(&recorder);
    let state = state.path();

    let shown = printed(calls::run, state, "last", Some(80));
    for part in [
        "↳ q1: granted by bo and cy: ticket 17 (on hoopctl, for the session",
        "↳ q1 (a retry of the call that asked): granted by bo and cy",
        "↳ q1 (an earlier yes): granted by bo and cy",
        "↳ q2: denied by bo: the \\e[31mbucket is public then (on hoopctl",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    assert_eq!(
        shown.matches("an earlier yes").count(),
        1,
        "two uses one after the other are told once:\n{shown}"
    );
    let used = printed(calls::run, state, "last|--approval|used|--json", None);
    assert_eq!(used.lines().count(), 3, "{used}");
    assert!(used.contains(r#""part":"used""#) && used.contains(r#""by":"bo and cy""#), "{used}");
    assert!(printed(calls::run, state, "last|--approval|denied", Some(200)).contains("s3:PutBucketPolicy"));
    assert!(printed(calls::run, state, "last|--approval|expired", None).ends_with("[exit 1]"));

    let log = printed(approvals_log::run, state, "--approver|cy", Some(80));
    let id = recorder.id();
    assert_eq!(
        log,
        format!(
            "2025-11-21 12:01:00  s3:DeleteBucket on arn:aws:s3:::logs\n    \
             granted by bo and cy: ticket 17 (on hoopctl, for the session, after 42.0s)\n    \
             q1 of ana in {id} · used 2 times more · rule \"destruc…\n[exit 0]"
        )
    );
    let log = printed(approvals_log::run, state, "", Some(200));
    let line = log.lines().find(|line| line.contains(" q1 ")).unwrap();
    for part in [
        "2025-11-21 12:01:00",
        "granted",
        "bo and cy",
        "hoopctl",
        "42.0s",
        "session",
        "2  s3:DeleteBucket",
        "ticket 17",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let found = printed(search::run, state, "approval:denied|approver:bo|public", Some(200));
    assert!(found.contains("s3:PutBucketPolicy on") && found.ends_with("[exit 0]"), "{found}");
    let found = printed(search::run, state, "approval:granted command:make|--json", None);
    assert!(found.contains(r#""used":2"#) && found.lines().count() == 2, "{found}");
    let found = printed(search::run, state, "ticket", Some(200));
    assert!(found.contains("approval") && found.contains("ticket 17"), "{found}");
    assert!(printed(search::run, state, "approval:maybe", None).contains("granted, denied, expired"));
    let found = printed(sessions::run, state, "--approval|used", Some(100));
    assert!(found.contains(&id.to_string()) && found.lines().count() == 3, "{found}");
    let found = printed(sessions::run, state, "--approver|ben|--json", None);
    assert!(found.contains(r#""granted":1"#) && found.contains(r#""user":"ben""#), "{found}");
}
