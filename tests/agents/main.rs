//! Real AI agents behind hoop-run: installed from npm by `scripts/setup.sh test`, told what to do by a model of ours
//! that follows a script, at work against an AWS emulator.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::missing_docs_in_private_items,
    missing_docs,
    reason = "a panic is how a test reports; real programs are waited for in real time"
)]

mod agent;
mod attended;
mod held;
mod model;
mod ordinary;
mod record;
mod scenario;
#[allow(dead_code, reason = "the end-to-end tests' support; each test program uses a part of it")]
#[path = "../e2e/support/mod.rs"]
mod support;
#[path = "../support/mod.rs"]
mod terminal;

use agent::CLAUDE_CODE;
use agent::CODEX;

#[test]
fn claude_code_works_behind_hoop_run_and_everything_it_did_is_on_record() {
    scenario::play(&CLAUDE_CODE);
}

#[test]
fn a_person_is_asked_while_claude_code_works_and_its_screen_comes_back() {
    attended::play(&CLAUDE_CODE, &["/exit", "\r"]);
}

#[test]
fn codex_works_behind_hoop_run_and_everything_it_did_is_on_record() {
    scenario::play(&CODEX);
}

#[test]
fn a_person_is_asked_while_codex_works_and_its_screen_comes_back() {
    attended::play(&CODEX, &["/quit", "\r"]);
}
