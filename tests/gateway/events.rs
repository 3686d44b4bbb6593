//! Streams of events over HTTP/2, from the JavaScript SDK and byte by byte.

use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use hoop::aws::events::signed;
use hoop::aws::sigv4;
use hoop::aws::sigv4::Algorithm;
use hoop::aws::sigv4::EventKey;
use hoop::aws::sigv4::PayloadHash;
use hoop::aws::sigv4::Scope;
use hoop::aws::sigv4::Signing;
use http::Request;
use http::Response;
use http::Version;
use http_body_util::BodyExt;
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;

use crate::client::placeholder;
use crate::h2;
use crate::h2::Fed;
use crate::javascript::sdk;
use crate::world::World;

/// Says the next word only when the last one was answered.
const SCRIPT: &str = r#"
const { TranscribeStreamingClient, StartStreamTranscriptionCommand } = require("@aws-sdk/client-transcribe-streaming");
const { KinesisClient, SubscribeToShardCommand } = require("@aws-sdk/client-kinesis");
const { BedrockRuntimeClient, ConverseStreamCommand } = require("@aws-sdk/client-bedrock-runtime");
(async () => {
  let answered, wait = () => new Promise((resolve) => { answered = resolve; });
  async function* speak() {
    for (const length of [100, 70000, 3]) {
      const heard = wait();
      yield { AudioEvent: { AudioChunk: Buffer.alloc(length, 7) } };
      await heard;
    }
  }
  const transcribed = await new TranscribeStreamingClient({}).send(new StartStreamTranscriptionCommand({
    LanguageCode: "en-US", MediaEncoding: "pcm", MediaSampleRateHertz: 8000, AudioStream: speak() }));
  const words = [];
  for await (const event of transcribed.TranscriptResultStream) {
    words.push(event.TranscriptEvent.Transcript.Results[0].ResultId);
    answered();
  }
  const shard = await new KinesisClient({}).send(new SubscribeToShardCommand({
    ConsumerARN: "arn:aws:kinesis:eu-central-1:123456789012:stream/a/consumer/b:1", ShardId: "shardId-000000000000",
    StartingPosition: { Type: "LATEST" } }));
  const numbers = [];
  for await (const event of shard.EventStream) numbers.push(event.SubscribeToShardEvent.ContinuationSequenceNumber);
  const model = await new BedrockRuntimeClient({}).send(new ConverseStreamCommand({
    modelId: "amazon.titan", messages: [{ role: "user", content: [{ text: "hello" }] }] }));
  const text = [];
  for await (const event of model.stream) text.push(event.contentBlockDelta.delta.text);
  const other = await new BedrockRuntimeClient({}).send(new ConverseStreamCommand({
    modelId: "amazon.titan", messages: [{ role: "user", content: [{ text: "say a key" }] }] }));
  let key = "";
  for await (const event of other.stream) key += event.contentBlockDelta.delta.text;
  console.log(JSON.stringify({ words, numbers, text, key }));
})().catch((e) => { console.error(e); process.exit(1); });
"#;

#[test]
fn the_javascript_sdk_streams_events_both_ways() {
    let upstream = h2::upstream();
    let world = upstream.world();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.cjs");
    std::fs::write(&script, SCRIPT).unwrap();
    let output = Command::new("timeout")
        .args(["60", "node"])
        .arg(&script)
        .env("NODE_PATH", sdk().join("node_modules"))
        .envs(&world.env)
        .output()
        .unwrap();
    let error = output.stderr.escape_ascii().to_string();
    assert!(output.status.success(), "{error}\n{:#?}\n{:#?}", upstream.seen(0), world.events());
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["words"], serde_json::json!(["got 100", "got 70000", "got 3"]));
    assert_eq!(told["numbers"], serde_json::json!(["0", "1", "2"]));
    assert_eq!(told["text"], serde_json::json!(["word 0", "word 1", "word 2"]));
    // A secret that a model says in pieces; the SDK has checked every frame's sums.
    assert_eq!(told["key"], format!("a key: AKIA{}, so.", "*".repeat(16)));
    for seen in upstream.seen(4) {
        assert_eq!(
            (&seen.verdict, seen.end.as_str(), seen.version),
            (&Ok(()), "end", Version::HTTP_2),
            "{seen:?}"
        );
    }
    let actions: Vec<String> = world
        .events_of("call.begin")
        .iter()
        .map(|call| call["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        actions,
        [
            "transcribe:StartStreamTranscription",
            "kinesis:SubscribeToShard",
            "bedrock:InvokeModelWithResponseStream",
            "bedrock:InvokeModelWithResponseStream"
        ]
    );
    // The last, empty message counts.
    assert_eq!(world.events_of("call.end")[0]["events"], 4);
}

