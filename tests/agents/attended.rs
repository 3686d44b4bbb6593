//! A person sits at the terminal while the agent works, and is asked.

use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use crate::agent::Agent;
use crate::held::Held;
use crate::model::GOODBYE;
use crate::model::Model;
use crate::ordinary::Ordinary;
use crate::record::Record;
use crate::record::files_with;
use crate::support::home::Home;
use crate::terminal::Session;

/// Longer than the time in which a question takes no answer, so that nobody answers by typing on.
const A_MOMENT: Duration = Duration::from_millis(900);

const QUESTION: &str = "may this AWS call go on";

/// A secret at AWS that the agent may use and its model may not know.
const PASSWORD: &str = "staple-horse-battery-correct";

/// Runs the agent on a terminal under `guarded`; lets it make one bucket, not another, and read a secret.
pub fn play(agent: &Agent, leave: &[&str]) {
    let Some(program) = agent.program_or_say() else { return };
    let ordinary = Ordinary::find();
    let home = Home::new();
    let held = Held::find(&home, &ordinary);
    let bucket = |word: &str| format!("{word}-for-{}", agent.name);
    let secret = format!("attended/{}", agent.name);
    let lines = [
        format!("aws s3 mb s3://{}", bucket("wanted")),
        format!("aws s3 mb s3://{}", bucket("unwanted")),
        format!("aws secretsmanager get-secret-value --secret-id {secret}"),
    ];
    home.aws(&["secretsmanager", "create-secret", "--name", &secret, "--secret-string", PASSWORD]).ok();
    let folder = tempfile::tempdir().unwrap();
    let model = Model::start(folder.path(), &lines);
    let mut command = held.hoop_run(&home, model.port());
    command.args(["--policy", "guarded", "--"]).arg(&program).args(agent.attended);
    agent.prepare(&home, model.port(), &mut command);
    ordinary.own(home.path());

    let mut session = Session::start(ordinary.command(&command));
    for (resource, key) in [(bucket("wanted"), "a"), (bucket("unwanted"), "d"), (secret, "a")] {
        session.open_question();
        session.wait_for(QUESTION);
        session.wait_for(&format!(":{resource}"));
        settle(&mut session);
        session.send(key);
    }
    session.wait_until("the agent has finished", |session| screen(session).contains(GOODBYE));
    assert!(!screen(&session).contains(QUESTION), "the question is still there:\n{}", screen(&session));
    for keys in leave {
        settle(&mut session);
        session.send(keys);
    }
    session.wait();

    let buckets = home.aws(&["s3", "ls"]);
    assert!(buckets.ok().contains(&format!(" {}", bucket("wanted"))));
    assert!(!buckets.ok().contains(&format!(" {}", bucket("unwanted"))));
    let received = model.received();
    assert!(
        received.contains("SecretString") && !received.contains(PASSWORD),
        "the model was sent the secret"
    );
    assert_eq!(files_with(home.path(), PASSWORD), Vec::<PathBuf>::new());
    let record = Record::open(home.recordings().pop().unwrap());
    let answers = record.of_type("approval.answered");
    let said: Vec<_> = answers.iter().map(|event| event["answer"].as_str().unwrap()).collect();
    assert_eq!(said, ["granted", "denied", "granted"]);
    for (call, answer) in record.calls().iter().zip(&answers) {
        assert_eq!(call.begin["call"], answer["call"]);
        // The time that the person took is in the record, and the call waited for it.
        let waited = answer["took"].as_u64().unwrap();
        assert!(u128::from(waited) >= A_MOMENT.as_micros(), "{answer:#}");
        assert!(call.end["took"].as_u64().unwrap() >= waited, "{:#}", call.end);
        assert!(answer["by"].is_string(), "{answer:#}");
    }
}

fn screen(session: &Session) -> String {
    session.screen().join("\n")
}

fn settle(session: &mut Session) {
    let end = Instant::now() + A_MOMENT;
    while Instant::now() < end {
        session.read_for(Duration::from_millis(20));
    }
}
