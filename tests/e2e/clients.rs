//! Real AWS clients through hoop-run: the aws CLI, boto3 and the JavaScript SDK.

use std::fs;

use crate::support::home::Home;
use crate::support::home::cache;
use crate::support::home::finish;

#[test]
fn the_aws_cli_makes_lists_and_reads_a_bucket() {
    let home = Home::new();
    home.write("hello.txt", "hello from the test\n");
    home.run("observe", &["aws", "s3", "mb", "s3://cli-bucket"]).ok();
    home.run("observe", &["aws", "s3", "cp", "hello.txt", "s3://cli-bucket/dir/hello.txt"]).ok();
    assert!(home.run("observe", &["aws", "s3", "ls"]).ok().contains("cli-bucket"));
    assert!(home.run("observe", &["aws", "s3", "ls", "s3://cli-bucket/dir/"]).ok().contains("hello.txt"));
    let copy = home.run("observe", &["aws", "s3", "cp", "s3://cli-bucket/dir/hello.txt", "-"]);
    assert_eq!(copy.ok(), "hello from the test\n");

    let begun = home.events_of("call.begin");
    let get = begun.iter().find(|event| event["action"] == "s3:GetObject").expect("a GetObject");
    assert_eq!(get["resources"][0], "arn:aws:s3:::cli-bucket/dir/hello.txt");
    assert_eq!(home.recordings().len(), 5);
}

#[test]
fn every_protocol_of_the_cli_is_understood() {
    let cases: &[(&[&str], &str)] = &[
        (&["sts", "get-caller-identity"], "sts:GetCallerIdentity"),
        (&["dynamodb", "list-tables"], "dynamodb:ListTables"),
        (&["ec2", "describe-instances"], "ec2:DescribeInstances"),
        (&["iam", "list-users"], "iam:ListUsers"),
        (&["lambda", "list-functions"], "lambda:ListFunctions"),
        (&["sqs", "list-queues"], "sqs:ListQueues"),
        (&["sns", "list-topics"], "sns:ListTopics"),
        (&["s3api", "list-buckets"], "s3:ListAllMyBuckets"),
        (&["cloudformation", "list-stacks"], "cloudformation:ListStacks"),
        (&["logs", "describe-log-groups"], "logs:DescribeLogGroups"),
        (&["rds", "describe-db-instances"], "rds:DescribeDBInstances"),
        (&["kms", "list-keys"], "kms:ListKeys"),
        (&["ssm", "describe-parameters"], "ssm:DescribeParameters"),
        (&["cloudwatch", "list-metrics"], "cloudwatch:ListMetrics"),
        (&["route53", "list-hosted-zones"], "route53:ListHostedZones"),
        (&["events", "list-rules"], "events:ListRules"),
    ];
    let home = Home::new();
    let script: String =
        cases.iter().map(|(argv, _)| format!("aws {} > /dev/null || exit 1\n", argv.join(" "))).collect();
    home.write("all.sh", &script);
    home.run("readonly", &["sh", "all.sh"]).ok();
    let actions: Vec<String> = home
        .events_of("call.begin")
        .iter()
        .map(|event| event["action"].as_str().unwrap().to_owned())
        .collect();
    for (argv, action) in cases {
        assert!(actions.iter().any(|seen| seen == action), "{argv:?}: no {action} in {actions:?}");
    }
    let ends = home.events_of("call.end");
    assert!(ends.iter().all(|event| event["status"] == 200), "{ends:#?}");
}

