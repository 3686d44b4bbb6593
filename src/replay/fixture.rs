//! States for tests: a list of sessions, and an open recording.

use std::path::Path;

use jiff::tz::TimeZone;

use crate::audit::Alert;
use crate::audit::Answer;
use crate::audit::ApprovalAnswered;
use crate::audit::ApprovalAsked;
use crate::audit::ApprovalShown;
use crate::audit::ApprovalUsed;
use crate::audit::ApprovalVote;
use crate::audit::Approvals;
use crate::audit::CallBegin;
use crate::audit::CallEnd;
use crate::audit::CommandEnd;
use crate::audit::CommandStart;
use crate::audit::Decision;
use crate::audit::Event;
use crate::audit::Line;
use crate::audit::Mask;
use crate::audit::Outcome;
use crate::audit::Start;
use crate::record::compare;
use crate::record::summary::Summing;
use crate::replay::alerts;
use crate::replay::bodies::Part;
use crate::replay::deck::Source;
use crate::replay::diff;
use crate::replay::entries;
use crate::replay::entries::Entry;
use crate::replay::entries::Kind;
use crate::replay::entries::Lines;
use crate::replay::entries::trouble;
use crate::replay::facts;
use crate::replay::facts::Facts;
use crate::replay::finder;
use crate::replay::finder::librarian::News;
use crate::replay::finder::rows::Row;
use crate::replay::message::Frame;
use crate::replay::message::Overview;
use crate::replay::moments::Moments;
use crate::replay::play::Play;
use crate::replay::player::Goal;
use crate::replay::pretty;
use crate::replay::questions;
use crate::replay::questions::Questions;
use crate::replay::sessions;
use crate::replay::sessions::Session;
use crate::replay::state::Pacing;
use crate::replay::state::State;
use crate::replay::summary;
use crate::replay::theme::Depth;
use crate::replay::theme::Meaning;
use crate::replay::theme::Theme;
use crate::store::Hit;
use crate::store::Source as Where;
use crate::term::Screen;
use crate::types::AccessLevel;
use crate::types::Effect;
use crate::types::Micros;
use crate::types::SessionId;

/// 2025-11-21 03:18:00 UTC.
const STARTED: u64 = 1_763_695_080_000_000;

fn state() -> State {
    let theme = Theme::load("dark", Depth::True).unwrap();
    State::new(theme, TimeZone::UTC, Pacing { idle_limit: Some(Micros(2_000_000)), ..Pacing::default() })
}

/// A row of the list, with hits.
pub fn row(id: &str, command: &str, hits: Vec<Hit>) -> Row {
    let session = Session {
        id: id.to_owned(),
        started: STARTED,
        length: Some(Micros(83_000_000)),
        user: "ana".to_owned(),
        host: "build-7".to_owned(),
        command: command.to_owned(),
        calls: 0,
        denials: 0,
        state: sessions::State::Ended(Some(0)),
        folder: format!("sessions/{id}").into(),
    };
    Row { session, hits, more: false }
}

/// A place where the words of a query stand.
pub fn hit(seconds: u64, source: Where, before: &str, found: &str, after: &str) -> Hit {
    let snippet = format!("{before}{found}{after}");
    let found = std::iter::once(before.len()..before.len() + found.len()).collect();
    let (session, at) = (SessionId::new(STARTED, 7), Micros(seconds * 1_000_000));
    Hit { session, at, source, snippet, found, command: None, call: None, question: None }
}

/// Tells the list what the index answers to its last question.
pub fn answer(state: &mut State, rows: Vec<Row>, ended: bool) {
    let number = state.sessions.number();
    finder::told(state, News::Page { number, offset: 0, rows, ended });
    finder::told(state, News::Total(4));
}

