//! Keeps the questions between those who ask and those who answer.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::approval::card::Card;
use crate::approval::card::name_of;
use crate::approval::pending::Pending;
use crate::approval::people::Approver;
use crate::approval::people::Requester;
use crate::approval::people::Ways;
use crate::approval::question::Answer;
use crate::approval::question::Findings;
use crate::approval::question::Outcome;
use crate::approval::question::Question;
use crate::approval::question::QuestionId;
use crate::approval::question::Refusal;
use crate::approval::question::Waiting;
use crate::approval::state::Caller;
use crate::approval::state::Held;
use crate::approval::state::RETRY_WINDOW;
use crate::approval::state::State;
use crate::approval::tally::Tally;
use crate::audit::Alert;
use crate::audit::ApprovalJoined;
use crate::audit::ApprovalShown;
use crate::audit::Event;
use crate::audit::Journal;
use crate::clock::Clock;
use crate::types::Micros;
use crate::types::SessionId;

/// What an approver is told whose yes had no effect.
const UNRECORDED: &str = "it could not be written down, and what is not recorded is refused";
/// Calls that may wait for the answer to one question.
const MOST_CALLERS: usize = 256;

/// Keeps the questions. Cheap to clone, callable from any thread; nothing in it waits for people.
#[derive(Clone)]
pub struct Broker(Arc<Shared>);

/// What a broker is made of.
pub struct Setup {
    /// The session's time.
    pub clock: Clock,
    /// The session.
    pub session: SessionId,
    /// The host it runs on.
    pub host: String,
    /// Whose it is.
    pub requester: Requester,
    /// How its questions can be answered.
    pub ways: Ways,
    /// Why there is nobody to answer where there is no way: completes "it needs a person's approval, and …".
    pub nobody: String,
    /// Where everything is written down.
    pub journal: Arc<dyn Journal>,
}

struct Shared {
    setup: Setup,
    listeners: Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>,
    state: Mutex<State>,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// The question is settled by it.
    Settled,
    /// It counts, and others have to say yes too: who, a phrase each.
    Counted(Vec<String>),
    /// Too late: somebody else answered, time ran out, or the callers went away.
    NotWaiting,
    /// This person cannot answer it: why, as a sentence without a full stop.
    Refused(String),
}

