//! Where the person's own credential comes from: each source of the AWS chain as a stub, the real hoop-run, a real client.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;

use bytes::Bytes;
use hoop::identity::Assurance;
use hoop::identity::Identity;
use hoop::identity::Login;
use hoop::identity::LoginStore;
use hoop::identity::Proof;
use hoop::types::Secret;
use http::Response;
use http::request::Parts;
use ring::digest;

use crate::moto::venv;
use crate::upstream::json;
use crate::upstream::upstream;

const SECRET: &str = "source/SECRET+kept0inside1of2hoop3only45";
const SCRIPT: &str =
    "import boto3; print(boto3.client('dynamodb', region_name='eu-west-1').list_tables()['TableNames'])";

/// Metadata services, the SSO portal, STS, and a service that notes with which key it was called.
fn answer(parts: &Parts, body: &[u8], used: &Mutex<Vec<String>>) -> Response<Bytes> {
    let until = "2099-01-01T00:00:00Z";
    let keys = |id: &str| {
        format!(
            "{{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"LastUpdated\":\"2026-01-01T00:00:00Z\",\"AccessKeyId\":\"{id}\",\
             \"SecretAccessKey\":\"{SECRET}\",\"Token\":\"sourceTokenOne\",\"Expiration\":\"{until}\"}}"
        )
    };
    match parts.uri.path() {
        "/container" => json(&keys("ASIACONTAINER0000001")),
        "/latest/api/token" => {
            let token = Response::builder().header("x-aws-ec2-metadata-token-ttl-seconds", "21600");
            token.body(Bytes::from("metadata-token")).unwrap()
        }
        path if path.starts_with("/latest/meta-data/iam/security-credentials") => {
            match parts.headers.get("x-aws-ec2-metadata-token").is_some() {
                false => Response::builder().status(401).body(Bytes::new()).unwrap(),
                true if path.ends_with("/worker") => json(&keys("ASIAINSTANCE00000001")),
                true => Response::new(Bytes::from("worker")),
            }
        }
        "/federation/credentials" => {
            if parts.headers.get("x-amz-sso_bearer_token").is_none_or(|token| token != "sso-access-token") {
                return Response::builder().status(401).body(Bytes::from("{}")).unwrap();
            }
            json(&format!(
                "{{\"roleCredentials\":{{\"accessKeyId\":\"ASIASSO0000000000001\",\"secretAccessKey\":\"{SECRET}\",\
                 \"sessionToken\":\"sourceTokenOne\",\"expiration\":4070908800000}}}}"
            ))
        }
        _ if body.starts_with(b"Action=AssumeRoleWithWebIdentity") => Response::new(Bytes::from(format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB0000000000001</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
             <SessionToken>sourceTokenOne</SessionToken><Expiration>{until}</Expiration></Credentials>\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        ))),
        _ => {
            let signed = parts.headers.get("authorization").map_or("", |value| value.to_str().unwrap());
            let id = signed.split("Credential=").nth(1).and_then(|rest| rest.split('/').next());
            // Metadata services are asked for more than is needed here.
            used.lock().unwrap().extend(id.map(str::to_owned));
            json("{\"TableNames\":[\"orders\"]}")
        }
    }
}

struct Run {
    output: String,
    success: bool,
    used: Vec<String>,
}

/// Runs a boto3 call in hoop-run with a home of its own; `prepare` gets it, and the stub's address, and gives variables.
fn run(arguments: &[&str], prepare: impl FnOnce(&Path, &str) -> Vec<(&'static str, String)>) -> Run {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join(".aws/sso/cache")).unwrap();
    let used: Arc<Mutex<Vec<String>>> = Arc::default();
    let inside = used.clone();
    let upstream = upstream(move |parts, body| answer(parts, body, &inside));
    let mut command = Command::new(env!("CARGO_BIN_EXE_hoop-run"));
    command.args(["--sandbox", "off", "-p", "observe"]).args(arguments).arg("--");
    command.arg(venv().join("bin/python3")).args(["-c", SCRIPT]).env_clear();
    command
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home.path())
        .env("HOOP_UPSTREAM_ENDPOINT_URL", &upstream.url);
    command.env("AWS_EC2_METADATA_DISABLED", "true").envs(prepare(home.path(), &upstream.url));
    let output = command.output().unwrap();
    let text = [&output.stdout[..], &output.stderr].concat().escape_ascii().to_string();
    let mut recorded = String::new();
    texts(&home.path().join(".local/state"), &mut recorded);
    assert!(recorded.contains("session.start"), "{text}");
    assert!(!recorded.contains(SECRET) && !text.contains(SECRET), "the secret is in the recording");
    assert!(!recorded.contains("sso-access-token"));
    let used = used.lock().unwrap().clone();
    Run { output: text, success: output.status.success(), used }
}

fn texts(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => texts(&path, into),
            false => into.push_str(&fs::read(&path).unwrap().escape_ascii().to_string()),
        }
    }
}

