//! The format of `audit.jsonl`: what happened in a session, one JSON object a line, chained by hashes.
//!
//! A line holds `seq` (0, 1, 2 …), `t` (microseconds since the session began), `type` and the fields of that type
//! (see [`Event`]), `prev` (the hash of the line before; for the first line [`genesis`], which binds the file to its
//! session) and `hash`: SHA-256, in hexadecimal, over the exact text of the line before `,"hash":`.
//!
//! ```text
//! {"seq":4,"t":81234,"type":"call.end","call":1,"outcome":"answered","status":200,"prev":"…","hash":"…"}
//! ```
//!
//! Fields are only ever added; readers ignore fields they do not know and keep events of unknown types as they are.

mod chain;
mod event;
mod reader;
mod verify;

pub use chain::Chain;
pub use chain::MAX_LINE;
pub use chain::genesis;
pub use event::Alert;
pub use event::AlertAction;
pub use event::Answer;
pub use event::ApprovalAnswered;
pub use event::ApprovalAsked;
pub use event::BodyRef;
pub use event::CallBegin;
pub use event::CallEnd;
pub use event::Checkpoint;
pub use event::CommandEnd;
pub use event::CommandStart;
pub use event::Credential;
pub use event::Decision;
pub use event::End;
pub use event::EndReason;
pub use event::Event;
pub use event::Lost;
pub use event::Mask;
pub use event::Outcome;
pub use event::PolicyUsed;
pub use event::Start;
pub use event::Via;
pub use reader::Line;
pub use reader::Reader;
pub use verify::Fault;
pub use verify::Summary;
pub use verify::Verifier;
pub use verify::verify;