/// A list of four sessions, while nothing is typed.
pub fn list() -> State {
    let rows = [
        ("aws s3 ls", 3, 0, sessions::State::Ended(Some(0))),
        ("vim \u{1b}[31m notes.md", 0, 0, sessions::State::Running),
        (
            "python3 -c 'import boto3; boto3.client(\"ec2\").describe_instances()'",
            120,
            7,
            sessions::State::Ended(Some(1)),
        ),
        ("make deploy", 12_345, 0, sessions::State::Interrupted),
    ];
    let rows = rows.into_iter().zip(0..).map(|((command, calls, denials, state), n)| {
        let mut row = row(&format!("01J9ZK5WQ3H8V7T2M4N6P8R0S{n}"), command, Vec::new());
        row.session.started = STARTED - n * 3_600_000_000;
        row.session.length = (state != sessions::State::Running).then_some(Micros(83_000_000 * (n + 1)));
        (row.session.calls, row.session.denials, row.session.state) = (calls, denials, state);
        row
    });
    let mut state = state();
    finder::begin(&mut state, "");
    answer(&mut state, rows.collect(), true);
    finder::told(&mut state, News::CaughtUp(Ok(Vec::new())));
    let rows = rows_of(&state);
    answer(&mut state, rows, true);
    state.sessions.typing = false;
    state
}

fn rows_of(state: &State) -> Vec<Row> {
    (0..state.sessions.length()).filter_map(|index| state.sessions.rows.get(index).cloned()).collect()
}

/// The answer to `deploy user:ana`: three sessions, two of them with places where the word stands.
pub fn found() -> State {
    let mut state = state();
    finder::begin(&mut state, "deploy user:ana");
    let many = (0..9).map(|n| hit(n, Where::Screen, "line before ", "deploy", " to production"));
    let rows = vec![
        row(
            "01A",
            "make",
            vec![
                hit(2, Where::Command, "make ", "deploy", ""),
                hit(62, Where::Screen, "the \u{1b}[2J", "Deploy", "ment 世界 failed"),
            ],
        ),
        row("01B", "bash", Vec::new()),
        Row { more: true, ..row("01C", "claude", many.collect()) },
    ];
    answer(&mut state, rows, true);
    state
}

/// The same with questions to people: one granted by two and used again, one denied, one that nobody answered.
pub fn asked() -> State {
    let mut state = playing();
    let mut approvals = Approvals::default();
    let id = |number: u64| format!("q{number}");
    let asked = |number: u64, question: &str| {
        let needs = if number == 1 { vec!["2 of group security".to_owned()] } else { Vec::new() };
        let rule = Some("rule \"destructive\" (policy.toml:41)".to_owned());
        let (call, ttl) = (Some(number), Micros(300_000_000));
        let question = question.to_owned();
        Event::ApprovalAsked(ApprovalAsked {
            id: id(number),
            call,
            question,
            rule,
            needs,
            ttl,
            ..Default::default()
        })
    };
    let answered = |number: u64, answer, by: &str, reason: &str, scope: &str| {
        Event::ApprovalAnswered(ApprovalAnswered {
            id: id(number),
            answer,
            by: Some(by.to_owned()),
            via: Some("hoopctl".to_owned()),
            reason: Some(reason.to_owned()),
            scope: Some(scope.to_owned()).filter(|scope| !scope.is_empty()),
            took: Micros(9_000_000),
            ..ApprovalAnswered::default()
        })
    };
    let shown = ApprovalShown { id: id(1), to: "bo".into(), via: "hoopctl".into(), error: None };
    let vote = ApprovalVote { id: id(1), by: "bo".into(), via: "hoopctl".into(), ..Default::default() };
    let question = "s3:DeleteObject on arn:aws:s3:::reports/2026/08.csv".to_owned();
    let used = ApprovalUsed { id: id(1), call: Some(7), question };
    for (seconds, event) in [
        (20, asked(1, "s3:DeleteObject on arn:aws:s3:::reports/2026/07.csv")),
        (21, Event::ApprovalShown(shown)),
        (25, Event::ApprovalVote(vote)),
        (29, answered(1, Answer::Granted, "bo and cy", "ticket 17", "session")),
        (50, Event::ApprovalUsed(used)),
        (60, asked(2, "s3:PutBucketPolicy on arn:aws:s3:::reports")),
        (69, answered(2, Answer::Denied, "bo", "bo denied it: \u{1b}[31mpublic", "")),
        (90, asked(3, "command terraform destroy -auto-approve")),
    ] {
        approvals.take(Micros(seconds * 1_000_000), &event);
    }
    let play = state.play.as_mut().unwrap();
    play.questions = Questions::new(approvals.all().iter().map(questions::asked).collect());
    play.has_audit = true;
    let moments = play.moments.entries().iter().map(|entry| {
        // The denied call waited for the second question.
        Entry { call: (entry.title == "s3:DeleteObject").then_some(2), ..entry.clone() }
    });
    let moments = Moments::new(moments.collect());
    play.set_moments(moments, Vec::new());
    state
}

