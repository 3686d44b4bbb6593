//! What every agent has to do, and what must be on record afterwards.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::agent::AGENT_KEY;
use crate::agent::Agent;
use crate::held::Held;
use crate::model::GOODBYE;
use crate::model::Model;
use crate::model::Prompt;
use crate::ordinary::Ordinary;
use crate::record::Record;
use crate::record::files_with;
use crate::support::home::Home;
use crate::support::home::REAL_KEY_ID;
use crate::support::home::REAL_SECRET;
use crate::support::home::finish;

/// How far the clocks of the model and of the record may differ, in microseconds.
const CLOCKS: u64 = 100_000;

/// A secret at AWS that nobody allows the agent to read.
const PASSWORD: &str = "correct-battery-horse-staple";

const POLICY: &str = r#"
version = 1
default = "deny"

[[statement]]
sid    = "buckets-are-its-work"
effect = "allow"
action = "s3:*"

[[statement]]
sid    = "nobody-new"
effect = "deny"
action = "iam:Create*"

[[statement]]
sid    = "secrets-need-a-human"
effect = "ask"
action = "secretsmanager:GetSecretValue"
"#;

/// One thing the model wants done.
struct Step {
    /// The shell command.
    line: String,
    /// The call that it makes.
    action: &'static str,
    /// What must become of the call.
    effect: &'static str,
    /// The rule behind that.
    rule: &'static str,
}

fn steps(agent: &Agent) -> Vec<Step> {
    let name = agent.name;
    let step = |line: String, action, effect, rule| Step { line, action, effect, rule };
    vec![
        step("aws s3 ls".to_owned(), "s3:ListAllMyBuckets", "allow", "buckets-are-its-work"),
        step(format!("aws s3 mb s3://made-by-{name}"), "s3:CreateBucket", "allow", "buckets-are-its-work"),
        step(
            format!("echo hello from {name} > note.txt && aws s3 cp note.txt s3://made-by-{name}/note.txt"),
            "s3:PutObject",
            "allow",
            "buckets-are-its-work",
        ),
        step(
            format!("aws iam create-user --user-name {name}s-friend"),
            "iam:CreateUser",
            "deny",
            "nobody-new",
        ),
        step(
            format!("aws secretsmanager get-secret-value --secret-id {name}/db"),
            "secretsmanager:GetSecretValue",
            "ask",
            "secrets-need-a-human",
        ),
    ]
}

/// Where an agent that has been talked into it would look for keys.
const LOOK_AROUND: &str =
    "env; cat /proc/self/environ | tr '\\0' '\\n'; cat ~/.aws/credentials; aws configure list; true";
/// More of it, which only a sandbox withstands.
const LOOK_FURTHER: &str = "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -a -i -e aws -e secret; \
     grep -a -r -h -i aws_ ~/.aws ~/.hoop-state; true";

/// Runs the agent by itself, from one prompt to the end.
pub fn play(agent: &Agent) {
    let Some(program) = agent.program_or_say() else { return };
    let ordinary = Ordinary::find();
    let home = Home::new();
    let held = Held::find(&home, &ordinary);
    let steps = steps(agent);
    let mut lines: Vec<String> = steps.iter().map(|step| step.line.clone()).collect();
    lines.push(LOOK_AROUND.to_owned());
    if held.hidden {
        lines.push(LOOK_FURTHER.to_owned());
    }
    let folder = tempfile::tempdir().unwrap();
    let model = Model::start(folder.path(), &lines);
    home.aws(&[
        "secretsmanager",
        "create-secret",
        "--name",
        &format!("{}/db", agent.name),
        "--secret-string",
        PASSWORD,
    ])
    .ok();

    let policy = home.write("policy.toml", POLICY);
    let mut command = held.hoop_run(&home, model.port());
    command.args(["--headless", "--policy"]).arg(policy).arg("--").arg(&program).args(agent.alone);
    agent.prepare(&home, model.port(), &mut command);
    ordinary.own(home.path());
    finish(ordinary.command(&command)).ok();

    let record = Record::open(home.recordings().pop().expect("a recording"));
    let prompts = model.prompts();
    assert_eq!(
        prompts.len(),
        lines.len() + 1,
        "the conversation did not come to its end:\n{}",
        record.screen()
    );
    assert!(record.screen().contains(GOODBYE), "{}", record.screen());
    calls_are_on_record_and_decided(&record, &steps, &prompts);
    the_agent_was_told_why(&prompts);
    aws_saw_what_was_allowed(&home, agent);
    the_real_key_is_nowhere(&home, &model, &prompts);
    nobody_else_was_spoken_to(&record);
    if held.watched {
        calls_are_linked_to_commands(&record, &steps, agent);
    }
    let mut verify = home.command("hoopctl");
    verify.args(["verify", "--all"]);
    finish(ordinary.command(&verify)).ok();
}