fn config(home: &Path, text: &str) {
    fs::write(home.join(".aws/config"), text).unwrap();
}

#[test]
fn a_container() {
    let run = run(&[], |_, url| vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/container"))]);
    assert!(run.success && run.used == ["ASIACONTAINER0000001"], "{:?} {}", run.used, run.output);
}

#[test]
fn an_instance() {
    let run = run(&[], |_, url| {
        vec![
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "false".to_owned()),
        ]
    });
    assert!(run.success && run.used == ["ASIAINSTANCE00000001"], "{:?} {}", run.used, run.output);
}

#[test]
fn a_process() {
    let run = run(&["--profile", "tool"], |home, _| {
        let script = format!(
            "#!/bin/sh\necho '{{\"Version\":1,\"AccessKeyId\":\"ASIAPROCESS000000001\",\"SecretAccessKey\":\"{SECRET}\",\
             \"SessionToken\":\"t\",\"Expiration\":\"2099-01-01T00:00:00Z\"}}'\n"
        );
        fs::write(home.join("tool"), script).unwrap();
        let tool = home.join("tool");
        config(home, &format!("[profile tool]\ncredential_process = sh {}\n", tool.display()));
        vec![]
    });
    assert!(run.success && run.used == ["ASIAPROCESS000000001"], "{:?} {}", run.used, run.output);
}

const SSO: &str = "[profile corp]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = dev\nregion = eu-west-1\n\
                   [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n";

fn sso_cache(home: &Path, until: &str) {
    let name = hex::encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, b"corp"));
    let token = format!(
        "{{\"startUrl\":\"https://corp.example/start\",\"region\":\"eu-west-1\",\"accessToken\":\"sso-access-token\",\
         \"expiresAt\":\"{until}\"}}"
    );
    fs::write(home.join(format!(".aws/sso/cache/{name}.json")), token).unwrap();
}

#[test]
fn single_sign_on() {
    let run = run(&["--profile", "corp"], |home, _| {
        config(home, SSO);
        sso_cache(home, "2099-01-01T00:00:00Z");
        vec![]
    });
    assert!(run.success && run.used == ["ASIASSO0000000000001"], "{:?} {}", run.used, run.output);
}

#[test]
fn single_sign_on_that_has_ended_says_how_to_begin_it() {
    let run = run(&["--profile", "corp"], |home, _| {
        config(home, SSO);
        sso_cache(home, "2020-01-01T00:00:00Z");
        vec![]
    });
    assert!(!run.success && run.used.is_empty());
    assert!(run.output.contains("aws sso login --profile corp"), "{}", run.output);
}

#[test]
fn a_web_identity_of_the_environment() {
    let run = run(&[], |home, _| {
        fs::write(home.join("token"), "ey.J.x").unwrap();
        vec![
            ("AWS_WEB_IDENTITY_TOKEN_FILE", home.join("token").display().to_string()),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
        ]
    });
    assert!(run.success && run.used == ["ASIAWEB0000000000001"], "{:?} {}", run.used, run.output);
}

#[test]
fn several_roles_without_a_terminal_list_the_commands() {
    let home = tempfile::tempdir().unwrap();
    let policy = home.path().join("policy.toml");
    fs::write(
        &policy,
        "version = 1\ndefault = \"allow\"\n[session]\nrole = [\"arn:aws:iam::123456789012:role/a\", \
         \"arn:aws:iam::123456789012:role/b\"]\n",
    )
    .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hoop-run"));
        command.args(["--sandbox", "off", "-p"]).arg(&policy).args(arguments).args(["--", "true"]);
        let output =
            command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home.path()).output().unwrap();
        (output.status.code(), output.stderr.escape_ascii().to_string())
    };
    let (status, text) = run(&[]);
    assert_eq!(status, Some(125));
    assert!(text.contains("hoop-run --role a") && text.contains("hoop-run --role b"), "{text}");
    assert_eq!(run(&["--role", "b"]).0, Some(0));
    let (status, text) = run(&["--role", "c"]);
    assert!(status == Some(125) && text.contains("it has a, b"), "{text}");
}

