//! Somebody who waits for an answer.

use std::fmt;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::approval::broker::Broker;
use crate::approval::question::Outcome;
use crate::approval::question::QuestionId;
use crate::approval::question::Refusal;
use crate::types::Micros;

/// Between two looks whether the time is over, at least.
const LOOK: Duration = Duration::from_millis(20);

/// Waits for an answer. Dropped without one, the question goes on for a while: clients that gave up come back.
pub struct Pending {
    broker: Broker,
    receiver: oneshot::Receiver<Outcome>,
    question: Option<QuestionId>,
    caller: u64,
    deadline: Micros,
}

impl Pending {
    pub(super) fn new(
        broker: &Broker,
        receiver: oneshot::Receiver<Outcome>,
        (question, caller): (Option<QuestionId>, u64),
        deadline: Micros,
    ) -> Self {
        Self { broker: broker.clone(), receiver, question, caller, deadline }
    }

    /// The question that waits; `None`: it was answered at once.
    #[must_use]
    pub fn question(&self) -> Option<QuestionId> {
        self.question
    }

    /// The answer, once there is one: at the latest when its time is over.
    pub async fn answer(&mut self) -> Outcome {
        loop {
            let left = self.broker.left(self.deadline).max(LOOK);
            tokio::select! {
                answered = &mut self.receiver => {
                    self.question = None;
                    return answered.unwrap_or(Outcome::Denied(closed()));
                }
                () = tokio::time::sleep(left) => self.broker.refuse_overdue(),
            }
        }
    }

    /// The answer, if there is one.
    pub fn try_answer(&mut self) -> Option<Outcome> {
        if self.broker.left(self.deadline).is_zero() {
            self.broker.refuse_overdue();
        }
        let outcome = match self.receiver.try_recv() {
            Ok(outcome) => outcome,
            Err(oneshot::error::TryRecvError::Empty) => return None,
            Err(oneshot::error::TryRecvError::Closed) => Outcome::Denied(closed()),
        };
        self.question = None;
        Some(outcome)
    }

    /// Nobody will need the answer: the question ends, unless others wait for it.
    pub fn withdraw(mut self) {
        if let Some(id) = self.question.take() {
            self.broker.left_by(id, self.caller, true);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(id) = self.question.take() {
            self.broker.left_by(id, self.caller, false);
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("question", &self.question).finish_non_exhaustive()
    }
}

fn closed() -> Refusal {
    Refusal::Closed("hoop-run ended".to_owned())
}
