//! hoop's own question: a secret in what it shows is masked on the screen, in the record, and in the answer to the program.

use std::time::Duration;
use std::time::Instant;

use crate::compare::Play;
use crate::compare::Secret;
use crate::support::home::Home;
use crate::terminal::Session;

/// In a parameter that is a secret by its member, in one that a rule knows, in one that a person has listed.
const VALUE: &str = "staple-Horse-77-battery";
const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
const LISTED: &str = "quail harbour nine";

/// A call that is asked about and goes nowhere: its answer is no.
#[test]
fn a_question_shows_stars_for_secrets_and_so_does_all_that_tells_of_it() {
    let home = Home::new();
    let list = home.write("values", &format!("{LISTED}\n"));
    std::fs::set_permissions(&list, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let call = format!(
        "aws ssm put-parameter --name /prod/{TOKEN} --type SecureString --value {VALUE} --description 'for {LISTED}'"
    );
    let mut command = home.command("hoop-run");
    command.env("HOOP_MASK_VALUES", &list).env("HOOP_UPSTREAM_ENDPOINT_URL", "http://127.0.0.1:9").args([
        "--policy",
        "guarded",
        "--",
        "sh",
        "-c",
        &format!("{call}; echo over; read line"),
    ]);
    command.stdin(std::process::Stdio::inherit());
    let mut session = Session::start(command);
    session.open_question();
    session.wait_for("may this AWS call go on");
    session.wait_for("ssm:PutParameter");
    settle(&mut session);
    let screen = session.screen().join("\n");
    for shown in ["ssm:PutParameter", "Description", "hoopmask:", "Value", "aws ssm put-parameter"] {
        assert!(screen.contains(shown), "{shown} is not in\n{screen}");
    }
    // With a reason in which somebody has typed one.
    session.send("D");
    session.wait_for("Enter denies");
    session.send(&format!("never put {LISTED} there\r"));
    session.wait_for("was not approved");
    session.wait_for("over");
    let told = session.screen().join("\n");
    session.send("\r");
    session.wait();
    assert!(told.contains("denied it: never put"), "{told}");
    for (name, text) in [("the question", &screen), ("the answer", &told)] {
        for secret in [VALUE, &TOKEN[4..], LISTED] {
            assert!(!text.contains(secret), "{name} has {secret}:\n{text}");
        }
    }
    let secrets = [(VALUE, 0), (TOKEN, 4), (LISTED, 0)].map(|(value, public)| Secret { value, public });
    let play = Play { argv: vec!["the question"], secrets: &secrets, ..Play::default() };
    play.nothing_is_stored(home.recordings().last().unwrap());
    let answered = home.events_of("approval.answered");
    assert_eq!(answered[0]["answer"], "denied");
    assert!(answered[0]["reason"].as_str().unwrap().contains("never put hoopmask:"), "{answered:?}");
}

/// Longer than the time in which a question takes no answer.
fn settle(session: &mut Session) {
    let end = Instant::now() + Duration::from_millis(1200);
    while Instant::now() < end {
        session.read_for(Duration::from_millis(20));
    }
}
