//! The client matrix: each client makes the same calls in each way that it honours.
//!
//! The table in docs/clients.md is made from `CLIENTS`, and a test compares them.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::home::Home;
use crate::support::home::REAL_SECRET;
use crate::support::home::cache;
use crate::way::Place;
use crate::way::Way;
use crate::way::Way::Endpoint;
use crate::way::Way::Proxy;
use crate::way::Way::Sandbox;
use crate::way::has;
use crate::way::script;

/// A client and what it does.
struct Client {
    /// As in the table.
    name: &'static str,
    /// Two characters for its key ids and names.
    tag: &'static str,
    /// The program under the cache folder that setup may not have got; empty: always there.
    needs: &'static str,
    /// Program and arguments in front of the name of bucket, table and queue; `@file` is a script of this folder.
    argv: &'static [&'static str],
    ways: &'static [Way],
    /// The first words of the lines that it must write.
    does: &'static [&'static str],
    /// What follows `denied`: exit status, or class and code.
    denied: &'static str,
}

/// Everything there is to do.
const ALL: &[&str] =
    &["identity", "object", "listed", "multipart", "item", "query", "message", "users", "secret"];

/// What a program for S3 alone does.
const S3: &[&str] = &["object", "listed", "multipart"];

const CLIENTS: &[Client] = &[
    Client {
        name: "aws CLI 1 (PyPI)",
        tag: "C1",
        needs: "",
        argv: &["sh", "@cli.sh", "aws"],
        ways: &[Sandbox, Proxy, Endpoint],
        does: ALL,
        denied: "255",
    },
    Client {
        name: "aws CLI 2 (Debian, 2.9.19)",
        tag: "C2",
        needs: "debian/bin/aws2",
        argv: &["sh", "@cli.sh", "aws2"],
        ways: &[Sandbox, Proxy],
        does: ALL,
        denied: "254",
    },
    Client {
        name: "boto3",
        tag: "PY",
        needs: "",
        argv: &["python3", "@use.py"],
        ways: &[Sandbox, Proxy, Endpoint],
        does: ALL,
        denied: "AccessDenied AccessDenied",
    },
    Client {
        name: "JavaScript SDK 3",
        tag: "JS",
        needs: "",
        argv: &["node", "@use.mjs"],
        ways: &[Sandbox, Endpoint],
        does: ALL,
        denied: "AccessDenied 1",
    },
    Client {
        name: "Rust SDK",
        tag: "RS",
        needs: "rust-client/rust-client",
        argv: &["/rust-client/rust-client"],
        ways: &[Sandbox, Proxy, Endpoint],
        does: ALL,
        denied: "AccessDenied",
    },
    Client {
        name: "Go SDK 2 (Debian, 1.17)",
        tag: "GO",
        needs: "go-client/go-client",
        argv: &["/go-client/go-client"],
        ways: &[Sandbox, Proxy, Endpoint],
        does: ALL,
        denied: "AccessDenied",
    },
    Client {
        name: "curl --aws-sigv4",
        tag: "CU",
        needs: "",
        argv: &["sh", "@curl.sh"],
        ways: &[Sandbox, Proxy, Endpoint],
        does: &["identity", "object", "listed", "item", "query", "message", "users", "secret"],
        denied: "403",
    },
    Client {
        name: "s3cmd (Debian)",
        tag: "S3",
        needs: "debian/bin/s3cmd",
        argv: &["sh", "@s3cmd.sh"],
        ways: &[Sandbox, Proxy, Endpoint],
        does: S3,
        denied: "77",
    },
    Client {
        name: "rclone (Debian; Go SDK 1)",
        tag: "RC",
        needs: "debian/bin/rclone",
        argv: &["sh", "@rclone.sh"],
        ways: &[Sandbox, Proxy, Endpoint],
        does: S3,
        denied: "1",
    },
];

/// Everything but deleting objects.
pub const POLICY: &str = r#"
version = 1
default = "allow"

[[statement]]
sid = "no-deletes"
effect = "deny"
action = ["s3:DeleteObject"]
"#;

const PASSWORD: &str = "tr0ub4dor-and-3-horses";

/// The secret that every client reads, made once.
pub fn put_secret() {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let make = "import boto3,sys; boto3.client('secretsmanager').create_secret(Name='matrix', SecretString=sys.argv[1])";
        let mut command = Home::new().command(cache().join("venv/bin/python3").to_str().unwrap());
        command.args(["-c", make, PASSWORD]).env("AWS_ENDPOINT_URL", crate::support::moto::endpoint());
        command.env("AWS_ACCESS_KEY_ID", "AKIAREALKEY2TEST0000").current_dir("/");
        let made = command.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    });
}

fn works(tag: &str) {
    let client = CLIENTS.iter().find(|client| client.tag == tag).unwrap();
    if !client.needs.is_empty() && !has(&cache().join(client.needs)) {
        return;
    }
    put_secret();
    for (number, way) in client.ways.iter().enumerate() {
        let tag = format!("{}0{number}", client.tag);
        let place = Place::new(*way, &tag, POLICY);
        let name = format!("matrix-{}", tag.to_lowercase());
        let argv: Vec<String> = client
            .argv
            .iter()
            .map(|word| match word.split_at(1) {
                ("@", name) => script(name),
                ("/", name) => cache().join(name).display().to_string(),
                _ => (*word).to_owned(),
            })
            .chain([name])
            .collect();
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let outcome = place.run(&argv);
        let what = format!("{} by {}", client.name, way.as_str());
        let said = format!("{what}:\n{}\n{}", outcome.stdout, outcome.stderr);
        assert_eq!(outcome.code, Some(0), "{said}");
        told(client, &outcome.stdout, &said);
        recorded(client, &place, &said);
    }
}

