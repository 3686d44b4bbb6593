//! Real clients while a person thinks: no timeout of theirs ends the wait, and none asks twice.

use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use hoop::approval::Answer;
use hoop::approval::Scope;
use hoop::gateway::Capture;
use http::Response;

use crate::broker::AT_TERMINAL;
use crate::broker::ana;
use crate::javascript::sdk;
use crate::moto::venv;
use crate::upstream::json;
use crate::upstream::upstream;
use crate::world::Plan;

const BOTO3: &str = r#"
import boto3
from botocore.config import Config
config = Config(read_timeout=5, retries={"total_max_attempts": 1})
print(boto3.client("dynamodb", config=config).list_tables()["ResponseMetadata"]["RetryAttempts"])
"#;

const JAVASCRIPT: &str = r#"
const { DynamoDBClient, ListTablesCommand } = require("@aws-sdk/client-dynamodb");
new DynamoDBClient({}).send(new ListTablesCommand({})).then((answer) => console.log(answer.$metadata.attempts - 1));
"#;

/// Longer than the clients' own five seconds without a byte.
const THINKING: Duration = Duration::from_millis(6_500);

#[test]
fn clients_wait_for_a_person_longer_than_their_own_timeout_and_ask_once() {
    let upstream = upstream(|parts, _| match parts.headers.contains_key("x-amz-target") {
        true => json(r#"{"TableNames":[]}"#),
        false => Response::builder().status(500).body(bytes::Bytes::new()).unwrap(),
    });
    let ask = "[[statement]]\neffect = \"ask\"\naction = [\"dynamodb:*\"]\n";
    let mut plan = Plan::observe(&upstream.url).policy(ask);
    plan.ways = AT_TERMINAL;
    plan.capture = Capture::Endpoint;
    let world = plan.start();
    let broker = &world.broker;
    let home = tempfile::tempdir().unwrap();
    let start = |mut command: Command| {
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", home.path());
        command.env("NODE_PATH", sdk().join("node_modules")).envs(&world.env);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let program = |path: &std::path::Path, arguments: &[&str]| {
        let mut command = Command::new(path);
        command.args(arguments);
        command
    };
    let clients = [
        ("boto3", start(program(&venv().join("bin/python3"), &["-c", BOTO3]))),
        (
            "aws",
            start(program(
                &venv().join("bin/aws"),
                &["--cli-read-timeout", "5", "dynamodb", "list-tables", "--query", "length(TableNames)"],
            )),
        ),
        ("node", start(program("node".as_ref(), &["-e", JAVASCRIPT]))),
    ];
    // The same question is shown once, however many wait for the answer.
    let all_wait = (0..1_500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        broker.waiting().iter().map(|waiting| waiting.callers).sum::<usize>() == clients.len()
    });
    assert!(all_wait, "{:?}", broker.waiting());
    std::thread::sleep(THINKING);
    // A yes is for one call, and none of them is another's retry.
    for _ in 0..clients.len() {
        for waiting in broker.waiting() {
            broker.answer(waiting.id, Answer::Allow(Scope::Once, String::new()), &ana());
        }
    }
    for (name, client) in clients {
        let output = client.wait_with_output().unwrap();
        let said = output.stdout.escape_ascii().to_string();
        assert!(output.status.success() && said == "0\\n", "{name}: {said} {}", output.stderr.escape_ascii());
    }
    assert_eq!(world.events_of("approval.answered").len(), 3);
    assert_eq!(upstream.take().len(), 3);
}
