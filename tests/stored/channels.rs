//! One session with canaries in every channel, with the recording of input on.

use std::fs;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::canary::CONTROL;
use crate::canary::Flock;
use crate::canary::Found;
use crate::canary::assert_none;
use crate::canary::everything_in;
use crate::canary::without_escapes;
use crate::support::home::Home;
use crate::support::home::finish;
use crate::support::moto;
use crate::terminal::Session;

/// What the program under hoop-run does, apart from what needs somebody to type.
fn script(flock: &mut Flock) -> String {
    let mut lines = vec![format!("echo {CONTROL}")];
    let mut say = |line: String| lines.push(line);
    // The terminal's output.
    say(format!("printf 'plain: %s\\n' '{}'", flock.token("output, plain")));
    let coloured = flock.token("output, coloured inside");
    say(format!("printf '%s\\033[1;31m%s\\033[0m\\n' '{}' '{}'", &coloured[..13], &coloured[13..]));
    let slow = flock.token("output, in two writes");
    say(format!("printf %s '{}'; sleep 0.03; printf '%s\\n' '{}'", &slow[..19], &slow[19..]));
    say(format!("printf 'DB_PASSWORD=%s\\n' '{}'", flock.password("output, by name")));
    let json = flock.password("output, JSON by name");
    say(format!("printf '{{\"api_secret\": \"%s\"}}\\n' '{json}'"));
    let error = flock.key_id("standard error");
    say(format!("printf 'failed for %s\\n' '{error}' >&2"));
    // What a terminal is told beside its text.
    say(format!("printf '\\033]0;title %s\\007' '{}'", flock.token("OSC 0, title")));
    say(format!("printf '\\033]2;title %s\\033\\\\' '{}'", flock.token("OSC 2, title")));
    say(format!("printf '\\033]7;file://h/tmp/%s\\007' '{}'", flock.token("OSC 7, folder")));
    let link = flock.token("OSC 8, link");
    say(format!("printf '\\033]8;;https://h/?t=%s\\007here\\033]8;;\\007\\n' '{link}'"));
    let clipboard = STANDARD.encode(format!("copy {}", flock.token("OSC 52, clipboard")));
    say(format!("printf '\\033]52;c;%s\\007' '{clipboard}'"));
    // Arguments of programs that are executed, one way and the other.
    say(format!("/bin/true --password '{}'", flock.password("argv, flag and value")));
    say(format!("/bin/true --token='{}'", flock.password("argv, flag=value")));
    say(format!("/bin/true curl -H 'Authorization: Bearer {}'", flock.password("argv, header")));
    say(format!(
        "curl -s -o /dev/null -u 'me:{}' http://127.0.0.1:9/ ; true",
        flock.password("argv, curl -u")
    ));
    say(format!("/bin/true 'postgres://app:{}@db:5432/x'", flock.password("argv, URL")));
    say(format!("'/bin/{}' ; true", flock.token("argv, a program that is not there")));
    say(format!("mkdir 'sub-{0}' && cd 'sub-{0}' && /bin/true && cd ..", flock.token("folder of a command")));
    // A value that hoop knows, in clothes.
    say("printf %s \"$DEPLOY_TOKEN\" | base64 -w0; echo; printf 'xy%s' \"$DEPLOY_TOKEN\" | base64 -w0; echo"
        .into());
    say("printf %s \"$DEPLOY_TOKEN\" | od -An -tx1 -v | tr -d ' \\n'; echo".into());
    say("printf '[%s]\\n' \"$DEPLOY_TOKEN\"; printf '[%s]\\n' \"$FLAG_SECRET\"".into());
    // AWS: parameters, bodies, answers, errors.
    let stored = flock.password("request parameter, SecretString");
    say(format!(
        "aws secretsmanager create-secret --name stored/db --secret-string '{{\"password\":\"{stored}\"}}'"
    ));
    say("aws secretsmanager get-secret-value --secret-id stored/db --query SecretString --output text".into());
    let parameter = flock.password("request parameter, SecureString");
    say(format!("aws ssm put-parameter --name /stored/key --type SecureString --value '{parameter}'"));
    say("aws ssm get-parameter --name /stored/key --with-decryption --query Parameter.Value --output text"
        .into());
    say("python3 \"$HOME/calls.py\"".into());
    lines.join("\n")
}