/// What the client wrote.
fn told(client: &Client, stdout: &str, said: &str) {
    let lines: HashMap<&str, &str> = stdout.lines().filter_map(|line| line.split_once(' ')).collect();
    let key = if client.tag == "CU" { "a.txt" } else { "a b/+&%25?#.txt" };
    for did in client.does {
        let expected = match *did {
            "identity" => "123456789012",
            "object" => "hello",
            "listed" => key,
            "multipart" => "same",
            "item" => "Ana",
            "query" => "1",
            "message" => "do it",
            "users" => "",
            "secret" => {
                let masked = lines.get("secret").is_some_and(|secret| secret.starts_with("hoopmask:"));
                assert!(masked && !said.contains(PASSWORD), "{said}");
                continue;
            }
            other => panic!("{other}"),
        };
        let line = lines.get(did).unwrap_or_else(|| panic!("no {did}\n{said}"));
        assert!(expected.is_empty() || *line == expected, "{did}: {line}, not {expected}\n{said}");
    }
    assert_eq!(lines.get("denied"), Some(&client.denied), "{said}");
    // Who refused, by which rule, and what to do.
    if client.tag != "S3" {
        let text = lines["text"];
        for part in ["hoop", "s3:DeleteObject", "no-deletes", "policy.toml"] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}

/// What the record says, and what came to AWS.
fn recorded(client: &Client, place: &Place, said: &str) {
    let begun = place.home.events_of("call.begin");
    let actions: Vec<&str> = begun.iter().filter_map(|event| event["action"].as_str()).collect();
    for (did, action) in [
        ("identity", "sts:GetCallerIdentity"),
        ("object", "s3:PutObject"),
        ("listed", "s3:ListBucket"),
        ("item", "dynamodb:GetItem"),
        ("query", "dynamodb:Query"),
        ("message", "sqs:ReceiveMessage"),
        ("users", "iam:ListUsers"),
        ("secret", "secretsmanager:GetSecretValue"),
    ] {
        let expected = client.does.contains(&did);
        assert!(!expected || actions.contains(&action), "no {action} in {actions:?}\n{said}");
    }
    assert!(!actions.iter().any(|action| action.ends_with(":unknown")), "{actions:?}");
    let denied: Vec<_> = begun.iter().filter(|event| event["action"] == "s3:DeleteObject").collect();
    assert_eq!(denied.len(), 1, "a refusal is not tried again: {denied:#?}\n{said}");
    let expected = match (place.way, begun[0]["via"].as_str()) {
        // What a client sends past the endpoint that it was given comes by the proxy.
        (Way::Endpoint, Some("proxy")) => "proxy",
        (way, _) => way.as_str(),
    };
    assert_eq!(begun[0]["via"], expected);
    assert_eq!(place.home.files_with(PASSWORD), Vec::<PathBuf>::new());
    assert_eq!(place.home.files_with(REAL_SECRET), Vec::<PathBuf>::new());

    let upstream = place.upstream();
    let deletes = upstream.iter().filter(|call| call["method"] == "DELETE").count();
    assert!(!upstream.is_empty() && deletes == 0, "{upstream:#?}");
}

#[test]
fn the_aws_cli_1() {
    works("C1");
}

#[test]
fn the_aws_cli_2_of_debian() {
    works("C2");
}

#[test]
fn boto3() {
    works("PY");
}

#[test]
fn the_javascript_sdk() {
    works("JS");
}

#[test]
fn the_rust_sdk() {
    works("RS");
}

#[test]
fn the_go_sdk() {
    works("GO");
}

#[test]
fn curl() {
    works("CU");
}

#[test]
fn s3cmd() {
    works("S3");
}

#[test]
fn rclone_and_the_go_sdk() {
    works("RC");
}

/// What the matrix stands on: the door is shut to what is not signed with the real key.
#[test]
fn an_unsigned_or_placeholder_call_does_not_pass_the_strict_door() {
    let url = crate::support::moto::endpoint();
    for headers in [
        &[][..],
        &[
            "-H",
            "authorization: AWS4-HMAC-SHA256 Credential=AKIAREALKEY2TESTZZZZ/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0000000000000000000000000000000000000000000000000000000000000000",
            "-H",
            "x-amz-date: 20260101T000000Z",
        ],
    ] {
        let output = Command::new("curl")
            .args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", url])
            .args(headers)
            .output();
        assert_eq!(output.unwrap().stdout, b"403", "{headers:?}");
    }
}

fn table() -> String {
    let mut table = String::from("| client | sandbox | proxy | endpoint | does |\n|---|---|---|---|---|\n");
    for client in CLIENTS {
        let cell = |way: Way| if client.ways.contains(&way) { "yes" } else { "no" };
        table.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            client.name,
            cell(Sandbox),
            cell(Proxy),
            cell(Endpoint),
            if client.does == ALL { "all".to_owned() } else { client.does.join(", ") }
        ));
    }
    table
}

#[test]
fn the_table_in_the_docs_is_what_is_tested() {
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/clients.md")).unwrap();
    assert!(docs.contains(&table()), "docs/clients.md must have:\n{}", table());
}
