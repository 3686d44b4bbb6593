//! Credentials that AWS vends: the program gets placeholders, the upstream sees the real ones. The stub checks with which
//! key each call was signed.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use hoop::aws::sigv4;
use hoop::aws::sigv4::Key;
use hoop::clock::Clock;
use hoop::mask::vended_credentials;
use hoop::types::Secret;
use http::Response;
use http::request::Parts;
use serde_json::Value;
use sha2::Digest;

use crate::client::Call;
use crate::client::Reply;
use crate::client::json_call;
use crate::client::s3_call;
use crate::client::send;
use crate::upstream::Upstream;
use crate::upstream::json;
use crate::upstream::upstream;
use crate::world::Plan;
use crate::world::REAL_KEY;
use crate::world::REAL_SECRET;
use crate::world::World;

const ROLE_KEY: &str = "ASIAROLEROLEROLEROLE";
const ROLE_SECRET: &str = "role/SECRET&kept0inside1of2hoop3only4567";
const ROLE_TOKEN: &str = "IQoJb3JpZ2luX2VjRoleTokenRoleTokenRoleTokenRoleTokenRoleToken==";
const SECOND: &str = "second+SECRET0kept1inside2of3hoop4only56";
const NOW: u64 = 1_784_023_800;

fn key(id: &str, secret: &str, token: Option<&str>) -> Key {
    Key { access_key_id: id.to_owned(), secret: Secret::new(secret), token: token.map(Secret::new) }
}

fn role_key() -> Key {
    key(ROLE_KEY, ROLE_SECRET, Some(ROLE_TOKEN))
}

fn answer_xml(body: String) -> Response<Bytes> {
    Response::builder().header("content-type", "text/xml").body(Bytes::from(body)).unwrap()
}

/// STS's answer to `AssumeRole`; `ends` as it stands in there.
fn assumed(role: &str, real: &Key, ends: &str) -> Response<Bytes> {
    let escaped = real.secret.expose().replace('&', "&amp;");
    let token = real.token.as_ref().unwrap().expose();
    answer_xml(format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
         <AssumedRoleId>AROAX:s</AssumedRoleId><Arn>arn:aws:sts::210987654321:assumed-role/{role}/s</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{escaped}</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>{ends}</Expiration></Credentials></AssumeRoleResult>\
         </AssumeRoleResponse>",
        real.access_key_id
    ))
}

fn form_call(world: &World, body: &str) -> Call {
    Call {
        method: "POST",
        path: "/".to_owned(),
        service: "sts",
        host: format!("127.0.0.1:{}", world.gateway.port()),
        headers: vec![(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
        )],
        body: body.as_bytes().to_vec(),
        payload: None,
        key: None,
        at: None,
    }
}

fn assume(world: &World, key: Option<&Key>, role: &str) -> Reply {
    let body = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=s&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fteam%2F{role}"
    );
    Call { key: key.cloned(), ..form_call(world, &body) }.send(world)
}

/// The credential in a response, as the client reads it.
fn placeholder_in(reply: &Reply) -> Key {
    let content_type = reply.header("content-type").unwrap();
    let found = vended_credentials(content_type, &reply.body).unwrap().pop().expect("a credential");
    Key { access_key_id: found.access_key_id, secret: found.secret, token: found.token }
}

fn list_tables(world: &World, key: &Key) -> Reply {
    let call = json_call(world, "dynamodb", "DynamoDB_20120810.ListTables", "{}");
    Call { key: Some(key.clone()), ..call }.send(world)
}

