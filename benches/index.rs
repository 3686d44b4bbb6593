//! How fast the index answers, and how large it is: 10,000 sessions with one million calls, 500,000 commands, 100,000
//! questions to people and as much screen text as is asked for.
//!
//! `cargo bench --bench index -- --screen-mib 10240` (512 when nothing is said; it needs half of that on disk, and a
//! minute or two for each GiB). Text is what an agent shows: seven eighths are files, of this project, 40 to 250 lines
//! at a time; the rest is what tests, compilers, listings, logs and JSON say. With `--logs` three quarters are lines of
//! logs and listings, whose numbers and identifiers never come again, which is what makes an index grow. `--keep DIR`
//! leaves the index there, and uses the one that is there already; `--query TEXT` asks it that alone.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program"
)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use hoop::audit::Start;
use hoop::clock::Clock;
use hoop::error::Result;
use hoop::query;
use hoop::query::Now;
use hoop::record;
use hoop::record::Place;
use hoop::record::Recorder;
use hoop::store::Added;
use hoop::store::Answered;
use hoop::store::ApprovalFilter;
use hoop::store::ApprovalSearch;
use hoop::store::Asked;
use hoop::store::Batch;
use hoop::store::Became;
use hoop::store::CallEnded;
use hoop::store::CommandEnded;
use hoop::store::CommandFilter;
use hoop::store::Decided;
use hoop::store::Index;
use hoop::store::NewCall;
use hoop::store::NewCommand;
use hoop::store::NewSession;
use hoop::store::Opened;
use hoop::store::Page;
use hoop::store::Piece;
use hoop::store::Progress;
use hoop::types::Micros;
use hoop::types::SessionId;

const SESSIONS: u64 = 10_000;
const CALLS: u64 = 100;
const COMMANDS: u64 = 50;
const QUESTIONS: u64 = 10;
const BEGAN: u64 = 1_763_700_000_000_000;
const ACTIONS: [(&str, &str); 6] = [
    ("s3", "s3:GetObject"),
    ("s3", "s3:ListBucket"),
    ("ec2", "ec2:DescribeInstances"),
    ("iam", "iam:ListUsers"),
    ("dynamodb", "dynamodb:Query"),
    ("sts", "sts:GetCallerIdentity"),
];
const PROGRAMS: [&str; 8] = [
    "git status",
    "cargo build",
    "ls -la src",
    "make test",
    "aws s3 ls",
    "grep -rn todo .",
    "python3 run.py",
    "npm ci",
];

/// Questions to the index: of every sort, and where nothing fits.
const QUERIES: [(&str, &str); 44] = [
    ("newest", ""),
    ("a word, everywhere", "status"),
    ("a word, common", "error"),
    ("a word, in 10 sessions", "rarity17"),
    ("a word, once", "needle4711"),
    ("a word, nowhere", "xyzzyplugh"),
    ("the beginning of a word", "needle47*"),
    ("two letters of a word", "er*"),
    ("three letters of a word", "err*"),
    ("most letters of a common word", "erro*"),
    ("four letters of identifiers", "0a1b*"),
    ("two common words", "error worker"),
    ("a common and a rare word", "error rarity17"),
    ("two words, never together", "rarity17 needle4711"),
    ("words or words", "rarity17 or needle4711 or xyzzyplugh"),
    ("a phrase, common", "\"request completed\""),
    ("a phrase, once", "\"needle4711 was here\""),
    ("a phrase of common words, nowhere", "\"completed request worker\""),
    ("a word and not another", "error not rarity17"),
    ("not a word that is everywhere", "not status"),
    ("not a rare word", "not needle4711"),
    ("a user", "user:user7"),
    ("a user and a word", "user:user7 error"),
    ("a user and a rare word of others", "user:user7 rarity17"),
    ("a pattern of users", "user:*er1? or user:*r1*"),
    ("an action", "action:s3:GetObject"),
    ("an action, once", "action:iam:DeleteUser"),
    ("an action, never", "action:iam:CreateUser"),
    ("a decision and a service", "decision:deny service:iam"),
    ("one call: an action and a status", "action:s3:* status:4xx"),
    ("no such call", "not status:4xx"),
    ("an error", "error:Throttling*"),
    ("a part of an ARN, everywhere", "resource:reports"),
    ("a part of an ARN, once", "resource:reports/4711/50.csv"),
    ("a part of an ARN, nowhere", "resource:reports/*/secret.key"),
    ("an ARN and a decision", "resource:*/33.csv decision:deny"),
    ("a part of a command", "command:cargo"),
    ("a part of a command, once", "command:rm*4711"),
    ("a failed command", "exit:!0 command:make"),
    ("an exit status, once", "exit:77"),
    ("a long command", "took:>1h"),
    ("an answer and an approver, once", "approval:granted approver:cy"),
    ("a time, a length and a word", "after:20d duration:>5m error"),
    ("a word and a call, nowhere together", "needle4711 action:iam:DeleteUser user:user3"),
];

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() >> 16) as usize % most
    }
}

