//! What the policy refuses never reaches AWS, whoever asks and however.

use crate::support::home::Home;

const NO_DELETES: &str = r#"
version = 1
default = "deny"

[[statement]]
sid      = "work"
effect   = "allow"
action   = ["s3:*", "sts:GetCallerIdentity"]
resource = ["*"]

[[statement]]
sid      = "no-deletes"
effect   = "deny"
action   = ["s3:Delete*"]
resource = ["*"]
"#;

#[test]
fn a_delete_is_refused_from_the_cli_from_python_and_by_force() {
    let home = Home::new();
    let policy = home.write("policy.toml", NO_DELETES);
    let policy = policy.to_str().unwrap();
    home.run(policy, &["aws", "s3", "mb", "s3://kept"]).ok();
    home.write("file.txt", "keep me\n");
    home.run(policy, &["aws", "s3", "cp", "file.txt", "s3://kept/file.txt"]).ok();
    let attempts: &[&[&str]] = &[
        &["aws", "s3", "rm", "s3://kept/file.txt"],
        &["aws", "s3", "rb", "s3://kept", "--force"],
        &["bash", "-c", "a=aw; \"${a}s\" s3api delete-object --bucket kept --key file.txt"],
        &[
            "python3",
            "-c",
            "import boto3; boto3.client('s3').delete_objects(Bucket='kept', Delete={'Objects': [{'Key': 'file.txt'}]})",
        ],
    ];
    for argv in attempts {
        let said = home.run(policy, argv).failed();
        assert!(said.contains("AccessDenied") && said.contains("no-deletes"), "{argv:?} said:\n{said}");
        let denied = home.events_of("decision").into_iter().filter(|event| event["effect"] == "deny").count();
        assert!(denied >= 1, "{argv:?}: no denial in the record");
    }
    assert!(home.aws(&["s3", "ls", "s3://kept/"]).ok().contains("file.txt"), "the object is gone");
}

#[test]
fn what_no_rule_names_meets_the_default() {
    let home = Home::new();
    let policy = home.write("policy.toml", NO_DELETES);
    let said = home.run(policy.to_str().unwrap(), &["aws", "dynamodb", "list-tables"]).failed();
    assert!(said.contains("AccessDeniedException"), "{said}");
}

#[test]
fn asking_without_a_terminal_is_a_denial_that_says_so() {
    let home = Home::new();
    let said = home.run("guarded", &["aws", "s3", "mb", "s3://asked-bucket"]).failed();
    assert!(said.contains("terminal"), "{said}");
    assert!(!home.aws(&["s3", "ls"]).ok().contains("asked-bucket"));
}

#[test]
fn an_unreadable_policy_starts_no_session() {
    let home = Home::new();
    let policy = home.write("policy.toml", "version = 1\ndefault = \"dney\"\n");
    let outcome = home.run(policy.to_str().unwrap(), &["touch", "ran"]);
    assert_eq!(outcome.code, Some(125), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("policy.toml:2:11") && outcome.stderr.contains("deny"),
        "{}",
        outcome.stderr
    );
    assert!(!home.path().join("ran").exists(), "the command ran under a policy nobody could read");
}

#[test]
fn unsigned_foreign_and_altered_requests_are_refused() {
    let home = Home::new();
    home.write(
        "forge.py",
        r#"
import os, boto3, botocore
from botocore.config import Config
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth, SigV4Auth

def attempt(name, call):
    try:
        call()
        print(name, "PASSED")
    except botocore.exceptions.ClientError as error:
        print(name, error.response["Error"]["Code"])

attempt("unsigned", lambda: boto3.client("s3", config=Config(signature_version=UNSIGNED)).list_objects_v2(Bucket="x"))
attempt("foreign", lambda: boto3.client("sts", aws_access_key_id="AKIAFOREIGNKEY234567", aws_secret_access_key="y" * 40).get_caller_identity())
attempt("wrong-secret", lambda: boto3.client("sts", aws_secret_access_key="z" * 40, aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_session_token=os.environ["AWS_SESSION_TOKEN"]).get_caller_identity())

altered = boto3.client("dynamodb")
def change(request, **_):
    request.data = request.data.replace(b"harmless", b"dangerous")
    request.body = request.data
def after_signing(request, **_):
    request.body = request.body.replace(b"harmless", b"harmfull")
altered.meta.events.register("before-send.dynamodb", after_signing)
attempt("altered", lambda: altered.describe_table(TableName="harmless"))

import datetime, botocore.auth
old = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=3)
def stopped(remove_tzinfo=True):
    return old.replace(tzinfo=None) if remove_tzinfo else old
botocore.auth.get_current_datetime = stopped
try:
    # What signs where the CRT is installed.
    import botocore.crt.auth
    botocore.crt.auth.get_current_datetime = stopped
except ImportError:
    pass
attempt("replayed", lambda: boto3.client("sts", config=Config(retries={"max_attempts": 1})).get_caller_identity())
"#,
    );
    let outcome = home.run("observe", &["python3", "forge.py"]);
    let said = outcome.ok();
    for name in ["unsigned", "foreign", "wrong-secret", "altered", "replayed"] {
        let line = said
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no {name} in:\n{said}"));
        assert!(!line.ends_with("PASSED"), "{line}");
    }
    assert!(
        said.contains("altered SignatureDoesNotMatch") || said.contains("altered InvalidSignatureException"),
        "{said}"
    );
}
