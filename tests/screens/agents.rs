//! The first screens of real agents.

use std::fs;
use std::process::Command;
use std::process::Stdio;

use crate::agent::Agent;
use crate::agent::CLAUDE_CODE;
use crate::agent::CODEX;
use crate::compare::Play;
use crate::support::home::Home;

/// Nobody's port: an agent that only shows its first screen has nothing to ask its model.
const PORT: u16 = 9;

/// What its pictures are made of, which move.
const PICTURE: &str = "▘▝▗▖▐▛▜▟▙█▌▀▄▂·";

/// Compares `agent`'s screen once both `texts` are on it.
fn first_screen(agent: &Agent, arguments: &[&str], texts: [&str; 2]) {
    let Some(program) = agent.program_or_say() else { return };
    let home = Home::new();
    let start = |wrapper: &[&str], first: &str| {
        let mut command = home.command(first);
        command.args(wrapper).arg(&program).args(arguments).env("SHELL", "/bin/bash");
        agent.prepare(&home, PORT, &mut command);
        command
    };
    // The bare one reaches nobody either.
    let alone = ["--net", "--"];
    let bare = match can_unshare() {
        true => start(&alone, "unshare"),
        false => start(&[], "env"),
    };
    let wrapped = || {
        // A first start again: what the other one left behind would be told.
        for entry in fs::read_dir(home.path()).unwrap() {
            let path = entry.unwrap().path();
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.unwrap();
        }
        start(&["-q", "--policy", "observe", "--"], "hoop-run")
    };
    // Whether there is something to warn of (no network, no sandbox of its own) is the surroundings' matter.
    let rows: fn(&str) -> Option<String> = |row| {
        let row = row.split('⚠').next().unwrap_or_default().replace(|letter| PICTURE.contains(letter), " ");
        Some(row.trim_end().to_owned())
    };
    Play {
        argv: vec![agent.name],
        steps: vec![(texts[0], "")],
        until: texts[1],
        rows: Some(rows),
        ..Play::default()
    }
    .compare_commands(bare, wrapped);
}

fn can_unshare() -> bool {
    let mut trial = Command::new("unshare");
    trial.args(["--net", "--", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    trial.status().is_ok_and(|status| status.success())
}

#[test]
fn claude_code() {
    first_screen(&CLAUDE_CODE, &["--permission-mode", "default"], ["Claude Code", "? for shortcuts"]);
}

#[test]
fn codex() {
    let arguments = ["--no-daemon", "--sandbox", "danger-full-access", "--ask-for-approval", "never"];
    first_screen(&CODEX, &arguments, ["YOLO mode", "← for agents"]);
}
