//! What a marker in the terminal recording says about an event.
//!
//! Commands get one when they were started by the wrapped program, or by what it started (two levels below it), and
//! refused ones always; but at most [`MAX_A_SECOND`] in a second, so that a build of thousands of commands does not
//! bury the recording. The audit log has them all.

use std::collections::HashMap;

use crate::audit::Answer;
use crate::audit::CommandEnd;
use crate::audit::CommandFailure;
use crate::audit::CommandStart;
use crate::audit::Event;
use crate::audit::Via;
use crate::audit::command_line;
use crate::types::Effect;
use crate::types::Micros;

/// Longest marker, in characters: players show them in one line.
const MAX_CHARS: usize = 200;

/// Calls and commands that are remembered for later. A session has far fewer open at a time.
const MAX_OPEN: usize = 4_096;

/// Levels below the wrapped program whose commands get a marker.
const MAX_DEPTH: u8 = 2;

/// Most markers of commands in a second of the recording.
const MAX_A_SECOND: u32 = 20;

/// Makes markers; remembers what open calls are about and how deep running commands are.
#[derive(Debug, Default)]
pub(super) struct Labels {
    open: HashMap<u64, String>,
    /// What people are asked, by the question's name, until it is answered.
    questions: HashMap<String, String>,
    depths: HashMap<u64, u8>,
    second: u64,
    in_second: u32,
}

impl Labels {
    /// The marker of an event at `at`; none for an event that gets none.
    pub(super) fn of(&mut self, event: &Event, at: Micros) -> Option<String> {
        let text = match event {
            Event::CallBegin(call) => {
                let resource = call.resources.first().map_or("", String::as_str);
                let about = one_line(&format!("{} {resource}", call.action));
                if self.open.len() < MAX_OPEN {
                    self.open.insert(call.call, about.clone());
                }
                let what = if call.via == Via::Hoop { "look-up" } else { "call" };
                format!("{what} {about}")
            }
            Event::Decision(decision) if decision.effect == Effect::Deny => {
                format!("denied {}: {}", self.about(Some(decision.call)), decision.reason)
            }
            Event::CallEnd(end) => {
                self.open.remove(&end.call);
                return None;
            }
            // Retries, notices, each later use: the calls have markers of their own.
            Event::ApprovalAsked(asked) => {
                if self.questions.len() < MAX_OPEN {
                    self.questions.insert(asked.id.clone(), one_line(&asked.question));
                }
                format!("asked {}", asked.question)
            }
            Event::ApprovalVote(vote) => format!("yes by {}: {}", vote.by, self.question(&vote.id, None)),
            Event::ApprovalAnswered(answered) => {
                let word = match answered.answer {
                    Answer::Granted => "granted",
                    Answer::Denied => "denied",
                    Answer::Expired => "not answered in time",
                    Answer::Nobody => "nobody to answer",
                    Answer::Withdrawn => "withdrawn",
                };
                let by = answered.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
                let about = self.question(&answered.id, answered.call).to_owned();
                self.questions.remove(&answered.id);
                format!("{word}{by}: {about}")
            }
            Event::Terminal(note) if self.has_room(at) => {
                let times = if note.count > 1 { format!(", {} times", note.count) } else { String::new() };
                format!("{} {}: {} bytes{times}", note.what, note.done, note.bytes)
            }
            Event::CommandStart(command) => {
                let wanted = self.depth(command).is_some_and(|depth| depth <= MAX_DEPTH);
                if !wanted || !self.has_room(at) {
                    return None;
                }
                format!("$ {}", short(&command.argv))
            }
            Event::CommandEnd(end) => {
                self.end_command(end);
                return None;
            }
            Event::CommandFailed(failed) if failed.why == CommandFailure::Refused && self.has_room(at) => {
                let rule = failed.rule.as_ref().map(|rule| format!(": {rule}")).unwrap_or_default();
                format!("refused {}{rule}", short(&failed.argv))
            }
            Event::Alert(alert) => format!("alert {}: {}", alert.name, alert.message),
            _ => return None,
        };
        Some(one_line(&text))
    }

    /// What was asked; what the call is about where that is not known.
    fn question(&self, id: &str, call: Option<u64>) -> &str {
        self.questions.get(id).map_or_else(|| self.about(call), String::as_str)
    }

    fn about(&self, call: Option<u64>) -> &str {
        call.and_then(|call| self.open.get(&call)).map_or("call", String::as_str)
    }

    /// How far below the wrapped program a command is; none when that is not known, or too deep to matter.
    fn depth(&mut self, command: &CommandStart) -> Option<u8> {
        let of = |id: &u64| self.depths.get(id).copied();
        let depth =
            of(&command.id).or_else(|| command.replaces.as_ref().and_then(of)).or_else(|| match &command
                .parent
            {
                Some(parent) => of(parent).map(|depth| depth + 1),
                None => Some(0),
            })?;
        // What is deeper than that has no markers, nor have its children.
        if depth <= MAX_DEPTH && self.depths.len() < MAX_OPEN {
            self.depths.insert(command.id, depth);
        }
        Some(depth)
    }

    fn end_command(&mut self, end: &CommandEnd) {
        let depth = self.depths.remove(&end.id);
        if let (Some(depth), Some(next)) = (depth, end.replaced_by) {
            self.depths.insert(next, depth);
        }
    }

    fn has_room(&mut self, at: Micros) -> bool {
        let second = at.0 / 1_000_000;
        if second != self.second {
            (self.second, self.in_second) = (second, 0);
        }
        self.in_second += 1;
        self.in_second <= MAX_A_SECOND
    }
}

