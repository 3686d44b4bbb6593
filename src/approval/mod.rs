//! Questions that wait for people: who asks, who may answer, what was answered, and how far a yes reaches.
//!
//! Whoever holds something back asks the [`Broker`] and awaits. Whoever shows questions (the session's prompt, the
//! control socket, the notifier) is told of changes, lists what waits and answers. Nobody to answer, no answer in time,
//! or the end of the session mean no. Everything that happens to a question is in the record before it has an effect.

mod broker;
mod card;
mod grant;
mod pending;
mod people;
mod question;
mod state;
mod tally;
#[cfg(test)]
mod tests;

pub use broker::Answered;
pub use broker::Broker;
pub use broker::Setup;
pub use card::Card;
pub use pending::Left;
pub use pending::Pending;
pub use people::Approver;
pub use people::Requester;
pub use people::Via;
pub use people::Vote;
pub use people::Ways;
pub use question::Answer;
pub use question::Difference;
pub use question::Fact;
pub use question::Findings;
pub use question::Outcome;
pub use question::Question;
pub use question::QuestionId;
pub use question::Refusal;
pub use question::Scope;
pub use question::Subject;
pub use question::Waiting;
pub use tally::Refused;
pub use tally::Tally;
