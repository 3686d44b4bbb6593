//! What real clients make of a no, of "later", and of a way that is gone: the class they raise, what they show, how often
//! they try.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use hoop::aws::Protocol;
use hoop::aws::refusal::Shape;
use serde_json::Value;
use serde_json::json;

use crate::support::home::Outcome;
use crate::support::home::cache;
use crate::support::home::finish;
use crate::way::Place;
use crate::way::Way;
use crate::way::has;
use crate::way::script;

const NOTHING: &str = "version = 1\ndefault = \"allow\"\n[[statement]]\nsid = \"nothing-goes\"\neffect = \"deny\"\naction = [\"*\"]\n";
const ALL: &str = "version = 1\ndefault = \"allow\"\n";

/// Operations of both scripts.
const SHAPES: &[&str] = &[
    "json",
    "query",
    "ec2",
    "rest-json",
    "s3",
    "s3-head",
    "query-mode",
    "stream-s3",
    "stream-json",
    "stream-rest",
];

/// The lines of the two scripts of operations.
fn lines(outcome: &Outcome) -> Vec<Value> {
    let lines: Vec<Value> = outcome.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty(), "{}", outcome.stderr);
    lines
}

/// How often each action was tried.
fn attempts(place: &Place, action: &str) -> usize {
    place.home.events_of("call.begin").iter().filter(|event| event["action"] == action).count()
}

/// Each shape of error raises the class that the SDK has for it, is not tried again, and says who, why and what to do.
fn is_denied_in_every_shape(place: &Place, argv: &[&str], names: &[&str]) {
    let lines = lines(&place.run(&[argv, names].concat()));
    assert_eq!(lines.len(), names.len());
    for line in &lines {
        let name = line["name"].as_str().unwrap();
        assert_eq!((line["status"].as_u64(), line["attempts"].as_u64()), (Some(403), Some(1)), "{line}");
        if name == "s3-head" {
            // There is no body to put it in; SDKs say 403.
            continue;
        }
        let denied = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"];
        assert!(denied.contains(&line["code"].as_str().unwrap()), "{line}");
        let text = line["text"].as_str().unwrap();
        for part in ["hoop: ", "nothing-goes", "policy.toml:3", "do not retry; a person can"] {
            assert!(text.contains(part), "{part} is not in {line}");
        }
    }
    assert_eq!(place.home.events_of("call.begin").len(), names.len(), "one attempt each");
    assert_eq!(place.upstream(), Vec::<Value>::new());
}

#[test]
fn boto3_is_denied_in_every_shape() {
    let place = Place::new(Way::Sandbox, "DENP", NOTHING);
    let names = [SHAPES, &["rest-xml", "cbor"]].concat();
    is_denied_in_every_shape(&place, &["python3", &script("ops.py")], &names);
}

#[test]
fn the_javascript_sdk_is_denied_in_every_shape() {
    let place = Place::new(Way::Sandbox, "DENJ", NOTHING);
    let names = [SHAPES, &["cloudwatch"]].concat();
    is_denied_in_every_shape(&place, &["node", &script("ops.mjs")], &names);
}

/// Its operations: as `SHAPES`, but the query protocol towards SQS.
const GO: &[&str] = &[
    "json",
    "query",
    "ec2",
    "rest-json",
    "rest-xml",
    "query-old",
    "s3",
    "s3-head",
    "stream-s3",
    "stream-json",
];

#[test]
fn the_go_sdk_is_denied_in_every_shape() {
    let go = cache().join("go-client/go-client");
    if !has(&go) {
        return;
    }
    let place = Place::new(Way::Sandbox, "DENG", NOTHING);
    is_denied_in_every_shape(&place, &[go.to_str().unwrap(), "ops"], GO);
}

#[test]
fn the_aws_clis_show_the_denial_and_end_at_once() {
    for (program, tag, status) in [("aws", "DEN1", 255), ("aws2", "DEN2", 254)] {
        if program == "aws2" && !has(&cache().join("debian/bin/aws2")) {
            return;
        }
        let place = Place::new(Way::Sandbox, tag, NOTHING);
        let script = format!(
            "for call in 'ec2 describe-instances' 'lambda list-functions' 'sqs list-queues' 'route53 list-hosted-zones' \
             's3api head-object --bucket b --key k'; do {program} $call; echo status $?; done 2>&1"
        );
        let outcome = place.run(&["sh", "-c", &script]);
        let said = outcome.ok();
        assert_eq!(said.matches(&format!("status {status}\n")).count(), 5, "{said}");
        assert_eq!(said.matches("nothing-goes").count(), 4, "{said}");
        assert!(said.contains("(403) when calling the HeadObject operation: Forbidden"), "{said}");
        assert_eq!(place.home.events_of("call.begin").len(), 5);
    }
}

