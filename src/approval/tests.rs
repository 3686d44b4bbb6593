//! Questions from being asked to their end, and what the record has of it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;
use crate::audit::Event;
use crate::audit::Journal;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::types::Approvers;
use crate::types::SessionId;

/// What was written; nothing more can be once it is `full`.
#[derive(Default)]
struct Paper {
    lines: Mutex<Vec<serde_json::Value>>,
    full: Mutex<bool>,
}

impl Journal for Paper {
    fn write(&self, event: &Event) -> crate::error::Result<()> {
        if *self.full.lock().unwrap() {
            return Err(Error::new(Kind::Record, "the disk is full"));
        }
        self.lines.lock().unwrap().push(serde_json::to_value(event).unwrap());
        Ok(())
    }
}

struct World {
    broker: Broker,
    clock: Clock,
    paper: Arc<Paper>,
}

const BOTH: Ways = Ways { terminal: true, remote: true };

fn world(ways: Ways) -> World {
    let clock = Clock::fixed(1_763_700_000_000_000);
    let paper = Arc::new(Paper::default());
    let broker = Broker::new(Setup {
        clock: clock.clone(),
        session: SessionId::new(clock.unix_micros(), 7),
        host: "box".to_owned(),
        requester: Requester { name: "ana".to_owned(), keys: vec!["uid 1000".to_owned()] },
        ways,
        nobody: "there is no terminal to ask on".to_owned(),
        journal: paper.clone(),
    });
    World { broker, clock, paper }
}

impl World {
    fn first(&self) -> Waiting {
        self.broker.waiting().remove(0)
    }

    fn allow(&self, scope: Scope, by: &Approver) -> Answered {
        self.broker.answer(self.first().id, Answer::Allow(scope, String::new()), by)
    }

    fn deny(&self, reason: &str, by: &Approver) -> Answered {
        self.broker.answer(self.first().id, Answer::Deny(reason.to_owned()), by)
    }

    /// Types of all events about approvals, without the common start.
    fn told(&self) -> Vec<String> {
        let lines = self.paper.lines.lock().unwrap();
        lines.iter().map(|line| line["type"].as_str().unwrap().replace("approval.", "")).collect()
    }

    fn last(&self) -> serde_json::Value {
        self.paper.lines.lock().unwrap().last().unwrap().clone()
    }
}

fn delete(key: &str) -> Question {
    Question {
        action: "s3:DeleteObject".to_owned(),
        resources: vec![format!("arn:aws:s3:::billing/{key}")],
        rule: "rule \"x\" (policy.toml:3)".to_owned(),
        fingerprint: key.to_owned(),
        ttl: Duration::from_secs(50),
        ..Question::default()
    }
}

fn security(count: usize) -> Question {
    let needs = vec![Approvers { users: Vec::new(), groups: vec!["sec*".to_owned()], count }];
    Question { needs, ..delete("a") }
}

fn ana() -> Approver {
    Approver {
        name: "ana".to_owned(),
        groups: vec!["security".to_owned()],
        key: "uid 1000".to_owned(),
        is_owner: true,
        via: Via::Terminal,
    }
}

fn person(name: &str, groups: &[&str]) -> Approver {
    Approver {
        name: name.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        key: format!("{name} of https://idp"),
        is_owner: false,
        via: Via::Hoopctl,
    }
}

fn attempt(invocation: &str, call: u64) -> Question {
    Question { invocation: invocation.to_owned(), call: Some(call), ..delete("a") }
}

#[test]
fn two_identical_calls_wait_on_one_question_and_a_yes_counts_for_one_of_them() {
    let world = world(BOTH);
    let mut first = world.broker.ask(attempt("", 1));
    let mut second = world.broker.ask(attempt("", 2));
    assert_eq!((world.broker.waiting().len(), world.first().callers), (1, 2));
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.allow(Scope::Once, &ana()), Answered::Settled);
    assert!(first.try_answer().unwrap().is_allowed());
    assert!(second.try_answer().is_none(), "it goes on waiting");
    let again = world.first();
    assert_eq!((again.id, again.callers, again.question.call), (QuestionId(2), 1, Some(2)));
    assert_eq!(second.question(), Some(again.id));
    assert_eq!(world.broker.time_left(&again), Duration::from_secs(50), "people have their time for it");
    assert_eq!(world.allow(Scope::Once, &ana()), Answered::Settled);
    assert!(second.try_answer().unwrap().is_allowed());
    assert!(world.broker.ask(delete("a")).try_answer().is_none());
    assert_eq!(world.told(), ["asked", "joined", "answered", "asked", "answered", "asked"]);
}

