//! Yeses that reach further, over time, with a real client.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use hoop::approval::Answer;
use hoop::approval::Scope;
use hoop::gateway::Capture;

use crate::broker::ana;
use crate::clients::Place;
use crate::clients::came;

const TABLES: &str = r#"
import sys, boto3
client = boto3.client("dynamodb")
for line in sys.stdin:
    try: client.describe_table(TableName=line.strip()); print("done", flush=True)
    except Exception as error: print(error, flush=True)
"#;

/// boto3, one call after the other.
struct Caller {
    child: Child,
    words: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Caller {
    fn new(place: &Place) -> Self {
        let mut command = place.command("python3", &["-c", TABLES]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (words, lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, words, lines }
    }

    fn call(&mut self, table: &str) {
        writeln!(self.words, "{table}").unwrap();
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    /// Calls, and answers the one question that this puts.
    fn asked(&mut self, place: &Place, table: &str, answer: Answer) -> String {
        self.call(table);
        let waiting = place.wait_for_questions(1, &mut []);
        place.broker().answer(waiting[0].id, answer, &ana());
        self.answer()
    }

    /// Calls, and is not asked.
    fn passes(&mut self, place: &Place, table: &str) {
        let before = place.world.events_of("approval.asked").len();
        self.call(table);
        assert_eq!(self.answer(), "done\n");
        assert_eq!(place.world.events_of("approval.asked").len(), before);
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_yes_for_a_time_and_one_for_the_session_hold_for_what_they_say() {
    let place = Place::new(Capture::Endpoint);
    let mut caller = Caller::new(&place);
    let no = || Answer::Deny("enough".to_owned());
    let time = Duration::from_secs(20);
    assert_eq!(caller.asked(&place, "a", Answer::Allow(Scope::For(time), String::new())), "done\n");
    let granted = Instant::now();
    caller.passes(&place, "b");
    caller.passes(&place, "a");
    std::thread::sleep((time + Duration::from_millis(500)).saturating_sub(granted.elapsed()));
    assert!(caller.asked(&place, "b", no()).contains("ana denied it: enough"));
    let expired = place.world.events_of("approval.expired");
    assert!(expired.len() == 1 && expired[0]["used"] == 2, "{expired:#?}");
    assert_eq!(caller.asked(&place, "c", Answer::Allow(Scope::Session, String::new())), "done\n");
    caller.passes(&place, "c");
    assert!(
        caller.asked(&place, "d", no()).contains("ana denied it: enough"),
        "another resource is another question"
    );
    assert_eq!(came(&place.upstream).len(), 5);
}

#[test]
fn the_policys_time_to_live_comes_first_and_then_the_settings() {
    let policy = "[[statement]]\neffect = \"ask\"\naction = [\"dynamodb:*\"]\nttl = \"2s\"\n";
    let place = Place::with(Capture::Endpoint, policy);
    let mut caller = Caller::new(&place);
    caller.call("a");
    assert!(caller.answer().contains("nobody answered within 2 s"));
    // The world's own setting, where the policy does not say.
    let place = Place::with(Capture::Endpoint, &policy.replace("ttl = \"2s\"\n", ""));
    let mut caller = Caller::new(&place);
    caller.call("a");
    let waiting = place.wait_for_questions(1, &mut []);
    assert_eq!(waiting[0].question.ttl, Duration::from_secs(50));
    place.deny_all("");
    assert!(caller.answer().contains("ana denied it"));
    assert!(came(&place.upstream).is_empty());
}