/// A recording of 80x24 in the middle of playing, with calls and a command.
pub fn playing() -> State {
    let mut state = state();
    let source = Source { cast: "x.cast".into(), audit: None };
    let mut play = Play::new(1, source, "aws s3 ls  ana@build-7".to_owned());
    state.tickets = 1;
    play.overview = Some(Overview { duration: Micros(100_000_000), events: 9, ..Overview::default() });
    let mut screen = Screen::new(80, 24);
    for n in 0..23 {
        screen.feed(&format!("\x1b[3{}mline {n}\x1b[m of the recorded screen 世界\r\n", n % 8));
    }
    screen.feed("$ \x1b[7maws\x1b[m");
    let frame = Frame {
        goal: Goal::Time(Micros(0)),
        reached: true,
        at: Micros(0),
        last: Micros(0),
        step: 0,
        next: Some(Micros(500_000)),
        screen: screen.snapshot(),
    };
    play.receive(frame);
    play.wanted = None;
    let call = |at, symbol, meaning, title: &str, result: &str| Entry {
        kind: Kind::Call,
        symbol,
        meaning,
        subject: "arn:aws:s3:::reports/2026/07.csv".to_owned(),
        result: result.to_owned(),
        took: Some(Micros(80_000)),
        decision: if meaning == Meaning::Deny { "deny" } else { "allow" },
        lines: Some(Lines { begin: at, end: None }),
        ..trouble(Micros(at), title, String::new())
    };
    let call = |at, symbol, meaning, title: &str, result: &str| Entry {
        detail: vec![
            ("action", title.to_owned()),
            ("resource", "arn:aws:s3:::reports/2026/07.csv".to_owned()),
            ("decision", "deny".to_owned()),
            ("rule", "\"no deletes\" policy.toml:41".to_owned()),
        ],
        ..call(at, symbol, meaning, title, result)
    };
    let command = Entry {
        kind: Kind::Command,
        lines: None,
        ..call(1_000_000, '$', Meaning::Command, "aws s3 ls", "ok")
    };
    let moments = Moments::new(vec![
        command,
        call(10_000_000, '✓', Meaning::Allow, "s3:ListAllMyBuckets", "200"),
        call(60_000_000, '✗', Meaning::Deny, "s3:DeleteObject", "403"),
        entries::marker(Micros(80_000_000), "checkpoint"),
    ]);
    play.set_moments(moments, Vec::new());
    state.play = Some(play);
    state
}

/// A call that begins at `seconds`, decided and ended.
fn audited(
    number: u64,
    seconds: u64,
    action: &str,
    access: AccessLevel,
    effect: Effect,
) -> [(Micros, Event); 3] {
    let (service, operation) = action.split_once(':').unwrap();
    let mut begin = CallBegin::new(number, service, operation, action);
    begin.access = access;
    begin.resources = vec!["arn:aws:s3:::reports/2026/07.csv".to_owned()];
    let decision =
        Decision { call: number, effect, rule: None, origin: String::new(), reason: String::new() };
    let refused = effect == Effect::Deny;
    let end = CallEnd {
        call: number,
        outcome: if refused { Outcome::Refused } else { Outcome::Answered },
        status: Some(if refused { 403 } else { 200 }),
        error: refused.then(|| "Access\u{1b}[31mDenied".to_owned()),
        ..CallEnd::default()
    };
    let events =
        [Event::CallBegin(Box::new(begin)), Event::Decision(decision), Event::CallEnd(Box::new(end))];
    events.map(|event| (Micros(seconds * 1_000_000), event))
}

