//! Real AI agents behind hoop-run: installed from npm by `scripts/setup.sh test`, told what to do by a model of ours
//! that follows a script, at work against an AWS emulator.

#![allow(
    clippy::unwrap_used,
    clippy::missing_docs_in_private_items,
    missing_docs,
    reason = "a panic is how a test reports"
)]

mod agent;
mod model;
mod ordinary;
mod record;
mod scenario;
#[allow(dead_code, reason = "the end-to-end tests' support; each test program uses a part of it")]
#[path = "../e2e/support/mod.rs"]
mod support;

use agent::CLAUDE_CODE;
use agent::CODEX;

#[test]
fn claude_code_works_behind_hoop_run_and_everything_it_did_is_on_record() {
    scenario::play(&CLAUDE_CODE);
}

#[test]
fn codex_works_behind_hoop_run_and_everything_it_did_is_on_record() {
    scenario::play(&CODEX);
}
