//! Telling people elsewhere that a question waits, and the page that takes their answers: real sessions with real calls, a
//! server that checks what it is told, and a real browser.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]

mod browser;
mod configured;
mod hooks;
mod page;
mod stub;
mod world;