/// Calls of AWS by a client that is quicker than the command line's, with canaries in all their parts.
fn calls(flock: &mut Flock) -> String {
    let user = flock.token("query protocol, form");
    let tag = flock.password("query protocol, by name");
    let unknown = flock.token("error of AWS");
    let body = flock.token("S3 object");
    let prefix = flock.token("query string");
    let key = flock.token("path");
    let meta = flock.token("header");
    let agent = flock.token("user agent");
    let region = flock.token("region");
    let item = flock.password("DynamoDB attribute");
    let queue = flock.token("SQS message");
    let data = STANDARD.encode(format!("export API_TOKEN={}\n", flock.password("base64 in a parameter")));
    let bucket = flock.key_id("a bucket's name");
    format!(
        r#"
import boto3, botocore.config
def client(service, **options):
    return boto3.client(service, config=botocore.config.Config(
        retries={{"max_attempts": 0}}, read_timeout=20, s3={{"addressing_style": "path"}}), **options)
def call(function, **parameters):
    try:
        print(function.__name__, "ok", function(**parameters).get("Body", "")and "")
    except Exception as error:
        print(function.__name__, "failed:", error)
s3, iam, dynamo, sqs = client("s3"), client("iam"), client("dynamodb"), client("sqs")
call(client("secretsmanager").get_secret_value, SecretId="{unknown}")
call(iam.get_user, UserName="{user}")
call(iam.create_user, UserName="stored", Tags=[{{"Key": "db_password", "Value": "{tag}"}}])
call(s3.create_bucket, Bucket="stored-canaries")
call(s3.put_object, Bucket="stored-canaries", Key="body.txt", Body=b"token {body}\n")
print(s3.get_object(Bucket="stored-canaries", Key="body.txt")["Body"].read())
call(s3.list_objects_v2, Bucket="stored-canaries", Prefix="{prefix}")
call(s3.head_object, Bucket="stored-canaries", Key="a/{key}")
call(s3.get_object, Bucket="stored-canaries", Key="a/{key}")
call(s3.put_object, Bucket="stored-canaries", Key="m", Metadata={{"note": "{meta}"}})
call(s3.list_objects_v2, Bucket="{bucket}")
call(dynamo.create_table, TableName="t", AttributeDefinitions=[{{"AttributeName": "id", "AttributeType": "S"}}],
     KeySchema=[{{"AttributeName": "id", "KeyType": "HASH"}}], BillingMode="PAY_PER_REQUEST")
call(dynamo.put_item, TableName="t", Item={{"id": {{"S": "1"}}, "api_key": {{"S": "{item}"}}}})
print(dynamo.scan(TableName="t")["Items"])
url = sqs.create_queue(QueueName="q")["QueueUrl"]
call(sqs.send_message, QueueUrl=url, MessageBody="m {queue}")
print(sqs.receive_message(QueueUrl=url).get("Messages"))
call(client("ec2").run_instances, ImageId="ami-12c6146b", MinCount=1, MaxCount=1, UserData="""{data}""")
call(client("sns").delete_topic, TopicArn="arn:aws:sns:us-east-1:123456789012:refused")
call(boto3.client("sts", region_name="{region}").get_caller_identity)
call(boto3.client("sts", config=botocore.config.Config(user_agent_extra="{agent}")).get_caller_identity)
"#
    )
}

