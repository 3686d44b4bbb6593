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

mod approval;
mod approvals;
mod call;
mod chain;
mod command;
mod event;
mod reader;
mod verify;

pub use approval::Answer;
pub use approval::ApprovalAnswered;
pub use approval::ApprovalAsked;
pub use approval::ApprovalExpired;
pub use approval::ApprovalJoined;
pub use approval::ApprovalShown;
pub use approval::ApprovalUsed;
pub use approval::ApprovalVote;
pub use approval::Journal;
pub use approvals::Approval;
pub use approvals::Approvals;
pub use approvals::Part;
pub use approvals::Shown;
pub use approvals::Use;
pub use approvals::Voted;
pub use approvals::people;
pub use approvals::reach;
pub use call::BodyRef;
pub use call::CallBegin;
pub use call::CallEnd;
pub use call::Decision;
pub use call::Outcome;
pub use call::Via;
pub use chain::Chain;
pub use chain::MAX_LINE;
pub use chain::genesis;
pub use command::CommandEnd;
pub use command::CommandFailed;
pub use command::CommandFailure;
pub use command::CommandStart;
pub use command::CommandTyped;
pub use command::command_line;
pub use event::Alert;
pub use event::AlertAction;
pub use event::Checkpoint;
pub use event::Credential;
pub use event::End;
pub use event::EndReason;
pub use event::Event;
pub use event::IdentityUsed;
pub use event::Imported;
pub use event::Lost;
pub use event::Mask;
pub use event::PolicyUsed;
pub use event::Start;
pub use event::Terminal;
pub use reader::Line;
pub use reader::Reader;
pub use verify::Fault;
pub use verify::Summary;
pub use verify::Verifier;
pub use verify::verify;
