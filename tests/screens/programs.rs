//! The programs.

use std::path::PathBuf;

use crate::compare::Play;
use crate::compare::Secret;
use crate::compare::Size;
use crate::compare::is_there;
use crate::terminal::Home;

const TOKEN: Secret = Secret { value: "ghp_16C7e42F292c6912E7710c838347Ae178B4a", public: 4 };
const KEY: Secret = Secret { value: "AKIAQYLPMN5HFIQR7XYZ", public: 4 };
const PASSWORD: Secret = Secret { value: "Falcon-2019-nest", public: 0 };
const SECRETS: &[Secret] = &[TOKEN, KEY, PASSWORD];

/// A file with secrets among ordinary text, one of them where an 80 column screen ends.
fn notes(home: &Home) -> PathBuf {
    let mut text = String::from("# Notes on the deployment\n\nplain text with {braces}, 100 % ordinary\n");
    text.push_str(&format!("the token is {} today\n", TOKEN.value));
    text.push_str(&format!("export DB_PASSWORD={}\n", PASSWORD.value));
    text.push_str(&format!("id: {}\n", KEY.value));
    text.push_str("日本語 and ümlauts stay\n");
    for number in 1..40 {
        text.push_str(&format!("line {number} of many\n"));
    }
    home.file("notes.txt", &text)
}

