//! Clients that give up and come again, and calls that only look like another's retry.

use std::time::Duration;
use std::time::Instant;

use hoop::approval::Scope;
use hoop::gateway::Capture;

use crate::clients::Place;
use crate::clients::came;
use crate::clients::count;

/// Its time-out is one that nothing resets.
const IMPATIENT: &str = r#"
const { DynamoDBClient, DescribeTableCommand } = require("@aws-sdk/client-dynamodb");
const requestHandler = { requestTimeout: 4000, throwOnRequestTimeout: true };
new DynamoDBClient({ requestHandler }).send(new DescribeTableCommand({ TableName: "impatient" }))
  .then((answer) => console.log("attempts", answer.$metadata.attempts), (error) => console.log(String(error)));
"#;

/// More than four attempts of four seconds.
const THINKING: Duration = Duration::from_secs(18);

#[test]
fn a_client_that_gives_up_is_sent_away_and_finds_the_yes_that_came_meanwhile() {
    let place = Place::new(Capture::Endpoint);
    let mut clients = [place.start("JavaScript", "node", &["-e", IMPATIENT], &["impatient"])];
    place.wait_for_questions(1, &mut clients);
    let asked = Instant::now();
    // Answered while it is away.
    loop {
        let waiting = place.broker().waiting();
        assert_eq!(waiting.len(), 1, "its question goes on: {waiting:?}");
        if asked.elapsed() > THINKING && waiting[0].callers == 0 {
            break;
        }
        clients[0].must_wait(&[]);
        assert!(asked.elapsed() < THINKING * 3);
        std::thread::sleep(Duration::from_millis(20));
    }
    place.allow_all(Scope::Once);
    let [client] = clients;
    let (_, text) = client.finish();
    assert!(text.starts_with("attempts "), "{text}");
    assert_eq!(count(&came(&place.upstream), "impatient"), 1);
    assert_eq!(place.world.events_of("approval.asked").len(), 1);
    assert_eq!(place.world.events_of("approval.used").len(), 1);
    assert!(!place.world.events_of("approval.joined").is_empty());
    let ends = place.world.events_of("call.end");
    let sent_away = ends
        .iter()
        .filter(|end| end["message"].as_str().is_some_and(|why| why.contains("joins the question")));
    assert!(sent_away.count() >= 1, "{ends:#?}");
}

const TABLE: &str = "import boto3; print(boto3.client('dynamodb').describe_table(TableName='twice'))";

#[test]
fn the_same_call_by_two_processes_is_one_question_and_a_yes_is_for_one_of_them() {
    let place = Place::new(Capture::Endpoint);
    let mut clients = vec![
        place.start("one", "python3", &["-c", TABLE], &[]),
        place.start("other", "python3", &["-c", TABLE], &[]),
    ];
    let until = Instant::now() + crate::clients::STARTING;
    while place.broker().waiting().first().is_none_or(|waiting| waiting.callers < 2) {
        assert!(Instant::now() < until, "{:?}", place.broker().waiting());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(place.broker().waiting().len(), 1);
    place.allow_all(Scope::Once);
    let until = Instant::now() + crate::clients::STARTING;
    let passed = loop {
        if let Some(place) = clients.iter_mut().position(crate::clients::Client::has_ended) {
            break clients.remove(place);
        }
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(20));
    };
    let (output, text) = passed.finish();
    assert!(output.status.success(), "{text}");
    assert_eq!(count(&came(&place.upstream), "twice"), 1);
    place.wait_for_questions(1, &mut clients);
    place.deny_all("once is enough");
    let (_, text) = clients.remove(0).finish();
    assert!(text.contains("ana denied it: once is enough"), "{text}");
    assert_eq!(count(&came(&place.upstream), "twice"), 0);
    assert_eq!(place.world.events_of("approval.asked").len(), 2);
}