/// What a person types: at a prompt that is silent, at one of stars, at an ordinary one, and in a paste.
fn typing(flock: &mut Flock) -> (String, Vec<(&'static str, String)>) {
    let script = r#"
echo ready-for-typing
read -r echoed
stty -echo; printf 'Password: '; read -r silent; stty echo; echo
printf 'next> '; read -r pasted
python3 - <<'PY'
import os, sys, termios, tty
terminal = os.open("/dev/tty", os.O_RDWR)
before = termios.tcgetattr(terminal)
tty.setraw(terminal)
os.write(terminal, b"? Paste your token: ")
while os.read(terminal, 1) not in b"\r\n":
    os.write(terminal, b"*")
termios.tcsetattr(terminal, termios.TCSANOW, before)
os.write(terminal, b"\r\n")
PY
printf 'last> '; read -r plain
"#;
    let typed = vec![
        ("ready-for-typing", format!("use {}\r", flock.token("typed, echoed"))),
        ("Password: ", format!("{}\r", flock.password("typed, silent prompt"))),
        ("next> ", format!("\x1b[200~export X={}\x1b[201~\r", flock.token("typed, pasted"))),
        ("Paste your token: ", format!("{}\r", flock.password("typed, prompt with stars"))),
        ("last> ", format!("{CONTROL}-typed\r")),
    ];
    (script.to_owned(), typed)
}

#[test]
fn no_canary_is_stored_or_said_whatever_way_it_came() {
    let home = Home::new();
    let mut flock = Flock::default();
    let (typing, typed) = typing(&mut flock);
    let file = home.write("work.sh", &format!("{}\n{typing}", script(&mut flock)));
    home.write("calls.py", &calls(&mut flock));
    let folder = home.path().join(format!("project-{}", flock.token("working directory")));
    fs::create_dir(&folder).unwrap();
    let reason = flock.token("a policy's reason");
    let policy = home.write(
        "policy.toml",
        &format!(
            "version = 1\ndefault = \"allow\"\n\n[[statement]]\nsid = \"no-topics\"\neffect = \"deny\"\n\
             action = \"sns:*\"\nresource = \"*\"\nreason = \"see {reason}\"\n"
        ),
    );
    for name in ["tmp", "run"] {
        fs::create_dir(home.path().join(name)).unwrap();
    }
    let mut command = home.command("hoop-run");
    command
        .env("HOOP_UPSTREAM_ENDPOINT_URL", moto::endpoint())
        .env("DEPLOY_TOKEN", flock.password("environment, by name"))
        .env("OTHER_VALUE", flock.token("environment, by its look"))
        .env("TMPDIR", home.path().join("tmp"))
        .env("XDG_RUNTIME_DIR", home.path().join("run"))
        .env("RUST_LOG", "trace")
        .arg("--record-input")
        .args(["--title", &format!("deploy with {}", flock.token("title flag"))])
        .args(["--env", &format!("FLAG_SECRET={}", flock.password("--env, by name"))])
        .arg("--cwd")
        .arg(&folder)
        .arg("--policy")
        .arg(&policy)
        .arg("--")
        .args(["bash"])
        .arg(&file)
        .args(["--api-key", &flock.password("the program's argv")])
        .arg(format!("--note={}", flock.token("the program's argv, by its look")));
    let mut session = Session::start(command);
    // The calls take their time.
    let deadline = Instant::now() + Duration::from_secs(240);
    while !session.text().contains("ready-for-typing") {
        assert!(
            Instant::now() < deadline && session.read_for(Duration::from_millis(100)),
            "{}",
            session.text()
        );
    }
    for (prompt, keys) in &typed {
        session.wait_until(prompt, |session| session.text().contains(prompt));
        session.send(keys);
    }
    let status = session.wait();
    assert!(status.success(), "{}", session.text());

    let mut places = everything_in(&home.state());
    for name in ["tmp", "run"] {
        places.extend(everything_in(&home.path().join(name)));
    }
    let shown = session.text();
    places.push(Found { name: "the screen".to_owned(), bytes: without_escapes(&shown).into_bytes() });
    places.push(Found { name: "the terminal".to_owned(), bytes: shown.into_bytes() });
    places.extend(exports(&home));
    // The index exists by now, with its log.
    let before = places.len();
    places.extend(everything_in(&home.state()));
    assert!(places[before..].iter().any(|place| place.name.contains("index.db")), "there is an index");

    for place in ["terminal.cast", "index.db", "the terminal", "audit.jsonl", "hoop-replay export"] {
        let wanted = if place == "audit.jsonl" { "sns:DeleteTopic" } else { CONTROL };
        let holds = |found: &Found| memchr::memmem::find(&found.bytes, wanted.as_bytes()).is_some();
        assert!(places.iter().any(|found| found.name.contains(place) && holds(found)), "nothing of {place}");
    }
    let typed = crate::terminal::recorded(&home.recordings()[0], "i");
    assert!(typed.contains(&format!("{CONTROL}-typed")), "input is recorded: {typed:?}");
    assert!(flock.canaries.len() >= 45, "{}", flock.canaries.len());
    assert_none(&flock.canaries, &places);
}

/// Everything that can be written out of a recording, and what the tools say about it.
fn exports(home: &Home) -> Vec<Found> {
    let id = home.recordings()[0].file_name().unwrap().to_str().unwrap().to_owned();
    let mut wishes: Vec<(&str, Vec<&str>)> = vec![
        ("hoopctl", vec!["sessions"]),
        ("hoopctl", vec!["sessions", "--json"]),
        ("hoopctl", vec!["commands", &id]),
        ("hoopctl", vec!["commands", &id, "--json"]),
        ("hoopctl", vec!["calls", &id, "--json"]),
        ("hoopctl", vec!["search", "control"]),
        ("hoopctl", vec!["verify", &id]),
        ("hoop-replay", vec!["list"]),
    ];
    for format in ["txt", "cast", "cast2", "svg", "jsonl"] {
        wishes.push(("hoop-replay", vec!["export", &id, "--format", format]));
    }
    wishes.into_iter().map(|(program, arguments)| said(home.command(program), program, &arguments)).collect()
}

fn said(mut command: Command, program: &str, arguments: &[&str]) -> Found {
    command.args(arguments).stdin(Stdio::null());
    let outcome = finish(command);
    let name = format!("{program} {}", arguments.join(" "));
    assert!(outcome.code.is_some_and(|code| code < 2), "{name}: {}", outcome.stderr);
    Found { name, bytes: format!("{}\n{}", outcome.stdout, outcome.stderr).into_bytes() }
}
