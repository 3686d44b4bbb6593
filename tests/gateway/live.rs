//! Operations that answer with events, by the SDKs themselves: each in the ways it has to hoop.

use std::process::Command;

use hoop::gateway::Capture;

use crate::h2;
use crate::javascript::sdk;
use crate::masking::events;
use crate::masking::frame;
use crate::moto::venv;
use crate::world::Plan;
use crate::world::World;

fn run(command: &mut Command, world: &World) -> String {
    let output = command.env_clear().env("PATH", "/usr/bin:/bin").envs(&world.env).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}\n{:#?}", world.events());
    String::from_utf8(output.stdout).unwrap()
}

fn python(world: &World, script: &str) -> String {
    run(Command::new(venv().join("bin/python3")).args(["-c", script]), world)
}

fn javascript(world: &World, script: &str) -> String {
    let mut command = Command::new("timeout");
    let script = format!(
        "const from = (name) => require({:?} + name);\n{script}",
        format!("{}/node_modules/@aws-sdk/client-", sdk().display())
    );
    run(command.args(["60", "node", "-e", &script]), world)
}

fn actions(world: &World) -> Vec<(String, String)> {
    let text = |call: &serde_json::Value, name: &str| call[name].as_str().unwrap().to_owned();
    world.events_of("call.begin").iter().map(|call| (text(call, "action"), text(call, "host"))).collect()
}

/// Its host has a prefix (`stream-`), which an endpoint URL has no room for.
#[test]
fn boto3_tails_logs_by_proxy_and_by_endpoint() {
    let first = frame("initial-response", "application/json", b"{}");
    let begin = frame("sessionStart", "application/json", br#"{"sessionId":"s-1"}"#);
    let update = frame(
        "sessionUpdate",
        "application/json",
        br#"{"sessionMetadata":{"sampled":false},"sessionResults":[{"message":"password=Falcon2019!"}]}"#,
    );
    for capture in [Capture::Proxy, Capture::Endpoint] {
        let upstream = events([&first[..], &begin, &update].concat());
        let mut plan = Plan::observe(&upstream.url);
        plan.capture = capture;
        let world = plan.start();
        let told = python(
            &world,
            r#"
import boto3
answer = boto3.client("logs").start_live_tail(logGroupIdentifiers=["arn:aws:logs:eu-central-1:123456789012:log-group:a"])
for event in answer["responseStream"]:
    print(event.get("sessionStart", {}).get("sessionId") or event["sessionUpdate"]["sessionResults"][0]["message"])
"#,
        );
        assert!(told.starts_with("s-1\npassword=hoopmask:"), "{capture:?}: {told}");
        let (action, host) = actions(&world).remove(0);
        assert_eq!(action, "logs:StartLiveTail");
        let is_prefixed = host == "stream-logs.eu-central-1.amazonaws.com";
        assert_eq!(is_prefixed, capture == Capture::Proxy, "{host}");
        let got = upstream.take().remove(0);
        assert_eq!(got.verdict, Ok(()));
    }
}

fn of_lambda() -> Vec<u8> {
    let piece = |text: &str| frame("PayloadChunk", "application/octet-stream", text.as_bytes());
    let end = frame("InvokeComplete", "application/json", b"{}");
    [&piece("one ")[..], &piece("two"), &end].concat()
}

#[test]
fn boto3_streams_from_lambda() {
    for capture in [Capture::Proxy, Capture::Endpoint] {
        let upstream = events(of_lambda());
        let mut plan = Plan::observe(&upstream.url);
        plan.capture = capture;
        let world = plan.start();
        let told = python(
            &world,
            r#"
import boto3
answer = boto3.client("lambda").invoke_with_response_stream(FunctionName="f", Payload=b"{}")
events = list(answer["EventStream"])
print(b"".join(event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event).decode(), list(events[-1]))
"#,
        );
        assert_eq!(told, "one two ['InvokeComplete']\n");
        assert_eq!(actions(&world)[0].0, "lambda:InvokeFunction");
        assert_eq!(upstream.take()[0].verdict, Ok(()));
    }
}

#[test]
fn the_javascript_sdk_streams_from_lambda() {
    let upstream = events(of_lambda());
    let world = Plan::observe(&upstream.url).start();
    let told = javascript(
        &world,
        r#"
const { LambdaClient, InvokeWithResponseStreamCommand } = from("lambda");
(async () => {
  const answer = await new LambdaClient({}).send(new InvokeWithResponseStreamCommand({ FunctionName: "f", Payload: "{}" }));
  let text = "", last;
  for await (const event of answer.EventStream) {
    if (event.PayloadChunk) text += Buffer.from(event.PayloadChunk.Payload).toString();
    last = Object.keys(event)[0];
  }
  console.log(text, last);
})().catch((e) => { console.error(e); process.exit(1); });
"#,
    );
    assert_eq!(told, "one two InvokeComplete\n");
    assert_eq!(actions(&world)[0].0, "lambda:InvokeFunction");
    assert_eq!(upstream.take()[0].verdict, Ok(()));
}

#[test]
fn the_javascript_sdk_talks_with_a_model_both_ways() {
    let upstream = h2::upstream();
    let world = upstream.world();
    let told = javascript(
        &world,
        r#"
const { BedrockRuntimeClient, InvokeModelWithBidirectionalStreamCommand } = from("bedrock-runtime");
(async () => {
  let answered;
  async function* speak() {
    for (const text of ["hello", "and again"]) {
      const heard = new Promise((resolve) => { answered = resolve; });
      yield { chunk: { bytes: Buffer.from(text) } };
      await heard;
    }
  }
  const talk = await new BedrockRuntimeClient({}).send(new InvokeModelWithBidirectionalStreamCommand({
    modelId: "amazon.nova-sonic-v1:0", body: speak() }));
  const words = [];
  for await (const event of talk.body) {
    words.push(Buffer.from(event.chunk.bytes).toString());
    answered();
  }
  console.log(words.join(", "));
})().catch((e) => { console.error(e); process.exit(1); });
"#,
    );
    assert_eq!(told, "got 20, got 24\n");
    let seen = upstream.seen(1).remove(0);
    assert_eq!((&seen.verdict, seen.end.as_str(), seen.events.len()), (&Ok(()), "end", 2), "{seen:?}");
    // IAM has no action of its own for it.
    assert_eq!(actions(&world)[0].0, "bedrock:InvokeModel");
    assert_eq!(world.call_end()["events"], 3);
}
