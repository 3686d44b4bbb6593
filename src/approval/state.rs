//! What a broker knows, and how questions come to their end. Every step is written down before it has an effect.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::approval::broker::Broker;
use crate::approval::grant::Grant;
use crate::approval::people::Approver;
use crate::approval::people::Vote;
use crate::approval::people::missing;
use crate::approval::question::Answer;
use crate::approval::question::Findings;
use crate::approval::question::Outcome;
use crate::approval::question::Question;
use crate::approval::question::QuestionId;
use crate::approval::question::Refusal;
use crate::approval::question::Scope;
use crate::approval::question::Waiting;
use crate::approval::tally::MOST_REFUSED;
use crate::approval::tally::Refused;
use crate::approval::tally::Tally;
use crate::audit;
use crate::audit::ApprovalAnswered;
use crate::audit::ApprovalAsked;
use crate::audit::ApprovalExpired;
use crate::audit::ApprovalJoined;
use crate::audit::ApprovalUsed;
use crate::audit::ApprovalVote;
use crate::audit::Event;
use crate::types::Micros;

/// Questions that may wait at once; one more is refused at once.
const MOST_WAITING: usize = 256;
/// Yeses beyond one call that are remembered; further ones count once.
const MOST_GRANTS: usize = 4096;
/// How long a question goes on without anybody waiting: SDKs that gave up come back within seconds.
pub(super) const RETRY_WINDOW: Duration = Duration::from_secs(15);
/// How long an answer that nobody was there for is kept.
const KEPT: Duration = Duration::from_secs(60);
/// Outcomes that are remembered for those who tell of them.
const MOST_ENDED: usize = 256;

#[derive(Default)]
pub(super) struct State {
    next: u64,
    pub(super) next_caller: u64,
    pub(super) waiting: BTreeMap<QuestionId, Held>,
    pub(super) grants: Vec<Grant>,
    /// Yeses to single calls that nobody was there for.
    pub(super) kept: Vec<Kept>,
    /// Why every question is refused at once, if so.
    pub(super) closed: Option<Refusal>,
    /// Who wants the session to end, and why.
    pub(super) stopping: Option<String>,
    pub(super) tally: Tally,
    /// How the last questions ended, oldest first.
    pub(super) ended: VecDeque<(QuestionId, Outcome)>,
}

/// Somebody who waits for the answer.
pub(super) struct Caller {
    pub(super) number: u64,
    /// As this caller would ask it.
    pub(super) question: Question,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// A question that waits, and for whom.
pub(super) struct Held {
    pub(super) waiting: Waiting,
    pub(super) callers: Vec<Caller>,
    /// Nobody waits for it: how long it goes on.
    pub(super) alone_until: Option<Micros>,
    /// To whom it was shown, and where.
    pub(super) shown: BTreeSet<(String, String)>,
    /// As far as the most careful of those who said yes wants it to reach.
    pub(super) scope: Scope,
}

/// A yes to a single call, for its retry.
pub(super) struct Kept {
    id: QuestionId,
    /// What the retry is known by.
    binding: String,
    by: String,
    until: Micros,
}

impl Held {
    /// A question in the words of the first of `callers`.
    pub(super) fn new(id: QuestionId, asked: Micros, callers: Vec<Caller>) -> Self {
        let question = callers.first().map(|caller| caller.question.clone()).unwrap_or_default();
        let missing = missing(&question.needs, &[]);
        let waiting = Waiting {
            id,
            deadline: Micros(asked.0.saturating_add(Micros::from(question.ttl).0)),
            question,
            asked,
            callers: callers.len(),
            votes: Vec::new(),
            missing,
            findings: Findings::default(),
        };
        Self { waiting, callers, alone_until: None, shown: BTreeSet::new(), scope: Scope::Session }
    }

    /// Whether a question with this binding is the same one.
    pub(super) fn is_asked_by(&self, binding: Option<&str>) -> bool {
        binding.is_some() && self.waiting.question.binding().as_deref() == binding
    }