#[test]
fn attempts_of_one_call_are_one_call_and_the_latest_goes_on() {
    let world = world(BOTH);
    let mut given_up = world.broker.ask(attempt("x", 1));
    let mut other = world.broker.ask(attempt("y", 2));
    let mut retry = world.broker.ask(attempt("x", 3));
    world.allow(Scope::Once, &ana());
    assert!(retry.try_answer().unwrap().is_allowed());
    assert_eq!(given_up.try_answer().unwrap(), Outcome::Denied(Refusal::TriedAgain));
    assert!(other.try_answer().is_none());
    world.deny("once is enough", &ana());
    assert!(!other.try_answer().unwrap().is_allowed());
}

#[test]
fn a_no_and_a_wider_yes_are_for_all_who_wait() {
    let world = world(BOTH);
    for is_yes in [false, true] {
        let mut all: Vec<_> = (0..3).map(|call| world.broker.ask(attempt("", call))).collect();
        match is_yes {
            true => world.allow(Scope::Session, &ana()),
            false => world.deny("", &ana()),
        };
        assert!(all.iter_mut().all(|one| one.try_answer().unwrap().is_allowed() == is_yes));
    }
}

#[test]
fn a_yes_in_the_moment_its_caller_goes_is_the_next_attempts() {
    let world = world(BOTH);
    let asked = world.broker.ask(attempt("x", 1));
    world.allow(Scope::Once, &ana());
    drop(asked);
    assert!(world.broker.ask(attempt("x", 2)).try_answer().unwrap().is_allowed());
    assert!(world.broker.ask(attempt("x", 3)).try_answer().is_none());
}

#[test]
fn whoever_says_when_it_comes_back_is_waited_for_and_whoever_never_will_is_not() {
    let world = world(BOTH);
    let left = world.broker.ask(delete("a")).leave(Duration::from_secs(20)).unwrap();
    world.clock.advance(Duration::from_secs(34));
    assert_eq!(world.first().callers, 0);
    let back = world.broker.ask(delete("a"));
    left.for_good();
    assert_eq!(world.first().callers, 1, "it is waited for again");
    let left = back.leave(Duration::ZERO).unwrap();
    left.for_good();
    assert!(world.broker.waiting().is_empty());
    assert_eq!(world.last()["answer"], "withdrawn");
    let mut others = world.broker.ask(attempt("", 1));
    assert!(world.broker.ask(attempt("", 2)).leave(Duration::ZERO).is_none(), "another waits");
    world.allow(Scope::Once, &ana());
    assert!(others.try_answer().unwrap().is_allowed());
}

#[test]
fn another_parameter_is_another_question() {
    let world = world(BOTH);
    let _first = world.broker.ask(delete("a"));
    let _second = world.broker.ask(Question { fingerprint: "other".to_owned(), ..delete("a") });
    assert_eq!(world.broker.waiting().len(), 2);
}

#[test]
fn no_answer_in_time_is_a_no_even_if_one_comes_late() {
    let world = world(BOTH);
    let mut asked = world.broker.ask(delete("a"));
    let id = world.first().id;
    world.clock.advance(Duration::from_secs(50));
    let late = world.broker.answer(id, Answer::Allow(Scope::Once, String::new()), &ana());
    assert_eq!(late, Answered::NotWaiting);
    let timed_out = Outcome::Denied(Refusal::TimedOut(Duration::from_secs(50)));
    assert_eq!(asked.try_answer().unwrap(), timed_out);
    assert_eq!(world.last()["answer"], "expired");
}

