//! How fast the index answers: 10,000 sessions with 100 calls each, one million calls in all, and 100,000 questions to people.
//!
//! `cargo bench --bench index`; takes a minute to fill a database in the temporary folder.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program"
)]

use std::time::Instant;

use hoop::record;
use hoop::record::Place;
use hoop::store::Added;
use hoop::store::Answered;
use hoop::store::ApprovalFilter;
use hoop::store::ApprovalSearch;
use hoop::store::Asked;
use hoop::store::Became;
use hoop::store::CommandFilter;
use hoop::store::Decided;
use hoop::store::Filter;
use hoop::store::Index;
use hoop::store::NewCall;
use hoop::store::NewSession;
use hoop::store::Opened;
use hoop::store::Page;
use hoop::store::Progress;
use hoop::store::Search;
use hoop::store::Source;
use hoop::types::Effect;
use hoop::types::Micros;
use hoop::types::SessionId;

const SESSIONS: u64 = 10_000;
const CALLS: u64 = 100;
const QUESTIONS: u64 = 10;
const ACTIONS: [(&str, &str, &str); 6] = [
    ("s3", "GetObject", "s3:GetObject"),
    ("s3", "ListObjectsV2", "s3:ListBucket"),
    ("ec2", "DescribeInstances", "ec2:DescribeInstances"),
    ("iam", "ListUsers", "iam:ListUsers"),
    ("dynamodb", "Query", "dynamodb:Query"),
    ("sts", "GetCallerIdentity", "sts:GetCallerIdentity"),
];

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.db");
    let Opened::Ready(index) = Index::open(&path).unwrap() else { panic!("a new index") };
    let began = Instant::now();
    for block in 0..SESSIONS / 100 {
        index
            .batch(|batch| (block * 100..block * 100 + 100).try_for_each(|number| add(batch, number)))
            .unwrap();
    }
    println!(
        "filled in {:.1} s, {} MiB",
        began.elapsed().as_secs_f64(),
        std::fs::metadata(&path).unwrap().len() >> 20
    );
    drop(index);
    let Opened::Ready(index) = Index::open(&path).unwrap() else { panic!("the same index") };
    let place = Place::new(dir.path());
    for number in 0..SESSIONS {
        let started = 1_763_700_000_000_000 + number * 60_000_000;
        std::fs::create_dir_all(place.folder(SessionId::new(started, u128::from(number)))).unwrap();
    }
    for _ in 0..2 {
        let began = Instant::now();
        assert_eq!(record::index::catch_up(&index, dir.path()).unwrap(), record::index::CaughtUp::default());
        println!("nothing new to catch up with {:>7.2} ms", began.elapsed().as_secs_f64() * 1e3);
    }
    let page = Page { limit: 50, offset: 0 };
    let used = ApprovalFilter { became: vec![Became::Used], ..ApprovalFilter::default() };
    let some = |text: &str| Some(text.to_owned());
    let filters = [
        ("newest", Filter::default()),
        ("user", Filter { user: some("user7"), ..Filter::default() }),
        ("action", Filter { action: some("s3:GetObject"), ..Filter::default() }),
        ("action pattern", Filter { action: some("s3:*"), ..Filter::default() }),
        ("rare action", Filter { action: some("iam:DeleteUser"), ..Filter::default() }),
        (
            "service + deny",
            Filter { service: some("iam"), decision: Some(Effect::Deny), ..Filter::default() },
        ),
        ("text, everywhere", Filter { text: some("reports"), ..Filter::default() }),
        ("text, rare", Filter { text: some("needle4711"), ..Filter::default() }),
        ("command", Filter { command: some("4711"), ..Filter::default() }),
        ("approval", Filter { approvals: Some(used), ..Filter::default() }),
    ];
    for (name, filter) in filters {
        let began = Instant::now();
        let rows = index.sessions(&filter, page).unwrap().len();
        println!("sessions: {name:<18} {:>7.2} ms  {rows} rows", began.elapsed().as_secs_f64() * 1e3);
    }
    for words in ["reports", "needle4711", "s3:GetObject reports", "need*", "screen line"] {
        let began = Instant::now();
        let hits = index.search(&Search { words: words.into(), ..Search::default() }, page).unwrap().len();
        println!("search:   {words:<18} {:>7.2} ms  {hits} hits", began.elapsed().as_secs_f64() * 1e3);
    }
    approvals(&index, page);
}

