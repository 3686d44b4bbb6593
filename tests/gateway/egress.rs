//! Connections to hosts that are not AWS's, held until a person has answered.

use std::io::Read;
use std::io::Write;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use hoop::approval::Answer;
use hoop::approval::Scope;
use hoop::approval::Subject;
use hoop::approval::Waiting;

use crate::broker::AT_TERMINAL;
use crate::broker::NOBODY;
use crate::broker::ana;
use crate::client;
use crate::upstream::Upstream;
use crate::upstream::json;
use crate::upstream::upstream;
use crate::world::Plan;
use crate::world::World;

const ASK: &str =
    "[[egress]]\nhost = \"127.0.0.1\"\neffect = \"ask\"\nreason = \"not ours\"\nttl = \"30s\"\n";

fn asking(policy: &str) -> World {
    let mut plan = Plan::observe("http://127.0.0.1:1").policy(policy);
    plan.ways = AT_TERMINAL;
    plan.start()
}

fn elsewhere() -> Upstream {
    upstream(|_, _| json("from elsewhere"))
}

/// curl through the gateway's proxy.
fn curl(world: &World, arguments: &[&str]) -> Child {
    let proxy = format!("http://127.0.0.1:{}", world.gateway.port());
    Command::new("curl")
        .args(["-sS", "--noproxy", "", "--proxy", &proxy, "--max-time", "60"])
        .args(arguments)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn said(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    [output.stdout, output.stderr].concat().escape_ascii().to_string()
}

/// Waits for what is wanted of the questions.
fn until(world: &World, wanted: impl Fn(&[Waiting]) -> bool) -> Vec<Waiting> {
    for _ in 0..2_000 {
        let waiting = world.broker.waiting();
        if wanted(&waiting) {
            return waiting;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{:#?}", world.broker.waiting());
}

fn first(world: &World) -> Waiting {
    until(world, |waiting| !waiting.is_empty()).remove(0)
}

#[test]
fn a_connection_waits_for_a_person_and_goes_on() {
    let (world, other) = (asking(ASK), elsewhere());
    for how in [&["--proxytunnel"][..], &[]] {
        let child = curl(&world, &[how, &[other.url.as_str()]].concat());
        let asked = first(&world);
        let question = &asked.question;
        assert_eq!((question.subject, question.action.as_str()), (Subject::Connection, "connect"));
        assert_eq!(question.resources, [other.url.trim_start_matches("http://")]);
        assert_eq!((question.rule.as_str(), question.reason.as_str()), ("rule policy.toml:3", "not ours"));
        assert_eq!(question.ttl, Duration::from_secs(30));
        assert!(other.take().is_empty() && world.events_of("tunnel.start").len() < 2, "nothing has happened");
        world.broker.answer(asked.id, Answer::Allow(Scope::Once, String::new()), &ana());
        let said = said(child);
        assert!(said.contains("from elsewhere"), "{how:?} {said}");
        assert_eq!(other.take().len(), 1);
    }
    assert_eq!(world.events_of("tunnel.start").len(), 2);
    assert_eq!(world.events_of("approval.asked").len(), 2);
}

#[test]
fn a_no_is_told_with_its_reason() {
    let (world, other) = (asking(ASK), elsewhere());
    for how in [&["--proxytunnel", "-v"][..], &[]] {
        let child = curl(&world, &[how, &[other.url.as_str()]].concat());
        let asked = first(&world);
        world.broker.answer(asked.id, Answer::Deny("not today".to_owned()), &ana());
        let said = said(child);
        assert!(said.contains("403") || said.contains("was not approved"), "{said}");
        if how.is_empty() {
            assert!(
                said.contains("was not approved (rule policy.toml:3): ana denied it: not today"),
                "{said}"
            );
        }
    }
    assert!(other.take().is_empty());
    assert_eq!(world.events_of("tunnel.refused").len(), 2);
    assert!(world.events_of("tunnel.start").is_empty());
}

#[test]
fn nobody_to_ask_is_a_no_and_approvers_are_needed_where_a_rule_names_them() {
    let other = elsewhere();
    let mut plan = Plan::observe("http://127.0.0.1:1").policy(ASK);
    plan.ways = NOBODY;
    let world = plan.start();
    let told = said(curl(&world, &[&other.url]));
    assert!(told.contains("there is no terminal to ask on"), "{told}");
    let named = format!("{ASK}approvers = {{ group = \"security\" }}\n");
    let world = asking(&named);
    let told = said(curl(&world, &[&other.url]));
    assert!(told.contains("1 more of group security would have to answer"), "{told}");
    assert!(other.take().is_empty());
}

#[test]
fn connections_to_one_host_join_and_a_client_that_goes_away_is_missed() {
    let world = asking(ASK);
    let mut one = client::dial(&world);
    let mut two = client::dial(&world);
    for stream in [&mut one, &mut two] {
        stream.write_all(b"CONNECT 127.0.0.1:9 HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    }
    until(&world, |waiting| waiting.len() == 1 && waiting[0].callers == 2);
    drop(one);
    until(&world, |waiting| waiting.len() == 1 && waiting[0].callers == 1);
    drop(two);
    let left = until(&world, |waiting| waiting.iter().all(|waiting| waiting.callers == 0));
    for waiting in left {
        world.broker.answer(waiting.id, Answer::Deny(String::new()), &ana());
    }
    assert!(world.events_of("tunnel.start").is_empty());
}

#[test]
fn a_host_that_is_allowed_is_not_asked_about() {
    let other = elsewhere();
    let port = other.url.rsplit(':').next().unwrap();
    let rules = format!(
        "[[egress]]\nhost = \"127.0.0.1:{port}\"\neffect = \"allow\"\n[[egress]]\nhost = \"127.0.0.2\"\neffect = \"ask\"\n"
    );
    let world = asking(&rules);
    let mut stream = client::dial(&world);
    let host = other.url.trim_start_matches("http://");
    write!(stream, "GET {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n", other.url).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("from elsewhere"), "{answer}");
    assert!(world.events_of("approval.asked").is_empty());
}
