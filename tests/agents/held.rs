//! hoop-run as it is here: in a sandbox or not.

use std::fs;
use std::process::Command;

use crate::ordinary::Ordinary;
use crate::record::Record;
use crate::support::home::Home;
use crate::support::home::REAL_KEY_ID;
use crate::support::home::REAL_SECRET;
use crate::support::home::cache;
use crate::support::home::finish;
use crate::support::moto;

/// What this machine and this build hold. A full sandbox holds all of it, whatever was found out.
pub struct Held {
    /// Whether credentials and processes outside are out of sight.
    pub hidden: bool,
    /// Whether every command is recorded.
    pub watched: bool,
    /// Whether the model is out of reach unless it is asked for.
    connects: bool,
}

impl Held {
    /// Finds out with a session of its own, which is removed again; leaves the real key where people keep it, if it is
    /// hidden there.
    pub fn find(home: &Home, ordinary: &Ordinary) -> Self {
        let mut help = home.command("hoop-run");
        help.arg("--help");
        let help = finish(help);
        let key = format!("aws_access_key_id = {REAL_KEY_ID}\naws_secret_access_key = {REAL_SECRET}\n");
        let credentials = home.write(".aws/credentials", &format!("[default]\n{key}"));
        ordinary.own(home.path());
        let look = ["sh", "-c", "cat ~/.aws/credentials > /dev/null && echo in sight; true"];
        let mut command = home.hoop_run("observe", &look);
        pass_mode(&mut command);
        let seen = finish(ordinary.command(&command));
        let record = Record::open(home.recordings().pop().expect("a recording"));
        fs::remove_dir_all(home.state()).unwrap();
        let full = record.start()["sandbox"] == "full";
        let held = Self {
            hidden: full || !seen.ok().contains("in sight"),
            watched: full || record.of_type("command.start").len() > 1,
            connects: full && help.ok().contains("--connect"),
        };
        if !held.hidden {
            fs::remove_file(credentials).unwrap();
        }
        held
    }

    /// hoop-run with the real key and a way to the model; policy and program are to follow.
    pub fn hoop_run(&self, home: &Home, model_port: u16) -> Command {
        // For login shells, which some agents use.
        let path = format!("export PATH=\"{}:$PATH\"\n", cache().join("venv/bin").display());
        home.write(".bash_profile", &path);
        let mut command = home.command("hoop-run");
        pass_mode(&mut command);
        command.env("HOOP_UPSTREAM_ENDPOINT_URL", moto::endpoint());
        command.env("SHELL", "/bin/bash").env("TMPDIR", home.path());
        if self.connects {
            command.args(["--connect", &model_port.to_string()]);
        }
        command
    }
}

/// `HOOP_SANDBOX_MODE=off cargo test --test agents` tries the same without a sandbox.
fn pass_mode(command: &mut Command) {
    if let Some(mode) = std::env::var_os("HOOP_SANDBOX_MODE") {
        command.env("HOOP_SANDBOX_MODE", mode);
    }
}
