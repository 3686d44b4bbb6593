//! Queries answered by the index give what a look at every session gives.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::collections::BTreeSet;

use hoop::query;
use hoop::query::About;
use hoop::query::Field;
use hoop::query::Node;
use hoop::query::Now;
use hoop::query::Pattern;
use hoop::query::Plan;
use hoop::query::Term;
use hoop::query::Test;
use hoop::query::Text;
use hoop::store::Added;
use hoop::store::Answered;
use hoop::store::Asked;
use hoop::store::Batch;
use hoop::store::CallEnded;
use hoop::store::CommandEnded;
use hoop::store::Decided;
use hoop::store::Index;
use hoop::store::Interrupter;
use hoop::store::NewCall;
use hoop::store::NewCommand;
use hoop::store::NewSession;
use hoop::store::Opened;
use hoop::store::Page;
use hoop::store::Piece;
use hoop::store::Progress;
use hoop::types::Micros;
use hoop::types::SessionId;
use jiff::tz::TimeZone;

const NOON: u64 = 1_763_726_400_000_000;
const ALL: Page = Page { limit: 10_000, offset: 0 };
const WORDS: [&str; 11] = [
    "error",
    "quota",
    "reports",
    "denied",
    "make",
    "ünit",
    "s3",
    "xyzzy",
    "हिंदी",
    "0a1b2c3d4e",
    "0a1b9999needle",
];

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn words(&mut self, most: usize) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| self.one(&WORDS)).collect::<Vec<_>>().join(" ")
    }
}

#[derive(Clone, Debug, Default)]
struct Call {
    service: &'static str,
    action: &'static str,
    resource: String,
    region: &'static str,
    account: Option<&'static str>,
    effect: &'static str,
    status: Option<u16>,
    error: Option<&'static str>,
}

#[derive(Clone, Debug, Default)]
struct Command {
    line: String,
    status: Option<i32>,
    signal: Option<i32>,
    took: u64,
}

#[derive(Clone, Debug, Default)]
struct Question {
    text: String,
    answer: Option<&'static str>,
    people: Vec<String>,
    used: bool,
}

#[derive(Clone, Debug)]
struct Session {
    id: SessionId,
    user: &'static str,
    groups: Vec<String>,
    host: &'static str,
    agent: Option<&'static str>,
    started: u64,
    last: u64,
    screen: String,
    /// Stretches of screen before it.
    before: Vec<String>,
    calls: Vec<Call>,
    commands: Vec<Command>,
    questions: Vec<Question>,
    alerts: Vec<&'static str>,
    secrets: Vec<&'static str>,
}

fn session(number: u64, dice: &mut Dice) -> Session {
    let started = NOON - 30_000_000_000 + number * 173_000_000;
    let few = |dice: &mut Dice| 0..dice.below(4);
    let calls = few(dice).map(|_| {
        let (service, action) =
            dice.one(&[("s3", "s3:GetObject"), ("s3", "s3:DeleteObject"), ("iam", "iam:ListUsers")]);
        let (status, error) = dice.one(&[
            (Some(200), None),
            (Some(403), Some("AccessDenied")),
            (Some(503), Some("SlowDown")),
            (None, None),
        ]);
        Call {
            service,
            action,
            resource: format!("arn:aws:s3:::{}/{}.csv", dice.one(&WORDS), dice.one(&WORDS)),
            region: dice.one(&["eu-central-1", "us-east-1"]),
            account: dice.one(&[None, Some("123456789012")]),
            effect: dice.one(&["allow", "deny", "ask"]),
            status,
            error,
        }
    });
    let calls = calls.collect();
    let commands = few(dice).map(|_| Command {
        line: dice.words(4),
        status: dice.one(&[Some(0), Some(1), Some(2), None]),
        signal: dice.one(&[None, None, Some(9)]),
        took: dice.one(&[1_000, 900_000, 6_000_000, 70_000_000]),
    });
    let commands = commands.collect();
    let questions = (0..dice.below(3)).map(|_| Question {
        text: dice.words(3),
        answer: dice.one(&[None, Some("granted"), Some("denied")]),
        people: dice
            .one(&[&["ana"][..], &["bo", "ana"], &["Cy"]])
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        used: dice.below(4) == 0,
    });
    let questions = questions.collect();
    Session {
        id: SessionId::new(started, u128::from(number)),
        user: dice.one(&["ana", "ben", "Ana-2"]),
        groups: dice
            .one(&[&["agents"][..], &["agents", "security"], &[]])
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        host: dice.one(&["ci-1", "laptop"]),
        agent: dice.one(&[None, Some("claude-code")]),
        started,
        last: dice.one(&[1_000_000, 400_000_000]),
        screen: dice.words(7),
        before: (0..dice.one(&[0, 0, 0, 0, 0, 0, 1, 9])).map(|_| dice.words(3)).collect(),
        calls,
        commands,
        questions,
        alerts: dice.one(&[&[][..], &["secret-harvest"]]).to_vec(),
        secrets: dice.one(&[&[][..], &["aws-key", "jwt"], &["jwt"]]).to_vec(),
    }
}