/// The shapes of a throttle as hoop words them, given by AWS here: hoop passes them on as they are. Gives the actions.
fn throttles(place: &Place) -> [&'static str; 6] {
    let shapes = [
        ("dynamodb:ListTables", "DynamoDB_20120810.ListTables", Protocol::Json, "dynamodb", false),
        ("iam:ListUsers", "Action=ListUsers", Protocol::Query, "iam", false),
        ("ec2:DescribeInstances", "Action=DescribeInstances", Protocol::Ec2, "ec2", false),
        ("lambda:ListFunctions", "/2015-03-31/functions", Protocol::RestJson, "lambda", false),
        ("s3:GetObject", "/k", Protocol::RestXml, "s3", false),
        ("sqs:ListQueues", "AmazonSQS.ListQueues", Protocol::Json, "sqs", true),
    ];
    for (_, part, protocol, service, query_mode) in shapes {
        let shape = Shape { protocol, head: false, query_mode, wrapped: service != "s3" };
        let answer = shape.response(400, "Throttling", "hoop: later", "id-1");
        let headers: serde_json::Map<String, Value> = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), Value::from(value.to_str().unwrap())))
            .collect();
        let body = String::from_utf8(answer.body().to_vec()).unwrap();
        let status = answer.status().as_u16();
        place.fault(&json!({ "part": part, "times": 2, "status": status, "headers": headers, "body": body }));
    }
    shapes.map(|(action, ..)| action)
}

/// Two throttles in each shape: the third attempt goes through.
fn is_throttled_in_every_shape(place: &Place, argv: &[&str]) {
    let actions = throttles(place);
    let names = ["json", "query", "ec2", "rest-json", "s3", "query-mode"];
    let lines = lines(&place.run(&[argv, &names[..]].concat()));
    for (line, action) in lines.iter().zip(actions) {
        // There is no such bucket: by then the throttle is over.
        let end = if action == "s3:GetObject" { 404 } else { 200 };
        assert_eq!((line["status"].as_u64(), line["attempts"].as_u64()), (Some(end), Some(3)), "{line}");
        assert_eq!(attempts(place, action), 3, "{action}");
    }
}

#[test]
fn boto3_waits_and_tries_again_when_throttled_in_every_shape() {
    let place = Place::new(Way::Sandbox, "THRP", ALL);
    is_throttled_in_every_shape(&place, &["python3", &script("ops.py")]);
}

#[test]
fn the_javascript_sdk_waits_and_tries_again_when_throttled_in_every_shape() {
    let place = Place::new(Way::Sandbox, "THRJ", ALL);
    is_throttled_in_every_shape(&place, &["node", &script("ops.mjs")]);
}

#[test]
fn the_go_sdk_waits_and_tries_again_when_throttled_in_every_shape() {
    let go = cache().join("go-client/go-client");
    if !has(&go) {
        return;
    }
    let place = Place::new(Way::Sandbox, "THRG", ALL);
    let actions = &throttles(&place)[..5];
    let lines = lines(&place.run(&[go.to_str().unwrap(), "ops", "json", "query", "ec2", "rest-json", "s3"]));
    for (line, action) in lines.iter().zip(actions) {
        let end = if *action == "s3:GetObject" { 404 } else { 200 };
        assert_eq!((line["status"].as_u64(), attempts(&place, action)), (Some(end), 3), "{line}");
    }
}

#[test]
fn the_rust_sdk_and_the_cli_wait_and_try_again_when_throttled() {
    let fault = |place: &Place, part: &str, protocol: Protocol, wrapped: bool| {
        let shape = Shape { protocol, head: false, query_mode: false, wrapped };
        let answer = shape.response(400, "Throttling", "hoop: later", "id-1");
        let body = String::from_utf8(answer.body().to_vec()).unwrap();
        let headers = json!({ "content-type": answer.headers()["content-type"].to_str().unwrap() });
        let status = answer.status().as_u16();
        place.fault(&json!({ "part": part, "times": 2, "status": status, "headers": headers, "body": body }));
    };
    let place = Place::new(Way::Sandbox, "THRC", ALL);
    fault(&place, "Action=GetCallerIdentity", Protocol::Query, true);
    fault(&place, "DynamoDB_20120810.ListTables", Protocol::Json, true);
    place.run(&["sh", "-c", "aws sts get-caller-identity && aws dynamodb list-tables"]).ok();
    let counts = ["sts:GetCallerIdentity", "dynamodb:ListTables"].map(|action| attempts(&place, action));
    assert_eq!(counts, [3, 3]);

    let rust = cache().join("rust-client/rust-client");
    if !has(&rust) {
        return;
    }
    let place = Place::new(Way::Sandbox, "THRR", crate::matrix::POLICY);
    fault(&place, "Action=GetCallerIdentity", Protocol::Query, true);
    fault(&place, "a%20b/%2B", Protocol::RestXml, false);
    fault(&place, "DynamoDB_20120810.PutItem", Protocol::Json, true);
    crate::matrix::put_secret();
    let outcome = place.run(&[rust.to_str().unwrap(), "throttled"]);
    assert!(outcome.ok().contains("item Ana"), "{}", outcome.stdout);
    let actions = ["sts:GetCallerIdentity", "s3:PutObject", "dynamodb:PutItem"];
    // Two throttles each; a multipart upload is four further calls that IAM knows as PutObject.
    assert_eq!(actions.map(|action| attempts(&place, action)), [3, 3 + 4, 3]);
}