    pub(super) fn has(&self, caller: u64) -> bool {
        self.callers.iter().any(|waits| waits.number == caller)
    }
}

impl State {
    /// Keeps a yes to a single call for its next attempt.
    pub(super) fn keep(&mut self, id: QuestionId, binding: Option<String>, by: String, now: Micros) {
        let until = Micros(now.0.saturating_add(Micros::from(KEPT).0));
        // What is like no other has no retry that could be known.
        self.kept.extend(binding.map(|binding| Kept { id, binding, by, until }));
    }
}

/// Who of `callers` has a yes that is for one call: the latest attempt of the call that came first. Its earlier attempts,
/// and all others.
fn one_of(callers: Vec<Caller>) -> (Option<Caller>, Vec<Caller>, Vec<Caller>) {
    let invocation = callers.first().map(|first| first.question.invocation.clone()).unwrap_or_default();
    let (mut same, mut others): (Vec<Caller>, Vec<Caller>) = match invocation.is_empty() {
        true => (Vec::new(), callers),
        false => callers.into_iter().partition(|caller| caller.question.invocation == invocation),
    };
    let one = same.pop().or_else(|| (!others.is_empty()).then(|| others.remove(0)));
    (one, same, others)
}

impl Broker {
    /// The answer to a question that nobody has to think about.
    pub(super) fn answer_at_once(&self, state: &mut State, question: &Question) -> Option<Outcome> {
        let setup = self.setup();
        let ways = setup.ways;
        let nobody = match (&state.closed, question.needs.is_empty()) {
            (Some(refusal), _) => Some(refusal.clone()),
            _ if !ways.terminal && !ways.remote => Some(Refusal::Nobody(setup.nobody.clone())),
            (None, false) if !ways.remote => {
                let needed = missing(&question.needs, &[]).join(", and ");
                Some(Refusal::Nobody(format!(
                    "{needed} would have to answer, who cannot be reached from here"
                )))
            }
            _ => None,
        };
        if let Some(refusal) = nobody {
            return Some(self.refuse_at_once(state, question, refusal));
        }
        if let Some(grant) = state.grants.iter_mut().find(|grant| grant.covers(question)) {
            grant.used += 1;
            let (id, scope, by) = (grant.id, grant.scope, grant.by.clone());
            return Some(self.use_yes(state, question, id, Outcome::Allowed { scope, by }));
        }
        let binding = question.binding();
        let kept = state.kept.iter().position(|kept| Some(&kept.binding) == binding.as_ref());
        if let Some(kept) = kept.map(|place| state.kept.swap_remove(place)) {
            let outcome = Outcome::Allowed { scope: Scope::Once, by: kept.by };
            return Some(self.use_yes(state, question, kept.id, outcome));
        }
        let is_new = !state.waiting.values().any(|held| held.is_asked_by(binding.as_deref()));
        (is_new && state.waiting.len() >= MOST_WAITING).then(|| {
            let refusal = Refusal::Nobody(format!("{MOST_WAITING} others wait already"));
            self.refuse_at_once(state, question, refusal)
        })
    }

    /// Gives a new question its name, and writes it down.
    pub(super) fn put(&self, state: &mut State, question: &Question) -> Option<QuestionId> {
        state.next += 1;
        let id = QuestionId(state.next);
        let asked = ApprovalAsked {
            id: id.recorded(),
            call: question.call,
            question: question.line(),
            rule: Some(question.rule.clone()).filter(|rule| !rule.is_empty()),
            needs: question.needs.iter().map(ToString::to_string).collect(),
            fingerprint: question.fingerprint.clone(),
            ttl: Micros::from(question.ttl),
        };
        if !self.write(&Event::ApprovalAsked(asked)) {
            return None;
        }
        state.tally.asked += 1;
        Some(id)
    }

    fn refuse_at_once(&self, state: &mut State, question: &Question, refusal: Refusal) -> Outcome {
        let Some(id) = self.put(state, question) else { return Outcome::Denied(Refusal::Unrecorded) };
        state.tally.count_refused(question, &refusal);
        let answered = ApprovalAnswered {
            id: id.recorded(),
            call: question.call,
            answer: refusal.recorded(),
            reason: Some(refusal.to_string()),
            ..ApprovalAnswered::default()
        };
        self.write(&Event::ApprovalAnswered(answered));
        Outcome::Denied(refusal)
    }

    fn use_yes(&self, state: &mut State, question: &Question, id: QuestionId, outcome: Outcome) -> Outcome {
        let used = ApprovalUsed { id: id.recorded(), call: question.call, question: question.line() };
        if !self.write(&Event::ApprovalUsed(used)) {
            return Outcome::Denied(Refusal::Unrecorded);
        }
        state.tally.used += 1;
        outcome
    }