fn add(batch: &Batch<'_>, session: &Session) -> hoop::error::Result<()> {
    let row = batch.add_session(&NewSession {
        id: session.id,
        started: session.started,
        user: session.user.to_owned(),
        identity: None,
        host: session.host.to_owned(),
        agent: session.agent.map(str::to_owned),
        command: "sh".to_owned(),
        title: None,
        cwd: String::new(),
        profile: None,
        region: None,
        groups: session.groups.clone(),
    })?;
    for (call, number) in session.calls.iter().zip(1..) {
        let Call { service, action, resource, region, account, effect, status, error } = call.clone();
        let (resource, began) = (resource.as_str(), Micros(number));
        let new = NewCall {
            call: number,
            began,
            service,
            action,
            access: "read",
            region,
            account,
            resource,
            command: None,
            params: "",
        };
        batch.begin_call(row, &new)?;
        batch.decide(row, &Decided { call: number, effect, rule: None })?;
        batch.end_call(row, &CallEnded { call: number, status, error, ended: began, message: "" })?;
    }
    for (command, number) in session.commands.iter().zip(1..) {
        batch.start_command(
            row,
            &NewCommand { number: Some(number), line: &command.line, ..NewCommand::default() },
        )?;
        let (took, status, signal) = (Micros(command.took), command.status, command.signal);
        batch.end_command(row, number, &CommandEnded { took, status, signal, ..CommandEnded::default() })?;
    }
    for (question, number) in session.questions.iter().zip(1..) {
        let id = format!("q{number}");
        batch.ask(row, &Asked { id: &id, question: &question.text, ..Asked::default() })?;
        if let Some(answer) = question.answer {
            batch.answer(
                row,
                &Answered { id: &id, answer, people: &question.people, ..Answered::default() },
            )?;
        }
        if question.used {
            batch.use_yes(row, &id, None)?;
        }
    }
    session.alerts.iter().try_for_each(|name| batch.alert(row, Micros(1), name, ""))?;
    batch.mask(row, session.secrets.iter().map(|rule| (*rule, 2)))?;
    // Each fills a stretch; as many as hoop reads at once.
    for some in session.before.chunks(5) {
        let filled =
            |text: &String| Piece { at: Micros(2), text: format!("{text}\n{}\n", ".".repeat(140_000)) };
        batch.add_screen(row, &some.iter().map(filled).collect::<Vec<_>>())?;
    }
    // In two halves: what comes later goes on with the same stretch.
    let half = session.screen.find(' ').unwrap_or(0);
    let (one, two) = session.screen.split_at(half);
    for text in [one, two] {
        batch.add_screen(row, &[Piece { at: Micros(5), text: format!("{text}\n") }])?;
    }
    let at = Progress {
        row,
        audit_offset: 0,
        cast_offset: 0,
        cast_time: Micros(0),
        screen_bytes: 0,
        is_done: true,
    };
    batch.set_progress(&at, &Added { last: Micros(session.last), ..Added::default() })
}

/// Evaluation without an index.
fn holds(plan: &Plan, session: &Session) -> bool {
    match plan {
        Plan::Every => true,
        Plan::All(plans) => plans.iter().all(|plan| holds(plan, session)),
        Plan::Any(plans) => plans.iter().any(|plan| holds(plan, session)),
        Plan::Not(plan) => !holds(plan, session),
        Plan::Session(node) => every(node, &|term| of_session(term, session)),
        Plan::Item(About::Call, node) => {
            session.calls.iter().any(|call| every(node, &|term| of_call(term, call)))
        }
        Plan::Item(About::Command, node) => {
            session.commands.iter().any(|command| every(node, &|term| of_command(term, command)))
        }
        Plan::Item(_, node) => {
            session.questions.iter().any(|one| every(node, &|term| of_question(term, one)))
        }
        Plan::Text(node) => texts(session).iter().any(|text| stands(node, text)),
    }
}