/// An upstream with a fixed clock that refuses what none of `keys` signed, and notes which of them did.
fn strict(
    clock: &Clock,
    keys: Vec<Key>,
    answer: impl Fn(&Parts, &[u8]) -> Response<Bytes> + Send + Sync + 'static,
) -> (Upstream, Arc<Mutex<Vec<String>>>) {
    let signers: Arc<Mutex<Vec<String>>> = Arc::default();
    let (noted, clock) = (signers.clone(), clock.clone());
    let upstream = upstream(move |parts, body| {
        let Ok(claims) = sigv4::parse(parts) else {
            noted.lock().unwrap().push("nobody".to_owned());
            return answer(parts, body);
        };
        let hash = hex::encode(sha2::Sha256::digest(body));
        let signed = |key: &&Key| {
            let token = claims.token.as_ref().map(Secret::expose) == key.token.as_ref().map(Secret::expose);
            token && sigv4::verify(&claims, parts, Some(&hash), key, clock.unix_seconds()).is_ok()
        };
        match keys.iter().find(signed) {
            Some(key) => noted.lock().unwrap().push(key.access_key_id.clone()),
            None => {
                noted.lock().unwrap().push(format!("WRONG {}", claims.access_key_id));
                return Response::builder().status(403).body(Bytes::from("no")).unwrap();
            }
        }
        answer(parts, body)
    });
    (upstream, signers)
}

fn real_keys() -> Vec<Key> {
    vec![key(REAL_KEY, REAL_SECRET, None), role_key(), key("ASIASECOND", SECOND, Some("second token"))]
}

fn fixed() -> Clock {
    Clock::fixed(NOW * 1_000_000)
}

fn plan(upstream: &Upstream, clock: &Clock, statements: &str) -> Plan {
    Plan { clock: clock.clone(), ..Plan::observe(&upstream.url).policy(statements) }
}

fn credential_events(world: &World, what: &str) -> Vec<Value> {
    world.events_of("credential").into_iter().filter(|event| event["what"] == what).collect()
}

fn assert_unseen(world: &World, replies: &[&Reply]) {
    for secret in
        [ROLE_SECRET, "role/SECRET&amp;kept", ROLE_TOKEN, ROLE_KEY, SECOND, "second token", REAL_SECRET]
    {
        for reply in replies {
            assert!(!reply.text().contains(secret), "{secret}: {}", reply.text());
        }
        assert!(!world.all_recorded().contains(secret), "{secret} is on disk");
    }
}

#[test]
fn an_assumed_role_is_a_placeholder_that_works_as_exactly_that_role() {
    let clock = fixed();
    let (upstream, signers) = strict(&clock, real_keys(), |_, body| match body {
        [b'A', ..] => assumed("deploy", &role_key(), "2026-07-14T11:10:00Z"),
        _ => json(r#"{"TableNames":[]}"#),
    });
    let world = plan(&upstream, &clock, "").start();
    let reply = assume(&world, None, "deploy");
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.text().contains("<Expiration>2026-07-14T11:10:00Z</Expiration>"));
    assert!(reply.text().contains("arn:aws:sts::210987654321:assumed-role/deploy/s"));
    assert_eq!(reply.header("content-length").unwrap(), reply.body.len().to_string());
    let placeholder = placeholder_in(&reply);
    assert!(placeholder.access_key_id.starts_with("ASIA") && placeholder.access_key_id.len() == 20);
    assert_eq!(placeholder.secret.expose().len(), 40);
    assert_ne!(placeholder.secret.expose(), world.env["AWS_SECRET_ACCESS_KEY"]);
    assert_ne!(placeholder.token.as_ref().unwrap().expose(), world.env["AWS_SESSION_TOKEN"]);
    let listed = list_tables(&world, &placeholder);
    assert_eq!(listed.status, 200, "{listed:?}");
    assert_eq!(*signers.lock().unwrap(), [REAL_KEY, ROLE_KEY]);
    let begun = world.events_of("call.begin");
    assert!(begun[0].get("role").is_none());
    assert_eq!(begun[1]["identity"], "arn:aws:sts::210987654321:assumed-role/deploy/s");
    assert_eq!(begun[1]["role"], "arn:aws:iam::210987654321:role/team/deploy");
    assert_eq!(begun[1]["account"], "210987654321");
    let minted = &credential_events(&world, "minted")[0];
    assert_eq!(minted["source"], "sts:AssumeRole");
    assert_eq!(minted["role"], "arn:aws:iam::210987654321:role/team/deploy");
    assert_eq!((minted["call"].as_u64(), minted["expires"].as_u64()), (Some(1), Some(NOW + 3_600)));
    assert_unseen(&world, &[&reply, &listed]);
    // The secret of one identity does not open another, nor does a token.
    let own = crate::client::placeholder(&world);
    for mixed in [
        Key { secret: own.secret.clone(), ..placeholder.clone() },
        Key { token: own.token.clone(), ..placeholder.clone() },
        Key { access_key_id: own.access_key_id.clone(), ..placeholder.clone() },
    ] {
        assert_eq!(list_tables(&world, &mixed).status, 403);
    }
    assert_eq!(signers.lock().unwrap().len(), 2);
    world.gateway.stop();
    assert_eq!(credential_events(&world, "wiped").len(), 1);
}

