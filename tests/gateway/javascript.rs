//! The JavaScript SDK, which ignores proxies: an endpoint URL, HTTP/2 without TLS for Kinesis, queue URLs that lead back.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use hoop::gateway::Capture;

use crate::moto::Session;

/// Where `scripts/setup.sh test` has put the SDK.
pub fn sdk() -> PathBuf {
    let cache = std::env::var_os("HOOP_CACHE").map(PathBuf::from);
    let folder =
        cache.unwrap_or_else(|| Path::new(&std::env::var("HOME").unwrap()).join(".cache/hoop")).join("js");
    assert!(folder.join("node_modules/@aws-sdk/client-kinesis").exists(), "run scripts/setup.sh test first");
    folder
}

const SCRIPT: &str = r#"
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, ListObjectsV2Command, DeleteObjectCommand }
  = require("@aws-sdk/client-s3");
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
const { SQSClient, CreateQueueCommand, SendMessageCommand, ReceiveMessageCommand } = require("@aws-sdk/client-sqs");
const { DynamoDBClient, ListTablesCommand } = require("@aws-sdk/client-dynamodb");
const { KinesisClient, ListStreamsCommand } = require("@aws-sdk/client-kinesis");
const { Readable } = require("node:stream");
(async () => {
  const identity = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  const s3 = new S3Client({});
  await s3.send(new CreateBucketCommand({ Bucket: "js-bucket" }));
  const body = Buffer.alloc(3 << 20, "x");
  await s3.send(new PutObjectCommand({ Bucket: "js-bucket", Key: "a//b +&", Body: body }));
  await s3.send(new PutObjectCommand({ Bucket: "js-bucket", Key: "stream", Body: Readable.from([body]) , ContentLength: body.length }));
  for (const key of ["a//b +&", "stream"]) {
    const got = await s3.send(new GetObjectCommand({ Bucket: "js-bucket", Key: key }));
    const bytes = await got.Body.transformToByteArray();
    if (Buffer.compare(Buffer.from(bytes), body)) throw new Error(key + " differs");
  }
  const keys = (await s3.send(new ListObjectsV2Command({ Bucket: "js-bucket" }))).Contents.map((o) => o.Key);
  const sqs = new SQSClient({});
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "jobs" }));
  const secret = "my key is AKIAQ3EGSDFG7XK2PLMN, keep it";
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: secret }));
  const message = (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages[0].Body;
  await new DynamoDBClient({}).send(new ListTablesCommand({}));
  await new KinesisClient({}).send(new ListStreamsCommand({}));
  let denied;
  try { await s3.send(new DeleteObjectCommand({ Bucket: "js-bucket", Key: "stream" })); } catch (e) { denied = e.name; }
  console.log(JSON.stringify({ account: identity.Account, keys, message, denied }));
})().catch((e) => { console.error(e); process.exit(1); });
"#;

#[test]
fn the_javascript_sdk_works_by_endpoint() {
    let deny = "[[statement]]\neffect = \"deny\"\naction = [\"s3:DeleteObject\"]\n";
    let session = Session::with_policy(Capture::Endpoint, deny);
    let script = session.home().join("script.cjs");
    fs::write(&script, SCRIPT).unwrap();
    let output = Command::new("node")
        .arg(&script)
        .env("NODE_PATH", sdk().join("node_modules"))
        .envs(&session.world.env)
        .output()
        .expect("Node.js is needed for this test");
    let (told, error) = (output.stdout.escape_ascii().to_string(), output.stderr.escape_ascii().to_string());
    assert!(output.status.success(), "{error}");
    let told: serde_json::Value =
        serde_json::from_str(&told.replace("\\\"", "\"").replace("\\n", "")).unwrap();
    assert_eq!(told["account"], "123456789012");
    assert_eq!(told["keys"].as_array().unwrap().len(), 2);
    assert_eq!(told["denied"], "AccessDenied");
    let message = told["message"].as_str().unwrap();
    assert!(!message.contains("AKIAQ3EGSDFG7XK2PLMN") && message.contains("keep it"), "{message}");
    assert!(session.actions().contains(&"kinesis:ListStreams".to_owned()));
    session.assert_nothing_leaked();
}
