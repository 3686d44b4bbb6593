//! Questions to people, as a reviewer walks through them.

use std::path::Path;

use hoop::audit::Answer;
use hoop::audit::ApprovalAnswered;
use hoop::audit::ApprovalAsked;
use hoop::audit::ApprovalShown;
use hoop::audit::ApprovalUsed;
use hoop::audit::CallBegin;
use hoop::audit::CallEnd;
use hoop::audit::Decision;
use hoop::audit::Event;
use hoop::types::Effect;
use hoop::types::Micros;

use crate::pty::Driven;
use crate::store::Session;

fn fill(state: &Path) {
    let session = Session::begin(state, 0, &["make", "deploy"], (80, 24));
    session.output(500, "$ make deploy\r\n");
    let asked = |id: &str, call, question: &str| {
        let (id, question, needs) =
            (id.to_owned(), question.to_owned(), vec!["1 of group security".to_owned()]);
        let rule = Some("rule \"destructive\" (team.toml:4)".to_owned());
        let ttl = Micros(300_000_000);
        Event::ApprovalAsked(ApprovalAsked {
            id,
            call,
            question,
            rule,
            needs,
            ttl,
            ..ApprovalAsked::default()
        })
    };
    let answered = |id: &str, answer, reason: &str, scope: Option<&str>| {
        Event::ApprovalAnswered(ApprovalAnswered {
            id: id.to_owned(),
            answer,
            by: Some("bo".to_owned()),
            via: Some("page".to_owned()),
            reason: Some(reason.to_owned()),
            scope: scope.map(str::to_owned),
            took: Micros(20_000_000),
            ..ApprovalAnswered::default()
        })
    };
    let bucket = "arn:aws:s3:::old-logs";
    let question = format!("s3:DeleteBucket on {bucket}");
    let begin = |call| {
        let mut begin = CallBegin::new(call, "s3", "DeleteBucket", "s3:DeleteBucket");
        begin.resources = vec![bucket.to_owned()];
        session.event(10, &Event::CallBegin(Box::new(begin)));
        let (rule, origin, reason) =
            (Some("destructive".to_owned()), "team.toml:4".to_owned(), String::new());
        session.event(0, &Event::Decision(Decision { call, effect: Effect::Ask, rule, origin, reason }));
    };
    let done = |call| {
        let end = CallEnd { call, status: Some(204), ..CallEnd::default() };
        session.event(50, &Event::CallEnd(Box::new(end)));
    };
    begin(1);
    session.event(1_000, &asked("q1", Some(1), &question));
    let shown = ApprovalShown { id: "q1".into(), to: "bo".into(), via: "page".into(), error: None };
    session.event(100, &Event::ApprovalShown(shown));
    session.event(20_000, &answered("q1", Answer::Granted, "ticket 17", Some("10m")));
    done(1);
    session.output(100, "remove_bucket: old-logs\r\n");
    begin(2);
    session.event(5_000, &Event::ApprovalUsed(ApprovalUsed { id: "q1".into(), call: Some(2), question }));
    done(2);
    session.event(5_000, &asked("q2", None, "command terraform destroy"));
    session.event(20_000, &answered("q2", Answer::Denied, "bo denied it: not on a Friday", None));
    session.output(100, "make: *** [deploy] Error 126\r\n");
    session.end(2);
}

#[test]
fn a_tour_of_the_approvals() {
    let dir = tempfile::tempdir().unwrap();
    fill(&dir.path().join("hoop"));
    let mut viewer = Driven::start(&["--speed", "16"], dir.path(), (100, 30));
    viewer.wait_for("make deploy");
    viewer.press("\r");
    viewer.wait_for("‖");
    viewer.press("a");
    let list = viewer.wait_for("Approvals 2, 1 not granted");
    assert!(list.contains("◈ s3:DeleteBucket") && list.contains("⊘ command terraform"), "{list}");
    viewer.press("k");
    viewer.press("\r");
    viewer.wait_for("‖ 0:01.5");
    viewer.press("\r");
    viewer.wait_for("‖ 0:21.6");
    viewer.press("d");
    let detail = viewer.wait_for("reaches     for 10m");
    for part in
        ["needs       1 of group security", "shown to    bo on page", "why         ticket 17", "once more"]
    {
        assert!(detail.contains(part), "{part}:\n{detail}");
    }
    viewer.press("d");
    viewer.press("ww");
    let refused = viewer.wait_for("only not granted: 1 of 2");
    assert!(!refused.contains("◈ s3:DeleteBucket"), "{refused}");
    viewer.press("www");
    viewer.wait_until("all of them", |text| !text.contains("only "));
    viewer.press("k");
    viewer.press("o");
    let calls = viewer.wait_for("Calls 2");
    assert!(calls.contains("▸"), "{calls}");
    viewer.press("d");
    let call = viewer.wait_for("approval");
    assert!(call.contains("s3:DeleteBucket"), "{call}");
    viewer.press("d");
    viewer.wait_until("the list", |text| !text.contains("Detail "));
    viewer.press("a");
    viewer.wait_for("Approvals 2, 1 not granted");
    viewer.resize(40, 12);
    viewer.wait_for("◈ s3:DeleteBucket");
    viewer.resize(80, 24);
    // A key that comes together with a change of size may wait for the next one.
    viewer.wait_for("20.0s  granted");
    viewer.press("?");
    viewer.wait_for("the approvals, and back");
    viewer.press("?");
    viewer.wait_until("no help", |text| !text.contains("the approvals, and back"));
    viewer.press("\u{1b}");
    // Esc and a key right behind it are one key: Alt.
    viewer.wait_until("the calls", |text| !text.contains("not granted"));
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}
