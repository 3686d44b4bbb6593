//! What is not forwarded, and in which words.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use hoop::approval::Answer;
use hoop::approval::Scope;
use hoop::aws::sigv4::Key;
use hoop::clock::Clock;
use hoop::types::Secret;

use crate::broker::AT_TERMINAL;
use crate::broker::ana;
use crate::client;
use crate::client::json_call;
use crate::client::s3_call;
use crate::upstream::empty_json;
use crate::world::Plan;

const LIST_TABLES: &str = "DynamoDB_20120810.ListTables";

#[test]
fn an_unsigned_request_is_refused() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let reply = client::send(&world, b"GET /bucket/key HTTP/1.1\r\nhost: s3.amazonaws.com\r\n\r\n");
    assert_eq!(reply.status, 403, "{reply:?}");
    assert!(reply.text().contains("<Code>"), "{}", reply.text());
    assert!(upstream.take().is_empty());
    let end = world.call_end();
    assert_eq!((end["outcome"].as_str(), end["status"].as_u64()), (Some("refused"), Some(403)));
}

#[test]
fn a_foreign_key_is_refused() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let mut call = json_call(&world, "dynamodb", LIST_TABLES, "{}");
    call.key = Some(Key {
        access_key_id: "AKIAFOREIGNFOREIGN00".to_owned(),
        secret: Secret::new("whatever"),
        token: None,
    });
    let reply = call.send(&world);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("UnrecognizedClientException"), "{}", reply.text());
    assert!(upstream.take().is_empty());
}

#[test]
fn sigv2_is_refused() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let id = &world.env["AWS_ACCESS_KEY_ID"];
    for request in [
        format!("GET /b/k HTTP/1.1\r\nhost: s3.amazonaws.com\r\nauthorization: AWS {id}:c2ln\r\n\r\n"),
        format!(
            "GET /b/k?AWSAccessKeyId={id}&Expires=9999999999&Signature=c2ln HTTP/1.1\r\nhost: s3.amazonaws.com\r\n\r\n"
        ),
    ] {
        let reply = client::send(&world, request.as_bytes());
        assert!(reply.status == 400 || reply.status == 403, "{reply:?}");
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn an_old_date_is_refused() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let mut call = json_call(&world, "dynamodb", LIST_TABLES, "{}");
    call.at = Some(world.clock.unix_seconds() - 20 * 60);
    assert_eq!(call.send(&world).status, 403);
    assert!(upstream.take().is_empty());
}

#[test]
fn an_altered_body_is_refused() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let mut bytes = json_call(&world, "dynamodb", LIST_TABLES, r#"{"Limit":1}"#).bytes(&world);
    let last = bytes.len() - 2;
    bytes[last] = b'9';
    let reply = client::send(&world, &bytes);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("SignatureDoesNotMatch"), "{}", reply.text());
    assert!(upstream.take().is_empty());
}

#[test]
fn a_denied_call_names_the_rule_and_is_not_forwarded() {
    let upstream = empty_json();
    let deny = "[[statement]]\nsid = \"no-deletes\"\neffect = \"deny\"\naction = [\"s3:DeleteObject\"]\n";
    let world = Plan::observe(&upstream.url).policy(deny).start();
    let reply = s3_call(&world, "DELETE", "/billing/2026/07.csv", b"").send(&world);
    assert_eq!(reply.status, 403);
    let text = reply.text();
    assert!(text.contains("<Code>AccessDenied</Code>"), "{text}");
    assert!(
        text.contains("hoop: s3:DeleteObject on arn:aws:s3:::billing/2026/07.csv is denied: rule"),
        "{text}"
    );
    assert!(text.contains("policy.toml:3"), "{text}");
    assert!(upstream.take().is_empty());
    assert_eq!(world.events_of("decision")[0]["effect"], "deny");
    let order: Vec<_> =
        world.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(order, ["session.start", "credential", "call.begin", "decision", "call.end"]);
}

