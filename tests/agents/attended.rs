//! A person sits at the terminal while the agent works, and is asked.

use std::time::Duration;
use std::time::Instant;

use crate::agent::Agent;
use crate::held::Held;
use crate::model::GOODBYE;
use crate::model::Model;
use crate::ordinary::Ordinary;
use crate::record::Record;
use crate::support::home::Home;
use crate::terminal::Session;

/// Longer than the time in which a question takes no answer, so that nobody answers by typing on.
const A_MOMENT: Duration = Duration::from_millis(900);

const QUESTION: &str = "may this AWS call go on";

/// Runs the agent on a terminal under `guarded`; lets it make one bucket, and not another.
pub fn play(agent: &Agent, leave: &[&str]) {
    let Some(program) = agent.program_or_say() else { return };
    let ordinary = Ordinary::find();
    let home = Home::new();
    let held = Held::find(&home, &ordinary);
    let bucket = |word: &str| format!("{word}-for-{}", agent.name);
    let lines = ["wanted", "unwanted"].map(|word| format!("aws s3 mb s3://{}", bucket(word)));
    let folder = tempfile::tempdir().unwrap();
    let model = Model::start(folder.path(), &lines);
    let mut command = held.hoop_run(&home, model.port());
    command.args(["--policy", "guarded", "--"]).arg(&program).args(agent.attended);
    agent.prepare(&home, model.port(), &mut command);
    ordinary.own(home.path());

    let mut session = Session::start(ordinary.command(&command));
    for (word, key) in [("wanted", "a"), ("unwanted", "d")] {
        session.wait_for(QUESTION);
        session.wait_for(&format!("arn:aws:s3:::{}", bucket(word)));
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
    let record = Record::open(home.recordings().pop().unwrap());
    let answers = record.of_type("approval.answered");
    let said: Vec<_> = answers.iter().map(|event| event["answer"].as_str().unwrap()).collect();
    assert_eq!(said, ["granted", "denied"]);
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