fn every(node: &Node, leaf: &dyn Fn(&Term) -> bool) -> bool {
    match node {
        Node::All(nodes) => nodes.iter().all(|node| every(node, leaf)),
        Node::Any(nodes) => nodes.iter().any(|node| every(node, leaf)),
        Node::Not(node) => !every(node, leaf),
        Node::Field(term) => leaf(term),
        Node::Text(_) => unreachable!("fields only"),
    }
}

fn texts(session: &Session) -> Vec<String> {
    let mut texts = session.before.clone();
    texts.push(session.screen.clone());
    texts.extend(session.calls.iter().map(|call| format!("{} {}", call.action, call.resource)));
    texts.extend(session.calls.iter().filter_map(|call| call.error.map(str::to_owned)));
    texts.extend(session.commands.iter().map(|command| command.line.clone()));
    texts.extend(session.questions.iter().map(|question| match question.answer {
        Some(_) => format!("{} {}", question.text, question.people.join(" ")),
        None => question.text.clone(),
    }));
    texts
}

fn words(text: &str) -> Vec<String> {
    let small = text.to_lowercase().replace('ü', "u");
    small
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn stands(node: &Node, text: &str) -> bool {
    match node {
        Node::All(nodes) => nodes.iter().all(|node| stands(node, text)),
        Node::Any(nodes) => nodes.iter().any(|node| stands(node, text)),
        Node::Text(Text { words: wanted, is_prefix }) => {
            let wanted = words(wanted);
            words(text).windows(wanted.len()).any(|window| {
                let last = wanted.len() - 1;
                window[..last] == wanted[..last]
                    && (window[last] == wanted[last] || *is_prefix && window[last].starts_with(&wanted[last]))
            })
        }
        other => unreachable!("{other:?}"),
    }
}

fn is(test: &Test, text: Option<&str>) -> bool {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return false };
    match test {
        Test::Is(pattern) => pattern.is(text),
        Test::Has(Pattern(part)) => Pattern(part.clone()).has(text),
        Test::Word(word) => *word == text,
        other => unreachable!("{other:?}"),
    }
}

fn number(test: &Test, number: Option<i64>) -> bool {
    match (test, number) {
        (Test::Within(bounds), Some(number)) => bounds.hold(number),
        _ => false,
    }
}

fn of_session(term: &Term, session: &Session) -> bool {
    match (term.field, &term.test) {
        (Field::User, test) => is(test, Some(session.user)),
        (Field::Host, test) => is(test, Some(session.host)),
        (Field::Agent, test) => is(test, session.agent),
        (Field::Group, test) => session.groups.iter().any(|group| is(test, Some(group))),
        (Field::Alert, test) => session.alerts.iter().any(|alert| is(test, Some(alert))),
        (Field::Secret, test) => session.secrets.iter().any(|rule| is(test, Some(rule))),
        (Field::After, Test::Moment(at)) => session.started >= *at,
        (Field::Before, Test::Moment(at)) => session.started < *at,
        (Field::Duration, test) => number(test, Some(session.last as i64)),
        other => unreachable!("{other:?}"),
    }
}

fn of_call(term: &Term, call: &Call) -> bool {
    match term.field {
        Field::Service => is(&term.test, Some(call.service)),
        Field::Action => is(&term.test, Some(call.action)),
        Field::Resource => is(&term.test, Some(&call.resource)),
        Field::Region => is(&term.test, Some(call.region)),
        Field::Account => is(&term.test, call.account),
        Field::Decision => is(&term.test, Some(call.effect)),
        Field::Status => number(&term.test, call.status.map(i64::from)),
        Field::Error => is(&term.test, call.error),
        other => unreachable!("{other:?}"),
    }
}

fn of_command(term: &Term, command: &Command) -> bool {
    match (term.field, &term.test) {
        (Field::Command, test) => is(test, Some(&command.line)),
        (Field::Exit, Test::Other(other)) => {
            command.signal.is_some() || command.status.is_some_and(|status| i64::from(status) != *other)
        }
        (Field::Exit, test) => number(test, command.status.map(i64::from)),
        (Field::Took, test) => number(test, Some(command.took as i64)),
        other => unreachable!("{other:?}"),
    }
}

fn of_question(term: &Term, question: &Question) -> bool {
    match (term.field, &term.test) {
        (Field::Approval, Test::Word("used")) => question.used,
        (Field::Approval, Test::Word("waiting")) => question.answer.is_none(),
        (Field::Approval, test) => is(test, question.answer),
        (Field::Approver, test) => {
            question.answer.is_some() && question.people.iter().any(|name| is(test, Some(name)))
        }
        other => unreachable!("{other:?}"),
    }
}