/// Lines that programs show.
struct Lines {
    files: Vec<String>,
    /// Of so many things that are shown one is a part of a file.
    one_in: u64,
}

impl Lines {
    fn of_this_project(one_in: u64) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![root.join("src"), root.join("docs"), root.join("tests")];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            let mut entries: Vec<PathBuf> =
                fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            entries.sort();
            for path in entries {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "md") {
                    files.extend(fs::read_to_string(path).unwrap().lines().map(str::to_owned));
                }
            }
        }
        Self { files, one_in }
    }

    fn add(&self, dice: &mut Dice, text: &mut String) {
        let number = dice.next();
        if number.is_multiple_of(self.one_in) {
            let from = dice.below(self.files.len() - 300);
            self.files[from..from + 40 + dice.below(210)].iter().for_each(|line| text.extend([line, "\n"]));
        }
        match number >> 8 & 31 {
            0..=9 => text.push_str(&format!(
                "2026-11-{:02}T{:02}:{:02}:{:02}.{:03}Z INFO  worker-{} request completed id={:016x} status={} in {} ms\n",
                dice.below(28), dice.below(24), dice.below(60), dice.below(60), dice.below(1000), dice.below(16),
                number, [200, 200, 200, 404, 500][dice.below(5)], dice.below(4000)
            )),
            10..=18 => text.push_str(&format!(
                "-rw-r--r-- 1 user{} staff {:>9} Nov {:>2} {:02}:{:02} part-{:05}.parquet\n",
                dice.below(20), dice.below(90_000_000), dice.below(28), dice.below(24), dice.below(60), dice.below(100_000)
            )),
            19..=24 => text.push_str(&format!(
                "{{\"id\":\"i-{:012x}\",\"state\":\"running\",\"launched\":{},\"type\":\"m5.{}xlarge\"}}\n",
                number >> 16, 1_763_000_000 + dice.below(9_000_000), 1 << dice.below(5)
            )),
            25..=28 => text.push_str(&format!(
                "test store::walk::tests::case_{} ... {}\n",
                dice.below(900), ["ok", "ok", "ok", "FAILED"][dice.below(4)]
            )),
            _ => text.push_str(&format!(
                "error[E{:04}]: cannot find value `item_{}` in this scope\n",
                dice.below(800), dice.below(5_000)
            )),
        }
    }

    /// A session's screens: pieces of the size that recordings are cut into.
    fn pieces(&self, session: u64, bytes: usize) -> Vec<Piece> {
        let mut dice = Dice(session * 0x9e37_79b9 + 88_172_645_463_325_252);
        let mut pieces = Vec::new();
        let mut made = 0;
        while made < bytes {
            let mut text = String::new();
            while text.len() < 1_600 {
                self.add(&mut dice, &mut text);
            }
            if pieces.is_empty() && session == 4_711 {
                text.push_str("needle4711 was here\n");
            }
            if pieces.is_empty() && session % 1_000 == 17 {
                text.push_str("rarity17\n");
            }
            made += text.len();
            pieces.push(Piece { at: Micros(pieces.len() as u64 * 900_000), text });
        }
        pieces
    }
}