    /// Whether `person` can answer so.
    pub(super) fn may(&self, waiting: &Waiting, answer: &Answer, person: &Approver) -> Result<(), String> {
        let requester = &self.setup().requester;
        let needs = &waiting.question.needs;
        let is_yes = matches!(answer, Answer::Allow(..));
        if needs.is_empty() {
            let owner = &requester.name;
            let why =
                format!("the rule names no approvers, so that only {owner}, whose session it is, answers");
            return if person.is_owner { Ok(()) } else { Err(why) };
        }
        if requester.is(person) {
            let why = "nobody approves their own request where the rule names approvers";
            return if is_yes { Err(why.to_owned()) } else { Ok(()) };
        }
        if !needs.iter().any(|need| need.admit(&person.name, &person.groups)) {
            let wanted: Vec<String> = needs.iter().map(ToString::to_string).collect();
            let groups = match person.groups.as_slice() {
                [] => "in no group".to_owned(),
                groups => format!("in {}", groups.join(", ")),
            };
            return Err(format!("the rule wants {}, and {} is {groups}", wanted.join(" and "), person.name));
        }
        if is_yes && waiting.votes.iter().any(|vote| vote.key == person.key || vote.by == person.name) {
            return Err(format!("{} has said yes already, and people are counted", person.name));
        }
        Ok(())
    }

    /// Adds a yes. One of several is written down by itself; whether it counts.
    pub(super) fn count(&self, held: &mut Held, person: &Approver, reason: String) -> bool {
        let waiting = &mut held.waiting;
        let vote = Vote {
            by: person.name.clone(),
            groups: person.groups.clone(),
            key: person.key.clone(),
            via: person.via,
            reason,
        };
        let said = ApprovalVote {
            id: waiting.id.recorded(),
            by: vote.by.clone(),
            identity: vote.key.clone(),
            via: vote.via.as_str().to_owned(),
            reason: Some(vote.reason.clone()).filter(|reason| !reason.is_empty()),
        };
        waiting.votes.push(vote);
        let missing = missing(&waiting.question.needs, &waiting.votes);
        if !missing.is_empty() && !self.write(&Event::ApprovalVote(said)) {
            waiting.votes.pop();
            return false;
        }
        waiting.missing = missing;
        true
    }

    /// All who were needed have said yes; whether it is in the record and so counts.
    pub(super) fn grant(&self, state: &mut State, id: QuestionId, now: Micros) -> bool {
        let Some(held) = state.waiting.get(&id) else { return false };
        let names: Vec<&str> = held.waiting.votes.iter().map(|vote| vote.by.as_str()).collect();
        let by = names.join(" and ");
        let room = state.grants.len() < MOST_GRANTS;
        let scope = if room { held.scope } else { Scope::Once };
        let grant = Grant::new(id, &held.waiting.question, scope, &by, now);
        let answered = of_votes(&held.waiting.votes, scope);
        if !self.settle(state, id, (Outcome::Allowed { scope, by: by.clone() }, Some(answered)), now) {
            return false;
        }
        let Some(grant) = grant else { return true };
        // It covers what waits already, too.
        let covered = |held: &Held| grant.covers(&held.waiting.question);
        let others: Vec<QuestionId> =
            state.waiting.iter().filter(|(_, held)| covered(held)).map(|(id, _)| *id).collect();
        for other in others {
            let answered = ApprovalAnswered {
                by: Some(by.clone()),
                reason: Some(format!("covered by the answer to {}", id.recorded())),
                scope: Some(scope.to_string()),
                ..ApprovalAnswered::default()
            };
            self.settle(state, other, (Outcome::Allowed { scope, by: by.clone() }, Some(answered)), now);
        }
        state.grants.push(grant);
        true
    }

    /// Somebody said no.
    pub(super) fn deny(
        &self,
        state: &mut State,
        id: QuestionId,
        (person, reason): (&Approver, String),
        now: Micros,
    ) {
        let answered = ApprovalAnswered {
            by: Some(person.name.clone()),
            identity: Some(person.key.clone()).filter(|key| !key.is_empty()),
            via: Some(person.via.as_str().to_owned()),
            ..ApprovalAnswered::default()
        };
        let refusal = Refusal::Person { by: person.name.clone(), reason };
        self.settle(state, id, (Outcome::Denied(refusal), Some(answered)), now);
    }

