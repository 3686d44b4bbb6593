//! The policy: IAM-like statements with a third effect, `ask`. Reads it, checks it, decides by it, explains it.

pub mod actions;
pub mod arn;
pub mod builtin;
pub mod command;
pub mod compile;
pub mod condition;
mod decide;
pub mod decision;
pub mod explain;
pub mod key;
pub mod load;
pub mod model;
pub mod operator;
mod parse;
pub mod path;
pub mod pattern;
pub mod request;
pub mod set;
pub mod statement;

pub use actions::Actions;
pub use actions::ListedActions;
pub use actions::NoActions;
pub use command::CommandVerdict;
pub use decision::Approvers;
pub use decision::Decision;
pub use model::CommandEffect;
pub use model::Policy;
pub use request::Principal;
pub use request::Request;
pub use set::PolicySet;
