// Every operation of the client matrix with the JavaScript SDK: use.mjs NAME
import { createRequire } from "node:module";
const require = createRequire(process.env.HOOP_TEST_JS + "/package.json");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, ListObjectsV2Command, DeleteObjectCommand,
  CreateMultipartUploadCommand, UploadPartCommand, CompleteMultipartUploadCommand } = require("@aws-sdk/client-s3");
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
const { DynamoDBClient, CreateTableCommand, PutItemCommand, GetItemCommand, QueryCommand } =
  require("@aws-sdk/client-dynamodb");
const { SQSClient, CreateQueueCommand, SendMessageCommand, ReceiveMessageCommand } = require("@aws-sdk/client-sqs");
const { IAMClient, ListUsersCommand } = require("@aws-sdk/client-iam");
const { SecretsManagerClient, GetSecretValueCommand } = require("@aws-sdk/client-secrets-manager");
const { KinesisClient, ListStreamsCommand } = require("@aws-sdk/client-kinesis");

const [name, Key] = [process.argv[2], "a b/+&%25?#.txt"];
console.log("identity", (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Account);
const s3 = new S3Client({});
const Bucket = name;
await s3.send(new CreateBucketCommand({ Bucket }));
await s3.send(new PutObjectCommand({ Bucket, Key, Body: "hello" }));
console.log("object", await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body.transformToString());
console.log("listed", (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents.map((found) => found.Key).join());
const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "big" }));
const Parts = [];
for (const PartNumber of [1, 2]) {
  const Body = Buffer.alloc(5 << 20, String(PartNumber));
  const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key: "big", UploadId, PartNumber, Body }));
  Parts.push({ PartNumber, ETag });
}
await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: "big", UploadId, MultipartUpload: { Parts } }));
const back = await (await s3.send(new GetObjectCommand({ Bucket, Key: "big" }))).Body.transformToString();
console.log("multipart", back === "1".repeat(5 << 20) + "2".repeat(5 << 20) ? "same" : "different");
const dynamodb = new DynamoDBClient({});
const TableName = name, id = { S: "1" };
await dynamodb.send(new CreateTableCommand({ TableName, BillingMode: "PAY_PER_REQUEST",
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }] }));
await dynamodb.send(new PutItemCommand({ TableName, Item: { id, name: { S: "Ana" } } }));
console.log("item", (await dynamodb.send(new GetItemCommand({ TableName, Key: { id } }))).Item.name.S);
console.log("query", (await dynamodb.send(new QueryCommand({ TableName, KeyConditionExpression: "id = :id",
  ExpressionAttributeValues: { ":id": id } }))).Count);
const sqs = new SQSClient({});
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "do it" }));
console.log("message", (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages[0].Body);
await new IAMClient({}).send(new ListUsersCommand({}));
console.log("users listed");
// Over HTTP/2, which this client alone speaks.
await new KinesisClient({}).send(new ListStreamsCommand({}));
console.log("streams listed");
console.log("secret",
  (await new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: "matrix" }))).SecretString);
try {
  await s3.send(new DeleteObjectCommand({ Bucket, Key }));
} catch (error) {
  console.log("denied", error.name, error.$metadata.attempts);
  console.log("text", String(error));
}