    /// Ends a question; whether its outcome is in the record and so counts.
    pub(super) fn settle(
        &self,
        state: &mut State,
        id: QuestionId,
        (outcome, answered): (Outcome, Option<ApprovalAnswered>),
        now: Micros,
    ) -> bool {
        let Some(held) = state.waiting.remove(&id) else { return false };
        let waiting = &held.waiting;
        let answered = answered.unwrap_or_default();
        let (answer, reason) = match &outcome {
            Outcome::Allowed { .. } => (audit::Answer::Granted, answered.reason.clone()),
            Outcome::Denied(refusal) => (refusal.recorded(), Some(refusal.to_string())),
        };
        let written = self.write(&Event::ApprovalAnswered(ApprovalAnswered {
            id: id.recorded(),
            call: waiting.question.call,
            answer,
            reason,
            took: Micros(now.0.saturating_sub(waiting.asked.0)),
            ..answered
        }));
        let outcome = if written { outcome } else { Outcome::Denied(Refusal::Unrecorded) };
        match &outcome {
            Outcome::Allowed { .. } => state.tally.granted += 1,
            Outcome::Denied(refusal) => state.tally.count_refused(&waiting.question, refusal),
        }
        if state.ended.len() == MOST_ENDED {
            state.ended.pop_front();
        }
        state.ended.push_back((id, outcome.clone()));
        let Outcome::Allowed { scope: Scope::Once, by } = &outcome else {
            // One that has gone does not hear it.
            held.callers.into_iter().for_each(|caller| drop(caller.answer.send(outcome.clone())));
            return written;
        };
        let (one, earlier, others) = one_of(held.callers);
        let is_heard = one.is_some_and(|one| one.answer.send(outcome.clone()).is_ok());
        if !is_heard {
            state.keep(id, held.waiting.question.binding(), by.clone(), now);
        }
        for attempt in earlier {
            let _ = attempt.answer.send(Outcome::Denied(Refusal::TriedAgain));
        }
        self.ask_again(state, others, now);
        written
    }

    /// A yes was for one call, and these are others like it: they go on waiting, for a question of their own.
    fn ask_again(&self, state: &mut State, callers: Vec<Caller>, now: Micros) {
        let Some(first) = callers.first() else { return };
        let id = self.put(state, &first.question).filter(|id| {
            callers.iter().skip(1).all(|caller| {
                let call = caller.question.call;
                self.write(&Event::ApprovalJoined(ApprovalJoined { id: id.recorded(), call }))
            })
        });
        match id {
            Some(id) => drop(state.waiting.insert(id, Held::new(id, now, callers))),
            None => callers.into_iter().for_each(|caller| {
                drop(caller.answer.send(Outcome::Denied(Refusal::Unrecorded)));
            }),
        }
    }

    /// Ends what has waited too long, and yeses whose time is over.
    pub(super) fn tidy(&self, state: &mut State, now: Micros) {
        let over = |held: &Held| {
            let alone = held.alone_until.is_some_and(|until| now > until);
            match held.waiting.deadline <= now {
                true => Some(Refusal::TimedOut(held.waiting.question.ttl)),
                false => alone.then_some(Refusal::Gone),
            }
        };
        let over: Vec<(QuestionId, Refusal)> =
            state.waiting.iter().filter_map(|(id, held)| Some((*id, over(held)?))).collect();
        for (id, refusal) in over {
            self.settle(state, id, (Outcome::Denied(refusal), None), now);
        }
        for grant in state.grants.extract_if(.., |grant| grant.is_over(now)) {
            self.expire(&grant, "its time is over");
        }
        for kept in state.kept.extract_if(.., |kept| kept.until <= now) {
            self.expire_kept(&kept, "nobody came back for it");
        }
    }

    pub(super) fn expire(&self, grant: &Grant, reason: &str) {
        let expired =
            ApprovalExpired { id: grant.id.recorded(), reason: reason.to_owned(), used: grant.used };
        self.write(&Event::ApprovalExpired(expired));
    }

    pub(super) fn expire_kept(&self, kept: &Kept, reason: &str) {
        let expired = ApprovalExpired { id: kept.id.recorded(), reason: reason.to_owned(), used: 0 };
        self.write(&Event::ApprovalExpired(expired));
    }
}

/// Who said yes, how and why, for the record.
fn of_votes(votes: &[Vote], scope: Scope) -> ApprovalAnswered {
    let joined = |texts: Vec<&str>| Some(texts.join(" and ")).filter(|text| !text.is_empty());
    let mut ways: Vec<&str> = votes.iter().map(|vote| vote.via.as_str()).collect();
    ways.dedup();
    let reasons = votes.iter().map(|vote| vote.reason.as_str()).filter(|reason| !reason.is_empty()).collect();
    ApprovalAnswered {
        by: joined(votes.iter().map(|vote| vote.by.as_str()).collect()),
        identity: joined(votes.iter().map(|vote| vote.key.as_str()).collect()),
        via: joined(ways),
        reason: joined(reasons),
        scope: Some(scope.to_string()),
        ..ApprovalAnswered::default()
    }
}

impl Tally {
    fn count_refused(&mut self, question: &Question, refusal: &Refusal) {
        self.not_granted += 1;
        if self.refused.len() < MOST_REFUSED {
            self.refused.push(Refused { question: question.line(), why: refusal.to_string() });
        }
    }
}