fn main() {
    let option = |name: &str| {
        let mut words = std::env::args().skip_while(move |word| word != name);
        words.nth(1)
    };
    let mib: u64 = option("--screen-mib").map_or(512, |mib| mib.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let state = option("--keep").map_or_else(|| folder.path().to_owned(), PathBuf::from);
    let has_logs = std::env::args().any(|word| word == "--logs");
    let lines = Lines::of_this_project(if has_logs { 200 } else { 12 });
    let path = state.join("index.db");
    if !path.exists() {
        ingest(&lines);
        fill(&path, &lines, mib << 20);
    }
    let Opened::Ready(index) = Index::open(&path).unwrap() else { panic!("the same index") };
    let now = Now { unix_micros: BEGAN + SESSIONS * 60_000_000, zone: jiff::tz::TimeZone::UTC };
    let page = Page { limit: 50, offset: 0 };
    println!(
        "{:<38} {:>9} {:>9} {:>9}",
        "first page of sessions with hits", "first, ms", "then, ms", "sessions"
    );
    let only = option("--query");
    let asked = only.as_deref().map_or(QUERIES.to_vec(), |text| vec![("", text)]);
    for (name, text) in asked {
        let query = query::parse(text, &now).unwrap();
        let mut times = Vec::new();
        let mut sessions = 0;
        for _ in 0..6 {
            let began = Instant::now();
            sessions = index.find(&query, page).unwrap().len();
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        let first = times.remove(0);
        times.sort_by(f64::total_cmp);
        println!("{name:<38} {first:>9.2} {:>9.2} {sessions:>9}", times[times.len() / 2]);
    }
    if only.is_none() {
        approvals(&index, page);
        catch_up(&index, &state);
    }
}

/// Real recordings, as they are read into an index.
fn ingest(lines: &Lines) {
    let state = tempfile::tempdir().unwrap();
    let mut bytes = 0;
    for number in 0..32 {
        let began = BEGAN + number * 60_000_000;
        let id = SessionId::new(began, u128::from(number));
        let recorder = Recorder::create(
            state.path(),
            &Start::new(id, began, vec!["bench".to_owned()]),
            Clock::fixed(began),
        )
        .unwrap();
        for piece in lines.pieces(number, 1 << 20) {
            bytes += piece.text.len();
            recorder.output(piece.text.replace('\n', "\r\n").as_bytes()).unwrap();
        }
        recorder.finish(&hoop::audit::End::default()).unwrap();
    }
    let began = Instant::now();
    drop(record::index::open(state.path()).unwrap());
    let seconds = began.elapsed().as_secs_f64();
    let size = fs::metadata(state.path().join("index.db")).unwrap().len();
    println!(
        "32 recordings of 1 MiB: read into the index in {seconds:.1} s ({:.0} MB/s), {:.1} % of their text",
        bytes as f64 / 1e6 / seconds,
        size as f64 * 100.0 / bytes as f64
    );
}

/// Fills the index directly; says now and then how large it is.
fn fill(path: &Path, lines: &Lines, bytes: u64) {
    let Opened::Ready(index) = Index::open(path).unwrap() else { panic!("a new index") };
    let began = Instant::now();
    let each = bytes / SESSIONS;
    let size = || {
        let log = path.with_extension("db-wal");
        [path, &log].iter().map(|path| fs::metadata(path).map_or(0, |file| file.len())).sum::<u64>()
    };
    for block in 0..SESSIONS / 10 {
        let mut texts = Vec::new();
        for number in block * 10..block * 10 + 10 {
            texts.push((number, lines.pieces(number, each as usize)));
        }
        index
            .batch(|batch| texts.iter().try_for_each(|(number, pieces)| add(batch, *number, pieces)))
            .unwrap();
        if (block + 1) % (SESSIONS / 100) == 0 {
            let part = (block + 1) as f64 / (SESSIONS / 10) as f64;
            println!(
                "{:>3.0} % filled after {:>6.1} s: {:>6} MiB, {:.1} % of {} MiB of screen text",
                part * 100.0,
                began.elapsed().as_secs_f64(),
                size() >> 20,
                size() as f64 * 100.0 / (bytes as f64 * part),
                (bytes as f64 * part) as u64 >> 20
            );
        }
    }
}

fn catch_up(index: &Index, state: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path());
    for number in 0..SESSIONS {
        fs::create_dir_all(place.folder(SessionId::new(BEGAN + number * 60_000_000, u128::from(number))))
            .unwrap();
    }
    for _ in 0..2 {
        let began = Instant::now();
        let caught_up = record::index::catch_up(index, folder.path()).unwrap();
        assert!(caught_up == record::index::CaughtUp::default(), "the index has all sessions");
        println!("nothing new to catch up with {:>7.2} ms", began.elapsed().as_secs_f64() * 1e3);
    }
    let began = Instant::now();
    let Opened::Ready(index) = Index::open(&state.join("index.db")).unwrap() else {
        panic!("the same index")
    };
    let found = index.find(&query::Query::default(), Page { limit: 50, offset: 0 }).unwrap().len();
    println!("opened, and the first page of {found} read {:>7.2} ms", began.elapsed().as_secs_f64() * 1e3);
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
fn ask(batch: &Batch<'_>, row: i64, number: u64) -> Result<()> {
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

fn add(batch: &Batch<'_>, number: u64, pieces: &[Piece]) -> Result<()> {
    let started = BEGAN + number * 60_000_000;
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
        groups: vec!["agents".into()],
    })?;
    for call in 0..CALLS {
        let (service, action) = match (number, call) {
            (4_711, 50) => ("iam", "iam:DeleteUser"),
            _ => ACTIONS[((number * 7 + call) % 6) as usize],
        };
        let (region, resource) = ("eu-central-1", format!("arn:aws:s3:::reports/{number}/{call}.csv"));
        let began = Micros(call * 1_000);
        let (account, resource) = (Some("123456789012"), resource.as_str());
        let params = format!("Bucket reports Key {number}/{call}.csv RequestPayer requester");
        let new = NewCall {
            call,
            began,
            service,
            action,
            access: "read",
            region,
            account,
            resource,
            command: Some(call % COMMANDS + 1),
            params: &params,
        };
        batch.begin_call(row, &new)?;
        let effect = if call % 33 == 0 { "deny" } else { "allow" };
        batch.decide(row, &Decided { call, effect, rule: Some("guarded") })?;
        let (status, error) = match call % 25 {
            0 => (403, Some("AccessDenied")),
            1 if number % 100 == 5 => (400, Some("ThrottlingException")),
            _ => (200, None),
        };
        batch.end_call(
            row,
            &CallEnded { call, status: Some(status), error, ended: began, message: "not allowed" },
        )?;
    }
    for command in 1..=COMMANDS {
        let line = match (number, command) {
            (4_711, 20) => "rm -rf build-4711".to_owned(),
            _ => format!("{} --job {number}", PROGRAMS[((number + command) % 8) as usize]),
        };
        let began = Micros(command * 20_000);
        batch.start_command(
            row,
            &NewCommand { number: Some(command), began, line: &line, ..NewCommand::default() },
        )?;
        let (status, took) = match (number, command) {
            (4_711, 21) => (77, 3_700_000_000),
            _ if command % 20 == 0 => (1, 2_000_000),
            _ => (0, 40_000 + command),
        };
        let end = CommandEnded {
            ended: began,
            took: Micros(took),
            status: Some(status),
            ..CommandEnded::default()
        };
        batch.end_command(row, command, &end)?;
    }
    ask(batch, row, number)?;
    batch.add_screen(row, pieces)?;
    let at = Progress {
        row,
        audit_offset: 1,
        cast_offset: 1,
        cast_time: Micros(1),
        screen_bytes: 1,
        is_done: true,
    };
    let last = Micros(number % 20 * 30_000_000);
    batch.set_progress(&at, &Added { calls: CALLS, last, ..Added::default() })
}
