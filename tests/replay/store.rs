//! A store with sessions in it, made by the recorder itself under a clock that is set by hand.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use hoop::audit::Alert;
use hoop::audit::CallBegin;
use hoop::audit::CallEnd;
use hoop::audit::CommandEnd;
use hoop::audit::CommandFailed;
use hoop::audit::CommandFailure;
use hoop::audit::CommandStart;
use hoop::audit::CommandTyped;
use hoop::audit::Credential;
use hoop::audit::Decision;
use hoop::audit::End;
use hoop::audit::EndReason;
use hoop::audit::Event;
use hoop::audit::IdentityUsed;
use hoop::audit::Mask;
use hoop::audit::Outcome;
use hoop::audit::PolicyUsed;
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
    caller: Option<u64>,
}

impl Session {
    /// Begins one, `number` hours after [`STARTED`].
    pub fn begin(state: &Path, number: u64, command: &[&str], size: (u16, u16)) -> Self {
        Self::begin_as(state, number, command, size, |_| {})
    }

    /// The same, with more to say about it.
    pub fn begin_as(
        state: &Path,
        number: u64,
        command: &[&str],
        (cols, rows): (u16, u16),
        more: impl FnOnce(&mut Start),
    ) -> Self {
        let started = STARTED + number * 3_600_000_000;
        let clock = Clock::fixed(started);
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let mut start = Start::new(SessionId::new(started, u128::from(number)), started, command);
        "ana".clone_into(&mut start.user);
        "build-7".clone_into(&mut start.host);
        (start.tty, start.cols, start.rows) = (true, cols, rows);
        more(&mut start);
        let recorder = Recorder::create(state, &start, clock.clone()).unwrap();
        Self { recorder, clock, calls: 0, caller: None }
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

    /// Lets time go by, then writes an event.
    pub fn event(&self, after_ms: u64, event: &Event) {
        self.clock.advance(Duration::from_millis(after_ms));
        self.recorder.event(event).unwrap();
    }

    /// A command with its number and that of its parent begins.
    pub fn start(&self, after_ms: u64, id: u64, parent: u64, line: &str) {
        self.event(after_ms, &Event::CommandStart(started(id, parent, line)));
    }

    /// It ends after so many milliseconds of its own.
    pub fn stop(&self, after_ms: u64, id: u64, status: i32) {
        let end =
            CommandEnd { id, status: Some(status), took: Micros(after_ms * 1_000), ..CommandEnd::default() };
        self.event(after_ms, &Event::CommandEnd(end));
    }

    /// Which command makes the calls from now on.
    pub fn called_by(&mut self, command: Option<u64>) {
        self.caller = command;
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
        (begin.command, begin.pid) = (self.caller, self.caller.map(pid));
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

    /// A call that is allowed, with parameters and the body of its answer.
    pub fn answered(&mut self, after_ms: u64, action: &str, resource: &str, (kind, body): (&str, &str)) {
        self.clock.advance(Duration::from_millis(after_ms));
        self.calls += 1;
        let call = self.calls;
        let (service, operation) = action.split_once(':').unwrap();
        let mut begin = CallBegin::new(call, service, operation, action);
        (begin.command, begin.resources) = (self.caller, vec![resource.to_owned()]);
        begin.params = serde_json::json!({"Name": resource.rsplit([':', '/']).next()});
        self.recorder.event(&Event::CallBegin(Box::new(begin))).unwrap();
        let (rule, origin) = (Some("reading".to_owned()), "team.toml:9".to_owned());
        let decision =
            Decision { call, effect: Effect::Allow, rule, origin, reason: "it only reads".to_owned() };
        self.recorder.event(&Event::Decision(decision)).unwrap();
        self.clock.advance(Duration::from_millis(40));
        let mut response = self.recorder.body(body.as_bytes()).unwrap();
        response.content_type = Some(kind.to_owned());
        let masks = if body.contains("hoopmask:") { [("password".to_owned(), 1)].into() } else { [].into() };
        let end = CallEnd {
            call,
            status: Some(200),
            bytes_out: body.len() as u64,
            took: Micros(40_000),
            masks,
            response: Some(response),
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

/// The process that a command runs in: those above 90 took the place of the one 90 before them.
fn pid(id: u64) -> u32 {
    100 + u32::try_from(if id > 90 && id < 100 { id - 90 } else { id }).unwrap()
}

/// A beginning, its words parted at spaces.
pub fn started(id: u64, parent: u64, line: &str) -> CommandStart {
    CommandStart {
        id,
        pid: pid(id),
        ppid: Some(if parent == 0 { 0 } else { pid(parent) }),
        parent: (parent != 0).then_some(parent),
        argv: line.split(' ').map(str::to_owned).collect(),
        exe: line.split(' ').next().map(|name| format!("/usr/bin/{name}")),
        cwd: Some("/home/ana/site".to_owned()),
        ..CommandStart::default()
    }
}

/// A session of a shell in which everything happens that can happen to a command; gives its folder.
pub fn fill_commands(state: &Path) -> PathBuf {
    let mut session = Session::begin(state, 4, &["bash"], (80, 24));
    session.start(3, 1, 0, "bash");
    session.output(200, "$ cd site\r\n$ make deploy\r\n");
    let typed = |line: &str, status, took_ms: u64| {
        let (line, took) = (line.to_owned(), Micros(took_ms * 1_000));
        let cwd = Some("/home/ana".to_owned());
        Event::CommandTyped(CommandTyped { line, cwd, status: Some(status), took })
    };
    session.event(900, &typed("cd site", 0, 2));
    session.start(1_000, 2, 1, "make deploy");
    for folder in ["/usr/local/sbin", "/usr/local/bin"] {
        let exe = Some(format!("{folder}/sh"));
        let argv = vec!["sh".to_owned(), "-c".to_owned(), "./build.sh --all".to_owned()];
        let failed = CommandFailed { pid: pid(3), parent: Some(2), argv, exe, ..CommandFailed::default() };
        session.event(1, &Event::CommandFailed(failed));
    }
    let mut shell = started(3, 2, "sh -c");
    shell.argv.push("./build.sh --all".to_owned());
    session.event(1, &Event::CommandStart(shell));
    for id in 10..60 {
        session.start(1, id, 3, "cc -c -O2 part.c");
        session.stop(4, id, 0);
    }
    session.output(10, "part.c: 50 objects\r\n");
    session.start(30, 4, 3, "ld -o site");
    session.stop(310, 4, 1);
    let nowhere = CommandFailed {
        pid: pid(70),
        parent: Some(3),
        argv: vec!["kubctl".to_owned(), "apply".to_owned()],
        ..CommandFailed::default()
    };
    session.event(5, &Event::CommandFailed(nowhere));
    session.stop(20, 3, 2);
    session.stop(2, 2, 2);
    session.event(1, &typed("make deploy 2>&1 | tee \u{1b}[31mlog", 2, 675));
    session.output(40, "$ sh -c 'aws s3 rm s3://billing/2026/07.csv'\r\n");
    let mut shell = started(5, 1, "sh -c");
    shell.argv.push("aws s3 rm s3://billing/2026/07.csv".to_owned());
    session.event(2_000, &Event::CommandStart(shell));
    session.event(
        1,
        &Event::CommandEnd(CommandEnd {
            id: 5,
            replaced_by: Some(95),
            took: Micros(1_200),
            ..CommandEnd::default()
        }),
    );
    let aws = CommandStart { replaces: Some(5), ..started(95, 1, "aws s3 rm s3://billing/2026/07.csv") };
    session.event(0, &Event::CommandStart(aws));
    session.called_by(Some(95));
    session.call(350, "s3:ListBucket", "arn:aws:s3:::billing", Effect::Allow);
    session.call(120, "s3:DeleteObject", "arn:aws:s3:::billing/2026/07.csv", Effect::Deny);
    session.output(20, "delete failed: s3://billing/2026/07.csv\r\n");
    session.stop(400, 95, 1);
    let refused = CommandFailed {
        pid: pid(7),
        parent: Some(1),
        argv: ["terraform", "destroy", "-auto-approve"].map(str::to_owned).to_vec(),
        exe: Some("/usr/bin/terraform".to_owned()),
        why: CommandFailure::Refused,
        rule: Some("terraform destroy* team.toml:12".to_owned()),
        ..CommandFailed::default()
    };
    session.event(3_000, &Event::CommandFailed(refused));
    session.start(1_000, 8, 1, "sleep 1000");
    let killed = CommandEnd { id: 8, signal: Some(9), took: Micros(65_000_000), ..CommandEnd::default() };
    session.event(65_000, &Event::CommandEnd(killed));
    session.called_by(None);
    session.call(100, "sts:GetCallerIdentity", "*", Effect::Allow);
    session.stop(500, 1, 0);
    session.end(0)
}

/// A session with all that a reviewer looks at: who it was, bodies of every form, an alert, masked secrets; gives its
/// folder.
pub fn fill_reviewed(state: &Path) -> PathBuf {
    let mut session = Session::begin_as(state, 5, &["python3", "report.py"], (80, 24), |start| {
        start.identity = Some(IdentityUsed {
            provider: Some("corp".to_owned()),
            email: Some("ana@example.com".to_owned()),
            assurance: "verified".to_owned(),
            ..IdentityUsed::default()
        });
        start.groups = vec!["data".to_owned(), "agents".to_owned()];
        start.policies =
            vec![PolicyUsed { name: "team.toml".into(), origin: "user".into(), sha256: "5eed".repeat(16) }];
        "reduced".clone_into(&mut start.sandbox);
        start.unprotected = vec!["the network is the host's".to_owned()];
        start.repository = Some("github.com/shop/web".to_owned());
    });
    session.start(3, 1, 0, "python3 report.py");
    session.output(100, "report: reading the table\r\n");
    session.event(
        50,
        &Event::Credential(Credential {
            what: "fetched".to_owned(),
            source: "sts:AssumeRoleWithWebIdentity".to_owned(),
            role: Some("arn:aws:iam::123456789012:role/agent".to_owned()),
            account: Some("123456789012".to_owned()),
            ..Credential::default()
        }),
    );
    session.called_by(Some(1));
    let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/users";
    let items = r#"{"Count":2,"Items":[{"name":{"S":"Ana"},"password":{"S":"hoopmask:password:abcdefgh"}},{"name":{"S":"\u001b[31mBo"}}]}"#;
    session.answered(1_000, "dynamodb:Query", table, ("application/x-amz-json-1.0", items));
    session.output(500, "report: two users\r\n");
    session.start(1_000, 2, 1, "aws s3 ls s3://reports");
    session.called_by(Some(2));
    let listing = "<?xml version=\"1.0\"?><ListBucketResult><Name>reports</Name><Contents><Key>2026/07.csv</Key><Size>812</Size></Contents></ListBucketResult>";
    session.answered(200, "s3:ListBucket", "arn:aws:s3:::reports", ("application/xml", listing));
    session.output(20, "2026-07-01 10:12:13  812 07.csv\r\n");
    session.stop(300, 2, 0);
    session.call(2_000, "s3:DeleteObject", "arn:aws:s3:::reports/2026/07.csv", Effect::Deny);
    let fired = Alert {
        name: "secret-harvest".to_owned(),
        message: "6 secrets were read within a minute".to_owned(),
        call: Some(1),
        ..Alert::default()
    };
    session.event(3_000, &Event::Alert(fired));
    let masked = Mask { place: "terminal".to_owned(), rules: [("jwt".to_owned(), 3)].into(), call: None };
    session.event(500, &Event::Mask(masked));
    session.output(500, "report: done\r\n");
    session.stop(9_000, 1, 0);
    session.end(0)
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
