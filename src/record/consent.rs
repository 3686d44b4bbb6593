//! Did every call that went on have leave to? The decision and the answers of people stand in the same log as the call.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::audit::Answer;
use crate::audit::CallEnd;
use crate::audit::Event;
use crate::audit::Outcome;
use crate::types::Effect;

/// Open calls, questions, and calls that wait for one: so many are kept of each. Where there are more, the later ones are
/// not checked, which is told.
const MOST: usize = 200_000;

/// What is known of the calls that are open.
#[derive(Debug, Default)]
pub(super) struct Consent {
    leaves: HashMap<u64, Leave>,
    /// Calls that wait for the answer to a question.
    waiting: HashMap<String, Vec<u64>>,
    /// Questions answered with yes.
    granted: HashSet<String>,
    /// Calls in `waiting`.
    waiters: usize,
    is_full: bool,
}

/// Whether a call may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    Given,
    Wanted,
    Denied,
}

impl Consent {
    /// Takes the next event; tells what is wrong with it.
    pub(super) fn take(&mut self, event: &Event) -> Option<String> {
        let was_full = self.is_full;
        let fault = self.look(event);
        let is_new = self.is_full && !was_full;
        let too_many = || format!("more than {MOST} calls or questions: what comes later is not checked");
        fault.or_else(|| is_new.then(too_many))
    }

    fn look(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Decision(decision) => {
                let leave = match decision.effect {
                    Effect::Allow => Leave::Given,
                    Effect::Ask => Leave::Wanted,
                    Effect::Deny => Leave::Denied,
                };
                self.is_full |= self.leaves.len() >= MOST;
                if !self.is_full {
                    self.leaves.insert(decision.call, leave);
                }
            }
            Event::ApprovalAsked(asked) => self.waits(&asked.id, asked.call),
            Event::ApprovalJoined(joined) => self.waits(&joined.id, joined.call),
            Event::ApprovalAnswered(answered) => {
                let calls = self.waiting.remove(&answered.id).unwrap_or_default();
                self.waiters -= calls.len();
                if answered.answer == Answer::Granted {
                    self.granted.insert(answered.id.clone());
                    calls.into_iter().chain(answered.call).for_each(|call| self.give(call));
                }
            }
            Event::ApprovalUsed(used) if self.granted.contains(&used.id) => {
                used.call.into_iter().for_each(|call| self.give(call));
            }
            Event::ApprovalUsed(used) if !self.is_full => {
                return Some(format!("a yes to {} was used, and nobody gave it", used.id));
            }
            Event::CallEnd(end) => return self.end(end),
            _ => {}
        }
        None
    }

    fn waits(&mut self, id: &str, call: Option<u64>) {
        self.is_full |=
            [self.waiting.len(), self.granted.len(), self.waiters].iter().any(|count| *count >= MOST);
        if !self.is_full {
            self.waiting.entry(id.to_owned()).or_default().extend(call);
            self.waiters += usize::from(call.is_some());
        }
    }

    /// A yes is for what was asked about: what a rule denies stays denied.
    fn give(&mut self, call: u64) {
        if let Some(leave) = self.leaves.get_mut(&call).filter(|leave| **leave == Leave::Wanted) {
            *leave = Leave::Given;
        }
    }

    fn end(&mut self, end: &CallEnd) -> Option<String> {
        let leave = self.leaves.remove(&end.call);
        if self.is_full || !matches!(end.outcome, Outcome::Answered | Outcome::Failed) {
            return None;
        }
        let why = match leave {
            Some(Leave::Given) => return None,
            Some(Leave::Wanted) => "it had to wait for a person, and nobody said yes",
            Some(Leave::Denied) => "a rule denied it",
            None => "nothing was decided about it",
        };
        Some(format!("call {} went on, but {why}", end.call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::ApprovalAnswered;
    use crate::audit::ApprovalAsked;
    use crate::audit::ApprovalJoined;
    use crate::audit::ApprovalUsed;
    use crate::audit::Decision;

    fn decision(call: u64, effect: Effect) -> Event {
        let (origin, reason) = (String::new(), String::new());
        Event::Decision(Decision { call, effect, rule: None, origin, reason })
    }

    fn asked(call: u64) -> Event {
        Event::ApprovalAsked(ApprovalAsked {
            id: "q1".to_owned(),
            call: Some(call),
            ..ApprovalAsked::default()
        })
    }

    fn joined(call: u64) -> Event {
        Event::ApprovalJoined(ApprovalJoined { id: "q1".to_owned(), call: Some(call) })
    }

    fn answered(answer: Answer) -> Event {
        Event::ApprovalAnswered(ApprovalAnswered {
            id: "q1".to_owned(),
            answer,
            ..ApprovalAnswered::default()
        })
    }

    fn used(call: u64) -> Event {
        let question = String::new();
        Event::ApprovalUsed(ApprovalUsed { id: "q1".to_owned(), call: Some(call), question })
    }

    fn ended(call: u64, outcome: Outcome) -> Event {
        Event::CallEnd(Box::new(CallEnd { call, outcome, ..CallEnd::default() }))
    }

    fn faults(events: &[Event]) -> Vec<String> {
        let mut consent = Consent::default();
        events.iter().filter_map(|event| consent.take(event)).collect()
    }

    #[test]
    fn what_had_leave_is_right() {
        use Outcome::Answered;
        let all = [
            decision(1, Effect::Allow),
            ended(1, Answered),
            decision(2, Effect::Deny),
            ended(2, Outcome::Refused),
            decision(3, Effect::Ask),
            asked(3),
            decision(4, Effect::Ask),
            joined(4),
            ended(3, Outcome::Cancelled),
            answered(Answer::Granted),
            ended(4, Answered),
            decision(5, Effect::Ask),
            used(5),
            ended(5, Outcome::Failed),
            // One that nothing was decided about was not understood, and refused.
            ended(6, Outcome::Refused),
        ];
        assert_eq!(faults(&all), Vec::<String>::new());
    }

    #[test]
    fn what_had_none_is_told() {
        use Outcome::Answered;
        let gone_on = |before: &[Event], why: &str| {
            let found = faults(&[before, &[ended(1, Answered)]].concat());
            assert_eq!(found, [format!("call 1 went on, but {why}")]);
        };
        gone_on(&[], "nothing was decided about it");
        gone_on(&[decision(1, Effect::Deny)], "a rule denied it");
        let nobody = "it had to wait for a person, and nobody said yes";
        gone_on(&[decision(1, Effect::Ask)], nobody);
        gone_on(&[decision(1, Effect::Ask), asked(1), answered(Answer::Expired)], nobody);
        gone_on(&[decision(1, Effect::Deny), asked(1), answered(Answer::Granted)], "a rule denied it");
        let all: Vec<Event> = (0..).map(|call| decision(call, Effect::Ask)).take(MOST + 2).collect();
        assert_eq!(faults(&all), ["more than 200000 calls or questions: what comes later is not checked"]);
        assert_eq!(faults(&[used(1)]), ["a yes to q1 was used, and nobody gave it"]);
    }
}