fn approvals(index: &Index, page: Page) {
    let filter = |became: &[Became], approver: &str| ApprovalFilter {
        became: became.to_vec(),
        approvers: Some(approver.to_owned()).filter(|name| !name.is_empty()).into_iter().collect(),
    };
    let all = ApprovalSearch::default;
    let with = |filter| ApprovalSearch { filter, ..all() };
    let commands = Some(CommandFilter { parts: vec!["job".to_owned()], ..CommandFilter::default() });
    for (name, search) in [
        ("newest", all()),
        ("denied", with(filter(&[Became::Denied], ""))),
        ("rare", with(filter(&[Became::Used], ""))),
        ("approver", with(filter(&[], "approver7"))),
        ("rare approver", with(filter(&[Became::Granted], "cy"))),
        ("approvers by pattern", with(filter(&[Became::Denied], "*er7"))),
        ("words, everywhere", ApprovalSearch { words: "reports".to_owned(), ..all() }),
        ("words, rare", ApprovalSearch { words: "ticket4711".to_owned(), ..all() }),
        ("of a command, none", ApprovalSearch { commands, ..with(filter(&[Became::Denied], "")) }),
        ("of a user", ApprovalSearch { user: Some("user7".to_owned()), ..all() }),
    ] {
        let began = Instant::now();
        let rows = index.approvals(&search, page).unwrap().len();
        println!("approvals: {name:<20} {:>7.2} ms  {rows} rows", began.elapsed().as_secs_f64() * 1e3);
    }
}

/// Nine of ten questions are granted; one in all is used again, and one has an approver of its own.
fn ask(batch: &hoop::store::Batch<'_>, row: i64, number: u64) -> hoop::error::Result<()> {
    for question in 0..QUESTIONS {
        let (id, asked) = (format!("q{question}"), Micros(question * 1_000));
        let text = format!("s3:DeleteObject on arn:aws:s3:::reports/{number}/{question}.csv");
        batch
            .ask(row, &Asked { id: &id, call: Some(question), asked, question: &text, ..Asked::default() })?;
        let people = match (number, question) {
            (4_711, 5) => vec!["cy".to_owned()],
            _ => vec![format!("approver{}", number % 20)],
        };
        let reason = format!("ticket{number}");
        let answered = Answered {
            id: &id,
            answered: asked,
            answer: if question == 3 { "denied" } else { "granted" },
            person: people.first().map(String::as_str),
            people: &people,
            reason: Some(&reason),
            took: Micros(40_000_000),
            ..Answered::default()
        };
        batch.answer(row, &answered)?;
        if (number, question) == (4_711, 6) {
            batch.use_yes(row, &id, Some(99))?;
        }
    }
    Ok(())
}

fn add(batch: &hoop::store::Batch<'_>, number: u64) -> hoop::error::Result<()> {
    let started = 1_763_700_000_000_000 + number * 60_000_000;
    let row = batch.add_session(&NewSession {
        id: SessionId::new(started, u128::from(number)),
        started,
        user: format!("user{}", number % 20),
        identity: None,
        host: "host".into(),
        agent: None,
        command: format!("aws job {number}"),
        title: None,
        cwd: "/".into(),
        profile: None,
        region: None,
        groups: Vec::new(),
    })?;
    for call in 0..CALLS {
        let (service, _, action) = match (number, call) {
            (4_711, 50) => ("iam", "DeleteUser", "iam:DeleteUser"),
            _ => ACTIONS[((number * 7 + call) % 6) as usize],
        };
        let (region, resource) = ("eu-central-1", format!("arn:aws:s3:::reports/{number}/{call}.csv"));
        let began = Micros(call * 1_000);
        batch.begin_call(
            row,
            &NewCall {
                call,
                began,
                service,
                action,
                access: "read",
                region,
                account: None,
                resource: &resource,
                command: None,
                params: "",
            },
        )?;
        let effect = if call % 33 == 0 { "deny" } else { "allow" };
        batch.decide(row, &Decided { call, effect, rule: None })?;
    }
    ask(batch, row, number)?;
    let text = format!("screen line of session {number} with needle{number}\n").repeat(20);
    for piece in 0..3 {
        batch.add_text(row, Micros(piece), Source::Screen, &text)?;
    }
    let at = Progress {
        row,
        audit_offset: 1,
        cast_offset: 1,
        cast_time: Micros(1),
        screen_bytes: 1,
        is_done: true,
    };
    batch.set_progress(&at, &Added { calls: CALLS, ..Added::default() })
}
