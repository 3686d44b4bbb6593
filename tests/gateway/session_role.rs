//! The role of `[session]`, assumed by the gateway at an STS that is as strict as AWS's: signatures, lengths, characters,
//! the document itself; and calls that must be signed with what it gave.

use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use hoop::aws::sigv4;
use hoop::aws::sigv4::Key;
use hoop::clock::Clock;
use hoop::gateway::Capture;
use hoop::types::Secret;
use http::Response;
use http::request::Parts;
use serde_json::Value;
use sha2::Digest;

use crate::client::json_call;
use crate::moto::Moto;
use crate::moto::venv;
use crate::upstream::json;
use crate::upstream::real_key;
use crate::upstream::upstream;
use crate::world::Plan;
use crate::world::REAL_SECRET;
use crate::world::World;

const NOW: u64 = 1_784_023_800;
const ROLE: &str = "arn:aws:iam::123456789012:role/team/agent";
const TARGET: &str = "DynamoDB_20120810.ListTables";

/// What the stub was asked and what it gave.
#[derive(Default)]
struct Sts {
    clock: Option<Clock>,
    /// The forms of the AssumeRole calls, in order.
    asked: Vec<Vec<(String, String)>>,
    /// Characters of policy that can be packed.
    packs: Option<usize>,
    /// Refuses with this code and message.
    refuses: Option<(&'static str, &'static str)>,
    /// The trust policy does not allow SetSourceIdentity.
    anonymous: bool,
    /// The keys of other calls, in order.
    used: Vec<String>,
}

type Shared = Arc<Mutex<Sts>>;

fn given(number: usize) -> Key {
    Key {
        access_key_id: format!("ASIAROLEROLEROLE{number:04}"),
        secret: Secret::new(format!("role/SECRET+kept0inside1of2hoop3only{number:04}")),
        token: Some(Secret::new(format!(
            "IQoJb3JpZ2luX2VjRoleTokenRoleTokenRoleTokenRoleToken{number:04}=="
        ))),
    }
}

fn is_signed_with(parts: &Parts, body: &[u8], key: &Key, now: u64) -> bool {
    let claims = sigv4::parse(parts).unwrap();
    let hash = hex::encode(sha2::Sha256::digest(body));
    let token = parts.headers.get("x-amz-security-token").map(|token| token.to_str().unwrap());
    token == key.token.as_ref().map(|token| token.expose())
        && sigv4::verify(&claims, parts, Some(&hash), key, now).is_ok()
}

fn error(status: u16, code: &str, message: &str) -> Response<Bytes> {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    Response::builder().status(status).body(Bytes::from(body)).unwrap()
}