/// A call to Transcribe that goes on as long as the sender lives.
struct Talk {
    sender: mpsc::Sender<Frame<Bytes>>,
    response: tokio::task::JoinHandle<hyper::Result<Response<Incoming>>>,
    key: EventKey,
    now: u64,
}

async fn talk(world: &World) -> Talk {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", world.gateway.port())).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let authority = format!("127.0.0.1:{}", world.gateway.port());
    let request = Request::builder()
        .method("POST")
        .version(Version::HTTP_2)
        .uri(format!("http://{authority}/stream-transcription"))
        .header("content-type", "application/vnd.amazon.eventstream")
        .header("x-amzn-transcribe-language-code", "en-US")
        .header("host", &authority);
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let (key, now) = (placeholder(world), world.clock.unix_seconds());
    let scope = Scope { region: "eu-central-1", service: "transcribe" };
    let signing = Signing { algorithm: Algorithm::Hmac, key: &key, scope, at: now };
    let seed = sigv4::sign_as(&mut parts, &PayloadHash::Events, &signing);
    let (sender, receiver) = mpsc::channel(1);
    let response = tokio::spawn(client.send_request(Request::from_parts(parts, Fed(receiver))));
    Talk { sender, response, key: EventKey::from(seed), now }
}

impl Talk {
    async fn say(&mut self, payload: &[u8]) {
        let inner = if payload.is_empty() { Vec::new() } else { h2::frame(b"", payload) };
        let message = signed(&mut self.key, self.now, &inner);
        self.sender.send(Frame::data(message.into())).await.unwrap();
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), work).await.unwrap() })
}

#[test]
fn an_answer_begins_before_anything_was_said_and_ends_with_its_trailers() {
    let upstream = h2::upstream();
    let world = upstream.world();
    block_on(async {
        let mut talk = talk(&world).await;
        let mut response = (&mut talk.response).await.unwrap().unwrap();
        assert_eq!(response.status(), 200);
        let mut heard = 0;
        for length in [1, 200_000] {
            talk.say(&vec![1; length]).await;
            let mut frames = 0;
            while frames < 1 {
                frames += usize::from(response.frame().await.unwrap().unwrap().is_data());
            }
            heard += frames;
        }
        talk.say(b"").await;
        drop(talk.sender);
        let rest = response.into_body().collect().await.unwrap();
        assert_eq!(rest.trailers().unwrap()["x-amz-tail"], "last");
        assert_eq!(heard, 2);
    });
    let seen = upstream.seen(1).remove(0);
    assert_eq!((seen.end.as_str(), seen.events.len()), ("end", 2), "{:?}", seen.verdict);
    let end = world.call_end();
    assert_eq!((end["outcome"].as_str(), end["events"].as_u64()), (Some("answered"), Some(3)));
}

#[test]
fn an_altered_event_ends_the_stream_and_never_reaches_aws() {
    let upstream = h2::upstream();
    let world = upstream.world();
    block_on(async {
        let mut talk = talk(&world).await;
        let mut response = (&mut talk.response).await.unwrap().unwrap();
        talk.say(b"good").await;
        assert!(response.frame().await.unwrap().is_ok());
        let mut message = signed(&mut talk.key, talk.now, &h2::frame(b"", b"said"));
        // Another word, under true checksums.
        let at = message.windows(4).position(|word| word == b"said").unwrap();
        message[at..at + 4].copy_from_slice(b"SAID");
        let end = message.len() - 4;
        let sum = crc32fast::hash(&message[..end]).to_be_bytes();
        message[end..].copy_from_slice(&sum);
        talk.sender.send(Frame::data(message.into())).await.unwrap();
        assert!(response.into_body().collect().await.is_err());
    });
    let seen = upstream.seen(1).remove(0);
    assert_eq!((seen.end.as_str(), seen.events), ("broken", vec![Bytes::from_static(b"good")]));
    let end = world.call_end();
    assert_eq!(
        (end["outcome"].as_str(), end["error"].as_str()),
        (Some("refused"), Some("InvalidSignatureException"))
    );
}

#[test]
fn a_denied_stream_is_refused_at_once() {
    let upstream = h2::upstream();
    let deny = "[[statement]]\neffect = \"deny\"\naction = [\"transcribe:*\"]\n";
    let world = upstream.plan().policy(deny).start();
    let began = world.since();
    block_on(async {
        let mut talk = talk(&world).await;
        let response = (&mut talk.response).await.unwrap().unwrap();
        assert_eq!(response.status(), 403);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.escape_ascii().to_string().contains("hoop"));
    });
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(upstream.seen(0).is_empty());
}
