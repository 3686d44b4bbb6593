//! `--mask`: what a stricter rule hides stays hidden, wherever it stood, in every format.

use std::path::PathBuf;
use std::time::Duration;

use hoop::audit::*;
use hoop::clock::Clock;
use hoop::record::Recorder;
use hoop::types::Effect;
use hoop::types::SessionId;

use super::*;

/// Every place of a recording that can hold text, each with an address of its own.
fn mail(place: &str) -> String {
    format!("{place}.canary@leaky-corp.example.com")
}

fn filled_with_canaries() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::fixed(store::STARTED);
    let command = ["sh".to_owned(), mail("command")].to_vec();
    let mut start = Start::new(SessionId::new(store::STARTED, 77), store::STARTED, command);
    start.title = Some(format!("work for {}", mail("title")));
    start.user = mail("user");
    start.host = "build-7".to_owned();
    start.cwd = format!("/home/{}", mail("cwd"));
    start.agent = Some(mail("agent"));
    start.env.insert("OWNER".to_owned(), mail("env"));
    start.groups = vec![mail("group")];
    start.identity = Some(IdentityUsed {
        subject: Some(mail("subject")),
        email: Some(mail("email")),
        assurance: "verified".to_owned(),
        ..IdentityUsed::default()
    });
    (start.tty, start.cols, start.rows) = (true, 80, 24);
    let recorder = Recorder::create(&dir.path().join("hoop"), &start, clock.clone()).unwrap();
    let output = |text: &str| {
        clock.advance(Duration::from_millis(500));
        recorder.output(text.as_bytes()).unwrap();
        recorder.flush().unwrap();
    };
    output(&format!("\x1b]0;{}\x07$ cat list\r\n", mail("window-title")));
    // In pieces, in colours, wrapped at the edge of the screen, drawn out of order.
    let split = mail("split");
    split.as_bytes().chunks(5).for_each(|piece| output(std::str::from_utf8(piece).unwrap()));
    output(&format!("\r\nin \x1b[31m{}\x1b[0m colour\r\n", mail("coloured")));
    output(&format!("{}{}\r\n", " ".repeat(60), mail("wrapped")));
    output("\x1b[12;20H@leaky-corp.example.com\x1b[12;1Hout-of-order.canary\x1b[14;1H");
    recorder.marker(&format!("done for {}", mail("marker"))).unwrap();
    let event = |event: Event| assert!(recorder.event(&event).is_ok());
    event(Event::CommandStart(CommandStart {
        id: 1,
        pid: 7,
        argv: vec!["send".to_owned(), mail("argv")],
        cwd: Some(mail("command-cwd")),
        exe: Some(format!("/opt/{}", mail("exe"))),
        ..CommandStart::default()
    }));
    event(Event::CommandTyped(CommandTyped {
        line: format!("send {}", mail("typed")),
        ..CommandTyped::default()
    }));
    let mut call = CallBegin::new(1, "ses", "SendEmail", "ses:SendEmail");
    call.command = Some(1);
    call.resources = vec![format!("arn:aws:ses:eu-west-1:123456789012:identity/{}", mail("resource"))];
    call.params = serde_json::json!({"To": [mail("param")], mail("param-name"): 1, "Nested": {"a": {"b": mail("nested")}}});
    call.agent = Some(format!("cli {}", mail("user-agent")));
    call.path = format!("/?to={}", mail("path"));
    call.identity = Some(format!("arn:aws:sts::123456789012:assumed-role/dev/{}", mail("identity")));
    event(Event::CallBegin(Box::new(call)));
    event(Event::Decision(Decision {
        call: 1,
        effect: Effect::Ask,
        rule: Some(mail("rule")),
        origin: "team.toml:3".to_owned(),
        reason: format!("ask {}", mail("reason")),
    }));
    event(Event::ApprovalAsked(ApprovalAsked {
        id: "q1".to_owned(),
        call: Some(1),
        question: mail("question"),
        ..ApprovalAsked::default()
    }));
    event(Event::ApprovalAnswered(ApprovalAnswered {
        id: "q1".to_owned(),
        call: Some(1),
        answer: Answer::Granted,
        by: Some(mail("approver")),
        reason: Some(mail("answer")),
        ..ApprovalAnswered::default()
    }));
    event(Event::CallEnd(Box::new(CallEnd {
        call: 1,
        status: Some(400),
        error: Some("MessageRejected".to_owned()),
        message: Some(format!("not verified: {}", mail("message"))),
        ..CallEnd::default()
    })));
    event(Event::Alert(Alert { name: "mails".to_owned(), message: mail("alert"), ..Alert::default() }));
    output("$ ");
    let end = End { message: Some(mail("end")), ..End::default() };
    let folder = recorder.finish(&end).unwrap();
    (dir, folder)
}

/// What a file says, without the ways in which it is packed.
fn plain(format: &str, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if format != "html" {
        return text;
    }
    format!("{text}{}", crate::page::unpacked(&text))
}

#[test]
fn no_canary_gets_out_through_any_format() {
    let (dir, _) = filled_with_canaries();
    for format in [
        "cast",
        "cast2",
        "txt",
        "screen",
        "svg",
        "png",
        "html",
        "movie",
        "jsonl",
        "csv",
        "ocsf",
        "cloudtrail",
    ] {
        let title = format!("for {}", mail("own-title"));
        let arguments = ["export", "last", "-f", format, "--title", &title];
        let open = plain(format, &bytes(dir.path(), &arguments));
        assert!(open.contains("leaky-corp"), "{format}: the test would find nothing");
        let masked = plain(format, &bytes(dir.path(), &[&arguments[..], &["--mask", "pii"]].concat()));
        for part in ["leaky-corp", ".canary@", "canary@"] {
            let at = masked
                .find(part)
                .map(|at| masked[at.saturating_sub(200)..].chars().take(400).collect::<String>());
            assert!(at.is_none(), "{format} gives {part} away: {at:?}");
        }
        assert!(masked.contains("pii"), "{format} does not say what was masked: {masked}");
        assert!(masked.contains("email"), "{format} does not say by which rule: {masked}");
    }
}

#[test]
fn a_moving_picture_says_what_was_masked() {
    let (dir, _) = filled_with_canaries();
    let picture =
        String::from_utf8_lossy(&bytes(dir.path(), &["export", "last", "-f", "gif", "--mask", "pii"]))
            .into_owned();
    assert!(picture.contains("rule packs default, pii: email ") && !picture.contains("canary"));
}

#[test]
fn a_part_of_it_is_as_masked_as_the_whole() {
    let (dir, _) = filled_with_canaries();
    // From the middle of an address on.
    for from in ["1.6", "2.1", "3", "60%", "marker:done"] {
        let part = output(dir.path(), &["export", "last", "-f", "cast", "--from", from, "--mask", "pii"]);
        assert!(!part.contains("leaky-corp") && !part.contains("canary@"), "{from}: {part}");
    }
}

#[test]
fn a_pack_that_there_is_not_is_refused() {
    let dir = filled();
    assert!(trouble(dir.path(), &["export", "last", "-f", "txt", "--mask", "pij"]).contains("pii"));
}
