//! What the client tests stand on: a home of their own, and moto behind a strict door.

#[path = "../../e2e/support/home.rs"]
pub mod home;
pub mod moto;