fn form(body: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(body).unwrap();
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// What AWS's own validation says of the form.
fn invalid(form: &[(String, String)]) -> Option<Response<Bytes>> {
    let is_name = |name: &str| {
        (2..=64).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
    };
    let wrong = |what: &str| Some(error(400, "ValidationError", what));
    if !field(form, "RoleSessionName").is_some_and(is_name) {
        return wrong("Value at 'roleSessionName' failed to satisfy constraint");
    }
    if !field(form, "SourceIdentity").is_none_or(is_name) {
        return wrong("Value at 'sourceIdentity' failed to satisfy constraint");
    }
    let seconds = field(form, "DurationSeconds").map_or(Ok(3_600), str::parse::<u64>);
    if !seconds.is_ok_and(|seconds| (900..=43_200).contains(&seconds)) {
        return wrong("Value at 'durationSeconds' failed to satisfy constraint");
    }
    let arns: usize =
        form.iter().filter(|(name, _)| name.starts_with("PolicyArns.")).map(|(_, arn)| arn.len()).sum();
    let policy = field(form, "Policy")?;
    if policy.chars().count() + arns > 2_048 || !policy.chars().all(|c| (' '..='\u{ff}').contains(&c)) {
        return wrong("Value at 'policy' failed to satisfy constraint");
    }
    let Ok(document) = serde_json::from_str::<Value>(policy) else {
        return Some(error(400, "MalformedPolicyDocument", "Syntax errors in policy."));
    };
    let statements = document["Statement"].as_array().cloned().unwrap_or_default();
    let sound = |statement: &Value| {
        let keys = ["Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Sid"];
        let known = statement.as_object().is_some_and(|it| it.keys().all(|key| keys.contains(&key.as_str())));
        known
            && (statement["Effect"] == "Allow" || statement["Effect"] == "Deny")
            && (statement["Action"].is_null() != statement["NotAction"].is_null())
            && (statement["Resource"].is_null() != statement["NotResource"].is_null())
    };
    if document["Version"] != "2012-10-17" || statements.is_empty() || !statements.iter().all(sound) {
        return Some(error(400, "MalformedPolicyDocument", "Invalid policy."));
    }
    None
}

fn answer(shared: &Shared, parts: &Parts, body: &[u8]) -> Response<Bytes> {
    let mut sts = shared.lock().unwrap();
    let now = sts.clock.as_ref().unwrap().unix_seconds();
    if !body.starts_with(b"Action=AssumeRole&") {
        // A service: it takes what STS gave last or before, as long as it lives, and nothing else.
        let found = (1..=sts.asked.len()).find(|number| is_signed_with(parts, body, &given(*number), now));
        return match found {
            Some(number) => {
                sts.used.push(given(number).access_key_id);
                json("{\"TableNames\":[]}")
            }
            None => error(403, "InvalidSignatureException", "not signed with the role's key"),
        };
    }
    if !is_signed_with(parts, body, &real_key(), now) {
        return error(403, "SignatureDoesNotMatch", "not signed with the person's key");
    }
    let form = form(body);
    sts.asked.push(form.clone());
    if let Some(refusal) = invalid(&form) {
        return refusal;
    }
    if let Some((code, message)) = sts.refuses {
        return error(403, code, message);
    }
    if sts.anonymous && field(&form, "SourceIdentity").is_some() {
        return error(
            403,
            "AccessDenied",
            "User: x is not authorized to perform: sts:SetSourceIdentity on y",
        );
    }
    let size = field(&form, "Policy").map_or(0, |policy| policy.chars().count());
    let room = sts.packs.unwrap_or(4_096);
    if size > room {
        return error(400, "PackedPolicyTooLarge", "Packed policy consumes 130% of allotted space");
    }
    let number = sts.asked.len();
    let seconds: u64 = field(&form, "DurationSeconds").map_or(3_600, |text| text.parse().unwrap());
    let ends = jiff::Timestamp::from_second(i64::try_from(now + seconds).unwrap()).unwrap();
    let (key, name) = (given(number), field(&form, "RoleSessionName").unwrap());
    let body = format!(
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/agent/{name}\
         </Arn><AssumedRoleId>AROAX:{name}</AssumedRoleId></AssumedRoleUser><PackedPolicySize>{}</PackedPolicySize>\
         <Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
         <Expiration>{ends}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        size * 100 / room,
        key.access_key_id,
        key.secret.expose(),
        key.token.unwrap().expose(),
    );
    Response::new(Bytes::from(body))
}

/// A session under `policy` (which says its default itself), and the STS behind it.
fn session(policy: &str, change: impl FnOnce(&mut Sts)) -> (World, Shared) {
    let clock = Clock::fixed(NOW * 1_000_000);
    let mut sts = Sts { clock: Some(clock.clone()), ..Sts::default() };
    change(&mut sts);
    let shared: Shared = Arc::new(Mutex::new(sts));
    let inside = shared.clone();
    let upstream = upstream(move |parts, body| answer(&inside, parts, body));
    let mut plan = Plan::observe(&upstream.url);
    plan.policy = format!("version = 1\n{policy}");
    plan.clock = clock;
    (plan.start(), shared)
}

fn with_role(rest: &str) -> String {
    format!("default = \"allow\"\n[session]\nrole = \"{ROLE}\"\n{rest}")
}

const NO_DELETES: &str = "[[statement]]\neffect = \"deny\"\naction = \"dynamodb:DeleteTable\"\n";

fn list_tables(world: &World) -> crate::client::Reply {
    json_call(world, "dynamodb", TARGET, "{}").send(world)
}

fn credentials(world: &World, what: &str) -> Vec<Value> {
    world.events_of("credential").into_iter().filter(|event| event["what"] == what).collect()
}

#[test]
fn the_role_is_assumed_at_first_use_narrowed_by_the_policy_and_renewed_ahead() {
    let (world, sts) = session(&with_role(&format!("duration = \"15m\"\n{NO_DELETES}")), |_| {});
    assert!(sts.lock().unwrap().asked.is_empty(), "before the first call nothing is fetched");
    for _ in 0..3 {
        let reply = list_tables(&world);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    {
        let sts = sts.lock().unwrap();
        assert_eq!(sts.asked.len(), 1);
        let form = &sts.asked[0];
        assert_eq!(field(form, "RoleArn"), Some(ROLE));
        assert_eq!(field(form, "RoleSessionName"), Some("ana"));
        assert_eq!(field(form, "DurationSeconds"), Some("900"));
        assert_eq!(field(form, "SourceIdentity"), None);
        let policy: Value = serde_json::from_str(field(form, "Policy").unwrap()).unwrap();
        let denies =
            policy["Statement"].as_array().unwrap().iter().find(|it| it["Effect"] == "Deny").unwrap();
        assert_eq!(denies["Action"], "dynamodb:deletetable");
    }
    // Five minutes before its end a new one is fetched; the child notices nothing.
    world.clock.advance(Duration::from_secs(9 * 60));
    assert_eq!(list_tables(&world).status, 200);
    assert_eq!(sts.lock().unwrap().asked.len(), 1);
    world.clock.advance(Duration::from_secs(2 * 60));
    assert_eq!(list_tables(&world).status, 200);
    assert_eq!(sts.lock().unwrap().asked.len(), 2);
    assert_eq!(sts.lock().unwrap().used.last().unwrap(), &given(2).access_key_id);
    // A renewal that fails is no harm while the old one lives, and one after its end.
    world.clock.advance(Duration::from_secs(11 * 60));
    sts.lock().unwrap().refuses =
        Some(("ExpiredToken", "The security token included in the request is expired"));
    assert_eq!(list_tables(&world).status, 200);
    world.clock.advance(Duration::from_secs(5 * 60));
    let reply = list_tables(&world);
    assert!(reply.status >= 400 && reply.text().contains("sign in again"), "{}", reply.text());

    let issued = &credentials(&world, "fetched")[0];
    assert_eq!(issued["role"], ROLE);
    assert_eq!(issued["arn"], "arn:aws:sts::123456789012:assumed-role/agent/ana");
    assert_eq!(issued["account"], "123456789012");
    assert_eq!(issued["expires"], NOW + 900);
    let enforced = issued["enforced"].as_str().unwrap();
    assert!(
        enforced.starts_with("session policy of ") && enforced.ends_with("AWS enforces all of it"),
        "{enforced}"
    );
    assert_eq!(credentials(&world, "refreshed").len(), 1);
    assert!(!credentials(&world, "failed").is_empty());
    assert_eq!(world.events_of("call.begin")[0]["role"], ROLE);
    let reached = sts.lock().unwrap().asked.len();
    world.gateway.stop();
    assert_eq!(credentials(&world, "wiped").len(), 1);
    assert_eq!(sts.lock().unwrap().asked.len(), reached);
    let recorded = world.all_recorded();
    for number in 1..=2 {
        assert!(!recorded.contains(given(number).secret.expose()));
        assert!(!recorded.contains(given(number).token.unwrap().expose()));
    }
    assert!(!recorded.contains(REAL_SECRET));
}

#[test]
fn a_policy_that_cannot_be_packed_is_folded_and_at_last_left_to_hoop() {
    let denied: Vec<String> = (0..90).map(|number| format!("\"ec2:Delete{number:04}*\"")).collect();
    let policy = with_role(&format!("[[statement]]\neffect = \"deny\"\naction = [{}]\n", denied.join(", ")));
    let (world, sts) = session(&policy, |sts| sts.packs = Some(1_100));
    assert_eq!(list_tables(&world).status, 200);
    let sizes: Vec<usize> = {
        let sts = sts.lock().unwrap();
        sts.asked
            .iter()
            .map(|form| field(form, "Policy").map_or(0, |policy| policy.chars().count()))
            .collect()
    };
    assert!(sizes.len() == 3 && sizes[0] > 1_536 && sizes[2] <= 1_024, "{sizes:?}");
    let enforced = credentials(&world, "fetched")[0]["enforced"].as_str().unwrap().to_owned();
    assert!(
        enforced.contains("% of what STS packs") && enforced.contains("of 90 denied patterns"),
        "{enforced}"
    );
    // The next time it begins with what fitted.
    world.clock.advance(Duration::from_secs(3_500));
    assert_eq!(list_tables(&world).status, 200);
    assert_eq!(sts.lock().unwrap().asked.len(), 4);

    let (world, sts) = session(&with_role(NO_DELETES), |sts| sts.packs = Some(10));
    assert_eq!(list_tables(&world).status, 200);
    assert_eq!(field(sts.lock().unwrap().asked.last().unwrap(), "Policy"), None);
    let enforced = credentials(&world, "fetched")[0]["enforced"].as_str().unwrap().to_owned();
    assert_eq!(enforced, "no session policy; enforced by hoop only: all of it (STS cannot pack the policy)");
}

#[test]
fn what_forbids_nothing_is_not_sent() {
    let (world, sts) = session(&with_role(""), |_| {});
    assert_eq!(list_tables(&world).status, 200);
    assert_eq!(field(&sts.lock().unwrap().asked[0], "Policy"), None);
}

#[test]
fn the_person_is_the_source_identity_where_it_is_wanted() {
    let policy = with_role("source_identity = true\n");
    let (world, sts) = session(&policy, |_| {});
    assert_eq!(list_tables(&world).status, 200);
    assert_eq!(field(&sts.lock().unwrap().asked[0], "SourceIdentity"), Some("ana"));
    let (world, _sts) = session(&policy, |sts| sts.anonymous = true);
    let reply = list_tables(&world);
    assert!(reply.text().contains("source_identity"), "{}", reply.text());
}

#[test]
fn managed_policies_stand_for_a_list_that_is_too_long() {
    let readonly = "default = \"deny\"\n[session]\nrole = \"arn:aws:iam::123456789012:role/agent\"\n\
                    policy_arns = \"arn:aws:iam::aws:policy/ReadOnlyAccess\"\n\
                    [[statement]]\neffect = \"allow\"\naccess = [\"list\", \"read\"]\n\
                    [[statement]]\neffect = \"deny\"\naction = \"secretsmanager:GetSecretValue\"\n";
    let (world, sts) = session(readonly, |_| {});
    assert_eq!(list_tables(&world).status, 200);
    let form = sts.lock().unwrap().asked[0].clone();
    assert_eq!(field(&form, "PolicyArns.member.1.arn"), Some("arn:aws:iam::aws:policy/ReadOnlyAccess"));
    let policy: Value = serde_json::from_str(field(&form, "Policy").unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    // Nothing but what services do by themselves is allowed besides; the denial stands.
    assert_eq!(statements.len(), 2, "{policy}");
    assert_eq!(statements[0]["Condition"]["Bool"]["aws:ViaAWSService"], "true");
    assert_eq!(statements[1]["Action"], "secretsmanager:getsecretvalue");
    let enforced = credentials(&world, "fetched")[0]["enforced"].as_str().unwrap().to_owned();
    assert!(enforced.contains("and arn:aws:iam::aws:policy/ReadOnlyAccess"), "{enforced}");
}

#[test]
fn refusals_of_sts_reach_the_client_with_what_to_do_and_nothing_is_forwarded() {
    for (code, message, fix) in [
        (
            "AccessDenied",
            "User: ana is not authorized to perform: sts:AssumeRole",
            "trust policy must name you",
        ),
        ("MalformedPolicyDocument", "Syntax errors in policy.", "hoopctl policy compile"),
        ("ExpiredToken", "The security token included in the request is expired", "sign in again"),
        ("RegionDisabledException", "STS is not activated in this region", "activate STS"),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration",
            "shorter `duration`",
        ),
    ] {
        let (world, sts) = session(&with_role(NO_DELETES), |sts| sts.refuses = Some((code, message)));
        let reply = list_tables(&world);
        assert!(reply.status >= 400, "{code}");
        let text = reply.text();
        assert!(text.contains(fix) && text.contains(message), "{code}: {text}");
        let failed = &credentials(&world, "failed")[0];
        assert!(failed["reason"].as_str().unwrap().contains(message), "{failed}");
        assert!(sts.lock().unwrap().used.is_empty());
    }
}

#[test]
fn many_callers_at_once_fetch_one_credential() {
    let (world, sts) = session(&with_role(NO_DELETES), |_| {});
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(list_tables(&world).status, 200));
        }
    });
    assert_eq!(sts.lock().unwrap().asked.len(), 1);
}

