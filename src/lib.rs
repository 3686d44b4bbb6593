//! hoop: a recorder, a policy gate and a secret mask between an AI agent and AWS.
//!
//! Layers, top to bottom; imports only go down, and modules of one layer are strangers
//! (`tests/architecture.rs` checks it):
//!
//! ```text
//! cli                                               arguments, composition, printing, exit codes
//! session  gateway  control  replay                 engines: terminal side, AWS side, approvers' side, viewer
//! policy  identity  creds  approval  record  export services: decide, who, sign with, ask, remember, share
//! sys  term  query  cast  audit  aws  net  mask  config  store  tools: each knows one thing
//! error  types  clock  lines  pattern               words everybody uses
//! ```

pub mod approval;
pub mod audit;
pub mod aws;
pub mod cast;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod creds;
pub mod error;
pub mod export;
pub mod gateway;
pub mod identity;
pub mod lines;
pub mod mask;
pub mod net;
pub mod pattern;
pub mod policy;
pub mod query;
pub mod record;
pub mod replay;
pub mod sandbox;
pub mod session;
pub mod store;
pub mod sys;
pub mod term;
pub mod types;
