//! Roles assumed by real clients, in files of their own, against moto.

use std::fs;
use std::process::Command;

use hoop::gateway::Capture;
use serde_json::Value;

use crate::moto::Moto;
use crate::moto::Session;
use crate::moto::venv;
use crate::world::Plan;

impl Session {
    /// Writes `~/roles.ini` and runs the CLI with it.
    fn with_config(&self, config: &str, arguments: &str) -> (bool, String) {
        let file = self.home().join("roles.ini");
        fs::write(&file, config).unwrap();
        let script = format!("AWS_CONFIG_FILE={} exec aws {arguments}", file.display());
        self.run("python3", &["-c", &format!("import os; os.execv('/bin/sh', ['sh', '-c', {script:?}])")])
    }

    fn assert_roles_stay_here(&self) {
        let (success, data) = run_python(
            "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1] + '/moto-api/data.json').read().decode())",
            &self.moto.url,
        );
        assert!(success, "{data}");
        let data: Value = serde_json::from_str(&data).unwrap();
        let roles = data["sts"]["AssumedRole"].as_array().unwrap();
        assert!(!roles.is_empty());
        let (recorded, mut home) = (self.world.all_recorded(), String::new());
        texts(self.home(), &mut home);
        for role in roles {
            for name in ["access_key_id", "secret_access_key", "session_token"] {
                let real = role[name].as_str().unwrap();
                assert!(!recorded.contains(real), "{name} is recorded");
                assert!(!home.contains(real), "{name} is in the program's files");
            }
        }
    }
}

fn texts(folder: &std::path::Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => texts(&path, into),
            false => into.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap())),
        }
    }
}

