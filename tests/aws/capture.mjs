// Writes what the JavaScript SDK sends for a few calls to tests/data/requests_js.json, without a network.
//
//   npm install @aws-sdk/client-{s3,dynamodb,sqs,cloudwatch,lambda,route-53,sts,api-gateway}   (in some folder)
//   node tests/aws/capture.mjs FOLDER > tests/data/requests_js.json
//
// The same shape as capture.py writes; the key is AKIDEXAMPLE / secret.
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import path from "node:path";

const load = createRequire(path.resolve(process.argv[2], "package.json"));
const A = "123456789012";
const CALLS = [
  ["s3", "ListObjectsV2", { Bucket: "reports", Prefix: "2026/" }],
  ["s3", "GetObject", { Bucket: "reports", Key: "a b/ü//+%.txt", VersionId: "1" }],
  ["s3", "PutObject", { Bucket: "reports", Key: "k!'()*", Body: "x" }],
  ["s3", "PutObject", { Bucket: "reports", Key: "stream", Body: "stream", ContentLength: 6 }],
  ["s3", "DeleteObjects", { Bucket: "reports", Delete: { Objects: [{ Key: "a&b" }, { Key: "c" }] } }],
  ["s3", "CopyObject", { Bucket: "to", Key: "k", CopySource: "from/x%20y" }],
  ["s3", "CreateMultipartUpload", { Bucket: "reports", Key: "k" }],
  ["dynamodb", "GetItem", { TableName: "Music", Key: { id: { S: "1" } } }],
  ["sqs", "SendMessage", { QueueUrl: `https://sqs.eu-west-1.amazonaws.com/${A}/jobs`, MessageBody: "b" }],
  ["cloudwatch", "DeleteAlarms", { AlarmNames: ["a"] }],
  ["lambda", "Invoke", { FunctionName: `arn:aws:lambda:eu-west-1:${A}:function:work`, Payload: "{}" }],
  ["route-53", "ListHostedZones", {}],
  ["sts", "AssumeRole", { RoleArn: `arn:aws:iam::${A}:role/agent`, RoleSessionName: "session" }],
  ["api-gateway", "GetRestApi", { restApiId: "abc" }],
];
const KEPT = /^(content-type|x-amz-|smithy-protocol|content-encoding|x-amzn-query-mode|authorization)/;

async function bytes(body) {
  if (!body) return Buffer.alloc(0);
  if (typeof body.pipe !== "function") return Buffer.from(body);
  const parts = [];
  for await (const part of body) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

async function capture(service, operation, input, endpoint) {
  const sdk = load(`@aws-sdk/client-${service}`);
  let caught;
  const handler = { handle: async (request) => { caught = { ...request, body: await bytes(request.body) }; throw new Error("caught"); } };
  const name = Object.keys(sdk).find((key) => key.endsWith("Client") && key !== "__Client" && sdk[key.replace("Client", "")]);
  const client = new sdk[name]({
    region: "eu-west-1", endpoint, maxAttempts: 1, requestHandler: handler, forcePathStyle: endpoint !== undefined,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  });
  if (input.Body === "stream") input = { ...input, Body: Readable.from([Buffer.from("stream")]) };
  await client.send(new sdk[`${operation}Command`](input)).catch((error) => { if (!caught) throw error; });
  const headers = Object.fromEntries(Object.entries(caught.headers).map(([key, value]) => [key.toLowerCase(), value]));
  const scope = headers.authorization.split("Credential=")[1].split(",")[0].split("/");
  const signed = headers.authorization.split("SignedHeaders=")[1].split(",")[0].split(";");
  // What the SDK's own HTTP handler makes of path and query.
  const pairs = [];
  for (const key of Object.keys(caught.query ?? {}).sort()) {
    for (const value of [caught.query[key]].flat()) pairs.push(value === null ? escape(key) : `${escape(key)}=${escape(value)}`);
  }
  return {
    name: `${service}.${operation}`, method: caught.method, uri: caught.path + (pairs.length ? `?${pairs.join("&")}` : ""),
    host: headers.host, proxied: endpoint === undefined, region: scope[2], service: scope[3],
    headers: Object.fromEntries(Object.entries(headers).filter(([key]) => key !== "host" && (KEPT.test(key) || signed.includes(key))).sort()),
    body: caught.body.toString("base64"),
  };
}

function escape(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const out = [];
for (const [service, operation, input] of CALLS) {
  out.push(await capture(service, operation, input));
  out.push(await capture(service, operation, input, "http://127.0.0.1:7001"));
}
console.log(JSON.stringify(out, null, 1));