#[test]
fn a_yes_for_the_session_covers_the_same_action_resource_and_rule_only() {
    let world = world(BOTH);
    let mut first = world.broker.ask(delete("a"));
    let other = Question { fingerprint: "other".to_owned(), ..delete("a") };
    let mut waits_too = world.broker.ask(other.clone());
    world.allow(Scope::Session, &ana());
    assert!(first.try_answer().unwrap().is_allowed());
    assert!(waits_too.try_answer().unwrap().is_allowed(), "what waits already is covered");
    assert!(world.broker.ask(other).try_answer().unwrap().is_allowed());
    assert_eq!(world.last()["type"], "approval.used");
    for changed in [
        delete("b"),
        Question { rule: "another".to_owned(), ..delete("a") },
        Question { identity: Some("role admin".to_owned()), ..delete("a") },
        Question { account: Some("123456789012".to_owned()), ..delete("a") },
        Question { needs: security(1).needs, ..delete("a") },
    ] {
        assert!(world.broker.ask(changed.clone()).try_answer().is_none(), "{changed:?}");
    }
    world.broker.close("the session ended");
    assert!(world.told().contains(&"expired".to_owned()));
}

#[test]
fn a_yes_for_minutes_covers_the_action_on_anything_until_they_are_over() {
    let world = world(BOTH);
    let _first = world.broker.ask(delete("a"));
    world.allow("10m".parse().unwrap(), &ana());
    assert_eq!(world.last()["scope"], "10m");
    assert!(world.broker.ask(delete("b")).try_answer().unwrap().is_allowed());
    world.clock.advance(Duration::from_secs(599));
    assert!(world.broker.ask(delete("c")).try_answer().unwrap().is_allowed());
    world.clock.advance(Duration::from_secs(1));
    let asked = world.broker.ask(delete("d"));
    assert!(asked.question().is_some());
    let expired = world.paper.lines.lock().unwrap().iter().rev().nth(1).unwrap().clone();
    assert_eq!((&expired["type"], &expired["used"]), (&"approval.expired".into(), &2.into()));
}

#[test]
fn scopes_are_read_as_they_are_written() {
    for text in ["once", "session", "10m", "1h30m"] {
        assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
    }
    for text in ["", "0s", "2d", "for ever", "500ms"] {
        assert!(text.parse::<Scope>().is_err(), "{text}");
    }
}

#[test]
fn the_second_of_two_answers_comes_too_late() {
    let world = world(BOTH);
    let mut asked = world.broker.ask(delete("a"));
    let id = world.first().id;
    assert_eq!(world.deny("not now", &ana()), Answered::Settled);
    let second = world.broker.answer(id, Answer::Allow(Scope::Once, String::new()), &ana());
    assert_eq!(second, Answered::NotWaiting);
    let Outcome::Denied(refusal) = asked.try_answer().unwrap() else { panic!("allowed") };
    assert_eq!(refusal.to_string(), "ana denied it: not now");
}

#[test]
fn people_are_counted_and_nobody_answers_for_themselves() {
    let world = world(BOTH);
    let mut asked = world.broker.ask(security(2));
    assert_eq!(world.first().missing, ["2 more of group sec*"]);
    let refused = |answered: Answered, why: &str| match answered {
        Answered::Refused(told) => assert!(told.contains(why), "{told}"),
        other => panic!("{other:?}"),
    };
    refused(world.allow(Scope::Once, &ana()), "nobody approves their own request");
    let twin = Approver { name: "Ana".to_owned(), key: "x".to_owned(), via: Via::Page, ..ana() };
    refused(world.allow(Scope::Once, &twin), "nobody approves their own request");
    refused(world.allow(Scope::Once, &person("eve", &["dev"])), "eve is in dev");
    refused(world.deny("", &person("eve", &[])), "eve is in no group");
    let still = Answered::Counted(vec!["1 more of group sec*".to_owned()]);
    assert_eq!(world.allow(Scope::Session, &person("bo", &["security"])), still);
    refused(world.allow(Scope::Once, &person("bo", &["security"])), "said yes already");
    let same = Approver { name: "robert".to_owned(), ..person("bo", &["security"]) };
    refused(world.allow(Scope::Once, &same), "said yes already");
    assert!(asked.try_answer().is_none());
    assert_eq!(world.allow(Scope::Once, &person("cy", &["security"])), Answered::Settled);
    let by = "bo and cy".to_owned();
    assert_eq!(asked.try_answer().unwrap(), Outcome::Allowed { scope: Scope::Once, by });
    assert_eq!(world.told(), ["asked", "vote", "answered"]);
    assert_eq!(world.last()["by"], "bo and cy");
}

