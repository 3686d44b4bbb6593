//! What a marker in the terminal recording says about an event.

use std::collections::HashMap;

use crate::audit::Answer;
use crate::audit::Event;
use crate::types::Effect;

/// Longest marker, in characters: players show them in one line.
const MAX_CHARS: usize = 200;

/// Calls whose labels are remembered for a later decision. A session has far fewer open at a time.
const MAX_OPEN: usize = 4_096;

/// Makes markers; remembers what open calls are about.
#[derive(Debug, Default)]
pub(super) struct Labels {
    open: HashMap<u64, String>,
}

impl Labels {
    /// The marker of an event; none for an event that gets none.
    pub(super) fn of(&mut self, event: &Event) -> Option<String> {
        let text = match event {
            Event::CallBegin(call) => {
                let resource = call.resources.first().map_or("", String::as_str);
                let about = one_line(&format!("{} {resource}", call.action));
                if self.open.len() < MAX_OPEN {
                    self.open.insert(call.call, about.clone());
                }
                format!("call {about}")
            }
            Event::Decision(decision) if decision.effect == Effect::Deny => {
                format!("denied {}: {}", self.about(Some(decision.call)), decision.reason)
            }
            Event::CallEnd(end) => {
                self.open.remove(&end.call);
                return None;
            }
            Event::ApprovalAsked(asked) => format!("asked {}", asked.question),
            Event::ApprovalAnswered(answered) => {
                let word = match answered.answer {
                    Answer::Granted => "granted",
                    Answer::Denied => "denied",
                    Answer::Expired => "not answered in time",
                    Answer::Nobody => "nobody to answer",
                    Answer::Withdrawn => "withdrawn",
                };
                let by = answered.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
                format!("{word}{by}: {}", self.about(answered.call))
            }
            Event::CommandStart(command) => format!("$ {}", command.argv.join(" ")),
            Event::Alert(alert) => format!("alert {}: {}", alert.name, alert.message),
            _ => return None,
        };
        Some(one_line(&text))
    }

    fn about(&self, call: Option<u64>) -> &str {
        call.and_then(|call| self.open.get(&call)).map_or("call", String::as_str)
    }
}

fn one_line(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let line: String = text.chars().take(MAX_CHARS).map(plain).collect();
    line.trim_end().to_owned()
}

/// Program and arguments as a shell would take them, in one line. May hold control characters: escape it when shown.
#[must_use]
pub fn command_line(argv: &[String]) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&byte);
    let quoted = argv.iter().map(|word| match !word.is_empty() && word.bytes().all(is_plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::CallBegin;
    use crate::audit::Decision;

    #[test]
    fn a_denial_names_its_call() {
        let mut labels = Labels::default();
        let mut call = CallBegin::new(1, "s3", "DeleteBucket", "s3:DeleteBucket");
        call.resources = vec!["arn:aws:s3:::b".into()];
        assert_eq!(
            labels.of(&Event::CallBegin(Box::new(call))).unwrap(),
            "call s3:DeleteBucket arn:aws:s3:::b"
        );
        let (rule, origin, reason) = (None, String::new(), "no\nway\u{1b}[2J".into());
        let denied = Event::Decision(Decision { call: 1, effect: Effect::Deny, rule, origin, reason });
        assert_eq!(labels.of(&denied).unwrap(), "denied s3:DeleteBucket arn:aws:s3:::b: no way [2J");
    }

    #[test]
    fn a_command_line_can_be_pasted() {
        let argv = ["sh", "-c", "echo 'a b'", ""].map(str::to_owned);
        assert_eq!(command_line(&argv), r"sh -c 'echo '\''a b'\''' ''");
    }
}
