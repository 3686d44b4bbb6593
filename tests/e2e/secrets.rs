//! Secrets reach neither the child, nor the screen, nor the disk.

use crate::support::home::Home;
use crate::support::home::REAL_KEY_ID;
use crate::support::home::REAL_SECRET;

#[test]
fn a_secret_value_is_masked_for_the_child_and_on_disk() {
    let home = Home::new();
    let password = "tr0ub4dor-and-3-horses";
    home.aws(&[
        "secretsmanager",
        "create-secret",
        "--name",
        "masked/db",
        "--secret-string",
        &format!("{{\"user\":\"app\",\"password\":\"{password}\"}}"),
    ])
    .ok();
    home.aws(&[
        "ssm",
        "put-parameter",
        "--name",
        "/masked/key",
        "--type",
        "SecureString",
        "--value",
        "s3cure-parameter-value",
    ])
    .ok();
    for argv in [
        &["aws", "secretsmanager", "get-secret-value", "--secret-id", "masked/db"][..],
        &[
            "aws",
            "secretsmanager",
            "get-secret-value",
            "--secret-id",
            "masked/db",
            "--query",
            "SecretString",
            "--output",
            "text",
        ],
        &[
            "python3",
            "-c",
            "import boto3; print(boto3.client('secretsmanager').get_secret_value(SecretId='masked/db')['SecretString'][::-1])",
        ],
        &["aws", "ssm", "get-parameter", "--name", "/masked/key", "--with-decryption"],
    ] {
        let outcome = home.run("observe", argv);
        let said = outcome.ok();
        for secret in [password, "s3cure-parameter-value"] {
            let backwards: String = secret.chars().rev().collect();
            assert!(!said.contains(secret) && !said.contains(&backwards), "{argv:?}: {said}");
        }
    }
    assert_eq!(home.files_with(password), Vec::<std::path::PathBuf>::new());
    assert_eq!(home.files_with("s3cure-parameter-value"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_real_key_is_nowhere_in_the_child() {
    let home = Home::new();
    home.write("home/.aws/credentials", "");
    let outcome = home.run(
        "observe",
        &[
            "sh",
            "-c",
            "env; cat /proc/self/environ | tr '\\0' '\\n'; aws configure list; aws sts get-caller-identity",
        ],
    );
    let said = outcome.ok();
    assert!(said.contains("AWS_ACCESS_KEY_ID="), "{said}");
    assert!(!said.contains(REAL_KEY_ID) && !said.contains(REAL_SECRET), "{said}");
    assert_eq!(home.files_with(REAL_SECRET), Vec::<std::path::PathBuf>::new());
}

#[test]
fn tokens_printed_by_the_child_are_starred_in_place() {
    let home = Home::new();
    let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    home.write("print.py", &format!("import sys\nfor part in ('start ', '{}', '{}', ' end\\n'):\n    sys.stdout.write(part); sys.stdout.flush()\n", &token[..17], &token[17..]));
    let outcome = home.run("observe", &["python3", "print.py"]);
    assert_eq!(outcome.ok(), format!("start ghp_{} end\n", "*".repeat(36)));
    assert_eq!(home.files_with(&token[4..]), Vec::<std::path::PathBuf>::new());
}

#[test]
fn secrets_on_the_command_line_are_not_recorded() {
    let home = Home::new();
    home.run("observe", &["true", "--password", "correct-horse-battery"]).ok();
    assert_eq!(home.files_with("correct-horse-battery"), Vec::<std::path::PathBuf>::new());
}
