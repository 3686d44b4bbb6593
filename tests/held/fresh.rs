//! A credential that ends while a call is held: the call goes out with the next one, and with the date of then.

use std::fs;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use hoop::approval::Scope;
use hoop::gateway::Capture;

use crate::broker::AT_TERMINAL;
use crate::clients::Place;
use crate::clients::aws;
use crate::world::Plan;

/// Gives a credential for nine seconds, each with its number.
const SOURCE: &str = r#"
n=$(cat "$0.count" 2>/dev/null || echo 0); n=$((n + 1)); echo $n > "$0.count"
printf '{"Version":1,"AccessKeyId":"ASIAFRESH%011d","SecretAccessKey":"secret","SessionToken":"t","Expiration":"%s"}' \
  $n "$(date -u -d '+9 seconds' +%Y-%m-%dT%H:%M:%SZ)"
"#;

const CALLS: &str = r#"
import boto3
from botocore.config import Config
client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
client.get_object(Bucket="held", Key="free")
client.get_object(Bucket="held", Key="asked-late")
"#;

#[test]
fn what_was_held_is_signed_with_a_fresh_credential_and_a_fresh_date() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    fs::write(&source, SOURCE).unwrap();
    let config = folder.path().join("config");
    let text =
        format!("[profile short]\nregion = eu-central-1\ncredential_process = sh {}\n", source.display());
    fs::write(&config, text).unwrap();
    let upstream = aws();
    let mut plan = Plan::observe(&upstream.url).policy(crate::clients::POLICY);
    plan.ways = AT_TERMINAL;
    plan.capture = Capture::Endpoint;
    plan.environment = [
        ("AWS_PROFILE", "short".to_owned()),
        ("AWS_CONFIG_FILE", config.display().to_string()),
        ("HOME", folder.path().display().to_string()),
        ("PATH", "/usr/bin:/bin".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let place = Place::of(plan.start(), upstream);
    let mut clients = [place.start("boto3", "python3", &["-c", CALLS], &[])];
    place.wait_for_questions(1, &mut clients);
    let first = place.upstream.take();
    let used = |got: &crate::upstream::Got| {
        let header = got.header("authorization");
        header.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned()
    };
    let before = used(&first[0]);
    assert!(before.starts_with("ASIAFRESH"), "{before}");
    let held = Instant::now();
    while held.elapsed() < Duration::from_secs(12) {
        std::thread::sleep(Duration::from_millis(100));
        clients[0].must_wait(&[]);
    }
    let answered = Command::new("date").args(["-u", "+%Y%m%dT%H%M%SZ"]).output().unwrap().stdout;
    place.allow_all(Scope::Once);
    let [client] = clients;
    let (output, text) = client.finish();
    assert!(output.status.success(), "{text}");
    let after = place.upstream.take();
    assert_eq!(after.len(), 1);
    assert!(used(&after[0]) > before, "{} after {before}", used(&after[0]));
    let (date, answered) = (after[0].header("x-amz-date"), String::from_utf8(answered).unwrap());
    assert!(date >= answered.trim(), "{date} is older than the answer, {answered}");
}
