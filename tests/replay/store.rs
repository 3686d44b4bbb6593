//! A store with sessions in it, made by the recorder itself under a clock that is set by hand.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

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
use hoop::clock::Clock;
use hoop::record::Recorder;
use hoop::types::AccessLevel;
use hoop::types::Effect;
use hoop::types::Micros;
use hoop::types::SessionId;

/// 2025-11-21 03:18:00 UTC.
pub const STARTED: u64 = 1_763_695_080_000_000;

/// A session that is being written.
pub struct Session {
    recorder: Recorder,
    clock: Clock,
    calls: u64,
}

impl Session {
    /// Begins one, `number` hours after [`STARTED`].
    pub fn begin(state: &Path, number: u64, command: &[&str], (cols, rows): (u16, u16)) -> Self {
        let started = STARTED + number * 3_600_000_000;
        let clock = Clock::fixed(started);
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let mut start = Start::new(SessionId::new(started, u128::from(number)), started, command);
        "ana".clone_into(&mut start.user);
        "build-7".clone_into(&mut start.host);
        (start.tty, start.cols, start.rows) = (true, cols, rows);
        let recorder = Recorder::create(state, &start, clock.clone()).unwrap();
        Self { recorder, clock, calls: 0 }
    }

    /// Lets time go by, then writes.
    pub fn output(&self, after_ms: u64, text: &str) {
        self.clock.advance(Duration::from_millis(after_ms));
        self.recorder.output(text.as_bytes()).unwrap();
        self.recorder.flush().unwrap();
    }

    /// The terminal has another size.
    pub fn resize(&self, cols: u16, rows: u16) {
        self.recorder.resize(cols, rows).unwrap();
    }

    /// A command begins, or ends.
    pub fn command(&self, id: u64, argv: &[&str], status: Option<i32>) {
        let event = match status {
            None => Event::CommandStart(CommandStart {
                id,
                pid: 4_242,
                argv: argv.iter().map(|word| (*word).to_owned()).collect(),
                cwd: Some("/home/ana".to_owned()),
                ..CommandStart::default()
            }),
            Some(status) => Event::CommandEnd(CommandEnd {
                id,
                status: Some(status),
                took: Micros(1_300_000),
                ..CommandEnd::default()
            }),
        };
        self.recorder.event(&event).unwrap();
    }

    /// A call, decided and ended.
    pub fn call(&mut self, after_ms: u64, action: &str, resource: &str, effect: Effect) {
        self.clock.advance(Duration::from_millis(after_ms));
        self.calls += 1;
        let call = self.calls;
        let (service, operation) = action.split_once(':').unwrap();
        let mut begin = CallBegin::new(call, service, operation, action);
        begin.access = AccessLevel::Read;
        "eu-west-1".clone_into(&mut begin.region);
        begin.account = Some("123456789012".to_owned());
        begin.resources = vec![resource.to_owned()];
        "POST".clone_into(&mut begin.method);
        format!("{service}.eu-west-1.amazonaws.com").clone_into(&mut begin.host);
        "/".clone_into(&mut begin.path);
        begin.agent = Some("aws-cli/2.31.0 md/prompt#off".to_owned());
        begin.params = serde_json::json!({"Bucket": "reports", "Key": "2026/07.csv\u{1b}]0;owned\u{7}", "Tags": [{"Key": "a", "Value": "b"}]});
        self.recorder.event(&Event::CallBegin(Box::new(begin))).unwrap();
        let decision = Decision {
            call,
            effect,
            rule: Some("guarded".to_owned()),
            origin: "built-in guarded:12".to_owned(),
            reason: "reading is allowed, deleting is not".to_owned(),
        };
        self.recorder.event(&Event::Decision(decision)).unwrap();
        self.clock.advance(Duration::from_millis(80));
        let refused = effect == Effect::Deny;
        let end = CallEnd {
            call,
            outcome: if refused { Outcome::Refused } else { Outcome::Answered },
            status: Some(if refused { 403 } else { 200 }),
            error: refused.then(|| "AccessDenied".to_owned()),
            bytes_out: 512,
            took: Micros(80_000),
            masks: if refused { [].into() } else { [("aws-secret-key".to_owned(), 2)].into() },
            ..CallEnd::default()
        };
        self.recorder.event(&Event::CallEnd(Box::new(end))).unwrap();
    }

    /// Ends it.
    pub fn end(self, status: i32) -> PathBuf {
        self.clock.advance(Duration::from_millis(400));
        self.recorder
            .finish(&End { reason: EndReason::Exited, status: Some(status), ..End::default() })
            .unwrap()
    }
}

/// Fills a store with three sessions; gives the folder of the one with calls, the newest.
pub fn fill(state: &Path) -> PathBuf {
    let plain = Session::begin(state, 1, &["vim", "notes.md"], (80, 24));
    plain.output(100, "\x1b[?1049h\x1b[2J\x1b[H\x1b[34m# notes\x1b[m\r\n");
    plain.output(3_000, "\x1b[?1049l");
    plain.end(0);
    let flood = Session::begin(state, 2, &["make", "deploy"], (120, 40));
    for n in 0..400 {
        flood.output(
            20,
            &format!(
                "\x1b[3{}mstep {n}\x1b[m of the deployment, with 世界 and more text to fill lines\r\n",
                n % 8
            ),
        );
    }
    flood.end(2);
    let mut session = Session::begin(state, 3, &["bash", "-l"], (80, 24));
    session.output(200, "\x1b[1;32mana@build-7\x1b[m:\x1b[1;34m~\x1b[m$ ");
    session.output(900, "aws s3 ls\r\n");
    session.command(1, &["aws", "s3", "ls"], None);
    session.call(700, "s3:ListAllMyBuckets", "*", Effect::Allow);
    session.output(120, "2026-07-01 10:12:13 reports\r\n2026-07-02 08:00:00 billing\r\n");
    session.command(1, &[], Some(0));
    session.output(60, "\x1b[1;32mana@build-7\x1b[m:\x1b[1;34m~\x1b[m$ ");
    session.output(30_000, "aws s3 rm s3://billing/2026/07.csv\r\n");
    session.command(2, &["aws", "s3", "rm", "s3://billing/2026/07.csv"], None);
    session.call(650, "s3:DeleteObject", "arn:aws:s3:::billing/2026/07.csv", Effect::Deny);
    session.output(
        90,
        "\x1b[31mdelete failed\x1b[m: s3://billing/2026/07.csv An error occurred (AccessDenied) when calling the \
         DeleteObject operation: refused by policy\r\n",
    );
    session.command(2, &[], Some(1));
    session.output(10, "\x1b[1;32mana@build-7\x1b[m:\x1b[1;34m~\x1b[m$ ");
    session.resize(100, 30);
    session.output(2_500, "aws secretsmanager get-secret-value --secret-id db\r\n");
    session.command(3, &["aws", "secretsmanager", "get-secret-value", "--secret-id", "db"], None);
    session.call(
        800,
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db",
        Effect::Allow,
    );
    session
        .output(100, "{\r\n    \"Name\": \"db\",\r\n    \"SecretString\": \"********************\"\r\n}\r\n");
    session.command(3, &[], Some(0));
    session.output(400, "\x1b[1;32mana@build-7\x1b[m:\x1b[1;34m~\x1b[m$ exit\r\n");
    session.end(0)
}
