//! Real clients against moto: the aws CLI and boto3, by proxy (TLS opened with the session's authority) and by
//! endpoint URL.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;

use hoop::gateway::Capture;
use tempfile::TempDir;

use crate::world::Plan;
use crate::world::REAL_SECRET;
use crate::world::World;

/// Where `scripts/setup.sh test` has put the Python clients.
pub fn venv() -> PathBuf {
    let cache = std::env::var_os("HOOP_CACHE").map(PathBuf::from);
    let venv =
        cache.unwrap_or_else(|| Path::new(&std::env::var("HOME").unwrap()).join(".cache/hoop")).join("venv");
    assert!(
        venv.join("bin/moto_server").exists(),
        "no moto in {}: run scripts/setup.sh test",
        venv.display()
    );
    venv
}

/// Loads moto once; each line of its standard input is a new emulator, forked off, whose port it prints. They end with it.
const NURSERY: &str = r#"
import os, signal, sys
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
import moto.cloudwatch.responses, moto.core.responses, moto.dynamodb.responses, moto.ec2.responses, moto.iam.responses
import moto.s3.responses, moto.secretsmanager.responses, moto.sqs.responses, moto.sts.responses
children = []
while sys.stdin.readline():
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        app = DomainDispatcherApplication(create_backend_app)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        os.write(writing, str(server.server_port).encode())
        server.serve_forever()
    children.append(child)
    print(os.read(reading, 9).decode(), flush=True)
for child in children:
    os.kill(child, signal.SIGKILL)
"#;

/// An emulator of the test's own.
pub struct Moto {
    pub url: String,
}

impl Moto {
    pub fn start() -> Self {
        static NURSERY_PROCESS: Mutex<Option<(Child, BufReader<ChildStdout>)>> = Mutex::new(None);
        let mut nursery = NURSERY_PROCESS.lock().unwrap();
        let (child, told) = nursery.get_or_insert_with(|| {
            let mut command = Command::new(venv().join("bin/python3"));
            command.args(["-c", NURSERY]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let told = BufReader::new(child.stdout.take().unwrap());
            (child, told)
        });
        child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        let mut port = String::new();
        told.read_line(&mut port).unwrap();
        assert!(!port.trim().is_empty(), "moto did not start");
        Self { url: format!("http://127.0.0.1:{}", port.trim()) }
    }
}

/// A session on moto, and a home for its clients.
pub struct Session {
    pub world: World,
    home: TempDir,
    pub moto: Moto,
}

impl Session {
    pub fn start(capture: Capture) -> Self {
        Self::with_policy(capture, "")
    }

