//! Traps of real clients that no other test has; docs/clients.md lists them all.

use std::fs;

use crate::support::home::cache;
use crate::support::home::finish;
use crate::way::Place;
use crate::way::Way;

const ALL: &str = "version = 1\ndefault = \"allow\"\n";

fn python(place: &Place, text: &str) -> String {
    place.home.write("trap.py", text);
    place.run(&["python3", "trap.py"]).ok().to_owned()
}

/// What the ends of calls say.
fn outcomes(place: &Place) -> Vec<(String, u64)> {
    let ends = place.home.events_of("call.end");
    ends.iter()
        .map(|end| (end["outcome"].as_str().unwrap().to_owned(), end["status"].as_u64().unwrap()))
        .collect()
}

#[test]
fn what_boto3_and_the_cli_presign_by_themselves_is_refused_with_a_way_out() {
    let place = Place::new(Way::Sandbox, "SIG2", ALL);
    let said = python(
        &place,
        r#"
import boto3, os, ssl, subprocess, urllib.error, urllib.request
from botocore.config import Config
tls = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
def fetch(url):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": "text/html"}), context=tls).read().decode()
    except urllib.error.HTTPError as error:
        return "%d %s %s" % (error.code, error.headers["content-type"], error.read().decode())
s3 = boto3.client("s3")
s3.create_bucket(Bucket="presigned")
s3.put_object(Bucket="presigned", Key="k", Body=b"it is")
what = dict(Params={"Bucket": "presigned", "Key": "k"})
old = s3.generate_presigned_url("get_object", **what)
assert "AWSAccessKeyId=" in old, old
print("boto3", fetch(old))
cli = subprocess.run(["aws", "s3", "presign", "s3://presigned/k"], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
print("cli", fetch(cli))
new = boto3.client("s3", config=Config(signature_version="s3v4")).generate_presigned_url("get_object", **what)
print("new", fetch(new))
"#,
    );
    let lines: Vec<&str> =
        said.lines().filter(|line| !line.starts_with("<?xml") && !line.starts_with("<Error")).collect();
    assert!(lines.contains(&"new it is"), "{said}");
    // A version of botocore in which they are SigV4 has no trap left.
    for refused in said.split("boto3 ").nth(1).unwrap().split("cli ").take(2) {
        assert!(
            refused.starts_with("400 application/xml") || refused.starts_with("403 application/xml"),
            "{said}"
        );
        assert!(refused.contains("hoop") && refused.contains("s3v4"), "{said}");
    }
}

#[test]
fn an_unsigned_and_a_foreign_call_are_refused_whatever_client_makes_them() {
    let place = Place::new(Way::Sandbox, "FORE", ALL);
    let said = python(
        &place,
        r#"
import boto3, os
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
def says(make):
    try:
        print("went through", make())
    except ClientError as error:
        print(error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"],
              error.response["ResponseMetadata"]["RetryAttempts"], error)
foreign = dict(aws_access_key_id="AKIAFOREIGNFOREIGN00", aws_secret_access_key="x" * 40, aws_session_token=None)
says(lambda: boto3.client("s3", config=Config(signature_version=UNSIGNED)).list_objects_v2(Bucket="b"))
says(lambda: boto3.client("s3", **foreign).list_buckets())
says(lambda: boto3.client("dynamodb", **foreign).list_tables())
says(lambda: boto3.client("iam", **foreign).list_users())
says(lambda: boto3.client("ec2", **foreign).describe_instances())
os.environ["AWS_BEARER_TOKEN_BEDROCK"] = "bedrock-api-key-YmVkcm9jaw"
says(lambda: boto3.client("bedrock").list_foundation_models())
"#,
    );
    let codes: Vec<&str> = said.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    let expected = [
        "MissingAuthenticationToken",
        "InvalidAccessKeyId",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "AuthFailure",
        "MissingAuthenticationToken",
    ];
    assert_eq!(codes, expected, "{said}");
    for line in said.lines() {
        assert!(
            line.starts_with("403 ") && line.split(' ').nth(2) == Some("0") && line.contains("hoop"),
            "{line}"
        );
    }
    assert_eq!(outcomes(&place), vec![("refused".to_owned(), 403); 6]);
    assert!(place.upstream().is_empty());
}

#[test]
fn services_whose_endpoint_the_cli_1_fixes_come_by_the_proxy() {
    let nothing = format!("{ALL}[[statement]]\neffect = \"deny\"\naction = [\"health:*\"]\n");
    let place = Place::new(Way::Endpoint, "FIXE", &nothing);
    let script = "aws emr list-clusters && aws rds describe-db-instances && aws docdb describe-db-clusters \
                  && aws neptune describe-db-clusters && aws sqs list-queues; aws health describe-events 2>&1";
    let outcome = place.run(&["sh", "-c", script]);
    assert!(
        outcome.stdout.contains("health:DescribeEvents is denied"),
        "{}\n{}",
        outcome.stdout,
        outcome.stderr
    );
    let begun = place.home.events_of("call.begin");
    let vias: Vec<_> = begun
        .iter()
        .map(|e| format!("{} {}", e["service"].as_str().unwrap(), e["via"].as_str().unwrap()))
        .collect();
    // EMR's can be set in this version. RDS, DocumentDB and Neptune are one API behind one host.
    assert_eq!(vias.len(), 6, "{vias:?}");
    for service in ["sqs", "health"] {
        assert!(vias.contains(&format!("{service} proxy")), "{vias:?}");
    }
    assert_eq!(place.upstream().len(), 5);
}

#[test]
fn a_profile_of_the_users_does_not_reach_the_javascript_sdk() {
    let place = Place::new(Way::Sandbox, "PROF", ALL);
    let keys = "[prod]\naws_access_key_id = AKIAOUTSIDEOUTSIDE00\naws_secret_access_key = outside\n";
    let credentials = place.home.write(".aws/credentials", keys);
    place.home.write(".aws/config", "[profile prod]\nregion = eu-west-3\n");
    let mut command = place.command(&["node", &crate::way::script("ops.mjs"), "query", "json"]);
    // hoop-run's own profile: its keys are the real ones here, and JavaScript would take AWS_PROFILE before them.
    fs::write(&credentials, keys.replace("AKIAOUTSIDEOUTSIDE00", "AKIAREALKEY2TESTPROF")).unwrap();
    command.env("AWS_PROFILE", "prod").env("AWS_SHARED_CREDENTIALS_FILE", &credentials);
    let outcome = finish(command);
    assert_eq!(outcome.ok().matches("\"status\":200").count(), 2, "{}", outcome.stdout);
    assert!(!outcome.stderr.contains("AWS_PROFILE"), "{}", outcome.stderr);
}

#[test]
fn the_crt_speaks_tls_to_a_plain_endpoint_and_is_understood() {
    for (way, tag) in [(Way::Endpoint, "CRTE"), (Way::Sandbox, "CRTS")] {
        let place = Place::new(way, tag, ALL);
        let said = python(
            &place,
            &r#"
import awscrt, boto3, os
from boto3.s3.transfer import TransferConfig
s3 = boto3.client("s3")
s3.create_bucket(Bucket="NAME")
block = os.urandom(1 << 16) * 160
open("big", "wb").write(block)
config = TransferConfig(preferred_transfer_client="crt")
s3.upload_file("big", "NAME", "big", Config=config)
s3.download_file("NAME", "big", "back", Config=config)
print("same" if open("back", "rb").read() == block else "different")
"#
            .replace("NAME", &tag.to_lowercase()),
        );
        assert_eq!(said, "same\n");
        let agents: Vec<_> =
            place.home.events_of("call.begin").iter().map(|e| e["agent"].to_string()).collect();
        assert!(agents.iter().any(|agent| agent.contains("CRTS3NativeClient")), "{agents:?}");
    }
}

#[test]
fn an_old_cli_that_ignores_the_endpoint_comes_by_the_proxy() {
    if !crate::way::has(&cache().join("debian/bin/aws2")) {
        return;
    }
    let place = Place::new(Way::Endpoint, "OLDC", ALL);
    place.run(&["aws2", "sts", "get-caller-identity"]).ok();
    place.run(&["aws2", "sqs", "list-queues"]).ok();
    let begun = place.home.events_of("call.begin");
    // It speaks the protocol that SQS had then.
    assert_eq!((&begun[0]["via"], &begun[0]["protocol"]), (&"proxy".into(), &"query".into()), "{begun:#?}");
}

/// Shorter stars would leave holes in the file: each part is put where it belongs by its number.
#[test]
fn a_masked_download_in_parts_keeps_its_length() {
    let place = Place::new(Way::Sandbox, "PART", ALL);
    let said = python(
        &place,
        r#"
import boto3
from boto3.s3.transfer import TransferConfig
s3, line = boto3.client("s3"), b"a line of a log that tells nothing of interest\n"
text = line * 120000
secret = b"password=Falcon2019!xyzzy\n"
whole = text[:3 << 20] + b"\n" + secret + text[3 << 20:] + secret
s3.create_bucket(Bucket="masked-parts")
s3.put_object(Bucket="masked-parts", Key="log.txt", Body=whole, ContentType="text/plain")
config = TransferConfig(multipart_threshold=1 << 20, multipart_chunksize=1 << 20)
s3.download_file("masked-parts", "log.txt", "back", Config=config)
back = open("back", "rb").read()
changed = sum(a != b for a, b in zip(whole, back))
print(len(back) == len(whole), b"Falcon2019" in back, b"\0" in back, 0 < changed <= 2 * len(secret))
"#,
    );
    assert_eq!(said, "True False False True\n");
    assert!(outcomes(&place).len() > 6, "in parts");
}

#[test]
fn what_programs_sign_themselves_is_worth_nothing_outside() {
    let place = Place::new(Way::Sandbox, "SELF", ALL);
    // Into files: what programs show of it is masked.
    let script = "aws rds generate-db-auth-token --hostname db.example --port 5432 --username u --region us-east-1 > database; \
                  aws eks get-token --cluster-name c --region us-east-1 > cluster";
    place.run(&["sh", "-c", script]).ok();
    let [database, cluster] =
        ["database", "cluster"].map(|name| fs::read_to_string(place.home.path().join(name)).unwrap());
    assert!(database.starts_with("db.example:5432/?") && !database.contains("REALKEY"), "{database}");
    // The token is an address of STS, signed. Taken outside and shown to AWS it is somebody's whom nobody knows.
    let show = "import base64, json, sys, urllib.request, urllib.error; token = json.loads(sys.argv[1])['status']['token'].split('.', 1)[1]\n\
                url = base64.urlsafe_b64decode(token + '=' * (-len(token) % 4)).decode()\n\
                request = urllib.request.Request(url.replace('https://' + url.split('/')[2], sys.argv[2]), \
                headers={'host': url.split('/')[2], 'x-k8s-aws-id': 'c'})\n\
                try: print(urllib.request.urlopen(request).status)\n\
                except urllib.error.HTTPError as error: print(error.code, error.read().decode())";
    let endpoint = crate::support::moto::endpoint();
    let output =
        std::process::Command::new("python3").args(["-c", show, cluster.trim(), endpoint]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        shown.starts_with("403 strict: unknown key ASIA"),
        "{shown}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn each_trap_names_a_test_that_there_is() {
    let root = env!("CARGO_MANIFEST_DIR");
    let docs = fs::read_to_string(format!("{root}/docs/clients.md")).unwrap();
    let traps = docs.split("## Traps").nth(1).expect("a list of traps");
    let (mut named, mut sources) = (0, String::new());
    for folder in [
        "tests/clients",
        "tests/gateway",
        "tests/e2e",
        "tests/held",
        "src/gateway",
        "src/aws/identify",
        "src/aws/sigv4",
        "src/aws",
    ] {
        for entry in fs::read_dir(format!("{root}/{folder}")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    for row in traps.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let test = row.rsplit('`').nth(1).unwrap_or_else(|| panic!("no test in: {row}"));
        assert!(sources.contains(&format!("fn {test}()")), "no test is called {test}");
        named += 1;
    }
    assert!(named >= 15, "{named} traps");
}