#[test]
fn an_upstream_that_is_gone_is_tried_again_and_named() {
    for (tag, argv) in [("GONP", ["python3", "ops.py"]), ("GONJ", ["node", "ops.mjs"])] {
        let place = Place::new(Way::Sandbox, tag, ALL);
        let mut command = place.command(&[argv[0], &script(argv[1]), "query"]);
        command.env("HOOP_UPSTREAM_ENDPOINT_URL", "http://127.0.0.1:1");
        let line = lines(&finish(command)).remove(0);
        let text = line["text"].as_str().unwrap();
        assert!(text.contains("hoop: cannot reach http://127.0.0.1:1 (for iam.amazonaws.com)"), "{line}");
        assert_eq!(line["status"], 502);
        // As for a 502 of AWS itself: nothing has happened there, and the next attempt may get through.
        let expected = line["attempts"].as_u64().unwrap();
        assert!((2..=5).contains(&expected), "{line}");
        assert_eq!(attempts(&place, "iam:ListUsers") as u64, expected);
    }
}

/// A profile whose credentials are made by `lines` of shell; `$n` counts from 1.
fn with_process<'a>(place: &'a Place, lines: &str) -> impl Fn(&[&str]) -> Command + use<'a> {
    let home = place.home.path();
    let counter = home.join("counter").display().to_string();
    let text = format!(
        "#!/bin/sh\nn=$(($(cat {counter} 2>/dev/null || echo 0) + 1)); echo $n > {counter}\n{lines}\n"
    );
    let process = place.home.write("process.sh", &text);
    fs::set_permissions(&process, fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!("[profile made]\nregion = us-east-1\ncredential_process = {}\n", process.display());
    let config = place.home.write(".aws/config", &config);
    move |argv| {
        let mut command = place.command(argv);
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command.env("AWS_PROFILE", "made").env("AWS_CONFIG_FILE", &config);
        command
    }
}

const MAKE_KEY: &str = r#"
tag=$(printf TF%02d $n)
printf '{"Version":1,"AccessKeyId":"ASIAREALKEY2TEST%s","SecretAccessKey":"%s","SessionToken":"token-%s","Expiration":"%s"}' \
  $tag realSecretOfTheTestThatNoChildMayEverSee $tag $(date -u -d "+$seconds seconds" +%Y-%m-%dT%H:%M:%SZ)
"#;

#[test]
fn a_credential_that_ends_and_is_not_renewed_is_an_expired_token() {
    let place = Place::new(Way::Sandbox, "EXPI", ALL);
    let once = format!("[ $n = 1 ] || {{ echo 'the sign-in has ended' >&2; exit 1; }}\nseconds=4{MAKE_KEY}");
    let command = with_process(&place, &once);
    let python = format!(
        "python3 {0} query; sleep 5; python3 {0} query json s3; node {1} query ec2 json",
        script("ops.py"),
        script("ops.mjs")
    );
    let lines = lines(&finish(command(&["sh", "-c", &python])));
    assert_eq!((lines.len(), lines[0]["status"].as_u64()), (7, Some(200)), "{lines:#?}");
    for line in &lines[1..] {
        let code = line["code"].as_str().unwrap();
        let expected = if line["name"] == "json" { "ExpiredTokenException" } else { "ExpiredToken" };
        assert_eq!((code, line["attempts"].as_u64()), (expected, Some(1)), "{line}");
        let text = line["text"].as_str().unwrap();
        assert!(text.contains("hoop: no AWS credential from profile made"), "{line}");
        assert!(text.contains("aws sts get-caller-identity --profile made"), "{line}");
    }
}

#[test]
fn a_long_session_of_many_services_outlives_its_credentials() {
    let place = Place::new(Way::Sandbox, "LONG", ALL);
    let command = with_process(&place, &format!("seconds=4{MAKE_KEY}"));
    let outcome = finish(command(&["python3", &script("long.py"), "longrun"]));
    assert!(outcome.ok().ends_with("done 3\n"), "{}\n{}", outcome.stdout, outcome.stderr);
    let told: Vec<Value> = place.home.events_of("credential");
    let refreshed = told.iter().filter(|event| event["what"] == "refreshed").count();
    assert!(refreshed >= 2, "{told:#?}");
    let ends = place.home.events_of("call.end");
    assert!(ends.iter().all(|end| end["outcome"] == "answered"), "{ends:#?}");
    let keys = (1..=99).filter(|n| {
        let calls = crate::support::moto::calls(&format!("ASIAREALKEY2TESTTF{n:02}"));
        calls.iter().any(|call| call["headers"]["x-amz-security-token"] == format!("token-TF{n:02}"))
    });
    assert_eq!(keys.count(), refreshed + 1, "each one is used");
}
