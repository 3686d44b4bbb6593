//! Calls, put together from the lines of the audit log that tell of them.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;

use serde::Deserialize;
use serde::Serialize;

use crate::audit::ApprovalAnswered;
use crate::audit::ApprovalAsked;
use crate::audit::ApprovalJoined;
use crate::audit::ApprovalUsed;
use crate::audit::CallBegin;
use crate::audit::CallEnd;
use crate::audit::Decision;
use crate::audit::Event;
use crate::audit::Line;
use crate::types::Micros;

/// Most calls that may be under way at once before the oldest is given without its end.
const MAX_OPEN: usize = 10_000;
/// Most questions that are remembered for calls that come later: those that wait, and yeses that reach further.
const MAX_QUESTIONS: usize = 10_000;

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
    /// The question to people that it waited for or was let through by.
    pub asked: Option<ApprovalAsked>,
    /// It is a retry, and waited for the answer to that question of another call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<ApprovalJoined>,
    /// It did not wait: an earlier yes to that question let it through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<ApprovalUsed>,
    /// The answer.
    pub answered: Option<ApprovalAnswered>,
    /// How it ended; none when the recording ends before.
    pub end: Option<CallEnd>,
}

/// Takes audit lines in order and gives each call when its end has been seen.
#[derive(Default)]
pub struct Collector {
    open: BTreeMap<u64, Call>,
    questions: Questions,
}

/// The newest questions, by name.
#[derive(Default)]
struct Questions {
    known: HashMap<String, (ApprovalAsked, Option<ApprovalAnswered>)>,
    order: VecDeque<String>,
}

impl Questions {
    fn put(&mut self, asked: ApprovalAsked) {
        if self.order.len() >= MAX_QUESTIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(asked.id.clone());
        self.known.insert(asked.id.clone(), (asked, None));
    }

    fn asked(&self, id: &str) -> Option<ApprovalAsked> {
        self.known.get(id).map(|(asked, _)| asked.clone())
    }
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
                let call = Call {
                    t: line.t,
                    begin: *begin,
                    decision: None,
                    asked: None,
                    joined: None,
                    used: None,
                    answered: None,
                    end: None,
                };
                let number = call.begin.call;
                // A second beginning of one number: the first has no end.
                let before = self.open.insert(number, call);
                let given = before.or_else(|| {
                    let oldest = (self.open.len() > MAX_OPEN).then(|| self.open.pop_first());
                    oldest.flatten().map(|(_, call)| call)
                });
                return given.map(|call| self.with_answer(call));
            }
            Event::Decision(decision) => {
                if let Some(call) = self.open.get_mut(&decision.call) {
                    call.decision = Some(decision);
                }
            }
            Event::ApprovalAsked(asked) => {
                if let Some(call) = asked.call.and_then(|number| self.open.get_mut(&number)) {
                    call.asked = Some(asked.clone());
                }
                self.questions.put(asked);
            }
            Event::ApprovalJoined(joined) => {
                let call = joined.call.and_then(|number| self.open.get_mut(&number));
                if let Some(call) = call {
                    call.asked = self.questions.asked(&joined.id);
                    call.joined = Some(joined);
                }
            }
            Event::ApprovalUsed(used) => {
                let call = used.call.and_then(|number| self.open.get_mut(&number));
                if let Some(call) = call {
                    call.asked = self.questions.asked(&used.id);
                    call.used = Some(used);
                }
            }
            Event::ApprovalAnswered(answered) => {
                if let Some((_, answer)) = self.questions.known.get_mut(&answered.id) {
                    *answer = Some(answered);
                }
            }
            Event::CallEnd(end) => {
                let mut call = self.open.remove(&end.call)?;
                call.end = Some(*end);
                return Some(self.with_answer(call));
            }
            _ => {}
        }
        None
    }

    /// The calls whose end was not seen, by number.
    pub fn finish(mut self) -> impl Iterator<Item = Call> {
        let open = std::mem::take(&mut self.open);
        open.into_values().map(move |call| self.with_answer(call))
    }

    /// The answer to its question stands in a line of its own, which may tell of several calls.
    fn with_answer(&self, mut call: Call) -> Call {
        let question = call.asked.as_ref().and_then(|asked| self.questions.known.get(&asked.id));
        call.answered = question.and_then(|(_, answered)| answered.clone());
        call
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

    #[test]
    fn a_retry_and_a_later_call_show_the_question_and_its_answer() {
        let begin =
            |call| Event::CallBegin(Box::new(CallBegin::new(call, "s3", "DeleteBucket", "s3:DeleteBucket")));
        let end = |call| Event::CallEnd(Box::new(CallEnd { call, ..CallEnd::default() }));
        let id = || "q1".to_owned();
        let asked =
            ApprovalAsked { id: id(), call: Some(1), question: "may it?".to_owned(), ..Default::default() };
        let answered =
            ApprovalAnswered { id: id(), call: Some(1), by: Some("bo".to_owned()), ..Default::default() };
        let used = ApprovalUsed { id: id(), call: Some(3), question: "again".to_owned() };
        let events = [
            begin(1),
            Event::ApprovalAsked(asked),
            begin(2),
            Event::ApprovalJoined(ApprovalJoined { id: id(), call: Some(2) }),
            end(1),
            Event::ApprovalAnswered(answered),
            end(2),
            begin(3),
            Event::ApprovalUsed(used),
            end(3),
        ];
        let mut collector = Collector::new();
        let calls: Vec<Call> =
            events.into_iter().zip(1..).filter_map(|(event, t)| collector.push(line(t, event))).collect();
        let by = |call: &Call| call.answered.as_ref().and_then(|answered| answered.by.clone());
        assert!(
            calls.iter().all(|call| call.asked.as_ref().is_some_and(|asked| asked.question == "may it?"))
        );
        assert_eq!(
            calls.iter().map(by).collect::<Vec<_>>(),
            [None, Some("bo".to_owned()), Some("bo".to_owned())]
        );
        assert!(calls[0].joined.is_none() && calls[1].joined.is_some() && calls[2].used.is_some());
        let text = serde_json::to_value(&calls[0]).unwrap();
        assert!(text.get("used").is_none() && text.get("joined").is_none());
    }
}
