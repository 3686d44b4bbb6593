//! `hoopctl identify`.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

/// Standard output, standard error and the exit status.
fn identify(arguments: &[&str], request: &[u8]) -> (String, String, i32) {
    let home = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_hoopctl"))
        .env_clear()
        .env("HOME", home.path())
        .arg("identify")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A wrong usage ends the program before it reads.
    let _ = program.stdin.take().unwrap().write_all(request);
    let output = program.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

const COPY: &[u8] =
    b"PUT /k HTTP/1.1\r\nHost: to.s3.eu-west-1.amazonaws.com\r\nx-amz-copy-source: from/k\r\n\
x-amz-server-side-encryption-aws-kms-key-id: 1234\r\n\r\n";

#[test]
fn a_request_is_explained() {
    let (out, err, status) = identify(&["-", "--account", "123456789012"], COPY);
    let want = "\
service     s3
operation   CopyObject
protocol    rest-xml
signed for  s3 in eu-west-1
goes to     to.s3.eu-west-1.amazonaws.com
action      s3:PutObject (write)
  on        arn:aws:s3:::to/k
and         kms:Decrypt (write)
  on        arn:aws:kms:eu-west-1:123456789012:key/1234
and         kms:GenerateDataKey (write)
  on        arn:aws:kms:eu-west-1:123456789012:key/1234
and         s3:GetObject (read)
  on        arn:aws:s3:::from/k
";
    assert!(out.starts_with(want), "{out}");
    assert_eq!((err.as_str(), status), ("", 0));
}

#[test]
fn json_has_every_fact() {
    let request = b"POST / HTTP/1.1\nHost: localhost:4566\nX-Amz-Target: AWSLambda.x\n\n";
    let (_, err, status) = identify(&["-"], request);
    assert!(err.contains("--service"), "{err}");
    assert_eq!(status, 2);
    let request = b"POST / HTTP/1.1\nHost: localhost:4566\nX-Amz-Target: DynamoDB_20120810.GetItem\n\n{\"TableName\":\"Music\"}";
    let (out, err, status) = identify(&["--json", "--service=dynamodb", "--region=eu-west-1", "-"], request);
    let call: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(call["action"], "dynamodb:GetItem");
    assert_eq!(call["resources"][0], "arn:aws:dynamodb:eu-west-1::table/Music");
    assert_eq!(call["params"]["TableName"], "Music");
    assert_eq!(call["goes_to"], "dynamodb.eu-west-1.amazonaws.com");
    assert!(err.contains("--account"), "{err}");
    assert_eq!(status, 0);
}

#[test]
fn what_cannot_be_explained_says_why() {
    let (out, err, status) = identify(&["-"], b"BREW /k HTTP/1.1\nHost: to.s3.amazonaws.com\n\n");
    assert!(out.contains("operation   unknown") && err.contains("no operation"), "{out}{err}");
    assert_eq!(status, 1);
    let (_, err, status) = identify(&["-"], b"hello\n");
    assert!(err.contains("no request line") && err.contains("fix"), "{err}");
    assert_eq!(status, 1);
    let (_, err, status) = identify(&["/nowhere/at/all"], b"");
    assert!(err.contains("/nowhere/at/all"), "{err}");
    assert_eq!(status, 1);
    assert_eq!(identify(&["--account=12", "-"], COPY).2, 2);
}
