//! What a question tells about the present state: real clients are held, moto is looked up meanwhile.

use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use hoop::approval::Answer;
use hoop::approval::Difference;
use hoop::approval::Findings;
use hoop::approval::Scope;
use hoop::approval::Waiting;

use crate::broker::AT_TERMINAL;
use crate::broker::ana;
use crate::client::json_call;
use crate::moto::Moto;
use crate::moto::venv;
use crate::upstream::json;
use crate::upstream::upstream;
use crate::world::Plan;
use crate::world::World;

/// A world in which these actions are asked about and everything else is allowed; `more`: further statements.
pub fn asking(url: &str, actions: &str, more: &str) -> World {
    let ask = format!("[[statement]]\nsid = \"careful\"\neffect = \"ask\"\naction = [{actions}]\n{more}");
    let mut plan = Plan::observe(url).policy(&ask);
    plan.ways = AT_TERMINAL;
    plan.start()
}

/// A Python program with a function `held` around each call that is expected to be refused.
pub fn python(world: &World, script: &str) -> Child {
    let prelude = "import boto3, json\nfrom botocore.config import Config\n\
        def held(call, **params):\n    try:\n        call(**params)\n        print('done', flush=True)\n    except Exception as error:\n        print(error, flush=True)\n";
    let home = std::env::temp_dir();
    Command::new(venv().join("bin/python3"))
        .args(["-c", &format!("{prelude}{script}")])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .envs(&world.env)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// The next question for `action`, once all has been looked up.
pub fn question(world: &World, action: &str) -> Waiting {
    for _ in 0..3_000 {
        std::thread::sleep(Duration::from_millis(10));
        let mut waiting = world.broker.waiting();
        if let [first] = waiting.as_slice()
            && first.question.action == action
            && !first.findings.is_looking
            && (!first.findings.facts.is_empty() || !first.findings.difference.is_empty())
        {
            return waiting.remove(0);
        }
    }
    panic!("no question for {action}: {:#?} {:#?}", world.broker.waiting(), world.events_of("call.end"));
}

/// The question, answered with no.
pub fn denied(world: &World, action: &str) -> Waiting {
    let waiting = question(world, action);
    world.broker.answer(waiting.id, Answer::Deny("no".to_owned()), &ana());
    waiting
}

pub fn fact(findings: &Findings, name: &str) -> String {
    let fact = findings.facts.iter().find(|fact| fact.name == name);
    fact.map_or_else(|| panic!("no {name} in {findings:#?}"), |fact| fact.value.clone())
}

/// `+ line`, `- line`, `  line`.
pub fn difference(findings: &Findings) -> Vec<String> {
    let line = |line: &Difference| match line {
        Difference::Same(text) => format!("  {text}"),
        Difference::Added(text) => format!("+ {text}"),
        Difference::Removed(text) => format!("- {text}"),
    };
    assert!(!findings.difference.is_empty(), "{findings:#?}");
    findings.difference.iter().map(line).collect()
}

pub fn finished(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let said = output.stdout.escape_ascii().to_string();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn buckets() {
    let moto = Moto::start();
    let world = asking(
        &moto.url,
        r#""s3:DeleteBucket", "s3:DeleteObject", "s3:PutBucketPolicy", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration""#,
        "",
    );
    let child = python(
        &world,
        r#"
s3 = boto3.client("s3")
s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
for n in range(3): s3.put_object(Bucket="reports", Key=f"k{n}", Body=b"x" * 1024)
held(s3.delete_bucket, Bucket="reports")
held(s3.delete_object, Bucket="reports", Key="k1")
held(s3.delete_objects, Bucket="reports", Delete={"Objects": [{"Key": f"k{n}"} for n in range(40)]})
statement = {"Sid": "Read", "Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
held(s3.put_bucket_policy, Bucket="reports", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
statement["Action"] = ["s3:getobject"]
statement["Principal"] = {"AWS": ["arn:aws:iam::123456789012:root"]}
public = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::reports/*"}
held(s3.put_bucket_policy, Bucket="reports", Policy=json.dumps({"Statement": [public, statement], "Version": "2012-10-17"}))
held(s3.put_bucket_versioning, Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
held(s3.delete_bucket, Bucket="reports")
rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}}
held(s3.put_bucket_lifecycle_configuration, Bucket="reports", LifecycleConfiguration={"Rules": [rule]})
rule["Expiration"] = {"Days": 1}
held(s3.put_bucket_lifecycle_configuration, Bucket="reports", LifecycleConfiguration={"Rules": [rule, {**rule, "ID": "new"}]})
"#,
    );
    let allow = |waiting: &Waiting| {
        world.broker.answer(waiting.id, Answer::Allow(Scope::Once, String::new()), &ana());
    };
    let asked = denied(&world, "s3:DeleteBucket");
    assert_eq!(fact(&asked.findings, "objects"), "3 (3.0 KiB)");
    assert_eq!(fact(&asked.findings, "versioning"), "off: what is deleted or overwritten is gone");
    assert_eq!(fact(&asked.findings, "object lock"), "off");
    assert_eq!(fact(&asked.findings, "bucket policy"), "none");
    let asked = denied(&world, "s3:DeleteObject");
    assert!(fact(&asked.findings, "object").starts_with("1.0 KiB, last changed 20"), "{asked:?}");
    let asked = denied(&world, "s3:DeleteObject");
    let shown: Vec<&str> = asked.question.parameters.iter().map(|fact| fact.value.as_str()).collect();
    assert!(shown.iter().any(|value| value.starts_with("40 in all: k0, k1, ")), "{shown:?}");
    let asked = question(&world, "s3:PutBucketPolicy");
    assert_eq!(asked.findings.compared, "bucket policy");
    assert_eq!(
        difference(&asked.findings),
        [
            "+ Version: 2012-10-17",
            "+ Allow s3:GetObject on arn:aws:s3:::reports/* to AWS=123456789012 (Read)"
        ]
    );
    allow(&asked);
    let asked = denied(&world, "s3:PutBucketPolicy");
    assert_eq!(
        difference(&asked.findings),
        [
            "+ Allow s3:GetObject, s3:PutObject on arn:aws:s3:::reports/* to *",
            "  Version: 2012-10-17",
            "  Allow s3:GetObject on arn:aws:s3:::reports/* to AWS=123456789012 (Read)"
        ],
        "only what changes"
    );
    let asked = question(&world, "s3:PutBucketVersioning");
    assert_eq!(difference(&asked.findings), ["- Status: off", "+ Status: Enabled", "  MfaDelete: Disabled"]);
    allow(&asked);
    let asked = denied(&world, "s3:DeleteBucket");
    assert_eq!(fact(&asked.findings, "versioning"), "on: what is deleted leaves its versions behind");
    assert_eq!(fact(&asked.findings, "bucket policy"), "1 statement");
    let asked = question(&world, "s3:PutLifecycleConfiguration");
    assert_eq!(fact(&asked.findings, "lifecycle"), "none now");
    allow(&asked);
    let asked = denied(&world, "s3:PutLifecycleConfiguration");
    let lines = difference(&asked.findings);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].starts_with("- ") && lines[0].contains("30"), "{lines:#?}");
    finished(child);
    // They are in the record as hoop's own, and count as nobody's.
    let own: Vec<_> =
        world.events_of("call.begin").into_iter().filter(|begin| begin["via"] == "hoop").collect();
    assert!(own.len() > 20, "{}", own.len());
    assert!(own.iter().all(|begin| begin["question"].as_str().unwrap().starts_with('q')), "{own:#?}");
    assert!(own.iter().any(|begin| begin["action"] == "s3:ListBucket" && begin["question"] == "q1"));
    let ends = world.events_of("call.end");
    for begin in &own {
        let end = ends.iter().find(|end| end["call"] == begin["call"]).unwrap();
        assert_eq!(end["outcome"], "answered", "{begin} {end}");
    }
    let programs = world.events_of("call.begin").len() - own.len();
    assert_eq!(world.recorder.counts().calls, programs as u64);
}

#[test]
fn machines_and_who_may_reach_them() {
    let moto = Moto::start();
    let world = asking(
        &moto.url,
        r#""ec2:TerminateInstances", "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:DeleteVolume""#,
        "",
    );
    let child = python(
        &world,
        r#"
ec2 = boto3.client("ec2")
image = ec2.describe_images()["Images"][0]["ImageId"]
tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web-1"}, {"Key": "aws:autoscaling:groupName", "Value": "web"}]}]
made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.large", TagSpecifications=tags)
instance = made["Instances"][0]
ec2.modify_instance_attribute(InstanceId=instance["InstanceId"], DisableApiTermination={"Value": True})
held(ec2.terminate_instances, InstanceIds=[instance["InstanceId"]])
group = ec2.create_security_group(GroupName="web", Description="x")["GroupId"]
def rule(port, cidr): return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}
held(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[rule(443, "10.0.0.0/8")])
held(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[rule(22, "0.0.0.0/0"), rule(80, "0.0.0.0/0")])
held(ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[rule(443, "10.0.0.0/8")])
volume = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
held(ec2.delete_volume, VolumeId=volume)
"#,
    );
    let asked = denied(&world, "ec2:TerminateInstances");
    let instance = asked.question.resources[0].rsplit('/').next().unwrap().to_owned();
    let said = fact(&asked.findings, &instance);
    for part in ["running", "t3.large", "Name web-1", "in auto scaling group web"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(
        fact(&asked.findings, &format!("termination protection of {instance}")),
        "on: AWS will refuse"
    );
    let asked = question(&world, "ec2:AuthorizeSecurityGroupIngress");
    assert_eq!(difference(&asked.findings), ["+ tcp 443 from 10.0.0.0/8"]);
    assert_eq!(fact(&asked.findings, "in use"), "by no network interface");
    world.broker.answer(asked.id, Answer::Allow(Scope::Once, String::new()), &ana());
    let asked = denied(&world, "ec2:AuthorizeSecurityGroupIngress");
    assert_eq!(
        difference(&asked.findings),
        ["+ tcp 22 from 0.0.0.0/0", "+ tcp 80 from 0.0.0.0/0", "  tcp 443 from 10.0.0.0/8"]
    );
    let asked = denied(&world, "ec2:RevokeSecurityGroupIngress");
    assert_eq!(difference(&asked.findings), ["- tcp 443 from 10.0.0.0/8"]);
    let asked = denied(&world, "ec2:DeleteVolume");
    assert_eq!(fact(&asked.findings, "attached"), instance);
    finished(child);
}

#[test]
fn roles_and_policies() {
    let moto = Moto::start();
    let world = asking(
        &moto.url,
        r#""iam:CreatePolicyVersion", "iam:DeleteRole", "iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy""#,
        "",
    );
    let child = python(
        &world,
        r#"
iam = boto3.client("iam")
def document(action, **more): return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*", **more}]})
def trust(who): return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": who}]})
arn = iam.create_policy(PolicyName="deploy", PolicyDocument=document("s3:Get*"))["Policy"]["Arn"]
iam.create_role(RoleName="ci", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
held(iam.attach_role_policy, RoleName="ci", PolicyArn=arn)
held(iam.create_policy_version, PolicyArn=arn, PolicyDocument=document(["s3:Get*", "s3:Delete*"]), SetAsDefault=True)
held(iam.put_role_policy, RoleName="ci", PolicyName="more", PolicyDocument=document("ec2:*"))
held(iam.update_assume_role_policy, RoleName="ci", PolicyDocument=trust("*"))
held(iam.delete_role, RoleName="ci")
"#,
    );
    let asked = question(&world, "iam:AttachRolePolicy");
    assert_eq!(difference(&asked.findings), ["+ arn:aws:iam::123456789012:policy/deploy"]);
    assert_eq!(fact(&asked.findings, "it says"), "Allow s3:Get* on *");
    world.broker.answer(asked.id, Answer::Allow(Scope::Once, String::new()), &ana());
    let asked = denied(&world, "iam:CreatePolicyVersion");
    assert_eq!(
        difference(&asked.findings),
        ["- Allow s3:Get* on *", "+ Allow s3:Get*, s3:Delete* on *", "  Version: 2012-10-17"]
    );
    assert_eq!(fact(&asked.findings, "attached to"), "role ci");
    let asked = denied(&world, "iam:PutRolePolicy");
    assert_eq!(fact(&asked.findings, "inline policy"), "there is none of this name yet");
    assert_eq!(difference(&asked.findings)[1], "+ Allow ec2:* on *");
    let asked = denied(&world, "iam:UpdateAssumeRolePolicy");
    assert_eq!(
        difference(&asked.findings),
        [
            "- Allow sts:AssumeRole to Service=ec2.amazonaws.com",
            "+ Allow sts:AssumeRole to *",
            "  Version: 2012-10-17"
        ]
    );
    let asked = denied(&world, "iam:DeleteRole");
    assert_eq!(fact(&asked.findings, "attached policies"), "deploy");
    assert_eq!(fact(&asked.findings, "inline policies"), "none");
    assert_eq!(fact(&asked.findings, "trusts"), "Allow sts:AssumeRole to Service=ec2.amazonaws.com");
    finished(child);
}

#[test]
fn tables_and_queues() {
    let moto = Moto::start();
    let world = asking(&moto.url, r#""dynamodb:DeleteTable", "dynamodb:UpdateTable", "sqs:PurgeQueue""#, "");
    let child = python(
        &world,
        r#"
dynamodb = boto3.client("dynamodb")
dynamodb.create_table(TableName="orders", BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=True,
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
for n in range(5): dynamodb.put_item(TableName="orders", Item={"id": {"S": str(n)}})
held(dynamodb.update_table, TableName="orders", DeletionProtectionEnabled=False)
held(dynamodb.delete_table, TableName="orders")
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
for n in range(4): sqs.send_message(QueueUrl=url, MessageBody="x")
held(sqs.purge_queue, QueueUrl=url)
"#,
    );
    let asked = denied(&world, "dynamodb:UpdateTable");
    assert_eq!(difference(&asked.findings), ["- deletion protection: on", "+ deletion protection: off"]);
    let asked = denied(&world, "dynamodb:DeleteTable");
    assert!(fact(&asked.findings, "items").starts_with("5 "), "{:?}", asked.findings);
    assert_eq!(fact(&asked.findings, "deletion protection"), "on: AWS will refuse to delete it");
    assert_eq!(fact(&asked.findings, "point-in-time recovery"), "off");
    let asked = denied(&world, "sqs:PurgeQueue");
    assert_eq!(fact(&asked.findings, "messages waiting"), "4");
    finished(child);
}

/// A DeleteTable that is held in the background; what is said about it.
fn held_table(world: &World) -> Waiting {
    let call = json_call(world, "dynamodb", "DynamoDB_20120810.DeleteTable", r#"{"TableName":"orders"}"#);
    let bytes = call.bytes(world);
    let mut stream = crate::client::dial(world);
    std::io::Write::write_all(&mut stream, &bytes).unwrap();
    let waiting = denied(world, "dynamodb:DeleteTable");
    assert!(crate::client::read_reply(&mut stream).status >= 400);
    waiting
}

#[test]
fn the_policy_decides_about_look_ups_too() {
    let upstream = upstream(|_, _| json(r#"{"Table":{"ItemCount":3}}"#));
    let more = "[[statement]]\neffect = \"ask\"\naction = \"dynamodb:DescribeTable\"\n\
                [[statement]]\neffect = \"deny\"\naction = \"dynamodb:DescribeContinuousBackups\"\n";
    let world = asking(&upstream.url, r#""dynamodb:DeleteTable""#, more);
    let asked = held_table(&world);
    let unknown = "unknown (the policy does not allow the look-up)";
    assert_eq!(fact(&asked.findings, "table"), unknown);
    assert_eq!(fact(&asked.findings, "point-in-time recovery"), unknown);
    let targets: Vec<String> =
        upstream.take().iter().map(|got| got.header("x-amz-target").to_owned()).collect();
    assert_eq!(targets, ["DynamoDB_20120810.ListTagsOfResource"], "and nothing else was sent");
}

#[test]
fn what_aws_does_not_say_is_unknown() {
    let upstream = upstream(|parts, _| match parts.headers["x-amz-target"].to_str().unwrap() {
        target if target.ends_with("DescribeTable") => {
            let huge = format!(r#"{{"Table":{{"TableStatus":"{}"}}}}"#, "x".repeat(2 << 20));
            json(&huge)
        }
        target if target.ends_with("DescribeContinuousBackups") => {
            let mut refused = json(r#"{"__type":"com.amazonaws#AccessDeniedException","message":"no"}"#);
            *refused.status_mut() = http::StatusCode::BAD_REQUEST;
            refused
        }
        _ => json("no json"),
    });
    let world = asking(&upstream.url, r#""dynamodb:DeleteTable""#, "");
    let asked = held_table(&world);
    assert_eq!(fact(&asked.findings, "table"), "unknown (the answer is longer than 1024 KiB)");
    assert_eq!(fact(&asked.findings, "point-in-time recovery"), "unknown (AccessDeniedException)");
    assert_eq!(fact(&asked.findings, "tags"), "unknown (the answer cannot be read)");
    let ends = world.events_of("call.end");
    assert_eq!(ends.iter().filter(|end| end["outcome"] == "failed").count(), 1, "{ends:#?}");
}

#[test]
fn an_upstream_that_hangs_leaves_the_question_as_it_is() {
    // The stub has one thread.
    let upstream = upstream(|_, _| {
        std::thread::sleep(Duration::from_secs(8));
        json("{}")
    });
    let world = asking(&upstream.url, r#""dynamodb:DeleteTable""#, "");
    let asked = held_table(&world);
    for name in ["table", "point-in-time recovery", "tags"] {
        assert_eq!(fact(&asked.findings, name), "unknown (no answer within 2 s)");
    }
    let ends = world.events_of("call.end");
    assert_eq!(ends.iter().filter(|end| end["outcome"] == "failed").count(), 3, "{ends:#?}");
}

#[test]
fn findings_are_masked_and_a_question_that_is_answered_ends_its_look_ups() {
    let secret = "AKIAIOSFODNN7EXAMPL7";
    let upstream = upstream(move |parts, _| {
        if parts.headers["x-amz-target"].to_str().unwrap().ends_with("ListTagsOfResource") {
            return json(&format!(
                r#"{{"Tags":[{{"Key":"owner","Value":"ghp_16C7e42F292c6912E7710c838347Ae178B4a"}},{{"Key":"key","Value":"{secret}"}}]}}"#
            ));
        }
        json(r#"{"Table":{"ItemCount":3},"ContinuousBackupsDescription":{}}"#)
    });
    let world = asking(&upstream.url, r#""dynamodb:DeleteTable""#, "");
    let asked = held_table(&world);
    let shown = format!("{:?}", asked.findings);
    assert!(shown.contains("owner=") && !shown.contains("ghp_16C7e42F292c"), "{shown}");
    assert!(!world.all_recorded().contains("ghp_16C7e42F292c6912E7710c838347Ae178B4a"));
    // Limits count the program's calls: three look-ups and one call.
    assert_eq!(world.recorder.counts().calls, 1);
}

#[test]
fn a_retry_joins_and_a_changed_parameter_does_not() {
    let moto = Moto::start();
    let world = asking(&moto.url, r#""s3:PutObject", "dynamodb:DeleteTable""#, "");
    let child = python(
        &world,
        r#"
import threading
once = Config(read_timeout=2, retries={"total_max_attempts": 3, "mode": "standard"})
def put(body, **more): held(boto3.client("s3", config=once).put_object, Bucket="reports", Key="k", Body=body, **more)
threads = [threading.Thread(target=put, args=args, kwargs=more) for args, more in [
    ((b"one",), {}), ((b"one",), {}), ((b"two",), {}), ((b"one",), {"ACL": "public-read"})]]
for thread in threads: thread.start()
for thread in threads: thread.join()
"#,
    );
    let mut all = Vec::new();
    for _ in 0..2_000 {
        std::thread::sleep(Duration::from_millis(10));
        all = world.broker.waiting();
        if all.iter().map(|waiting| waiting.callers).sum::<usize>() == 4 {
            break;
        }
    }
    let mut callers: Vec<usize> = all.iter().map(|waiting| waiting.callers).collect();
    callers.sort_unstable();
    assert_eq!(callers, [1, 1, 2], "{all:#?}");
    for waiting in &all {
        world.broker.answer(waiting.id, Answer::Deny(String::new()), &ana());
    }
    finished(child);
}

#[test]
fn a_question_says_what_is_known_of_an_upload() {
    let world = asking("http://127.0.0.1:1", r#""s3:PutObject""#, "");
    let put = |headers: &[(&str, &str)]| {
        let mut call = crate::client::s3_call(&world, "PUT", "/reports/k", b"hello");
        call.payload = Some(hoop::aws::sigv4::PayloadHash::Unsigned);
        let own = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        call.headers.extend(own);
        let mut stream = crate::client::dial(&world);
        std::io::Write::write_all(&mut stream, &call.bytes(&world)).unwrap();
        let asked = denied(&world, "s3:PutObject");
        crate::client::read_reply(&mut stream);
        let body = asked.question.parameters.iter().find(|fact| fact.name == "body").unwrap().value.clone();
        (body, asked.question.fingerprint)
    };
    let (unknown, plain) = put(&[]);
    assert_eq!(unknown, "5 bytes; what is in it is not known before it is sent on");
    assert_eq!(put(&[("amz-sdk-invocation-id", "x"), ("amz-sdk-request", "attempt=2")]).1, plain);
    let (said, summed) = put(&[("x-amz-checksum-crc32", "NhCmhg==")]);
    assert_eq!(said, "5 bytes, crc32 NhCmhg==");
    assert_ne!(summed, plain);
    assert_ne!(put(&[("x-amz-checksum-crc32", "AAAAAA==")]).1, summed);
    assert_ne!(put(&[("x-amz-acl", "public-read")]).1, plain);
}
