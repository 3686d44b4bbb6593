//! Questions that wait for a person: who asks, who may answer, and what was answered.
//!
//! The gateway asks and awaits; whoever shows questions (the session's prompt, later `hoopctl approvals`) is woken,
//! lists what waits and answers. Nobody to answer, no answer in time, or the end of the session mean no.

mod broker;
mod question;

pub use broker::Answered;
pub use broker::Broker;
pub use question::Answer;
pub use question::Fact;
pub use question::Outcome;
pub use question::Question;
pub use question::QuestionId;
pub use question::Refusal;
pub use question::Scope;
pub use question::Waiting;