#[test]
fn roles_are_chained_and_numbers_of_commands_kept() {
    let clock = fixed();
    let (upstream, signers) = strict(&clock, real_keys(), |parts, body| {
        let second = key("ASIASECOND", SECOND, Some("second token"));
        match (body, sigv4::parse(parts).unwrap().access_key_id.as_str()) {
            ([b'A', ..], REAL_KEY) => assumed("deploy", &role_key(), "2026-07-14T11:10:00Z"),
            ([b'A', ..], _) => assumed("second", &second, "2026-07-14T11:10:00Z"),
            _ => json("{}"),
        }
    });
    let world = plan(&upstream, &clock, "").start();
    let (one, two) = {
        let first = assume(&world, None, "deploy");
        let second = assume(&world, Some(&placeholder_in(&first)), "second");
        assert_unseen(&world, &[&first, &second]);
        (placeholder_in(&first), placeholder_in(&second))
    };
    // A command's number in the last letters changes nothing of who it is.
    let numbered = Key { access_key_id: hoop::aws::key_id::numbered(&two.access_key_id, 77), ..two.clone() };
    for signer in [&two, &one, &numbered] {
        assert_eq!(list_tables(&world, signer).status, 200);
    }
    let expected = [REAL_KEY, ROLE_KEY, "ASIASECOND", ROLE_KEY, "ASIASECOND"];
    assert_eq!(*signers.lock().unwrap(), expected);
    let minted = credential_events(&world, "minted");
    assert_eq!((minted.len(), minted[1]["call"].as_u64()), (2, Some(2)));
    // The same credential once more is the same placeholder.
    assert_eq!(placeholder_in(&assume(&world, None, "deploy")).access_key_id, one.access_key_id);
    assert_eq!(credential_events(&world, "minted").len(), 2);
}

#[test]
fn what_has_ended_is_refused_as_aws_refuses_it_and_forgotten() {
    let clock = fixed();
    let (upstream, signers) = strict(&clock, real_keys(), |_, body| match body {
        [b'A', ..] => assumed("deploy", &role_key(), "2026-07-14T10:15:00Z"),
        _ => json("{}"),
    });
    let world = plan(&upstream, &clock, "").start();
    let placeholder = placeholder_in(&assume(&world, None, "deploy"));
    clock.advance(Duration::from_secs(299));
    assert_eq!(list_tables(&world, &placeholder).status, 200);
    clock.advance(Duration::from_secs(1));
    let reply = list_tables(&world, &placeholder);
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("ExpiredTokenException"), "{}", reply.text());
    let reply = assume(&world, Some(&placeholder), "second");
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("<Code>ExpiredToken</Code>"), "{}", reply.text());
    let reply =
        Call { key: Some(placeholder.clone()), ..s3_call(&world, "GET", "/bucket/key", b"") }.send(&world);
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("<Code>ExpiredToken</Code>"), "{}", reply.text());
    assert_eq!(*signers.lock().unwrap(), [REAL_KEY, ROLE_KEY]);
    assert_eq!(credential_events(&world, "expired").len(), 1);
}

#[test]
fn a_placeholder_of_another_session_is_a_foreign_key() {
    let clock = fixed();
    let (upstream, signers) = strict(&clock, real_keys(), |_, body| match body {
        [b'A', ..] => assumed("deploy", &role_key(), "2026-07-14T11:10:00Z"),
        _ => json("{}"),
    });
    let (one, other) = (plan(&upstream, &clock, "").start(), plan(&upstream, &clock, "").start());
    let placeholder = placeholder_in(&assume(&one, None, "deploy"));
    drop(placeholder_in(&assume(&other, None, "deploy")));
    let reply = list_tables(&other, &placeholder);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("UnrecognizedClientException"), "{}", reply.text());
    assert_eq!(*signers.lock().unwrap(), [REAL_KEY, REAL_KEY]);
}

