//! The summary of a session, and two sessions compared: on the screen, as text, as JSON.

use std::fs;
use std::path::Path;

use hoop::audit::Alert;
use hoop::audit::AlertAction;
use hoop::audit::Answer;
use hoop::audit::ApprovalAnswered;
use hoop::audit::ApprovalAsked;
use hoop::audit::CallBegin;
use hoop::audit::CallEnd;
use hoop::audit::Decision;
use hoop::audit::Event;
use hoop::audit::Mask;
use hoop::audit::Outcome;
use hoop::types::AccessLevel;
use hoop::types::Effect;
use hoop::types::Micros;
use serde_json::Value;
use serde_json::json;

use super::pty::Driven;
use super::store::Session;
use super::*;

/// Where a call goes, and what comes of it.
struct Call<'t> {
    action: &'t str,
    access: AccessLevel,
    resource: &'t str,
    effect: Effect,
    error: Option<(u16, &'t str)>,
    params: Value,
}

fn allowed<'t>(action: &'t str, access: AccessLevel, resource: &'t str) -> Call<'t> {
    Call { action, access, resource, effect: Effect::Allow, error: None, params: Value::Null }
}

/// Writes a call that comes after `after_ms` and takes 40 ms.
fn call(session: &Session, number: u64, after_ms: u64, call: &Call<'_>) {
    let (service, operation) = call.action.split_once(':').unwrap();
    let mut begin = CallBegin::new(number, service, operation, call.action);
    begin.access = call.access;
    "eu-west-1".clone_into(&mut begin.region);
    begin.account = Some("123456789012".to_owned());
    begin.resources = vec![call.resource.to_owned()];
    begin.params = call.params.clone();
    session.event(after_ms, &Event::CallBegin(Box::new(begin)));
    let decision = Decision {
        call: number,
        effect: call.effect,
        rule: Some(if call.effect == Effect::Allow { "reading" } else { "guarded" }.to_owned()),
        origin: "built-in guarded:12".to_owned(),
        reason: "as the policy says".to_owned(),
    };
    session.event(0, &Event::Decision(decision));
    let end = CallEnd {
        call: number,
        outcome: if call.effect == Effect::Deny { Outcome::Refused } else { Outcome::Answered },
        status: Some(call.error.map_or(200, |(status, _)| status)),
        error: call.error.map(|(_, code)| code.to_owned()),
        bytes_in: 64,
        bytes_out: 2_048,
        took: Micros(40_000),
        masks: if number == 1 { [("aws-secret-key".to_owned(), 2)].into() } else { [].into() },
        ..CallEnd::default()
    };
    session.event(40, &Event::CallEnd(Box::new(end)));
}

