//! Who is asking: sign-in with a certified provider and with one that lies, renewal, CI tokens, what is kept and who can
//! read it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]

mod code;
mod hits;
mod hostile;
mod keeping;
mod person;
mod real;
mod saml;
mod sts;
mod stub;
#[path = "../support/mod.rs"]
mod terminal;
mod tls;
