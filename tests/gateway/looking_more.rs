//! What a question tells about the present state, service by service: the resources are made in moto directly, the call is
//! held on its way through the gateway, and the facts are those of what was made.

use hoop::approval::Waiting;

use crate::looking::asking;
use crate::looking::denied;
use crate::looking::difference;
use crate::looking::finished;
use crate::looking::python;
use crate::moto::Moto;

/// A call that is held.
struct Case {
    /// Makes what it is about: Python, with `made(service)`, a client that talks to moto.
    make: &'static str,
    /// Python, what is held: `method(name=value)` of `service`.
    service: &'static str,
    call: &'static str,
    action: &'static str,
    /// All facts in their order; `*` stands for anything.
    facts: &'static [(&'static str, &'static str)],
    difference: &'static [&'static str],
}

/// Moto's canonical user.
const OWNER: &str = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";

/// Clients that talk to moto, and whom an access list may name.
const PRELUDE: &str = r#"
import boto3, io, json, zipfile
def made(service): return boto3.client(service, endpoint_url=moto, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
def group(name): return {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/" + name}
me = {"Type": "CanonicalUser", "ID": owner}
"#;

const DELETED: &[Case] = &[
    Case {
        make: r#"
rds = made("rds")
rds.create_db_instance(DBInstanceIdentifier="orders", DBInstanceClass="db.t3.medium", Engine="postgres", AllocatedStorage=20,
    MasterUsername="ana", MasterUserPassword="correct-horse-battery-9", DeletionProtection=True, BackupRetentionPeriod=7)
rds.create_db_snapshot(DBSnapshotIdentifier="before", DBInstanceIdentifier="orders")
"#,
        service: "rds",
        call: r#"delete_db_instance(DBInstanceIdentifier="orders", SkipFinalSnapshot=True)"#,
        action: "rds:DeleteDBInstance",
        facts: &[
            ("database", "available, postgres, db.t3.medium, 20 GiB"),
            ("deletion protection", "on: AWS will refuse to delete it"),
            ("automated backups", "of 7 days, deleted as well"),
            ("final snapshot", "no: nothing is left of the data but earlier snapshots"),
            ("snapshots", "1, the latest of 20* UTC"),
        ],
        difference: &[],
    },
    Case {
        make: "",
        service: "rds",
        call: r#"delete_db_instance(DBInstanceIdentifier="nothing", SkipFinalSnapshot=True)"#,
        action: "rds:DeleteDBInstance",
        facts: &[("database", "it does not exist"), ("snapshots", "none")],
        difference: &[],
    },
    Case {
        make: r#"
rds.create_db_cluster(DBClusterIdentifier="shop", Engine="aurora-postgresql", MasterUsername="ana", MasterUserPassword="correct-horse-battery-9", BackupRetentionPeriod=1)
for n in range(2): rds.create_db_instance(DBInstanceIdentifier=f"shop-{n}", DBInstanceClass="db.r5.large", Engine="aurora-postgresql", DBClusterIdentifier="shop")
"#,
        service: "rds",
        call: r#"delete_db_cluster(DBClusterIdentifier="shop", FinalDBSnapshotIdentifier="last")"#,
        action: "rds:DeleteDBCluster",
        facts: &[
            ("cluster", "available, aurora-postgresql"),
            ("members", "2"),
            ("deletion protection", "off"),
            ("automated backups", "of 1 day, deleted as well"),
            ("final snapshot", "yes, last"),
        ],
        difference: &[],
    },
    Case {
        make: r#"
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as file: file.writestr("f.py", "def run(event, context): return 1")
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]})
role = made("iam").create_role(RoleName="runner", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
functions = made("lambda")
functions.create_function(FunctionName="nightly", Runtime="python3.12", Role=role, Handler="f.run", Code={"ZipFile": code.getvalue()}, MemorySize=256,
    Environment={"Variables": {"PASSWORD": "correct-horse-battery-9"}}, Publish=True)
functions.update_function_configuration(FunctionName="nightly", MemorySize=512)
sqs = made("sqs")
queue = sqs.get_queue_attributes(QueueUrl=sqs.create_queue(QueueName="jobs")["QueueUrl"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
functions.create_event_source_mapping(FunctionName="nightly", EventSourceArn=queue)
"#,
        service: "lambda",
        call: r#"delete_function(FunctionName="nightly")"#,
        action: "lambda:DeleteFunction",
        facts: &[
            ("function", "Active, python3.12, 512 MB"),
            ("last changed", "20* UTC"),
            ("role", "arn:aws:iam::123456789012:role/runner"),
            ("event sources", "arn:aws:sqs:eu-central-1:123456789012:jobs"),
        ],
        difference: &[],
    },
    Case {
        make: "",
        service: "lambda",
        call: r#"delete_function(FunctionName="nightly", Qualifier="1")"#,
        action: "lambda:DeleteFunction",
        facts: &[
            ("function", "Active, python3.12, 256 MB"),
            ("version", "1"),
            ("last changed", "20* UTC"),
            ("role", "arn:aws:iam::123456789012:role/runner"),
        ],
        difference: &[],
    },
    Case {
        make: r#"
kms = made("kms")
key = kms.create_key(Description="backups of orders", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
kms.create_alias(AliasName="alias/backups", TargetKeyId=key)
kms.create_grant(KeyId=key, GranteePrincipal="arn:aws:iam::123456789012:role/ci", Operations=["Decrypt"])
"#,
        service: "kms",
        call: "schedule_key_deletion(KeyId=key, PendingWindowInDays=7)",
        action: "kms:ScheduleKeyDeletion",
        facts: &[
            ("key", "Enabled, ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT"),
            ("description", "backups of orders"),
            ("created", "20* UTC"),
            ("aliases", "alias/backups"),
            ("grants", "1"),
        ],
        difference: &[],
    },
    // moto counts no subscriptions: both numbers are always 0 there, see `looking_documented`.
    Case {
        make: r#"topic = made("sns").create_topic(Name="alarms")["TopicArn"]"#,
        service: "sns",
        call: "delete_topic(TopicArn=topic)",
        action: "sns:DeleteTopic",
        facts: &[("subscriptions", "0")],
        difference: &[],
    },
    Case {
        make: r#"made("secretsmanager").create_secret(Name="db", SecretString="correct-horse-battery-9")"#,
        service: "secretsmanager",
        call: r#"delete_secret(SecretId="db", RecoveryWindowInDays=8)"#,
        action: "secretsmanager:DeleteSecret",
        facts: &[
            ("last used", "never, or not known"),
            ("last changed", "20* UTC"),
            ("recovery", "possible for 8 days"),
        ],
        difference: &[],
    },
    Case {
        make: r#"
template = {"Resources": {"A": {"Type": "AWS::SQS::Queue"}, "B": {"Type": "AWS::SQS::Queue"}, "C": {"Type": "AWS::SNS::Topic"}}}
made("cloudformation").create_stack(StackName="shop", TemplateBody=json.dumps(template), EnableTerminationProtection=True)
"#,
        service: "cloudformation",
        call: r#"delete_stack(StackName="shop")"#,
        action: "cloudformation:DeleteStack",
        facts: &[
            ("stack", "CREATE_COMPLETE"),
            ("termination protection", "on: AWS will refuse to delete it"),
            ("resources", "3: 2 SQS::Queue, 1 SNS::Topic"),
        ],
        difference: &[],
    },
    Case {
        make: r#"
import time
logs = made("logs")
for name in ["/shop", "/shop/a"]:
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
logs.put_log_events(logGroupName="/shop", logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": "x" * 2048}])
logs.put_retention_policy(logGroupName="/shop", retentionInDays=30)
"#,
        service: "logs",
        call: r#"delete_log_group(logGroupName="/shop")"#,
        action: "logs:DeleteLogGroup",
        facts: &[("stored", "2.0 KiB"), ("kept", "for 30 days")],
        difference: &[],
    },
    Case {
        make: r#"
ecr = made("ecr")
ecr.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
def manifest(n): return json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": [{"digest": f"sha256:{n:064}", "size": n}]})
for n, tag in [(1, "v1"), (1, "latest"), (2, "v2")]: ecr.put_image(repositoryName="web", imageManifest=manifest(n), imageTag=tag)
"#,
        service: "ecr",
        call: r#"delete_repository(repositoryName="web", registryId="123456789012", force=True)"#,
        action: "ecr:DeleteRepository",
        facts: &[("tags", "immutable"), ("created", "20* UTC"), ("images", "2")],
        difference: &[],
    },
    Case {
        make: r#"
made("s3").create_bucket(Bucket="trail-logs", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
trails = made("cloudtrail")
trails.create_trail(Name="all", S3BucketName="trail-logs", IsMultiRegionTrail=True)
trails.start_logging(Name="all")
"#,
        service: "cloudtrail",
        call: r#"stop_logging(Name="all")"#,
        action: "cloudtrail:StopLogging",
        facts: &[
            ("trail", "of all regions"),
            ("writes to", "bucket trail-logs"),
            ("logging", "on"),
            ("last delivered", "20* UTC"),
        ],
        difference: &[],
    },
];

const OPENED: &[Case] = &[
    Case {
        make: r#"
s3 = made("s3")
s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
s3.put_object(Bucket="reports", Key="k", Body=b"x" * 2048)
"#,
        service: "s3",
        call: r#"put_bucket_acl(Bucket="reports", ACL="public-read")"#,
        action: "s3:PutBucketAcl",
        facts: &[
            ("access list", "1 grant"),
            ("public access block", "none: public access is possible"),
            ("objects", "1 (2.0 KiB)"),
        ],
        difference: &["+ READ to everyone (AllUsers)", "  FULL_CONTROL to the owner"],
    },
    Case {
        make: "",
        service: "s3",
        call: r#"put_bucket_acl(Bucket="reports", GrantWrite='id="abc", uri="http://acs.amazonaws.com/groups/global/AuthenticatedUsers"')"#,
        action: "s3:PutBucketAcl",
        facts: &[
            ("access list", "1 grant"),
            ("public access block", "none: public access is possible"),
            ("objects", "1 (2.0 KiB)"),
        ],
        difference: &[
            "- FULL_CONTROL to the owner",
            "+ WRITE to abc",
            "+ WRITE to everyone with an AWS account (AuthenticatedUsers)",
        ],
    },
    Case {
        make: r#"
grants = [{"Grantee": me, "Permission": "FULL_CONTROL"}, {"Grantee": group("AllUsers"), "Permission": "READ"}]
public = [*grants, {"Grantee": group("AllUsers"), "Permission": "WRITE"}]
s3.put_bucket_acl(Bucket="reports", AccessControlPolicy={"Owner": {"ID": owner}, "Grants": public})
"#,
        service: "s3",
        call: r#"put_bucket_acl(Bucket="reports", AccessControlPolicy={"Owner": {"ID": owner}, "Grants": grants})"#,
        action: "s3:PutBucketAcl",
        facts: &[
            ("access list", "3 grants"),
            ("public access block", "none: public access is possible"),
            ("objects", "1 (2.0 KiB)"),
        ],
        difference: &[
            "- WRITE to everyone (AllUsers)",
            "  FULL_CONTROL to the owner",
            "  READ to everyone (AllUsers)",
        ],
    },
    Case {
        make: "",
        service: "s3",
        call: r#"put_public_access_block(Bucket="reports", PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True})"#,
        action: "s3:PutBucketPublicAccessBlock",
        facts: &[("bucket policy", "none"), ("objects", "1 (2.0 KiB)")],
        difference: &[
            "- BlockPublicAcls: off",
            "- IgnorePublicAcls: off",
            "+ BlockPublicAcls: on",
            "+ IgnorePublicAcls: on",
            "  BlockPublicPolicy: off",
            "  RestrictPublicBuckets: off",
        ],
    },
    Case {
        make: r#"s3.put_public_access_block(Bucket="reports", PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True})"#,
        service: "s3",
        call: r#"put_public_access_block(Bucket="reports", PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": False})"#,
        action: "s3:PutBucketPublicAccessBlock",
        facts: &[("bucket policy", "none"), ("objects", "1 (2.0 KiB)")],
        difference: &[
            "- RestrictPublicBuckets: on",
            "+ RestrictPublicBuckets: off",
            "  BlockPublicAcls: on",
            "  IgnorePublicAcls: on",
            "  BlockPublicPolicy: on",
        ],
    },
];

/// Whether `text` is like `pattern`, in which one `*` stands for anything.
fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => text.starts_with(head) && text.ends_with(tail),
        None => text == pattern,
    }
}

/// What is not as it should be in what was found out.
pub fn wrong(asked: &Waiting, facts: &[(&str, &str)], lines: &[&str]) -> Option<String> {
    let found = &asked.findings;
    let are_right = found.facts.len() == facts.len()
        && found
            .facts
            .iter()
            .zip(facts)
            .all(|(fact, (name, value))| fact.name == *name && is_like(&fact.value, value));
    let is_compared = match lines {
        [] => found.difference.is_empty(),
        lines => !found.difference.is_empty() && difference(found) == lines,
    };
    (!are_right || !is_compared).then(|| format!("{}: {found:#?}", asked.question.action))
}

fn held(cases: &[Case]) {
    let moto = Moto::start();
    let actions: Vec<String> = cases.iter().map(|case| format!("{:?}", case.action)).collect();
    let world = asking(&moto.url, &actions.join(", "), "");
    let mut script = format!("moto = {:?}\nowner = {OWNER:?}\n{PRELUDE}", moto.url);
    for case in cases {
        let (method, parameters) = case.call.split_once('(').unwrap();
        script += case.make;
        script += &format!("\nheld(boto3.client({:?}).{method}, {parameters}\n", case.service);
    }
    let child = python(&world, &script);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| wrong(&denied(&world, case.action), case.facts, case.difference))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    finished(child);
    // What is secret was neither asked for nor told.
    assert!(!world.all_recorded().contains("correct-horse"));
    let own = world.events_of("call.begin").into_iter().filter(|begin| begin["via"] == "hoop");
    let own: Vec<String> = own.map(|begin| begin["action"].as_str().unwrap().to_owned()).collect();
    assert!(own.len() >= cases.len() && !own.iter().any(|action| action.contains("Value")), "{own:?}");
}

#[test]
fn what_would_be_deleted() {
    held(DELETED);
}

#[test]
fn what_would_be_opened() {
    held(OPENED);
}
