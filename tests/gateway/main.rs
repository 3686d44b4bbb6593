//! The gateway from outside: a client with the child's environment on one side, an upstream that checks the real
//! signature on the other.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod alone;
mod bounds;
#[path = "../support/broker.rs"]
mod broker;
mod client;
mod credentials;
mod egress;
mod events;
mod h2;
mod held;
mod hosts;
mod javascript;
mod live;
mod looking;
mod looking_documented;
mod looking_more;
mod masking;
mod minted;
mod modes;
mod moto;
mod refusals;
mod robust;
mod roles;
mod scopes;
mod session_role;
mod sources;
mod streams;
mod strict;
mod upstream;
mod websockets;
mod world;