#[test]
fn rules_about_a_role_hold_for_that_role_and_its_account() {
    let clock = fixed();
    let statements = "[[statement]]\nsid = \"deploy-does-not-list\"\neffect = \"deny\"\naction = \"dynamodb:ListTables\"\n\
        principal = { role = \"arn:aws:iam::210987654321:role/team/*\" }\n\
        [[statement]]\nsid = \"no-buckets-there\"\neffect = \"deny\"\naction = \"s3:CreateBucket\"\n\
        condition = { StringEquals = { \"aws:PrincipalAccount\" = \"210987654321\" } }\n";
    let (upstream, signers) = strict(&clock, real_keys(), |_, body| match body {
        [b'A', ..] => assumed("deploy", &role_key(), "2026-07-14T11:10:00Z"),
        _ => json("{}"),
    });
    // Keys of the environment do not say whose they are: STS is asked.
    let world = plan(&upstream, &clock, statements).start();
    let placeholder = placeholder_in(&assume(&world, None, "deploy"));
    let reply = list_tables(&world, &placeholder);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("deploy-does-not-list"), "{}", reply.text());
    let create = |key: Option<Key>| Call { key, ..s3_call(&world, "PUT", "/bucket", b"") }.send(&world);
    assert_eq!(create(Some(placeholder)).status, 403);
    // The session's own credential is a user's.
    assert_eq!(create(None).status, 200);
    assert_eq!(list_tables(&world, &crate::client::placeholder(&world)).status, 200);
    assert_eq!(*signers.lock().unwrap(), [REAL_KEY, REAL_KEY, REAL_KEY]);
    assert_eq!(world.events_of("call.begin")[3]["identity"], "arn:aws:iam::123456789012:user/ana");
}