fn leaf(dice: &mut Dice) -> String {
    const FIELDS: [&str; 44] = [
        "user:ana",
        "user:an*",
        "user:*",
        "host:ci-*",
        "agent:*",
        "agent:claude-code",
        "group:security",
        "group:AG*",
        "alert:*",
        "secret:jwt",
        "secret:aws*",
        "after:6h",
        "before:7h",
        "duration:>5m",
        "duration:<5m",
        "service:s3",
        "action:s3:*",
        "action:s3:deleteobject",
        "action:Get*",
        "resource:reports",
        "resource:quota/make.csv",
        "resource:s3:::*xyz",
        "resource:or",
        "region:eu-*",
        "account:*",
        "decision:deny",
        "decision:ask",
        "status:4xx",
        "status:>=400",
        "status:<300",
        "error:*",
        "error:Slow*",
        "command:make",
        "command:err*make",
        "command:rt",
        "exit:0",
        "exit:!0",
        "exit:1..2",
        "took:>5s",
        "took:<1ms",
        "took:..1s",
        "approval:denied",
        "approval:used",
        "approver:ana",
    ];
    match dice.below(3) {
        0 => dice
            .one(&[
                "error",
                "quota",
                "xyzzy",
                "\"error quota\"",
                "unit",
                "s3:GetObject",
                "rep*",
                "\"make rep*\"",
                "accessdenied",
                "nothing",
                "हिंदी",
                "0a1b2c3d4e",
                "0a1b*",
                "0a1b9999*",
                "err*",
                "\"error 0a1b2c3d4e\"",
                "\"quota make error\"",
                "\"reports quota\" or \"quota denied make\"",
            ])
            .to_owned(),
        _ => dice.one(&FIELDS).to_owned(),
    }
}

fn some_query(dice: &mut Dice, depth: usize) -> String {
    let count = 1 + dice.below(3);
    let between = dice.one(&[" ", " ", " or "]);
    let parts: Vec<String> = (0..count)
        .map(|_| {
            let not = dice.one(&["", "", "", "not "]);
            match depth > 0 && dice.below(4) == 0 {
                true => format!("{not}({})", some_query(dice, depth - 1)),
                false => format!("{not}{}", leaf(dice)),
            }
        })
        .collect();
    parts.join(between)
}

fn store(path: &std::path::Path, sessions: &[Session]) -> Index {
    let Opened::Ready(index) = Index::open(path).unwrap() else { panic!("a new index") };
    for some in sessions.chunks(7) {
        index.batch(|batch| some.iter().try_for_each(|session| add(batch, session))).unwrap();
    }
    index
}

#[test]
fn the_index_gives_what_a_look_at_every_session_gives() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut sessions: Vec<Session> = (0..150).map(|number| session(number, &mut dice)).collect();
    let folder = tempfile::tempdir().unwrap();
    let index = store(&folder.path().join("index.db"), &sessions);
    sessions.reverse();
    let now = Now { unix_micros: NOON, zone: TimeZone::UTC };
    let mut given = BTreeSet::new();
    for _ in 0..600 {
        let text = some_query(&mut dice, 2);
        let query = query::parse(&text, &now).unwrap();
        let plan = query::plan(&query);
        let wanted: Vec<SessionId> =
            sessions.iter().filter(|session| holds(&plan, session)).map(|session| session.id).collect();
        let found = index.find(&query, ALL).unwrap();
        let ids: Vec<SessionId> = found.iter().map(|found| found.session.id).collect();
        assert_eq!(ids, wanted, "{text}\n{plan:#?}");
        given.insert(ids.len());
        // A page of it is that part of it.
        let page = index.find(&query, Page { limit: 5, offset: 3 }).unwrap();
        let page: Vec<SessionId> = page.iter().map(|found| found.session.id).collect();
        assert_eq!(page, wanted.into_iter().skip(3).take(5).collect::<Vec<_>>(), "{text}");
        for found in found.iter().take(3) {
            assert!(found.hits.len() <= Index::HITS);
            assert!(found.hits.iter().all(|hit| hit.session == found.session.id));
            if matches!(plan, Plan::Text(_) | Plan::Item(..)) {
                assert!(!found.hits.is_empty(), "{text}");
            }
        }
    }
    assert!(given.len() > 30, "the queries are too much alike: {given:?}");
}