#[test]
fn an_approver_can_say_no_alone_and_the_requester_can_take_it_back() {
    let world = world(BOTH);
    let mut asked = world.broker.ask(security(2));
    assert_eq!(world.deny("too wide", &person("bo", &["security"])), Answered::Settled);
    assert!(!asked.try_answer().unwrap().is_allowed());
    let mut asked = world.broker.ask(security(2));
    assert_eq!(world.deny("", &ana()), Answered::Settled);
    assert!(!asked.try_answer().unwrap().is_allowed());
}

#[test]
fn without_named_approvers_only_the_owner_answers() {
    let world = world(BOTH);
    let _asked = world.broker.ask(delete("a"));
    assert!(matches!(world.allow(Scope::Once, &person("bo", &["security"])), Answered::Refused(_)));
    let elsewhere = Approver { via: Via::Hoopctl, ..ana() };
    assert_eq!(world.allow(Scope::Once, &elsewhere), Answered::Settled);
}

#[test]
fn with_nobody_to_answer_or_a_closed_session_the_answer_is_no_at_once() {
    let nobody = world(Ways { terminal: false, remote: false });
    let Outcome::Denied(refusal) = nobody.broker.ask(delete("a")).try_answer().unwrap() else { panic!() };
    assert_eq!(refusal.to_string(), "it needs a person's approval, and there is no terminal to ask on");
    assert_eq!(nobody.told(), ["asked", "answered"]);
    let alone = world(Ways { terminal: true, remote: false });
    let Outcome::Denied(refusal) = alone.broker.ask(security(1)).try_answer().unwrap() else { panic!() };
    assert!(refusal.to_string().contains("1 more of group sec* would have to answer"), "{refusal}");
    let world = world(BOTH);
    let mut asked = world.broker.ask(delete("a"));
    world.broker.close("the session ended");
    assert!(!asked.try_answer().unwrap().is_allowed());
    assert!(!world.broker.ask(delete("b")).try_answer().unwrap().is_allowed());
    assert_eq!(world.broker.tally().not_granted, 2);
}

#[test]
fn a_client_that_gave_up_finds_its_question_again_and_the_answer_too() {
    let world = world(BOTH);
    drop(world.broker.ask(delete("a")));
    assert_eq!(world.first().callers, 0);
    world.clock.advance(Duration::from_secs(14));
    let retry = world.broker.ask(delete("a"));
    assert_eq!((world.broker.waiting().len(), world.first().callers), (1, 1));
    drop(retry);
    world.allow(Scope::Once, &ana());
    assert!(world.broker.ask(delete("a")).try_answer().unwrap().is_allowed());
    assert!(world.broker.ask(delete("a")).try_answer().is_none(), "it was for one call");
    assert_eq!(world.told(), ["asked", "joined", "answered", "used", "asked"]);
}

#[test]
fn a_client_that_does_not_come_back_withdraws_its_question() {
    let world = world(BOTH);
    drop(world.broker.ask(delete("a")));
    world.clock.advance(Duration::from_secs(16));
    assert!(world.broker.waiting().is_empty());
    assert_eq!(world.last()["answer"], "withdrawn");
    let killed = world.broker.ask(delete("b"));
    killed.withdraw();
    assert!(world.broker.waiting().is_empty());
    let kept = world.broker.ask(delete("c"));
    drop(kept);
    world.allow(Scope::Once, &ana());
    world.clock.advance(Duration::from_secs(61));
    assert!(world.broker.ask(delete("c")).try_answer().is_none(), "an answer is not kept for ever");
}