impl Broker {
    /// A broker without questions.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self(Arc::new(Shared { setup, listeners: Mutex::default(), state: Mutex::default() }))
    }

    /// Has `listener` called after each change of what waits, on whatever thread makes it; it must not wait.
    pub fn on_change(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(listener));
    }

    /// Whose session it is.
    #[must_use]
    pub fn requester(&self) -> &Requester {
        &self.0.setup.requester
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.0.setup.session
    }

    /// How its questions can be answered.
    #[must_use]
    pub fn ways(&self) -> Ways {
        self.0.setup.ways
    }

    /// What people call question `id`, among those of all sessions.
    #[must_use]
    pub fn name_of(&self, id: QuestionId) -> String {
        name_of(self.0.setup.session, id)
    }

    /// Asks. A retry of a question that waits joins it; one that an earlier yes covers is answered at
    /// once.
    #[must_use]
    pub fn ask(&self, question: Question) -> Pending {
        let (sender, receiver) = oneshot::channel();
        let now = self.now();
        let binding = question.binding();
        let mut state = self.state();
        self.tidy(&mut state, now);
        state.next_caller += 1;
        let number = state.next_caller;
        let pending = |put, receiver| Pending::new(self, receiver, (put, number), binding.clone());
        if let Some(outcome) = self.answer_at_once(&mut state, &question) {
            // The receiver is in our hands: it takes it.
            let _ = sender.send(outcome);
            return pending(None, receiver);
        }
        let same = state.waiting.values_mut().find(|held| held.is_asked_by(binding.as_deref()));
        let id = match same {
            Some(held) => {
                let id = held.waiting.id;
                let joined = Event::ApprovalJoined(ApprovalJoined { id: id.recorded(), call: question.call });
                if held.callers.len() >= MOST_CALLERS || !self.write(&joined) {
                    let _ = sender.send(Outcome::Denied(Refusal::Unrecorded));
                    return pending(None, receiver);
                }
                held.callers.push(Caller { number, question, answer: sender });
                held.waiting.callers = held.callers.len();
                held.alone_until = None;
                id
            }
            None => {
                let id = self.put(&mut state, &question);
                let Some(id) = id else {
                    let _ = sender.send(Outcome::Denied(Refusal::Unrecorded));
                    return pending(None, receiver);
                };
                let caller = Caller { number, question, answer: sender };
                state.waiting.insert(id, Held::new(id, now, vec![caller]));
                id
            }
        };
        drop(state);
        self.changed();
        pending(Some(id), receiver)
    }

    /// What waits, oldest first. Questions whose time is over are refused on the way.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        let mut state = self.state();
        self.tidy(&mut state, self.now());
        state.waiting.values().map(|held| held.waiting.clone()).collect()
    }

    /// What waits, as others see it.
    #[must_use]
    pub fn cards(&self) -> Vec<Card> {
        let setup = &self.0.setup;
        let (unix, now) = (setup.clock.unix_micros(), self.now());
        let began = unix.saturating_sub(now.0);
        let card = |waiting: Waiting| Card {
            session: setup.session,
            id: waiting.id,
            host: setup.host.clone(),
            requester: setup.requester.name.clone(),
            asked: began.saturating_add(waiting.asked.0),
            deadline: began.saturating_add(waiting.deadline.0),
            callers: waiting.callers,
            question: waiting.question,
            votes: waiting.votes,
            missing: waiting.missing,
            findings: waiting.findings,
        };
        self.waiting().into_iter().map(card).collect()
    }

    /// Whether anything waits, without looking at it.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.state().waiting.is_empty()
    }

    /// Answers question `id` in the name of `person`. Reasons are masked already.
    pub fn answer(&self, id: QuestionId, answer: Answer, person: &Approver) -> Answered {
        let now = self.now();
        let mut state = self.state();
        self.tidy(&mut state, now);
        let Some(held) = state.waiting.get_mut(&id) else { return Answered::NotWaiting };
        if let Err(why) = self.may(&held.waiting, &answer, person) {
            return Answered::Refused(why);
        }
        let answered = match answer {
            Answer::Allow(scope, reason) => {
                if !self.count(held, person, reason) {
                    return Answered::Refused(UNRECORDED.to_owned());
                }
                held.scope = held.scope.min(scope);
                let missing = held.waiting.missing.clone();
                match missing.is_empty() {
                    false => Answered::Counted(missing),
                    true if self.grant(&mut state, id, now) => Answered::Settled,
                    true => Answered::Refused(UNRECORDED.to_owned()),
                }
            }
            Answer::Deny(reason) => {
                self.deny(&mut state, id, (person, reason), now);
                Answered::Settled
            }
            Answer::Stop(reason) => {
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                state.stopping.get_or_insert(format!("{} ended it{why}", person.name));
                self.deny(&mut state, id, (person, reason), now);
                Answered::Settled
            }
        };
        drop(state);
        self.changed();
        answered
    }

    /// Adds what was found out about the question's subject; one that does not wait any more is left alone.
    pub fn found(&self, id: QuestionId, findings: Findings) {
        if let Some(held) = self.state().waiting.get_mut(&id) {
            held.waiting.findings = findings;
        }
        self.changed();
    }

    /// Writes down that the question was put before `to`, once for each; `error`: why it did not get there.
    pub fn shown(&self, id: QuestionId, to: &str, via: &str, error: Option<String>) {
        let mut state = self.state();
        let Some(held) = state.waiting.get_mut(&id) else { return };
        if held.shown.insert((to.to_owned(), via.to_owned())) {
            let shown = ApprovalShown { id: id.recorded(), to: to.to_owned(), via: via.to_owned(), error };
            self.write(&Event::ApprovalShown(shown));
        }
    }

    /// Writes down that somebody tried to answer who must not; `message`: who and why not, masked.
    pub fn intruded(&self, message: &str) {
        self.write(&Event::Alert(Alert {
            name: "approval-from-inside".to_owned(),
            message: message.to_owned(),
            ..Alert::default()
        }));
    }

    /// Refuses all that waits and all that will be asked: `reason` completes "it waited for approval when …".
    pub fn close(&self, reason: impl Into<String>) {
        let refusal = Refusal::Closed(reason.into());
        let now = self.now();
        let mut state = self.state();
        let all: Vec<QuestionId> = state.waiting.keys().copied().collect();
        for id in all {
            self.settle(&mut state, id, (Outcome::Denied(refusal.clone()), None), now);
        }
        if state.closed.is_none() {
            let ended = "the session ended";
            state.grants.drain(..).for_each(|grant| self.expire(&grant, ended));
            state.kept.drain(..).for_each(|kept| self.expire_kept(&kept, ended));
            state.closed = Some(refusal);
        }
        drop(state);
        self.changed();
    }

    /// Who wants the session to end and why, as a sentence without a full stop.
    #[must_use]
    pub fn stopping(&self) -> Option<String> {
        self.state().stopping.clone()
    }

    /// How a question ended, while it is among the last 256 that did.
    #[must_use]
    pub fn ended(&self, id: QuestionId) -> Option<Outcome> {
        self.state().ended.iter().find(|(ended, _)| *ended == id).map(|(_, outcome)| outcome.clone())
    }

    /// The time that [`Card::deadline`] is compared with, in microseconds since the Unix epoch.
    #[must_use]
    pub fn unix_micros(&self) -> u64 {
        self.0.setup.clock.unix_micros()
    }

    /// What became of all questions so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.state().tally.clone()
    }

    /// How long until `waiting` has the time left.
    #[must_use]
    pub fn time_left(&self, waiting: &Waiting) -> Duration {
        self.left(waiting.deadline)
    }

    /// Until `time`.
    pub(super) fn left(&self, time: Micros) -> Duration {
        Duration::from_micros(time.0.saturating_sub(self.now().0))
    }

    /// Refuses what has waited too long.
    pub(super) fn refuse_overdue(&self) {
        let before = self.state().waiting.len();
        if self.waiting().len() != before {
            self.changed();
        }
    }

    /// For which question `caller` waits, and until when.
    pub(super) fn waits_for(&self, caller: u64) -> Option<(QuestionId, Micros)> {
        let state = self.state();
        let held = state.waiting.values().find(|held| held.has(caller))?;
        Some((held.waiting.id, held.waiting.deadline))
    }

    /// A caller went away, to be back within a time; none: for good. What nobody waits for now, and until when it goes on.
    pub(super) fn left_by(&self, caller: u64, back: Option<Duration>) -> Option<(QuestionId, Micros)> {
        let now = self.now();
        let mut state = self.state();
        let held = state.waiting.values_mut().find(|held| held.has(caller))?;
        held.callers.retain(|waits| waits.number != caller);
        held.waiting.callers = held.callers.len();
        let mut left = None;
        if held.callers.is_empty() {
            let (id, can_return) = (held.waiting.id, held.waiting.question.binding().is_some());
            match back.filter(|_| can_return) {
                Some(time) => {
                    let window = Micros::from(time.saturating_add(RETRY_WINDOW)).0;
                    let until = Micros(now.0.saturating_add(window));
                    held.alone_until = Some(until);
                    left = Some((id, until));
                }
                None => drop(self.settle(&mut state, id, (Outcome::Denied(Refusal::Gone), None), now)),
            }
        }
        drop(state);
        self.changed();
        left
    }

    /// Ends a question that nobody has waited for since it was left.
    pub(super) fn withdraw(&self, id: QuestionId, until: Micros) {
        let now = self.now();
        let mut state = self.state();
        if state.waiting.get(&id).is_none_or(|held| held.alone_until != Some(until)) {
            return;
        }
        self.settle(&mut state, id, (Outcome::Denied(Refusal::Gone), None), now);
        drop(state);
        self.changed();
    }

    /// A yes to one call that did not reach it.
    pub(super) fn give_back(&self, id: QuestionId, binding: Option<String>, by: String) {
        let now = self.now();
        self.state().keep(id, binding, by, now);
    }

    pub(super) fn now(&self) -> Micros {
        self.0.setup.clock.elapsed()
    }

    pub(super) fn setup(&self) -> &Setup {
        &self.0.setup
    }

    /// Whether it is in the record now.
    pub(super) fn write(&self, event: &Event) -> bool {
        self.0.setup.journal.write(event).is_ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        // Not under the lock: a listener may look at what waits.
        let listeners = self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).clone();
        listeners.iter().for_each(|listener| listener());
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("waiting", &self.state().waiting.len()).finish_non_exhaustive()
    }
}