#[test]
fn a_denied_upload_is_answered_before_its_body() {
    let upstream = empty_json();
    let deny = "[[statement]]\neffect = \"deny\"\naction = [\"s3:PutObject\"]\n";
    let world = Plan::observe(&upstream.url).policy(deny).start();
    let mut call = s3_call(&world, "PUT", "/bucket/key", &[7; 100_000]);
    call.headers.push(("expect".to_owned(), "100-continue".to_owned()));
    let bytes = call.bytes(&world);
    let mut stream = client::dial(&world);
    stream.write_all(&bytes[..bytes.len() - 100_000]).unwrap();
    let reply = client::read_reply(&mut stream);
    assert_eq!(reply.status, 403);
    assert!(!reply.head.contains("100 Continue"), "{}", reply.head);
}

#[test]
fn a_client_that_sends_without_waiting_still_reads_its_denial() {
    let upstream = empty_json();
    let deny = "[[statement]]\neffect = \"deny\"\naction = [\"s3:PutObject\"]\n";
    let world = Plan::observe(&upstream.url).policy(deny).start();
    let reply = s3_call(&world, "PUT", "/bucket/key", &vec![7; 20 << 20]).send(&world);
    assert_eq!(reply.status, 403);
    let mut foreign = s3_call(&world, "PUT", "/bucket/key", &vec![7; 20 << 20]);
    foreign.key =
        Some(Key { access_key_id: "AKIAFOREIGNFOREIGN00".to_owned(), secret: Secret::new("x"), token: None });
    assert_eq!(foreign.send(&world).status, 403);
}

