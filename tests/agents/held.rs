//! hoop-run as it is here: in a sandbox or not.

use std::process::Command;

use crate::ordinary::Ordinary;
use crate::record::Record;
use crate::support::home::Home;
use crate::support::home::REAL_KEY_ID;
use crate::support::home::REAL_SECRET;
use crate::support::home::cache;
use crate::support::home::finish;
use crate::support::moto;

/// What this machine and this build hold.
pub struct Held {
    /// Whether programs behind hoop-run are in a sandbox, and reach the model only where they are let out.
    pub sandboxed: bool,
    /// Whether the model is out of reach unless it is asked for.
    connects: bool,
}

impl Held {
    /// Finds out with a session of its own, which is removed again.
    pub fn find(home: &Home, ordinary: &Ordinary) -> Self {
        let mut help = home.command("hoop-run");
        help.arg("--help");
        let connects = finish(help).ok().contains("--connect");
        ordinary.own(home.path());
        let mut command = home.command("hoop-run");
        command.args(["--quiet", "--no-gateway", "--", "true"]);
        finish(ordinary.command(&command)).ok();
        let record = Record::open(home.recordings().pop().expect("a recording"));
        std::fs::remove_dir_all(home.state()).unwrap();
        let sandboxed = record.start()["sandbox"] == "full";
        Self { sandboxed, connects: sandboxed && connects }
    }

    /// hoop-run with the real key and a way to the model; policy and program are to follow.
    pub fn hoop_run(&self, home: &Home, model_port: u16) -> Command {
        // For login shells, which some agents use.
        let path = format!("export PATH=\"{}:$PATH\"\n", cache().join("venv/bin").display());
        home.write(".bash_profile", &path);
        let mut command = home.command("hoop-run");
        command.env("HOOP_UPSTREAM_ENDPOINT_URL", moto::endpoint());
        command.env("SHELL", "/bin/bash").env("TMPDIR", home.path());
        if self.connects {
            command.args(["--connect", &model_port.to_string()]);
        }
        if self.sandboxed {
            // Where people really keep it.
            let key = format!("aws_access_key_id = {REAL_KEY_ID}\naws_secret_access_key = {REAL_SECRET}\n");
            home.write(".aws/credentials", &format!("[default]\n{key}"));
        }
        command
    }
}
