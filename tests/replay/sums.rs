//! The summary of a session, and two sessions compared: on the screen, as text, as JSON.

use std::fs;
use std::path::Path;
use std::process::Output;

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
    let question = "kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/7b0e9c1a-3f52-4f0e-9a53-0c2f6a1d8e77";
    session.event(
        500,
        &Event::ApprovalAsked(ApprovalAsked { id: id(), question: question.to_owned(), ..Default::default() }),
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

#[test]
#[ignore]
fn keep() {
    let dir = Path::new("/tmp/sums-store");
    let _ = fs::remove_dir_all(dir);
    agent(&dir.join("hoop"), 1, false);
    agent(&dir.join("hoop"), 2, true);
    let mut big = Session::begin(&dir.join("hoop"), 3, &["bash", "-l"], (120, 40));
    for n in 0..400u64 {
        let action = ["s3:GetObject", "s3:ListBucket", "dynamodb:Query", "ec2:DescribeInstances", "iam:CreateRole", "sts:AssumeRole", "lambda:Invoke", "kms:Decrypt", "logs:PutLogEvents", "sqs:SendMessage"][(n * 7 % 10) as usize];
        big.call(n % 13 * 200, action, &format!("arn:aws:x:eu-west-1:123456789012:thing/{}", n % 37), if n % 29 == 0 { Effect::Deny } else { Effect::Allow });
    }
    big.end(0);
}