#[test]
fn every_service_that_vends_is_captured() {
    let clock = fixed();
    let role = role_key();
    let (id, secret, token) = (ROLE_KEY, ROLE_SECRET, ROLE_TOKEN);
    let xml_secret = secret.replace('&', "&amp;");
    let flat = format!(r#""accessKeyId":"{id}","secretAccessKey":"{secret}","sessionToken":"{token}""#);
    let upper = format!(r#""AccessKeyId":"{id}","SecretAccessKey":"{secret}","SessionToken":"{token}""#);
    let xml = format!(
        "<AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{xml_secret}</SecretAccessKey><SessionToken>{token}</SessionToken>"
    );
    let json_type = "application/x-amz-json-1.1";
    // service, method, path, target, request, content type, answer, ends
    #[expect(clippy::type_complexity, reason = "a table")]
    let calls: Vec<(&'static str, &'static str, &str, &str, &str, &str, String, Option<u64>)> = vec![
        (
            "cognito-identity",
            "POST",
            "/",
            "AWSCognitoIdentityService.GetCredentialsForIdentity",
            "{}",
            json_type,
            format!(
                r#"{{"Credentials":{{"AccessKeyId":"{id}","SecretKey":"{secret}","SessionToken":"{token}","Expiration":1.784023860E9}}}}"#
            ),
            Some(NOW + 60),
        ),
        (
            "lakeformation",
            "POST",
            "/GetTemporaryGlueTableCredentials",
            "",
            "{}",
            "application/json",
            format!(r#"{{{upper},"Expiration":1784023860.0}}"#),
            Some(NOW + 60),
        ),
        // moto calls JSON text.
        (
            "datazone",
            "GET",
            "/v2/domains/d/environments/e/credentials",
            "",
            "",
            "text/html",
            format!(r#"{{{flat},"expiration":"2026-07-14T10:11:00Z"}}"#),
            Some(NOW + 60),
        ),
        (
            "deadline",
            "GET",
            "/2023-10-12/farms/f/queues/q/user-roles",
            "",
            "",
            "application/json",
            format!(r#"{{"credentials":{{{flat},"expiration":"2026-07-14T10:11:00Z"}}}}"#),
            Some(NOW + 60),
        ),
        (
            "s3express",
            "GET",
            "/bucket--use1-az4--x-s3?session",
            "",
            "",
            "application/xml",
            format!(
                "<CreateSessionResult><Credentials>{xml}<Expiration>2026-07-14T10:11:00Z</Expiration></Credentials></CreateSessionResult>"
            ),
            Some(NOW + 60),
        ),
        (
            "gamelift",
            "POST",
            "/",
            "GameLift.RequestUploadCredentials",
            "{}",
            json_type,
            format!(r#"{{"UploadCredentials":{{{upper}}}}}"#),
            None,
        ),
        (
            "codepipeline",
            "POST",
            "/",
            "CodePipeline_20150709.PollForJobs",
            "{}",
            json_type,
            format!(r#"{{"jobs":[{{"id":"1","data":{{"artifactCredentials":{{{flat}}}}}}}]}}"#),
            None,
        ),
    ];
    for (service, method, path, target, request, content_type, body, ends) in calls {
        let (answered, kind) = (body.clone(), content_type.to_owned());
        let (upstream, signers) =
            strict(&clock, vec![key(REAL_KEY, REAL_SECRET, None), role.clone()], move |parts, _| match parts
                .headers
                .get("x-amz-target")
                .is_some_and(|target| target == "DynamoDB_20120810.ListTables")
            {
                true => json("{}"),
                false => Response::builder()
                    .header("content-type", &kind)
                    .header("x-amz-crc32", "1")
                    .body(Bytes::from(answered.clone()))
                    .unwrap(),
            });
        let world = plan(&upstream, &clock, "").start();
        let mut call = s3_call(&world, method, path, request.as_bytes());
        call.service = service;
        if !target.is_empty() {
            call.headers.push(("x-amz-target".to_owned(), target.to_owned()));
            call.headers.push(("content-type".to_owned(), json_type.to_owned()));
        }
        let reply = call.send(&world);
        assert_eq!(reply.status, 200, "{service}: {reply:?}");
        assert_unseen(&world, &[&reply]);
        let crc = crc32fast::hash(&reply.body).to_string();
        assert_eq!(reply.header("x-amz-crc32"), Some(crc.as_str()), "{service}");
        let found =
            vended_credentials(if path.contains("session") { "text/xml" } else { json_type }, &reply.body)
                .unwrap();
        let placeholder = Key {
            access_key_id: found[0].access_key_id.clone(),
            secret: found[0].secret.clone(),
            token: found[0].token.clone(),
        };
        assert_eq!(list_tables(&world, &placeholder).status, 200, "{service}");
        assert_eq!(*signers.lock().unwrap(), [REAL_KEY, ROLE_KEY], "{service}");
        let minted = credential_events(&world, "minted");
        assert_eq!((minted.len(), minted[0]["expires"].as_u64()), (1, ends), "{service}");
        if let Some(ends) = ends {
            clock.advance(Duration::from_secs(0));
            assert_eq!(found[0].expires, Some(ends), "{service}");
        }
    }
}

#[test]
fn a_lasting_key_has_no_token_and_lives_as_long_as_the_session() {
    let clock = fixed();
    let lasting = key("AKIALASTINGLASTING12", ROLE_SECRET, None);
    let (upstream, signers) = strict(&clock, vec![key(REAL_KEY, REAL_SECRET, None), lasting], |_, body| {
        match body {
            [b'A', ..] => answer_xml(format!(
                "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>u</UserName>\
             <AccessKeyId>AKIALASTINGLASTING12</AccessKeyId><Status>Active</Status><SecretAccessKey>{}</SecretAccessKey>\
             </AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>",
                ROLE_SECRET.replace('&', "&amp;")
            )),
            _ => json("{}"),
        }
    });
    let world = plan(&upstream, &clock, "").start();
    let mut call = form_call(&world, "Action=CreateAccessKey&Version=2010-05-08&UserName=u");
    call.service = "iam";
    let reply = call.send(&world);
    let placeholder = placeholder_in(&reply);
    assert!(placeholder.access_key_id.starts_with("AKIA") && placeholder.token.is_none());
    assert_unseen(&world, &[&reply]);
    clock.advance(Duration::from_secs(100_000));
    assert_eq!(list_tables(&world, &placeholder).status, 200);
    assert_eq!(*signers.lock().unwrap(), [REAL_KEY, "AKIALASTINGLASTING12"]);
}

#[test]
fn a_session_of_s3_express_keeps_its_own_token_header() {
    let clock = fixed();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = seen.clone();
    let upstream = upstream(move |parts, _| {
        let token = parts.headers.get("x-amz-s3session-token");
        noted
            .lock()
            .unwrap()
            .push(token.map_or_else(String::new, |token| token.to_str().unwrap().to_owned()));
        answer_xml(format!(
            "<CreateSessionResult><Credentials><AccessKeyId>{ROLE_KEY}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>{ROLE_TOKEN}</SessionToken></Credentials></CreateSessionResult>"
        ))
    });
    let world = plan(&upstream, &clock, "").start();
    let call = |path: &str| Call { service: "s3express", ..s3_call(&world, "GET", path, b"") };
    let placeholder = placeholder_in(&call("/bucket--use1-az4--x-s3?session").send(&world));
    // Signed without a token; the token goes into the header that this service has for it.
    let token = placeholder.token.clone().unwrap();
    let unnamed = Key { token: None, ..placeholder.clone() };
    let mut get = Call { key: Some(unnamed.clone()), ..call("/bucket--use1-az4--x-s3/key") };
    let bytes = get.bytes(&world);
    let head = format!("x-amz-s3session-token: {}\r\n\r\n", token.expose());
    let text = String::from_utf8(bytes).unwrap().replacen("\r\n\r\n", &format!("\r\n{head}"), 1);
    assert_eq!(send(&world, text.as_bytes()).status, 200);
    assert_eq!(*seen.lock().unwrap(), ["", ROLE_TOKEN]);
    // Another token is not this session's.
    let text = text.replace(token.expose(), "another");
    assert_eq!(send(&world, text.as_bytes()).status, 403);
    get.key = Some(placeholder);
    assert_eq!(get.send(&world).status, 200);
}

#[test]
fn what_cannot_be_swapped_is_withheld() {
    let clock = fixed();
    for body in [
        format!("<AssumeRoleResponse><AccessKeyId>{ROLE_KEY}</AccessKeyId><Secret"),
        format!(
            "<R><Credentials><AccessKeyId>{ROLE_KEY}</AccessKeyId><AccessKeyId>x</AccessKeyId>\
             <SecretAccessKey>{SECOND}</SecretAccessKey></Credentials></R>"
        ),
        format!(
            "<R><Credentials><AccessKeyId>{ROLE_KEY}</AccessKeyId><SecretAccessKey><a>{SECOND}</a></SecretAccessKey>\
             </Credentials></R>"
        ),
        format!("{{\"AccessKeyId\":\"{ROLE_KEY}\""),
    ] {
        let (upstream, _) = strict(&clock, real_keys(), move |_, _| answer_xml(body.clone()));
        let world = plan(&upstream, &clock, "").start();
        let reply = assume(&world, None, "deploy");
        assert!(reply.status >= 500, "{reply:?}");
        assert!(reply.text().contains("withheld"), "{}", reply.text());
        assert_unseen(&world, &[&reply]);
        assert_eq!(credential_events(&world, "minted").len(), 0);
    }
}

const WEB_IDENTITY: &str = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=s&\
     RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fteam%2Fdeploy&WebIdentityToken=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln";

fn bare(world: &World, body: &str) -> Reply {
    let request = format!(
        "POST / HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        world.gateway.port(),
        body.len()
    );
    send(world, request.as_bytes())
}

#[test]
fn a_call_without_a_signature_passes_only_where_a_policy_names_it() {
    let clock = fixed();
    let allow = |action: &str| format!("[[statement]]\neffect = \"allow\"\naction = \"{action}\"\n");
    for (statements, passes) in [
        (String::new(), false),
        (allow("*"), false),
        (allow("sts:*"), false),
        (allow("sts:AssumeRole"), false),
        (allow("sts:AssumeRoleWithWebIdentity"), true),
        (
            format!(
                "{}resource = \"arn:aws:iam::210987654321:role/other\"\n",
                allow("sts:AssumeRoleWithWebIdentity")
            ),
            false,
        ),
    ] {
        let (upstream, signers) = strict(&clock, real_keys(), |_, body| match body {
            [b'A', ..] => assumed("deploy", &role_key(), "2026-07-14T11:10:00Z"),
            _ => json("{}"),
        });
        let world = plan(&upstream, &clock, &statements).start();
        let reply = bare(&world, WEB_IDENTITY);
        assert_unseen(&world, &[&reply]);
        assert!(!world.all_recorded().contains("eyJhbGciOiJub25lIn0"), "the token is on disk");
        let begun = world.events_of("call.begin");
        assert_eq!(begun[0]["action"], "sts:AssumeRoleWithWebIdentity");
        assert_eq!(begun[0]["identity"], "unsigned");
        if passes {
            assert_eq!(reply.status, 200, "{statements}: {reply:?}");
            let placeholder = placeholder_in(&reply);
            assert_eq!(list_tables(&world, &placeholder).status, 200);
            assert_eq!(*signers.lock().unwrap(), ["nobody", ROLE_KEY]);
            let role = "arn:aws:iam::210987654321:role/team/deploy";
            assert_eq!(credential_events(&world, "minted")[0]["role"], role);
        } else {
            assert_eq!(reply.status, 403, "{statements}: {reply:?}");
            assert!(reply.text().contains("is not signed"), "{}", reply.text());
            assert!(signers.lock().unwrap().is_empty(), "{statements}");
            assert_eq!(world.events_of("decision")[0]["effect"], "deny");
        }
    }
}

#[test]
fn a_bearer_of_single_sign_on_gets_a_placeholder() {
    let clock = fixed();
    let statement = "[[statement]]\neffect = \"allow\"\naction = \"awsssoportal:GetRoleCredentials\"\n";
    let (upstream, signers) = strict(&clock, real_keys(), |parts, _| {
        match parts.headers.contains_key("x-amz-target") {
            true => json("{}"),
            false => json(&format!(
                r#"{{"roleCredentials":{{"accessKeyId":"{ROLE_KEY}","secretAccessKey":"{ROLE_SECRET}","sessionToken":"{ROLE_TOKEN}","expiration":1784023860000}}}}"#
            )),
        }
    });
    let world = plan(&upstream, &clock, statement).start();
    let request = "GET /federation/credentials?role_name=dev&account_id=210987654321 HTTP/1.1\r\n\
         host: portal.sso.eu-west-1.amazonaws.com\r\nx-amz-sso_bearer_token: bearer-token-of-ana-1234567890\r\n\r\n";
    let reply = send(&world, request.as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_unseen(&world, &[&reply]);
    assert!(!world.all_recorded().contains("bearer-token-of-ana"));
    assert_eq!(upstream.take()[0].header("x-amz-sso_bearer_token"), "bearer-token-of-ana-1234567890");
    assert_eq!(list_tables(&world, &placeholder_in(&reply)).status, 200);
    assert_eq!(*signers.lock().unwrap(), ["nobody", ROLE_KEY]);
    let minted = &credential_events(&world, "minted")[0];
    assert_eq!(
        (minted["account"].as_str(), minted["expires"].as_u64()),
        (Some("210987654321"), Some(NOW + 60))
    );
    // What else is not signed stays refused, also where everything is allowed.
    for other in [
        "GET /bucket/key HTTP/1.1\r\nhost: s3.amazonaws.com\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: sts.amazonaws.com\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 43\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15",
        "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: AWSCognitoIdentityProviderService.InitiateAuth\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let reply = send(&world, other.as_bytes());
        assert_eq!(reply.status, 403);
        assert!(reply.text().contains("MissingAuthenticationToken"), "{}", reply.text());
    }
    assert!(upstream.take().len() == 1);
}