fn one_line(text: &str) -> String {
    // Most are short, and need no look at every letter.
    if text.len() <= MAX_CHARS && !text.bytes().any(|byte| byte.is_ascii_control() || !byte.is_ascii()) {
        return text.trim_end().to_owned();
    }
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let line: String = text.chars().take(MAX_CHARS).map(plain).collect();
    line.trim_end().to_owned()
}

/// As much of a command line as a marker can show.
fn short(argv: &[String]) -> String {
    let shown: usize = argv
        .iter()
        .scan(0, |length, word| {
            let before = *length;
            *length += word.len() + 1;
            Some(before)
        })
        .take_while(|before| *before <= MAX_CHARS)
        .count();
    command_line(&argv[..shown])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit;
    use crate::audit::CallBegin;
    use crate::audit::Decision;

    #[test]
    fn a_denial_names_its_call() {
        let mut labels = Labels::default();
        let mut call = CallBegin::new(1, "s3", "DeleteBucket", "s3:DeleteBucket");
        call.resources = vec!["arn:aws:s3:::b".into()];
        assert_eq!(
            labels.of(&Event::CallBegin(Box::new(call)), Micros(0)).unwrap(),
            "call s3:DeleteBucket arn:aws:s3:::b"
        );
        let (rule, origin, reason) = (None, String::new(), "no\nway\u{1b}[2J".into());
        let denied = Event::Decision(Decision { call: 1, effect: Effect::Deny, rule, origin, reason });
        assert_eq!(
            labels.of(&denied, Micros(0)).unwrap(),
            "denied s3:DeleteBucket arn:aws:s3:::b: no way [2J"
        );
    }

    #[test]
    fn a_question_has_one_marker_for_each_word_of_people() {
        let mut labels = Labels::default();
        let id = || "q1".to_owned();
        let mut of = |event: Event| labels.of(&event, Micros(0));
        let question = "command terraform destroy".to_owned();
        let asked = audit::ApprovalAsked { id: id(), question, ..Default::default() };
        assert_eq!(of(Event::ApprovalAsked(asked)).unwrap(), "asked command terraform destroy");
        let vote = audit::ApprovalVote { id: id(), by: "ana".into(), ..Default::default() };
        assert_eq!(of(Event::ApprovalVote(vote)).unwrap(), "yes by ana: command terraform destroy");
        let (answer, by) = (Answer::Granted, Some("ana and bo".to_owned()));
        let answered = audit::ApprovalAnswered { id: id(), answer, by, ..Default::default() };
        assert_eq!(
            of(Event::ApprovalAnswered(answered)).unwrap(),
            "granted by ana and bo: command terraform destroy"
        );
        for quiet in [
            Event::ApprovalUsed(audit::ApprovalUsed { id: id(), ..Default::default() }),
            Event::ApprovalShown(audit::ApprovalShown { id: id(), ..Default::default() }),
            Event::ApprovalJoined(audit::ApprovalJoined { id: id(), call: Some(1) }),
            Event::ApprovalExpired(audit::ApprovalExpired { id: id(), ..Default::default() }),
        ] {
            assert_eq!(of(quiet), None);
        }
        assert!(labels.questions.is_empty());
    }

    fn start(id: u64, parent: Option<u64>) -> CommandStart {
        CommandStart { id, parent, argv: vec!["ls".into(), "a b".into()], ..CommandStart::default() }
    }

    fn marked(labels: &mut Labels, start: CommandStart) -> bool {
        labels.of(&Event::CommandStart(start), Micros(0)).is_some()
    }

    #[test]
    fn commands_near_the_wrapped_program_get_markers_and_look_ups_none() {
        let mut labels = Labels::default();
        let first = labels.of(&Event::CommandStart(start(1, None)), Micros(0));
        assert_eq!(first.unwrap(), "$ ls 'a b'");
        assert!(marked(&mut labels, start(2, Some(1))));
        assert!(marked(&mut labels, start(3, Some(2))));
        assert!(!marked(&mut labels, start(4, Some(3))));
        assert!(!marked(&mut labels, start(5, Some(4))));
        assert!(!marked(&mut labels, start(6, Some(99))), "nobody knows how deep it is");
        // A shell that goes on as its last command.
        labels.of(
            &Event::CommandEnd(CommandEnd { id: 3, replaced_by: Some(7), ..CommandEnd::default() }),
            Micros(0),
        );
        assert!(marked(&mut labels, CommandStart { replaces: Some(3), ..start(7, Some(2)) }));
        let failed = |why| {
            let rule = Some("rm *: team.toml:4".to_owned());
            let argv = vec!["rm".to_owned()];
            Event::CommandFailed(crate::audit::CommandFailed { why, rule, argv, ..Default::default() })
        };
        assert_eq!(labels.of(&failed(CommandFailure::NotFound), Micros(0)), None);
        let refused = labels.of(&failed(CommandFailure::Refused), Micros(0)).unwrap();
        assert_eq!(refused, "refused rm: rm *: team.toml:4");
    }

    #[test]
    fn a_storm_gets_few_markers_and_the_next_second_has_its_own() {
        let mut labels = Labels::default();
        labels.of(&Event::CommandStart(start(1, None)), Micros(0));
        let mut count = |at| {
            let marked = |id| {
                let marker = labels.of(&Event::CommandStart(start(id, Some(1))), Micros(at));
                labels.of(&Event::CommandEnd(CommandEnd { id, ..CommandEnd::default() }), Micros(at));
                marker.is_some()
            };
            (2..2_002).map(marked).filter(|is_marked| *is_marked).count()
        };
        assert_eq!(count(10), 19);
        assert_eq!(count(1_000_010), 20);
        assert!(labels.depths.len() == 1 && labels.open.is_empty());
    }
}
