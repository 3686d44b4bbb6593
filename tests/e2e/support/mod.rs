//! What the end-to-end tests stand on: a home of their own, an AWS emulator, a terminal.

pub mod home;
pub mod moto;
