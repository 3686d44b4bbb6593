//! Somebody who waits for an answer.

use std::fmt;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::approval::broker::Broker;
use crate::approval::question::Outcome;
use crate::approval::question::QuestionId;
use crate::approval::question::Refusal;
use crate::approval::question::Scope;
use crate::types::Micros;

/// Between two looks whether the time is over, at least.
const LOOK: Duration = Duration::from_millis(20);

/// Waits for an answer. Dropped without one, the question goes on for a while: clients that gave up come back.
pub struct Pending {
    broker: Broker,
    receiver: oneshot::Receiver<Outcome>,
    /// The question that was put, or joined; `None`: it was answered at once.
    put: Option<QuestionId>,
    binding: Option<String>,
    /// It waits still.
    waits: bool,
    caller: u64,
}

/// A question whose last caller went away before it was answered.
#[derive(Debug)]
pub struct Left {
    broker: Broker,
    question: QuestionId,
    /// How long it goes on.
    until: Micros,
}

impl Pending {
    pub(super) fn new(
        broker: &Broker,
        receiver: oneshot::Receiver<Outcome>,
        (put, caller): (Option<QuestionId>, u64),
        binding: Option<String>,
    ) -> Self {
        Self { broker: broker.clone(), receiver, put, binding, waits: put.is_some(), caller }
    }

    /// The question that waits: another one than at first, where a yes to one call was for somebody else's. `None`: it is
    /// answered.
    #[must_use]
    pub fn question(&self) -> Option<QuestionId> {
        self.broker.waits_for(self.caller).filter(|_| self.waits).map(|(id, _)| id)
    }

    /// The answer, once there is one: at the latest when its time is over.
    pub async fn answer(&mut self) -> Outcome {
        loop {
            let deadline = self.broker.waits_for(self.caller).map(|(_, deadline)| deadline);
            let left = deadline.map_or(LOOK, |deadline| self.broker.left(deadline).max(LOOK));
            tokio::select! {
                answered = &mut self.receiver => {
                    self.waits = false;
                    return answered.unwrap_or(Outcome::Denied(closed()));
                }
                () = tokio::time::sleep(left) => self.broker.refuse_overdue(),
            }
        }
    }

    /// The answer, if there is one.
    pub fn try_answer(&mut self) -> Option<Outcome> {
        if self
            .broker
            .waits_for(self.caller)
            .is_some_and(|(_, deadline)| self.broker.left(deadline).is_zero())
        {
            self.broker.refuse_overdue();
        }
        let outcome = match self.receiver.try_recv() {
            Ok(outcome) => outcome,
            Err(oneshot::error::TryRecvError::Empty) => return None,
            Err(oneshot::error::TryRecvError::Closed) => Outcome::Denied(closed()),
        };
        self.waits = false;
        Some(outcome)
    }

    /// Nobody will need the answer: the question ends, unless others wait for it.
    pub fn withdraw(mut self) {
        if std::mem::take(&mut self.waits) {
            self.broker.left_by(self.caller, None);
        }
    }

    /// Goes away before there is an answer, to come back within `time` or shortly after. The question that nobody waits for
    /// now, if so.
    pub fn leave(mut self, time: Duration) -> Option<Left> {
        if !std::mem::take(&mut self.waits) {
            return None;
        }
        self.give_back();
        let (question, until) = self.broker.left_by(self.caller, Some(time))?;
        Some(Left { broker: self.broker.clone(), question, until })
    }

    /// A yes that came in the very moment: the next attempt has it.
    fn give_back(&mut self) {
        if let (Ok(Outcome::Allowed { scope: Scope::Once, by }), Some(id)) =
            (self.receiver.try_recv(), self.put)
        {
            self.broker.give_back(id, self.binding.take(), by);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.waits {
            self.give_back();
            self.broker.left_by(self.caller, Some(Duration::ZERO));
        }
    }
}

impl Left {
    /// Whoever went away will not come back: the question ends, unless somebody has waited for it since.
    pub fn for_good(self) {
        self.broker.withdraw(self.question, self.until);
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("caller", &self.caller)
            .field("waits", &self.waits)
            .finish_non_exhaustive()
    }
}

fn closed() -> Refusal {
    Refusal::Closed("hoop-run ended".to_owned())
}