/// A session of an agent that builds and uploads a report; `other`: another run, in which it does other things too.
fn agent(state: &Path, number: u64, other: bool) -> PathBuf {
    let session = Session::begin(state, number, &["agent", "--task", "report"], (80, 24));
    session.start(10, 1, 0, "agent --task report");
    session.output(100, "\u{1b}[1mmaking the report\u{1b}[m\r\n");
    let (first, second) = if other { ("make lint", "make report") } else { ("make report", "make lint") };
    session.start(50, 2, 1, first);
    session.stop(2_500, 2, 0);
    session.start(50, 3, 1, second);
    session.stop(700, 3, if other { 2 } else { 0 });
    call(&session, 1, 200, &allowed("s3:ListBucket", AccessLevel::List, "arn:aws:s3:::reports"));
    let days = if other { ["02", "03"] } else { ["01", "02"] };
    for (day, number) in days.iter().zip(2..) {
        let key = format!("arn:aws:s3:::reports/2026/07/{day}.csv");
        call(&session, number, 900, &allowed("s3:GetObject", AccessLevel::Read, &key));
    }
    session.output(100, "read two reports\r\n");
    let temporary = if other { "/tmp/tmpqq8r2x1z" } else { "/tmp/tmpab3d9z12" };
    session.start(50, 4, 1, &format!("gzip {temporary}"));
    session.stop(20, 4, 0);
    let mut open = Call {
        effect: if other { Effect::Deny } else { Effect::Allow },
        error: other.then_some((403, "AccessDenied")),
        params: json!({"GroupId": "sg-0a1b2c3d", "FromPort": if other { 22 } else { 443 }, "CidrIp": if other { "0.0.0.0/0" } else { "10.0.0.0/8" }}),
        ..allowed(
            "ec2:AuthorizeSecurityGroupIngress",
            AccessLevel::Write,
            "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0a1b2c3d",
        )
    };
    call(&session, 4, 3_000, &open);
    if other {
        open = Call {
            effect: Effect::Deny,
            error: Some((403, "AccessDenied")),
            ..allowed("s3:DeleteBucket", AccessLevel::Write, "arn:aws:s3:::reports")
        };
        call(&session, 5, 400, &open);
        session.output(20, "delete failed: AccessDenied\r\n");
    }
    let id = || "q1".to_owned();
    let question =
        "kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/7b0e9c1a-3f52-4f0e-9a53-0c2f6a1d8e77";
    session.event(
        500,
        &Event::ApprovalAsked(ApprovalAsked {
            id: id(),
            question: question.to_owned(),
            ..Default::default()
        }),
    );
    session.event(
        9_000,
        &Event::ApprovalAnswered(ApprovalAnswered {
            id: id(),
            answer: if other { Answer::Expired } else { Answer::Granted },
            by: (!other).then(|| "bo".to_owned()),
            took: Micros(9_000_000),
            ..Default::default()
        }),
    );
    let rules = [("jwt".to_owned(), 3)].into();
    session.event(10, &Event::Mask(Mask { place: "terminal".to_owned(), rules, call: None }));
    if other {
        let (name, message) = ("too many denials".to_owned(), "2 denials in a minute".to_owned());
        session.event(10, &Event::Alert(Alert { name, message, call: Some(5), then: AlertAction::Note }));
    }
    session.stop(30, 1, 0);
    session.end(0)
}

/// Two runs, the second one the newest.
fn runs() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    agent(&dir.path().join("hoop"), 1, false);
    agent(&dir.path().join("hoop"), 2, true);
    dir
}

/// The ids of both, the older first.
fn ids(state: &Path) -> [String; 2] {
    let lines = output(state, &["list", "--json"]);
    let id = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["id"].as_str().unwrap().to_owned()
    };
    let all: Vec<String> = lines.lines().map(id).collect();
    [all[1].clone(), all[0].clone()]
}

/// What a command prints, against `tests/golden/sums/*.txt`; `HOOP_BLESS=1` writes the files anew.
fn is_golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/sums/{name}.txt"));
    if std::env::var_os("HOOP_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let wanted = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, wanted, "{} is not what is printed; HOOP_BLESS=1 writes it anew", file.display());
}

/// Standard output of a comparison, and its exit status.
fn compared(state: &Path, arguments: &[&str]) -> (String, i32) {
    let done = run(state, &[&["diff"], arguments].concat());
    assert!(done.stderr.is_empty(), "{arguments:?}: {done:?}");
    (String::from_utf8(done.stdout).unwrap(), done.status.code().unwrap())
}

#[test]
fn a_summary_is_plain_text_or_one_json_object() {
    let dir = runs();
    is_golden("summary", &output(dir.path(), &["summary", "last"]));
    let few = output(dir.path(), &["summary", "last", "--rows", "1"]);
    assert!(few.contains("… and 1 more: --rows 2"), "{few}");
    let sum: Value = serde_json::from_str(&output(dir.path(), &["summary", "last", "--json"])).unwrap();
    assert_eq!((&sum["calls"], &sum["denied"], &sum["masked"]), (&json!(5), &json!(2), &json!(5)));
    assert_eq!(sum["services"][0]["levels"]["write"]["denied"], 1);
    assert_eq!(sum["failed"][0]["end"], "exit 2");
    let calls: u64 =
        sum["tempo"]["calls"].as_array().unwrap().iter().map(|part| part.as_u64().unwrap()).sum();
    assert_eq!(calls, 5);
}

#[test]
fn a_session_without_calls_and_a_recording_of_another_program_are_told_as_such() {
    let dir = filled();
    let lines = output(dir.path(), &["list", "--json"]);
    let first: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    is_golden("summary_of_nothing", &output(dir.path(), &["summary", first["id"].as_str().unwrap()]));
    assert!(trouble(dir.path(), &["summary", &fixture("v3.cast")], 2).contains("no session of hoop's"));
    assert!(trouble(dir.path(), &["summary", "01ZZZZ"], 1).contains("no recording `01ZZZZ`"));
    assert!(trouble(dir.path(), &["diff", "last", "01ZZZZ"], 2).contains("no recording `01ZZZZ`"));
    assert!(trouble(dir.path(), &["diff", "last", &fixture("v3.cast")], 2).contains("no session of hoop's"));
}