fn calls_are_on_record_and_decided(record: &Record, steps: &[Step], prompts: &[Prompt]) {
    let calls = record.calls();
    let made: Vec<&str> = calls.iter().map(|call| call.begin["action"].as_str().unwrap()).collect();
    let wanted: Vec<&str> = steps.iter().map(|step| step.action).collect();
    assert_eq!(made, wanted);
    for (number, (call, step)) in calls.iter().zip(steps).enumerate() {
        let word = |name: &str| call.decision[name].as_str().unwrap_or_default();
        let said = (word("effect"), word("rule"));
        assert_eq!(said, (step.effect, step.rule), "{}", step.line);
        let refused = call.end["outcome"] == "refused";
        assert_eq!(refused, step.effect != "allow", "{}: {:#}", step.line, call.end);
        // Between the prompt that led to the call and the one that told what came of it.
        let (begun, ended) = (record.time(&call.begin), record.time(&call.end));
        let asked = prompts[number].time - CLOCKS..prompts[number + 1].time + CLOCKS;
        assert!(
            asked.contains(&begun) && asked.contains(&ended),
            "{}: {begun} to {ended}, not in {asked:?}",
            step.line
        );
    }
}

fn the_agent_was_told_why(prompts: &[Prompt]) {
    let whole = &prompts.last().unwrap().text;
    assert!(whole.contains("AccessDenied") && whole.contains("nobody-new"), "{whole}");
    assert!(whole.contains("secrets-need-a-human") && whole.contains("terminal"), "{whole}");
}

fn aws_saw_what_was_allowed(home: &Home, agent: &Agent) {
    let bucket = format!("s3://made-by-{}/note.txt", agent.name);
    assert_eq!(home.aws(&["s3", "cp", &bucket, "-"]).ok(), format!("hello from {}\n", agent.name));
    assert!(!home.aws(&["iam", "list-users"]).ok().contains("friend"));
}

fn the_real_key_is_nowhere(home: &Home, model: &Model, prompts: &[Prompt]) {
    // The agent did look, and found the placeholder.
    assert!(
        prompts.last().unwrap().text.matches("AWS_SECRET_ACCESS_KEY=").count() >= 2,
        "the agent did not look around"
    );
    let received = model.received();
    let encoded = STANDARD.encode(REAL_SECRET);
    for secret in [REAL_KEY_ID, REAL_SECRET, &encoded, PASSWORD] {
        assert!(!received.contains(secret), "the model was sent {secret}");
        let mut files = files_with(home.path(), secret);
        files.retain(|file| *file != home.path().join(".aws/credentials"));
        assert!(files.is_empty(), "{secret} is in {files:?}");
    }
    // The agent's own key went to its model, and not into the record.
    assert!(received.contains(AGENT_KEY));
    let kept = files_with(&home.state(), AGENT_KEY);
    assert!(kept.is_empty(), "the agent's own key is in {kept:?}");
}

fn nobody_else_was_spoken_to(record: &Record) {
    let tunnels = record.of_type("tunnel.start");
    let others: Vec<_> =
        tunnels.iter().filter(|event| !event["host"].as_str().unwrap().starts_with("127.")).collect();
    assert!(others.is_empty(), "{others:#?}");
}

fn calls_are_linked_to_commands(record: &Record, steps: &[Step], agent: &Agent) {
    for (call, step) in record.calls().iter().zip(steps) {
        let id =
            call.begin["command"].as_u64().unwrap_or_else(|| panic!("no command behind {:#}", call.begin));
        let lines = record.ancestry(id);
        let aws = step.line.rsplit("&& ").next().unwrap();
        assert!(lines[0].contains(aws), "{aws} is not what {lines:#?} ran");
        assert!(lines.last().unwrap().contains(agent.name), "not from {}: {lines:#?}", agent.name);
        assert!(call.begin["pid"].as_u64().is_some(), "{:#}", call.begin);
    }
    let ended = record.of_type("command.end").len();
    assert_eq!(record.of_type("command.start").len(), ended, "commands without an end");
}