#[test]
fn a_policy_that_wants_to_know_who_asks_begins_nothing_without_a_login() {
    let home = tempfile::tempdir().unwrap();
    let policy = home.path().join("policy.toml");
    let run = |text: &str, providers: &str, arguments: &[&str]| {
        fs::write(&policy, format!("version = 1\ndefault = \"allow\"\n{text}")).unwrap();
        fs::create_dir_all(home.path().join(".config/hoop")).unwrap();
        fs::write(home.path().join(".config/hoop/config.toml"), providers).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hoop-run"));
        command.args(["--sandbox", "off", "-p"]).arg(&policy).args(arguments).args(["--", "true"]);
        let output =
            command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home.path()).output().unwrap();
        (output.status.code(), output.stderr.escape_ascii().to_string())
    };
    let corp =
        "[identity.corp]\nkind = \"oidc\"\nissuer = \"https://login.example.com\"\nclient_id = \"hoop\"\n";
    let by_token = "[session]\nsource = \"oidc\"\nrole = \"arn:aws:iam::123456789012:role/agent\"\n";
    let by_group =
        "[[statement]]\neffect = \"deny\"\naction = \"iam:*\"\nprincipal = { group = \"interns\" }\n";
    for (policy, providers, arguments) in [
        (by_token, corp, &[][..]),
        (by_token, corp, &["--identity", "local"]),
        (by_group, corp, &[]),
        (by_group, corp, &["--identity", "local"]),
        ("", corp, &["--identity", "corp"]),
    ] {
        let (status, text) = run(policy, providers, arguments);
        assert_eq!(status, Some(125), "{policy} {arguments:?}: {text}");
        assert!(text.contains("hoopctl login corp"), "{policy} {arguments:?}: {text}");
    }
    let (status, text) = run(by_token, "", &[]);
    assert!(status == Some(125) && text.contains("configure an identity provider"), "{text}");
    // Nobody else could tell the groups; and who is nobody in particular is called so.
    assert_eq!(run(by_group, "", &[]).0, Some(0));
    assert_eq!(run("", corp, &[]).0, Some(0));
}

/// A home in which `user` has signed in with `corp`.
fn signed_in(user: &str, groups: &[&str]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let identity = Identity {
        subject: format!("{user}-for-ever"),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        issuer: Some("https://login.example.com".to_owned()),
        provider: Some("corp".to_owned()),
        assurance: Assurance::Verified,
        expires: Some(4_070_908_800),
        ..Identity::local(format!("{user}@example.com"))
    };
    let login = Login {
        provider: "corp".to_owned(),
        identity,
        proof: Proof::WebIdentity(Secret::new(format!("ey.token-of-{user}.x"))),
        renewal: None,
        obtained: 1_763_700_000,
    };
    LoginStore::open(&home.path().join(".local/state/hoop")).unwrap().save(&login).unwrap();
    fs::create_dir_all(home.path().join(".config/hoop")).unwrap();
    fs::write(
        home.path().join(".config/hoop/config.toml"),
        "[identity.corp]\nkind = \"oidc\"\nissuer = \"https://login.example.com\"\nclient_id = \"hoop\"\n",
    )
    .unwrap();
    fs::write(
        home.path().join("policy.toml"),
        "version = 1\n[session]\nsource = \"oidc\"\nrole = \"arn:aws:iam::123456789012:role/agent\"\n[[statement]]\n\
         effect = \"allow\"\naction = \"dynamodb:ListTables\"\n\
         principal = { group = \"ops\", issuer = \"https://login.example.com\" }\n",
    )
    .unwrap();
    home
}

#[test]
fn two_people_at_once_sign_with_their_own_logins_and_may_what_their_groups_may() {
    let forms: Arc<Mutex<Vec<String>>> = Arc::default();
    let (inside, used) = (forms.clone(), Arc::<Mutex<Vec<String>>>::default());
    let upstream = upstream(move |parts, body| {
        if body.starts_with(b"Action=AssumeRoleWithWebIdentity") {
            assert!(!parts.headers.contains_key("authorization"));
            inside.lock().unwrap().push(body.escape_ascii().to_string());
        }
        answer(parts, body, &used)
    });
    let run = |user: &str, groups: &[&str]| {
        let home = signed_in(user, groups);
        let mut command = Command::new(env!("CARGO_BIN_EXE_hoop-run"));
        command.args(["--sandbox", "off", "-p"]).arg(home.path().join("policy.toml")).arg("--");
        command.arg(venv().join("bin/python3")).args(["-c", SCRIPT]).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("HOME", home.path()).env("HOOP_UPSTREAM_ENDPOINT_URL", &upstream.url);
        let output = command.env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap();
        let mut recorded = String::new();
        texts(&home.path().join(".local/state/hoop/sessions"), &mut recorded);
        let text = [&output.stdout[..], &output.stderr].concat().escape_ascii().to_string();
        assert!(!recorded.contains("token-of") && !text.contains("token-of"), "{text}");
        (text, recorded)
    };
    let (ana, bob) = std::thread::scope(|scope| {
        let ana = scope.spawn(|| run("ana", &["ops"]));
        let bob = scope.spawn(|| run("bob", &["data"]));
        (ana.join().unwrap(), bob.join().unwrap())
    });
    assert!(ana.0.contains("orders"), "{}", ana.0);
    assert!(bob.0.contains("AccessDenied"), "{}", bob.0);
    let forms = forms.lock().unwrap();
    assert!(
        forms.iter().any(|form| form.contains("token-of-ana") && form.contains("ana%40example.com-01")),
        "{forms:?}"
    );
    assert!(ana.1.contains("\\\"user\\\":\\\"ana@example.com\\\""), "{}", ana.1);
    for part in ["verified", "https://login.example.com", "ana-for-ever", "login corp"] {
        assert!(ana.1.contains(part), "{part}");
    }
    assert!(bob.1.contains("bob@example.com"));
}