#[test]
fn what_differs_is_text_in_a_pipe_and_the_status_says_whether_anything_does() {
    let dir = runs();
    let [one, other] = ids(dir.path());
    let (text, status) = compared(dir.path(), &[&one, &other]);
    assert_eq!(status, 1);
    is_golden("diff", &text);
    let (text, status) = compared(dir.path(), &[&one, &other, "--exact", "--only", "calls", "--plain"]);
    assert_eq!(status, 1);
    is_golden("diff_exact", &text);
    let (text, status) = compared(dir.path(), &[&one, &one]);
    assert!(status == 0 && !text.contains("@@"), "{status}: {text}");
    let (all, status) = compared(dir.path(), &[&one, &one, "--all", "--only", "commands"]);
    assert!(status == 0 && all.contains("  gzip /tmp/tmpab3d9z12  [ok]"), "{all}");
}

#[test]
fn what_differs_is_a_json_object_a_line_for_programs() {
    let dir = runs();
    let [one, other] = ids(dir.path());
    let (text, status) = compared(dir.path(), &[&one, &other, "--json"]);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(status, 1);
    assert_eq!(
        (lines[0]["a"]["session"].as_str(), lines[0]["b"]["session"].as_str()),
        (Some(&*one), Some(&*other))
    );
    assert_eq!(lines[0]["calls"], json!({"same": 3, "changed": 1, "only_a": 0, "only_b": 1, "moved": 0}));
    assert_eq!(lines[0]["commands"]["moved"], 1);
    let states: Vec<_> = lines[1..].iter().map(|line| line["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["moved", "changed", "only-b"]);
    let cidr = json!({"what": "CidrIp", "a": "10.0.0.0/8", "b": "0.0.0.0/0"});
    assert!(lines[2]["changes"].as_array().unwrap().contains(&cidr), "{}", lines[2]);
    assert_eq!(lines[3]["a"], Value::Null);
    let (all, _) = compared(dir.path(), &[&one, &other, "--json", "--all"]);
    assert_eq!(all.lines().count(), 1 + 4 + 5);
}

#[test]
fn a_damaged_log_is_never_said_to_be_the_same() {
    let dir = runs();
    let [one, _] = ids(dir.path());
    let folder = fs::canonicalize(dir.path().join("hoop/sessions/2025/11/21").join(&one)).unwrap();
    let log = folder.join("audit.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    let copy = dir.path().join("copy");
    fs::create_dir(&copy).unwrap();
    fs::write(copy.join("terminal.cast"), "").unwrap();
    fs::write(copy.join("audit.jsonl"), format!("{text}nonsense\n")).unwrap();
    let done = run(dir.path(), &["diff", &one, copy.to_str().unwrap()]);
    let told = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{told}");
    assert!(told.contains("1 lines of the audit log of the second session cannot be read"), "{told}");
}

#[test]
fn the_summary_leads_into_the_recording_and_comes_back() {
    let dir = runs();
    let mut viewer = Driven::start(&[], dir.path(), (100, 40));
    viewer.wait_for("2 sessions");
    // F3: what is typed goes into the query.
    viewer.press("\u{1b}OR");
    let sum = viewer.wait_for("longest commands");
    for part in [
        "calls     5, 2 denied",
        "s3                             4       1       2      1✗       1",
        "too many denials",
    ] {
        assert!(sum.contains(part), "{part}:\n{sum}");
    }
    // The third line is the alert; the first with its last cell what s3 denied.
    viewer.press("j");
    viewer.wait_for("▸s3");
    viewer.press("llll\r");
    let at = viewer.wait_for("\"s3 denied\" 1 of 1");
    assert!(at.contains("‖ 0:09.1"), "{at}");
    viewer.press("S");
    viewer.wait_for("▸s3");
    viewer.press("hhhh\r");
    viewer.wait_for("\"s3\" 1 of 4");
    viewer.press("n");
    viewer.wait_for("\"s3\" 2 of 4");
    viewer.press("\u{1b}");
    viewer.wait_for("Space play");
    viewer.resize(40, 12);
    viewer.press("S");
    viewer.wait_for("▸s3");
    viewer.press("\u{1b}");
    viewer.wait_for("‖ 0:04");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn the_summary_of_a_running_session_grows() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::begin(&dir.path().join("hoop"), 1, &["bash"], (80, 24));
    call(&session, 1, 10, &allowed("s3:ListBucket", AccessLevel::List, "arn:aws:s3:::reports"));
    let mut viewer = Driven::start(&["last"], dir.path(), (80, 30));
    viewer.wait_for("bash  ana@build-7");
    viewer.press("S");
    let sum = viewer.wait_for("calls     1");
    assert!(sum.contains("running"), "{sum}");
    call(&session, 2, 10, &allowed("kms:Decrypt", AccessLevel::Write, "arn:aws:kms:::key/1"));
    viewer.wait_for("calls     2");
    viewer.wait_for("kms");
    session.end(0);
    viewer.wait_for("exit 0");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn two_sessions_stand_beside_each_other_and_open_where_they_differ() {
    let dir = runs();
    let [one, other] = ids(dir.path());
    let mut viewer = Driven::start(&["diff", &one, &other], dir.path(), (120, 30));
    let shown = viewer.wait_for("CidrIp: 10.0.0.0/8 → 0.0.0.0/0");
    for part in [
        "! 1 changed",
        "+ 1 second only",
        "! ec2:AuthorizeSecurityGroupIngress",
        "│   0:09 + s3:DeleteBucket",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    viewer.press("n");
    viewer.wait_for("in the second session only");
    viewer.press("\r");
    viewer.wait_for("‖ 0:09.1");
    viewer.press("\u{1b}");
    viewer.wait_for("in the second session only");
    viewer.press("co");
    let commands = viewer.wait_for("commands, only what differs");
    assert!(commands.contains("< make report") && commands.contains("> make report"), "{commands}");
    viewer.resize(40, 12);
    viewer.wait_for("(→ B)");
    viewer.press("l");
    viewer.wait_for("(← A)");
    viewer.press("?");
    viewer.wait_for("open that session");
    viewer.press("?\u{1b}");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn sessions_marked_in_the_list_are_compared_and_the_list_is_there_again() {
    let dir = runs();
    let ascii = [("LANG", "C"), ("NO_COLOR", "1")];
    for (variables, size) in [(&[][..], (120, 30)), (&ascii[..], (80, 24)), (&ascii[..], (40, 12))] {
        let program = env!("CARGO_BIN_EXE_hoop-replay");
        let mut viewer = Driven::start_in(variables, &[program, "agent"], dir.path(), size);
        viewer.wait_until("the list", |text| text.contains("2 sessions") && !text.contains("searching"));
        // F4 while the query is typed: nothing is marked yet.
        viewer.press("\u{1b}OS");
        viewer.wait_for("F2 marks one");
        viewer.press("\u{1b}");
        viewer.wait_until("the line left", |text| !text.contains("F2 marks"));
        // The older one is A, what the cursor is on is the other.
        viewer.press("G ");
        let rows = |text: &str, sign: &str| -> Vec<usize> {
            let is_one = |line: &str| line.contains(sign) && !line.contains("marked");
            (0..).zip(text.lines()).filter(|(_, line)| is_one(line)).map(|(row, _)| row).collect()
        };
        let marked = rows(&viewer.wait_for("A marked"), " A ");
        assert_eq!(marked.len(), 1);
        viewer.press("gd");
        viewer.wait_for(if size.0 < 60 { "! 1 " } else { "! 1 changed" });
        viewer.press("\r");
        viewer.wait_until("the recording", |text| !text.contains("compared"));
        viewer.press("\u{1b}");
        viewer.wait_for("two sessions compared");
        viewer.press("\u{1b}");
        let is_back = |text: &str| text.contains("A marked") && !text.contains("compared");
        let list = viewer.wait_until("the list", is_back);
        let chosen = if variables.is_empty() { "▸2" } else { ">1" };
        assert!(list.contains("/ agent") && rows(&list, chosen)[0] < rows(&list, " A ")[0], "{list}");
        viewer.press(" ");
        viewer.wait_for("A B marked");
        viewer.press("q");
        assert_eq!(viewer.end(), (0, true));
    }
}