    pub fn with_policy(capture: Capture, statements: &str) -> Self {
        let moto = Moto::start();
        let mut plan = Plan::observe(&moto.url).policy(statements);
        plan.capture = capture;
        Self { world: plan.start(), home: tempfile::tempdir().unwrap(), moto }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn run(&self, program: &str, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(venv().join("bin").join(program))
            .args(arguments)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", venv().join("bin").display()))
            .env("HOME", self.home.path())
            .envs(&self.world.env)
            .current_dir(self.home.path())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat().iter().map(|byte| char::from(*byte)).collect();
        (output.status.success(), text)
    }

    pub fn aws(&self, arguments: &str) -> String {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let (success, text) = self.run("aws", &arguments);
        assert!(success, "aws {arguments:?}: {text}");
        text
    }

    pub fn python(&self, script: &str) -> String {
        let (success, text) = self.run("python3", &["-c", script]);
        assert!(success, "{script}: {text}");
        text
    }

    /// The actions of all calls so far, without repetitions.
    pub fn actions(&self) -> Vec<String> {
        let begun = self.world.events_of("call.begin");
        let mut actions: Vec<String> =
            begun.iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect();
        actions.sort();
        actions.dedup();
        actions
    }

    pub fn assert_nothing_leaked(&self) {
        assert!(!self.world.all_recorded().contains(REAL_SECRET));
        assert!(!self.world.env.values().any(|value| value.contains(REAL_SECRET)));
    }
}

fn the_aws_cli_works(capture: Capture) {
    let session = Session::start(capture);
    session.aws("s3 mb s3://reports");
    fs::write(session.home.path().join("a.txt"), "hello\n").unwrap();
    session.aws("s3 cp a.txt s3://reports/2026/a+b&c.txt");
    assert!(session.aws("s3 ls s3://reports/2026/").contains("a+b&c.txt"));
    session.aws("s3 cp s3://reports/2026/a+b&c.txt back.txt");
    assert_eq!(fs::read_to_string(session.home.path().join("back.txt")).unwrap(), "hello\n");
    assert!(session.aws("sts get-caller-identity").contains("123456789012"));
    session.aws(
        "dynamodb create-table --table-name t --attribute-definitions AttributeName=k,AttributeType=S \
                 --key-schema AttributeName=k,KeyType=HASH --billing-mode PAY_PER_REQUEST",
    );
    assert!(session.aws("dynamodb list-tables").contains("\"t\""));
    session.aws("ec2 describe-instances");
    session.aws("iam list-users");
    session.aws("lambda list-functions");
    session.aws("cloudwatch list-metrics");
    let actions = session.actions();
    for action in [
        "s3:CreateBucket",
        "s3:PutObject",
        "s3:ListBucket",
        "s3:GetObject",
        "sts:GetCallerIdentity",
        "dynamodb:CreateTable",
        "ec2:DescribeInstances",
        "iam:ListUsers",
        "lambda:ListFunctions",
        "cloudwatch:ListMetrics",
    ] {
        assert!(actions.iter().any(|own| own == action), "{action} not in {actions:?}");
    }
    assert!(!actions.iter().any(|action| action.ends_with(":unknown")), "{actions:?}");
    session.assert_nothing_leaked();
}

#[test]
fn the_aws_cli_works_by_proxy() {
    the_aws_cli_works(Capture::Proxy);
}

#[test]
fn the_aws_cli_works_by_endpoint() {
    the_aws_cli_works(Capture::Endpoint);
}

#[test]
fn the_aws_cli_reaches_sqs_whose_endpoint_cannot_be_set() {
    for capture in [Capture::Proxy, Capture::Endpoint] {
        let session = Session::start(capture);
        session.aws("sqs create-queue --queue-name jobs");
        assert!(session.aws("sqs list-queues").contains("/jobs"), "{capture:?}");
    }
}

#[test]
fn a_secret_is_masked_in_the_answer_and_in_the_record() {
    let session = Session::start(Capture::Proxy);
    session.aws("secretsmanager create-secret --name db --secret-string correct-horse-battery-9");
    let answer = session.aws("secretsmanager get-secret-value --secret-id db");
    assert!(answer.contains("SecretString") && !answer.contains("correct-horse"), "{answer}");
    assert!(!session.world.all_recorded().contains("correct-horse"));
}

#[test]
fn boto3_works_both_ways_and_sixty_four_mebibytes_come_back_whole() {
    for capture in [Capture::Proxy, Capture::Endpoint] {
        let session = Session::start(capture);
        let told = session.python(
            r#"
import boto3, hashlib, io, os, random
s3 = boto3.client("s3")
s3.create_bucket(Bucket="big", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
blob = random.Random(7).randbytes(64 << 20)
s3.upload_fileobj(io.BytesIO(blob), "big", "a//b/../c %2F")
back = io.BytesIO()
s3.download_fileobj("big", "a//b/../c %2F", back)
assert hashlib.md5(back.getvalue()).digest() == hashlib.md5(blob).digest()
assert [o["Key"] for o in s3.list_objects_v2(Bucket="big")["Contents"]] == ["a//b/../c %2F"]
s3.put_object(Bucket="big", Key="text", Body=b"plain text\n" * 1000, ContentType="text/plain")
assert s3.get_object(Bucket="big", Key="text")["Body"].read() == b"plain text\n" * 1000
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
sqs.send_message(QueueUrl=url, MessageBody="work")
assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "work"
print("ok", boto3.client("sts").get_caller_identity()["Account"])
"#,
        );
        assert!(told.contains("ok 123456789012"), "{capture:?}: {told}");
        let resources = session.world.events_of("call.begin");
        assert!(resources.iter().any(|event| event["resources"][0] == "arn:aws:s3:::big/a//b/../c %2F"));
        session.assert_nothing_leaked();
    }
}

#[test]
fn a_presigned_url_works_through_the_gateway_and_dies_with_it() {
    let session = Session::start(Capture::Endpoint);
    session.aws("s3 mb s3://links");
    fs::write(session.home.path().join("a.txt"), "linked\n").unwrap();
    session.aws("s3 cp a.txt s3://links/a.txt");
    let told = session.python(
        r#"
import boto3, urllib.request
from botocore.config import Config
s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
url = s3.generate_presigned_url("get_object", Params={"Bucket": "links", "Key": "a.txt"})
print(urllib.request.urlopen(url).read().decode())
"#,
    );
    assert!(told.contains("linked"), "{told}");
}

#[test]
fn moto_with_iam_enforcement_accepts_the_new_signature() {
    // The verifier is moto's own, not ours.
    let moto = Moto::start();
    let direct = |script: &str| {
        let output = Command::new(venv().join("bin/python3"))
            .args(["-c", script, &moto.url])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", output.stderr.escape_ascii());
        output.stdout.iter().map(|byte| char::from(*byte)).collect::<String>()
    };
    let keys = direct(
        r#"
import boto3, json, sys, urllib.request
e = sys.argv[1]
iam = boto3.client("iam", endpoint_url=e, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
iam.create_user(UserName="u")
iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
key = iam.create_access_key(UserName="u")["AccessKey"]
urllib.request.urlopen(urllib.request.Request(e + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})).read()
print(key["AccessKeyId"], key["SecretAccessKey"])
"#,
    );
    let (id, secret) = keys.trim().split_once(' ').unwrap();
    for capture in [Capture::Proxy, Capture::Endpoint] {
        let mut plan = Plan::observe(&moto.url);
        plan.capture = capture;
        plan.environment = vec![
            ("AWS_ACCESS_KEY_ID".to_owned(), id.to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), secret.to_owned()),
        ];
        let world = plan.start();
        let output = Command::new(venv().join("bin/python3"))
            .args([
                "-c",
                r#"
import boto3, sys
name = sys.argv[1]
s3 = boto3.client("s3")
s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
s3.put_object(Bucket=name, Key="a b+c", Body=b"x" * 100000)
assert len(s3.get_object(Bucket=name, Key="a b+c")["Body"].read()) == 100000
boto3.client("dynamodb").list_tables()
boto3.client("iam").list_users()
boto3.client("sqs").list_queues()
print(boto3.client("sts").get_caller_identity()["Arn"])
"#,
                &format!("bucket-{}", capture.as_str()),
            ])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(&world.env)
            .output()
            .unwrap();
        assert!(output.status.success(), "{capture:?} {}", output.stderr.escape_ascii());
        assert!(output.stdout.escape_ascii().to_string().contains("user/u"));
    }
}

#[test]
fn a_profile_that_assumes_a_role_is_followed_and_asks_the_override() {
    let moto = Moto::start();
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    let made = home.path().join("made.json");
    let json = r#"{"Version":1,"AccessKeyId":"AKIAMADEMADEMADEMADE","SecretAccessKey":"made"}"#;
    fs::write(&made, json).unwrap();
    let config = format!(
        "[profile base]\nregion = eu-central-1\n\
         [profile deploy]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = base\n\
         [profile made]\ncredential_process = /bin/cat {}\n",
        made.display()
    );
    fs::write(home.path().join(".aws/config"), config).unwrap();
    let keys = "[base]\naws_access_key_id = AKIABASEBASEBASEBASE\naws_secret_access_key = base\n";
    fs::write(home.path().join(".aws/credentials"), keys).unwrap();
    for (profile, arn) in [("deploy", "assumed-role/deploy"), ("made", "arn:aws:"), ("base", "arn:aws:")] {
        let mut plan = Plan::observe(&moto.url);
        plan.environment = vec![
            ("HOME".to_owned(), home.path().display().to_string()),
            ("AWS_PROFILE".to_owned(), profile.to_owned()),
        ];
        let world = plan.start();
        let script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])";
        let output = Command::new(venv().join("bin/python3"))
            .args(["-c", script])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(&world.env)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat().escape_ascii().to_string();
        assert!(output.status.success() && text.contains(arn), "{profile}: {text}");
        let fetched = &world.events_of("credential")[1];
        assert_eq!(
            (fetched["what"].as_str(), fetched["source"].as_str()),
            (Some("fetched"), Some(&*format!("profile {profile}")))
        );
        assert_eq!(fetched["expires"].is_u64(), profile == "deploy");
    }
}