#[test]
fn a_waiting_client_is_kept_alive() {
    let upstream = empty_json();
    let ask = "[[statement]]\neffect = \"ask\"\naction = [\"dynamodb:*\"]\n";
    let mut plan = Plan::observe(&upstream.url).policy(ask);
    plan.ways = AT_TERMINAL;
    let world = plan.start();
    let mut stream = client::dial(&world);
    let mut call = json_call(&world, "dynamodb", LIST_TABLES, "{}");
    call.headers.push(("user-agent".to_owned(), "Boto3/1.44.5 md/Botocore#1.44.5".to_owned()));
    stream.write_all(&call.bytes(&world)).unwrap();
    // The first interim response comes after four seconds; then the person answers.
    let mut first = [0; 25];
    std::io::Read::read_exact(&mut stream, &mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    let waiting = world.broker.waiting().pop().unwrap();
    world.broker.answer(waiting.id, Answer::Allow(Scope::Once, String::new()), &ana());
    assert_eq!(client::read_reply(&mut stream).status, 200);
}

#[test]
fn a_question_nobody_can_answer_is_a_denial_that_says_so() {
    let upstream = empty_json();
    let ask = "[[statement]]\nsid = \"people\"\neffect = \"ask\"\naction = [\"dynamodb:*\"]\n";
    let world = Plan::observe(&upstream.url).policy(ask).start();
    let reply = json_call(&world, "dynamodb", LIST_TABLES, "{}").send(&world);
    let text = reply.text();
    assert!(text.contains("there is no terminal to ask on"), "{text}");
    assert!(text.contains("AccessDeniedException"), "{text}");
    assert!(upstream.take().is_empty());
    assert_eq!(world.events_of("approval.answered")[0]["answer"], "nobody");
}

#[test]
fn where_the_rule_names_approvers_the_person_at_this_terminal_is_not_asked() {
    let upstream = empty_json();
    let ask = "[[statement]]\neffect = \"ask\"\naction = [\"dynamodb:*\"]\napprovers = { group = [\"security\"] }\n";
    let mut plan = Plan::observe(&upstream.url).policy(ask);
    plan.ways = AT_TERMINAL;
    let world = plan.start();
    let reply = json_call(&world, "dynamodb", LIST_TABLES, "{}").send(&world);
    assert!(reply.text().contains("1 more of group security would have to answer"), "{}", reply.text());
    assert!(upstream.take().is_empty());
    assert_eq!(world.events_of("approval.answered")[0]["answer"], "nobody");
}

#[test]
fn a_held_call_goes_on_when_a_person_says_yes() {
    let upstream = empty_json();
    let ask = "[[statement]]\neffect = \"ask\"\naction = [\"dynamodb:*\"]\n";
    let mut plan = Plan::observe(&upstream.url).policy(ask);
    plan.ways = AT_TERMINAL;
    let world = Arc::new(plan.start());
    let call = json_call(&world, "dynamodb", LIST_TABLES, "{}");
    let (inside, bytes) = (world.clone(), call.bytes(&world));
    let client = std::thread::spawn(move || client::send(&inside, &bytes));
    let waiting = loop {
        if let Some(waiting) = world.broker.waiting().pop() {
            break waiting;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(waiting.question.action, "dynamodb:ListTables");
    assert!(upstream.take().is_empty());
    world.broker.answer(waiting.id, Answer::Allow(Scope::Once, String::new()), &ana());
    assert_eq!(client.join().unwrap().status, 200);
    assert_eq!(upstream.take().len(), 1);
    assert_eq!(world.events_of("approval.answered")[0]["by"], "ana");
}

#[test]
fn a_client_that_goes_away_withdraws_its_question() {
    let upstream = empty_json();
    let ask = "[[statement]]\neffect = \"ask\"\naction = [\"dynamodb:*\"]\n";
    let mut plan = Plan::observe(&upstream.url).policy(ask);
    plan.ways = AT_TERMINAL;
    plan.clock = Clock::fixed(1_763_700_000_000_000);
    let world = plan.start();
    let mut stream = client::dial(&world);
    stream.write_all(&json_call(&world, "dynamodb", LIST_TABLES, "{}").bytes(&world)).unwrap();
    while world.broker.waiting().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(stream);
    let end = world.call_end();
    assert_eq!(end["outcome"], "cancelled");
    let waiting = world.broker.waiting().pop().unwrap();
    assert_eq!(waiting.callers, 0, "its retry may come");
    world.clock.advance(Duration::from_secs(16));
    assert!(world.broker.waiting().is_empty());
    assert_eq!(world.events_of("approval.answered")[0]["answer"], "withdrawn");
    assert!(upstream.take().is_empty());
}

#[test]
fn what_cannot_be_recorded_is_not_forwarded() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    world.recorder.finish(&hoop::audit::End::default()).unwrap();
    let reply = json_call(&world, "dynamodb", LIST_TABLES, "{}").send(&world);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("AccessDeniedException"), "{}", reply.text());
    assert!(reply.text().contains("cannot be recorded"), "{}", reply.text());
    let script = "import boto3, botocore\ntry: boto3.client('dynamodb').list_tables()\n\
                  except botocore.exceptions.ClientError as e: print(e.response['ResponseMetadata']['RetryAttempts'], e)";
    let output = std::process::Command::new(crate::moto::venv().join("bin/python3"))
        .args(["-c", script])
        .env_clear()
        .envs(&world.env)
        .output()
        .unwrap();
    let said = output.stdout.escape_ascii().to_string();
    assert!(
        said.starts_with("0 An error occurred (AccessDeniedException)"),
        "{said} {}",
        output.stderr.escape_ascii()
    );
    assert!(said.contains("cannot be recorded"), "{said}");
    assert!(upstream.take().is_empty());
}

#[test]
fn without_a_credential_the_message_says_what_to_do() {
    let upstream = empty_json();
    let mut plan = Plan::observe(&upstream.url);
    plan.environment = vec![("AWS_PROFILE".to_owned(), "missing".to_owned())];
    let world = plan.start();
    let reply = json_call(&world, "dynamodb", LIST_TABLES, "{}").send(&world);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("no AWS credential from profile missing"), "{}", reply.text());
    assert!(upstream.take().is_empty());
    assert_eq!(world.events_of("credential")[1]["what"], "failed");
}

#[test]
fn an_upstream_that_is_gone_is_a_bad_gateway() {
    let world = Plan::observe("http://127.0.0.1:1").start();
    let reply = json_call(&world, "sqs", "AmazonSQS.ListQueues", "{}").send(&world);
    assert_eq!(reply.status, 502);
    assert!(reply.text().contains("connection refused"), "{}", reply.text());
    assert_eq!(world.call_end()["outcome"], "failed");
}