fn python(script: &str, arguments: &[&str], world: Option<&World>) -> String {
    let mut command = Command::new(venv().join("bin/python3"));
    command.args(["-c", script]).args(arguments).env_clear().env("PATH", "/usr/bin:/bin");
    if let Some(world) = world {
        command.envs(&world.env);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", output.stderr.escape_ascii());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// moto checks the signatures and the trust policy; it does not look at session policies.
#[test]
fn boto3_works_with_the_role_at_an_sts_that_enforces_iam() {
    let moto = Moto::start();
    let keys = python(
        r#"
import boto3, json, sys, urllib.request
e = sys.argv[1]
iam = boto3.client("iam", endpoint_url=e, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
every = lambda action: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
user = iam.create_user(UserName="ana")["User"]["Arn"]
iam.put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=every("sts:AssumeRole"))
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="agent", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.put_role_policy(RoleName="agent", PolicyName="p", PolicyDocument=every("s3:*"))
key = iam.create_access_key(UserName="ana")["AccessKey"]
urllib.request.urlopen(urllib.request.Request(e + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})).read()
print(key["AccessKeyId"], key["SecretAccessKey"], role)
"#,
        &[&moto.url],
        None,
    );
    let [id, secret, role] = keys.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let with_keys = |policy: &str| {
        let mut plan = Plan::observe(&moto.url);
        plan.policy = format!("version = 1\ndefault = \"allow\"\n{policy}{NO_DELETES}");
        plan.capture = Capture::Proxy;
        plan.environment = vec![
            ("AWS_ACCESS_KEY_ID".to_owned(), id.to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), secret.to_owned()),
        ];
        plan.start()
    };
    let script = r#"
import boto3
s3 = boto3.client("s3")
try:
    s3.create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="mine", Key="a", Body=b"x" * 100000)
    assert len(s3.get_object(Bucket="mine", Key="a")["Body"].read()) == 100000
    print("stored by", boto3.client("sts").get_caller_identity()["Arn"])
except s3.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
"#;
    // The person alone may do nothing but assume the role.
    let world = with_keys("");
    assert_eq!(python(script, &[], Some(&world)), "AccessDenied");
    let world = with_keys(&format!("[session]\nrole = \"{role}\"\n"));
    let told = python(script, &[], Some(&world));
    assert_eq!(told, "stored by arn:aws:sts::123456789012:assumed-role/agent/ana");
    let issued = &credentials(&world, "fetched")[0];
    assert_eq!(
        (issued["role"].as_str(), issued["arn"].as_str()),
        (Some(role), Some(&told["stored by ".len()..]))
    );
    assert!(!world.all_recorded().contains(secret));
}
