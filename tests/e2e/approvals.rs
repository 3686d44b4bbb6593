//! Nobody is there to answer: what hoop-run says at its end, how it ends, and where it can be found afterwards.

use crate::support::home::Home;
use crate::support::home::finish;

const ASKS: &str = r#"
version = 1
default = "allow"

[[statement]]
sid      = "destructive"
effect   = "ask"
action   = ["s3:DeleteBucket"]
resource = ["*"]
"#;

#[test]
fn a_script_learns_at_the_end_what_was_not_approved() {
    let home = Home::new();
    let policy = home.write("policy.toml", ASKS);
    let run = |flags: &[&str], script: &str| {
        let mut command = home.hoop_run(policy.to_str().unwrap(), &["sh", "-c", script]);
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let mut again = home.command("hoop-run");
        again
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .args(flags)
            .args(arguments);
        command = again;
        finish(command)
    };
    let script = "aws s3api delete-bucket --bucket logs; true";
    let summary = "hoop-run: 1 approval: not granted:\n  s3:DeleteBucket on arn:aws:s3:::logs: it needs a person's \
                   approval, and ";

    let told = run(&[], script);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stderr.contains(summary), "{}", told.stderr);
    let strict = run(&["--approve-via", "none"], script);
    assert_eq!(strict.code, Some(123), "{}", strict.stderr);
    assert!(strict.stderr.contains(summary) && strict.stderr.contains("ends with 123"), "{}", strict.stderr);
    let own = run(&["--approve-via", "none"], "aws s3api delete-bucket --bucket logs; exit 7");
    assert_eq!(own.code, Some(7), "the program's own failure stays: {}", own.stderr);
    let quiet = run(&["--quiet"], script);
    assert_eq!((quiet.code, quiet.stderr.contains("approval:")), (Some(0), false), "{}", quiet.stderr);
    let quiet = run(&["--quiet", "--headless", "--approve-via", "none"], script);
    assert_eq!((quiet.code, quiet.stderr.contains("ends with 123")), (Some(123), true), "{}", quiet.stderr);
    let fine = run(&["--approve-via", "none"], "aws s3 ls");
    assert_eq!((fine.code, fine.stderr.contains("approval")), (Some(0), false), "{}", fine.stderr);

    let hoopctl = |arguments: &[&str]| {
        let mut command = home.command("hoopctl");
        command.args(arguments);
        finish(command).ok().to_owned()
    };
    let found = hoopctl(&["search", "approval:nobody command:delete-bucket", "--json"]);
    assert_eq!(found.lines().count(), 5, "{found}");
    assert!(found.contains("\"question\":\"s3:DeleteBucket on arn:aws:s3:::logs\""), "{found}");
    let calls = hoopctl(&["calls", &home.recordings()[0].display().to_string()]);
    assert!(calls.contains("nobody") && calls.contains("↳ q1: nobody could have answered"), "{calls}");
    let log = hoopctl(&["approvals", "log", "--answer", "nobody"]);
    assert_eq!(log.matches("s3:DeleteBucket on arn:aws:s3:::logs").count(), 5, "{log}");
    let sessions = hoopctl(&["sessions", "--approval", "nobody"]);
    assert_eq!(sessions.lines().count(), 6, "{sessions}");
}
