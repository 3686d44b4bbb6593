//! Questions to people and what is said about them: canaries in every field of every event, unmasked by whoever made it.

use std::sync::Arc;
use std::time::Duration;

use hoop::approval::Answer;
use hoop::approval::Approver;
use hoop::approval::Broker;
use hoop::approval::Fact;
use hoop::approval::Findings;
use hoop::approval::Question;
use hoop::approval::Requester;
use hoop::approval::Scope;
use hoop::approval::Setup;
use hoop::approval::Via;
use hoop::approval::Ways;
use hoop::audit::CallBegin;
use hoop::audit::End;
use hoop::audit::Event;
use hoop::audit::Start;
use hoop::clock::Clock;
use hoop::mask::Engine;
use hoop::record::Recorder;
use hoop::types::Approvers;
use hoop::types::SessionId;

use crate::canary::CONTROL;
use crate::canary::Flock;
use crate::canary::Found;
use crate::canary::assert_none;
use crate::canary::everything_in;
use crate::support::home::Home;
use crate::support::home::finish;

const NOON: u64 = 1_763_726_400_000_000;

fn person(flock: &mut Flock, name: &str) -> Approver {
    Approver {
        name: format!("{name} {}", flock.token("an approver's name")),
        groups: vec!["security".to_owned()],
        key: format!("{name} of https://idp.example/{}", flock.token("an approver's identity")),
        is_owner: false,
        via: Via::Hoopctl,
    }
}

fn question(flock: &mut Flock, call: u64) -> Question {
    let token = |flock: &mut Flock, channel: &str| flock.token(&format!("a question's {channel}"));
    Question {
        action: "s3:DeleteBucket".to_owned(),
        resources: vec![format!("arn:aws:s3:::{CONTROL}/{}", token(flock, "resource"))],
        who: "ana".to_owned(),
        command: Some(token(flock, "command")),
        above: vec![token(flock, "process above")],
        identity: Some(token(flock, "role")),
        rule: format!("rule \"{}\" (team.toml:4)", token(flock, "rule")),
        reason: token(flock, "reason"),
        parameters: vec![Fact { name: "Tag".to_owned(), value: token(flock, "parameter") }],
        call: Some(call),
        fingerprint: token(flock, "fingerprint"),
        needs: vec![Approvers {
            groups: vec!["security".to_owned(), token(flock, "group")],
            users: Vec::new(),
            count: 2,
        }],
        ttl: Duration::from_secs(300),
        ..Question::default()
    }
}

#[test]
fn no_word_about_an_approval_is_stored_with_a_secret() {
    let home = Home::new();
    let mut flock = Flock::default();
    let (clock, masks) = (Clock::fixed(NOON), Arc::new(Engine::builtin()));
    let mut start = Start::new(SessionId::new(NOON, 7), NOON, vec!["sh".to_owned()]);
    "ana".clone_into(&mut start.user);
    let recorder = Recorder::masked(&home.state(), &start, clock.clone(), &masks).unwrap();
    for number in 1..=3 {
        let begin = CallBegin::new(number, "s3", "DeleteBucket", "s3:DeleteBucket");
        recorder.event(&Event::CallBegin(Box::new(begin))).unwrap();
    }
    let broker = Broker::new(Setup {
        clock,
        session: recorder.id(),
        host: "box".to_owned(),
        requester: Requester { name: "ana".to_owned(), keys: vec!["uid 1000".to_owned()] },
        ways: Ways { terminal: true, remote: true },
        nobody: String::new(),
        journal: Arc::new(recorder.clone()),
    });
    let first = question(&mut flock, 1);
    let mut waiting = broker.ask(first.clone());
    let mut retry = broker.ask(Question { call: Some(2), ..first.clone() });
    let id = waiting.question().unwrap();
    let fact = Fact { name: "objects".to_owned(), value: flock.token("a finding") };
    broker.found(id, Findings { facts: vec![fact], ..Findings::default() });
    let (to, error) = (flock.token("shown to"), flock.token("why it was not shown"));
    broker.shown(id, &format!("https://hook.example/{to}"), "webhook", Some(format!("refused: {error}")));
    let (bo, cy) = (person(&mut flock, "bo"), person(&mut flock, "cy"));
    let reason = |flock: &mut Flock, channel: &str| format!("{CONTROL} {}", flock.token(channel));
    let yes = |reason| Answer::Allow(Scope::Session, reason);
    broker.answer(id, yes(reason(&mut flock, "the reason of a vote")), &bo);
    broker.answer(id, yes(reason(&mut flock, "the reason of a yes")), &cy);
    assert!(waiting.try_answer().unwrap().is_allowed() && retry.try_answer().unwrap().is_allowed());
    // An earlier yes lets it through.
    assert!(broker.ask(Question { call: Some(3), ..first }).try_answer().unwrap().is_allowed());
    let second = question(&mut flock, 3);
    let denied = broker.ask(second);
    let no = Answer::Deny(reason(&mut flock, "the reason of a no"));
    broker.answer(denied.question().unwrap(), no, &bo);
    let third = broker.ask(question(&mut flock, 3));
    broker.close(format!("{CONTROL} {}", flock.token("why the session ended")));
    drop(third);
    recorder.finish(&End { status: Some(0), ..End::default() }).unwrap();
    assert!(flock.canaries.len() >= 30, "{}", flock.canaries.len());

    let mut places = everything_in(&home.state());
    let id = recorder.id().to_string();
    for (program, arguments) in [
        ("hoopctl", vec!["calls", &id]),
        ("hoopctl", vec!["calls", &id, "--json"]),
        ("hoopctl", vec!["search", "approval:granted approval:denied approval:withdrawn"]),
        ("hoopctl", vec!["search", "approval:granted", "--json"]),
        ("hoopctl", vec!["search", "plainly"]),
        ("hoopctl", vec!["sessions", "--approval", "used", "--json"]),
        ("hoop-replay", vec!["export", &id, "--format", "jsonl"]),
        ("hoop-replay", vec!["export", &id, "--format", "cast"]),
    ] {
        let mut command = home.command(program);
        let outcome = finish({
            command.args(&arguments);
            command
        });
        assert_eq!(outcome.code, Some(0), "{program} {arguments:?}: {}", outcome.stderr);
        let bytes = format!("{}{}", outcome.stdout, outcome.stderr).into_bytes();
        places.push(Found { name: format!("{program} {arguments:?}"), bytes });
    }
    places.extend(everything_in(&home.state()));
    for place in ["audit.jsonl", "terminal.cast", "rows of", "calls", "approval:granted", "jsonl"] {
        let holds = |found: &Found| memchr::memmem::find(&found.bytes, CONTROL.as_bytes()).is_some();
        assert!(places.iter().any(|found| found.name.contains(place) && holds(found)), "nothing of {place}");
    }
    let audit = std::fs::read_to_string(recorder.folder().join("audit.jsonl")).unwrap();
    for kind in ["asked", "joined", "shown", "vote", "answered", "used", "expired"] {
        assert!(audit.contains(&format!("\"type\":\"approval.{kind}\"")), "no approval.{kind}");
    }
    assert_none(&flock.canaries, &places);
}
