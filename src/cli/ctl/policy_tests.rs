use clap::Parser;

use super::*;
use crate::policy::actions::ListedActions;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: PolicyArgs,
}

fn catalogue() -> ListedActions {
    let names = [
        ("s3:GetObject", AccessLevel::Read),
        ("s3:ListBucket", AccessLevel::List),
        ("s3:DeleteObject", AccessLevel::Write),
        ("ssm:GetParameter", AccessLevel::Read),
    ];
    ListedActions::new(names.map(|(name, access)| (name.to_owned(), access)))
}

fn output(line: &[&str]) -> Result<(u8, String)> {
    let cli = Cli::try_parse_from(std::iter::once(&"policy").chain(line)).unwrap();
    let sources = Sources::default();
    let actions = catalogue();
    let principal = Principal { user: "ana".to_owned(), ..Principal::default() };
    let context = Context { sources: &sources, actions: &actions, principal, now: 0 };
    let mut out = Vec::new();
    let status = run(&cli.args, &context, &mut out)?;
    Ok((status, String::from_utf8(out).unwrap()))
}

fn file(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("policy.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (dir, path)
}

#[test]
fn explain_tells_the_decision_and_every_statement() {
    let (status, text) = output(&["explain", "s3:DeleteObject", "arn:aws:s3:::billing/07.csv"]).unwrap();
    assert_eq!(status, 0);
    let head = "s3:DeleteObject on arn:aws:s3:::billing/07.csv, which is write: ask\n  why: rule \"changes-are-asked\", \
                built-in guarded:";
    assert!(text.starts_with(head), "{text}");
    assert!(
        text.contains("  matches  ask   changes-are-asked: s3:DeleteObject on arn:aws:s3:::billing/07.csv\n"),
        "{text}"
    );
    assert!(
        text.contains("  -        allow reading-is-fine: it is about list, read, s3:DeleteObject is write\n"),
        "{text}"
    );
}

#[test]
fn explain_takes_parameters_and_policies() {
    let decide = |line: &[&str]| {
        let line: Vec<&str> = ["explain", "--json"].iter().chain(line).copied().collect();
        let answer: Value = serde_json::from_str(&output(&line).unwrap().1).unwrap();
        answer["effect"].as_str().unwrap().to_owned()
    };
    assert_eq!(decide(&["ssm:GetParameter"]), "allow");
    assert_eq!(decide(&["ssm:GetParameter", "--param", "WithDecryption=true"]), "ask");
    assert_eq!(
        decide(&["ssm:GetParameter", "--param", "WithDecryption=true", "--policy", "readonly"]),
        "deny"
    );
    assert_eq!(decide(&["s3:DeleteObject", "--policy", "observe"]), "allow");
    assert_eq!(decide(&["s3:DeleteObject", "--policy", "observe", "--policy", "guarded"]), "ask");
    assert_eq!(
        output(&["explain", "s3:DeletObject"]).unwrap_err().advice(),
        Some("did you mean `s3:DeleteObject`?")
    );
    assert_eq!(
        output(&["explain", "--policy", "gaurded", "s3:GetObject"]).unwrap_err().advice(),
        Some("did you mean `guarded`?")
    );
}

#[test]
fn check_sums_up_what_is_sound() {
    let (_dir, path) = file(
        "version = 1\n[[statement]]\nsid = \"read\"\neffect = \"allow\"\naction = [\"s3:Get*\", \"s3:ListBucket\"]\naccess = \"read\"\n\
         [[mask]]\ncolumn = \"password\"\n",
    );
    let (status, text) = output(&["check", &path]).unwrap();
    assert_eq!(status, 0);
    assert_eq!(
        text.replace(&path, "policy.toml"),
        "policy.toml: ok, default deny, 1 statement, 1 mask rule\n  \
         note: AWS itself enforces none of it, only hoop does: no [session] names a `role`\n  \
         line 2    allow read: s3:get* (5 actions), s3:listbucket, access read\n"
    );
}

#[test]
fn check_shows_what_is_wrong_and_fails() {
    let (_dir, path) = file("version = 1\n[[statement]]\neffect = \"allow\"\naction = \"s3:GetObjct\"\n");
    let (status, text) = output(&["check", &path]).unwrap();
    assert_eq!(status, 1);
    assert_eq!(
        text.replace(&path, "policy.toml"),
        "policy.toml:4:10: unknown action `s3:GetObjct`\n  4 | action = \"s3:GetObjct\"\n    |          ^^^^^^^^^^^^^\n  \
         fix: did you mean \"s3:GetObject\"?\n\npolicy.toml: 1 place wrong\n"
    );
    let (status, json) = output(&["check", "--json", &path, "guarded"]).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(status, 1);
    assert_eq!((&json[0]["ok"], &json[0]["faults"][0]["column"]), (&json!(false), &json!(10)));
    assert_eq!(json[1]["file"], "built-in guarded");
}

#[test]
fn the_built_in_policies_are_listed_and_shown() {
    let (_, text) = output(&["list"]).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.starts_with("guarded    lists and reads pass"), "{text}");
    assert!(output(&["show", "guarded"]).unwrap().1.contains("audit-stays-on"));
    let parsed: Value = serde_json::from_str(&output(&["list", "--json"]).unwrap().1).unwrap();
    assert_eq!(parsed[1]["name"], "readonly");
}

#[test]
fn compile_prints_the_document_and_what_goes_with_it() {
    let compiled = |text: &str| -> Value {
        let (_dir, path) = file(text);
        serde_json::from_str(&output(&["compile", "--json", "--policy", &path]).unwrap().1).unwrap()
    };
    let role = "[session]\nrole = \"arn:aws:iam::123456789012:role/agent\"\n";
    let readonly = "[[statement]]\neffect = \"allow\"\naccess = [\"list\", \"read\"]\n";
    let answer = compiled(&format!("version = 1\n{role}{readonly}"));
    assert_eq!(answer["role"], "arn:aws:iam::123456789012:role/agent");
    assert_eq!(answer["policy_arns"], json!([]));
    assert!(answer["hoop_only"].to_string().contains("the exact list of allowed actions"), "{answer}");
    let arns = "policy_arns = \"arn:aws:iam::aws:policy/ReadOnlyAccess\"\n";
    let answer = compiled(&format!("version = 1\n{role}{arns}{readonly}"));
    assert_eq!(answer["policy_arns"], json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"]));
    assert_eq!(answer["document"]["Statement"].as_array().unwrap().len(), 1);
    let answer = compiled("version = 1\ndefault = \"allow\"\n");
    assert_eq!(
        (&answer["role"], &answer["document"], &answer["hoop_only"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
}
