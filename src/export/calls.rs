//! Calls, put together from the lines of the audit log that tell of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::audit::ApprovalAnswered;
use crate::audit::ApprovalAsked;
use crate::audit::CallBegin;
use crate::audit::CallEnd;
use crate::audit::Decision;
use crate::audit::Event;
use crate::audit::Line;
use crate::types::Micros;

/// Most calls that may be under way at once before the oldest is given without its end.
const MAX_OPEN: usize = 10_000;

/// All that was recorded about one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// When it arrived, in microseconds since the session began.
    pub t: Micros,
    /// What it is.
    #[serde(flatten)]
    pub begin: CallBegin,
    /// What policy said.
    pub decision: Option<Decision>,
    /// The question to a person.
    pub asked: Option<ApprovalAsked>,
    /// The answer.
    pub answered: Option<ApprovalAnswered>,
    /// How it ended; none when the recording ends before.
    pub end: Option<CallEnd>,
}

/// Takes audit lines in order and gives each call when its end has been seen.
#[derive(Default)]
pub struct Collector {
    open: BTreeMap<u64, Call>,
}

impl Collector {
    /// Nothing under way.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next line; gives the call that it ends.
    pub fn push(&mut self, line: Line) -> Option<Call> {
        match line.event {
            Event::CallBegin(begin) => {
                let call =
                    Call { t: line.t, begin: *begin, decision: None, asked: None, answered: None, end: None };
                let number = call.begin.call;
                // A second beginning of one number: the first has no end.
                let before = self.open.insert(number, call);
                return before.or_else(|| {
                    (self.open.len() > MAX_OPEN)
                        .then(|| self.open.pop_first())
                        .flatten()
                        .map(|(_, call)| call)
                });
            }
            Event::Decision(decision) => {
                if let Some(call) = self.open.get_mut(&decision.call) {
                    call.decision = Some(decision);
                }
            }
            Event::ApprovalAsked(asked) => {
                if let Some(call) = asked.call.and_then(|number| self.open.get_mut(&number)) {
                    call.asked = Some(asked);
                }
            }
            Event::ApprovalAnswered(answered) => {
                if let Some(call) = answered.call.and_then(|number| self.open.get_mut(&number)) {
                    call.answered = Some(answered);
                }
            }
            Event::CallEnd(end) => {
                let mut call = self.open.remove(&end.call)?;
                call.end = Some(*end);
                return Some(call);
            }
            _ => {}
        }
        None
    }

    /// The calls whose end was not seen, by number.
    pub fn finish(self) -> impl Iterator<Item = Call> {
        self.open.into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Effect;

    fn line(t: u64, event: Event) -> Line {
        Line { seq: 0, t: Micros(t), event, prev: String::new(), hash: String::new(), offset: 0 }
    }

    #[test]
    fn a_call_is_whole_when_it_ends_and_kept_when_it_does_not() {
        let begin =
            |call| Event::CallBegin(Box::new(CallBegin::new(call, "s3", "GetObject", "s3:GetObject")));
        let decision = Decision {
            call: 1,
            effect: Effect::Deny,
            rule: None,
            origin: "x:1".to_owned(),
            reason: "no".to_owned(),
        };
        let end = CallEnd { call: 1, status: Some(403), ..CallEnd::default() };
        let lines = [
            line(1, begin(1)),
            line(2, begin(2)),
            line(3, Event::Decision(decision)),
            line(4, Event::CallEnd(Box::new(end))),
        ];
        let mut collector = Collector::new();
        let ended: Vec<Call> = lines.into_iter().filter_map(|line| collector.push(line)).collect();
        let open: Vec<Call> = collector.finish().collect();
        let rows: Vec<serde_json::Value> =
            ended.iter().chain(&open).map(|call| serde_json::to_value(call).unwrap()).collect();
        assert_eq!(rows[0]["call"], 1);
        assert_eq!(rows[0]["decision"]["effect"], "deny");
        assert_eq!(rows[0]["end"]["status"], 403);
        assert_eq!(rows[1]["call"], 2);
        assert!(rows[1]["end"].is_null());
        let again: Vec<Call> = rows.into_iter().map(|row| serde_json::from_value(row).unwrap()).collect();
        assert_eq!(again, [ended, open].concat());
    }
}
