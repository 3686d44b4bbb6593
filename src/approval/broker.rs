//! Keeps the questions between those who ask and those who answer.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::approval::question::Answer;
use crate::approval::question::Outcome;
use crate::approval::question::Question;
use crate::approval::question::QuestionId;
use crate::approval::question::Refusal;
use crate::approval::question::Scope;
use crate::approval::question::Waiting;
use crate::clock::Clock;
use crate::types::Micros;

/// Questions that may wait at once; one more is refused at once.
const MOST_WAITING: usize = 256;
/// Answers "for this session" that are remembered; further ones count once.
const MOST_GRANTS: usize = 4096;

/// Keeps the questions. Cheap to clone, callable from any thread; nothing in it waits.
#[derive(Clone)]
pub struct Broker(Arc<Shared>);

struct Shared {
    clock: Clock,
    wake: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    waiting: BTreeMap<QuestionId, Held>,
    /// Action and resources that were allowed for the whole session.
    grants: HashSet<(String, Vec<String>)>,
    /// Why every question is refused at once, if so.
    closed: Option<Refusal>,
}

struct Held {
    waiting: Waiting,
    callers: Vec<oneshot::Sender<Outcome>>,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The callers have it.
    Delivered,
    /// Too late: somebody else answered, time ran out, or the callers went away.
    NotWaiting,
}

impl Broker {
    /// A broker whose questions somebody will look at: `wake` is called after each change of what waits.
    #[must_use]
    pub fn new(clock: Clock, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { clock, wake: Box::new(wake), state: Mutex::default() }))
    }

    /// A broker that refuses everything, because there is nobody to answer: `reason` completes
    /// "it needs a person's approval, and …".
    #[must_use]
    pub fn nobody(reason: impl Into<String>) -> Self {
        let broker = Self::new(Clock::system(), || {});
        broker.state().closed = Some(Refusal::Nobody(reason.into()));
        broker
    }

    /// Asks. A question with the fingerprint of one that waits joins it; one that was allowed for the session is
    /// answered at once. The receiver may be dropped when the caller goes away.
    #[must_use]
    pub fn ask(&self, question: Question) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state();
        if let Some(outcome) = state.answer_at_once(&question) {
            // The receiver is in our hands: it takes it.
            let _ = sender.send(outcome);
            return receiver;
        }
        let same = state.waiting.values_mut().find(|held| {
            !question.fingerprint.is_empty() && held.waiting.question.fingerprint == question.fingerprint
        });
        if let Some(held) = same {
            held.callers.push(sender);
            held.waiting.callers = held.callers.len();
        } else {
            state.next += 1;
            let id = QuestionId(state.next);
            let asked = self.0.clock.elapsed();
            let ttl = u64::try_from(question.ttl.as_micros()).unwrap_or(u64::MAX);
            let deadline = Micros(asked.0.saturating_add(ttl));
            let waiting = Waiting { id, question, asked, deadline, callers: 1 };
            state.waiting.insert(id, Held { waiting, callers: vec![sender] });
        }
        drop(state);
        (self.0.wake)();
        receiver
    }

    /// What waits, oldest first. Questions whose time is over are refused, those whose callers went away forgotten.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        let now = self.0.clock.elapsed();
        let mut state = self.state();
        let over: Vec<QuestionId> = state
            .waiting
            .iter_mut()
            .filter_map(|(id, held)| {
                held.callers.retain(|caller| !caller.is_closed());
                held.waiting.callers = held.callers.len();
                (held.callers.is_empty() || held.waiting.deadline <= now).then_some(*id)
            })
            .collect();
        for id in over {
            if let Some(held) = state.waiting.remove(&id) {
                let ttl = held.waiting.question.ttl;
                held.deliver(&Outcome::Denied(Refusal::TimedOut(ttl)));
            }
        }
        state.waiting.values().map(|held| held.waiting.clone()).collect()
    }

    /// Answers question `id` in the name of `by`.
    pub fn answer(&self, id: QuestionId, answer: Answer, by: &str) -> Answered {
        let now = self.0.clock.elapsed();
        let mut state = self.state();
        let Some(held) = state.waiting.remove(&id) else { return Answered::NotWaiting };
        let by = by.to_owned();
        let outcome = match answer {
            _ if held.waiting.deadline <= now => {
                Outcome::Denied(Refusal::TimedOut(held.waiting.question.ttl))
            }
            Answer::Deny(reason) => Outcome::Denied(Refusal::Person { by, reason }),
            Answer::Allow(scope) => {
                if scope == Scope::Session && state.grants.len() < MOST_GRANTS {
                    let question = &held.waiting.question;
                    state.grants.insert((question.action.clone(), question.resources.clone()));
                    state.release_granted();
                }
                Outcome::Allowed { scope, by }
            }
        };
        let delivered = held.deliver(&outcome);
        drop(state);
        (self.0.wake)();
        delivered
    }

    /// Refuses all that waits and all that will be asked: `reason` completes "it waited for approval when …".
    pub fn close(&self, reason: impl Into<String>) {
        let refusal = Refusal::Closed(reason.into());
        let mut state = self.state();
        for held in std::mem::take(&mut state.waiting).into_values() {
            held.deliver(&Outcome::Denied(refusal.clone()));
        }
        state.closed.get_or_insert(refusal);
        drop(state);
        (self.0.wake)();
    }

    /// How long until `waiting` has the time left.
    #[must_use]
    pub fn time_left(&self, waiting: &Waiting) -> Duration {
        Duration::from_micros(waiting.deadline.0.saturating_sub(self.0.clock.elapsed().0))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer_at_once(&self, question: &Question) -> Option<Outcome> {
        if let Some(refusal) = &self.closed {
            return Some(Outcome::Denied(refusal.clone()));
        }
        if self.grants.contains(&(question.action.clone(), question.resources.clone())) {
            return Some(granted());
        }
        let full = self.waiting.len() >= MOST_WAITING;
        full.then(|| Outcome::Denied(Refusal::Nobody(format!("{MOST_WAITING} others wait already"))))
    }

    /// A yes for the session covers what waits already, too.
    fn release_granted(&mut self) {
        let grants = &self.grants;
        let covered: Vec<QuestionId> = self
            .waiting
            .iter()
            .filter(|(_, held)| {
                let question = &held.waiting.question;
                grants.contains(&(question.action.clone(), question.resources.clone()))
            })
            .map(|(id, _)| *id)
            .collect();
        for id in covered {
            if let Some(held) = self.waiting.remove(&id) {
                held.deliver(&granted());
            }
        }
    }
}