/// Past the gateway.
fn run_python(script: &str, url: &str) -> (bool, String) {
    let mut command = Command::new(venv().join("bin/python3"));
    let output = command.args(["-c", script, url]).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

const CONFIG: &str = "[profile one]\nrole_arn = arn:aws:iam::210987654321:role/team/one\ncredential_source = Environment\n\
    [profile two]\nrole_arn = arn:aws:iam::310987654321:role/two\nsource_profile = one\n\
    [profile three]\nrole_arn = arn:aws:iam::410987654321:role/three\nsource_profile = two\n";

#[test]
fn profiles_of_the_cli_assume_roles_and_chain_them() {
    for capture in [Capture::Proxy, Capture::Endpoint] {
        let session = Session::start(capture);
        for (profile, arn) in [
            ("one", "arn:aws:sts::210987654321:assumed-role/one/"),
            ("two", "arn:aws:sts::310987654321:assumed-role/two/"),
            ("three", "arn:aws:sts::410987654321:assumed-role/three/"),
        ] {
            let (success, text) =
                session.with_config(CONFIG, &format!("--profile {profile} sts get-caller-identity"));
            assert!(success && text.contains(arn), "{capture:?} {profile}: {text}");
        }
        // Keys that the program was given, in a file of its own.
        let keys = format!(
            "[profile base]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n\
             [profile filed]\nrole_arn = arn:aws:iam::510987654321:role/filed\nsource_profile = base\n",
            session.world.env["AWS_ACCESS_KEY_ID"],
            session.world.env["AWS_SECRET_ACCESS_KEY"],
            session.world.env["AWS_SESSION_TOKEN"],
        );
        let (success, text) = session.with_config(&keys, "--profile filed sts get-caller-identity");
        assert!(success && text.contains("arn:aws:sts::510987654321:assumed-role/filed/"), "{text}");
        let begun = session.world.events_of("call.begin");
        let last = begun.last().unwrap();
        assert_eq!(last["action"], "sts:GetCallerIdentity");
        assert_eq!(last["role"], "arn:aws:iam::510987654321:role/filed");
        assert!(begun.iter().any(|call| call["role"] == "arn:aws:iam::210987654321:role/team/one"));
        session.assert_roles_stay_here();
        session.assert_nothing_leaked();
    }
}

#[test]
fn a_role_of_boto3_is_that_role_alone_and_no_other_sessions() {
    let session = Session::start(Capture::Proxy);
    let assume = r#"
import boto3, json
def client(name, c):
    return boto3.client(name, aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"],
                        aws_session_token=c["SessionToken"])
sts = boto3.client("sts")
one = sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/one", RoleSessionName="s1")
assert one["AssumedRoleUser"]["Arn"].endswith("assumed-role/one/s1")
assert (one["Credentials"]["Expiration"].timestamp() - __import__("time").time()) > 3000
c = one["Credentials"]
print(client("sts", c).get_caller_identity()["Arn"])
two = client("sts", c).assume_role(RoleArn="arn:aws:iam::310987654321:role/two", RoleSessionName="s2")["Credentials"]
print(client("sts", two).get_caller_identity()["Arn"])
s3 = client("s3", two)
s3.create_bucket(Bucket="of-two", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
s3.put_object(Bucket="of-two", Key="k", Body=b"x" * 200000)
assert len(s3.get_object(Bucket="of-two", Key="k")["Body"].read()) == 200000
url = s3.generate_presigned_url("get_object", Params={"Bucket": "of-two", "Key": "k"})
print(client("sts", sts.get_session_token()["Credentials"]).get_caller_identity()["Account"])
print(client("sts", sts.get_federation_token(Name="fed")["Credentials"]).get_caller_identity()["Account"])
c["Expiration"] = str(c["Expiration"])
open("role.json", "w").write(json.dumps(c))
"#;
    let told = session.python(assume);
    assert!(told.contains("arn:aws:sts::210987654321:assumed-role/one/s1"), "{told}");
    assert!(told.contains("arn:aws:sts::310987654321:assumed-role/two/s2"), "{told}");
    session.assert_roles_stay_here();
    session.assert_nothing_leaked();
    let minted: Vec<Value> =
        session.world.events_of("credential").into_iter().filter(|event| event["what"] == "minted").collect();
    let sources: Vec<&str> = minted.iter().map(|event| event["source"].as_str().unwrap()).collect();
    assert_eq!(
        sources,
        ["sts:AssumeRole", "sts:AssumeRole", "sts:GetSessionToken", "sts:GetFederationToken"]
    );
    let objects = session.world.events_of("call.begin");
    assert!(objects.iter().any(|call| {
        call["action"] == "s3:PutObject" && call["role"] == "arn:aws:iam::310987654321:role/two"
    }));
    // The file outlives the session; the next one does not know what is in it.
    let other = Session::start(Capture::Proxy);
    fs::copy(session.home().join("role.json"), other.home().join("role.json")).unwrap();
    let told = other.python(
        r#"
import boto3, json, botocore
c = json.load(open("role.json"))
try:
    boto3.client("sts", aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"],
                 aws_session_token=c["SessionToken"]).get_caller_identity()
except botocore.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
"#,
    );
    assert!(told.contains("InvalidClientTokenId"), "{told}");
}

#[test]
fn moto_with_iam_enforcement_sees_the_role_and_not_the_user() {
    // The user may do everything, the role lists tables and nothing else. The verifier is moto's own, not ours.
    let moto = Moto::start();
    let (success, keys) = run_python(
        r#"
import boto3, json, sys, urllib.request
e = sys.argv[1]
iam = boto3.client("iam", endpoint_url=e, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
allow = lambda action: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
arn = iam.create_user(UserName="u")["User"]["Arn"]
iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=allow("*"))
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arn}}]}
iam.create_role(RoleName="lister", AssumeRolePolicyDocument=json.dumps(trust))
iam.put_role_policy(RoleName="lister", PolicyName="p", PolicyDocument=allow("dynamodb:ListTables"))
key = iam.create_access_key(UserName="u")["AccessKey"]
urllib.request.urlopen(urllib.request.Request(e + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})).read()
print(key["AccessKeyId"], key["SecretAccessKey"])
"#,
        &moto.url,
    );
    assert!(success, "{keys}");
    let (id, secret) = keys.trim().split_once(' ').unwrap();
    let mut plan = Plan::observe(&moto.url);
    plan.capture = Capture::Proxy;
    plan.environment = vec![
        ("AWS_ACCESS_KEY_ID".to_owned(), id.to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), secret.to_owned()),
    ];
    let world = plan.start();
    let output = Command::new(venv().join("bin/python3"))
        .args([
            "-c",
            r#"
import boto3, botocore
sts = boto3.client("sts")
c = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/lister", RoleSessionName="ss")["Credentials"]
role = boto3.Session(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"])
assert role.client("dynamodb").list_tables()["TableNames"] == []
for refused in [lambda: role.client("iam").list_users(), lambda: role.client("s3").list_buckets()]:
    try:
        refused()
        raise SystemExit("allowed")
    except botocore.exceptions.ClientError as error:
        print(error.response["Error"]["Code"])
boto3.client("s3").list_buckets()
print(role.client("sts").get_caller_identity()["Arn"])
"#,
        ])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(&world.env)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat().escape_ascii().to_string();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("assumed-role/lister/ss") && text.matches("AccessDenied").count() == 2, "{text}");
}