#[test]
fn vim() {
    if !is_there("vim") {
        return;
    }
    let home = Home::new();
    notes(&home);
    let play = Play {
        argv: vec!["vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "notes.txt"],
        until: "Notes on the deployment",
        leave: vec![":q!\r"],
        secrets: SECRETS,
        ..Play::default()
    };
    play.compare(&home);
    // Moved, scrolled there and back, numbered, searched with what is found in colour.
    Play {
        steps: vec![
            ("Notes on", "G"),
            ("line 39 of many", "gg"),
            ("Notes on", ":set nu hls\r"),
            ("  1 # Notes", "/token\r"),
        ],
        until: "  4 the token is",
        ..play.clone()
    }
    .compare(&home);
}

/// A long line that wraps in the middle of a secret.
fn wide(home: &Home) -> Play<'static> {
    home.file("wide.txt", &format!("{} {} end\nlast\n", "x".repeat(60), TOKEN.value));
    Play {
        argv: vec!["vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "wide.txt"],
        until: "last",
        leave: vec![":qa!\r"],
        secrets: &[TOKEN],
        ..Play::default()
    }
}

#[test]
fn vim_over_the_edge() {
    if is_there("vim") {
        let home = Home::new();
        wide(&home).compare(&home);
    }
}

#[test]
fn vim_over_the_edge_in_two_windows() {
    if is_there("vim") {
        let home = Home::new();
        Play { steps: vec![("last", ":split\r")], ..wide(&home) }.compare(&home);
    }
}

#[test]
fn less_over_the_edge() {
    if is_there("less") {
        let home = Home::new();
        Play { argv: vec!["less", "wide.txt"], leave: vec!["q"], ..wide(&home) }.compare(&home);
    }
}

#[test]
fn less() {
    if !is_there("less") {
        return;
    }
    let home = Home::new();
    notes(&home);
    let play = Play {
        argv: vec!["less", "notes.txt"],
        until: "Notes on the deployment",
        leave: vec!["q"],
        secrets: SECRETS,
        ..Play::default()
    };
    play.compare(&home);
    Play {
        steps: vec![("Notes on", " "), ("line 30 of many", "b"), ("Notes on", "/token\r")],
        until: "the token is",
        ..play.clone()
    }
    .compare(&home);
}

#[test]
fn fzf() {
    if !is_there("fzf") {
        return;
    }
    let home = Home::new();
    notes(&home);
    home.file("other.txt", "nothing here\n");
    Play {
        argv: vec![
            "sh",
            "-c",
            "printf 'other.txt\\nnotes.txt\\n' | fzf --no-mouse --preview 'head -7 {}' --preview-window=up,60%",
        ],
        env: vec![("SHELL", "/bin/sh".to_owned())],
        steps: vec![("nothing here", "notes")],
        until: "Notes on the deployment",
        leave: vec!["\x1b"],
        secrets: SECRETS,
        ..Play::default()
    }
    .compare(&home);
}

#[test]
fn watch() {
    if !is_there("watch") {
        return;
    }
    let home = Home::new();
    notes(&home);
    Play {
        argv: vec!["watch", "-t", "-n", "60", "head -8 notes.txt"],
        until: "line 1 of many",
        leave: vec!["\x03"],
        secrets: SECRETS,
        ..Play::default()
    }
    .compare(&home);
}

#[test]
fn tmux() {
    if !is_there("tmux") {
        return;
    }
    let home = Home::new();
    notes(&home);
    home.file("tmux.conf", "set -g status off\nset -g default-command 'sh -i'\nset -sg escape-time 0\n");
    // Its socket in the home: a server of the test's own, which goes with its last window.
    Play {
        argv: vec![
            "tmux",
            "-S",
            "socket",
            "-f",
            "tmux.conf",
            "new-session",
            "sh -c 'head -8 notes.txt; read line'",
        ],
        steps: vec![("line 1 of many", "\x02\""), ("$ ", "tail -3 notes.txt\r")],
        until: "line 39 of many",
        leave: vec!["exit\r", "\r"],
        secrets: SECRETS,
        ..Play::default()
    }
    .compare(&home);
}

/// On the main screen, which has scrolled, with the cursor on its last row.
#[test]
fn a_shell_with_a_line_half_typed() {
    if !is_there("bash") {
        return;
    }
    Play {
        argv: vec!["bash", "--norc", "--noprofile", "-i"],
        env: vec![
            ("PS1", "\\[\\e[32m\\]here$ \\[\\e[0m\\]".to_owned()),
            ("HISTFILE", "/dev/null".to_owned()),
        ],
        steps: vec![("here$", "seq 1000 1060\r"), ("1060", "echo half typed, not sent")],
        until: "half typed",
        leave: vec!["\x03", "exit\r"],
        ..Play::default()
    }
    .compare(&Home::new());
}

#[test]
fn htop() {
    if !is_there("htop") {
        return;
    }
    // Processes and loads are others each time; its frame is not.
    Play {
        argv: vec!["htop", "-d", "100"],
        until: "F10Quit",
        leave: vec!["q"],
        // The column of process ids is as wide as the largest id there may be, which a sandbox has its own of.
        rows: Some(|row| {
            let is_frame = row.contains("F1Help") || row.contains("PID USER");
            is_frame.then(|| row.split_whitespace().collect::<Vec<_>>().join(" "))
        }),
        ..Play::default()
    }
    .compare(&Home::new());
}

/// A secret in a command line. Where the row is too short for it there is nothing to compare.
#[test]
fn htop_shows_a_command_line() {
    if !is_there("htop") {
        return;
    }
    let command = format!("sh -c 'sleep 3171; : {}' & htop -d 100 -p $!; kill $!", TOKEN.value);
    Play {
        argv: vec!["sh", "-c", &command],
        until: "sleep 3171; : ghp_",
        leave: vec!["q"],
        secrets: &[TOKEN],
        size: Some(Size { first: (200, 50), later: None }),
        rows: Some(|row| row.find("sleep 3171; : ghp_").map(|at| row[at..].trim_end().to_owned())),
        ..Play::default()
    }
    .compare(&Home::new());
}

/// Frames as agents paint them: a box, a list that grows, a line that is painted over and over, then a still screen.
const INK: &str = r#"
import React, { useEffect, useState } from "react";
import { Box, Static, Text, render, useApp, useInput } from "ink";
const e = React.createElement;
const words = process.env.CANARIES.split(" ");
function App() {
  const [step, setStep] = useState(0);
  const [typed, setTyped] = useState("");
  const { exit } = useApp();
  useInput((input, key) => {
    if (input === "q") exit();
    else setTyped((before) => before + input);
  });
  useEffect(() => {
    if (step < 24) { const timer = setTimeout(() => setStep(step + 1), 30); return () => clearTimeout(timer); }
  }, [step]);
  const done = Array.from({ length: Math.floor(step / 6) }, (_, number) => number);
  return e(React.Fragment, null,
    e(Static, { items: done }, (number) => e(Text, { key: number, color: "gray" }, `done ${number}`)),
    e(Box, { borderStyle: "round", borderColor: "cyan", paddingX: 1, flexDirection: "column" },
      e(Text, { bold: true }, `Working ${"⠋⠙⠹⠸"[step % 4]} ${step} of 24`),
      e(Text, null, "the token is ", e(Text, { color: "yellow" }, words[0]), " as read"),
      e(Text, null, e(Text, { inverse: true }, "DB_PASSWORD"), "=", words[1])),
    e(Text, { dimColor: true }, `> ${typed}`, step < 24 ? "" : " all done"));
}
render(e(App));
"#;

#[test]
fn a_program_made_with_ink() {
    let cache = std::env::var_os("HOOP_CACHE")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/hoop"), PathBuf::from);
    let modules = cache.join("ink/node_modules");
    if !is_there("node") || !is_there(modules.join("ink/package.json").to_str().unwrap()) {
        return;
    }
    let home = Home::new();
    home.file("app.mjs", INK);
    std::os::unix::fs::symlink(modules, home.path().join("node_modules")).unwrap();
    Play {
        argv: vec!["node", "app.mjs"],
        env: vec![("CANARIES", format!("{} {}", TOKEN.value, PASSWORD.value))],
        steps: vec![("24 of 24", "hello")],
        until: "> hello all done",
        leave: vec!["q"],
        secrets: &[TOKEN, PASSWORD],
        ..Play::default()
    }
    .compare(&home);
}
