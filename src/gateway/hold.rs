//! What becomes of a client while a person thinks: it is kept waiting, sent away to come again, or it goes.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::interval;
use tokio::time::sleep;

use crate::approval::Left;
use crate::approval::Outcome;
use crate::approval::Pending;
use crate::gateway::core::Core;
use crate::gateway::patience::Attempt;
use crate::gateway::patience::manner;
use crate::gateway::upload::Unread;
use crate::net::Interim;
use crate::types::Caller;
use crate::types::Micros;

/// A client that waits for `100 Continue` sends its body unasked after a second or a few; until then it is not asked to.
const EXPECTING: Duration = Duration::from_secs(4);

/// How often it is looked whether the process of a client that went away has ended, and how often at most: as long as its
/// question goes on.
const LOOK_EVERY: Duration = Duration::from_millis(250);
const MOST_LOOKS: u32 = 60;

/// Whoever waits.
pub struct Waits<'a> {
    /// As the client calls itself.
    pub agent: &'a str,
    /// Which attempt of which call it is, where the client says so.
    pub attempt: Option<Attempt>,
    /// Its process, where it is known.
    pub caller: Caller,
    /// What it sends.
    pub body: &'a Unread,
    /// How it is spoken to.
    pub interim: &'a Interim,
}

/// The answer to a question; or when the client is to come again, since it would give up.
pub async fn hold(
    core: &Arc<Core>,
    waits: &Waits<'_>,
    question: Pending,
    ttl: Duration,
) -> Result<Outcome, Duration> {
    let mut held = Held { core, waits, since: core.clock.elapsed(), question: Some(question) };
    let manner = manner(waits.agent);
    let mut remind = manner.map(|manner| interval(manner.every));
    let mut left = manner.map_or(0, |manner| manner.most);
    if let Some(remind) = &mut remind {
        // The first is at once.
        remind.tick().await;
    }
    let pause = waits.attempt.as_ref().and_then(|attempt| core.patience.pause(attempt, ttl));
    let mut away = pin!(async {
        match pause {
            Some(pause) => {
                sleep(pause.after).await;
                pause.back
            }
            None => pending().await,
        }
    });
    let mut ahead = pin!(async {
        if waits.body.waits() {
            sleep(EXPECTING).await;
        }
        waits.body.read_ahead(&core.ahead).await;
        pending::<()>().await;
    });
    loop {
        let remind = async {
            match &mut remind {
                Some(remind) if left > 0 => remind.tick().await,
                _ => pending().await,
            }
        };
        tokio::select! {
            outcome = held.answer() => return Ok(outcome),
            _ = remind => {
                left -= 1;
                waits.interim.send();
            }
            () = &mut ahead => {}
            back = &mut away => {
                held.send_away(back);
                return Err(back);
            }
        }
    }
}

/// Dropped without an answer, the client has gone.
struct Held<'a> {
    core: &'a Arc<Core>,
    waits: &'a Waits<'a>,
    since: Micros,
    question: Option<Pending>,
}

impl Held<'_> {
    async fn answer(&mut self) -> Outcome {
        let Some(question) = &mut self.question else { return pending().await };
        let outcome = question.answer().await;
        self.question = None;
        outcome
    }

    fn send_away(&mut self, back: Duration) {
        if let Some(question) = self.question.take() {
            question.leave(back);
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let Some(question) = self.question.take() else { return };
        let waited = self.core.clock.elapsed().0.saturating_sub(self.since.0);
        if let Some(attempt) = &self.waits.attempt {
            self.core.patience.gave_up(attempt, Duration::from_micros(waited));
        }
        let left = question.leave(Duration::ZERO);
        if let (Some(left), Ok(runtime)) = (left, Handle::try_current()) {
            runtime.spawn(withdraw(self.core.clone(), self.waits.caller, left));
        }
    }
}

/// Ends the question of a client when its process ends, as nobody will come back for the answer then, or when it could have
/// been back.
async fn withdraw(core: Arc<Core>, caller: Caller, left: Left) {
    for _ in 0..MOST_LOOKS {
        if core.has_ended(&caller) {
            break;
        }
        sleep(LOOK_EVERY).await;
    }
    left.for_good();
}
