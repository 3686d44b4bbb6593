// One operation for each shape of error, with the JavaScript SDK: a JSON line for what became of each. ops.mjs [NAME...]
import { createRequire } from "node:module";
const require = createRequire(process.env.HOOP_TEST_JS + "/package.json");
const { DynamoDBClient, ListTablesCommand } = require("@aws-sdk/client-dynamodb");
const { IAMClient, ListUsersCommand } = require("@aws-sdk/client-iam");
const { EC2Client, DescribeInstancesCommand } = require("@aws-sdk/client-ec2");
const { LambdaClient, ListFunctionsCommand } = require("@aws-sdk/client-lambda");
const { S3Client, GetObjectCommand, HeadObjectCommand, SelectObjectContentCommand } = require("@aws-sdk/client-s3");
const { CloudWatchClient, ListMetricsCommand } = require("@aws-sdk/client-cloudwatch");
const { SQSClient, ListQueuesCommand } = require("@aws-sdk/client-sqs");
const { KinesisClient, SubscribeToShardCommand } = require("@aws-sdk/client-kinesis");
const { BedrockRuntimeClient, ConverseStreamCommand } = require("@aws-sdk/client-bedrock-runtime");
const { TranscribeStreamingClient, StartStreamTranscriptionCommand } = require("@aws-sdk/client-transcribe-streaming");

const Bucket = "refused", Key = "k";
async function* audio() { yield { AudioEvent: { AudioChunk: Buffer.alloc(1024) } }; }
const calls = {
  "json": () => new DynamoDBClient({}).send(new ListTablesCommand({})),
  "query": () => new IAMClient({}).send(new ListUsersCommand({})),
  "ec2": () => new EC2Client({}).send(new DescribeInstancesCommand({})),
  "rest-json": () => new LambdaClient({}).send(new ListFunctionsCommand({})),
  "s3": () => new S3Client({}).send(new GetObjectCommand({ Bucket, Key })),
  "s3-head": () => new S3Client({}).send(new HeadObjectCommand({ Bucket, Key })),
  "cloudwatch": () => new CloudWatchClient({}).send(new ListMetricsCommand({})),
  "query-mode": () => new SQSClient({}).send(new ListQueuesCommand({})),
  "stream-s3": () => new S3Client({}).send(new SelectObjectContentCommand({ Bucket, Key, ExpressionType: "SQL",
    Expression: "select * from s3object", InputSerialization: { CSV: {} }, OutputSerialization: { CSV: {} } })),
  "stream-json": () => new KinesisClient({}).send(new SubscribeToShardCommand({ ShardId: "s",
    ConsumerARN: "arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1", StartingPosition: { Type: "LATEST" } })),
  "stream-rest": () => new BedrockRuntimeClient({}).send(new ConverseStreamCommand({ modelId: "m",
    messages: [{ role: "user", content: [{ text: "hello" }] }] })),
  "stream-up": () => new TranscribeStreamingClient({}).send(new StartStreamTranscriptionCommand({ LanguageCode: "en-US",
    MediaEncoding: "pcm", MediaSampleRateHertz: 16000, AudioStream: audio() })),
};
for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(calls)) {
  const begun = performance.now();
  const said = { name };
  try {
    const answer = await calls[name]();
    Object.assign(said, { status: answer.$metadata.httpStatusCode, attempts: answer.$metadata.attempts });
  } catch (error) {
    Object.assign(said, { class: error.name, code: error.Code ?? error.name, text: String(error),
      status: error.$metadata?.httpStatusCode, attempts: error.$metadata?.attempts });
  }
  console.log(JSON.stringify({ ...said, seconds: (performance.now() - begun) / 1000 }));
}
process.exit(0);