/// The summary of an open recording.
pub fn summed() -> State {
    let mut state = playing();
    let play = state.play.as_mut().unwrap();
    play.source.audit = Some("audit.jsonl".into());
    let mut summing = Summing::new(Path::new("audit.jsonl"));
    let argv = vec!["sleep".to_owned(), "9".to_owned()];
    let start = Event::CommandStart(CommandStart { id: 1, argv, ..CommandStart::default() });
    let took = Micros(9_000_000);
    let end = Event::CommandEnd(CommandEnd { id: 1, status: Some(3), took, ..CommandEnd::default() });
    let mut events = audited(1, 1, "s3:ListBucket", AccessLevel::List, Effect::Allow).to_vec();
    events.extend(audited(2, 2, "s3:DeleteObject", AccessLevel::Write, Effect::Deny));
    events.extend(audited(3, 3, "ec2:DescribeInstances", AccessLevel::List, Effect::Allow));
    events.extend([(Micros(5_000_000), start), (Micros(14_000_000), end)]);
    events.iter().for_each(|(at, event)| summing.take(*at, event));
    summary::open(&mut state);
    let ticket = state.tickets;
    summary::told(&mut state, ticket, Ok(Box::new(summing.summary())), true);
    state
}

/// Two sessions of calls: the same, one that was denied the second time, one that only the second one made.
pub fn compared() -> State {
    let mut state = state();
    let list = |decided| {
        let first = audited(1, 1, "s3:ListBucket", AccessLevel::List, Effect::Allow);
        [first, audited(2, 2, "s3:GetObject", AccessLevel::Read, decided)].concat()
    };
    let more = audited(3, 3, "s3:DeleteObject", AccessLevel::Write, Effect::Deny);
    let other = [list(Effect::Deny), more.to_vec()].concat();
    let found = compare::of_events(list(Effect::Allow), other);
    let source = |name: &str| Source { cast: format!("{name}.cast").into(), audit: Some(name.into()) };
    let titles = ["first\u{1b}[31m", "second"].map(str::to_owned);
    diff::open(&mut state, [source("a"), source("b")], titles, false);
    let ticket = state.tickets;
    diff::told(&mut state, ticket, Ok(Box::new(found)));
    state
}

/// Answers the question what the chosen call sent and got.
pub fn read_call(state: &mut State) {
    let play = state.play.as_mut().unwrap();
    let Some((number, lines)) = play.look() else { return };
    let part = |name, text: &str| {
        let made = pretty::pretty(text.as_bytes(), None);
        let (note, form) = (format!("{}, {} bytes", made.form.word(), text.len()), made.form);
        Part { name, note, form, lines: made.lines, masked: 0, trouble: None }
    };
    let parts = vec![
        part("parameters", "{\"Bucket\":\"reports\",\"Key\":\"\u{1b}]0;x\u{7}\"}"),
        part("response", "<R><Secret>hoopmask:jwt:abcdefgh</Secret><Size>12</Size></R>"),
    ];
    play.take_parts(number, lines, parts);
}

/// Tells of the session as a whole, of an alert and a masked secret.
pub fn tell(state: &mut State) {
    let mut start = Start::new(SessionId::new(STARTED, 1), STARTED, vec!["make".into(), "deploy".into()]);
    "ana".clone_into(&mut start.user);
    "full".clone_into(&mut start.sandbox);
    let mut facts = Facts::default();
    let event = Event::SessionStart(Box::new(start));
    facts.take(&Line { seq: 0, t: Micros(0), event, prev: String::new(), hash: String::new(), offset: 0 });
    facts.look("there is no such folder".as_ref());
    let zone = state.zone.clone();
    let play = state.play.as_mut().unwrap();
    play.facts = facts::rows(Some(&facts), None, &zone);
    let rules = [("jwt".to_owned(), 2)].into();
    let fired =
        Alert { name: "harvest".to_owned(), message: "6 secrets in a minute".to_owned(), ..Alert::default() };
    let alerts = vec![
        alerts::alert(Micros(61_000_000), &fired),
        alerts::masked(Micros(62_000_000), &Mask { place: "terminal".to_owned(), rules, call: None }),
    ];
    let moments = Moments::new(play.moments.entries().to_vec());
    play.set_moments(moments, alerts);
}