#[test]
fn what_cannot_be_recorded_is_not_allowed() {
    let world = world(BOTH);
    let mut asked = world.broker.ask(delete("a"));
    *world.paper.full.lock().unwrap() = true;
    world.allow(Scope::Session, &ana());
    assert_eq!(asked.try_answer().unwrap(), Outcome::Denied(Refusal::Unrecorded));
    *world.paper.full.lock().unwrap() = false;
    assert!(world.broker.ask(delete("a")).try_answer().is_none(), "it is no grant either");
    *world.paper.full.lock().unwrap() = true;
    assert!(!world.broker.ask(delete("b")).try_answer().unwrap().is_allowed());
}

#[test]
fn a_retry_that_needs_other_people_is_another_question() {
    let world = world(BOTH);
    let _first = world.broker.ask(delete("a"));
    let second = world.broker.ask(security(1));
    assert_eq!(world.broker.waiting().len(), 2, "what was asked of ana alone is no question to security");
    second.withdraw();
    world.allow(Scope::Once, &ana());
    drop(world.broker.ask(delete("a")));
    world.allow(Scope::Once, &ana());
    let mut retry = world.broker.ask(security(1));
    assert!(retry.try_answer().is_none(), "a yes that is kept for its retry is none of security's");
}

#[test]
fn a_yes_that_is_kept_is_for_what_can_be_known_again() {
    let world = world(BOTH);
    let unknown = || Question { fingerprint: String::new(), ..delete("a") };
    let first = world.broker.ask(unknown());
    world.allow(Scope::Once, &ana());
    drop(first);
    assert!(world.broker.ask(unknown()).try_answer().is_none());
}

#[test]
fn a_vote_that_cannot_be_recorded_does_not_count() {
    let world = world(BOTH);
    let mut asked = world.broker.ask(security(2));
    *world.paper.full.lock().unwrap() = true;
    assert!(matches!(world.allow(Scope::Once, &person("bo", &["security"])), Answered::Refused(_)));
    *world.paper.full.lock().unwrap() = false;
    assert_eq!(world.first().missing, ["2 more of group sec*"]);
    assert!(matches!(world.allow(Scope::Once, &person("cy", &["security"])), Answered::Counted(_)));
    assert!(asked.try_answer().is_none());
    *world.paper.full.lock().unwrap() = true;
    assert!(matches!(world.allow(Scope::Once, &person("bo", &["security"])), Answered::Refused(_)));
    assert_eq!(asked.try_answer().unwrap(), Outcome::Denied(Refusal::Unrecorded));
}

#[test]
fn more_questions_than_a_person_can_answer_are_refused() {
    let world = world(BOTH);
    let all: Vec<_> = (0..256).map(|number| world.broker.ask(delete(&number.to_string()))).collect();
    assert_eq!(world.broker.waiting().len(), 256);
    assert!(!world.broker.ask(delete("one more")).try_answer().unwrap().is_allowed());
    drop(all);
}

#[test]
fn a_no_can_end_the_session() {
    let world = world(BOTH);
    let mut asked = world.broker.ask(delete("a"));
    world.broker.answer(world.first().id, Answer::Stop("runs wild".to_owned()), &ana());
    assert!(!asked.try_answer().unwrap().is_allowed());
    assert_eq!(world.broker.stopping().unwrap(), "ana ended it: runs wild");
}

#[test]
fn listeners_are_told_and_cards_have_all_there_is() {
    let world = world(BOTH);
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    world.broker.on_change(move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    world.clock.advance(Duration::from_secs(5));
    let asked = world.broker.ask(security(1));
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    let facts = vec![Fact { name: "objects".to_owned(), value: "3".to_owned() }];
    world.broker.found(asked.question().unwrap(), Findings { facts, ..Findings::default() });
    world.broker.shown(asked.question().unwrap(), "bo", "hoopctl", None);
    world.broker.shown(asked.question().unwrap(), "bo", "hoopctl", None);
    let card = world.broker.cards().remove(0);
    assert_eq!(card.asked, 1_763_700_005_000_000);
    assert_eq!(card.deadline - card.asked, 50_000_000);
    assert_eq!(card.name(), "0007-1");
    assert_eq!(card.findings.facts.len(), 1);
    let text = serde_json::to_string(&card).unwrap();
    assert_eq!(serde_json::from_str::<Card>(&text).unwrap().missing, card.missing);
    assert_eq!(world.told(), ["asked", "shown"]);
}