#[test]
fn sessions_are_told_newest_first_in_whatever_order_they_are_read() {
    let mut dice = Dice(5);
    let mut sessions: Vec<Session> = (0..40).map(|number| session(number, &mut dice)).collect();
    // Most as they began; some later, among them neighbours.
    sessions.sort_by_key(|session| match session.started / 173_000_000 % 8 {
        3 | 4 => (1, u64::MAX - session.started),
        5 => (2, session.started),
        _ => (0, session.started),
    });
    let folder = tempfile::tempdir().unwrap();
    let index = store(&folder.path().join("index.db"), &sessions);
    sessions.sort_by_key(|session| std::cmp::Reverse(session.started));
    let wanted: Vec<SessionId> = sessions.iter().map(|session| session.id).collect();
    let found = index.find(&query::Query::default(), ALL).unwrap();
    assert_eq!(found.iter().map(|found| found.session.id).collect::<Vec<_>>(), wanted);
    let mut given = Vec::new();
    let page = Page { limit: 7, offset: 2 };
    index.find_each(&query::Query::default(), page, 1, &mut |found| given.push(found.session.id)).unwrap();
    assert_eq!(given, wanted[2..9]);
}

#[test]
fn words_that_begin_so_are_found_early_and_late_in_a_long_session() {
    let mut long = session(0, &mut Dice(5));
    long.before = (0..20).map(|number| format!("stretch{number}a")).collect();
    long.before[1] = "latecomer".to_owned();
    long.before[18] = "latecomers".to_owned();
    let folder = tempfile::tempdir().unwrap();
    let index = store(&folder.path().join("index.db"), &[long]);
    let now = Now { unix_micros: NOON, zone: TimeZone::UTC };
    for (text, hits) in [("latecom*", 2), ("latecomers*", 1), ("stretch19*", 1), ("stretch0a", 1)] {
        let found = index.find(&query::parse(text, &now).unwrap(), ALL).unwrap();
        assert_eq!(found.iter().map(|found| found.hits.len()).collect::<Vec<_>>(), [hits], "{text}");
    }
}

#[test]
fn a_question_that_is_stopped_can_be_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(7);
    let sessions: Vec<Session> = (0..20).map(|number| session(number, &mut dice)).collect();
    let index = store(&folder.path().join("index.db"), &sessions);
    let query =
        query::parse("error or quota or make", &Now { unix_micros: NOON, zone: TimeZone::UTC }).unwrap();
    let before = index.find(&query, ALL).unwrap().len();
    index.interrupter().stop();
    let error = index.find(&query, ALL).unwrap_err();
    assert!(Interrupter::has_stopped(&error), "{error}");
    assert!(!index.has_failed());
    assert_eq!(index.find(&query, ALL).unwrap().len(), before);
}

#[test]
fn values_are_offered_by_how_much_they_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(3);
    let sessions: Vec<Session> = (0..60).map(|number| session(number, &mut dice)).collect();
    let index = store(&folder.path().join("index.db"), &sessions);
    for info in query::FIELDS {
        index.values(info.field, "%_'", 5).unwrap();
        index.values(info.field, "", 5).unwrap();
    }
    let names = |field, prefix: &str| -> BTreeSet<String> {
        index.values(field, prefix, 10).unwrap().into_iter().map(|(value, _)| value).collect()
    };
    assert_eq!(names(Field::User, "AN"), ["Ana-2", "ana"].map(str::to_owned).into());
    assert_eq!(names(Field::Action, "s3:D"), ["s3:DeleteObject".to_owned()].into());
    assert_eq!(names(Field::Secret, ""), ["aws-key", "jwt"].map(str::to_owned).into());
    let uses = index.values(Field::User, "", 10).unwrap();
    assert!(uses.is_sorted_by(|one, other| one.1 >= other.1), "{uses:?}");
}

#[test]
fn a_session_that_is_forgotten_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(11);
    let sessions: Vec<Session> = (0..10).map(|number| session(number, &mut dice)).collect();
    let index = store(&folder.path().join("index.db"), &sessions);
    let now = Now { unix_micros: NOON, zone: TimeZone::UTC };
    for session in &sessions {
        index.batch(|batch| batch.forget(session.id)).unwrap();
    }
    for text in ["error or quota or make or s3", "command:make", "resource:arn", "status:200", "secret:*", ""]
    {
        assert!(index.find(&query::parse(text, &now).unwrap(), ALL).unwrap().is_empty(), "{text}");
    }
}