#[test]
fn boto3_talks_through_the_gateway_and_sees_only_placeholders() {
    let home = Home::new();
    home.write(
        "use.py",
        r#"
import boto3, os
table = boto3.resource("dynamodb").create_table(
    TableName="people", BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
table.put_item(Item={"id": "1", "name": "Ana"})
print(table.get_item(Key={"id": "1"})["Item"]["name"])
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="work")["QueueUrl"]
sqs.send_message(QueueUrl=url, MessageBody="do it")
print(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
print(os.environ["AWS_ACCESS_KEY_ID"])
"#,
    );
    let outcome = home.run("observe", &["python3", "use.py"]);
    let lines: Vec<&str> = outcome.ok().lines().collect();
    assert_eq!(lines[..2], ["Ana", "do it"]);
    assert_ne!(lines[2], crate::support::home::REAL_KEY_ID);
    let put =
        home.events_of("call.begin").into_iter().find(|event| event["action"] == "dynamodb:PutItem").unwrap();
    assert_eq!(put["resources"][0], "arn:aws:dynamodb:us-east-1:123456789012:table/people");
}

#[test]
fn the_javascript_sdk_reaches_the_gateway() {
    let home = Home::new();
    home.write(
        "use.mjs",
        r#"
import { createRequire } from "node:module";
const require = createRequire(process.env.HOOP_TEST_JS + "/package.json");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, ListObjectsV2Command } = require("@aws-sdk/client-s3");
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
const { DynamoDBClient, ListTablesCommand } = require("@aws-sdk/client-dynamodb");
console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Account);
await new DynamoDBClient({}).send(new ListTablesCommand({}));
const s3 = new S3Client({});
await s3.send(new CreateBucketCommand({ Bucket: "js-bucket" }));
await s3.send(new PutObjectCommand({ Bucket: "js-bucket", Key: "a b/+&%25?#.txt", Body: "héllo" }));
const got = await s3.send(new GetObjectCommand({ Bucket: "js-bucket", Key: "a b/+&%25?#.txt" }));
console.log(await got.Body.transformToString());
console.log((await s3.send(new ListObjectsV2Command({ Bucket: "js-bucket" }))).Contents[0].Key);
"#,
    );
    let mut command = home.hoop_run("observe", &["node", "use.mjs"]);
    command.env("HOOP_TEST_JS", cache().join("js"));
    let outcome = finish(command);
    assert_eq!(outcome.ok().lines().collect::<Vec<_>>(), ["123456789012", "héllo", "a b/+&%25?#.txt"]);
    let put =
        home.events_of("call.begin").into_iter().find(|event| event["action"] == "s3:PutObject").unwrap();
    assert_eq!(put["resources"][0], "arn:aws:s3:::js-bucket/a b/+&%25?#.txt");
}

#[test]
fn multipart_uploads_and_ranged_downloads_come_through_whole() {
    let home = Home::new();
    let block: Vec<u8> = (0..1_048_576_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let data: Vec<u8> = block.iter().copied().cycle().take(48 * 1_048_576 + 12_345).collect();
    fs::write(home.path().join("big.bin"), &data).unwrap();
    home.run("observe", &["aws", "s3", "mb", "s3://big-bucket"]).ok();
    home.run("observe", &["aws", "s3", "cp", "big.bin", "s3://big-bucket/big.bin", "--no-progress"]).ok();
    home.run("observe", &["aws", "s3", "cp", "s3://big-bucket/big.bin", "back.bin", "--no-progress"]).ok();
    assert!(fs::read(home.path().join("back.bin")).unwrap() == data, "the object came back changed");
}

#[test]
fn a_presigned_url_works_only_through_the_gateway() {
    let home = Home::new();
    home.write("note.txt", "presigned\n");
    home.write(
        "use.py",
        r#"
import boto3, urllib.request, urllib.error
from botocore.config import Config
s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
s3.create_bucket(Bucket="presigned-bucket")
s3.put_object(Bucket="presigned-bucket", Key="note.txt", Body=open("note.txt", "rb"))
url = s3.generate_presigned_url("get_object", Params={"Bucket": "presigned-bucket", "Key": "note.txt"})
import ssl, os
context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
print(urllib.request.urlopen(url, context=context).read().decode().strip())
try:
    urllib.request.urlopen(url.replace("note.txt", "other.txt"), context=context)
except urllib.error.HTTPError as error:
    print(error.code, "SignatureDoesNotMatch" in error.read().decode())
"#,
    );
    let outcome = home.run("observe", &["python3", "use.py"]);
    assert_eq!(outcome.ok().lines().collect::<Vec<_>>(), ["presigned", "403 True"]);
}