impl Held {
    fn deliver(self, outcome: &Outcome) -> Answered {
        // All are told before the first success counts.
        let reached = self.callers.into_iter().filter_map(|caller| caller.send(outcome.clone()).ok()).count();
        if reached > 0 { Answered::Delivered } else { Answered::NotWaiting }
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("waiting", &self.state().waiting.len()).finish_non_exhaustive()
    }
}

fn granted() -> Outcome {
    Outcome::Allowed { scope: Scope::Session, by: "an earlier answer for this session".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    fn delete(key: &str) -> Question {
        Question {
            action: "s3:DeleteObject".to_owned(),
            resources: vec![format!("arn:aws:s3:::billing/{key}")],
            fingerprint: key.to_owned(),
            ttl: Duration::from_secs(50),
            ..Question::default()
        }
    }

    fn broker() -> (Broker, Clock) {
        let clock = Clock::fixed(0);
        (Broker::new(clock.clone(), || {}), clock)
    }

    #[test]
    fn a_second_identical_call_joins_the_waiting_question() {
        let (broker, _) = broker();
        let mut first = broker.ask(delete("07.csv"));
        let mut retry = broker.ask(delete("07.csv"));
        let waiting = broker.waiting();
        assert_eq!((waiting.len(), waiting[0].callers), (1, 2));
        assert_eq!(broker.answer(waiting[0].id, Answer::Allow(Scope::Once), "ana"), Answered::Delivered);
        assert!(first.try_recv().unwrap().is_allowed());
        assert!(retry.try_recv().unwrap().is_allowed());
        let mut again = broker.ask(delete("07.csv"));
        assert!(again.try_recv().is_err(), "a yes counts once");
    }

    #[test]
    fn no_answer_in_time_is_a_no_even_if_one_comes_late() {
        let (broker, clock) = broker();
        let mut asked = broker.ask(delete("a"));
        let id = broker.waiting()[0].id;
        clock.advance(Duration::from_secs(50));
        broker.answer(id, Answer::Allow(Scope::Once), "ana");
        assert_eq!(asked.try_recv().unwrap(), Outcome::Denied(Refusal::TimedOut(Duration::from_secs(50))));
        let mut other = broker.ask(delete("b"));
        clock.advance(Duration::from_secs(51));
        assert!(broker.waiting().is_empty());
        assert!(!other.try_recv().unwrap().is_allowed());
    }

    #[test]
    fn a_yes_for_the_session_covers_the_same_action_and_resource_only() {
        let (broker, _) = broker();
        let mut first = broker.ask(delete("a"));
        broker.answer(broker.waiting()[0].id, Answer::Allow(Scope::Session), "ana");
        assert!(first.try_recv().unwrap().is_allowed());
        let mut changed = delete("a");
        changed.fingerprint = "other parameters".to_owned();
        assert!(broker.ask(changed).try_recv().unwrap().is_allowed());
        assert!(broker.ask(delete("b")).try_recv().is_err());
    }

    #[test]
    fn the_second_of_two_answers_comes_too_late() {
        let (broker, _) = broker();
        let mut asked = broker.ask(delete("a"));
        let id = broker.waiting()[0].id;
        assert_eq!(broker.answer(id, Answer::Deny("not now".to_owned()), "ana"), Answered::Delivered);
        assert_eq!(broker.answer(id, Answer::Allow(Scope::Once), "bob"), Answered::NotWaiting);
        let Outcome::Denied(refusal) = asked.try_recv().unwrap() else { panic!("allowed") };
        assert_eq!(refusal.to_string(), "ana denied it: not now");
    }

    #[test]
    fn with_nobody_to_answer_or_a_closed_session_the_answer_is_no_at_once() {
        let nobody = Broker::nobody("there is no terminal to ask on");
        let Outcome::Denied(refusal) = nobody.ask(delete("a")).try_recv().unwrap() else { panic!("allowed") };
        assert_eq!(refusal.to_string(), "it needs a person's approval, and there is no terminal to ask on");
        let (broker, _) = broker();
        let mut asked = broker.ask(delete("a"));
        broker.close("the session ended");
        assert!(!asked.try_recv().unwrap().is_allowed());
        assert!(!broker.ask(delete("b")).try_recv().unwrap().is_allowed());
    }

    #[test]
    fn the_shower_is_woken_and_forgets_callers_that_went_away() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let broker = Broker::new(Clock::fixed(0), move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let asked = broker.ask(delete("a"));
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        drop(asked);
        assert!(broker.waiting().is_empty());
    }
}
